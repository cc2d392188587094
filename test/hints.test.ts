// Reads every hint that the sources can give: it is a sentence, and what it tells the reader to write exists.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { commands } from '../src/cli/commands.ts';
import { listHints } from './support/hints.ts';

const hints = listHints();

/** Fails with the hints in which something was found. */
function assertNone(find: (text: string) => readonly string[]): void {
  const found = hints.flatMap(({ place, text }) =>
    find(text).map((what) => `${place}: ${what} in "${text}"`),
  );
  assert.deepEqual(found, []);
}

const options = new Set(
  Object.values(commands).flatMap((command: { options: object }) =>
    Object.entries(command.options).flatMap(([name, { aliases = [] }]: [string, { aliases?: string[] }]) => [
      name,
      ...aliases,
    ]),
  ),
);
/** Flags of COPY, ADD and FROM, most of which no option has the name of. */
const flags = /^(?:checksum|chmod|chown|exclude|from|link|parents|platform|rootfs|unpack)$/;
/** Options of what else a hint may name. */
const elsewhere: Readonly<Record<string, RegExp>> = {
  detailed: /\bctr plugins/,
  draft: /\bgh release/,
  'verify-tag': /\bgh release/,
  interval: /\bHEALTHCHECK/,
  'new-bundle-format': /\bcosign/,
  'bundle-from-oci': /\bgh attestation/,
  sparse: /\bthe archive/,
};
const inputs = new Set(
  ['action.yml', 'cleanup/action.yml'].flatMap((file) =>
    Object.keys((parse(readFileSync(file, 'utf8')) as { inputs: object }).inputs),
  ),
);

describe('the hints', () => {
  it('are found', () => {
    assert.ok(hints.length > 350, `only ${hints.length}`);
    const folders = new Set(hints.map(({ place }) => place.split('/')[1]));
    assert.deepEqual([...folders].sort(), ['action', 'adapters', 'cli', 'core', 'usecases']);
  });

  it('begin as sentences do, or with a name that is written small', () => {
    assertNone((text) => (/^(?:["A-Z…]|(?:urunc|gzip) )/.test(text) ? [] : ['its beginning']));
  });

  it('end with a full stop, or with something to write, which one would spoil', () => {
    const literal =
      /(?:(?:: |\b[Ww]rite )[^.]*|\blook like \S+|…|FILE|: gh [^.]*|: github-token: \S+ .*|, for [^.]*:latest)$/;
    assertNone((text) => (/[^.]\.$|[?)]$/.test(text) || literal.test(text) ? [] : ['its end']));
  });

  it('are one line, without blanks too many, and short enough to be read', () => {
    assertNone((text) => text.match(/\n|^ | $| {2}|\.\.(?!\.)(?<!\.{3})(?=\s|$)/g) ?? []);
    assertNone((text) => (text.length > 400 ? [`${text.length} characters`] : []));
  });

  it('name options that there are', () => {
    assertNone((text) =>
      [...text.matchAll(/(?<=^|[\s"(])--([a-z][a-z-]*)/g)].flatMap(([option, name = '']) => {
        const isThere = options.has(name) || flags.test(name) || elsewhere[name]?.test(text) === true;
        return isThere ? [] : [option];
      }),
    );
  });

  it('name inputs that there are', () => {
    const patterns = [
      /\binputs? "([a-z][a-z-]*)"/g,
      /"([a-z][a-z-]*)" of the action/g,
      // In the form of a workflow; `lfs` belongs to actions/checkout.
      /\b(?!lfs:)([a-z][a-z-]*): (?:true|false|auto)\b/g,
    ];
    assertNone((text) =>
      patterns.flatMap((pattern) =>
        [...text.matchAll(pattern)].flatMap(([, name = '']) => (inputs.has(name) ? [] : [`input ${name}`])),
      ),
    );
  });

  it('name commands that there are', () => {
    const words = new Set([...Object.keys(commands), 'encodes', 'write', 'writes']);
    assertNone((text) =>
      [...text.matchAll(/\bbima ([a-z]+)/g)].flatMap(([command, name = '']) =>
        words.has(name) ? [] : [command],
      ),
    );
  });

  it('name variables of ours by names that the sources read', () => {
    const variables = new Set(['BIMA_CTR', 'BIMA_CACHE']);
    assertNone((text) => (text.match(/\bBIMA_[A-Z]+/g) ?? []).filter((name) => !variables.has(name)));
  });

  it('lead to pages that are there', () => {
    assertNone((text) => (text.match(/\bdocs\/[\w./-]+\w/g) ?? []).filter((page) => !existsSync(page)));
  });
});

// What others write is read with work in proportion to its length. See test/support/work.ts for how it is counted.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readErrorBody } from '../../src/adapters/http/error-body.ts';
import { parseContainerfile } from '../../src/core/containerfile/parser.ts';
import { parseIgnoreFile } from '../../src/core/files/ignore.ts';
import { countSteps, regexpsThatGoBack } from '../support/work.ts';
import { containerfileText } from './containerfile/arbitrary.ts';

type Make = (count: number) => string;

const line: readonly [name: string, make: Make][] = [
  ['blanks between words', (count) => `CMD a${' '.repeat(count)}b`],
  ['tabs at the end', (count) => `CMD a${'\t'.repeat(count)}`],
  ['parts of a path', (count) => `COPY a ${'/a'.repeat(count / 2)}`],
  ['labels without a value', (count) => `LABEL ${'a '.repeat(count / 2)}`],
  ['opening brackets', (count) => `CMD ${'['.repeat(count)}`],
  ['quotes', (count) => `LABEL a=${'"'.repeat(count)}`],
  ['backslashes', (count) => `LABEL a=${'\\'.repeat(count)}x`],
  ['dollars', (count) => `LABEL a=${'$'.repeat(count)}`],
  ['open references', (count) => `LABEL a=${'${a:-'.repeat(count / 5)}`],
  ['stars', (count) => `COPY ${'*a'.repeat(count / 2)}b /d/`],
  ['flags', (count) => `COPY ${'--a '.repeat(count / 4)}`],
  ['open heredocs', (count) => `COPY ${'<<a '.repeat(count / 4)}/`],
  ['ports', (count) => `EXPOSE ${'1-2 '.repeat(count / 4)}`],
  ['a long name', (count) => `FROM ${'a-'.repeat(count / 2)}`],
  ['dots of a name', (count) => `FROM ${'a.'.repeat(count / 2)}!`],
];
const lines: readonly [name: string, make: Make][] = [
  ...line.map(([name, make]): [string, Make] => [name, (count) => `FROM scratch\n${make(count)}\n`]),
  ['comments', (count) => `FROM scratch\n${'#\n'.repeat(count / 2)}`],
  ['continued lines', (count) => `FROM scratch\nLABEL a=b ${'\\\n'.repeat(count / 2)}`],
  ['empty lines', (count) => '\n'.repeat(count)],
  ['directives', (count) => '# a=b\n'.repeat(count / 6)],
  ['arguments', (count) => `${'ARG a=$a\n'.repeat(count / 9)}FROM scratch\n`],
  ['variables', (count) => `FROM scratch\n${'ENV a=${a}b\n'.repeat(count / 12)}`],
  ['unknown instructions', (count) => 'X a\n'.repeat(count / 4)],
];

/** A quadratic reading takes thousands for each character. */
const stepsPerCharacter = 200;
/** For what every file has. */
const start = 5000;

function assertLinear(text: string, read: (text: string) => unknown): void {
  const steps = countSteps(() => void read(text));
  assert.ok(steps > 0);
  assert.ok(steps <= start + stepsPerCharacter * text.length, `${steps} steps for ${text.length} characters`);
}

const size = 20_000;

describe('the steps for a Containerfile', () => {
  const read = (text: string) => parseContainerfile(Buffer.from(text), 'Containerfile');

  for (const [name, make] of lines) {
    it(`are in proportion to its length: ${name}`, () => {
      assertLinear(make(size), read);
    });
  }

  it('are in proportion to its length for any text, many times over', () => {
    fc.assert(
      fc.property(containerfileText, (text) => {
        assertLinear(text.repeat(Math.ceil(size / Math.max(text.length, 1))), read);
      }),
      { numRuns: 30 },
    );
  });
});

describe('the steps for other texts', () => {
  const ignore = (text: string) => parseIgnoreFile(text, '.dockerignore');
  const body = (text: string) => readErrorBody(Buffer.from(text));
  const rows: readonly [name: string, read: (text: string) => unknown, text: string][] = [
    ['an ignore file of stars', ignore, '*a'.repeat(size / 2)],
    ['an ignore file of lines', ignore, 'a*\n'.repeat(size / 3)],
    ['a page', body, `<html>${'<title'.repeat(size / 6)}`],
    ['an error', body, '{"errors":['.repeat(size / 11)],
  ];
  for (const [name, read, text] of rows) {
    it(`are in proportion to their length: ${name}`, () => {
      assertLinear(text, read);
    });
  }
});

describe('the regular expressions', () => {
  it('would be seen if they went back from everywhere', () => {
    const found = regexpsThatGoBack(size / 2, `/\\s+$/.exec(' '.repeat(${size}) + 'b');`);
    assert.deepEqual(found, ['\\\\s+$']);
  });

  it('do not go back from everywhere', () => {
    const texts = lines.map(([, make]) => make(size));
    const bodies = ['<', '<title', '<html', '‹', '<!doctype', '[', 'a ', '\u0000'].flatMap((part) =>
      ['', '<html>'].map((start) => start + part.repeat(size / part.length)),
    );
    const code = `
      const { parseContainerfile } = await load('src/core/containerfile/parser.ts');
      const { parseIgnoreFile } = await load('src/core/files/ignore.ts');
      const { readErrorBody } = await load('src/adapters/http/error-body.ts');
      for (const text of ${JSON.stringify(texts)}) {
        parseContainerfile(Buffer.from(text), 'Containerfile');
        try { parseIgnoreFile(text, '.dockerignore'); } catch {}
      }
      for (const body of ${JSON.stringify(bodies)}) readErrorBody(Buffer.from(body));`;
    // From each "<" to the next one, and so over each part of a page once.
    assert.deepEqual(regexpsThatGoBack(size / 2, code), ['<[^<>]*>']);
  });
});

// The flags of COPY: --from, --chmod, --chown and --link.

import { quote } from './excerpt.ts';
import type { Copy, CopyFrom, From } from './instruction.ts';
import { findStage } from './stage.ts';
import type { Statement } from './statement.ts';
import type { Word } from './words.ts';

export type CopyFlags = Pick<Copy, 'chmod' | 'chown' | 'from'>;

/** The kernel keeps the last number, 2^32 - 1, for "no change". */
const maxId = 2 ** 32 - 2;

/** What to do instead of a flag that is not supported. */
const instead: Readonly<Record<string, string>> = {
  '--exclude': 'List what is to be left out in .containerignore or .dockerignore.',
  '--parents': 'Write the folders into the destination.',
};

/**
 * What the flags say. A flag that is wrong is reported and left out.
 * `--link` changes nothing here: each COPY is a layer of its own anyway.
 * `hasBadFrom` is true when nobody can tell where the files come from.
 */
export function readCopyFlags(
  statement: Statement,
  words: readonly Word[],
  stages: readonly From[],
): CopyFlags & { readonly hasBadFrom: boolean } {
  const seen = new Set<string>();
  let flags: CopyFlags = {};
  for (const { start, value: flag } of words) {
    const equals = flag.indexOf('=');
    const name = equals === -1 ? flag : flag.slice(0, equals);
    const value = equals === -1 ? undefined : flag.slice(equals + 1);
    if (seen.has(name)) {
      statement.error(start, `the flag ${quote(name)} is given twice`, 'Remove one of the two.');
      continue;
    }
    seen.add(name);
    // Where the value begins; with quotes or escapes in between, the flag's own place has to do.
    const valueStart = statement.text.startsWith(`${name}=`, start) ? start + name.length + 1 : start;
    if (name === '--chmod') flags = { ...flags, ...readMode(statement, valueStart, value) };
    else if (name === '--chown') flags = { ...flags, ...readOwner(statement, valueStart, value) };
    else if (name === '--from') flags = { ...flags, ...readFrom(statement, valueStart, value, stages) };
    else if (name === '--link') checkLink(statement, valueStart, value);
    else {
      const hint = Object.hasOwn(instead, name) ? instead[name] : undefined;
      statement.error(
        start,
        hint === undefined ? `COPY has no flag ${quote(name)}` : `COPY ${name} is not supported`,
        hint ??
          'The flags are --from, --chmod, --chown and --link; put a file name that begins with "--" into a JSON list.',
        'CONTAINERFILE_UNSUPPORTED',
      );
    }
  }
  return { ...flags, hasBadFrom: seen.has('--from') && flags.from === undefined };
}

/** A number is always that of a stage, and a name that of an earlier stage before it is that of an image. */
function readFrom(
  statement: Statement,
  offset: number,
  value = '',
  stages: readonly From[],
): Pick<Copy, 'from'> {
  const earlier = stages.slice(0, -1);
  const stage = /^\d+$/.test(value) ? Number(value) : findStage(earlier, value);
  if (value === '') {
    const hint = 'Write --from=image, or the name of an earlier stage.';
    statement.error(offset, 'expected an image or a stage in --from, got nothing', hint);
    return {};
  }
  if (stage !== undefined && stage >= earlier.length) {
    const message = `expected the number of an earlier stage in --from, got ${quote(value)}`;
    const hint =
      earlier.length === 0
        ? 'There is no stage before this one.'
        : `The stages before this one are 0 to ${earlier.length - 1}.`;
    statement.error(offset, message, hint);
    return {};
  }
  // What is in it was said where it begins.
  if (stage !== undefined && earlier[stage]?.isFaulty === true) return {};
  const from: CopyFrom = { value, position: statement.positionAt(offset) };
  return { from: stage === undefined ? from : { ...from, stage } };
}

function readMode(statement: Statement, offset: number, value = ''): CopyFlags {
  const mode = /^[0-7]+$/.test(value) ? Number.parseInt(value, 8) : Infinity;
  if (mode <= 0o7777) return { chmod: mode };
  const hint = 'Write it as --chmod=755.';
  statement.error(offset, `expected an octal mode from 0 to 7777 in --chmod, got ${quote(value)}`, hint);
  return {};
}

function readOwner(statement: Statement, offset: number, value = ''): CopyFlags {
  const [, user, group = user] = /^(\d+)(?::(\d+))?$/.exec(value) ?? [];
  const [uid, gid] = [Number(user), Number(group)];
  if (uid <= maxId && gid <= maxId) return { chown: { uid, gid } };
  const isName = /[^\d:]/.test(value);
  statement.error(
    offset,
    `expected uid or uid:gid as numbers in --chown, got ${quote(value)}`,
    isName
      ? 'Write the numbers: there is no passwd file to look names up in.'
      : 'Write it as --chown=1000:1000.',
  );
  return {};
}

function checkLink(statement: Statement, offset: number, value = 'true'): void {
  if (/^(?:true|false)$/i.test(value)) return;
  statement.error(offset, `expected true or false in --link, got ${quote(value)}`, 'Write just --link.');
}

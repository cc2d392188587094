// The flags of COPY and ADD: --from, --parents, --exclude, --chmod, --chown, --link, --rootfs, --checksum and --unpack.

import { isIgnorePattern } from '../files/ignore.ts';
import { quote } from '../text.ts';
import type { Copy, CopyFrom, From } from './instruction.ts';
import { parseMode } from './mode.ts';
import { parseOwner } from './owner.ts';
import { parseRootfsForm } from './rootfs-flag.ts';
import { findStage } from './stage.ts';
import type { Statement } from './statement.ts';
import type { Word } from './words.ts';

export type CopyFlags = Pick<
  Copy,
  'chmod' | 'chown' | 'from' | 'parents' | 'exclude' | 'rootfs' | 'unpack' | 'checksum'
>;

/** What to do instead of a flag that is not supported. */
const instead: Readonly<Record<string, string>> = {
  '--keep-git-dir': 'Clone the repository in a step before, and COPY what it holds.',
};

/**
 * The flags of one COPY or ADD. A wrong flag is reported and left out.
 * `--link` changes nothing here: each COPY is a layer of its own anyway, and no folder of the base loses its owner.
 * `hasBadFrom` is true when nobody can tell where the files come from.
 */
export function readCopyFlags(
  statement: Statement,
  words: readonly Word[],
  stages: readonly From[],
): CopyFlags & { readonly hasBadFrom: boolean } {
  const { keyword } = statement;
  const seen = new Set<string>();
  let flags: CopyFlags = {};
  for (const { start, value: flag } of words) {
    const equals = flag.indexOf('=');
    const name = equals === -1 ? flag : flag.slice(0, equals);
    const value = equals === -1 ? undefined : flag.slice(equals + 1);
    if (seen.has(name) && name !== '--exclude') {
      statement.error(start, `the flag ${quote(name)} is given twice`, 'Remove one of the two.');
      continue;
    }
    seen.add(name);
    // Where the value begins; with quotes or escapes in between, the flag's own place has to do.
    const valueStart = statement.text.startsWith(`${name}=`, start) ? start + name.length + 1 : start;
    if (name === '--chmod') flags = { ...flags, ...readMode(statement, valueStart, value) };
    else if (name === '--chown') flags = { ...flags, ...readOwner(statement, valueStart, value) };
    else if (name === '--from' && keyword === 'COPY')
      flags = { ...flags, ...readFrom(statement, valueStart, value, stages) };
    else if (name === '--exclude')
      flags = { ...flags, ...readExclude(statement, valueStart, value, flags.exclude) };
    else if (name === '--rootfs' && keyword === 'COPY')
      flags = { ...flags, ...readRootfs(statement, valueStart, value) };
    else if (name === '--link') readBoolean(statement, name, valueStart, value);
    else if (name === '--parents' && keyword === 'COPY') {
      if (readBoolean(statement, name, valueStart, value) === true) flags = { ...flags, parents: true };
    } else if (name === '--unpack' && keyword === 'ADD') {
      const unpack = readBoolean(statement, name, valueStart, value);
      if (unpack !== undefined) flags = { ...flags, unpack };
    } else if (name === '--checksum' && keyword === 'ADD')
      flags = { ...flags, ...readChecksum(statement, valueStart, value) };
    else reportFlag(statement, name, start);
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
  // Its content was checked where it begins.
  if (stage !== undefined && earlier[stage]?.isFaulty === true) return {};
  const from: CopyFrom = { value, position: statement.positionAt(offset) };
  return { from: stage === undefined ? from : { ...from, stage } };
}

function reportFlag(statement: Statement, name: string, start: number): void {
  const { keyword } = statement;
  const hint = Object.hasOwn(instead, name) ? instead[name] : undefined;
  const first = keyword === 'COPY' ? '--from, --parents, --rootfs' : '--checksum, --unpack';
  statement.error(
    start,
    hint === undefined ? `${keyword} has no flag ${quote(name)}` : `${keyword} ${name} is not supported`,
    hint ??
      `The flags are ${first}, --exclude, --chmod, --chown and --link; put a file name that begins with "--" into a JSON list.`,
    'CONTAINERFILE_UNSUPPORTED',
  );
}

function readExclude(
  statement: Statement,
  offset: number,
  value = '',
  before: readonly string[] = [],
): CopyFlags {
  if (value !== '' && isIgnorePattern(value)) return { exclude: [...before, value] };
  const message = `expected a pattern in --exclude, got ${quote(value)}`;
  const hint =
    'Write it as --exclude=*.txt or --exclude=**/tests, for paths from the folder that is copied; close every "[" with a "]".';
  statement.error(offset, message, hint);
  return {};
}

function readMode(statement: Statement, offset: number, value = ''): CopyFlags {
  const chmod = parseMode(value);
  if (chmod !== undefined) return { chmod };
  const expected = /[ugoarwxXst]/.test(value)
    ? 'changes of a mode, such as "u+x,go-w",'
    : 'an octal mode from 0 to 7777';
  const hint = 'Write it as --chmod=755 or --chmod=u=rwX,go=rX.';
  statement.error(offset, `expected ${expected} in --chmod, got ${quote(value)}`, hint);
  return {};
}

/** The forms that go-digest accepts, with which BuildKit reads checksums. */
const checksums = /^(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$/;

function readChecksum(statement: Statement, offset: number, value = ''): CopyFlags {
  if (checksums.test(value)) return { checksum: value };
  const hint = 'Write it as --checksum=sha256:… with the digits that sha256sum prints, in lower case.';
  const message = `expected sha256: and 64 hexadecimal digits in --checksum, got ${quote(value)}`;
  statement.error(offset, message, hint);
  return {};
}

function readOwner(statement: Statement, offset: number, value = ''): CopyFlags {
  const chown = parseOwner(value);
  if (chown !== undefined) return { chown };
  const message = `expected user or user:group in --chown, got ${quote(value)}`;
  const hint =
    'Write it as --chown=1000:1000, or with names from /etc/passwd and /etc/group of the image; numbers end at 4294967294.';
  statement.error(offset, message, hint);
  return {};
}

function readRootfs(statement: Statement, offset: number, value = ''): CopyFlags {
  const rootfs = parseRootfsForm(value);
  if (rootfs !== undefined) return { rootfs };
  const hint =
    'Write it as --rootfs=initrd,compression=zstd or --rootfs=block,free=64M; what follows the comma is optional.';
  statement.error(offset, `expected initrd or block in --rootfs, got ${quote(value)}`, hint);
  return {};
}

function readBoolean(
  statement: Statement,
  name: string,
  offset: number,
  value = 'true',
): boolean | undefined {
  if (/^(?:true|false)$/i.test(value)) return value.toLowerCase() === 'true';
  statement.error(offset, `expected true or false in ${name}, got ${quote(value)}`, `Write just ${name}.`);
  return undefined;
}

// Two tars held against each other in one pass, entry by entry: what the first of them to differ is, and where. Pure;
// nothing but names is kept.

import { readTar } from '../files/tar-reader.ts';
import type { TarEntry } from '../files/tar-reader.ts';
import { limits } from '../limits.ts';
import type { ByteStream } from '../oci/blob.ts';
import { quote } from '../text.ts';
import { showByte, showValue } from './difference.ts';
import type { Difference } from './difference.ts';

/**
 * The first difference between what two tars hold: an entry that one of them lacks, a field of one, its content. Undefined
 * when all entries are the same: the tars may still be written in other ways.
 * @param what names the layer, for the difference
 * @throws BimaError LAYOUT_INVALID for anything but a whole tar; what the streams throw
 */
export async function compareTars(
  image: ByteStream,
  rebuild: ByteStream,
  what: string,
): Promise<Difference | undefined> {
  const [one, other] = [readTar(image, `${what} of the image`), readTar(rebuild, `${what} of the rebuild`)];
  try {
    for (;;) {
      const [mine, theirs] = [await one.next(), await other.next()];
      const [entry, twin] = [mine, theirs].map((step) => (step.done === true ? undefined : step.value));
      if (entry === undefined && twin === undefined) return undefined;
      if (entry === undefined || twin?.name !== entry.name)
        return await compareNames({ entry, rest: one }, { entry: twin, rest: other }, what);
      const found = compareFields(entry, twin, what) ?? (await compareContent(entry, twin, what));
      if (found !== undefined) return found;
    }
  } finally {
    await one.return(undefined);
    await other.return(undefined);
  }
}

interface Rest {
  readonly entry: TarEntry | undefined;
  readonly rest: AsyncGenerator<TarEntry>;
}

/** Where the names part, one of the two lacks an entry, or has it at another place. */
async function compareNames(image: Rest, rebuild: Rest, what: string): Promise<Difference> {
  const [names, others] = [await namesFrom(image), await namesFrom(rebuild)];
  const [extra, missing] = [image.entry, rebuild.entry].map((entry) =>
    entry === undefined ? undefined : describe(entry),
  );
  if (image.entry !== undefined && !others.has(image.entry.name))
    return { kind: 'file', what: `${what}: ${extra ?? ''}`, image: 'it' };
  if (rebuild.entry !== undefined && !names.has(rebuild.entry.name))
    return { kind: 'file', what: `${what}: ${missing ?? ''}`, rebuild: 'it' };
  return { kind: 'file', what: `${what}: order of the files, where`, image: extra, rebuild: missing };
}

async function namesFrom({ entry, rest }: Rest): Promise<ReadonlySet<string>> {
  const names = new Set(entry === undefined ? [] : [entry.name]);
  for await (const { name } of rest) if (names.size < limits.layerEntries) names.add(name);
  return names;
}

function describe({ type, name }: TarEntry): string {
  return `${type} ${quote(`/${name.replace(/^\.?\/+|\/$/g, '')}`)}`;
}

function compareFields(entry: TarEntry, twin: TarEntry, what: string): Difference | undefined {
  const fields = [
    ['type', entry.type, twin.type],
    ['mode', octal(entry.mode), octal(twin.mode)],
    ['owner', `${entry.uid}:${entry.gid}`, `${twin.uid}:${twin.gid}`],
    ['target', entry.target, twin.target],
    ['device', showValue(entry.special), showValue(twin.special)],
    ['extended attributes', xattrsOf(entry), xattrsOf(twin)],
    ['date', dateOf(entry), dateOf(twin)],
  ] as const;
  const found = fields.find(([, one, other]) => one !== other);
  if (found === undefined) return undefined;
  const [name, image, rebuild] = found;
  return { kind: 'file', what: `${what}: ${name} of ${describe(entry)}`, image, rebuild };
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}

function xattrsOf({ xattrs = new Map() }: TarEntry): string {
  return [...xattrs].map(([name, value]) => `${name}=${Buffer.from(value).toString('hex')}`).join(' ');
}

function dateOf({ mtime }: TarEntry): string {
  const date = new Date((mtime ?? NaN) * 1000);
  return Number.isNaN(date.getTime()) ? 'none' : date.toISOString().replace('.000Z', 'Z');
}

async function compareContent(
  entry: TarEntry,
  twin: TarEntry,
  what: string,
): Promise<Difference | undefined> {
  const found = await firstDifferentByte(entry.content, twin.content);
  if (found === undefined) return undefined;
  const { offset, one, other } = found;
  const from =
    entry.size === twin.size ? `byte ${offset}` : `byte ${offset}, of ${entry.size} and ${twin.size}`;
  return {
    kind: 'file',
    what: `${what}: ${describe(entry)}, ${from}`,
    image: showByte(one),
    rebuild: showByte(other),
  };
}

export interface DifferentByte {
  /** From 0. */
  readonly offset: number;
  /** Undefined at the end of the stream. */
  readonly one: number | undefined;
  readonly other: number | undefined;
}

/** Where two streams part; undefined for the same bytes. Neither is read further than that. */
export async function firstDifferentByte(
  one: ByteStream,
  other: ByteStream,
): Promise<DifferentByte | undefined> {
  const [mine, theirs] = [one[Symbol.asyncIterator](), other[Symbol.asyncIterator]()];
  try {
    let [left, right]: Uint8Array[] = [];
    for (let offset = 0; ;) {
      left = left !== undefined && left.length > 0 ? left : await nextPiece(mine);
      right = right !== undefined && right.length > 0 ? right : await nextPiece(theirs);
      if (left === undefined && right === undefined) return undefined;
      if (left === undefined || right === undefined) return { offset, one: left?.[0], other: right?.[0] };
      const size = Math.min(left.length, right.length);
      if (Buffer.compare(left.subarray(0, size), right.subarray(0, size)) !== 0) {
        let at = 0;
        while (left[at] === right[at]) at += 1;
        return { offset: offset + at, one: left[at], other: right[at] };
      }
      offset += size;
      left = left.subarray(size);
      right = right.subarray(size);
    }
  } finally {
    await mine.return?.();
    await theirs.return?.();
  }
}

/** The next piece with bytes in it; undefined at the end. */
async function nextPiece(pieces: AsyncIterator<Uint8Array>): Promise<Uint8Array | undefined> {
  for (;;) {
    const step = await pieces.next();
    if (step.done === true) return undefined;
    if (step.value.length > 0) return step.value;
  }
}

// Sparse files in a tar: GNU's own form and the three of its pax headers, as Go's archive/tar reads them. What was left
// out of the tar is zeros. Pure.

import { limits } from '../limits.ts';
import type { ByteStream } from '../oci/blob.ts';

/** A part of the file that is in the tar; all that lies between is zeros. In bytes. */
interface SparsePart {
  readonly offset: number;
  readonly length: number;
}

export interface SparseMap {
  /** Of the whole file, in bytes. */
  readonly size: number;
  readonly parts: readonly SparsePart[];
}

const blockSize = 512;

/** Entries of a map in a header, and in each block behind it; where the numbers are, and the sign that more follow. */
const inHeader = { start: 386, count: 4, more: 482 };
const behind = { start: 0, count: 21, more: 504 };

/** Before the fields of GNU's in a pax header. */
export const sparsePrefix = 'GNU.sparse.';

/** Adds one of them. The oldest form has a field for each number of its map. */
export function addSparseField(fields: Map<string, string>, key: string, value: string): void {
  if (key !== 'offset' && key !== 'numbytes') fields.set(key, value);
  else fields.set('map', fields.has('map') ? `${fields.get('map')},${value}` : value);
}

/** How the blocks of a tar are read. */
export interface SparseInput {
  /** The number in a field of 12 bytes; undefined for what is none. */
  readonly number: (block: Uint8Array, offset: number) => number | undefined;
  /** The next so many bytes, which must be there. */
  readonly take: (size: number) => Promise<Uint8Array>;
}

/**
 * The map of an entry, and how many bytes of it follow in the tar; undefined for what isn't sparse.
 * @param entry its header, the kind in it, and the bytes that it says
 * @param fields of its pax header
 * @returns what is wrong, in words, for a map that no file can have, or a very large one
 */
export async function readSparse(
  entry: { readonly header: Uint8Array; readonly kind: string; readonly size: number },
  fields: ReadonlyMap<string, string> | undefined,
  input: SparseInput,
): Promise<{ readonly map: SparseMap; readonly stored: number } | string | undefined> {
  const isGnu = entry.kind === 'S';
  const isPax = ['map', 'major', 'size'].some((key) => fields?.has(key)) && /^[0\x007]$/.test(entry.kind);
  if (!isGnu && !isPax) return undefined;
  const newest = !isGnu && fields?.get('major') === '1' && (fields.get('minor') ?? '0') === '0';
  let taken = 0;
  const take = async (size: number) => {
    taken += size;
    return taken > limits.tarHeader ? undefined : await input.take(size);
  };
  const found = isGnu
    ? await readGnuMap(entry.header, input.number, take)
    : newest
      ? await readNewestMap(toNumber(fields.get('realsize')), take)
      : toMap(toNumber(fields?.get('size')), (fields?.get('map') ?? '').split(','));
  if (taken > limits.tarHeader) return 'the map of a sparse file is too large';
  // What GNU's own form has behind the header is not counted in its size.
  const stored = entry.size - (isGnu ? 0 : taken);
  const map = found === undefined ? undefined : checkMap(found, stored);
  return map === undefined ? 'the map of a sparse file is damaged' : { map, stored };
}

/** Undefined for a map that no file can have: parts in order, none over another, all inside, as many bytes as stored. */
function checkMap({ size, parts }: SparseMap, stored: number): SparseMap | undefined {
  let end = 0;
  let total = 0;
  for (const { offset, length } of parts) {
    if (offset < end || offset + length > size) return undefined;
    end = offset + length;
    total += length;
  }
  return total === stored ? { size, parts: parts.filter(({ length }) => length > 0) } : undefined;
}

/** Gives the next bytes, or undefined when there were too many. */
type Take = (size: number) => Promise<Uint8Array | undefined>;

/** In the header of GNU's own form, and in the blocks behind it. */
async function readGnuMap(
  header: Uint8Array,
  number: SparseInput['number'],
  take: Take,
): Promise<SparseMap | undefined> {
  const size = number(header, 483);
  const parts: SparsePart[] = [];
  let block: Uint8Array | undefined = header;
  for (let place = inHeader; block !== undefined; place = behind) {
    for (let index = 0; index < place.count; index++) {
      const at = place.start + index * 24;
      if (block[at] === 0) break;
      const offset = number(block, at);
      const length = number(block, at + 12);
      if (offset === undefined || length === undefined) return undefined;
      parts.push({ offset, length });
    }
    if (block[place.more] === 0) return size === undefined ? undefined : { size, parts };
    block = await take(blockSize);
  }
  return undefined;
}

/** Of pax 1.0, before the content: how many parts there are, then two numbers of each, a line each, then zeros. */
async function readNewestMap(size: number | undefined, take: Take): Promise<SparseMap | undefined> {
  const blocks: string[] = [];
  let lines = 0;
  let expected: number | undefined;
  while (expected === undefined || lines < expected) {
    const block = await take(blockSize);
    if (block === undefined) return undefined;
    const text = Buffer.from(block).toString('latin1');
    blocks.push(text);
    lines += text.split('\n').length - 1;
    if (lines === 0) continue;
    if (expected !== undefined) continue;
    const count = toNumber(blocks.join('').split('\n', 1)[0]);
    if (count === undefined) return undefined;
    expected = 1 + 2 * count;
  }
  return toMap(size, blocks.join('').split('\n').slice(1, expected));
}

function toMap(size: number | undefined, words: readonly string[]): SparseMap | undefined {
  const parts = toParts(words.filter((word) => word !== ''));
  return size === undefined || parts === undefined ? undefined : { size, parts };
}

function toParts(words: readonly string[]): SparsePart[] | undefined {
  const parts: SparsePart[] = [];
  for (let index = 0; index < words.length; index += 2) {
    const offset = toNumber(words[index]);
    const length = toNumber(words[index + 1]);
    if (offset === undefined || length === undefined) return undefined;
    parts.push({ offset, length });
  }
  return parts;
}

function toNumber(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,16}$/.test(text)) return undefined;
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : undefined;
}

const zeros = new Uint8Array(64 * 1024);

/** The whole file. @param content what of it is in the tar */
export async function* expandSparse(
  { size, parts }: SparseMap,
  content: ByteStream,
): AsyncGenerator<Uint8Array> {
  let at = 0;
  let current = 0;
  let left = parts[0]?.length ?? 0;
  const gap = function* (end: number): Generator<Uint8Array> {
    while (at < end) {
      const piece = zeros.subarray(0, end - at);
      yield piece;
      at += piece.length;
    }
  };
  for await (const chunk of content) {
    for (let done = 0; done < chunk.length;) {
      // Nothing within a part: then it is where it begins, or further.
      yield* gap(parts[current]?.offset ?? size);
      const piece = chunk.subarray(done, done + left);
      yield piece;
      at += piece.length;
      done += piece.length;
      left -= piece.length;
      if (left === 0) left = parts[++current]?.length ?? 0;
    }
  }
  yield* gap(size);
}

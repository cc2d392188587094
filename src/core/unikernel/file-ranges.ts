// Parts of a file that is too large to hold: ranges and texts, each set of them read in one pass.

import type { ByteStream, OpenRange } from '../oci/blob.ts';

/** A file, also one in a layer: it can be read from its start, any number of times. */
export interface ReadableFile {
  /** In bytes. */
  readonly size: number;
  readonly open: () => ByteStream;
  /** Some of the bytes, where they can be had without those before them. */
  readonly openRange?: OpenRange;
}

export interface FileRange {
  readonly offset: number;
  readonly length: number;
}

/** No more is held at a time, whatever a damaged header asks for. */
export const maxRange = 1024 * 1024;

/** Ranges with fewer bytes between them are read together, also from a file that can be read from any place. */
const maxGap = 65536;

interface Part {
  readonly start: number;
  readonly end: number;
  readonly bytes: Uint8Array;
  filled: number;
}

/**
 * The bytes of the ranges, in their order: each from its place where the file allows that, otherwise from one pass that
 * ends with the last of them. A range that leaves the file is cut off at its end, and one longer than {@link maxRange}
 * after that many bytes.
 */
export async function readRanges(file: ReadableFile, ranges: readonly FileRange[]): Promise<Uint8Array[]> {
  const parts = ranges.map(({ offset, length }): Part => {
    const start = Number.isSafeInteger(offset) && offset >= 0 ? Math.min(offset, file.size) : file.size;
    const end = Math.min(file.size, start + Math.max(0, Math.min(length, maxRange)));
    return { start, end, bytes: new Uint8Array(end - start), filled: 0 };
  });
  const wanted = parts.filter(({ start, end }) => end > start).sort((one, other) => one.start - other.start);
  for (let [first, ...others] = wanted; first !== undefined; [first, ...others] = others) {
    let { end } = first;
    const together = [first];
    while (others[0] !== undefined && (file.openRange === undefined || others[0].start - end <= maxGap)) {
      end = Math.max(end, others[0].end);
      together.push(...others.splice(0, 1));
    }
    await fill(together, openPart(file, first.start, end));
  }
  return parts.map(({ bytes, filled }) => bytes.subarray(0, filled));
}

interface PlacedStream {
  readonly stream: ByteStream;
  /** Where in the file it begins. */
  readonly start: number;
  /** Where in the file the reader may stop. */
  readonly end: number;
}

function openPart({ open, openRange }: ReadableFile, start: number, end: number): PlacedStream {
  return openRange === undefined
    ? { stream: open(), start: 0, end }
    : { stream: openRange(start, end), start, end };
}

async function fill(parts: readonly Part[], { stream, start, end }: PlacedStream): Promise<void> {
  let at = start;
  for await (const chunk of stream) {
    for (const part of parts) {
      const from = Math.max(part.start, at);
      const to = Math.min(part.end, at + chunk.length);
      if (from >= to) continue;
      part.bytes.set(chunk.subarray(from - at, to - at), from - part.start);
      part.filled = to - part.start;
    }
    at += chunk.length;
    if (at >= end) break;
  }
}

/** The bytes of one range, however many they are. */
export async function* streamRange(
  file: ReadableFile,
  { offset, length }: FileRange,
): AsyncGenerator<Uint8Array> {
  if (length <= 0) return;
  const { stream, start, end } = openPart(file, offset, offset + length);
  let at = start;
  for await (const chunk of stream) {
    const from = Math.max(0, offset - at);
    const to = Math.min(chunk.length, end - at);
    if (from < to) yield chunk.subarray(from, to);
    at += chunk.length;
    if (at >= end) return;
  }
}

export async function readRange(file: ReadableFile, offset: number, length: number): Promise<Uint8Array> {
  const [bytes = new Uint8Array()] = await readRanges(file, [{ offset, length }]);
  return bytes;
}

/** The length of the longest text that {@link findTexts} gives, from its marker on. */
const maxText = 256;

/**
 * What stands at the first place of each marker: the text from there to the first byte that isn't printable.
 * @param within how many bytes are looked through at most
 */
export async function findTexts(
  file: ReadableFile,
  markers: readonly string[],
  within: number,
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  // What is left of the pieces before, and behind it the newest one.
  let window = Buffer.alloc(0);
  let held = 0;
  let done = 0;
  const wanted = markers.map(searchFor);
  const search = (bytes: Buffer, end: number): void => {
    for (const { marker, find } of wanted) {
      if (found.has(marker)) continue;
      const at = find(bytes);
      if (at >= 0 && at < end) found.set(marker, printableFrom(bytes, at));
    }
  };
  for await (const chunk of file.open()) {
    const length = held + chunk.length;
    if (length > window.length) window = Buffer.concat([window.subarray(0, held)], length);
    window.set(chunk, held);
    done += chunk.length;
    const isLast = done >= Math.min(file.size, within);
    // A text that starts near the end may go on in the next piece.
    const end = isLast ? length : Math.max(0, length - maxText);
    search(window.subarray(0, length), end);
    if (isLast || found.size === markers.length) return found;
    window.copyWithin(0, end, length);
    held = length - end;
  }
  // What was unpacked may end before the size that it could have.
  search(window.subarray(0, held), held);
  return found;
}

/** Up to this length, Node looks for a text with the processor's wide instructions: four times as fast. */
const quickLength = 6;

/** Looks for the end of the marker, and for the rest of it where that is. */
function searchFor(marker: string): { readonly marker: string; readonly find: (bytes: Buffer) => number } {
  const whole = Buffer.from(marker, 'latin1');
  const before = Math.max(0, whole.length - quickLength);
  const end = whole.subarray(before);
  const find = (bytes: Buffer): number => {
    for (let at = bytes.indexOf(end, before); at >= 0; at = bytes.indexOf(end, at + 1))
      if (whole.compare(bytes, at - before, at + end.length) === 0) return at - before;
    return -1;
  };
  return { marker, find };
}

function printableFrom(bytes: Uint8Array, start: number): string {
  let end = start;
  while (end < bytes.length && end - start < maxText && isPrintable(bytes[end] ?? 0)) end += 1;
  return Buffer.from(bytes.subarray(start, end)).toString('latin1');
}

function isPrintable(byte: number): boolean {
  return byte >= 0x20 && byte < 0x7f;
}

/** The characters before the first zero byte; undefined when there is none. */
export function zeroTerminated(bytes: Uint8Array): string | undefined {
  const end = bytes.indexOf(0);
  return end < 0 ? undefined : Buffer.from(bytes.subarray(0, end)).toString('latin1');
}

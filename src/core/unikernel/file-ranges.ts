// Parts of a file that is too large to hold: ranges and texts, each set of them read in one pass.

import type { ByteStream } from '../oci/blob.ts';

/** A file, also one in a layer: it can be read from its start, any number of times. */
export interface ReadableFile {
  /** In bytes. */
  readonly size: number;
  readonly open: () => ByteStream;
}

export interface FileRange {
  readonly offset: number;
  readonly length: number;
}

/** No more is held at a time, whatever a damaged header asks for. */
export const maxRange = 1024 * 1024;

/**
 * The bytes of the ranges, in their order, from one pass that ends with the last of them. A range that leaves the file
 * is cut off at its end, and one longer than {@link maxRange} after that many bytes.
 */
export async function readRanges(file: ReadableFile, ranges: readonly FileRange[]): Promise<Uint8Array[]> {
  const parts = ranges.map(({ offset, length }) => {
    const start = Number.isSafeInteger(offset) && offset >= 0 ? Math.min(offset, file.size) : file.size;
    const end = Math.min(file.size, start + Math.max(0, Math.min(length, maxRange)));
    return { start, end, bytes: new Uint8Array(end - start), filled: 0 };
  });
  const last = Math.max(0, ...parts.filter(({ start, end }) => end > start).map(({ end }) => end));
  if (last === 0) return parts.map(({ bytes }) => bytes);
  let at = 0;
  for await (const chunk of file.open()) {
    for (const part of parts) {
      const from = Math.max(part.start, at);
      const to = Math.min(part.end, at + chunk.length);
      if (from >= to) continue;
      part.bytes.set(chunk.subarray(from - at, to - at), from - part.start);
      part.filled = to - part.start;
    }
    at += chunk.length;
    if (at >= last) break;
  }
  return parts.map(({ bytes, filled }) => bytes.subarray(0, filled));
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
  let rest: Uint8Array = new Uint8Array();
  let done = 0;
  for await (const chunk of file.open()) {
    const bytes = Buffer.concat([rest, chunk]);
    done += chunk.length;
    const isLast = done >= Math.min(file.size, within);
    // A text that starts near the end may go on in the next piece.
    const end = isLast ? bytes.length : bytes.length - maxText;
    for (const marker of markers) {
      if (found.has(marker)) continue;
      const at = bytes.indexOf(marker, 0, 'latin1');
      if (at >= 0 && at < end) found.set(marker, printableFrom(bytes, at));
    }
    if (isLast || found.size === markers.length) break;
    rest = Uint8Array.from(bytes.subarray(Math.max(0, end)));
  }
  return found;
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

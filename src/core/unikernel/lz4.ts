// LZ4 in the "legacy" form of the lz4 tool, in which Linux kernels are packed: blocks of at most 8 MiB that are each on
// their own (lz4, doc/lz4_Frame_format.md "Legacy frame" and doc/lz4_Block_format.md). Pure.

import type { ByteStream } from '../oci/blob.ts';

const magic = 0x184c2102;
/** Bytes of a block when it is unpacked. */
const maxBlock = 8 * 1024 * 1024;
/** Bytes that are copied one by one. */
const shortRun = 64;
/** Bytes of a packed block: more than what can't be made smaller takes. */
const maxPacked = maxBlock + 65536;

/** One block after the other; it ends at what can't be a block. @throws RangeError for a block that is damaged */
export async function* unpackLz4(packed: ByteStream): AsyncGenerator<Uint8Array> {
  const reader = new PieceReader(packed);
  try {
    if (readWord(await reader.take(4)) !== magic) throw new RangeError('no LZ4 in the legacy form');
    for (;;) {
      const size = readWord(await reader.take(4));
      if (size === magic) continue;
      // Linux has the size of the whole behind the last block.
      if (size === undefined || size === 0 || size > maxPacked) return;
      const block = await reader.take(size);
      if (block.length < size) return;
      yield unpackBlock(block);
    }
  } finally {
    await reader.close();
  }
}

function readWord(bytes: Uint8Array): number | undefined {
  return bytes.length < 4 ? undefined : Buffer.from(bytes).readUInt32LE();
}

/** @throws RangeError */
function unpackBlock(source: Uint8Array): Uint8Array {
  const target = new Uint8Array(maxBlock);
  let from = 0;
  let to = 0;
  const length = (start: number): number => {
    let sum = start;
    if (start !== 15) return sum;
    for (let byte = 255; byte === 255;) {
      byte = source[from++] ?? 0;
      sum += byte;
    }
    return sum;
  };
  while (from < source.length) {
    const token = source[from++] ?? 0;
    const literals = length(token >> 4);
    if (from + literals > source.length || to + literals > maxBlock) throw new RangeError('a damaged block');
    // Most runs are short: a loop takes less time than a call.
    if (literals > shortRun) {
      target.set(source.subarray(from, from + literals), to);
      from += literals;
      to += literals;
    } else for (const end = to + literals; to < end;) target[to++] = source[from++] ?? 0;
    // The last sequence has literals alone.
    if (from >= source.length) break;
    const distance = (source[from] ?? 0) | ((source[from + 1] ?? 0) << 8);
    from += 2;
    const copied = length(token & 15) + 4;
    if (distance === 0 || distance > to || to + copied > maxBlock) throw new RangeError('a damaged block');
    if (copied > shortRun && distance >= copied) {
      target.copyWithin(to, to - distance, to - distance + copied);
      to += copied;
    } else for (const end = to + copied; to < end; to++) target[to] = target[to - distance] ?? 0;
  }
  return target.subarray(0, to);
}

/** A stream that is taken in pieces of any size. */
class PieceReader {
  readonly #iterator: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array();

  constructor(stream: ByteStream) {
    this.#iterator = stream[Symbol.asyncIterator]();
  }

  /** Fewer bytes at the end of the stream. */
  async take(size: number): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    let left = size;
    while (left > 0) {
      if (this.#rest.length === 0) {
        const step = await this.#iterator.next();
        if (step.done === true) break;
        this.#rest = step.value;
        continue;
      }
      const piece = this.#rest.subarray(0, left);
      pieces.push(Uint8Array.from(piece));
      this.#rest = this.#rest.subarray(piece.length);
      left -= piece.length;
    }
    return Buffer.concat(pieces);
  }

  async close(): Promise<void> {
    await this.#iterator.return?.();
  }
}

// Proofs of inclusion from the tiles that a log publishes (c2sp.org/tlog-tiles): for an entry whose proof was told to somebody
// else, or got lost.

import { nodeHash } from './merkle-tree.ts';

/** Hashes of a tile, and levels of the tree that one tile spans. */
const tileWidth = 256n;
const tileHeight = 8n;
const hashSize = 32;

/** The first `width` hashes of a tile, one after the other. */
export type ReadTile = (level: bigint, number: bigint, width: bigint) => Promise<Uint8Array>;

/**
 * The hashes beside the way from an entry to the root, from the leaf up.
 * @param size of the tree, above the index
 */
export async function pathFromTiles(
  index: bigint,
  size: bigint,
  readTile: ReadTile,
): Promise<readonly Uint8Array[]> {
  const path: Uint8Array[] = [];
  let [start, count] = [0n, size];
  while (count > 1n) {
    const left = halfOf(count);
    const isLeft = index - start < left;
    path.unshift(
      isLeft
        ? await hashOf(start + left, count - left, size, readTile)
        : await hashOf(start, left, size, readTile),
    );
    [start, count] = isLeft ? [start, left] : [start + left, count - left];
  }
  return path;
}

/** The path of a tile or a part of it, such as `0/x001/x234/067.p/12`. */
export function tilePath(level: bigint, number: bigint, width: bigint): string {
  const digits = String(number);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/.{3}/g) ?? [];
  const name = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join('/');
  return `${level}/${name}${width < tileWidth ? `.p/${width}` : ''}`;
}

/** The hash of the subtree over some entries. */
async function hashOf(start: bigint, count: bigint, size: bigint, readTile: ReadTile): Promise<Uint8Array> {
  const left = halfOf(count);
  if (count !== 1n && left * 2n !== count) {
    // At the right edge: a whole subtree, and what is left beside it.
    const whole = await hashOf(start, left, size, readTile);
    return nodeHash(whole, await hashOf(start + left, count - left, size, readTile));
  }
  const height = BigInt(count.toString(2).length - 1);
  const level = height / tileHeight;
  const leaves = 1n << (height % tileHeight);
  const first = start >> (level * tileHeight);
  const number = first / tileWidth;
  const width = min(tileWidth, (size >> (level * tileHeight)) - number * tileWidth);
  const tile = await readTile(level, number, width);
  if (BigInt(tile.length) !== width * BigInt(hashSize))
    throw new Error(`expected a tile of ${width} hashes, got ${tile.length} bytes`);
  const offset = Number(first % tileWidth);
  return rootOf(
    Array.from({ length: Number(leaves) }, (_, at) =>
      tile.subarray((offset + at) * hashSize, (offset + at + 1) * hashSize),
    ),
  );
}

/** Of a power of two of hashes. */
function rootOf(hashes: readonly Uint8Array[]): Uint8Array {
  const [first = new Uint8Array()] = hashes;
  if (hashes.length === 1) return first;
  const half = hashes.length / 2;
  return nodeHash(rootOf(hashes.slice(0, half)), rootOf(hashes.slice(half)));
}

/** The largest power of two below a count; 1 for 1. */
function halfOf(count: bigint): bigint {
  return 1n << BigInt((count - 1n).toString(2).length - 1);
}

function min(one: bigint, other: bigint): bigint {
  return one < other ? one : other;
}

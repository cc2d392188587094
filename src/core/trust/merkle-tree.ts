// Merkle trees of logs (RFC 6962, section 2.1): whether an entry is in one.

import { createHash } from 'node:crypto';

export function leafHash(entry: Uint8Array): Uint8Array {
  return createHash('sha256')
    .update(Buffer.from([0]))
    .update(entry)
    .digest();
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return createHash('sha256')
    .update(Buffer.from([1]))
    .update(left)
    .update(right)
    .digest();
}

/**
 * The root that a proof leads to (RFC 9162, section 2.1.3.2).
 * @param path the hashes beside the way from the leaf to the root
 * @throws Error for a path that is not as long as the way
 */
export function rootOfPath(
  leaf: Uint8Array,
  index: bigint,
  size: bigint,
  path: readonly Uint8Array[],
): Uint8Array {
  if (index < 0n || index >= size) throw new Error(`expected an entry below ${size}, got ${index}`);
  let node = index;
  let last = size - 1n;
  let hash = leaf;
  for (const beside of path) {
    if (last === 0n) throw new Error('expected a shorter proof of inclusion');
    if (node % 2n === 1n || node === last) {
      hash = nodeHash(beside, hash);
      // Levels at which the last node has no partner have no hash in the path.
      while (node % 2n === 0n && node !== 0n) {
        node >>= 1n;
        last >>= 1n;
      }
    } else {
      hash = nodeHash(hash, beside);
    }
    node >>= 1n;
    last >>= 1n;
  }
  if (last !== 0n) throw new Error('expected a longer proof of inclusion');
  return hash;
}

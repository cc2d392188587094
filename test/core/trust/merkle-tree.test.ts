import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { leafHash, nodeHash, rootOfPath } from '../../../src/core/trust/merkle-tree.ts';

/** Straight from the definition in RFC 6962, section 2.1. */
function rootOf(leaves: readonly Uint8Array[]): Uint8Array {
  const [first] = leaves;
  if (leaves.length === 1 && first !== undefined) return leafHash(first);
  const half = largestPower(leaves.length);
  return nodeHash(rootOf(leaves.slice(0, half)), rootOf(leaves.slice(half)));
}

/** Section 2.1.1. */
function pathOf(index: number, leaves: readonly Uint8Array[]): readonly Uint8Array[] {
  if (leaves.length === 1) return [];
  const half = largestPower(leaves.length);
  const [left, right] = [leaves.slice(0, half), leaves.slice(half)];
  return index < half
    ? [...pathOf(index, left), rootOf(right)]
    : [...pathOf(index - half, right), rootOf(left)];
}

/** The largest power of two that is smaller. */
function largestPower(size: number): number {
  let power = 1;
  while (power * 2 < size) power *= 2;
  return power;
}

describe('the hashes of a tree', () => {
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
  it('are those of entries and of nodes, which none can pass for the other (RFC 6962, section 2.1)', () => {
    // As certificate-transparency-go has them.
    assert.equal(
      hex(leafHash(Buffer.from(''))),
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    );
    assert.equal(
      hex(nodeHash(leafHash(Buffer.from('')), leafHash(Buffer.from([0])))),
      'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
    );
  });
});

describe('a proof of inclusion', () => {
  const entries = Array.from({ length: 40 }, (_, index) => Buffer.from(`entry ${index}`));

  it('leads to the root for each entry of trees of all sizes', () => {
    for (let size = 1; size <= entries.length; size++) {
      const leaves = entries.slice(0, size);
      const root = rootOf(leaves);
      for (const [index, entry] of leaves.entries()) {
        const path = pathOf(index, leaves);
        assert.deepEqual(rootOfPath(leafHash(entry), BigInt(index), BigInt(size), path), root);
      }
    }
  });

  it('is refused when it is too short, too long, or of no entry of the tree', () => {
    const path = pathOf(3, entries);
    const leaf = leafHash(Buffer.from('entry 3'));
    assert.throws(() => rootOfPath(leaf, 3n, 40n, path.slice(1)), /longer proof/);
    assert.throws(() => rootOfPath(leaf, 3n, 40n, [...path, leaf]), /shorter proof/);
    assert.throws(() => rootOfPath(leaf, 40n, 40n, path), /below 40/);
    assert.throws(() => rootOfPath(leaf, -1n, 40n, path), /below 40/);
    assert.throws(() => rootOfPath(leaf, 0n, 0n, []), /below 0/);
  });
});

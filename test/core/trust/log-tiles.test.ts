import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pathFromTiles, tilePath } from '../../../src/core/trust/log-tiles.ts';
import { leafHash, nodeHash, rootOfPath } from '../../../src/core/trust/merkle-tree.ts';

const leaves = Array.from({ length: 66_000 }, (_, index) => leafHash(Buffer.from(`entry ${index}`)));

/** The hashes of whole subtrees, by level: 256 times as wide each. */
const levels = [leaves];
for (let below = leaves; below.length >= 256;) {
  const above: Uint8Array[] = [];
  for (let at = 0; at + 256 <= below.length; at += 256) above.push(rootOf(below.slice(at, at + 256)));
  levels.push(above);
  below = above;
}

/** RFC 6962, section 2.1. */
function rootOf(hashes: readonly Uint8Array[]): Uint8Array {
  const [first = Buffer.alloc(0)] = hashes;
  if (hashes.length <= 1) return first;
  const half = 2 ** Math.floor(Math.log2(hashes.length - 1));
  return nodeHash(rootOf(hashes.slice(0, half)), rootOf(hashes.slice(half)));
}

describe('a proof from tiles', () => {
  it('leads to the root, of small trees and of those with tiles above tiles', async () => {
    const cases: (readonly [number, number])[] = [];
    const roots = new Map<number, Uint8Array>();
    for (let size = 1; size <= 20; size++)
      for (let index = 0; index < size; index++) cases.push([index, size]);
    for (const size of [255, 256, 257, 511, 512, 513, 700, 65_535, 65_536, 65_537, 65_999])
      for (const index of [0, 1, 254, 255, 256, 300, size - 1]) if (index < size) cases.push([index, size]);
    for (const [index, size] of cases) {
      const root = roots.get(size) ?? rootOf(leaves.slice(0, size));
      roots.set(size, root);
      const path = await pathFromTiles(BigInt(index), BigInt(size), (level, number, width) => {
        const all = levels[Number(level)] ?? [];
        // What a log of that size has.
        const whole = Math.floor(size / 256 ** Number(level));
        const start = Number(number) * 256;
        assert.ok(start + Number(width) <= whole && width > 0n, `${level}/${number}.p/${width} of ${size}`);
        assert.ok(width <= 256n, `${width} hashes in one tile`);
        assert.ok(width === 256n || start + Number(width) === whole, 'only the last tile is a part');
        return Promise.resolve(Buffer.concat(all.slice(start, start + Number(width))));
      });
      const leaf = leaves[index] ?? assert.fail();
      assert.deepEqual(rootOfPath(leaf, BigInt(index), BigInt(size), path), root, `${index} of ${size}`);
    }
  });

  it('is refused of tiles that are cut short', async () => {
    await assert.rejects(
      pathFromTiles(1n, 3n, () => Promise.resolve(Buffer.alloc(31))),
      /expected a tile of 3 hashes, got 31 bytes/,
    );
  });

  it('finds them where the specification has them', () => {
    assert.equal(tilePath(0n, 1_234_067n, 256n), '0/x001/x234/067');
    assert.equal(tilePath(1n, 0n, 12n), '1/000.p/12');
    assert.equal(tilePath(2n, 1000n, 1n), '2/x001/000.p/1');
    assert.equal(tilePath(0n, 999n, 256n), '0/999');
  });
});

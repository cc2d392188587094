import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { expandSparse, readSparse } from '../../../src/core/files/sparse.ts';
import { readAll, streamOf } from '../../../src/core/oci/blob.ts';

/** Reads the map of a pax header of version 1.0, whose text comes before the content. */
async function readNewest(text: string, realsize: number, stored: number) {
  const bytes = Buffer.concat([Buffer.from(text), Buffer.alloc((512 - (text.length % 512)) % 512)]);
  let at = 0;
  const entry = { header: new Uint8Array(512), kind: '0', size: bytes.length + stored };
  const fields = new Map([
    ['major', '1'],
    ['minor', '0'],
    ['realsize', String(realsize)],
  ]);
  return readSparse(entry, fields, {
    number: () => undefined,
    take: (size) => Promise.resolve(bytes.subarray(at, (at += size))),
  });
}

async function readOlder(map: string, size: string, stored: number) {
  const entry = { header: new Uint8Array(512), kind: '0', size: stored };
  const fields = new Map([
    ['map', map],
    ['size', size],
  ]);
  return readSparse(entry, fields, {
    number: () => undefined,
    take: () => Promise.reject(new Error('taken')),
  });
}

describe('a sparse file', () => {
  it('is what was left out of it', async () => {
    const parts = fc.array(fc.record({ gap: fc.nat(200), length: fc.nat(100) }), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(parts, fc.nat(70_000), fc.integer({ min: 1, max: 50 }), async (all, rest, chunk) => {
        const pieces: Buffer[] = [];
        const stored: Buffer[] = [];
        const numbers: number[] = [];
        let end = 0;
        for (const [at, { gap, length }] of all.entries()) {
          const bytes = Buffer.alloc(length, at + 1);
          numbers.push(end + gap, length);
          pieces.push(Buffer.alloc(gap), bytes);
          stored.push(bytes);
          end += gap + length;
        }
        const whole = Buffer.concat([...pieces, Buffer.alloc(rest)]);
        const content = Buffer.concat(stored);
        for (const read of [
          await readNewest(
            `${all.length}\n${numbers.map((one) => `${one}\n`).join('')}`,
            whole.length,
            content.length,
          ),
          await readOlder(numbers.join(','), String(whole.length), content.length),
        ]) {
          assert.ok(typeof read === 'object');
          assert.equal(read.stored, content.length);
          const chunks = Array.from({ length: Math.ceil(content.length / chunk) }, (_, at) =>
            content.subarray(at * chunk, (at + 1) * chunk),
          );
          const found = await readAll(expandSparse(read.map, streamOf(...chunks)));
          assert.ok(whole.equals(found));
        }
      }),
    );
  });

  const damaged: [name: string, map: string, size: string, stored: number][] = [
    ['parts over each other', '0,10,5,10', '100', 20],
    ['parts in another order', '50,5,0,5', '100', 10],
    ['a part behind its end', '90,20', '100', 20],
    ['more bytes than are there', '0,10', '100', 5],
    ['fewer bytes than are there', '0,10', '100', 15],
    ['an odd count of numbers', '0,10,20', '100', 10],
    ['a number that is none', '0,1e1', '100', 10],
    ['a negative one', '-5,10', '100', 10],
    ['a size that is no number', '0,10', 'x', 10],
    ['a size that no file has', '0,10', '9999999999999999', 10],
  ];
  for (const [name, map, size, stored] of damaged)
    it(`is refused with ${name}`, async () => {
      assert.equal(await readOlder(map, size, stored), 'the map of a sparse file is damaged');
    });

  it('is refused when its map is too large, and in no long time', async () => {
    const text = `400000\n${'1\n'.repeat(800_000)}`;
    const before = performance.now();
    assert.equal(await readNewest(text, 1e9, 0), 'the map of a sparse file is too large');
    assert.ok(performance.now() - before < 2000);
  });
});

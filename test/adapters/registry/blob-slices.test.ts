import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { streamOf, verified } from '../../../src/core/oci/blob.ts';
import type { Blob } from '../../../src/core/oci/blob.ts';
import { describeBytes } from '../../../src/core/oci/descriptor.ts';
import { createSlices } from '../../../src/adapters/registry/blob-slices.ts';

const bytes = Buffer.from('0123456789abcdefghij');

/** A blob that arrives in pieces of this size, and how often it was opened. */
function pieces(size: number, content: Buffer = bytes): { blob: Blob; opened: () => number } {
  let opened = 0;
  const descriptor = describeBytes('text/plain', bytes);
  const chunks: Buffer[] = [];
  for (let at = 0; at < content.length; at += size) chunks.push(content.subarray(at, at + size));
  const open = () => {
    opened += 1;
    return verified(streamOf(...chunks), descriptor, 'the test');
  };
  return { blob: { descriptor, open }, opened: () => opened };
}

async function textOf(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe('createSlices', () => {
  it('reads pieces that follow each other from one reading', async () => {
    const { blob, opened } = pieces(7);
    const { slice } = createSlices(blob);
    const texts: string[] = [];
    for (let at = 0; at < bytes.length; at += 6) {
      texts.push(await textOf(slice(at, Math.min(6, bytes.length - at)).open()));
    }
    assert.deepEqual(texts, ['012345', '6789ab', 'cdefgh', 'ij']);
    assert.equal(opened(), 1);
  });

  it('reads anew for a piece that is wanted again', async () => {
    const { blob, opened } = pieces(3);
    const { slice } = createSlices(blob);
    const first = slice(0, 8);
    assert.equal(await textOf(first.open()), '01234567');
    assert.equal(await textOf(first.open()), '01234567');
    assert.equal(await textOf(slice(8, 2).open()), '89');
    assert.equal(opened(), 2);
  });

  it('reads on after a piece that was left half read', async () => {
    const { blob } = pieces(2);
    const { slice } = createSlices(blob);
    for await (const chunk of slice(0, 10).open()) {
      assert.equal(chunk.length, 2);
      break;
    }
    assert.equal(await textOf(slice(4, 10).open()), '456789abcd');
  });

  it('gives any pieces of any reading', async () => {
    const piece = fc.tuple(fc.nat(bytes.length), fc.nat(bytes.length));
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 25 }),
        fc.array(piece, { maxLength: 5 }),
        async (size, wanted) => {
          const { slice } = createSlices(pieces(size).blob);
          for (const [offset, length] of wanted) {
            const expected = bytes.subarray(offset, offset + length).toString();
            assert.equal(await textOf(slice(offset, expected.length).open()), expected);
          }
        },
      ),
    );
  });

  it('fails with the last piece of content that has changed', async () => {
    const { blob } = pieces(5, Buffer.from('0123456789abcdefghiX'));
    const { slice } = createSlices(blob);
    assert.equal(await textOf(slice(0, 10).open()), '0123456789');
    await assert.rejects(textOf(slice(10, 10).open()), /expected 20 bytes with sha256/);
  });
});

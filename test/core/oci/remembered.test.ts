import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { blobOf, readDocument } from '../../../src/core/oci/blob.ts';
import { rememberSmall } from '../../../src/core/oci/remembered.ts';
import type { Source } from '../../../src/core/oci/target.ts';

const blobs = ['a', 'bc', 'def', 'ghij'].map((text) => blobOf('text/plain', Buffer.from(text)));

describe('a source that remembers what is small', () => {
  it('opens a small blob once, and a large one each time', async () => {
    const opened: string[] = [];
    const source: Source = {
      name: 'there',
      open: (descriptor) => ({
        descriptor,
        open: () => {
          const blob = blobs.find((each) => each.descriptor.digest === descriptor.digest) ?? assert.fail();
          opened.push(String(descriptor.size));
          return blob.open();
        },
      }),
    };
    const remembered = rememberSmall(source, 2);
    assert.equal(remembered.name, 'there');
    for (let times = 0; times < 2; times++)
      for (const blob of blobs) {
        const again = remembered.open(blob.descriptor);
        assert.deepEqual(again.descriptor, blob.descriptor);
        assert.deepEqual(await readDocument(again, 'x'), await readDocument(blob, 'x'));
      }
    assert.deepEqual(opened, ['1', '2', '3', '4', '3', '4']);
  });

  it('says where a small blob is damaged', async () => {
    const [one, two] = blobs;
    assert.ok(one !== undefined && two !== undefined);
    const source: Source = { name: 'there', open: (descriptor) => ({ descriptor, open: two.open }) };
    await assert.rejects(readDocument(rememberSmall(source, 5).open(one.descriptor), 'x'), {
      code: 'DIGEST_MISMATCH',
      message: /^there: /,
    });
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { blobOf, readDocument } from '../../../src/core/oci/blob.ts';
import type { Source } from '../../../src/core/oci/target.ts';
import { withBlobs } from '../../../src/core/oci/with-blobs.ts';

const here = blobOf('text/plain', Buffer.from('here'));
const there = blobOf('text/plain', Buffer.from('there'));
const source: Source = {
  name: 'a layout',
  open: (descriptor) => {
    assert.equal(descriptor.digest, here.descriptor.digest);
    return here;
  },
};

describe('withBlobs', () => {
  const both = withBlobs(source, [there]);

  it('opens what is external', async () => {
    assert.equal(Buffer.from(await readDocument(both.open(there.descriptor), 'it')).toString(), 'there');
  });

  it('opens what the source has', async () => {
    assert.equal(Buffer.from(await readDocument(both.open(here.descriptor), 'it')).toString(), 'here');
  });

  it('keeps the name', () => {
    assert.equal(both.name, 'a layout');
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readDocument } from '../../../src/core/oci/blob.ts';
import { describeBytes } from '../../../src/core/oci/descriptor.ts';
import { encodeIndex } from '../../../src/core/oci/index-document.ts';

const mediaType = 'application/vnd.oci.image.index.v1+json';

describe('encodeIndex', () => {
  const entry = describeBytes('application/vnd.oci.image.manifest.v1+json', Buffer.from('x'));

  it('has annotations only where there are some', async () => {
    for (const [annotations, expected] of [
      [undefined, {}],
      [{}, {}],
      [{ a: 'b' }, { annotations: { a: 'b' } }],
    ] as const) {
      const index = encodeIndex([entry], annotations);
      assert.equal(index.descriptor.mediaType, mediaType);
      assert.deepEqual(JSON.parse(Buffer.from(await readDocument(index, 'x')).toString()), {
        ...{ schemaVersion: 2, mediaType, manifests: [entry] },
        ...expected,
      });
    }
  });
});

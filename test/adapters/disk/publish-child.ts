// A process that publishes sample images into a layout, one after the other: DESTINATION SEED TAG…
// With HANG in its environment it stops while it holds the lock, and says so.

import { withLock } from '../../../src/adapters/disk/lock.ts';
import { publishLayout, withTemporaryLayout } from '../../../src/adapters/disk/publish.ts';
import { parseReference } from '../../../src/core/oci/reference.ts';
import { sampleImage } from '../../support/sample-image.ts';

const [destination = '', seed = '', ...tags] = process.argv.slice(2);

if (process.env.HANG === 'lock') {
  await withLock(destination, async () => {
    console.log('locked');
    await new Promise((resolve) => setTimeout(resolve, 60_000));
  });
}
for (const tag of tags) {
  const image = sampleImage({ seed: `${seed} ${tag}`, layers: [20_000, 50] });
  await withTemporaryLayout(destination, async (layout) => {
    for (const blob of image.blobs.values()) await layout.put(blob);
    if (process.env.HANG === 'build') {
      console.log('building');
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    }
    await publishLayout(layout, image.root, [parseReference(tag)], destination);
  });
}

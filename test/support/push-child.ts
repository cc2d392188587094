// Pushes one blob of a layout, in a process of its own, and tells the most memory that it took.
// Usage: node push-child.ts HOST LAYOUT DIGEST SIZE

import { openLayout } from '../../src/adapters/disk/layout.ts';
import { parseDigest } from '../../src/core/oci/digest.ts';
import { mediaTypes } from '../../src/core/oci/media-types.ts';
import { createRegistryClient } from '../../src/adapters/registry/client.ts';
import { silentReporter } from '../../src/core/reporter.ts';

const [registry = '', folder = '', digest = '', size = ''] = process.argv.slice(2);

const client = createRegistryClient({
  credentials: { find: () => Promise.resolve(undefined) },
  reporter: silentReporter,
});
const layout = await openLayout(folder);
const descriptor = { mediaType: mediaTypes.layerTar, digest: parseDigest(digest), size: Number(size) };
await client.repository({ registry, repository: 'team/large' }).put(layout.open(descriptor));
await client.close();
// In KiB.
console.log(process.resourceUsage().maxRSS);

// Pushes one large file as a blob, in a process of its own, and tells the most memory that it took.
// Usage: node push-child.ts HOST FILE DIGEST

import { createReadStream, statSync } from 'node:fs';
import { parseDigest } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-types.ts';
import { createRegistryClient } from '../../src/registry/client.ts';
import { silentReporter } from '../../src/reporter.ts';

const [registry = '', file = '', digest = ''] = process.argv.slice(2);

const client = createRegistryClient({
  credentials: { find: () => Promise.resolve(undefined) },
  reporter: silentReporter,
});
await client.repository({ registry, repository: 'team/large' }).put({
  descriptor: { mediaType: mediaTypes.layerTar, digest: parseDigest(digest), size: statSync(file).size },
  // Smaller pieces than a file stream's usual ones: what waits to be collected is counted too.
  open: () => createReadStream(file, { highWaterMark: 32 * 1024 }),
});
await client.close();
// In KiB.
console.log(process.resourceUsage().maxRSS);

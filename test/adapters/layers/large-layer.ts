// Packs a file of 400 MiB, all holes, and prints how much memory that took: started by layer.test.ts.

import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLayer } from '../../../src/adapters/layers/layer.ts';
import { applyCopy, emptyRootfs } from '../../../src/core/files/rootfs.ts';
import { createDigester } from '../../../src/core/oci/digest.ts';
import { match, position } from '../../core/files/outline.ts';

const folder = mkdtempSync(join(tmpdir(), 'bima-test-'));
try {
  writeFileSync(join(folder, 'large'), '');
  truncateSync(join(folder, 'large'), 400 * 1024 * 1024);
  const copy = { type: 'copy', sources: [{ path: '.', position }], destination: '/', position } as const;
  const entries = applyCopy(emptyRootfs(), copy, await match(folder, '.'));
  const { tarSize } = await createLayer(entries, {
    mtime: 0,
    compression: { method: 'gzip', level: 1 },
    write: async (stream) => {
      const digester = createDigester();
      for await (const chunk of stream) digester.update(chunk);
      return { size: digester.size, digest: digester.digest() };
    },
  });
  console.log(JSON.stringify({ tarSize, peak: process.resourceUsage().maxRSS * 1024 }));
} finally {
  rmSync(folder, { recursive: true });
}

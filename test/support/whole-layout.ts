// Whether a layout has everything that its index leads to, and nothing else: for images that needn't be bootable.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf, hexOf } from '../../src/core/oci/digest.ts';
import { isObject } from '../../src/core/oci/json.ts';
import { linksOf } from './registry-store.ts';

/** @returns the names of the index's entries, `-` for one without a name */
export function assertWhole(folder: string): string[] {
  const index = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as {
    manifests: { digest: string; annotations?: Record<string, string> }[];
  };
  const blobs = join(folder, 'blobs', 'sha256');
  const reached = new Set<string>();
  const visit = (digest: string): void => {
    const name = digest.slice('sha256:'.length);
    if (reached.has(name)) return;
    reached.add(name);
    const bytes = readFileSync(join(blobs, name));
    assert.equal(hexOf(digestOf(bytes)), name);
    const document: unknown = bytes[0] === 0x7b ? JSON.parse(bytes.toString()) : undefined;
    if (!isObject(document) || document.schemaVersion !== 2) return;
    const links = linksOf(bytes);
    for (const link of [...links.blobs, ...links.manifests]) visit(link.digest);
  };
  for (const { digest } of index.manifests) visit(digest);
  assert.deepEqual(readdirSync(blobs).sort(), [...reached].sort());
  return index.manifests
    .map(({ annotations }) => annotations?.['io.containerd.image.name']?.replace('docker.io/', '') ?? '-')
    .sort();
}

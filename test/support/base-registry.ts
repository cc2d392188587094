// A strict registry with a base image in it, and a context that builds on it.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { readDocument } from '../../src/core/oci/blob.ts';
import type { Descriptor } from '../../src/core/oci/descriptor.ts';
import { readImage } from '../../src/core/oci/image.ts';
import { readTree } from '../../src/core/oci/image-tree.ts';
import { baseLayout } from './base-image.ts';
import type { SampleBase } from './base-image.ts';
import { temporaryFolder } from './folder.ts';
import { startRegistry } from './registry.ts';
import type { Registry, RegistryOptions } from './registry.ts';

/** A binary for amd64. */
export const hello = readFileSync(join(import.meta.dirname, '../../examples/hello/hello-amd64'));
const key = (name: string) => `com.urunc.unikernel.${name}`;
/** The content of a file in the lowest layer. */
export const big = 'x'.repeat(200_000);
const base: SampleBase = {
  layers: [
    [{ path: 'usr/bin/' }, { path: 'usr/bin/tool', content: big }, { path: 'bin', target: 'usr/bin' }],
    [{ path: 'etc/hosts', content: 'hosts' }],
  ],
  config: { Env: ['A=b'] },
  uncompressed: true,
};

export interface BaseRegistry extends AsyncDisposable {
  readonly registry: Registry;
  readonly context: string;
  readonly folder: string;
  readonly layers: readonly Descriptor[];
  /** Of the blobs of the base's layers that were asked for. */
  downloads(): number;
  writeContainerfile(...lines: string[]): void;
}

/** The base is `lib/base:1`; the Containerfile copies the kernel on it. */
export async function startBaseRegistry(
  test: TestContext,
  options: RegistryOptions = {},
  image = base,
): Promise<BaseRegistry> {
  const registry = await startRegistry(options);
  const folder = temporaryFolder(test, { 'context/kernel': hello });
  const layout = await baseLayout(join(folder, 'base'), [image]);
  const [root] = (await layout.readIndex()).manifests;
  assert.ok(root !== undefined);
  const { blobs } = await readTree(layout, root);
  for (const descriptor of blobs)
    registry.store.addBlob('lib/base', readFileSync(layout.blobPath(descriptor.digest)));
  const manifest = await readDocument(layout.open(root), 'base');
  registry.store.addManifest('lib/base', root.mediaType, manifest, '1');
  const layers = (await readImage(layout, root)).layers.map(({ descriptor }) => descriptor);
  const context = join(folder, 'context');
  const writeContainerfile = (...lines: string[]) => {
    writeFileSync(join(context, 'Containerfile'), lines.join('\n'));
  };
  writeContainerfile(`FROM ${registry.host}/lib/base:1`, 'COPY kernel /kernel', ...labels);
  return {
    registry,
    folder,
    context,
    layers,
    downloads: () =>
      layers.reduce((sum, { digest }) => sum + registry.count('GET', new RegExp(`/blobs/${digest}$`)), 0),
    writeContainerfile,
    [Symbol.asyncDispose]: () => registry.close(),
  };
}

/** What else a Containerfile needs. */
export const labels = [
  'CMD ["x"]',
  `LABEL ${key('unikernelType')}=unikraft`,
  `LABEL ${key('hypervisor')}=qemu`,
  `LABEL ${key('binary')}=/kernel`,
];

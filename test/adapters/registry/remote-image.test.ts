import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspectImages } from '../../../src/usecases/inspect.ts';
import { readTree } from '../../../src/core/oci/image-tree.ts';
import { BimaError } from '../../../src/core/errors.ts';
import { readDocument } from '../../../src/core/oci/blob.ts';
import { parseReference } from '../../../src/core/oci/reference.ts';
import { createRegistryClient } from '../../../src/adapters/registry/client.ts';
import { openRemoteImage } from '../../../src/adapters/registry/remote-image.ts';
import type { RemoteImage } from '../../../src/adapters/registry/remote-image.ts';
import { silentReporter } from '../../../src/core/reporter.ts';
import { startRegistry } from '../../support/registry.ts';
import type { RecordedRequest, Registry, RegistryOptions, Reply } from '../../support/registry.ts';
import { sampleImage, storeImage } from '../../support/sample-image.ts';

const image = sampleImage({ architectures: ['amd64', 'arm64'] });

/** Opens a reference to the image, which is there under `v1` and `latest`. */
async function withImage(
  reference: string,
  options: RegistryOptions,
  body: (opening: Promise<RemoteImage>, registry: Registry) => Promise<void>,
): Promise<void> {
  await using registry = await startRegistry(options);
  for (const tag of ['v1', 'latest']) storeImage(registry.store, 'team/app', image, tag);
  const client = createRegistryClient({
    credentials: { find: () => Promise.resolve(undefined) },
    reporter: silentReporter,
  });
  try {
    await body(openRemoteImage(client, parseReference(`${registry.host}/${reference}`)), registry);
    registry.assertRules();
  } finally {
    await client.close();
  }
}

/** Answers a HEAD of a manifest in the registry's place. */
const onHead =
  (reply: Reply) =>
  ({ method, path }: RecordedRequest): Reply | undefined =>
    method === 'HEAD' && path.includes('/manifests/') ? reply : undefined;

describe('openRemoteImage', () => {
  it('reads the whole image', async () => {
    await withImage('team/app:v1', {}, async (opening) => {
      const { source, root } = await opening;
      assert.deepEqual(root, image.root);
      const tree = await readTree(source, root);
      const all = [...tree.blobs, ...tree.manifests, ...tree.indexes];
      assert.deepEqual(new Set(all.map(({ digest }) => digest)), new Set(image.blobs.keys()));
      for (const descriptor of tree.blobs) {
        const bytes = await readDocument(source.open(descriptor), 'test');
        assert.deepEqual(Buffer.from(bytes), Buffer.from(image.blobs.get(descriptor.digest)?.bytes ?? []));
      }
    });
  });

  it('asks once for each manifest of an index that is inspected', async () => {
    const tars = [Buffer.alloc(1024)];
    const index = sampleImage({ seed: 'inspected', tars, architectures: ['amd64', 'arm64'] });
    await using registry = await startRegistry();
    storeImage(registry.store, 'team/app', index, 'v1');
    const client = createRegistryClient({
      credentials: { find: () => Promise.resolve(undefined) },
      reporter: silentReporter,
    });
    const reference = parseReference(`${registry.host}/team/app:v1`);
    const { source, root } = await openRemoteImage(client, reference);
    assert.equal((await inspectImages(source, [root])).length, 2);
    for (const { digest } of [root, ...index.manifests])
      assert.equal(registry.count('GET', new RegExp(`/manifests/${digest}$`)), 1, digest);
    await client.close();
  });

  for (const reference of [
    'team/app',
    `team/app@${image.root.digest}`,
    `team/app:gone@${image.root.digest}`,
  ]) {
    it(`knows what ${reference.replace(/[0-9a-f]{60}/, '…')} stands for, by one request`, async () => {
      await withImage(reference, {}, async (opening, registry) => {
        assert.deepEqual((await opening).root, image.root);
        assert.equal(registry.requests.length, 1);
      });
    });
  }

  const headless: readonly (readonly [string, Reply])[] = [
    ['405', { status: 405 }],
    ['403', { status: 403 }],
    ['no digest', { status: 200, headers: { 'content-type': image.root.mediaType, 'content-length': 5 } }],
    [
      'no type',
      { status: 200, headers: { 'docker-content-digest': image.root.digest, 'content-length': 5 } },
    ],
  ];
  for (const [name, reply] of headless) {
    it(`reads the manifest when HEAD is answered with ${name}`, async () => {
      await withImage('team/app:v1', { intercept: onHead(reply) }, async (opening) => {
        assert.deepEqual((await opening).root, image.root);
      });
    });
  }

  for (const reference of ['team/app:gone', 'team/gone:v1', `team/app@sha256:${'0'.repeat(64)}`]) {
    it(`says that ${reference.slice(0, 20)} does not exist`, async () => {
      await withImage(reference, {}, async (opening, registry) => {
        await assert.rejects(opening, (error) => {
          assert.ok(error instanceof BimaError);
          assert.equal(error.code, 'REGISTRY_NOT_FOUND');
          assert.ok(error.message.includes(`${registry.host}/${reference}`));
          return true;
        });
      });
    });
  }

  it('refuses another manifest than the one of the digest', async () => {
    const other = sampleImage({ seed: 'other' });
    const intercept = ({ method }: RecordedRequest): Reply | undefined =>
      method === 'GET'
        ? {
            status: 200,
            headers: { 'content-type': other.root.mediaType },
            body: other.blobs.get(other.root.digest)?.bytes ?? '',
          }
        : undefined;
    await withImage('team/app:v1', { intercept }, async (opening) => {
      const { source, root } = await opening;
      await assert.rejects(
        readDocument(source.open(root), 'test'),
        (error) => error instanceof BimaError && error.code === 'DIGEST_MISMATCH',
      );
    });
  });
});

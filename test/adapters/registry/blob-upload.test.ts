import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BimaError } from '../../../src/core/errors.ts';
import { blobOf } from '../../../src/core/oci/blob.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import type { Stored } from '../../../src/core/oci/target.ts';
import { createRegistryClient } from '../../../src/adapters/registry/client.ts';
import type { RegistryOptions as ClientOptions } from '../../../src/adapters/registry/client.ts';
import { silentReporter } from '../../../src/core/reporter.ts';
import { createFastClock } from '../../support/fast-clock.ts';
import { startRegistry } from '../../support/registry.ts';
import type { Registry, RegistryOptions } from '../../support/registry.ts';

const mebibyte = 1024 * 1024;
const blob = blobOf(mediaTypes.layerTar, Buffer.alloc(3 * mebibyte, 'x'));
const { digest } = blob.descriptor;

/** Pushes the blob; how it got there, or what was thrown. */
async function push(
  options: RegistryOptions,
  body: (registry: Registry, outcome: { how?: Stored; error?: unknown }) => void,
  settings: Partial<ClientOptions> = {},
): Promise<void> {
  await using registry = await startRegistry(options);
  const client = createRegistryClient({
    credentials: { find: () => Promise.resolve(undefined) },
    reporter: silentReporter,
    clock: createFastClock(),
    ...settings,
  });
  let how: Stored | undefined;
  let error: unknown;
  try {
    const target = client.repository({ registry: registry.host, repository: 'team/app' }, { access: 'push' });
    how = (await target.put(blob)).stored;
    registry.assertRules();
  } catch (thrown) {
    error = thrown;
  } finally {
    await client.close();
  }
  body(registry, { ...(how === undefined ? {} : { how }), ...(error === undefined ? {} : { error }) });
}

/** As a proxy in front that takes no larger bodies. */
const limitedTo = (size: number): RegistryOptions => ({
  intercept: ({ headers }) =>
    Number(headers['content-length'] ?? 0) > size
      ? { status: 413, headers: { connection: 'close' }, body: '<html><title>413 Too Large</title></html>' }
      : undefined,
});

const isStored = (registry: Registry) => registry.store.repository('team/app').blobs.has(digest);
const bodies = (registry: Registry) =>
  registry.requests
    .filter(({ method }) => method === 'PATCH' || method === 'PUT')
    .map(({ method }) => method);

describe('pushing a blob', () => {
  it('sends it whole, with one request before and one to begin', async () => {
    await push({}, (registry, { how }) => {
      assert.equal(how, 'pushed');
      assert.deepEqual(
        registry.requests.map(({ method }) => method),
        ['HEAD', 'POST', 'PUT'],
      );
      assert.equal(isStored(registry), true);
    });
  });

  it('sends it in chunks when it is asked to, the last with the closing request', async () => {
    const chunkSize = mebibyte;
    await push(
      {},
      (registry, { how }) => {
        assert.equal(how, 'pushed');
        assert.deepEqual(bodies(registry), ['PATCH', 'PATCH', 'PUT']);
        assert.equal(isStored(registry), true);
      },
      { chunkSize },
    );
  });

  it('sends chunks of at least the size that the registry wants', async () => {
    await push(
      { chunkMinLength: 2 * mebibyte },
      (registry) => {
        assert.deepEqual(bodies(registry), ['PATCH', 'PUT']);
        assert.equal(isStored(registry), true);
      },
      { chunkSize: 1000 },
    );
  });

  it('goes over to chunks after a 413, and leaves no upload open', async () => {
    await push(limitedTo(mebibyte), (registry, { how }) => {
      assert.equal(how, 'pushed');
      assert.deepEqual(bodies(registry), ['PUT', 'PATCH', 'PATCH', 'PUT']);
      assert.equal(isStored(registry), true);
      assert.equal(registry.openUploads(), 0);
    });
  });

  for (const [name, options] of [
    ['the limit is below every chunk', limitedTo(1000)],
    ['the limit is below the least chunk', { ...limitedTo(mebibyte), chunkMinLength: 2 * mebibyte }],
    ['the least chunk is larger than the blob', { ...limitedTo(mebibyte), chunkMinLength: 100 * mebibyte }],
  ] as const) {
    it(`gives up when ${name}`, async () => {
      await push(options, (registry, { error }) => {
        assert.ok(error instanceof BimaError, String(error));
        assert.equal(error.code, 'REGISTRY_REFUSED');
        assert.match(error.hint ?? '', /size of a request/);
        assert.ok(registry.requests.length < 20);
        assert.equal(isStored(registry), false);
        assert.equal(registry.openUploads(), 0);
      });
    });
  }
});

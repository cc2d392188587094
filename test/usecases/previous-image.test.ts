// The look at the image that a tag has: what it costs when its registry is not there.

import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { withEarlyPush } from '../../src/usecases/push/early-push.ts';
import { BimaError } from '../../src/core/errors.ts';
import { blobOf } from '../../src/core/oci/blob.ts';
import { mediaTypes } from '../../src/core/oci/media-types.ts';
import { parseReference } from '../../src/core/oci/reference.ts';
import { openTaggedImage } from '../../src/usecases/layer-sources.ts';
import { pushImage } from '../../src/usecases/push/push.ts';
import { createRegistryClient } from '../../src/adapters/registry/client.ts';
import { silentReporter } from '../../src/core/reporter.ts';
import { createFastClock } from '../support/fast-clock.ts';
import { noise } from '../support/large-context.ts';
import { problem, startRegistry } from '../support/registry.ts';
import { sampleImage } from '../support/sample-image.ts';

/** A port of this machine on which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const isUnreachable = (error: unknown) => error instanceof BimaError && error.code === 'REGISTRY_UNREACHABLE';

function createClient() {
  const clock = createFastClock();
  const credentials = { find: () => Promise.resolve(undefined) };
  return { clock, client: createRegistryClient({ credentials, reporter: silentReporter, clock }) };
}

describe('the look at the previous image', () => {
  it('leaves the only round of retries to the push, where the registry is not there', async () => {
    const { clock, client } = createClient();
    const references = [parseReference(`127.0.0.1:${await closedPort()}/a/b:1`)];
    await assert.rejects(openTaggedImage(client, references), isUnreachable);
    assert.deepEqual(clock.sleeps, []);
    await withEarlyPush({ references, openClient: () => Promise.resolve(client) }, async (early) => {
      early.start(blobOf(mediaTypes.layerTar, noise('large')));
      await early.settle();
      assert.deepEqual(clock.sleeps, [], 'nothing is sent early to a host that is down');
      const { source, root } = sampleImage();
      const push = pushImage(source, root, references, {
        client,
        reporter: silentReporter,
      });
      await assert.rejects(push, isUnreachable);
    });
    assert.equal(clock.sleeps.length, 5, 'the push tries six times');
    await client.close();
  });

  it('asks a registry that has a bad moment once, and the push that follows is not told of it', async () => {
    let failures = 0;
    await using registry = await startRegistry({
      intercept: ({ method }) =>
        method === 'GET' && ++failures === 1 ? problem(503, 'UNAVAILABLE') : undefined,
    });
    const { clock, client } = createClient();
    const references = [parseReference(`${registry.host}/a/b:1`)];
    await assert.rejects(openTaggedImage(client, references));
    assert.deepEqual(clock.sleeps, []);
    const { source, root } = sampleImage();
    await pushImage(source, root, references, { client, reporter: silentReporter });
    assert.equal(registry.store.tags('a/b')['1'], root.digest);
    await client.close();
  });
});

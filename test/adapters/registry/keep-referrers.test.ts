// Several writers of the list that a fallback tag holds, at a registry that doesn't know If-Match.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { copyImage } from '../../../src/usecases/push/copy-image.ts';
import { createRegistryClient } from '../../../src/adapters/registry/client.ts';
import { systemClock } from '../../../src/core/clock.ts';
import type { Clock } from '../../../src/core/clock.ts';
import { silentReporter } from '../../../src/core/reporter.ts';
import { on, rewriteReply } from '../../support/faults.ts';
import type { Fault } from '../../support/fault-proxy.ts';
import { repository, startWorld } from '../../support/fault-run.ts';
import { sampleImage, storeImage } from '../../support/sample-image.ts';

/** Waits a tenth of the time. */
const quickClock: Clock = {
  now: () => Date.now(),
  random: () => Math.random(),
  sleep: (milliseconds, signal) =>
    sleep(milliseconds / 10, undefined, signal === undefined ? {} : { signal }),
};

const withoutEtag: Fault = {
  when: on('GET', 'manifest'),
  times: Infinity,
  act: rewriteReply(() => ({ headers: { etag: undefined } })),
};

const image = sampleImage();
const tag = image.root.digest.replace(':', '-');
const about = (seed: string) => sampleImage({ seed, layers: [10], subject: image.root });

describe('the referrers of a fallback tag', () => {
  it('of eight writers at a time are all listed', async () => {
    await using world = await startWorld({ faults: [withoutEtag] });
    const { store } = world.registry;
    storeImage(store, repository, image, 'v2');
    const referrers = Array.from({ length: 8 }, (_, at) => about(`writer ${at}`));
    await Promise.all(
      referrers.map(async ({ source, root }) => {
        const client = createRegistryClient({
          credentials: { find: () => Promise.resolve(undefined) },
          reporter: silentReporter,
          clock: quickClock,
          mask: () => undefined,
        });
        const target = client.repository({ registry: world.proxy.host, repository }, { access: 'push' });
        await copyImage(source, root, target, { reporter: silentReporter });
        await client.close();
      }),
    );
    const listed = new Set(store.pull(repository, tag));
    assert.deepEqual(
      referrers.filter(({ root }) => !listed.has(root.digest)).map(({ root }) => root.digest),
      [],
    );
  });

  it('of one run are written at once, and looked for again', async () => {
    await using world = await startWorld({ faults: [withoutEtag], client: { clock: systemClock } });
    const { store } = world.registry;
    storeImage(store, repository, image, 'v2');
    const target = world.client.repository({ registry: world.proxy.host, repository }, { access: 'push' });
    const referrers = Array.from({ length: 6 }, (_, at) => about(`one ${at}`));
    await Promise.all(
      referrers.map(({ source, root }) => copyImage(source, root, target, { reporter: silentReporter })),
    );
    const writes = world.proxy.requests.filter(
      ({ method, endpoint }) => method === 'PUT' && endpoint.name === tag,
    );
    assert.ok(writes.length <= 2, String(writes.length));
    const last = world.proxy.requests.findLast(({ endpoint }) => endpoint.name === tag);
    assert.equal(last?.method, 'GET');
    assert.equal(new Set(store.pull(repository, tag)).size > 6, true);
  });

  it('that a later writer took away are added again', async () => {
    let taken = false;
    await using world = await startWorld({ faults: [withoutEtag] });
    const { store } = world.registry;
    storeImage(store, repository, image, 'v2');
    const { clock } = world;
    const client = createRegistryClient({
      credentials: { find: () => Promise.resolve(undefined) },
      reporter: silentReporter,
      clock: {
        ...clock,
        // The other one wrote what it had read before.
        sleep: (milliseconds, signal) => {
          if (!taken) store.repository(repository).tags.delete(tag);
          taken = true;
          return clock.sleep(milliseconds, signal);
        },
      },
      mask: () => undefined,
    });
    const target = client.repository({ registry: world.proxy.host, repository }, { access: 'push' });
    const { source, root } = about('one');
    await copyImage(source, root, target, { reporter: silentReporter });
    await client.close();
    assert.ok(store.pull(repository, tag).includes(root.digest));
  });

  it('that something in place of the registry takes are an error at once', async () => {
    const lie: Fault = {
      when: (request) => on('PUT', 'manifest')(request) && request.endpoint.name === tag,
      times: Infinity,
      act: (exchange) => exchange.reply({ status: 200, headers: { 'content-length': 0 } }),
    };
    await using world = await startWorld({ faults: [lie] });
    storeImage(world.registry.store, repository, image, 'v2');
    const target = world.client.repository({ registry: world.proxy.host, repository }, { access: 'push' });
    const { source, root } = about('one');
    await assert.rejects(copyImage(source, root, target, { reporter: silentReporter }), {
      code: 'REGISTRY_PROTOCOL',
      message: /expected 201 with the digest of the manifest, got 200/,
    });
    assert.equal(world.proxy.hits(lie), 1);
  });

  it('that the registry changed on their way are an error', async () => {
    const other = `sha256:${'0'.repeat(64)}`;
    const changed: Fault = {
      when: (request) => on('PUT', 'manifest')(request) && request.endpoint.name === tag,
      act: rewriteReply(() => ({ headers: { 'docker-content-digest': other } })),
    };
    await using world = await startWorld({ faults: [changed] });
    storeImage(world.registry.store, repository, image, 'v2');
    const target = world.client.repository({ registry: world.proxy.host, repository }, { access: 'push' });
    const { source, root } = about('one');
    await assert.rejects(copyImage(source, root, target, { reporter: silentReporter }), {
      code: 'DIGEST_MISMATCH',
    });
  });

  it('that never stay are an error', async () => {
    await using world = await startWorld({
      faults: [
        {
          when: (request) => on('GET', 'manifest')(request) && request.endpoint.name === tag,
          times: Infinity,
          act: (exchange) => exchange.reply({ status: 404, headers: { 'content-length': 0 } }),
        },
      ],
    });
    storeImage(world.registry.store, repository, image, 'v2');
    const target = world.client.repository({ registry: world.proxy.host, repository }, { access: 'push' });
    const { source, root } = about('one');
    await assert.rejects(copyImage(source, root, target, { reporter: silentReporter }), {
      code: 'REGISTRY_REFUSED',
      message: /never kept/,
    });
  });
});

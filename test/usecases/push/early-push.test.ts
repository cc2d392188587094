// Layers that travel while the build goes on: when, once, and what becomes of them when something fails.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { buildImage } from '../../../src/usecases/build.ts';
import { parseCompression } from '../../../src/adapters/layers/compression.ts';
import { planBuild } from '../../../src/usecases/plan/plan.ts';
import type { Plan } from '../../../src/usecases/plan/plan.ts';
import { withEarlyPush } from '../../../src/usecases/push/early-push.ts';
import type { EarlyPush } from '../../../src/usecases/push/early-push.ts';
import { BimaError } from '../../../src/core/errors.ts';
import { createLayout } from '../../../src/adapters/disk/layout.ts';
import { blobOf } from '../../../src/core/oci/blob.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import { parseReference } from '../../../src/core/oci/reference.ts';
import { pushImage } from '../../../src/usecases/push/push.ts';
import type { PushResult } from '../../../src/usecases/push/push.ts';
import { createRegistryClient } from '../../../src/adapters/registry/client.ts';
import type { RegistryClient } from '../../../src/adapters/registry/client.ts';
import { RegistryError } from '../../../src/adapters/registry/registry-error.ts';
import type { Clock } from '../../../src/core/clock.ts';
import { silentReporter } from '../../../src/core/reporter.ts';
import { createFastClock } from '../../support/fast-clock.ts';
import { startFaultProxy } from '../../support/fault-proxy.ts';
import type { Fault } from '../../support/fault-proxy.ts';
import { delayReply, on, reply } from '../../support/faults.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { largeContext, noise } from '../../support/large-context.ts';
import { problem, startRegistry } from '../../support/registry.ts';
import type { Registry, RegistryOptions } from '../../support/registry.ts';
import { basicAuth } from '../../support/token-server.ts';
import { sampleImage } from '../../support/sample-image.ts';

/** Two large layers, of which the second isn't read before `second` resolves. */
async function planTwoLayers(test: TestContext, second: () => Promise<void>): Promise<Plan> {
  const context = largeContext(test);
  const plan = await planBuild({ context, labels: [], strict: true }, () => undefined);
  const layers = plan.layers.map((layer, index) => ({
    ...layer,
    entries: layer.entries.map((entry) =>
      index === 0 || entry.type !== 'file'
        ? entry
        : {
            ...entry,
            open: async function* () {
              await second();
              yield* entry.open();
            },
          },
    ),
  }));
  return { ...plan, layers };
}

interface RunOptions {
  /** `HOST` stands for the registry. */
  readonly references?: readonly string[];
  /** Before the second layer is read. */
  readonly second?: (early: EarlyPush) => Promise<void>;
  /** When the push begins. */
  readonly onPush?: () => void;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

interface Finished {
  readonly result: PushResult;
  readonly said: readonly string[];
}

function clientFor(said: string[], signal?: AbortSignal, clock?: Clock): RegistryClient {
  return createRegistryClient({
    credentials: { find: () => Promise.resolve(undefined) },
    reporter: { ...silentReporter, info: (message) => said.push(message) },
    ...(signal === undefined ? {} : { signal }),
    ...(clock === undefined ? {} : { clock }),
  });
}

/** A build and its push, as the shells put them together. @param folder gets the layout */
async function buildAndPush(
  test: TestContext,
  host: string,
  { references = ['HOST/a/b:1'], second = () => Promise.resolve(), onPush, signal, clock }: RunOptions,
  folder = temporaryFolder(test),
): Promise<Finished> {
  const said: string[] = [];
  const client = clientFor(said, signal, clock);
  const parsed = references.map((text) => parseReference(text.replace('HOST', host)));
  const reporter = {
    ...silentReporter,
    group: <T>(title: string, body: () => Promise<T>) => {
      said.push(title);
      onPush?.();
      return body();
    },
    info: (message: string) => said.push(message),
  };
  const early = { references: parsed, openClient: () => Promise.resolve(client) };
  try {
    const result = await withEarlyPush(early, async (push) => {
      const plan = await planTwoLayers(test, () => second(push));
      const layout = await createLayout(folder);
      const built = await buildImage(
        plan,
        layout,
        {
          compression: parseCompression('gzip'),
          annotations: {},
          annotationEncoding: 'plain',
          created: 0,
          signal: push.refused,
          finished: push.start,
        },
        reporter,
      );
      return pushImage(layout, built.manifest, parsed, { client, reporter });
    });
    return { result, said };
  } finally {
    await client.close();
  }
}

/** A promise, and what resolves it. */
function signalled(): { readonly seen: Promise<void>; readonly see: () => void } {
  let see: () => void = () => undefined;
  const seen = new Promise<void>((resolve) => (see = resolve));
  return { seen, see };
}

const isUpload = ({ method, path }: { method: string; path: string }) =>
  method === 'PUT' && path.includes('/blobs/uploads/');
const isBegun = ({ method, path }: { method: string; path: string }) =>
  method === 'POST' && path.endsWith('/blobs/uploads/');

describe('an early push', () => {
  it('sends a layer while the next one is made, each of them once', async (test) => {
    const { seen, see } = signalled();
    const clock = createFastClock();
    await using registry = await startRegistry({
      intercept: (request) => {
        if (!isUpload(request)) return undefined;
        clock.advance(5000);
        see();
        return undefined;
      },
    });
    const { result, said } = await buildAndPush(test, registry.host, { second: () => seen, clock });
    assert.deepEqual(
      ['POST', 'PUT', 'HEAD'].map((method) => registry.count(method, /\/blobs\//)),
      [4, 4, 4],
    );
    assert.equal(registry.count('PUT', /manifests/), 1);
    assert.equal(registry.store.tags('a/b')['1'], result.digest);
    registry.store.pull('a/b', '1');
    registry.assertRules();

    const blobs = result.repositories[0]?.blobs ?? [];
    assert.deepEqual(
      blobs.map(({ stored }) => stored),
      ['pushed', 'pushed', 'pushed', 'pushed'],
    );
    // The seconds are those of the uploads, whoever did them.
    for (const { seconds } of blobs) assert.ok(seconds >= 5, `${seconds}`);
    const title = said.findIndex((line) => line.startsWith('Push to'));
    assert.equal(said.filter((line) => line.includes(': pushed (')).length, 4);
    assert.ok(said.slice(0, title).every((line) => !line.includes(': pushed (')));
  });

  it('shares its look at the tag with a push that begins meanwhile', async (test) => {
    const { seen, see } = signalled();
    const slow: Fault = { when: on('HEAD', 'manifest'), act: delayReply(() => seen) };
    await withProxy([slow], async ({ host, registry }) => {
      const onPush = () => {
        setImmediate(see);
      };
      const { result } = await buildAndPush(test, host, { onPush });
      assert.equal(registry.count('HEAD', /manifests/), 1);
      assert.equal(result.repositories[0]?.blobs.length, 4);
      registry.store.pull('a/b', '1');
    });
  });

  it('leaves small layers, and everything below a digest that nobody knows yet, to the push', async () => {
    await using registry = await startRegistry();
    const large = blobOf(mediaTypes.layerTar, noise('large'));
    for (const [reference, layer] of [
      ['a/b:1', blobOf(mediaTypes.layerTar, noise('small', 200_000))],
      [`a/b@sha256:${'0'.repeat(64)}`, large],
      [undefined, large],
    ] as const) {
      const references = reference === undefined ? [] : [parseReference(`${registry.host}/${reference}`)];
      const openClient = () => Promise.reject(new Error('nobody needs a client'));
      await withEarlyPush({ references, openClient }, (early) => {
        early.start(layer);
        return early.settle();
      });
    }
    assert.equal(registry.requests.length, 0);
  });

  it('has another repository of the registry mount the layers', async (test) => {
    await using registry = await startRegistry();
    const references = ['HOST/a/b:1', 'HOST/c/d:1', 'HOST/a/b:2'];
    const { result } = await buildAndPush(test, registry.host, { references });
    const [first, second] = result.repositories.map(({ blobs }) => blobs);
    assert.deepEqual(new Set(first?.map(({ stored }) => stored)), new Set(['pushed']));
    assert.deepEqual(new Set(second?.map(({ stored }) => stored)), new Set(['mounted']));
    const sizes = first?.map(({ descriptor }) => descriptor.size) ?? [];
    assert.equal(
      registry.uploadedBytes(),
      sizes.reduce((sum, size) => sum + size, 0),
    );
    for (const [name, tag] of [
      ['a/b', '1'],
      ['a/b', '2'],
      ['c/d', '1'],
    ] as const)
      registry.store.pull(name, tag);
  });

  it('finds the layers that are there', async (test) => {
    await using registry = await startRegistry();
    await buildAndPush(test, registry.host, {});
    const bytes = registry.uploadedBytes();
    const { result } = await buildAndPush(test, registry.host, { references: ['HOST/a/b:2'] });
    assert.equal(registry.uploadedBytes(), bytes);
    assert.deepEqual(
      new Set(result.repositories[0]?.blobs.map(({ stored }) => stored)),
      new Set(['present']),
    );
    const same = await buildAndPush(test, registry.host, {});
    assert.deepEqual(same.result.repositories[0]?.blobs, []);
    assert.equal(same.result.repositories[0].references[0]?.stored, 'present');
  });

  it('puts again what failed, in the push', async (test) => {
    const { seen, see } = signalled();
    let refusals = 0;
    await using registry = await startRegistry({
      intercept: (request) => {
        if (!isBegun(request) || refusals > 0) return undefined;
        refusals += 1;
        see();
        return { status: 418 };
      },
    });
    const { result } = await buildAndPush(test, registry.host, { second: () => seen });
    assert.equal(registry.count('POST', /uploads/), 5);
    assert.equal(result.repositories[0]?.blobs.length, 4);
    registry.store.pull('a/b', '1');
  });

  it('fails with the words of the push when it fails again', async (test) => {
    const options: RegistryOptions = {
      intercept: (request) => (isBegun(request) ? problem(418, 'UNSUPPORTED', 'no tea') : undefined),
    };
    await using registry = await startRegistry(options);
    await assert.rejects(buildAndPush(test, registry.host, {}), sameError(await plainFailure(registry)));
  });

  for (const [name, options] of [
    [
      'takes no upload',
      { intercept: (request) => (isBegun(request) ? problem(403, 'DENIED', 'read-only') : undefined) },
    ],
    ['wants a login', { auth: basicAuth('robot', 'secret') }],
  ] satisfies [string, RegistryOptions][]) {
    it(`ends the build, with the error of the push, at a registry that ${name}`, async (test) => {
      await using registry = await startRegistry(options);
      const folder = temporaryFolder(test);
      const second = ({ refused }: EarlyPush) =>
        new Promise<void>((resolve) => {
          if (refused.aborted) resolve();
          refused.addEventListener('abort', () => {
            resolve();
          });
        });
      await assert.rejects(
        buildAndPush(test, registry.host, { second }, folder),
        sameError(await plainFailure(registry)),
      );
      assert.equal(readdirSync(join(folder, 'blobs/sha256')).length, 1);
    });
  }

  it('sends a layer once more when the manifest is refused for want of it', async (test) => {
    let lost = 0;
    await using registry = await startRegistry({
      intercept: ({ method, path }) => {
        if (method !== 'PUT' || !path.includes('/manifests/') || lost > 0) return undefined;
        const { blobs } = registry.store.repository('a/b');
        for (const [digest, { size }] of blobs) {
          if (size < 256 * 1024) continue;
          blobs.delete(digest);
          lost += 1;
        }
        return undefined;
      },
    });
    await buildAndPush(test, registry.host, {});
    assert.equal(lost, 2);
    registry.store.pull('a/b', '1');
  });

  it('gives up its uploads, and waits for that, when the build fails', async (test) => {
    const { seen, see } = signalled();
    await withProxy([stalled(see)], async ({ host, registry }) => {
      const cause = new BimaError('CONTEXT_CHANGED', 'the file is gone');
      const second = async () => {
        await seen;
        throw cause;
      };
      await assert.rejects(buildAndPush(test, host, { second }), (error) => error === cause);
      assert.equal(registry.count('DELETE', /uploads/), 1);
      assert.equal(registry.openUploads(), 0);
      assert.deepEqual(registry.store.tags('a/b'), {});
    });
  });

  it('gives them up when another blob fails in the push', async (test) => {
    const { seen, see } = signalled();
    const refused: Fault = {
      when: on('POST', 'uploads'),
      skip: 1,
      times: Infinity,
      act: reply(problem(418, 'UNSUPPORTED')),
    };
    await withProxy([stalled(see), refused], async ({ host, registry }) => {
      await assert.rejects(
        buildAndPush(test, host, { second: () => seen }),
        (error) => error instanceof RegistryError && error.status === 418,
      );
      assert.equal(registry.openUploads(), 0);
      assert.deepEqual(registry.store.tags('a/b'), {});
    });
  });

  it('gives them up when it is interrupted', async (test) => {
    const controller = new AbortController();
    const { seen, see } = signalled();
    await withProxy([stalled(see)], async ({ host, registry }) => {
      const second = async () => {
        await seen;
        controller.abort();
      };
      await assert.rejects(
        buildAndPush(test, host, { second, signal: controller.signal }),
        (error) => error instanceof BimaError && error.code === 'INTERRUPTED',
      );
      assert.equal(registry.openUploads(), 0);
      assert.deepEqual(registry.store.tags('a/b'), {});
    });
  });

  it('has four uploads under way, as the push has', async () => {
    let [running, most] = [0, 0];
    const { seen, see } = signalled();
    const held: Fault = {
      when: on('PUT', 'upload'),
      times: Infinity,
      act: async (exchange) => {
        running += 1;
        most = Math.max(most, running);
        if (running === 4) see();
        await seen;
        await exchange.reply(await exchange.forward());
        running -= 1;
      },
    };
    await withProxy([held], async ({ host, registry }) => {
      const client = clientFor([]);
      const references = [parseReference(`${host}/a/b:1`)];
      await withEarlyPush({ references, openClient: () => Promise.resolve(client) }, async (early) => {
        const layers = Array.from({ length: 12 }, (_, index) =>
          blobOf(mediaTypes.layerTar, noise(`${index}`)),
        );
        for (const layer of [...layers, ...layers]) early.start(layer);
        await early.settle();
      });
      await client.close();
      assert.equal(most, 4);
      assert.equal(registry.count('PUT', /uploads/), 12);
    });
  });
});

/** A PUT of a layer that is taken in half and never answered. */
function stalled(see: () => void): Fault {
  return {
    when: on('PUT', 'upload'),
    act: async (exchange) => {
      await exchange.read(0.5);
      // Whoever waits for this hangs up.
      see();
      await exchange.gone;
    },
  };
}

async function withProxy(
  faults: readonly Fault[],
  body: (world: { readonly host: string; readonly registry: Registry }) => Promise<void>,
): Promise<void> {
  await using registry = await startRegistry();
  await using proxy = await startFaultProxy({ upstream: registry.origin, faults });
  await body({ host: proxy.host, registry });
  proxy.assertHit();
}

/** What a push without a build before it throws at such a registry. */
async function plainFailure({ host }: Registry): Promise<BimaError> {
  const image = sampleImage();
  const client = clientFor([]);
  const references = [parseReference(`${host}/a/b:1`)];
  try {
    await pushImage(image.source, image.root, references, { client, reporter: silentReporter });
  } catch (error) {
    if (error instanceof BimaError) return error;
  } finally {
    await client.close();
  }
  throw new Error('the push has not failed');
}

function sameError({ code, message, hint }: BimaError): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof BimaError);
    assert.deepEqual([error.code, error.message, error.hint], [code, message, hint]);
    return true;
  };
}

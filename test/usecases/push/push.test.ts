import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BimaError } from '../../../src/core/errors.ts';
import { RegistryError } from '../../../src/adapters/registry/registry-error.ts';
import { parseReference } from '../../../src/core/oci/reference.ts';
import type { Reference } from '../../../src/core/oci/reference.ts';
import { pushImage } from '../../../src/usecases/push/push.ts';
import { createRegistryClient } from '../../../src/adapters/registry/client.ts';
import type { RegistryClient } from '../../../src/adapters/registry/client.ts';
import { silentReporter } from '../../../src/core/reporter.ts';
import { startRegistry } from '../../support/registry.ts';
import type { Registry, RegistryOptions } from '../../support/registry.ts';
import { sampleImage, storeImage } from '../../support/sample-image.ts';

interface World {
  readonly registry: Registry;
  readonly client: RegistryClient;
  readonly said: readonly string[];
  readonly push: (...references: readonly string[]) => ReturnType<typeof pushImage>;
}

const image = sampleImage();

/** Pushes to a strict registry; `HOST` in a reference stands for it. */
async function withRegistry(
  options: RegistryOptions,
  body: (world: World) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  await using registry = await startRegistry(options);
  const said: string[] = [];
  const reporter = { ...silentReporter, info: (message: string) => said.push(message) };
  const client = createRegistryClient({
    credentials: { find: () => Promise.resolve(undefined) },
    reporter,
    ...(signal === undefined ? {} : { signal }),
  });
  try {
    const toReference = (text: string): Reference => parseReference(text.replace('HOST', registry.host));
    await body({
      registry,
      client,
      said,
      push: (...references) =>
        pushImage(image.source, image.root, references.map(toReference), { client, reporter }),
    });
    registry.assertRules();
  } finally {
    await client.close();
  }
}

const stored = ({ repositories }: Awaited<ReturnType<typeof pushImage>>) =>
  repositories.flatMap(({ references }) => references.map(({ reference, stored: how }) => [reference, how]));

import type { SampleImage } from '../../support/sample-image.ts';
import { on } from '../../support/faults.ts';
import { repository, runPush } from '../../support/fault-run.ts';
import type { PushRun } from '../../support/fault-run.ts';

describe('pushImage', () => {
  it('pushes with a HEAD for the tag, three requests a blob and one for the manifest', async () => {
    await withRegistry({}, async ({ registry, push }) => {
      const { digest, repositories } = await push('HOST/team/app:v1');
      assert.equal(digest, image.root.digest);
      assert.equal(registry.store.tags('team/app').v1, digest);
      assert.equal(registry.requests.length, 1 + 3 * 3 + 1);
      assert.deepEqual(
        repositories[0]?.blobs.map(({ stored: how }) => how),
        ['pushed', 'pushed', 'pushed'],
      );
    });
  });

  it('asks once and is done when the tag stands for the image', async () => {
    await withRegistry({}, async ({ registry, push, said }) => {
      storeImage(registry.store, 'team/app', image, 'v1');
      const result = await push('HOST/team/app:v1');
      assert.deepEqual(
        registry.requests.map(({ method, path }) => `${method} ${path}`),
        ['HEAD /v2/team/app/manifests/v1'],
      );
      assert.deepEqual(stored(result), [[`${registry.host}/team/app:v1`, 'present']]);
      assert.match(said.join('\n'), /v1 is this image already/);
    });
  });

  it('only tags what another tag stands for', async () => {
    await withRegistry({}, async ({ registry, push }) => {
      storeImage(registry.store, 'team/app', image, 'v1');
      const result = await push('HOST/team/app:v1', 'HOST/team/app:v2');
      assert.deepEqual(
        stored(result).map(([, how]) => how),
        ['present', 'pushed'],
      );
      assert.equal(registry.count('HEAD', /blobs/), 0);
      assert.equal(registry.count('PUT', /manifests\/v2$/), 1);
      assert.equal(registry.requests.length, 3);
    });
  });

  it('moves a tag that stands for another image', async () => {
    await withRegistry({}, async ({ registry, push }) => {
      storeImage(registry.store, 'team/app', sampleImage({ seed: 'older' }), 'v1');
      await push('HOST/team/app:v1');
      assert.equal(registry.store.tags('team/app').v1, image.root.digest);
    });
  });

  it('sets all tags in one request where the registry can', async () => {
    await withRegistry({ queryTags: 10 }, async ({ registry, push }) => {
      await push('HOST/team/app:a', 'HOST/team/app:b', 'HOST/team/app:c', 'HOST/team/app:a');
      assert.deepEqual(Object.keys(registry.store.tags('team/app')).sort(), ['a', 'b', 'c']);
      assert.equal(registry.count('PUT', /manifests/), 1);
    });
  });

  it('sets them one by one, in their order, where it cannot', async () => {
    await withRegistry({}, async ({ registry, push }) => {
      await push('HOST/team/app:b', 'HOST/team/app:a');
      const puts = registry.requests.filter(
        ({ method, path }) => method === 'PUT' && path.includes('/manifests/'),
      );
      assert.deepEqual(
        puts.map(({ path }) => path.replace(/.*\//, '')),
        [image.root.digest, 'b', 'a'],
      );
    });
  });

  it('takes blobs over for another repository of the same registry', async () => {
    await withRegistry({}, async ({ registry, push }) => {
      const { repositories } = await push('HOST/team/app:v1', 'HOST/other/app:v1', 'HOST/third/app');
      assert.deepEqual(
        repositories.map(({ blobs }) => new Set(blobs.map(({ stored: how }) => how))),
        [new Set(['pushed']), new Set(['mounted']), new Set(['mounted'])],
      );
      assert.equal(registry.uploadedBytes(), image.blobBytes);
      assert.equal(registry.store.tags('third/app').latest, image.root.digest);
      for (const name of ['other/app', 'third/app']) registry.store.pull(name, image.root.digest);
    });
  });

  it('pushes by digest alone, and then finds it there', async () => {
    await withRegistry({}, async ({ registry, push }) => {
      const reference = `HOST/team/app@${image.root.digest}`;
      assert.deepEqual(
        stored(await push(reference)).map(([, how]) => how),
        ['pushed'],
      );
      registry.store.pull('team/app', image.root.digest);
      assert.deepEqual(registry.store.tags('team/app'), {});
      assert.deepEqual(stored(await push(reference)), [
        [reference.replace('HOST', registry.host), 'present'],
      ]);
    });
  });

  it('refuses the digest of another image before it sends anything', async () => {
    await withRegistry({}, async ({ registry, push }) => {
      await assert.rejects(
        push('HOST/team/app:v1', `HOST/team/app@sha256:${'0'.repeat(64)}`),
        (error) => error instanceof BimaError && error.code === 'REFERENCE_INVALID',
      );
      assert.equal(registry.requests.length, 0);
    });
  });

  it('names what was set in other repositories, and what was not tried, when one fails', async () => {
    const intercept = ({ method, path }: { method: string; path: string }) =>
      method === 'POST' && path.startsWith('/v2/two/') ? { status: 418 } : undefined;
    await withRegistry({ intercept }, async ({ registry, push }) => {
      const { host } = registry;
      const failed = push('HOST/one/app:v1', 'HOST/one/app:v2', 'HOST/two/app:v1', 'HOST/three/app:v1');
      await assert.rejects(failed, (error) => {
        assert.ok(error instanceof RegistryError && error.status === 418);
        const state = `set before: "${host}/one/app:v1", "${host}/one/app:v2"; not tried: "${host}/three/app:v1"`;
        assert.ok(error.message.endsWith(` (${state})`), error.message);
        return true;
      });
      registry.store.pull('one/app', 'v2');
    });
  });

  it('tells an interrupt from a failure', async () => {
    const controller = new AbortController();
    const intercept = () => {
      controller.abort();
      return undefined;
    };
    const expectInterrupt = async ({ push }: World) => {
      await assert.rejects(
        push('HOST/team/app:v1'),
        (error) => error instanceof BimaError && error.code === 'INTERRUPTED',
      );
    };
    await withRegistry({ intercept }, expectInterrupt, controller.signal);
  });
});

describe('an interrupted push', () => {
  const references = ['v1', 'v2', 'v3'].map((tag) => `HOST/${repository}:${tag}`);

  /** Aborts when the tag is asked for, and lets the registry set it or not. */
  async function interruptAt(tag: string, isSet: boolean, registry: RegistryOptions = {}): Promise<PushRun> {
    const controller = new AbortController();
    return runPush({
      references,
      registry,
      client: { signal: controller.signal },
      faults: [
        {
          when: (request) =>
            on('PUT', 'manifest')(request) &&
            (request.endpoint.name === tag || request.query.startsWith(tag)),
          act: async (exchange) => {
            if (isSet) await exchange.forward();
            controller.abort();
            exchange.reset();
          },
        },
      ],
    });
  }

  const cases: [tag: string, isSet: boolean, message: RegExp][] = [
    ['sha256', false, /^the push was interrupted before any tag moved$/],
    ['v1', true, /^the push was interrupted before any tag moved; unknown for "[^"]+:v1"$/],
    [
      'v3',
      false,
      /^the push was interrupted after these had moved: "[^"]+:v1", "[^"]+:v2"; unknown for "[^"]+:v3"$/,
    ],
  ];
  for (const [tag, isSet, message] of cases) {
    it(`says which tags had moved: at ${tag}`, async () => {
      const image = tag === 'sha256' ? sampleImage({ architectures: ['amd64', 'arm64'] }) : sampleImage();
      await using run = await (tag === 'sha256' ? interruptManifest(image) : interruptAt(tag, isSet));
      assert.ok(run.error instanceof BimaError);
      assert.equal(run.error.code, 'INTERRUPTED');
      assert.match(run.error.message, message);
    });
  }

  async function interruptManifest(image: SampleImage): Promise<PushRun> {
    const controller = new AbortController();
    return runPush({
      image,
      references,
      client: { signal: controller.signal },
      faults: [
        {
          when: (request) => on('PUT', 'manifest')(request) && request.endpoint.name.startsWith('sha256:'),
          act: (exchange) => {
            controller.abort();
            exchange.reset();
          },
        },
      ],
    });
  }

  it('says so also where all tags are set at once', async () => {
    await using run = await interruptAt('tag=v1', true, { queryTags: 10 });
    assert.ok(run.error instanceof BimaError);
    assert.match(run.error.message, /before any tag moved; unknown for "[^"]+:v1", "[^"]+:v2", "[^"]+:v3"$/);
  });
});

// Rows 76 to 80 and 83 to 85: what is pushed, and pushes that end early or meet.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BimaError } from '../../../../src/core/errors.ts';
import type { ByteStream } from '../../../../src/core/oci/blob.ts';
import { digestOf } from '../../../../src/core/oci/digest.ts';
import type { Descriptor } from '../../../../src/core/oci/descriptor.ts';
import { parseReference } from '../../../../src/core/oci/reference.ts';
import type { Source } from '../../../../src/core/oci/target.ts';
import { pushImage } from '../../../../src/usecases/push/push.ts';
import type { Fault } from '../../../support/fault-proxy.ts';
import {
  assertNone,
  createTranscript,
  repository,
  runPush,
  startWorld,
  user,
} from '../../../support/fault-run.ts';
import { on, reply, resetAt, stallAt } from '../../../support/faults.ts';
import { problem } from '../../../support/registry.ts';
import { bytesOf, sampleImage } from '../../../support/sample-image.ts';
import type { SampleImage } from '../../../support/sample-image.ts';

/** The image's own source, but for one blob. */
function withBlob(image: SampleImage, descriptor: Descriptor, open: () => ByteStream): Source {
  return {
    name: 'sample',
    open: (wanted) =>
      wanted.digest === descriptor.digest ? { descriptor: wanted, open } : image.source.open(wanted),
  };
}

describe('sizes', () => {
  for (const concurrency of [1, 4]) {
    it(`odd size: blobs of no byte and of one, ${concurrency} at once`, async () => {
      const image = sampleImage({ rawLayers: [Buffer.alloc(0), Buffer.from('x')] });
      await using run = await runPush({ image, client: { concurrency } });
      run.assertPushed();
    });
  }

  it('odd size: blobs of no byte and of one in chunks', async () => {
    const image = sampleImage({ rawLayers: [Buffer.alloc(0), Buffer.from('x')] });
    await using run = await runPush({ image, client: { chunkSize: 100 } });
    run.assertPushed();
  });

  it('shared digest: a digest that several platforms share is uploaded once', async () => {
    const image = sampleImage({ architectures: ['amd64', 'arm64', 'riscv64'], sharedLayers: true });
    await using run = await runPush({ image });
    run.assertPushed();
    assert.equal(run.registry.uploadedBytes(), image.blobBytes);
    const digests = new Set([...image.layers, ...image.configs].map(({ digest }) => digest));
    assert.equal(run.proxy.count('PUT', 'upload'), digests.size);
    assert.equal(run.proxy.count('HEAD', 'blob'), digests.size);
  });
});

describe('a source that changes', () => {
  const image = sampleImage({ layers: [300_000] });
  const [layer] = image.layers;
  assert.ok(layer);
  const bytes = Buffer.from(bytesOf(image, layer.digest));
  const changes: readonly (readonly [string, () => Buffer[]])[] = [
    ['it is cut short', () => [bytes.subarray(0, 200_000)]],
    ['it is empty', () => []],
    ['it has grown', () => [bytes, Buffer.from('more')]],
    ['it has other bytes', () => [bytes.subarray(0, 1000), Buffer.alloc(bytes.length - 1000)]],
  ];
  for (const [name, pieces] of changes) {
    it(`source that changes: ${name}`, async () => {
      // eslint-disable-next-line @typescript-eslint/require-await -- an async iterable of what is at hand
      const open = async function* () {
        yield* pieces();
      };
      await using run = await runPush({ image, source: withBlob(image, layer, open) });
      run.assertFailed('DIGEST_MISMATCH');
      const stored = run.registry.store.repository(repository).blobs.get(layer.digest)?.bytes;
      assert.ok(stored === undefined || digestOf(stored) === layer.digest);
      assert.equal(run.clock.sleeps.length, 0, 'no retry');
    });
  }

  it('source that changes: it can no longer be read', async () => {
    // eslint-disable-next-line @typescript-eslint/require-await -- an async iterable that fails
    const open = async function* () {
      yield bytes.subarray(0, 100_000);
      throw new BimaError('CONTEXT_CHANGED', 'the disk is gone');
    };
    await using run = await runPush({ image, source: withBlob(image, layer, open) });
    const error = run.assertFailed('CONTEXT_CHANGED');
    assert.equal(error.message, 'the disk is gone');
  });
});

describe('ends', () => {
  const image = sampleImage({ layers: [900_000, 800_000, 700_000] });
  const isLayer: Fault['when'] = (request) => on('PUT', 'upload')(request) && request.length > 100_000;

  for (const fraction of [0, 0.5, 1]) {
    it(`abort: an abort after ${fraction * 100} % of a body`, async () => {
      const controller = new AbortController();
      const act: Fault['act'] = async (exchange) => {
        await exchange.read(fraction);
        controller.abort(new BimaError('INTERRUPTED', 'the push was interrupted'));
        await exchange.gone;
      };
      await using run = await runPush({
        image,
        tokens: { user },
        client: { signal: controller.signal },
        faults: [
          { when: isLayer, act },
          { when: isLayer, times: Infinity, act: stallAt(1) },
        ],
      });
      assert.ok(run.error instanceof BimaError);
      assert.equal(run.error.code, 'INTERRUPTED');
      assert.notEqual(run.registry.store.tags(repository).v1, image.root.digest);
      assert.equal(run.registry.openUploads(), 0, 'every session was deleted');
      run.registry.assertRules();
    });
  }

  it('abort: a session that can be deleted only where it stands now', async () => {
    const controller = new AbortController();
    const asked = new Map<string, number>();
    const timesAsked = (name: string) => asked.get(name) ?? 0;
    // The first answer is stale in its turn, since the server was still taking in bytes.
    const isStale: Fault['when'] = (request) =>
      on('DELETE', 'upload')(request) && timesAsked(request.endpoint.name) < 2;
    await using run = await runPush({
      image,
      client: { signal: controller.signal },
      faults: [
        {
          when: isLayer,
          act: async (exchange) => {
            await exchange.read(0.5);
            controller.abort(new BimaError('INTERRUPTED', 'the push was interrupted'));
            await exchange.gone;
          },
        },
        { when: isLayer, times: Infinity, act: stallAt(1) },
        {
          when: on('GET', 'upload'),
          times: Infinity,
          act: async (exchange) => {
            const { name } = exchange.request.endpoint;
            asked.set(name, timesAsked(name) + 1);
            await exchange.reply(await exchange.forward());
          },
        },
        { when: isStale, times: Infinity, act: reply(problem(416, 'RANGE_INVALID', 'a stale offset')) },
      ],
    });
    assert.ok(run.error instanceof BimaError);
    assert.equal(run.error.code, 'INTERRUPTED');
    assert.ok(asked.size > 0);
    assert.equal(run.registry.openUploads(), 0, 'every session was deleted');
    run.registry.assertRules();
  });

  it('abort: a session that cannot be deleted does not hold anybody up', async () => {
    const controller = new AbortController();
    await using run = await runPush({
      image,
      client: { signal: controller.signal },
      faults: [
        {
          when: isLayer,
          act: async (exchange) => {
            controller.abort(new BimaError('INTERRUPTED', 'the push was interrupted'));
            await exchange.gone;
          },
        },
        { when: on('DELETE', 'upload'), times: Infinity, act: stallAt(1) },
      ],
    });
    assert.ok(run.error instanceof BimaError);
    assert.equal(run.error.code, 'INTERRUPTED');
  });

  it('abort: an abort before the first request', async () => {
    const controller = new AbortController();
    controller.abort(new BimaError('INTERRUPTED', 'the push was interrupted'));
    await using run = await runPush({ image, client: { signal: controller.signal } });
    assert.ok(run.error instanceof BimaError);
    assert.equal(run.error.code, 'INTERRUPTED');
    assert.deepEqual(run.registry.requests, []);
  });

  it('one blob fails: one blob fails for good: the others end, and the first cause is shown', async () => {
    const [, , last] = image.layers;
    const denied = reply(problem(403, 'DENIED', 'quota of the project'));
    await using run = await runPush({
      image,
      faults: [
        {
          when: (request) => isLayer(request) && request.query.includes(last?.digest.slice(7) ?? '-'),
          times: Infinity,
          act: denied,
        },
        { when: isLayer, times: Infinity, act: stallAt(0.5) },
      ],
    });
    const error = run.assertFailed('REGISTRY_DENIED');
    assert.match(error.message, /quota of the project/);
    assert.equal(run.registry.openUploads(), 0);
  });
});

describe('references', () => {
  const wrong = [
    'HOST/Team/App:v1',
    `HOST/team/app:${'x'.repeat(129)}`,
    'HOST/team/../app:v1',
    'HOST/team/app:v1:v2',
    'HOST/team:80/app',
    'HOST/team//app',
    'HOST/team/app@sha256:abc',
    'HOST/team/app:',
    'http://HOST/team/app',
  ];
  for (const text of wrong) {
    it(`reference refused: ${text.slice(0, 30)} is refused`, () => {
      assert.throws(
        () => parseReference(text.replace('HOST', '127.0.0.1:5000')),
        (error) => error instanceof BimaError && error.code === 'REFERENCE_INVALID',
      );
    });
  }

  it('reference refused: a digest that is not the image, before any request', async () => {
    const other = `sha256:${'0'.repeat(64)}`;
    await using run = await runPush({ references: [`HOST/${repository}@${other}`] });
    assert.ok(run.error instanceof BimaError);
    assert.deepEqual(run.registry.requests, []);
  });

  it('reference refused: the digest that the image has', async () => {
    const image = sampleImage();
    await using run = await runPush({ image, references: [`HOST/${repository}@${image.root.digest}`] });
    assertNone(run.error);
    assert.doesNotThrow(() => run.registry.store.pull(repository, image.root.digest));
    run.registry.assertRules();
  });
});

describe('secrets', () => {
  it('secret: the search finds what it looks for', () => {
    const transcript = createTranscript();
    const hidden = new Error('outer', {
      cause: Object.assign(new Error('x'), { url: 'https://x/?s=abc+/=' }),
    });
    transcript.add(hidden);
    assert.throws(() => {
      transcript.assertClean(['abc+/=']);
    });
    transcript.assertClean(['other']);
  });

  it('secret: debug messages tell every request, and everything secret was given to be masked', async () => {
    await using run = await runPush({ tokens: { user }, image: sampleImage({ layers: [10, 20] }) });
    run.assertPushed();
    const debug = run.transcript.lines.filter((line) => line.startsWith('debug'));
    assert.ok(debug.length >= run.proxy.requests.length, `${debug.length} lines`);
    const masked = [...run.masked];
    const isMasked = (secret: string) => masked.some((value) => value.includes(secret));
    for (const secret of [user.password, ...(run.tokens?.tokens ?? []), ...run.registry.secrets]) {
      assert.ok(isMasked(secret), 'a secret was not given to be masked');
    }
  });
});

describe('two pushes at once', () => {
  it('two pushes at once: both succeed', async () => {
    await using world = await startWorld({ image: sampleImage({ layers: [50_000, 40_000, 30_000] }) });
    const { client, image, transcript, registry } = world;
    const push = (tag: string) =>
      pushImage(image.source, image.root, [parseReference(world.reference(`HOST/${repository}:${tag}`))], {
        client,
        reporter: transcript.reporter,
      });
    const results = await Promise.all([push('v1'), push('v1'), push('v2')]);
    assert.ok(results.every(({ digest }) => digest === image.root.digest));
    for (const tag of ['v1', 'v2']) {
      assert.deepEqual(new Set(registry.store.pull(repository, tag)), new Set(image.blobs.keys()));
    }
    registry.assertRules();
    world.assertNoSecrets();
  });

  it('two pushes at once: with resets in both', async () => {
    const image = sampleImage({ layers: [50_000, 40_000, 30_000] });
    const resets = { when: on('PUT', 'upload'), times: 4, act: resetAt(0.5) };
    await using world = await startWorld({ image, faults: [resets] });
    const { client, transcript, registry } = world;
    const push = () =>
      pushImage(image.source, image.root, [parseReference(world.reference(`HOST/${repository}:v1`))], {
        client,
        reporter: transcript.reporter,
      });
    await Promise.all([push(), push()]);
    assert.deepEqual(new Set(registry.store.pull(repository, 'v1')), new Set(image.blobs.keys()));
    registry.assertRules();
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { copyImage } from '../../../src/usecases/push/copy-image.ts';
import type { CopyOptions } from '../../../src/usecases/push/copy-image.ts';
import { readTree } from '../../../src/core/oci/image-tree.ts';
import { BimaError } from '../../../src/core/errors.ts';
import { blobOf, readDocument } from '../../../src/core/oci/blob.ts';
import type { Blob } from '../../../src/core/oci/blob.ts';
import type { Descriptor } from '../../../src/core/oci/descriptor.ts';
import type { Digest } from '../../../src/core/oci/digest.ts';
import { encodeJson } from '../../../src/core/oci/json.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import type { PutOptions, PutResult, Source, Target } from '../../../src/core/oci/target.ts';
import { RegistryError } from '../../../src/adapters/registry/registry-error.ts';
import { silentReporter } from '../../../src/core/reporter.ts';
import { sampleImage } from '../../support/sample-image.ts';

interface Put {
  readonly digest: Digest;
  readonly force: boolean;
}

/** Takes everything, notes its order, and does what `onPut` wants besides. */
function memoryTarget(
  onPut: (blob: Blob, options: PutOptions) => Promise<unknown> = () => Promise.resolve(),
  resultOf: (blob: Blob) => PutResult = () => ({ stored: 'pushed', seconds: 0 }),
) {
  const puts: Put[] = [];
  let running = 0;
  let most = 0;
  const target: Target = {
    name: 'memory',
    async put(blob, options = {}) {
      running += 1;
      most = Math.max(most, running);
      try {
        await readDocument(blob, 'memory');
        await onPut(blob, options);
        puts.push({ digest: blob.descriptor.digest, force: options.force === true });
        return resultOf(blob);
      } finally {
        running -= 1;
      }
    },
  };
  return { target, puts, most: () => most };
}

const options: CopyOptions = { reporter: silentReporter };
const turn = () => new Promise(setImmediate);

function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal?.aborted === true) reject(new Error('aborted before'));
    signal?.addEventListener('abort', () => {
      reject(new Error('aborted because of another'));
    });
  });
}

function unknownBlobs(...missing: readonly Digest[]): RegistryError {
  const parts = {
    method: 'PUT',
    url: 'https://reg.test/',
    status: 404,
    codes: ['MANIFEST_BLOB_UNKNOWN'],
    missing,
  };
  return new RegistryError('REGISTRY_NOT_FOUND', 'unknown blob', parts);
}

describe('copyImage', () => {
  it('copies everything once: blobs, then manifests, then the index', async () => {
    const image = sampleImage({ architectures: ['amd64', 'arm64', 'riscv64'], sharedLayers: true });
    const { target, puts } = memoryTarget();
    const copied = await copyImage(image.source, image.root, target, options);

    const order = puts.map(({ digest }) => digest);
    assert.deepEqual(new Set(order), new Set(image.blobs.keys()));
    assert.equal(order.length, image.blobs.size);
    const manifests = new Set(image.manifests.map(({ digest }) => digest));
    const blobCount = order.findIndex((digest) => manifests.has(digest));
    assert.equal(blobCount, image.blobs.size - manifests.size - 1);
    assert.equal(order.at(-1), image.root.digest);
    assert.deepEqual(
      new Set(copied.map(({ descriptor }) => descriptor.digest)),
      new Set(order.slice(0, blobCount)),
    );
  });

  it('copies an index within an index, children first', async () => {
    const inner = sampleImage({ architectures: ['amd64', 'arm64'] });
    const outer = blobOf(
      mediaTypes.index,
      encodeJson({
        schemaVersion: 2,
        mediaType: mediaTypes.index,
        manifests: [inner.root, inner.manifests[0]],
      }),
    );
    const source: Source = {
      name: 'nested',
      open: (descriptor) =>
        descriptor.digest === outer.descriptor.digest ? outer : inner.source.open(descriptor),
    };
    const { target, puts } = memoryTarget();
    await copyImage(source, outer.descriptor, target, options);
    assert.deepEqual(
      puts.slice(-2).map(({ digest }) => digest),
      [inner.root.digest, outer.descriptor.digest],
    );
    assert.equal(puts.length, inner.blobs.size + 1);
  });

  it('sends JSON first, then the largest', async () => {
    const image = sampleImage({ layers: [10, 5000, 300] });
    const { target, puts } = memoryTarget();
    await copyImage(image.source, image.root, target, { ...options, concurrency: 1 });
    const [small, large, middle] = image.layers;
    const expected = [...image.configs, large, middle, small, image.root].map(
      (descriptor) => descriptor?.digest,
    );
    assert.deepEqual(
      puts.map(({ digest }) => digest),
      expected,
    );
  });

  for (const concurrency of [1, 3]) {
    it(`runs ${concurrency} at once`, async () => {
      const image = sampleImage({ layers: [1, 2, 3, 4, 5, 6] });
      const { target, most } = memoryTarget(async () => {
        await turn();
      });
      await copyImage(image.source, image.root, target, { ...options, concurrency });
      assert.equal(most(), concurrency);
    });
  }

  it('tells what became of each blob, and how long it took', async () => {
    const image = sampleImage({ layers: [10] });
    const said: string[] = [];
    const { target } = memoryTarget(undefined, ({ descriptor }) => ({
      stored: descriptor.mediaType === mediaTypes.config ? 'present' : 'mounted',
      seconds: 1.5,
    }));
    const copied = await copyImage(image.source, image.root, target, {
      reporter: { ...silentReporter, info: (message) => said.push(message) },
      concurrency: 1,
    });
    assert.deepEqual(
      copied.map(({ stored, seconds }) => [stored, seconds]),
      [
        ['present', 1.5],
        ['mounted', 1.5],
      ],
    );
    assert.match(said.join('\n'), /^sha256:\w{64} \d+ B: already there \(1\.5 s\)\n.* mounted \(1\.5 s\)$/);
  });

  it('stops the others when one fails, and throws the first cause', async () => {
    const image = sampleImage({ layers: [10, 20, 30, 40, 50, 60] });
    const cause = new BimaError('REGISTRY_DENIED', 'no');
    const started: Digest[] = [];
    const { target, puts } = memoryTarget(async ({ descriptor }, { signal }) => {
      started.push(descriptor.digest);
      if (started.length === 3) throw cause;
      await aborted(signal);
    });
    await assert.rejects(
      copyImage(image.source, image.root, target, { ...options, concurrency: 3 }),
      (error) => {
        assert.equal(error, cause);
        return true;
      },
    );
    assert.equal(started.length, 3);
    assert.deepEqual(puts, []);
  });

  it('stops when it is aborted, with the reason', async () => {
    const image = sampleImage();
    const controller = new AbortController();
    const reason = new Error('enough');
    const { target, puts } = memoryTarget(async (_blob, { signal }) => {
      controller.abort(reason);
      await aborted(signal);
    });
    const copy = copyImage(image.source, image.root, target, { ...options, signal: controller.signal });
    await assert.rejects(copy, (error) => error === reason);
    assert.deepEqual(puts, []);
  });

  it('stores the root as it is told to', async () => {
    const image = sampleImage();
    const { target, puts } = memoryTarget();
    const finished: Descriptor[] = [];
    await copyImage(image.source, image.root, target, {
      ...options,
      finish: ({ descriptor }) => {
        finished.push(descriptor);
        return Promise.resolve();
      },
    });
    assert.deepEqual(finished, [image.root]);
    assert.equal(puts.length, image.blobs.size - 1);
  });

  it('stores the root alone when the rest is known to be there', async () => {
    const image = sampleImage({ architectures: ['amd64', 'arm64'] });
    const { target, puts } = memoryTarget();
    await copyImage(image.source, image.root, target, { ...options, rootOnly: true });
    assert.deepEqual(puts, [{ digest: image.root.digest, force: false }]);
  });

  it('puts what a target turns out to miss once more, whatever it says, and then the manifest', async () => {
    const image = sampleImage();
    const layer = image.layers[0]?.digest ?? assert.fail();
    let refusals = 0;
    const { target, puts } = memoryTarget(({ descriptor }) => {
      if (descriptor.digest !== image.root.digest || refusals > 0) return Promise.resolve();
      refusals += 1;
      return Promise.reject(unknownBlobs(layer));
    });
    await copyImage(image.source, image.root, target, options);
    assert.deepEqual(puts.slice(-2), [
      { digest: layer, force: true },
      { digest: image.root.digest, force: false },
    ]);
  });

  it('puts everything below once more when the target names nothing', async () => {
    const image = sampleImage({ architectures: ['amd64', 'arm64'] });
    let refusals = 0;
    const { target, puts } = memoryTarget(({ descriptor }) => {
      if (descriptor.digest !== image.root.digest || refusals > 0) return Promise.resolve();
      refusals += 1;
      return Promise.reject(unknownBlobs());
    });
    await copyImage(image.source, image.root, target, options);
    const again = puts.slice(-3).map(({ digest }) => digest);
    assert.deepEqual(again, [...image.manifests.map(({ digest }) => digest), image.root.digest]);
  });

  it('gives up when that does not help', async () => {
    const image = sampleImage();
    const { target } = memoryTarget(({ descriptor }) =>
      descriptor.digest === image.root.digest ? Promise.reject(unknownBlobs()) : Promise.resolve(),
    );
    await assert.rejects(copyImage(image.source, image.root, target, options), /unknown blob/);
  });
});

describe('readTree', () => {
  it('refuses content that is not what its descriptor says', async () => {
    const image = sampleImage();
    const wrong: Descriptor = { ...image.root, digest: `sha256:${'0'.repeat(64)}` };
    const source: Source = {
      name: 'broken',
      open: (descriptor) => ({ descriptor, open: () => image.source.open(image.root).open() }),
    };
    await assert.rejects(
      readTree(source, wrong),
      (error) => error instanceof BimaError && error.code === 'DIGEST_MISMATCH',
    );
  });
});

// What a target says that it lacks is put again: by which answers, and what.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RegistryError } from '../../../src/adapters/registry/registry-error.ts';
import { BimaError } from '../../../src/core/errors.ts';
import { readDocument } from '../../../src/core/oci/blob.ts';
import type { Digest } from '../../../src/core/oci/digest.ts';
import type { PutOptions, Target } from '../../../src/core/oci/target.ts';
import { copyImage } from '../../../src/usecases/push/copy-image.ts';
import type { CopiedBlob, CopyOptions } from '../../../src/usecases/push/copy-image.ts';
import { notingReporter } from '../../support/noting-reporter.ts';
import { sampleImage } from '../../support/sample-image.ts';
import type { SampleImage } from '../../support/sample-image.ts';

/** Refuses one digest with the errors, one after the other; then it takes it. */
function refusing(digest: Digest, ...errors: readonly Error[]) {
  const puts: { readonly digest: Digest; readonly options: PutOptions }[] = [];
  const left = [...errors];
  let most = 0;
  let running = 0;
  const target: Target = {
    name: 'memory',
    async put(blob, options = {}) {
      running += 1;
      most = Math.max(most, running);
      await readDocument(blob, 'memory');
      running -= 1;
      puts.push({ digest: blob.descriptor.digest, options });
      const error = blob.descriptor.digest === digest ? left.shift() : undefined;
      if (error !== undefined) throw error;
      return { stored: 'pushed', seconds: 0 };
    },
  };
  return { target, puts, most: () => most };
}

function answer(status: number, codes: readonly string[], missing: readonly Digest[] = []): RegistryError {
  const parts = { method: 'PUT', url: 'https://reg.test/', status, codes, missing };
  return new RegistryError('REGISTRY_REFUSED', `answer ${status}`, parts);
}

function copy(image: SampleImage, target: Target, options: Partial<CopyOptions> = {}) {
  const reporter = notingReporter();
  return { reporter, copied: copyImage(image.source, image.root, target, { reporter, ...options }) };
}

describe('an answer to a manifest', () => {
  const image = sampleImage();
  const rows: [status: number, code: string, isRepeated: boolean][] = [
    [404, 'MANIFEST_BLOB_UNKNOWN', true],
    [400, 'MANIFEST_BLOB_UNKNOWN', true],
    [404, 'BLOB_UNKNOWN', true],
    [400, 'MANIFEST_UNKNOWN', true],
    [403, 'BLOB_UNKNOWN', false],
    [500, 'BLOB_UNKNOWN', false],
    [404, 'NAME_UNKNOWN', false],
    [404, 'NO_BLOB_UNKNOWN', false],
    [404, 'BLOB_UNKNOWN_X', false],
    [400, 'MANIFEST_INVALID', false],
  ];
  for (const [status, code, isRepeated] of rows) {
    it(`${isRepeated ? 'has its content put again' : 'is an error'}: ${status} ${code}`, async () => {
      const error = answer(status, ['OTHER', code]);
      const { target, puts } = refusing(image.root.digest, error);
      const { copied, reporter } = copy(image, target);
      if (!isRepeated) {
        await assert.rejects(copied, error);
        assert.deepEqual(reporter.debugged, []);
        return;
      }
      await copied;
      assert.deepEqual(reporter.debugged, [`answer ${status}; its content is put again`]);
      const again = puts.slice(-4);
      assert.deepEqual(
        again.map(({ digest, options }) => [digest, options.force === true]),
        [
          [image.configs[0]?.digest, true],
          ...image.layers.map(({ digest }) => [digest, true]),
          [image.root.digest, false],
        ],
      );
    });
  }

  it('is an error where it comes without a code, or is none of a registry', async () => {
    for (const error of [answer(404, []), new BimaError('REGISTRY_NOT_FOUND', 'no'), new TypeError('oops')]) {
      const { target } = refusing(image.root.digest, error);
      await assert.rejects(copy(image, target).copied, error);
    }
  });

  it('has what it names put again, and all where that is nothing of its own', async () => {
    const layer = image.layers[1]?.digest ?? assert.fail();
    const named = refusing(image.root.digest, answer(404, ['BLOB_UNKNOWN'], [layer]));
    await copy(image, named.target).copied;
    assert.equal(named.puts.length, 4 + 2);
    assert.equal(named.puts[4]?.digest, layer);
    const foreign: Digest = `sha256:${'9'.repeat(64)}`;
    const other = refusing(image.root.digest, answer(404, ['BLOB_UNKNOWN'], [foreign]));
    await copy(image, other.target).copied;
    assert.equal(other.puts.length, 4 + 4);
  });

  it('has manifests put as such, with what they lack in turn', async () => {
    const index = sampleImage({ architectures: ['amd64', 'arm64'] });
    const { target, puts } = refusing(
      index.root.digest,
      answer(404, ['MANIFEST_UNKNOWN'], [index.manifests[1]?.digest ?? assert.fail()]),
    );
    await copy(index, target).copied;
    assert.deepEqual(
      puts.slice(-2).map(({ digest, options }) => [digest, options.force]),
      [
        [index.manifests[1]?.digest, undefined],
        [index.root.digest, undefined],
      ],
    );
  });

  it('is put again twice, since others may be writing it, and is an error then', async () => {
    const answers = Array.from({ length: 3 }, () => answer(404, ['BLOB_UNKNOWN']));
    const enough = refusing(image.root.digest, ...answers.slice(0, 2));
    await copy(image, enough.target).copied;
    assert.equal(enough.puts.length, 4 + 2 * 4);
    const { target, puts } = refusing(image.root.digest, ...answers);
    await assert.rejects(copy(image, target).copied, answers[2]);
    assert.equal(puts.length, 4 + 2 * 4);
  });
});

describe('a copy', () => {
  const none: Digest = `sha256:${'9'.repeat(64)}`;

  it('hands its signal and the repositories to mount from to each blob', async () => {
    const image = sampleImage();
    const { target, puts } = refusing(none);
    const { signal } = new AbortController();
    await copy(image, target, { signal, mountFrom: ['other/repository'] }).copied;
    for (const { digest, options } of puts) {
      assert.ok(options.signal instanceof AbortSignal);
      assert.deepEqual(options.mountFrom, digest === image.root.digest ? undefined : ['other/repository']);
    }
    assert.equal(puts.at(-1)?.options.signal, signal);
    const plain = refusing(none);
    await copy(image, plain.target).copied;
    assert.deepEqual(plain.puts[0]?.options.mountFrom, []);
    assert.deepEqual(plain.puts.at(-1)?.options, {});
  });

  it('has four blobs under way, unless another number is named', async () => {
    const image = sampleImage({ layers: [1, 2, 3, 4, 5, 6] });
    const usual = refusing(none);
    await copy(image, usual.target).copied;
    assert.equal(usual.most(), 4);
  });

  it('asks whether all is there for eight blobs, not for seven, and not where nobody can say', async () => {
    for (const [layers, asked] of [
      [7, 1],
      [6, 0],
    ] as const) {
      const image = sampleImage({ layers: Array.from({ length: layers }, (_, at) => at + 1) });
      for (const isThere of [true, false]) {
        let questions = 0;
        const { target, puts } = refusing(none);
        const { copied } = copy(image, target, {
          isThere: () => {
            questions += 1;
            return Promise.resolve(isThere);
          },
        });
        const blobs = (await copied).length;
        assert.equal(questions, asked);
        const isSkipped = asked === 1 && isThere;
        assert.deepEqual([blobs, puts.length], isSkipped ? [0, 1] : [layers + 1, layers + 2]);
      }
    }
  });

  it('copies, and tells, once what images beside it have', async () => {
    const image = sampleImage({ layers: [10] });
    const shared = new Map<Digest, Promise<CopiedBlob>>();
    const { target, puts } = refusing(none);
    const first = copy(image, target, { shared });
    const second = copy(image, target, { shared });
    const [own, other] = await Promise.all([first.copied, second.copied]);
    assert.deepEqual([own.length, other.length], [2, 0]);
    assert.equal(puts.length, 2 + 2);
    assert.equal(first.reporter.said.length, 2);
    assert.equal(second.reporter.said.length, 0);
  });

  it('tells how each blob came to be there', async () => {
    const image = sampleImage({ layers: [10] });
    const words = { pushed: 'pushed', mounted: 'mounted', present: 'already there' } as const;
    for (const stored of ['pushed', 'mounted', 'present'] as const) {
      const target: Target = { name: 'x', put: () => Promise.resolve({ stored, seconds: 1.26 }) };
      const { copied, reporter } = copy(image, target, { concurrency: 1 });
      const [config] = image.configs;
      assert.deepEqual((await copied)[0], { descriptor: config, stored, seconds: 1.26 });
      assert.equal(reporter.said[0], `${config?.digest} ${config?.size} B: ${words[stored]} (1.3 s)`);
    }
  });
});

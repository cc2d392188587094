// What a push asks, says and returns, reference by reference.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RegistryError } from '../../../src/adapters/registry/registry-error.ts';
import { createRegistryClient } from '../../../src/adapters/registry/client.ts';
import { BimaError } from '../../../src/core/errors.ts';
import { parseReference } from '../../../src/core/oci/reference.ts';
import type { Stored } from '../../../src/core/oci/target.ts';
import { pushImage, summarizePush } from '../../../src/usecases/push/push.ts';
import type { PushOptions } from '../../../src/usecases/push/push.ts';
import { createFastClock } from '../../support/fast-clock.ts';
import { notingReporter } from '../../support/noting-reporter.ts';
import { startRegistry } from '../../support/registry.ts';
import type { RegistryOptions } from '../../support/registry.ts';
import { sampleImage, storeImage } from '../../support/sample-image.ts';
import type { SampleImage } from '../../support/sample-image.ts';

async function open(options: RegistryOptions = {}) {
  const registry = await startRegistry(options);
  const reporter = notingReporter();
  const titles: string[] = [];
  reporter.group = (title, body) => {
    titles.push(title);
    return body();
  };
  const client = createRegistryClient({
    credentials: { find: () => Promise.resolve(undefined) },
    reporter,
    clock: createFastClock(),
  });
  return {
    registry,
    reporter,
    titles,
    push: (image: SampleImage, texts: readonly string[], more: Partial<PushOptions> = {}) => {
      const references = texts.map((text) => parseReference(text.replace('HOST', registry.host)));
      return pushImage(image.source, image.root, references, { client, reporter, ...more });
    },
    [Symbol.asyncDispose]: async () => {
      await client.close();
      await registry.close();
    },
  };
}

const image = sampleImage();

describe('the result of a push', () => {
  it('has each repository with its references, its tags once, and its blobs', async () => {
    await using setup = await open();
    const { registry, push, titles, reporter } = setup;
    const { host } = registry;
    const result = await push(image, ['HOST/a/b:1', 'HOST/c/d', 'HOST/a/b:2', 'HOST/a/b:1']);
    assert.equal(result.digest, image.root.digest);
    assert.deepEqual(
      result.repositories.map(({ repository, references }) => ({ repository, references })),
      [
        {
          repository: `${host}/a/b`,
          references: [
            { reference: `${host}/a/b:1`, stored: 'pushed' },
            { reference: `${host}/a/b:2`, stored: 'pushed' },
          ],
        },
        { repository: `${host}/c/d`, references: [{ reference: `${host}/c/d:latest`, stored: 'pushed' }] },
      ],
    );
    const blobs = [...image.layers, ...image.configs].map(({ digest }) => digest).sort();
    for (const { blobs: copied } of result.repositories)
      assert.deepEqual(copied.map(({ descriptor }) => descriptor.digest).sort(), blobs);
    assert.deepEqual(titles, [`Push to ${host}/a/b`, `Push to ${host}/c/d`]);
    const ends = reporter.said.filter((line) => line.startsWith(host));
    assert.deepEqual(ends, [`${host}/a/b:1 pushed`, `${host}/a/b:2 pushed`, `${host}/c/d:latest pushed`]);
    registry.assertRules();
  });

  it('is empty of blobs where only a tag was new, or nothing', async () => {
    await using setup = await open();
    const { registry, push, reporter } = setup;
    storeImage(registry.store, 'a/b', image, '1');
    const tagged = await push(image, ['HOST/a/b:1', 'HOST/a/b:2']);
    assert.deepEqual(tagged.repositories[0]?.blobs, []);
    const again = await push(image, ['HOST/a/b:1', 'HOST/a/b:2']);
    assert.deepEqual(
      again.repositories[0]?.references.map(({ stored }) => stored),
      ['present', 'present'],
    );
    const { host } = registry;
    assert.deepEqual(reporter.said, [
      `${host}/a/b:1 is this image already`,
      `${host}/a/b:2 pushed`,
      `${host}/a/b:1 is this image already`,
      `${host}/a/b:2 is this image already`,
    ]);
  });

  it('has every blob looked at where that is asked for', async () => {
    await using setup = await open();
    const { registry, push } = setup;
    storeImage(registry.store, 'a/b', image, '1');
    const { repositories } = await push(image, ['HOST/a/b:1', 'HOST/a/b:2'], { lookAtAll: true });
    assert.deepEqual(
      repositories[0]?.blobs.map(({ stored }) => stored),
      ['present', 'present', 'present'],
    );
    assert.equal(registry.store.tags('a/b')['2'], image.root.digest);
  });

  it('has a digest and a tag of one repository together', async () => {
    await using setup = await open();
    const { registry, push } = setup;
    const digest = `HOST/a/b@${image.root.digest}`;
    const { repositories } = await push(image, [digest, 'HOST/a/b:1']);
    assert.deepEqual(repositories[0]?.references, [
      { reference: `${registry.host}/a/b:1`, stored: 'pushed' },
    ]);
    const alone = await push(image, [digest]);
    assert.deepEqual(alone.repositories[0]?.references, [
      { reference: `${registry.host}/a/b@${image.root.digest}`, stored: 'present' },
    ]);
  });

  it('says how many manifests went along', async () => {
    const statements = ['one', 'two'].map((seed) => sampleImage({ subject: image.root, seed, layers: [10] }));
    const all = [image, ...statements];
    const source: SampleImage['source'] = {
      name: 'all',
      open: (descriptor) => {
        const blob = all.flatMap(({ blobs }) => blobs.get(descriptor.digest) ?? [])[0] ?? assert.fail();
        return { descriptor, open: () => blob.open() };
      },
    };
    await using setup = await open();
    const { reporter, push } = setup;
    const referrers = statements.map(({ root }) => root);
    const { repositories } = await push({ ...image, source }, ['HOST/a/b:1'], { referrers });
    assert.ok(reporter.said.includes('what refers to the image goes along: 2 manifests'));
    // Those of the image, and of each statement its own.
    assert.equal(repositories[0]?.blobs.length, 3 + 2 * 2);
    await push(image, ['HOST/c/d:1']);
    assert.equal(reporter.said.filter((line) => line.startsWith('what refers')).length, 1);
  });
});

describe('an image of many blobs that is there under another tag', () => {
  const many = (count: number) => sampleImage({ layers: Array.from({ length: count }, (_, at) => at + 1) });

  it('is asked for at once, and then only tagged', async () => {
    for (const [count, heads] of [
      [7, 1],
      [6, 0],
    ] as const) {
      await using setup = await open();
      const { registry, push } = setup;
      const large = many(count);
      storeImage(registry.store, 'a/b', large);
      await push(large, ['HOST/a/b:1']);
      const digest = large.root.digest;
      assert.equal(registry.count('HEAD', new RegExp(`/manifests/${digest}$`)), heads, `${count} layers`);
      assert.equal(registry.count('HEAD', /\/blobs\//), heads === 1 ? 0 : count + 1);
      assert.equal(registry.store.tags('a/b')['1'], digest);
    }
  });

  it('is pushed where it is not', async () => {
    await using setup = await open();
    const { registry, push } = setup;
    const large = many(8);
    const { repositories } = await push(large, ['HOST/a/b:1']);
    assert.equal(repositories[0]?.blobs.length, 9);
    registry.store.pull('a/b', '1');
  });
});

describe('a push that fails', () => {
  const refusing = (path: RegExp): RegistryOptions => ({
    intercept: (request) =>
      request.method === 'POST' && path.test(request.path) ? { status: 403, body: '{}' } : undefined,
  });

  it('says nothing of others where there is one repository', async () => {
    await using setup = await open(refusing(/^\/v2\/a\//));
    await assert.rejects(setup.push(image, ['HOST/a/b:1', 'HOST/a/b:2']), (error) => {
      assert.ok(error instanceof RegistryError);
      assert.doesNotMatch(error.message, /not tried|was set/);
      return true;
    });
  });

  it('names what was not tried, or that nothing was set', async () => {
    await using setup = await open(refusing(/^\/v2\/a\//));
    const { host } = setup.registry;
    const digest = image.root.digest;
    await assert.rejects(
      setup.push(image, ['HOST/a/b:1', 'HOST/c/d:1', 'HOST/c/d:2', `HOST/e/f@${digest}`]),
      (error) => {
        assert.ok(error instanceof RegistryError && error.cause instanceof RegistryError);
        const { status, method, url, hint, code } = error.cause;
        assert.deepEqual(
          [error.status, error.method, error.url, error.hint, error.code],
          [status, method, url, hint, code],
        );
        const untried = `not tried: "${host}/c/d:1", "${host}/c/d:2", "${host}/e/f"`;
        assert.ok(
          error.message.endsWith(` (no tag of another repository was set; ${untried})`),
          error.message,
        );
        return true;
      },
    );
    await using last = await open(refusing(/^\/v2\/c\//));
    await assert.rejects(last.push(image, ['HOST/a/b:1', 'HOST/c/d:1']), (error) => {
      assert.ok(error instanceof RegistryError);
      assert.ok(error.message.endsWith(` (set before: "${last.registry.host}/a/b:1")`), error.message);
      return true;
    });
  });

  it('refuses the digest of another image, in words that say which it has', async () => {
    await using setup = await open();
    const other = `sha256:${'0'.repeat(64)}`;
    await assert.rejects(setup.push(image, [`HOST/a/b:1@${other}`]), {
      code: 'REFERENCE_INVALID',
      message: `"${setup.registry.host}/a/b:1@${other}" names a digest, expected ${image.root.digest}, which the image has`,
      hint: 'Push under a tag, or leave out the digest.',
    });
  });

  it('keeps what is no error of ours as it is', async () => {
    await using setup = await open();
    const broken = new TypeError('oops');
    const source: SampleImage['source'] = {
      name: 'broken',
      open: () => {
        throw broken;
      },
    };
    await assert.rejects(setup.push({ ...image, source }, ['HOST/a/b:1', 'HOST/c/d:1']), broken);
    const own = new BimaError('DIGEST_MISMATCH', 'changed', { hint: 'again' });
    const changed: SampleImage['source'] = {
      name: 'changed',
      open: () => {
        throw own;
      },
    };
    await assert.rejects(setup.push({ ...image, source: changed }, ['HOST/a/b:1', 'HOST/c/d:1']), (error) => {
      assert.ok(error instanceof BimaError && !(error instanceof RegistryError));
      assert.deepEqual([error.code, error.hint, error.cause], ['DIGEST_MISMATCH', 'again', own]);
      return true;
    });
  });
});

describe('the summary of a push', () => {
  const blob = (stored: Stored, size: number) => ({
    stored,
    seconds: 0,
    descriptor: { mediaType: 'x', digest: image.root.digest, size },
  });
  const summary = (...blobs: readonly ReturnType<typeof blob>[][]) =>
    summarizePush({
      digest: image.root.digest,
      repositories: blobs.map((own) => ({ repository: 'x', references: [], blobs: own })),
    });

  it('adds up what travelled and what did not, over all repositories', () => {
    assert.equal(
      summary(
        [blob('present', 3), blob('pushed', 1000), blob('mounted', 20)],
        [blob('pushed', 500), blob('mounted', 5), blob('present', 4)],
      ),
      'pushed 1.5 kB, mounted 25 B, already there 7 B',
    );
    assert.equal(summary([blob('present', 7)]), 'already there 7 B');
    assert.equal(summary([blob('pushed', 0)]), 'pushed 0 B');
  });

  it('says where nothing had to be done', () => {
    assert.equal(summary(), 'nothing to push: the registry has this image');
    assert.equal(summary([], []), 'nothing to push: the registry has this image');
  });
});

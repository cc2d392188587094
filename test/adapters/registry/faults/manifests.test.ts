// Rows 52 to 62: manifests, tags and referrers.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseIndex } from '../../../../src/core/oci/manifest.ts';
import { encodeJson } from '../../../../src/core/oci/json.ts';
import { mediaTypes } from '../../../../src/core/oci/media-types.ts';
import type { Fault } from '../../../support/fault-proxy.ts';
import { repository, runPush } from '../../../support/fault-run.ts';
import type { PushRun, RunOptions } from '../../../support/fault-run.ts';
import { loseReply, on, reply, rewriteReply } from '../../../support/faults.ts';
import { problem } from '../../../support/registry.ts';
import { sampleImage, storeImage } from '../../../support/sample-image.ts';
import type { SampleImage } from '../../../support/sample-image.ts';

const image = sampleImage();
const index = sampleImage({ architectures: ['amd64', 'arm64'] });
const putTag = on('PUT', 'manifest', 'v1');

function manifestPuts(run: PushRun): string[] {
  return run.proxy.requests
    .filter(({ method, endpoint }) => method === 'PUT' && endpoint.kind === 'manifest')
    .map(({ endpoint }) => endpoint.name);
}

describe('order', () => {
  it('children go before the index, and the tag comes last', async () => {
    await using run = await runPush({ image: index });
    run.assertPushed();
    const puts = manifestPuts(run);
    assert.deepEqual(new Set(puts.slice(0, 2)), new Set(index.manifests.map(({ digest }) => digest)));
    assert.equal(puts.at(-1), 'v1');
    const lastBlob = run.proxy.requests.findLastIndex(({ endpoint }) => endpoint.kind === 'upload');
    const tagged = run.proxy.requests.findIndex(putTag);
    assert.ok(lastBlob < tagged);
  });

  it('an image that is there ends the push after one request', async () => {
    await using run = await runPush({
      prepare: ({ registry, image: own }) => {
        storeImage(registry.store, repository, own, 'v1');
      },
    });
    run.assertPushed();
    assert.deepEqual(
      run.proxy.requests.map(({ method, endpoint }) => `${method} ${endpoint.kind}`),
      ['HEAD manifest'],
    );
  });
});

describe('PUT of a manifest', () => {
  it('missing child: a child that is missing is pushed once more', async () => {
    const [child] = index.manifests;
    assert.ok(child);
    const lost: Fault = { when: on('PUT', 'manifest', child.digest), act: accepted(child.digest) };
    await using run = await runPush({ image: index, faults: [lost] });
    run.assertPushed('manifest-before-content');
  });

  it('missing child: 404 MANIFEST_UNKNOWN without a word about which', async () => {
    const fault: Fault = { when: putTag, act: reply(problem(404, 'MANIFEST_UNKNOWN')) };
    await using run = await runPush({ image: index, faults: [fault] });
    run.assertPushed();
  });

  it('missing blob: MANIFEST_BLOB_UNKNOWN, then well', async () => {
    const [layer] = image.layers;
    const fault: Fault = {
      when: on('PUT', 'manifest'),
      act: reply(problem(404, 'MANIFEST_BLOB_UNKNOWN', 'blob unknown', { digest: layer?.digest })),
    };
    await using run = await runPush({ faults: [fault] });
    run.assertPushed();
  });

  it('digest of a manifest: the answer names another digest', async () => {
    const digest = `sha256:${'0'.repeat(64)}`;
    const fault: Fault = {
      when: on('PUT', 'manifest'),
      times: Infinity,
      act: reply({ status: 201, headers: { 'docker-content-digest': digest, 'content-length': 0 } }),
    };
    await using run = await runPush({ faults: [fault] });
    const error = run.assertFailed('DIGEST_MISMATCH');
    assert.ok(error.message.includes(image.root.digest) && error.message.includes(digest));
    assert.equal(run.clock.sleeps.length, 0);
  });

  it('digest of a manifest: no digest in the answer', async () => {
    const fault: Fault = {
      when: on('PUT', 'manifest'),
      times: Infinity,
      act: rewriteReply(() => ({ headers: { 'docker-content-digest': undefined } })),
    };
    await using run = await runPush({ faults: [fault] });
    run.assertPushed();
  });

  it('large manifest: a manifest of 5 MiB', async () => {
    const large = sampleImage({ annotations: { note: 'x'.repeat(5 * 1024 * 1024) } });
    await using run = await runPush({ image: large });
    const error = run.assertFailed('REGISTRY_REFUSED');
    assert.match(`${error.message} ${error.hint ?? ''}`, new RegExp(String(large.root.size)));
  });

  it('lost answer to a manifest: the answer is lost', async () => {
    const fault: Fault = { when: putTag, act: loseReply() };
    await using run = await runPush({ faults: [fault] });
    run.assertPushed();
    assert.equal(manifestPuts(run).filter((name) => name === 'v1').length, 1, 'HEAD told that it is there');
  });
});

describe('tags', () => {
  it('immutable tag: an immutable tag with the same digest', async () => {
    await using run = await runPush({
      registry: { immutableTags: true },
      prepare: ({ registry, image: own }) => {
        storeImage(registry.store, repository, own, 'v1');
      },
    });
    const result = run.assertPushed();
    assert.equal(result.repositories[0]?.references[0]?.stored, 'present');
    assert.deepEqual(manifestPuts(run), []);
  });

  it('immutable tag: an immutable tag with another digest', async () => {
    await using run = await runPush({ registry: { immutableTags: true } });
    const error = run.assertFailed('REGISTRY_REFUSED');
    assert.match(error.hint ?? '', /immutable/);
    assert.equal(manifestPuts(run).filter((name) => name === 'v1').length, 1);
    assert.equal(run.clock.sleeps.length, 0);
  });

  it('immutable tag: another push was first with the same digest', async () => {
    const race: Fault = {
      when: putTag,
      act: async (exchange) => {
        await exchange.forward();
        await exchange.reply(problem(400, 'TAG_INVALID', 'The image tag already exists and is immutable.'));
      },
    };
    await using run = await runPush({ faults: [race] });
    run.assertPushed();
  });

  const references = ['v1', 'v2', 'v3'].map((tag) => `HOST/${repository}:${tag}`);

  it('tag refused: the second of three fails: which are there is said', async () => {
    const fault: Fault = {
      when: on('PUT', 'manifest', 'v2'),
      times: Infinity,
      act: reply(problem(403, 'DENIED', 'not this tag')),
    };
    await using run = await runPush({ references, faults: [fault] });
    assert.ok(run.error instanceof Error);
    assert.match(run.error.message, /v2/);
    const tags = run.registry.store.tags(repository);
    assert.equal(tags.v2, undefined);
    const said = [...run.transcript.lines].join('\n');
    for (const tag of ['v1', 'v3']) {
      const isThere = tags[tag] === image.root.digest;
      if (isThere) {
        assert.ok(said.includes(`:${tag}`) || said.includes(`"${tag}"`), `${tag} is there and was not named`);
        assert.doesNotThrow(() => run.registry.store.pull(repository, tag));
      }
    }
  });

  for (const queryTags of [0, 1, 2, 3]) {
    it(`tags in one request: ${queryTags} of three tags are taken with the manifest`, async () => {
      await using run = await runPush({ references, registry: { queryTags } });
      run.assertPushed();
      const singly = manifestPuts(run).filter((name) => !name.startsWith('sha256:'));
      assert.deepEqual(singly, ['v1', 'v2', 'v3'].slice(queryTags));
    });
  }

  it('tags in one request: the answer claims a tag that is not there', async () => {
    const claim: Fault = {
      when: (request) => on('PUT', 'manifest')(request) && request.query.includes('tag='),
      act: rewriteReply(() => ({ headers: { 'oci-tag': ['v1'] } })),
    };
    await using run = await runPush({ references, registry: { queryTags: 1 }, faults: [claim] });
    run.assertPushed();
  });
});

describe('a manifest with a subject', () => {
  const about = sampleImage({ seed: 'signature', subject: image.root, annotations: { kind: 'test' } });
  const fallback = image.root.digest.replace(':', '-');
  const attach = (options: RunOptions = {}) =>
    runPush({
      image: about,
      references: [`HOST/${repository}:sig`],
      ...options,
      prepare: async (world) => {
        storeImage(world.registry.store, repository, image, 'subject');
        await options.prepare?.(world);
      },
    });
  const listed = (run: PushRun) => {
    const stored = run.registry.store.repository(repository);
    const digest = stored.tags.get(fallback);
    const bytes = digest === undefined ? undefined : stored.manifests.get(digest)?.bytes;
    return bytes === undefined ? undefined : parseIndex(bytes, 'the fallback index').manifests;
  };

  it('a registry that lists referrers: no fallback tag', async () => {
    await using run = await attach({ registry: { referrers: true } });
    run.assertPushed();
    assert.equal(listed(run), undefined);
  });

  it('subject not kept: no OCI-Subject: the fallback tag has it, with its annotations', async () => {
    await using run = await attach();
    run.assertPushed();
    const [entry, ...others] = listed(run) ?? [];
    assert.deepEqual(others, []);
    assert.equal(entry?.digest, about.root.digest);
    assert.equal(entry.size, about.root.size);
    assert.deepEqual(entry.annotations, { kind: 'test' });
    assert.equal(entry.artifactType, mediaTypes.config);
  });

  it('subject kept without referrers: OCI-Subject, but no referrers API: the fallback tag as well', async () => {
    await using run = await attach({ registry: { subjectHeader: true, referrers: false } });
    run.assertPushed();
    assert.equal(listed(run)?.length, 1);
  });

  it('fallback tag: others are kept, and none is listed twice', async () => {
    const other = sampleImage({ seed: 'other', subject: image.root });
    const entries = [other.root, about.root].map((root) => ({ ...root, artifactType: mediaTypes.config }));
    await using run = await attach({
      prepare: ({ registry }) => {
        storeImage(registry.store, repository, other);
        storeImage(registry.store, repository, about);
        putIndex(registry.store, entries);
      },
    });
    run.assertPushed();
    assert.deepEqual(
      listed(run)?.map(({ digest }) => digest),
      [other.root.digest, about.root.digest],
    );
  });

  it('fallback tag: the fallback tag is an image: it stays, and that is an error', async () => {
    const taken = sampleImage({ seed: 'taken' });
    await using run = await attach({
      prepare: ({ registry }) => {
        storeImage(registry.store, repository, taken, fallback);
      },
    });
    assert.ok(run.error instanceof Error);
    assert.match(run.error.message, /index|referrers/);
    assert.equal(run.registry.store.tags(repository)[fallback], taken.root.digest);
  });

  it('fallback tag: 412: read again, merged, written again', async () => {
    const other = sampleImage({ seed: 'other', subject: image.root });
    await using run = await attach({
      prepare: ({ registry }) => {
        storeImage(registry.store, repository, other);
        putIndex(registry.store, []);
      },
      faults: ({ registry }) => [
        {
          when: on('PUT', 'manifest', fallback),
          act: async (exchange) => {
            putIndex(registry.store, [{ ...other.root, artifactType: mediaTypes.config }]);
            await exchange.reply(await exchange.forward());
          },
        },
      ],
    });
    run.assertPushed();
    assert.deepEqual(
      new Set(listed(run)?.map(({ digest }) => digest)),
      new Set([other.root.digest, about.root.digest]),
    );
  });

  it('fallback tag: several of one push are all listed', async () => {
    const several = sampleImage({ architectures: ['amd64', 'arm64', 'riscv64'], subject: image.root });
    await using run = await attach({ image: several });
    run.assertPushed();
    assert.deepEqual(
      new Set(listed(run)?.map(({ digest }) => digest)),
      new Set(several.manifests.map(({ digest }) => digest)),
    );
  });

  function putIndex(store: PushRun['registry']['store'], manifests: readonly object[]): void {
    const bytes = encodeJson({ schemaVersion: 2, mediaType: mediaTypes.index, manifests });
    store.addManifest(repository, mediaTypes.index, bytes, fallback);
  }
});

function accepted(digest: SampleImage['root']['digest']): Fault['act'] {
  return reply({ status: 201, headers: { 'docker-content-digest': digest, 'content-length': 0 } });
}

// A cleanup with the registry's own DELETE, as registries of different minds have it.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Descriptor } from '../../../src/core/oci/descriptor.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { encodeJson } from '../../../src/core/oci/json.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import { RegistryStore } from '../../../src/usecases/cleanup/registry-store.ts';
import { createFastClock } from '../../support/fast-clock.ts';
import type { RegistryOptions } from '../../support/registry.ts';
import { problem, startRegistry } from '../../support/registry.ts';
import { createStore } from '../../support/registry-store.ts';
import type { RegistryStore as Content } from '../../support/registry-store.ts';
import { openRepository } from '../../support/repository.ts';
import { addImage, addIndex, clean, digestsIn, repository, tagAttachedTo } from './scene.ts';
import type { CleanupOutcome } from './scene.ts';

async function cleanIn(
  content: Content,
  tags: readonly string[],
  options: Omit<RegistryOptions, 'store'>,
): Promise<CleanupOutcome & { readonly deletions: number; readonly requests: number }> {
  await using registry = await startRegistry({ store: content, ...options });
  await using opened = openRepository(`${registry.host}/${repository}`);
  const { signal } = new AbortController();
  const outcome = await clean(new RegistryStore({ ...opened, clock: createFastClock(), signal }), tags);
  registry.assertRules();
  const { length: requests } = registry.requests;
  return { ...outcome, deletions: registry.count('DELETE', /./), requests };
}

const kinds = ['digests', 'tags', 'whole', 'untagged', 'entries'] as const;

describe('a cleanup of a registry', () => {
  for (const deletes of kinds) {
    it(`takes the tag alone from a shared image where DELETE takes ${deletes}`, async () => {
      const content = createStore();
      const shared = addImage(content, 'shared', ['pr-5', 'pr-6', 'latest']);
      const { deleted } = await cleanIn(content, ['pr-5'], { deletes });
      assert.deepEqual(content.tags(repository), { 'pr-6': shared.digest, latest: shared.digest });
      assert.deepEqual(digestsIn(content), [shared.digest]);
      content.pull(repository, 'latest');
      assert.deepEqual(
        deleted.map(({ tags }) => tags),
        [['pr-5']],
      );
    });

    it(`takes an image with all that belongs to it where DELETE takes ${deletes}`, async () => {
      const content = createStore();
      const latest = addImage(content, 'latest', ['latest']);
      const arm = addImage(content, 'arm', []);
      const amd = addImage(content, 'amd', []);
      const index = addIndex(content, [amd, arm], ['pr-5']);
      const released = addIndex(content, [arm], ['v1']);
      const sbom = addImage(content, 'sbom', [], index);
      addIndex(content, [sbom], [tagAttachedTo(index)]);
      addImage(content, 'signature', [tagAttachedTo(index, '.sig')]);
      const { deletions, deleted } = await cleanIn(content, ['pr-5'], { deletes });
      assert.deepEqual(digestsIn(content), [latest, arm, released].map(({ digest }) => digest).sort());
      assert.deepEqual(Object.keys(content.tags(repository)), ['latest', 'v1']);
      content.pull(repository, 'v1');
      assert.equal(deleted.length, 5);
      assert.ok(deletions >= 5);
    });
  }

  it('finds referrers by the API that have no tag to lead to them', async () => {
    const content = createStore();
    const latest = addImage(content, 'latest', ['latest']);
    const closed = addImage(content, 'closed', ['pr-5']);
    addImage(content, 'sbom', [], closed);
    const kept = addImage(content, 'kept sbom', [], latest);
    await cleanIn(content, ['pr-5'], { deletes: 'digests', referrers: true });
    assert.deepEqual(digestsIn(content), [latest, kept].map(({ digest }) => digest).sort());
  });

  it('reads every page of the tags', async () => {
    const content = createStore();
    const shared = addImage(content, 'shared', []);
    addIndex(content, [shared], ['z']);
    for (let count = 0; count < 25; count += 1) addImage(content, String(count), [`a${count}`]);
    addIndex(content, [shared, shared], ['pr-5']);
    await cleanIn(content, ['pr-5'], { deletes: 'digests', tagsPerPage: 4 });
    content.pull(repository, 'z');
    assert.equal(Object.keys(content.tags(repository)).length, 26);
    assert.equal(digestsIn(content).length, 27);
  });

  it('takes no notice of what an index lists and the registry never had', async () => {
    const content = createStore();
    const missing = addImage(createStore(), 'missing', []);
    const amd = addImage(content, 'amd', []);
    const latest = addImage(content, 'latest', ['latest']);
    addIndex(content, [amd, missing], ['pr-5']);
    await cleanIn(content, ['pr-5'], { deletes: 'digests' });
    assert.deepEqual(digestsIn(content), [latest.digest]);
  });

  for (const [name, tags] of [
    ['an image of its own', ['pr-5']],
    ['a shared image', ['pr-5', 'latest']],
  ] as const) {
    it(`fails where nothing can be deleted and changes nothing, for ${name}`, async () => {
      const content = createStore();
      const image = addImage(content, 'image', tags);
      const before = content.tags(repository);
      await assert.rejects(cleanIn(content, ['pr-5'], { deletes: 'none' }), {
        code: 'REGISTRY_REFUSED',
        hint: /REGISTRY_STORAGE_DELETE_ENABLED=true/,
      });
      assert.deepEqual(content.tags(repository), before);
      content.pull(repository, image.digest);
    });
  }

  const unreadable: readonly (readonly [name: string, answer: ReturnType<typeof problem>, code: string])[] = [
    ['has nothing behind it', problem(404, 'MANIFEST_UNKNOWN'), 'CLEANUP_UNSAFE'],
    [
      'leads to no JSON',
      { status: 200, headers: { 'content-type': 'text/plain' }, body: 'text' },
      'CLEANUP_UNSAFE',
    ],
    ['may not be read', problem(403, 'DENIED'), 'REGISTRY_DENIED'],
    ['makes the registry fail', problem(500, 'UNKNOWN'), 'REGISTRY_UNAVAILABLE'],
  ];
  for (const [name, answer, code] of unreadable) {
    it(`deletes nothing when a tag ${name}`, async () => {
      const content = createStore();
      addImage(content, 'other', ['other']);
      addImage(content, 'closed', ['pr-5']);
      const before = content.tags(repository);
      const intercept = ({ path }: { path: string }) =>
        path.endsWith('/manifests/other') ? answer : undefined;
      await assert.rejects(cleanIn(content, ['pr-5'], { deletes: 'digests', intercept }), { code });
      assert.deepEqual(content.tags(repository), before);
    });
  }

  it('has nothing left to do the second time, nor in a repository that is not there', async () => {
    const content = createStore();
    addImage(content, 'closed', ['pr-5']);
    await cleanIn(content, ['pr-5'], { deletes: 'digests' });
    assert.deepEqual(digestsIn(content), []);
    const { deleted, skipped } = await cleanIn(content, ['pr-5'], { deletes: 'digests' });
    assert.deepEqual(deleted, []);
    assert.deepEqual(
      skipped.map(({ why }) => why),
      ['there is no such tag'],
    );
  });

  it('leaves a tag alone that moved on while it was at work', async () => {
    const content = createStore();
    const arm = addImage(content, 'arm', []);
    const amd = addImage(content, 'amd', []);
    addIndex(content, [arm, amd], ['pr-5']);
    let isPushed = false;
    const intercept = ({ method }: { method: string }) => {
      // As if the pull request had been opened again, after the first deletion.
      if (method === 'DELETE' && isPushed) return undefined;
      if (method === 'DELETE') {
        isPushed = true;
        addIndex(content, [arm], ['pr-5']);
      }
      return undefined;
    };
    await cleanIn(content, ['pr-5'], { deletes: 'digests', intercept });
    content.pull(repository, 'pr-5');
    assert.ok(!digestsIn(content).includes(amd.digest));
  });

  it('leaves what an index needs that comes back under another tag', async () => {
    const content = createStore();
    const arm = addImage(content, 'arm', []);
    const amd = addImage(content, 'amd', []);
    const index = addIndex(content, [arm, amd], ['pr-5']);
    let isDeleted = false;
    const intercept = ({ method }: { method: string }) => {
      // As a push of the same content does, which finds the two images there.
      if (method === 'GET' && isDeleted) addIndex(content, [arm, amd], ['pr-6']);
      isDeleted = method === 'DELETE' || (isDeleted && method === 'HEAD');
      return undefined;
    };
    const { skipped } = await cleanIn(content, ['pr-5'], { deletes: 'digests', intercept });
    assert.deepEqual(content.tags(repository), { 'pr-6': index.digest });
    content.pull(repository, 'pr-6');
    assert.match(skipped[0]?.why ?? '', /tag "pr-6" needs it/);
  });

  it('moves no tag back that moved on while the registry deleted more than it was told to', async () => {
    const content = createStore();
    const shared = addImage(content, 'shared', ['pr-5', 'pr-6', 'latest']);
    const newer = addImage(content, 'newer', []);
    const intercept = ({ method }: { method: string }) => {
      if (method === 'DELETE') content.repository(repository).tags.set('latest', newer.digest);
      return undefined;
    };
    await cleanIn(content, ['pr-5'], { deletes: 'whole', intercept });
    assert.deepEqual(content.tags(repository), { 'pr-6': shared.digest, latest: newer.digest });
  });

  it('takes no tag that moved on where tags must go before a manifest', async () => {
    const content = createStore();
    addImage(content, 'latest', ['latest']);
    addImage(content, 'closed', ['pr-5']);
    const newer = addImage(content, 'newer', []);
    let isPushed = false;
    const intercept = ({ method }: { method: string }) => {
      if (method !== 'DELETE' || isPushed) return undefined;
      // The refusal of the first deletion comes before this is known.
      isPushed = true;
      content.repository(repository).tags.set('pr-5', newer.digest);
      return problem(409, 'DENIED');
    };
    await cleanIn(content, ['pr-5'], { deletes: 'untagged', intercept });
    assert.equal(content.tags(repository)['pr-5'], newer.digest);
  });

  for (const isShown of [true, false]) {
    it(`says that a manifest is deleted when it ${isShown ? 'shows to be gone' : 'never does, and not'}`, async () => {
      const content = createStore();
      addImage(content, 'latest', ['latest']);
      const child = addImage(content, 'child', []);
      const closed = addIndex(content, [child], ['pr-5']);
      let looks = 0;
      const intercept = ({ method, path }: { method: string; path: string }) => {
        if (method === 'DELETE' && !isShown) return { status: 202 };
        // A replica that lags behind.
        const isLate = method === 'HEAD' && path.endsWith(closed.digest) && (looks += 1) < 3;
        return isLate ? { status: 200, headers: headersOf(closed) } : undefined;
      };
      const { deleted, skipped, warnings } = await cleanIn(content, ['pr-5'], {
        deletes: 'digests',
        intercept,
      });
      assert.deepEqual(
        deleted.map(({ digest }) => digest),
        isShown ? [closed.digest, child.digest] : [],
      );
      assert.equal(warnings.length, isShown ? 0 : 1);
      if (!isShown) assert.match(skipped[0]?.why ?? '', /said that it is deleted, and still has it/);
      assert.equal(digestsIn(content).length, isShown ? 1 : 3);
    });
  }

  it('says which tag a registry keeps that deletes by digest alone, and leaves what the tag needs', async () => {
    const content = createStore();
    addImage(content, 'latest', ['latest']);
    const child = addImage(content, 'child', []);
    const closed = addIndex(content, [child], ['pr-5', 'pr-5-arm']);
    const intercept = ({ method, path }: { method: string; path: string }) =>
      method === 'DELETE' && path.endsWith('/pr-5') ? problem(405, 'UNSUPPORTED') : undefined;
    const { deleted, skipped, warnings } = await cleanIn(content, ['pr-5', 'pr-5-arm'], {
      deletes: 'entries',
      intercept,
    });
    assert.deepEqual(deleted, []);
    assert.equal(warnings.length, 1);
    const why = 'the registry deleted it by its digest, and still has the tag "pr-5"';
    const name = skipped[0]?.name ?? '';
    assert.deepEqual(skipped[0], { name, digest: closed.digest, tags: ['pr-5', 'pr-5-arm'], why });
    assert.deepEqual(Object.keys(content.tags(repository)), ['latest', 'pr-5']);
    assert.ok(digestsIn(content).includes(child.digest));
  });

  it('says so of a tag that was to go alone', async () => {
    const content = createStore();
    const shared = addImage(content, 'shared', ['pr-5', 'latest']);
    const intercept = ({ method, path }: { method: string; path: string }) =>
      method === 'DELETE' && path.endsWith('/pr-5') ? problem(405, 'UNSUPPORTED') : undefined;
    const { deleted, skipped } = await cleanIn(content, ['pr-5'], { deletes: 'entries', intercept });
    assert.deepEqual(deleted, []);
    assert.match(skipped[0]?.why ?? '', /still has the tag "pr-5"/);
    content.pull(repository, shared.digest);
    content.pull(repository, 'latest');
  });

  it('takes a tag that an earlier deletion by digest has left', async () => {
    const content = createStore();
    addImage(content, 'latest', ['latest']);
    const closed = addImage(content, 'closed', ['pr-5']);
    const intercept = ({ path }: { path: string }) =>
      path.endsWith(closed.digest) ? problem(404, 'MANIFEST_UNKNOWN') : undefined;
    const { deleted } = await cleanIn(content, ['pr-5'], { deletes: 'entries', intercept });
    assert.deepEqual(
      deleted.map(({ tags }) => tags),
      [['pr-5']],
    );
    assert.deepEqual(Object.keys(content.tags(repository)), ['latest']);
  });

  it('deletes nothing when the list of tags lacks one that is there', async () => {
    const content = createStore();
    const shared = addImage(content, 'shared', []);
    addIndex(content, [shared], ['pr-5']);
    addIndex(content, [shared, shared], ['v1']);
    const before = digestsIn(content);
    const body = JSON.stringify({ name: repository, tags: ['main'] });
    const intercept = ({ path }: { path: string }) =>
      path.endsWith('/tags/list')
        ? { status: 200, headers: { 'content-type': 'application/json' }, body }
        : undefined;
    await assert.rejects(cleanIn(content, ['pr-5'], { deletes: 'digests', intercept }), {
      code: 'CLEANUP_UNSAFE',
      message: /has the tag "pr-5", and its list lacks it/,
      hint: /not every tag is known/,
    });
    assert.deepEqual(digestsIn(content), before);
  });

  it('takes the tag alone from an image of main, and leaves all of its other tags', async () => {
    for (const deletes of kinds) {
      const content = createStore();
      const main = addImage(content, 'main', ['pr-5', 'v1', 'stable'], undefined, null);
      const listed = addIndex(content, [main], ['pr-5-all'], null);
      const { skipped } = await cleanIn(content, ['pr-5', 'pr-5-all'], { deletes });
      assert.deepEqual(content.tags(repository), { stable: main.digest, v1: main.digest });
      assert.deepEqual(digestsIn(content), [main, listed].map(({ digest }) => digest).sort());
      for (const { why } of skipped)
        assert.match(why ?? '', /nothing shows that the pull request brought it/);
    }
  });

  it('is not kept from its work by a foreign field of another image', async () => {
    const content = createStore();
    addImage(content, 'closed', ['pr-5']);
    const empty = {
      mediaType: 'application/vnd.oci.empty.v1+json',
      digest: digestOf(Buffer.from('{}')),
      size: 2,
    };
    const foreign = {
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config: empty,
      layers: [],
      manifests: 'none',
    };
    content.addManifest(repository, mediaTypes.manifest, encodeJson(foreign), 'foreign');
    await cleanIn(content, ['pr-5'], { deletes: 'digests' });
    assert.deepEqual(Object.keys(content.tags(repository)), ['foreign']);
  });

  it("asks for each tag once, and for few when nothing is the pull request's", async () => {
    const count = 300;
    const content = createStore();
    for (let at = 0; at < count; at += 1) addImage(content, String(at), [`t${at}`], undefined, null);
    const main = addImage(content, 'main', ['pr-6'], undefined, null);
    const arm = addImage(content, 'arm', []);
    addIndex(content, [main, arm], ['pr-5']);
    // A step more asks for some pages of the list and for what it is about, whatever number of tags there is.
    const pages = Math.ceil(count / 100);
    const alone = await cleanIn(content, ['pr-6'], { deletes: 'digests' });
    assert.ok(alone.requests <= 20 + 2 * pages, `${alone.requests} requests`);
    const { deletions, requests } = await cleanIn(content, ['pr-5'], { deletes: 'digests' });
    assert.equal(deletions, 2);
    assert.ok(requests <= count + 20 + 3 * pages, `${requests} requests for ${count} tags`);
  });
});

function headersOf({ digest, mediaType, size }: Descriptor) {
  return { 'docker-content-digest': digest, 'content-type': mediaType, 'content-length': size };
}

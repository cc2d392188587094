// A cleanup where GitHub's API deletes and the registry doesn't: both on loopback, over the same content.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { withGithub } from '../../../src/action/github.ts';
import { PackageStore } from '../../../src/usecases/cleanup/package-store.ts';
import type { ImageStore } from '../../../src/usecases/cleanup/store.ts';
import { openPackage } from '../../../src/adapters/github/packages.ts';
import type { ContainerPackage } from '../../../src/adapters/github/packages.ts';
import { BimaError } from '../../../src/core/errors.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { silentReporter } from '../../../src/core/reporter.ts';
import { createFastClock } from '../../support/fast-clock.ts';
import { createPackages } from '../../support/github/packages.ts';
import type { Packages, PackagesOptions } from '../../support/github/packages.ts';
import { defaultToken, problem as githubProblem, startGithub } from '../../support/github/server.ts';
import type { GithubServer } from '../../support/github/server.ts';
import { problem, startRegistry } from '../../support/registry.ts';
import type { Registry, RegistryOptions } from '../../support/registry.ts';
import { createStore } from '../../support/registry-store.ts';
import type { RegistryStore } from '../../support/registry-store.ts';
import { openRepository } from '../../support/repository.ts';
import { addImage, addIndex, clean, digestsIn, mine, repository, tagAttachedTo } from './scene.ts';

interface Ghcr {
  readonly content: RegistryStore;
  readonly registry: Registry;
  readonly github: GithubServer;
  readonly packages: Packages;
  readonly use: <T>(
    body: (store: ImageStore) => Promise<T>,
    change?: (found: ContainerPackage) => ContainerPackage,
  ) => Promise<T>;
}

interface GhcrOptions extends Partial<PackagesOptions> {
  readonly intercept?: RegistryOptions['intercept'];
}

async function startGhcr(
  test: TestContext,
  content: RegistryStore,
  options: GhcrOptions = {},
): Promise<Ghcr> {
  const { intercept, ...more } = options;
  const packages = createPackages({ owner: 'owner', kind: 'orgs', name: 'app', store: content, ...more });
  const others = createPackages({
    owner: 'other',
    kind: more.kind === 'users' ? 'orgs' : 'users',
    name: 'other',
  });
  const github = await startGithub(test, { routes: [...packages.routes, ...others.routes] });
  const registry = await startRegistry({ store: content, ...(intercept === undefined ? {} : { intercept }) });
  test.after(() => registry.close());
  return {
    content,
    registry,
    github,
    packages,
    async use(body, change = (found) => found) {
      const clock = createFastClock();
      const { signal } = test;
      const access = {
        token: defaultToken,
        environment: github.environment,
        reporter: silentReporter,
        signal,
        clock,
      };
      await using opened = openRepository(`${registry.host}/owner/${more.name ?? 'app'}`);
      return await withGithub(access, async (client) => {
        const found = await openPackage(client, 'owner', more.name ?? 'app');
        assert.ok(found);
        return body(new PackageStore({ package: change(found), ...opened, clock, signal }));
      });
    },
  };
}

describe('a cleanup of a package', () => {
  it('takes the tag alone from an image that two pull requests share', async (test) => {
    const content = createStore();
    const shared = addImage(content, 'shared', ['pr-5', 'pr-6']);
    const ghcr = await startGhcr(test, content);
    const { deleted, skipped } = await ghcr.use((store) => clean(store, ['pr-5']));
    assert.deepEqual(content.tags(repository), { 'pr-6': shared.digest });
    assert.deepEqual(digestsIn(content), [shared.digest]);
    content.pull(repository, 'pr-6');
    assert.deepEqual(
      deleted.map(({ digest, tags }) => ({ digest, tags })),
      [{ digest: shared.digest, tags: ['pr-5'] }],
    );
    assert.match(skipped[0]?.why ?? '', /tag "pr-6" needs it/);
    assert.equal(ghcr.registry.count('DELETE', /./), 0);
    ghcr.registry.assertRules();
  });

  it('takes an image with all that belongs to it, and nothing else', async (test) => {
    const content = createStore();
    const latest = addImage(content, 'latest', ['latest']);
    const arm = addImage(content, 'arm', []);
    const closed = addImage(content, 'closed', []);
    const index = addIndex(content, [closed, arm], ['pr-5']);
    const released = addIndex(content, [arm, latest], ['v1']);
    const sbom = addImage(content, 'sbom', [], index);
    addIndex(content, [sbom], [tagAttachedTo(index)]);
    addImage(content, 'signature', [tagAttachedTo(index, '.sig')]);
    const kept = addImage(content, 'kept signature', [tagAttachedTo(released, '.sig')]);
    const untagged = addImage(content, 'known by its digest', []);
    const ghcr = await startGhcr(test, content);
    const { deleted, skipped } = await ghcr.use((store) => clean(store, ['pr-5']));
    assert.deepEqual(
      digestsIn(content),
      [latest, arm, released, kept, untagged].map(({ digest }) => digest).sort(),
    );
    for (const tag of ['latest', 'v1', tagAttachedTo(released, '.sig')]) content.pull(repository, tag);
    assert.equal(deleted.length, 5);
    assert.equal(deleted[0]?.digest, index.digest);
    assert.deepEqual(
      skipped.map(({ digest, why }) => [digest, why]),
      [[arm.digest, 'tag "v1" needs it']],
    );
    assert.equal(ghcr.registry.count('DELETE', /./), 0);
  });

  for (const kind of ['orgs', 'users'] as const) {
    it(`finds what needs something on the last of many pages, for ${kind}`, async (test) => {
      const content = createStore();
      const shared = addImage(content, 'shared', []);
      addIndex(content, [shared], ['v1']);
      for (let count = 0; count < 210; count += 1) addImage(content, `${count}`, [`t${count}`]);
      const closed = addIndex(content, [shared, shared], ['pr-5']);
      const ghcr = await startGhcr(test, content, { kind });
      await ghcr.use((store) => clean(store, ['pr-5']));
      content.pull(repository, 'v1');
      assert.ok(!digestsIn(content).includes(closed.digest));
      assert.equal(digestsIn(content).length, 212);
    });
  }

  it('writes slashes in the name of the package as GitHub wants them', async (test) => {
    const content = createStore();
    content.addManifest(
      'owner/group/app',
      'application/vnd.oci.image.index.v1+json',
      Buffer.from('{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}'),
      'pr-5',
    );
    content.addManifest(
      'owner/group/app',
      'application/vnd.oci.image.index.v1+json',
      Buffer.from(
        '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[] }',
      ),
      'v1',
    );
    const ghcr = await startGhcr(test, content, { name: 'group/app' });
    await ghcr.use((store) => clean(store, ['pr-5']));
    assert.deepEqual(Object.keys(content.tags('owner/group/app')), ['v1']);
    assert.ok(ghcr.github.calls.every((call) => call.includes('/container/group%2Fapp')));
  });

  it('does nothing when asked what it would do', async (test) => {
    const content = createStore();
    addImage(content, 'latest', ['latest']);
    const closed = addImage(content, 'closed', ['pr-5']);
    const before = digestsIn(content);
    const ghcr = await startGhcr(test, content);
    const { deleted, lines } = await ghcr.use((store) => clean(store, ['pr-5'], { dryRun: true }));
    assert.deepEqual(digestsIn(content), before);
    assert.deepEqual(
      deleted.map(({ digest }) => digest),
      [closed.digest],
    );
    assert.match(lines.join('\n'), /^would delete .*pr-5/);
    assert.ok(ghcr.github.calls.every((call) => call.startsWith('GET ')));
    assert.equal(ghcr.registry.count('PUT', /./), 0);
  });

  it('has nothing left to do the second time', async (test) => {
    const content = createStore();
    addImage(content, 'latest', ['latest']);
    addImage(content, 'closed', ['pr-5']);
    const ghcr = await startGhcr(test, content);
    await ghcr.use((store) => clean(store, ['pr-5']));
    const after = digestsIn(content);
    const { deleted, skipped, warnings } = await ghcr.use((store) => clean(store, ['pr-5']));
    assert.deepEqual([deleted, warnings], [[], []]);
    assert.deepEqual(skipped, [
      { name: `${ghcr.registry.host}/${repository}`, tags: ['pr-5'], why: 'there is no such tag' },
    ]);
    assert.deepEqual(digestsIn(content), after);
  });

  const unreadable: readonly (readonly [name: string, answer: ReturnType<typeof problem>])[] = [
    ['is missing in the registry', problem(404, 'MANIFEST_UNKNOWN')],
    ['is no JSON', { status: 200, body: 'text' }],
    ['is refused', problem(403, 'DENIED')],
    ['makes the registry fail', problem(500, 'UNKNOWN')],
  ];
  for (const [name, answer] of unreadable) {
    it(`deletes nothing when a manifest ${name}`, async (test) => {
      const content = createStore();
      const other = addImage(content, 'other', ['other']);
      addImage(content, 'closed', ['pr-5']);
      const before = digestsIn(content);
      const ghcr = await startGhcr(test, content, {
        intercept: ({ path }) => (path.endsWith(other.digest) ? answer : undefined),
      });
      await assert.rejects(
        ghcr.use((store) => clean(store, ['pr-5'])),
        (error: Error & { code?: string }) => {
          assert.ok(
            ['CLEANUP_UNSAFE', 'REGISTRY_DENIED', 'REGISTRY_UNAVAILABLE'].includes(error.code ?? ''),
            String(error),
          );
          return true;
        },
      );
      assert.deepEqual(digestsIn(content), before);
      assert.ok(ghcr.github.calls.every((call) => call.startsWith('GET ')));
    });
  }

  it('gets over a version that somebody else deletes while the list is read', async (test) => {
    const content = createStore();
    const other = addImage(content, 'other', ['other']);
    addImage(content, 'latest', ['latest']);
    addImage(content, 'closed', ['pr-5']);
    const ghcr = await startGhcr(test, content, {
      intercept({ path }) {
        if (path.endsWith(other.digest)) content.repository(repository).manifests.delete(other.digest);
        return undefined;
      },
    });
    await ghcr.use((store) => clean(store, ['pr-5']));
    assert.deepEqual(Object.keys(content.tags(repository)), ['latest', 'other']);
  });

  it('leaves the last tagged version, and says so', async (test) => {
    const content = createStore();
    const arm = addImage(content, 'arm', []);
    const index = addIndex(content, [arm], ['pr-5']);
    const ghcr = await startGhcr(test, content);
    const { deleted, skipped, warnings } = await ghcr.use((store) => clean(store, ['pr-5']));
    assert.deepEqual(deleted, []);
    assert.deepEqual(digestsIn(content), [arm, index].map(({ digest }) => digest).sort());
    assert.deepEqual(
      skipped.map(({ digest }) => digest),
      [index.digest, arm.digest],
    );
    assert.match(skipped[0]?.why ?? '', /last tagged version/);
    assert.equal(warnings[0]?.code, 'CLEANUP_SKIPPED');
  });

  it('leaves what was downloaded too often, with all that it needs, and takes the rest', async (test) => {
    const content = createStore();
    addImage(content, 'latest', ['latest']);
    const arm = addImage(content, 'arm', []);
    const index = addIndex(content, [arm], ['pr-5']);
    const sbom = addImage(content, 'sbom', [], index);
    const other = addImage(content, 'other', ['pr-5-other']);
    const ghcr = await startGhcr(test, content, { popular: [index.digest] });
    const { skipped } = await ghcr.use((store) => clean(store, ['pr-5', 'pr-5-other']));
    content.pull(repository, 'pr-5');
    assert.ok(digestsIn(content).includes(sbom.digest));
    assert.ok(!digestsIn(content).includes(other.digest));
    assert.match(skipped[0]?.why ?? '', /5000 downloads/);
  });

  it('leaves what gets another tag in the last moment', async (test) => {
    const content = createStore();
    addImage(content, 'latest', ['latest']);
    const arm = addImage(content, 'arm', []);
    const index = addIndex(content, [arm], ['pr-5']);
    const ghcr = await startGhcr(test, content);
    const { skipped } = await ghcr.use(
      (store) => clean(store, ['pr-5']),
      (found) => ({
        ...found,
        version(id) {
          content.repository(repository).tags.set('v2', index.digest);
          return found.version(id);
        },
      }),
    );
    content.pull(repository, 'v2');
    assert.match(skipped[0]?.why ?? '', /"v2" meanwhile/);
    assert.ok(digestsIn(content).includes(arm.digest));
    assert.deepEqual(Object.keys(content.tags(repository)), ['latest', 'pr-5', 'v2']);
  });

  it('leaves what somebody lists anew while it works', async (test) => {
    const content = createStore();
    addImage(content, 'latest', ['latest']);
    const arm = addImage(content, 'arm', []);
    const amd = addImage(content, 'amd', []);
    addIndex(content, [arm, amd], ['pr-5']);
    const ghcr = await startGhcr(test, content);
    ghcr.packages.onDelete = () => {
      addIndex(content, [arm], ['pr-7']);
    };
    await ghcr.use((store) => clean(store, ['pr-5']));
    content.pull(repository, 'pr-7');
    assert.ok(!digestsIn(content).includes(amd.digest));
  });

  it('leaves what an index needs that comes back under another tag', async (test) => {
    const content = createStore();
    addImage(content, 'latest', ['latest']);
    const arm = addImage(content, 'arm', []);
    const amd = addImage(content, 'amd', []);
    const index = addIndex(content, [arm, amd], ['pr-5']);
    const ghcr = await startGhcr(test, content);
    const { skipped } = await ghcr.use(
      (store) => clean(store, ['pr-5']),
      (found) => ({
        ...found,
        async deleteVersion(id) {
          const deletion = await found.deleteVersion(id);
          // As a push of the same content does, which finds the two images there.
          addIndex(content, [arm, amd], ['pr-6']);
          return deletion;
        },
      }),
    );
    content.pull(repository, 'pr-6');
    assert.equal(content.tags(repository)['pr-6'], index.digest);
    assert.match(skipped[0]?.why ?? '', /tag "pr-6" needs it/);
  });

  it('takes it as done when somebody else was faster', async (test) => {
    const content = createStore();
    addImage(content, 'latest', ['latest']);
    addImage(content, 'other', ['other']);
    const closed = addImage(content, 'closed', ['pr-5']);
    const ghcr = await startGhcr(test, content);
    ghcr.packages.onDelete = () => {
      content.repository(repository).manifests.delete(closed.digest);
      content.repository(repository).tags.delete('pr-5');
    };
    const { deleted, warnings } = await ghcr.use((store) => clean(store, ['pr-5']));
    assert.deepEqual([deleted, warnings], [[], []]);
  });

  for (const status of [403, 404]) {
    it(`fails when the token may not delete (${status}), and names the role`, async (test) => {
      const content = createStore();
      addImage(content, 'latest', ['latest']);
      addImage(content, 'closed', ['pr-5']);
      const before = digestsIn(content);
      const ghcr = await startGhcr(test, content);
      ghcr.github.addFault({
        method: 'DELETE',
        path: '/versions/',
        reply: githubProblem(status, 'Package not found.'),
      });
      await assert.rejects(
        ghcr.use((store) => clean(store, ['pr-5'])),
        {
          code: status === 403 ? 'GITHUB_DENIED' : 'GITHUB_NOT_FOUND',
          hint: /Admin role/,
        },
      );
      assert.deepEqual(digestsIn(content), before);
    });
  }

  it('waits for the throw-away manifest to show up', async (test) => {
    const content = createStore();
    const shared = addImage(content, 'shared', ['pr-5', 'latest']);
    const ghcr = await startGhcr(test, content, { lag: 3 });
    await ghcr.use((store) => clean(store, ['pr-5']));
    assert.deepEqual(content.tags(repository), { latest: shared.digest });
    assert.deepEqual(digestsIn(content), [shared.digest]);
  });

  it('leaves the throw-away manifest to the next run when it never shows up', async (test) => {
    const content = createStore();
    const shared = addImage(content, 'shared', ['pr-5', 'latest']);
    const ghcr = await startGhcr(test, content, { lag: 50 });
    const { skipped } = await ghcr.use((store) => clean(store, ['pr-5']));
    assert.match(skipped[0]?.why ?? '', /run the job again/);
    assert.equal(content.tags(repository).latest, shared.digest);
    const again = await startGhcr(test, content);
    await again.use((store) => clean(store, ['pr-5']));
    assert.deepEqual(content.tags(repository), { latest: shared.digest });
    assert.deepEqual(digestsIn(content), [shared.digest]);
  });

  it('stops between two steps', async (test) => {
    const content = createStore();
    addImage(content, 'latest', ['latest']);
    const arm = addImage(content, 'arm', []);
    addIndex(content, [arm], ['pr-5']);
    const ghcr = await startGhcr(test, content);
    const abort = new AbortController();
    ghcr.packages.onDelete = () => {
      abort.abort();
    };
    await assert.rejects(ghcr.use((store) => clean(store, ['pr-5'], { signal: abort.signal })));
    assert.ok(digestsIn(content).includes(arm.digest));
    assert.deepEqual(Object.keys(content.tags(repository)), ['latest']);
  });

  it('knows no package where there is none', async (test) => {
    const ghcr = await startGhcr(test, createStore());
    const clock = createFastClock();
    const access = {
      token: defaultToken,
      environment: ghcr.github.environment,
      reporter: silentReporter,
      signal: test.signal,
      clock,
    };
    assert.equal(await withGithub(access, (client) => openPackage(client, 'owner', 'app')), undefined);
  });

  it('says deleted only of what GitHub does not show any more', async (test) => {
    const content = createStore();
    addImage(content, 'latest', ['latest']);
    const child = addImage(content, 'child', []);
    const closed = addIndex(content, [child], ['pr-5']);
    const ghcr = await startGhcr(test, content);
    const { deleted, skipped, warnings } = await ghcr.use(
      (store) => clean(store, ['pr-5']),
      (found) => ({ ...found, deleteVersion: () => Promise.resolve({ outcome: 'deleted' }) }),
    );
    assert.deepEqual(deleted, []);
    assert.deepEqual(
      skipped.map(({ digest }) => digest),
      [closed.digest, child.digest],
    );
    assert.match(skipped[0]?.why ?? '', /said that it is deleted, and still has it/);
    assert.equal(warnings[0]?.code, 'CLEANUP_SKIPPED');
  });

  it('deletes nothing older than the pull request, and nothing whose age is not known', async (test) => {
    const content = createStore();
    addImage(content, 'latest', ['latest']);
    const own = addImage(content, 'own', []);
    const older = addImage(content, 'older', []);
    const ageless = addImage(content, 'ageless', []);
    addIndex(content, [own, older, ageless], ['pr-5']);
    const pushed = new Map([
      [older.digest, '2024-05-01T09:59:59Z'],
      [ageless.digest, 'yesterday'],
    ]);
    const ghcr = await startGhcr(test, content);
    const { skipped } = await ghcr.use(
      (store) => clean(store, ['pr-5']),
      (found) => ({
        ...found,
        versions: async () =>
          (await found.versions()).map((version) => {
            const date = [...pushed].find(([digest]) => digest === version.name)?.[1];
            return date === undefined ? version : { ...version, pushed: Date.parse(date) };
          }),
      }),
    );
    assert.ok(!digestsIn(content).includes(own.digest));
    for (const { digest } of [older, ageless]) assert.ok(digestsIn(content).includes(digest));
    const whys = new Map(skipped.map(({ digest, why }) => [digest, why]));
    assert.equal(whys.get(older.digest), 'it is older than the pull request');
    assert.equal(whys.get(ageless.digest), 'nobody knows if it is older than the pull request');
    assert.equal(skipped.length, 2);
  });

  it('takes only the tag where nobody knows when the pull request was opened', async (test) => {
    const content = createStore();
    const closed = addImage(content, 'closed', ['pr-5']);
    addImage(content, 'latest', ['latest']);
    const ghcr = await startGhcr(test, content);
    await ghcr.use((store) => clean(store, ['pr-5'], { previews: new Map([[mine, undefined]]) }));
    assert.deepEqual(Object.keys(content.tags(repository)), ['latest']);
    assert.ok(digestsIn(content).includes(closed.digest));
  });

  it('reads no manifest when there is no such tag', async (test) => {
    const content = createStore();
    for (let count = 0; count < 40; count += 1) addImage(content, `${count}`, [`t${count}`]);
    const ghcr = await startGhcr(test, content);
    await ghcr.use((store) => clean(store, ['pr-5']));
    assert.equal(ghcr.registry.count('GET', /manifests/), 0);
  });
});

describe('the list of the versions of a package', () => {
  /** One version for each number. */
  const versionsOf = (numbers: readonly number[]) =>
    numbers.map((id) => ({ id, name: digestOf(Buffer.from(`${id}`)), tags: [], pushed: 0 }));
  const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

  /** Reads it from answers of which the last one stays; gives how often it was asked for. */
  async function countListings(answers: readonly (readonly number[])[]): Promise<number> {
    let count = 0;
    const versions = () => Promise.resolve(versionsOf(answers[Math.min(count++, answers.length - 1)] ?? []));
    const never = () => Promise.reject(new Error('nothing is to be deleted'));
    await using opened = openRepository('localhost:1/owner/app');
    const store = new PackageStore({
      package: { versions, version: never, deleteVersion: never },
      ...opened,
      clock: createFastClock(),
      signal: new AbortController().signal,
    });
    await store.read(new Set(['pr-5'])).catch((error: unknown) => {
      throw new Error(`after ${count}`, { cause: error });
    });
    return count;
  }

  const rows: [name: string, answers: (readonly number[])[], listings: number][] = [
    ['once when it is one page', [range(0, 30)], 1],
    ['twice when it has several', [range(0, 31)], 2],
    ['until it stays when something is new', [range(0, 31), range(0, 32)], 3],
    ['until it stays when something is gone', [range(0, 33), range(0, 32)], 3],
    ['until it stays when something took the place of something', [range(0, 31), range(1, 32)], 3],
    ['five times more at most', [0, 1, 2, 3, 4].map((start) => range(start, start + 31)), 6],
  ];
  for (const [name, answers, listings] of rows) {
    it(`is read ${name}`, async () => {
      assert.equal(await countListings(answers), listings);
    });
  }

  it('is not believed when it changes all the time', async () => {
    const answers = range(0, 100).map((start) => range(start, start + 31));
    await assert.rejects(countListings(answers), (error) => {
      assert.ok(error instanceof Error && error.cause instanceof BimaError);
      assert.deepEqual([error.message, error.cause.code], ['after 6', 'CLEANUP_UNSAFE']);
      assert.match(error.cause.message, /changes all the time/);
      return true;
    });
  });
});

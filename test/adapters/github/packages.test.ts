// Versions of a package, of an organization and of a user: listed, read and deleted, and what GitHub refuses.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { withGithub } from '../../../src/action/github.ts';
import { openPackage } from '../../../src/adapters/github/packages.ts';
import type { ContainerPackage } from '../../../src/adapters/github/packages.ts';
import { createPackages } from '../../support/github/packages.ts';
import { notFound, problem } from '../../support/github/server.ts';
import { startSession } from '../../support/github/session.ts';
import { createStore } from '../../support/registry-store.ts';
import { sampleImage, storeImage } from '../../support/sample-image.ts';

const other = { orgs: 'users', users: 'orgs' } as const;

async function start(test: TestContext, kind: 'orgs' | 'users', count = 3) {
  const store = createStore();
  const images = Array.from({ length: count }, (_, at) => sampleImage({ seed: `${at}`, layers: [10] }));
  for (const [at, image] of images.entries()) storeImage(store, 'own/group/app', image, `tag-${at}`);
  const packages = createPackages({
    owner: 'own',
    kind,
    name: 'group/app',
    store,
    date: '2024-05-01T12:00:00Z',
  });
  const absent = createPackages({ owner: 'nobody', kind: other[kind], name: 'nothing' });
  const { access, server } = await startSession(test, { routes: [...packages.routes, ...absent.routes] });
  const use = <T>(body: (found: ContainerPackage | undefined) => Promise<T>, name = 'group/app') =>
    withGithub(access, async (github) => body(await openPackage(github, 'own', name)));
  return { server, store, images, use, packages };
}

function mustHave(found: ContainerPackage | undefined): ContainerPackage {
  return found ?? assert.fail('no package');
}

for (const kind of ['orgs', 'users'] as const) {
  describe(`a package of ${kind}`, () => {
    it('has all of its versions, with tags and dates', async (test) => {
      const { use, images, server } = await start(test, kind, 130);
      const versions = await use((found) => mustHave(found).versions());
      assert.deepEqual(
        versions.map(({ name, tags, pushed }) => ({ name, tags, pushed })).toReversed(),
        images.map(({ root }, at) => {
          return { name: root.digest, tags: [`tag-${at}`], pushed: Date.parse('2024-05-01T12:00:00Z') };
        }),
      );
      const lists = server.calls.filter((call) => call.includes('/versions?'));
      assert.equal(lists.length, 2);
      assert.ok(lists.every((call) => call.startsWith(`GET /${kind}/own/`) && call.includes('per_page=100')));
    });

    it('has each version by its number, and none that is gone', async (test) => {
      const { use, packages } = await start(test, kind);
      const [first] = packages.versions();
      await use(async (found) => {
        const read = await mustHave(found).version(first?.id ?? 0);
        assert.deepEqual([read?.name, read?.tags], [first?.digest, first?.tags]);
        assert.equal(await mustHave(found).version(5), undefined);
      });
    });

    it('loses the version that is deleted', async (test) => {
      const { use, packages, server } = await start(test, kind);
      const [first] = packages.versions();
      const id = first?.id ?? 0;
      await use(async (found) => {
        assert.deepEqual(await mustHave(found).deleteVersion(id), { outcome: 'deleted' });
        assert.deepEqual(await mustHave(found).deleteVersion(id), { outcome: 'gone' });
      });
      assert.equal(packages.versions().length, 2);
      const deletions = server.calls.filter((call) => call.startsWith('DELETE'));
      assert.deepEqual(
        deletions,
        Array(2).fill(`DELETE /${kind}/own/packages/container/group%2Fapp/versions/${id}`),
      );
    });

    it('keeps what GitHub deletes for nobody, and says why', async (test) => {
      const { use, packages, server } = await start(test, kind, 1);
      const id = packages.versions()[0]?.id ?? 0;
      await use(async (found) => {
        assert.deepEqual(await mustHave(found).deleteVersion(id), {
          outcome: 'refused',
          why: 'GitHub keeps the last tagged version of a package; delete the package itself, in its settings',
        });
        for (const message of [
          'the last version of a package',
          'x with more than 5,000 downloads',
          '5000 Downloads x',
        ]) {
          server.addFault({ method: 'DELETE', path: '/versions/', reply: problem(400, message) });
          const { outcome, ...more } = await mustHave(found).deleteVersion(id);
          const why = message.includes('000')
            ? 'GitHub deletes no public version with more than 5000 downloads; its support can'
            : 'GitHub keeps the last tagged version of a package; delete the package itself, in its settings';
          assert.deepEqual([outcome, more], ['refused', { why }]);
        }
      });
    });

    it('is not ours where GitHub says no', async (test) => {
      const { use, packages, server } = await start(test, kind);
      const id = packages.versions()[0]?.id ?? 0;
      await use(async (found) => {
        for (const reply of [problem(403, 'no'), notFound(), problem(400, 'blast version of a packages')]) {
          server.addFault({ method: 'DELETE', path: '/versions/', reply });
          await assert.rejects(mustHave(found).deleteVersion(id), { status: reply.status });
        }
        const hidden = problem(404, 'the last version of a package');
        server.addFault({ method: 'DELETE', path: '/versions/', reply: hidden });
        await assert.rejects(mustHave(found).deleteVersion(id), { status: 404 });
        server.addFault({ method: 'GET', path: '/versions/', reply: problem(403, 'no') });
        await assert.rejects(mustHave(found).version(id), { status: 403 });
      });
    });
  });
}

describe('a package', () => {
  it('is looked for at both kinds of owners, and may be nowhere', async (test) => {
    const { use, server } = await start(test, 'users');
    assert.equal(await use((found) => Promise.resolve(found), 'nothing'), undefined);
    assert.deepEqual(server.calls, [
      'GET /orgs/own/packages/container/nothing',
      'GET /users/own/packages/container/nothing',
    ]);
  });

  it('is not taken for gone where GitHub fails', async (test) => {
    for (const path of ['/orgs/', '/users/']) {
      const { use, server } = await start(test, 'users');
      server.addFault({ method: 'GET', path, reply: problem(403, 'no') });
      await assert.rejects(
        use((found) => Promise.resolve(found)),
        { code: 'GITHUB_DENIED' },
      );
    }
  });

  it('has versions that GitHub says little of', async (test) => {
    const { use, server } = await start(test, 'orgs');
    const reply = {
      status: 200,
      body: [
        { id: 7, name: 'sha256:x' },
        { id: 8, name: 'y', metadata: {} },
      ],
    };
    server.addFault({ method: 'GET', path: '/versions', reply });
    const versions = await use((found) => mustHave(found).versions());
    assert.deepEqual(versions, [
      { id: 7, name: 'sha256:x', tags: [], pushed: NaN },
      { id: 8, name: 'y', tags: [], pushed: NaN },
    ]);
  });
});

// Files on a release, with GitHub's API on loopback: what is there in the end, and at every moment before.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { withGithub } from '../../../src/action/github.ts';
import { attachAssets } from '../../../src/adapters/github/release-assets.ts';
import type { AssetFile, AttachedAsset } from '../../../src/adapters/github/release-assets.ts';
import { findRelease } from '../../../src/adapters/github/release.ts';
import { streamOf } from '../../../src/core/oci/blob.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { createReleases } from '../../support/github/releases.ts';
import type { Releases, ReleasesOptions, StoredAsset, StoredRelease } from '../../support/github/releases.ts';
import { secondaryLimit } from '../../support/github/server.ts';
import type { GithubFault, GithubOptions } from '../../support/github/server.ts';
import { startSession } from '../../support/github/session.ts';
import type { GithubSession } from '../../support/github/session.ts';

const repository = { owner: 'owner', repo: 'app' };
const own = 'owner/app:v1.2.3 for linux/amd64 (ci.yml, job image)';
const [archive, checksum] = ['app.oci.tar', 'app.oci.tar.sha256'];

interface Case extends GithubSession {
  readonly releases: Releases;
  readonly release: StoredRelease;
  /** Attaches content and a checksum of it. */
  readonly attach: (content: string, label?: string) => Promise<AttachedAsset[]>;
}

async function start(
  test: TestContext,
  options: ReleasesOptions & Partial<GithubOptions> & { readonly isDraft?: boolean } = {},
): Promise<Case> {
  const releases = createReleases('owner/app', options);
  const release = releases.addRelease({ isDraft: options.isDraft === true });
  const session = await startSession(test, { routes: releases.routes, ...options });
  const { reporter, signal } = session.access;
  const attach = (content: string, label = own) =>
    withGithub(session.access, async (github) => {
      const found = await findRelease(github, repository, release.tag);
      const order = { github, repository, release: found, label, reporter, clock: session.clock, signal };
      return attachAssets(order, filesOf(content));
    });
  return { ...session, releases, release, attach };
}

function filesOf(content: string): AssetFile[] {
  return [
    [archive, content],
    [checksum, sumOf(content)],
  ].map(([name = '', text = '']) => {
    const bytes = Buffer.from(text);
    return {
      name,
      contentType: 'application/x-tar',
      size: bytes.length,
      digest: digestOf(bytes),
      open: () => streamOf(bytes),
    };
  });
}

function sumOf(content: string): string {
  return `${createHash('sha256').update(content).digest('hex')}  ${archive}\n`;
}

/** The whole assets by name. */
function contentOf(assets: readonly StoredAsset[]): Record<string, string | undefined> {
  return Object.fromEntries(
    assets.filter(({ state }) => state === 'uploaded').map(({ name, content }) => [name, content]),
  );
}

function assertAttached({ release }: Case, content: string): void {
  assert.deepEqual(contentOf(release.assets), { [archive]: content, [checksum]: sumOf(content) });
  assert.equal(release.assets.length, 2);
}

describe('files for a release', () => {
  for (const [name, options] of [
    ['a release', {}],
    ['a draft', { isDraft: true }],
    ['GitHub Enterprise Server', { enterprise: true }],
    ['a server that tells no digests', { digests: false }],
  ] as const) {
    it(`go to ${name}`, async (test) => {
      const one = await start(test, options);
      const [attached] = await one.attach('content');
      assertAttached(one, 'content');
      assert.equal(attached?.name, archive);
      assert.match(attached.url, /\/owner\/app\/releases\/download\/.*\/app\.oci\.tar$/);
    });
  }

  it('that are there already stay', async (test) => {
    const one = await start(test);
    const first = await one.attach('content');
    const ids = one.release.assets.map(({ id }) => id);
    one.release.isImmutable = true;
    assert.deepEqual(await one.attach('content'), first);
    assert.deepEqual(
      one.release.assets.map(({ id }) => id),
      ids,
    );
  });

  it('leave those of others alone', async (test) => {
    const one = await start(test);
    one.releases.addAsset(one.release, 'app.oci.tar.sig', 'signature');
    one.releases.addAsset(one.release, 'app.oci.tar.0123456789abc.new', 'theirs');
    await one.attach('content');
    assert.deepEqual(Object.keys(one.releases.assets).sort(), [
      archive,
      'app.oci.tar.0123456789abc.new',
      checksum,
      'app.oci.tar.sig',
    ]);
  });

  const foreign = [
    ['a file that another job made', 'uploaded', 'owner/app:v1.2.3 for linux/amd64 (ci.yml, job other)'],
    ['a file that says nothing of who made it', 'uploaded', ''],
    ['an upload of another job that is under way', 'starter', 'theirs'],
  ] as const;
  for (const [name, state, label] of foreign) {
    it(`never replace ${name}`, async (test) => {
      const one = await start(test);
      const theirs = one.releases.addAsset(one.release, archive, 'theirs', state, label);
      await assert.rejects(one.attach('ours'), { code: 'ASSET_EXISTS', message: /"app\.oci\.tar" already/ });
      assert.deepEqual(one.release.assets, [theirs]);
    });
  }

  it('stay with equal content, whoever made it', async (test) => {
    const one = await start(test);
    await one.attach('content', 'theirs');
    const before = [...one.release.assets];
    await one.attach('content');
    assert.deepEqual(one.release.assets, before);
  });

  it('leave what another job has put on its way', async (test) => {
    const one = await start(test);
    await one.attach('old');
    one.releases.addAsset(one.release, `${archive}.0123456789ab.new`, 'x', 'uploaded', 'theirs');
    await one.attach('new');
    assert.ok(`${archive}.0123456789ab.new` in one.releases.assets);
  });

  it('go to Gitea under their names, and replace nothing there', async (test) => {
    const one = await start(test, { gitea: true });
    const [attached] = await one.attach('content');
    assert.equal(attached?.name, archive);
    assertAttached(one, 'content');
    await assert.rejects(one.attach('other'), {
      code: 'ASSET_EXISTS',
      message: /"app\.oci\.tar" already, and this server doesn't keep who made it: none is replaced/,
      hint: /^Remove the file on the release's page/,
    });
    assertAttached(one, 'content');
    // Its answers are not GitHub's, but what it is asked must be.
    assert.ok(one.server.takeViolations().every((line) => line.includes(': answer ')));
  });

  it('find their old selves behind many others', async (test) => {
    const one = await start(test);
    for (let count = 0; count < 120; count += 1) one.releases.addAsset(one.release, `other-${count}`, 'x');
    one.releases.addAsset(one.release, archive, 'old', 'uploaded', own);
    await one.attach('new');
    assert.equal(one.releases.assets[archive]?.content, 'new');
    assert.equal(one.release.assets.length, 122);
  });

  for (const digests of [true, false]) {
    it(`replace older ones, whose checksum is never beside other content${digests ? '' : ', also without digests'}`, async (test) => {
      const one = await start(test, { digests });
      await one.attach('old');
      const seen: Record<string, string | undefined>[] = [];
      one.releases.watch((assets) => seen.push(contentOf(assets)));
      await one.attach('new');
      assertAttached(one, 'new');
      assert.ok(seen.length >= 6);
      for (const assets of seen) {
        const [content, sum] = [assets[archive], assets[checksum]];
        if (sum !== undefined) assert.equal(sum, sumOf(content ?? ''));
        // Something whole is there at every moment, if only under the name for the way.
        assert.ok(Object.values(assets).some((text) => text === 'old' || text === 'new'));
      }
    });
  }

  it('replace nothing when the new ones do not arrive', async (test) => {
    const one = await start(test);
    await one.attach('old');
    one.server.addFault({ method: 'POST', path: '/assets', times: 9, reply: { status: 503 } });
    await assert.rejects(one.attach('new'), { code: 'GITHUB_FAILED' });
    assertAttached(one, 'old');
  });

  const cuts: readonly (readonly [name: string, fault: GithubFault])[] = [
    ['before the old ones go', { method: 'DELETE', path: '/assets/', reply: { status: 422 } }],
    ['before the new ones get their names', { method: 'PATCH', path: '/assets/', reply: { status: 422 } }],
  ];
  for (const [name, fault] of cuts) {
    it(`are taken up by the next run when one ends ${name}, and nothing of it is left`, async (test) => {
      const one = await start(test);
      await one.attach('old');
      one.server.addFault(fault);
      await assert.rejects(one.attach('new'), { code: 'GITHUB_FAILED' });
      await one.attach('newer');
      assertAttached(one, 'newer');
      await one.attach('new');
      assertAttached(one, 'new');
    });
  }

  it('that an earlier run has brought are not sent again', async (test) => {
    const one = await start(test);
    await one.attach('old');
    one.server.addFault({ method: 'DELETE', path: '/assets/', reply: { status: 422 } });
    await assert.rejects(one.attach('new'), { code: 'GITHUB_FAILED' });
    const before = one.server.calls.length;
    await one.attach('new');
    assertAttached(one, 'new');
    assert.ok(one.server.calls.slice(before).every((call) => !call.startsWith('POST ')));
  });

  const passing: readonly (readonly [name: string, fault: GithubFault])[] = [
    ['a 502', { method: 'POST', path: '/assets', reply: { status: 502 } }],
    ['an answer that is lost', { method: 'POST', path: '/assets', reply: 'reset', after: true }],
    ['a connection that breaks', { method: 'POST', path: '/assets', reply: 'reset' }],
    ['a rate limit', { method: 'POST', path: '/assets', reply: secondaryLimit(9) }],
    ['a rename that fails', { method: 'PATCH', path: '/assets/', reply: { status: 500 } }],
    ['a rename whose answer is lost', { method: 'PATCH', path: '/assets/', reply: 'reset', after: true }],
    ['a deletion whose answer is lost', { method: 'DELETE', path: '/assets/', reply: 'reset', after: true }],
  ];
  for (const [name, fault] of passing) {
    it(`get over ${name}`, async (test) => {
      const one = await start(test);
      await one.attach('old');
      one.server.addFault(fault);
      await one.attach('new');
      assertAttached(one, 'new');
      assert.ok(one.clock.sleeps.length > 0);
    });
  }

  it('get over what an upload leaves that broke off', async (test) => {
    const one = await start(test);
    one.releases.breakUpload();
    await one.attach('content');
    assertAttached(one, 'content');
    assert.ok(one.lines.some((line) => /answers 502.*uploading again in 2 s/.test(line)));
  });

  it('replace what an upload of an earlier run left that broke off', async (test) => {
    const one = await start(test);
    one.releases.addAsset(one.release, archive, '', 'starter', own);
    one.releases.addAsset(one.release, checksum, '', 'starter', own);
    await one.attach('content');
    assertAttached(one, 'content');
  });

  it('do not stay when they were damaged on their way', async (test) => {
    const one = await start(test, { damage: true });
    await assert.rejects(one.attach('content'), { code: 'DIGEST_MISMATCH' });
    assert.deepEqual(one.release.assets, []);
  });

  for (const [name, early] of [
    ['before', true],
    ['while it is changed', false],
  ] as const) {
    it(`are refused by a release that becomes immutable ${name}, which is explained`, async (test) => {
      const one = await start(test);
      await one.attach('old');
      one.release.isImmutable = early;
      if (!early) {
        one.releases.watch(() => {
          one.release.isImmutable = true;
        });
      }
      await assert.rejects(one.attach('new'), { code: 'GITHUB_DENIED', hint: /draft and publish last/ });
      assert.equal(one.releases.assets[archive]?.content, 'old');
    });
  }

  it('need the permission that the hint names', async (test) => {
    const tokens = { ghs_test: { login: 'x', permissions: { contents: 'read' } } } as const;
    const one = await start(test, { tokens });
    await assert.rejects(one.attach('content'), { code: 'GITHUB_DENIED', hint: /"contents: write"/ });
  });
});

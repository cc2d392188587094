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
import { caught } from '../../support/caught.ts';
import { createReleases } from '../../support/github/releases.ts';
import type { Releases, ReleasesOptions, StoredAsset, StoredRelease } from '../../support/github/releases.ts';
import { problem, secondaryLimit } from '../../support/github/server.ts';
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

describe('what is said of files for a release', () => {
  it('is how long each took, and which are there already', async (test) => {
    const one = await start(test);
    await one.attach('content');
    assert.deepEqual(
      one.lines.map((line) => line.replace(/\d+\.\d s/, 'N s')),
      ['app.oci.tar 7 B uploaded in N s', 'app.oci.tar.sha256 78 B uploaded in N s'],
    );
    await one.attach('content');
    assert.deepEqual(one.lines.slice(2), [
      'app.oci.tar is on the release already',
      'app.oci.tar.sha256 is on the release already',
    ]);
  });

  const taken = (words: string, hint: string) => [
    {
      code: 'ASSET_EXISTS',
      message: `the release "v1.2.3" has another file "app.oci.tar" already, ${words}`,
      hint,
    },
  ];
  const elsewhere =
    'Give each image a name or a tag of its own, or remove the file: gh release delete-asset "v1.2.3" "app.oci.tar"';
  const rows = [
    ['', taken(`without a label that says who made it, and this one is "${own}"`, elsewhere)],
    ['theirs', taken(`labelled "theirs", and this one is "${own}"`, elsewhere)],
  ] as const;
  for (const [label, problems] of rows) {
    it(`is whose file is in the way: ${JSON.stringify(label)}`, async (test) => {
      const one = await start(test);
      one.releases.addAsset(one.release, archive, 'x', 'uploaded', label);
      assert.deepEqual(await caught(() => one.attach('content')), problems);
      assert.ok(one.server.calls.every((call) => call.startsWith('GET ')));
    });
  }

  it('is that a server keeps no labels', async (test) => {
    const one = await start(test, { gitea: true });
    one.releases.addAsset(one.release, archive, 'x');
    assert.deepEqual(
      await caught(() => one.attach('content')),
      taken(
        "and this server doesn't keep who made it: none is replaced",
        "Remove the file on the release's page and run the job again, or name the image's tag differently.",
      ),
    );
    one.server.takeViolations();
  });

  it('is that a release takes nothing more', async (test) => {
    const one = await start(test);
    one.release.isImmutable = true;
    const closed = {
      code: 'GITHUB_DENIED',
      message: 'the release "v1.2.3" is published and immutable, and takes no more files',
      hint: 'Attach to a draft and publish last: gh release create --draft, this step, then gh release edit --draft=false.',
    };
    assert.deepEqual(await caught(() => one.attach('content')), [closed]);
    assert.ok(one.server.calls.every((call) => call.startsWith('GET ')));
    one.release.isImmutable = false;
    await one.attach('old');
    for (const [method, path] of [
      ['POST', '/assets'],
      ['PATCH', '/assets/'],
      ['DELETE', '/assets/'],
    ] as const) {
      one.server.addFault({ method, path, reply: problem(422, 'This release is Immutable.') });
      assert.deepEqual(await caught(() => one.attach(`new ${method}`)), [closed]);
    }
  });

  it('is what arrived in the place of what was sent', async (test) => {
    const one = await start(test, { damage: true });
    const [problem] = await caught(() => one.attach('content'));
    const digest = createHash('sha256').update('content').digest('hex');
    const damaged = createHash('sha256')
      .update(Buffer.from('content').map((byte) => byte ^ 1))
      .digest('hex');
    assert.deepEqual(problem, {
      code: 'DIGEST_MISMATCH',
      message: `expected the asset "app.oci.tar" with sha256:${digest} and 7 bytes, got sha256:${damaged} and 7 bytes`,
      hint: 'The upload was damaged on its way, and was removed: run the job again.',
    });
  });

  for (const [name, body, said] of [
    ['too few bytes', { size: 6, digest: null, state: 'uploaded' }, 'no digest and 6 bytes'],
    ['half of it', { size: 7, digest: null, state: 'starter' }, 'no digest and 7 bytes'],
  ] as const) {
    it(`is that the server has ${name}`, async (test) => {
      const one = await start(test);
      const asset = { id: 77, name: archive, label: own, browser_download_url: 'x', ...body };
      one.server.addFault({ method: 'POST', path: '/assets', reply: { status: 201, body: asset } });
      const [problem] = await caught(() => one.attach('content'));
      assert.equal(problem?.code, 'DIGEST_MISMATCH');
      assert.ok(problem.message.endsWith(`, got ${said}`), problem.message);
      assert.ok(one.server.calls.includes('DELETE /repos/owner/app/releases/assets/77'));
    });
  }
});

describe('files that do not arrive at once', () => {
  const onPost = { method: 'POST', path: '/assets' };

  it('are sent four times at most, after longer and longer waits', async (test) => {
    const one = await start(test);
    one.server.addFault({ ...onPost, times: 9, reply: { status: 500 } });
    const error = await caught(() => one.attach('content'));
    assert.equal(error[0]?.code, 'GITHUB_FAILED');
    assert.deepEqual(one.clock.sleeps, [2000, 4000, 8000]);
    assert.equal(one.server.calls.filter((call) => call.startsWith('POST ')).length, 4);
    assert.equal(one.lines.length, 3);
    assert.match(one.lines[2] ?? '', /GitHub answers 500; uploading again in 8 s$/);
  });

  it('are sent again after a limit that ends within a minute, and a name that was just taken', async (test) => {
    const one = await start(test);
    one.server.addFault({ ...onPost, times: 3, reply: secondaryLimit(60) });
    const exists = problem(422, 'Validation Failed', [
      { resource: 'ReleaseAsset', code: 'already_exists', field: 'name' },
    ]);
    one.server.addFault({ ...onPost, reply: exists });
    await assert.rejects(one.attach('content'), { code: 'GITHUB_FAILED' });
    assert.deepEqual(
      one.clock.sleeps.filter((wait) => wait > 1000),
      [60_000, 60_000, 60_000],
    );
    await one.attach('content');
    assertAttached(one, 'content');
  });

  for (const [name, reply] of [
    ['a longer limit', secondaryLimit(61)],
    ['a refusal', problem(403, 'no')],
    ['what can not be taken', problem(422, 'no')],
  ] as const) {
    it(`are not sent again after ${name}`, async (test) => {
      const one = await start(test);
      one.server.addFault({ ...onPost, reply });
      await assert.rejects(one.attach('content'), { status: reply.status });
      assert.deepEqual(one.clock.sleeps, []);
      assert.deepEqual(one.release.assets, []);
    });
  }

  it('get their names when these are free, for which they wait', async (test) => {
    const one = await start(test);
    await one.attach('old');
    const before = one.clock.sleeps.length;
    const exists = problem(422, 'Validation Failed', [
      { resource: 'ReleaseAsset', code: 'already_exists', field: 'name' },
    ]);
    one.server.addFault({ method: 'PATCH', path: '/assets/', times: 3, reply: exists });
    await one.attach('new');
    assertAttached(one, 'new');
    const waits = one.clock.sleeps.slice(before).filter((wait) => [1000, 2000, 3000].includes(wait));
    assert.deepEqual(waits, [1000, 2000, 3000]);
    one.server.addFault({ method: 'PATCH', path: '/assets/', times: 4, reply: exists });
    await assert.rejects(one.attach('newer'), { reasons: ['already_exists'] });
  });

  it('are taken from where an interrupted run has put them', async (test) => {
    const one = await start(test);
    const digest = createHash('sha256').update('content').digest('hex');
    const name = `${archive}.${digest.slice(0, 12)}.new`;
    const there = one.releases.addAsset(one.release, name, 'content', 'uploaded', own);
    await one.attach('content');
    assertAttached(one, 'content');
    assert.equal(one.releases.assets[archive]?.id, there.id);
  });

  it('leave nothing of an interrupted run, unless it is of another name', async (test) => {
    const one = await start(test);
    const left = [
      '0123456789ab.new',
      'x0123456789ab.new',
      '0123456789ab.newx',
      '0123456789aX.new',
      '0123456789a.new',
    ];
    for (const end of left) one.releases.addAsset(one.release, `${archive}.${end}`, 'x', 'uploaded', own);
    one.releases.addAsset(one.release, `${checksum}.0123456789ab.new`, 'x', 'uploaded', own);
    one.releases.addAsset(one.release, `${archive}0123456789ab.new`, 'x', 'uploaded', own);
    await one.attach('content');
    assert.deepEqual(
      Object.keys(one.releases.assets).sort(),
      [
        archive,
        `${archive}.0123456789a.new`,
        `${archive}.0123456789aX.new`,
        `${archive}.0123456789ab.newx`,
        checksum,
        `${archive}.x0123456789ab.new`,
        `${archive}0123456789ab.new`,
      ].sort(),
    );
  });

  it('are no longer there when somebody else removes the old ones', async (test) => {
    const one = await start(test);
    await one.attach('old');
    one.server.addFault({
      method: 'DELETE',
      path: '/assets/',
      after: true,
      reply: problem(404, 'Not Found'),
    });
    await one.attach('new');
    assertAttached(one, 'new');
    one.server.addFault({ method: 'DELETE', path: '/assets/', reply: problem(403, 'no') });
    await assert.rejects(one.attach('newer'), { status: 403 });
  });

  it('are watched on their way', async (test) => {
    const one = await start(test);
    const seen: [string, number, number][] = [];
    const reporter = {
      ...one.access.reporter,
      progress: (name: string, done: number, total: number) => void seen.push([name, done, total]),
    };
    const [file] = filesOf('content');
    const open = () => streamOf(Buffer.from('con'), Buffer.from('tent'));
    await withGithub(one.access, async (github) => {
      const release = await findRelease(github, repository, 'v1.2.3');
      const order = {
        github,
        repository,
        release,
        label: own,
        reporter,
        clock: one.clock,
        signal: test.signal,
      };
      await attachAssets(order, [{ ...(file ?? assert.fail()), open }]);
    });
    assert.deepEqual(seen, [
      [archive, 3, 7],
      [archive, 7, 7],
    ]);
  });
});

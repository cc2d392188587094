// Finding releases and drafts, with GitHub's API on loopback.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withGithub } from '../../../src/action/github.ts';
import { findRelease, parseRepositoryName, readRelease } from '../../../src/adapters/github/release.ts';
import { caught } from '../../support/caught.ts';
import { createReleases } from '../../support/github/releases.ts';
import { problem } from '../../support/github/server.ts';
import { startSession } from '../../support/github/session.ts';

const repository = { owner: 'owner', repo: 'app' };
const reader = { ghs_test: { login: 'x', permissions: { contents: 'read' } } } as const;

describe('a release', () => {
  it('is found by its tag', async (test) => {
    const releases = createReleases('owner/app');
    releases.addRelease({ tag: 'v1' });
    const { id } = releases.addRelease({ tag: 'v2' });
    const { access, server } = await startSession(test, { routes: releases.routes });
    const found = await withGithub(access, (github) => findRelease(github, repository, 'v2'));
    assert.equal(found.id, id);
    assert.equal(found.isDraft, false);
    assert.equal(server.calls.length, 1);
  });

  it('is found by a tag with characters that a path has not', async (test) => {
    const releases = createReleases('owner/app');
    const { id } = releases.addRelease({ tag: 'kernel/v1 #2' });
    const { access } = await startSession(test, { routes: releases.routes });
    assert.equal(
      (await withGithub(access, (github) => findRelease(github, repository, 'kernel/v1 #2'))).id,
      id,
    );
  });

  it('is found as a draft behind many others', async (test) => {
    const releases = createReleases('owner/app');
    for (let count = 0; count < 230; count += 1)
      releases.addRelease({ tag: `v0.${count}`, isDraft: count % 2 === 0 });
    const { id } = releases.addRelease({ tag: 'v1', isDraft: true });
    const { access } = await startSession(test, { routes: releases.routes });
    const found = await withGithub(access, (github) => findRelease(github, repository, 'v1'));
    assert.deepEqual([found.id, found.isDraft], [id, true]);
  });

  it('is read by its number', async (test) => {
    const releases = createReleases('owner/app');
    const { id } = releases.addRelease({ isImmutable: true });
    const { access } = await startSession(test, { routes: releases.routes });
    const found = await withGithub(access, (github) => readRelease(github, repository, id));
    assert.deepEqual([found.tag, found.isImmutable], ['v1.2.3', true]);
  });

  it('that is missing is explained', async (test) => {
    const releases = createReleases('owner/app');
    releases.addRelease({ tag: 'v1' });
    const { access } = await startSession(test, { routes: releases.routes });
    await assert.rejects(
      withGithub(access, (github) => findRelease(github, repository, 'v2')),
      { code: 'GITHUB_NOT_FOUND', message: /"v2"/, hint: /gh release create "v2" --draft/ },
    );
  });

  it('is no draft for those who may only read, and the hint says so', async (test) => {
    const releases = createReleases('owner/app');
    releases.addRelease({ isDraft: true });
    const { access } = await startSession(test, { routes: releases.routes, tokens: reader });
    await assert.rejects(
      withGithub(access, (github) => findRelease(github, repository, 'v1.2.3')),
      { code: 'GITHUB_NOT_FOUND', hint: /"contents: write"/ },
    );
  });

  it('is not guessed among several drafts', async (test) => {
    const releases = createReleases('owner/app');
    releases.addRelease({ isDraft: true });
    releases.addRelease({ isDraft: true });
    const { access } = await startSession(test, { routes: releases.routes });
    await assert.rejects(
      withGithub(access, (github) => findRelease(github, repository, 'v1.2.3')),
      { code: 'INPUT_INVALID', message: /one draft.*got 2/ },
    );
  });
});

describe('the name of a repository', () => {
  it('has an owner and a name', () => {
    assert.deepEqual(parseRepositoryName('owner/app'), repository);
    for (const name of ['', 'app', 'owner/', '/app', 'a/b/c'])
      assert.throws(() => parseRepositoryName(name), { code: 'INPUT_INVALID' }, name);
  });
});

describe('what is known of a release', () => {
  it('is its number, its tag, its state, and where files go', async (test) => {
    const releases = createReleases('owner/app');
    const { access, server } = await startSession(test, { routes: releases.routes });
    for (const [isDraft, isImmutable] of [
      [false, false],
      [false, true],
      [true, false],
    ] as const) {
      const { id, tag } = releases.addRelease({
        tag: `v${Number(isDraft)}${Number(isImmutable)}`,
        isDraft,
        isImmutable,
      });
      const uploadUrl = `${server.uploadUrl}/repos/owner/app/releases/${id}/assets{?name,label}`;
      const expected = { id, tag, isDraft, isImmutable, uploadUrl };
      assert.deepEqual(await withGithub(access, (github) => findRelease(github, repository, tag)), expected);
      assert.deepEqual(await withGithub(access, (github) => readRelease(github, repository, id)), expected);
    }
  });

  it('is that it is not immutable where an older server does not say', async (test) => {
    const releases = createReleases('owner/app');
    const { access, server } = await startSession(test, { routes: releases.routes });
    const body = { id: 1, tag_name: 'v1', draft: false, upload_url: 'x' };
    server.addFault({ method: 'GET', path: '/releases/tags/', reply: { status: 200, body } });
    const found = await withGithub(access, (github) => findRelease(github, repository, 'v1'));
    assert.deepEqual(found, { id: 1, tag: 'v1', isDraft: false, isImmutable: false, uploadUrl: 'x' });
  });
});

describe('a release that is not found', () => {
  it('is said to be none, or more than one', async (test) => {
    const releases = createReleases('owner/app');
    releases.addRelease({ tag: 'v1', isDraft: true });
    releases.addRelease({ tag: 'v1', isDraft: true });
    releases.addRelease({ tag: 'v1', isDraft: true });
    const { access, server } = await startSession(test, { routes: releases.routes });
    const find = (tag: string) => withGithub(access, (github) => findRelease(github, repository, tag));
    assert.deepEqual(await caught(() => find('v2')), [
      {
        code: 'GITHUB_NOT_FOUND',
        message: '"owner/app" has no release and no draft with the tag "v2"',
        hint:
          'Make one before this step: gh release create "v2" --draft --verify-tag. Drafts are seen only with the ' +
          'permission "contents: write".',
      },
    ]);
    assert.deepEqual(await caught(() => find('v1')), [
      {
        code: 'INPUT_INVALID',
        message: 'expected one draft with the tag "v1", got 3',
        hint: 'Delete those that are not wanted: an interrupted workflow may have left them.',
      },
    ]);
    assert.ok(server.calls.includes('GET /repos/owner/app/releases?per_page=100'));
    server.addFault({ method: 'GET', path: '/releases/tags/', reply: problem(403, 'no') });
    await assert.rejects(find('v1'), { status: 403 });
  });

  for (const name of ['', 'a', 'a/', '/b', 'a/b/c']) {
    it(`is looked for in no repository named ${JSON.stringify(name)}`, async () => {
      assert.deepEqual(await caught(() => parseRepositoryName(name)), [
        { code: 'INPUT_INVALID', message: `expected GITHUB_REPOSITORY as owner/name, got "${name}"` },
      ]);
    });
  }
});

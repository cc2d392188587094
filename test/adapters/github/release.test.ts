// Finding releases and drafts, with GitHub's API on loopback.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withGithub } from '../../../src/action/github.ts';
import { findRelease, parseRepositoryName, readRelease } from '../../../src/adapters/github/release.ts';
import { createReleases } from '../../support/github/releases.ts';
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

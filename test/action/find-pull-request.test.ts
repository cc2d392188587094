// The pull request of a run: what the event says, or what GitHub says of its commit.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { findPullRequest, pullRequestOnce } from '../../src/action/find-pull-request.ts';
import { caught } from '../support/caught.ts';
import { eventFixture } from '../support/events.ts';
import { createPulls } from '../support/github/pulls.ts';
import type { PullRequest } from '../support/github/pulls.ts';
import { startSession } from '../support/github/session.ts';

const repository = 'Nubificus/Redis-Unikernel';
const sha = '55c1f5b2e7d2c2f0d5c1a9a0f5c8d8a07c31b9aa';
const request: PullRequest = {
  ...{ number: 15, state: 'open', branch: 'main', sha, base: 'release' },
  from: 'someone/Redis-Unikernel',
};

async function start(test: TestContext, pulls: readonly PullRequest[]) {
  return startSession(test, { routes: createPulls(repository, pulls) });
}

describe('the pull request of a run', () => {
  it("is the event's, and nobody is asked", async (test) => {
    const { access, server } = await start(test, [request]);
    const found = await findPullRequest(await eventFixture('pull-request'), access);
    assert.deepEqual(found, { number: 15, isFork: false, headSha: sha, baseBranch: 'main' });
    assert.equal(await findPullRequest(await eventFixture('push'), access), undefined);
    assert.deepEqual(server.calls, []);
  });

  it('is the only open one that has the commit', async (test) => {
    const { access, server } = await start(test, [{ ...request, number: 3, state: 'closed' }, request]);
    const event = await eventFixture('workflow-run-fork');
    assert.deepEqual(await findPullRequest(event, access), {
      number: 15,
      isFork: true,
      headSha: sha,
      baseBranch: 'release',
    });
    assert.equal(server.calls.length, 1);
    const own = { ...event, repository: 'someone/Redis-Unikernel' };
    const { access: other } = await startSession(test, {
      routes: createPulls('someone/Redis-Unikernel', [request]),
    });
    assert.equal((await findPullRequest(own, other))?.isFork, false);
  });

  it('is asked for once, by whoever comes first, also where there is none', async (test) => {
    const event = await eventFixture('workflow-run-fork');
    for (const pulls of [[request], []]) {
      const { access, server } = await start(test, pulls);
      const once = pullRequestOnce(event, access);
      assert.deepEqual(server.calls, []);
      const [one, two] = await Promise.allSettled([once(), once()]);
      assert.equal(one.status, pulls.length === 0 ? 'rejected' : 'fulfilled');
      assert.deepEqual(one, two);
      assert.equal(server.calls.length, 1);
    }
  });

  it('is none that fits, which is said', async (test) => {
    const event = await eventFixture('workflow-run-fork');
    const commit = `the commit ${sha} of "someone/Redis-Unikernel"`;
    const { access } = await start(test, [{ ...request, sha: '0'.repeat(40) }]);
    assert.deepEqual(await caught(() => findPullRequest(event, access)), [
      {
        code: 'GITHUB_NOT_FOUND',
        message: `no open pull request has ${commit} as its newest`,
        hint: 'It was closed, or has newer commits by now, whose own run makes the preview.',
      },
    ]);
    const { access: many } = await start(test, [request, { ...request, number: 16, base: 'main' }]);
    assert.deepEqual(await caught(() => findPullRequest(event, many)), [
      {
        code: 'GITHUB_NOT_FOUND',
        message: `expected one open pull request with ${commit}, got #15, #16`,
        hint: 'Close all but one, or push another commit to its branch.',
      },
    ]);
  });
});

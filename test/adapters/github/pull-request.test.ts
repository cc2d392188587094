// Which pull requests propose a commit.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { withGithub } from '../../../src/action/github.ts';
import { listPullRequests } from '../../../src/adapters/github/pull-request.ts';
import { createPulls } from '../../support/github/pulls.ts';
import type { PullRequest } from '../../support/github/pulls.ts';
import { startSession } from '../../support/github/session.ts';

const head = { repository: 'fork/app', branch: 'fix', sha: 'a'.repeat(40) };
const fitting: PullRequest = {
  ...{ number: 5, state: 'open', from: 'fork/app', branch: 'fix', base: 'main' },
  sha: head.sha,
};

async function list(test: TestContext, pulls: readonly PullRequest[], reply?: object) {
  const { access, server } = await startSession(test, { routes: createPulls('own/app', pulls) });
  if (reply !== undefined)
    server.addFault({ method: 'GET', path: '/pulls', reply: { status: 200, body: reply } });
  const found = await withGithub(access, (github) => listPullRequests(github, 'own/app', head));
  return { found, calls: server.calls };
}

describe('the pull requests of a commit', () => {
  it('are the open ones of its branch, with where they go', async (test) => {
    const others: PullRequest[] = [
      { ...fitting, number: 1, state: 'closed' },
      { ...fitting, number: 2, sha: 'b'.repeat(40) },
      { ...fitting, number: 3, branch: 'other' },
      { ...fitting, number: 4, from: 'fork/other' },
    ];
    const { found, calls } = await list(test, [...others, fitting, { ...fitting, number: 6, base: 'dev' }]);
    assert.deepEqual(found, [
      { number: 5, baseBranch: 'main' },
      { number: 6, baseBranch: 'dev' },
    ]);
    assert.deepEqual(calls, ['GET /repos/own/app/pulls?state=open&head=fork%3Afix&per_page=100']);
  });

  it('are none that a server lists without looking at what it was asked', async (test) => {
    const show = (more: object, from: object | null = { full_name: 'fork/app' }) => ({
      ...{ number: 9, state: 'open', base: { ref: 'main' } },
      ...{ head: { repo: from, sha: head.sha, ref: 'fix' } },
      ...more,
    });
    const { found } = await list(
      test,
      [],
      [
        show({ state: 'closed' }),
        show({ head: { repo: { full_name: 'fork/app' }, sha: head.sha, ref: 'other' } }),
        show({ head: { repo: { full_name: 'fork/app' }, sha: 'b'.repeat(40), ref: 'fix' } }),
        show({}, { full_name: 'fork/other' }),
        show({}, null),
        show({ number: 10 }),
      ],
    );
    assert.deepEqual(found, [{ number: 10, baseBranch: 'main' }]);
  });

  it('are in all pages of the list', async (test) => {
    const many = Array.from({ length: 120 }, (_, at) => ({ ...fitting, number: at + 10 }));
    const { found, calls } = await list(test, many);
    assert.equal(found.length, 120);
    assert.equal(calls.length, 2);
  });
});

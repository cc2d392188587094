// Which pull request an event is about.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isPullRequestEvent, nameOf, pullRequestOf, unnamedHeadOf } from '../../src/action/event.ts';
import type { WorkflowEvent } from '../../src/action/event.ts';
import { isObject } from '../../src/core/oci/json.ts';
import type { JsonObject } from '../../src/core/oci/json.ts';
import { eventFixture } from '../support/events.ts';

/** The event of a run that followed another one, whose part of the payload is changed. */
async function runEvent(change: (run: JsonObject) => JsonObject): Promise<WorkflowEvent> {
  const event = await eventFixture('workflow-run-pull-request');
  const { workflow_run: run } = event.payload;
  assert.ok(isObject(run));
  return { ...event, payload: { ...event.payload, workflow_run: { ...run, ...change(run) } } };
}

describe('isPullRequestEvent', () => {
  const names: [name: unknown, expected: boolean][] = [
    ['pull_request', true],
    ['pull_request_target', true],
    ['pull_request_review', true],
    ['pull_request_review_comment', true],
    ['push', false],
    ['workflow_run', false],
    ['not_a_pull_request', false],
    ['', false],
    [undefined, false],
    [['pull_request'], false],
  ];
  for (const [name, expected] of names) {
    it(`${expected ? 'holds' : 'does not hold'} for ${JSON.stringify(name)}`, () => {
      assert.equal(isPullRequestEvent(name), expected);
    });
  }
});

describe('the pull request of a run that followed another one', () => {
  it('is that of the run before it, whichever event of a pull request started that', async () => {
    for (const name of ['pull_request', 'pull_request_target', 'pull_request_review']) {
      const found = pullRequestOf(await runEvent(() => ({ event: name })));
      assert.deepEqual(found, {
        number: 15,
        isFork: false,
        headSha: '55c1f5b2e7d2c2f0d5c1a9a0f5c8d8a07c31b9aa',
        baseBranch: 'main',
      });
    }
  });

  const none: [name: string, change: (run: JsonObject) => JsonObject][] = [
    ['a push started the run before', () => ({ event: 'push' })],
    ['the run before names no event', () => ({ event: undefined })],
    ['it names two of them', ({ pull_requests: all }) => ({ pull_requests: [all, all].flat() })],
    ['it names none', () => ({ pull_requests: [] })],
    ['its list is none', () => ({ pull_requests: 'many' })],
    ['the pull request proposes another commit by now', () => ({ head_sha: '0'.repeat(40) })],
    ['no commit is named', () => ({ head_sha: undefined })],
    ['its branch is in another repository', () => ({ head_repository: { id: 1, full_name: 'a/b' } })],
    ['its repository was deleted', () => ({ head_repository: null })],
  ];
  for (const [name, change] of none) {
    it(`is unknown when ${name}`, async () => {
      assert.equal(pullRequestOf(await runEvent(change)), undefined);
    });
  }

  it('is unknown when it would be merged elsewhere', async () => {
    const event = await runEvent(() => ({}));
    const payload = { ...event.payload, repository: { id: 1, full_name: 'nubificus/other' } };
    assert.equal(pullRequestOf({ ...event, payload }), undefined);
  });
});

describe('the head of a pull request that the event does not name', () => {
  const unnamed = (run: JsonObject) => ({ ...run, pull_requests: [] });

  it('is the branch and the commit of the run', async () => {
    assert.deepEqual(unnamedHeadOf(await runEvent(unnamed)), {
      repository: 'Nubificus/Redis-Unikernel',
      branch: 'change',
      sha: '55c1f5b2e7d2c2f0d5c1a9a0f5c8d8a07c31b9aa',
    });
  });

  const none: [name: string, change: (run: JsonObject) => JsonObject][] = [
    ['the event names it', (run) => run],
    ['a push started the run', (run) => ({ ...unnamed(run), event: 'push' })],
    ['no repository is named', (run) => ({ ...unnamed(run), head_repository: null })],
    ['no branch is named', (run) => ({ ...unnamed(run), head_branch: 7 })],
    ['no commit is named', (run) => ({ ...unnamed(run), head_sha: undefined })],
  ];
  for (const [name, change] of none) {
    it(`is unknown when ${name}`, async () => {
      assert.equal(unnamedHeadOf(await runEvent(change)), undefined);
    });
  }

  it('is unknown for an event that follows no run', async () => {
    assert.equal(unnamedHeadOf(await eventFixture('push')), undefined);
  });
});

describe('the pull request of a comment', () => {
  it('is the one of that number, and of an issue there is none', async () => {
    const found = pullRequestOf(await eventFixture('issue-comment-pull-request'));
    assert.deepEqual(
      { isFork: found?.isFork, headSha: found?.headSha, baseBranch: found?.baseBranch },
      { isFork: undefined, headSha: undefined, baseBranch: undefined },
    );
    assert.equal(typeof found?.number, 'number');
    assert.equal(pullRequestOf(await eventFixture('issue-comment')), undefined);
    const event = await eventFixture('issue-comment-pull-request');
    assert.equal(pullRequestOf({ ...event, name: 'issues' }), undefined);
  });
});

describe('nameOf', () => {
  it('is the full name, or nothing', () => {
    assert.equal(nameOf({ full_name: 'a/b' }), 'a/b');
    for (const other of [undefined, null, {}, { full_name: 1 }, 'a/b'])
      assert.equal(nameOf(other), undefined);
  });
});

describe('what a payload may lack', () => {
  const bare: WorkflowEvent = { name: 'pull_request', ref: '', repository: 'a/b', actor: '', payload: {} };
  const sha = '5'.repeat(40);
  const head = { sha, repo: { full_name: 'a/b' } };
  const of = (request: unknown, name = 'pull_request') =>
    pullRequestOf({ ...bare, name, payload: { pull_request: request } });
  const unknown = { headSha: undefined, baseBranch: undefined };

  const requests: readonly [name: string, request: unknown, found: ReturnType<typeof pullRequestOf>][] = [
    [
      'nothing',
      { number: 5, head, base: { ref: 'main' } },
      { number: 5, isFork: false, headSha: sha, baseBranch: 'main' },
    ],
    ['its head and its base', { number: 5 }, { number: 5, isFork: true, ...unknown }],
    ['objects for them', { number: 5, head: 'x', base: 'y' }, { number: 5, isFork: true, ...unknown }],
    [
      'the repository of its head',
      { number: 5, head: { sha } },
      { number: 5, isFork: true, ...unknown, headSha: sha },
    ],
    [
      'texts',
      { number: 5, head: { ...head, sha: 7 }, base: { ref: 7 } },
      { number: 5, isFork: false, ...unknown },
    ],
    ['its number', { head }, undefined],
    ['a number', { number: '5', head }, undefined],
    ['an object', 'x', undefined],
  ];
  for (const [name, request, found] of requests) {
    it(`is ${name}, of a pull request`, () => {
      assert.deepEqual(of(request), found);
      assert.deepEqual(of(request, 'anything'), found);
    });
  }

  const issues: readonly [name: string, issue: unknown][] = [
    ['its pull request', { number: 5 }],
    ['an object for that', { number: 5, pull_request: 'x' }],
    ['its number', { pull_request: {} }],
    ['a number', { number: '5', pull_request: {} }],
    ['an object', null],
  ];
  for (const [name, issue] of issues) {
    it(`is ${name}, of a comment's issue`, () => {
      assert.equal(pullRequestOf({ ...bare, name: 'issue_comment', payload: { issue } }), undefined);
    });
  }

  it('is nothing of a comment on a pull request', () => {
    const payload = { issue: { number: 5, pull_request: {} } };
    assert.deepEqual(pullRequestOf({ ...bare, name: 'issue_comment', payload }), {
      number: 5,
      isFork: undefined,
      ...unknown,
    });
    assert.equal(pullRequestOf({ ...bare, name: 'issues', payload }), undefined);
  });

  const own = { number: 5, base: { ref: 'main', repo: { id: 1 } }, head: { sha, repo: { id: 2 } } };
  const run = {
    event: 'pull_request',
    head_sha: sha,
    head_branch: 'x',
    head_repository: { id: 2, full_name: 'a/b' },
    pull_requests: [own],
  };
  const after = (change: object, repository: unknown = { id: 1 }) =>
    pullRequestOf({
      ...bare,
      name: 'workflow_run',
      payload: { repository, workflow_run: { ...run, ...change } },
    });

  it('is nothing of a run', () => {
    const found = { number: 5, isFork: false, headSha: sha, baseBranch: 'main' };
    assert.deepEqual(after({}), found);
    assert.deepEqual(after({ head_repository: { id: 2, full_name: 'c/d' } }), { ...found, isFork: true });
    assert.deepEqual(after({ pull_requests: ['x', null, own] }), found);
    const baseless = { ...own, base: { repo: { id: 1 } } };
    assert.deepEqual(after({ pull_requests: [baseless] }), { ...found, baseBranch: undefined });
  });

  const runs: readonly [name: string, change: object, repository?: unknown][] = [
    ['a number', { pull_requests: [{ ...own, number: '5' }] }],
    ['a list', { pull_requests: own }],
    ['an event', { event: 5 }],
    ['a commit', { head_sha: undefined, pull_requests: [{ ...own, head: { repo: { id: 2 } } }] }],
    ['a head', { pull_requests: [{ ...own, head: undefined }] }],
    ['a base', { pull_requests: [{ ...own, base: undefined }] }],
    [
      'numbers of repositories',
      { head_repository: {}, pull_requests: [{ ...own, base: {}, head: { sha } }] },
      {},
    ],
    ['the number of its own', { pull_requests: [{ ...own, base: {} }] }, { id: '1' }],
    ['the number of the other', { head_repository: {}, pull_requests: [{ ...own, head: { sha } }] }],
  ];
  for (const [name, change, repository] of runs) {
    it(`is ${name}, of a run`, () => {
      assert.equal(after(change, repository), undefined);
    });
  }

  it('is an object, of a run', () => {
    for (const other of [undefined, null, 'x'])
      assert.equal(
        pullRequestOf({ ...bare, name: 'workflow_run', payload: { workflow_run: other } }),
        undefined,
      );
  });
});

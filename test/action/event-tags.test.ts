import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { pullRequestOf, unnamedHeadOf } from '../../src/action/event.ts';
import type { WorkflowEvent } from '../../src/action/event.ts';
import { gitTagOf, safeTag, tagsOfEvent, unpushedReason } from '../../src/action/event-tags.ts';
import { caught } from '../support/caught.ts';
import { eventFixture } from '../support/events.ts';

const expected: Readonly<Record<string, readonly string[] | RegExp>> = {
  push: ['main'],
  'push-branch': ['feature-Gr-e_1.x'],
  tag: ['v1.2.3', 'latest'],
  'tag-prerelease': ['v2.0.0-rc.1'],
  'pull-request': ['pr-15'],
  'pull-request-closed': ['pr-15'],
  'pull-request-fork': ['pr-15'],
  'pull-request-deleted-fork': ['pr-15'],
  'pull-request-dependabot': ['pr-16'],
  'workflow-run': ['release-1.x'],
  'workflow-run-pull-request': ['pr-15'],
  // A fork may well name its branch main.
  'workflow-run-fork': /pull request, as for those of forks/,
  release: ['v1.2.3', 'latest'],
  'release-prerelease': ['v1.3.0'],
  'workflow-dispatch': ['main'],
  schedule: ['main'],
  'merge-group': ['gh-readonly-queue-main-pr-5-860c1904a1ce19322e91ac35af1ab07466440c37'],
  'issue-comment-pull-request': ['pr-15'],
  'issue-comment': /"issue_comment" is no build of a branch/,
  issues: /"issues" is no build of a branch/,
  delete: /"delete" is no build of a branch/,
  'check-suite': /"check_suite" is no build of a branch/,
};

/** docs.github.com, "Events that trigger workflows"; the ref of each is a branch here. */
const builds = [
  'create',
  'deployment',
  'deployment_status',
  'merge_group',
  'push',
  'repository_dispatch',
  'schedule',
  'workflow_dispatch',
];
const others = [
  'branch_protection_rule',
  'check_run',
  'check_suite',
  'delete',
  'discussion',
  'discussion_comment',
  'fork',
  'gollum',
  'image_version',
  'issue_comment',
  'issues',
  'label',
  'milestone',
  'page_build',
  'project',
  'project_card',
  'project_column',
  'public',
  'registry_package',
  'status',
  'watch',
];

describe('the tags of an event', () => {
  it('are known for every recorded event', () => {
    const names = readdirSync(join(import.meta.dirname, '../fixtures/events')).map((name) =>
      name.replace('.json', ''),
    );
    assert.deepEqual(Object.keys(expected).sort(), names.sort());
  });

  for (const [name, tags] of Object.entries(expected)) {
    it(`are those of ${name}`, async () => {
      const event = await eventFixture(name);
      if (tags instanceof RegExp) {
        assert.throws(() => tagsOfEvent(event), { code: 'INPUT_INVALID', message: tags });
      } else assert.deepEqual(tagsOfEvent(event), tags);
    });
  }

  const bare: WorkflowEvent = { name: 'push', ref: '', repository: 'a/b', actor: 'x', payload: {} };
  /** The event after a run of this repository for another event. */
  const after = (name: string, branch: string): WorkflowEvent => ({
    ...bare,
    name: 'workflow_run',
    ref: 'refs/heads/main',
    payload: { workflow_run: { event: name, head_branch: branch, head_repository: { full_name: 'a/b' } } },
  });
  const refs: [ref: string, tags: readonly string[]][] = [
    ['refs/tags/1.0.0', ['1.0.0', 'latest']],
    ['refs/tags/v1.0.0+build.5', ['v1.0.0-build.5', 'latest']],
    ['refs/tags/v1.0', ['v1.0']],
    ['refs/tags/v01.0.0', ['v01.0.0']],
    ['refs/tags/release/2024', ['release-2024']],
    ['refs/heads/gh-readonly-queue/main/pr-7-860c19', ['gh-readonly-queue-main-pr-7-860c19']],
    ['refs/heads/.hidden/-x', ['_hidden--x']],
    ['refs/pull/7/merge', ['pr-7']],
  ];
  for (const [ref, tags] of refs) {
    it(`are ${tags.join(' and ')} for ${ref}`, () => {
      assert.deepEqual(tagsOfEvent({ ...bare, ref }), tags);
    });
  }

  for (const name of builds) {
    it(`are the branch's for ${name}, also as the event of the run before`, () => {
      assert.deepEqual(tagsOfEvent({ ...bare, name, ref: 'refs/heads/main' }), ['main']);
      assert.deepEqual(tagsOfEvent(after(name, 'main')), ['main']);
    });
  }

  for (const name of others) {
    it(`are asked for where ${name} says nothing of what is built`, () => {
      const wanted = { code: 'INPUT_INVALID', message: /expected the input "tags", got none/ };
      assert.throws(() => tagsOfEvent({ ...bare, name, ref: 'refs/heads/main' }), wanted);
      assert.throws(() => tagsOfEvent(after(name, 'main')), wanted);
    });
  }

  const taken = [
    'latest',
    'v1.2.3',
    '1.2',
    'v1',
    '7',
    '1.2-rc.1',
    'pr-5',
    'pr/5',
    `sha256-${'0'.repeat(64)}`,
  ];
  for (const branch of taken) {
    it(`are not taken by a branch named ${branch}`, () => {
      const wanted = { code: 'INPUT_INVALID', message: /not the branch "/, hint: /tags: branch-/ };
      assert.throws(() => tagsOfEvent({ ...bare, ref: `refs/heads/${branch}` }), wanted);
      assert.throws(() => tagsOfEvent(after('push', branch)), wanted);
    });
  }

  for (const branch of ['7-fix-login', 'v8-engine', 'release-1.2', 'pr-5-fix', 'latest-news', 'shadow-1']) {
    it(`are the branch's own name for ${branch}`, () => {
      assert.deepEqual(tagsOfEvent({ ...bare, ref: `refs/heads/${branch}` }), [branch]);
    });
  }

  it("are no pull request's and no signature's for a git tag", () => {
    for (const name of ['pr-5', `sha256-${'0'.repeat(64)}`])
      assert.throws(() => tagsOfEvent({ ...bare, ref: `refs/tags/${name}` }), { code: 'INPUT_INVALID' });
  });

  it('are not pushed for the merge queue, in whatever event it comes', async () => {
    const queue = 'gh-readonly-queue/main/pr-7-860c19';
    const rows = [
      await eventFixture('merge-group'),
      { ...bare, ref: `refs/heads/${queue}` },
      after('push', queue),
    ];
    for (const event of rows) assert.match(unpushedReason(event) ?? '', /merge queue/);
    assert.equal(unpushedReason({ ...bare, ref: 'refs/heads/main' }), undefined);
    assert.equal(unpushedReason(after('push', 'main')), undefined);
  });

  it('are asked for where the event names nothing', () => {
    assert.throws(() => tagsOfEvent({ ...bare, name: 'repository_dispatch' }), { code: 'INPUT_INVALID' });
    assert.throws(() => tagsOfEvent({ ...bare, ref: 'refs/heads/日本' }), { code: 'INPUT_INVALID' });
  });

  const foreign: [name: string, tag: string][] = [
    ['日main', '_main'],
    ['ü/main', '_main'],
    ['日latest', '_latest'],
    ['日v1.2.3', '_v1.2.3'],
    ['main日', 'main-'],
  ];
  for (const [name, tag] of foreign) {
    it(`are not those of another branch for ${name}`, () => {
      assert.deepEqual(tagsOfEvent({ ...bare, name: 'push', ref: `refs/heads/${name}` }), [tag]);
    });
  }

  it('are those of a pull request that was found, where the event names none', async () => {
    const found = { number: 7, isFork: true, headSha: undefined, baseBranch: undefined };
    assert.deepEqual(tagsOfEvent(await eventFixture('workflow-run-fork'), found), ['pr-7']);
    assert.deepEqual(tagsOfEvent(await eventFixture('workflow-run-pull-request'), found), ['pr-15']);
  });

  it('are always tags', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (name) => {
        fc.pre(/[A-Za-z0-9_]/.test(name));
        assert.match(safeTag(name), /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/);
      }),
    );
  });
});

describe('the pull request of an event', () => {
  const forks: [name: string, isFork: boolean | undefined][] = [
    ['pull-request', false],
    ['pull-request-fork', true],
    ['pull-request-deleted-fork', true],
    ['workflow-run-pull-request', false],
    ['workflow-run-fork', undefined],
    ['push', undefined],
  ];
  for (const [name, isFork] of forks) {
    it(`is ${isFork === undefined ? 'not known' : isFork ? "a fork's" : 'our own'} for ${name}`, async () => {
      assert.equal(pullRequestOf(await eventFixture(name))?.isFork, isFork);
    });
  }

  const headSha = '55c1f5b2e7d2c2f0d5c1a9a0f5c8d8a07c31b9aa';
  for (const name of ['pull-request', 'pull-request-fork', 'workflow-run-pull-request']) {
    it(`has its own commit and branches, not those of a merge, for ${name}`, async () => {
      const { isFork, ...others } = pullRequestOf(await eventFixture(name)) ?? {};
      assert.equal(isFork, name === 'pull-request-fork');
      assert.deepEqual(others, { number: 15, headSha, baseBranch: 'main' });
    });
  }

  it('is looked for by its head, where only that is known', async () => {
    for (const name of Object.keys(expected)) {
      const head = { repository: 'someone/Redis-Unikernel', branch: 'main', sha: headSha };
      assert.deepEqual(
        unnamedHeadOf(await eventFixture(name)),
        name === 'workflow-run-fork' ? head : undefined,
        name,
      );
    }
  });

  const ownId = 714003122;
  const head = { sha: headSha, repo: { id: ownId } };
  const own = { base: { ref: 'main', repo: { id: ownId } }, head };
  const foreign = { base: { ref: 'main', repo: { id: 5 } }, head };
  const listings: [name: string, requests: readonly object[], number: number | undefined][] = [
    ['its own', [own], 11],
    ["a fork's", [foreign], undefined],
    ["a fork's before its own", [foreign, own], 12],
    ['two of its own', [own, own], undefined],
    ['one of nowhere', [{ ...own, base: { ref: 'main', repo: null } }], undefined],
    ['one that has newer commits', [{ ...own, head: { ...head, sha: '0'.repeat(40) } }], undefined],
    ["one from a fork's branch of that name", [{ ...own, head: { ...head, repo: { id: 5 } } }], undefined],
    ['one from nowhere', [{ ...own, head: { sha: headSha, repo: null } }], undefined],
    ['an outdated one before its own', [{ ...own, head: { ...head, sha: '0'.repeat(40) } }, own], 12],
  ];
  for (const [name, listed, number] of listings) {
    it(`is ${number === undefined ? 'looked for' : 'known'} when the run before lists ${name}`, async () => {
      const event = await eventFixture('workflow-run-pull-request');
      const requests = listed.map((one, at) => ({ number: 11 + at, ...one }));
      const run = { ...(event.payload.workflow_run as object), pull_requests: requests };
      const changed = { ...event, payload: { ...event.payload, workflow_run: run } };
      assert.equal(pullRequestOf(changed)?.number, number);
      assert.equal(unnamedHeadOf(changed)?.sha, number === undefined ? headSha : undefined);
    });
  }

  it('is the one that a comment is on, of which no more is known', async () => {
    assert.deepEqual(pullRequestOf(await eventFixture('issue-comment-pull-request')), {
      number: 15,
      isFork: undefined,
      headSha: undefined,
      baseBranch: undefined,
    });
    assert.equal(pullRequestOf(await eventFixture('issue-comment')), undefined);
  });

  it('can not be looked for when its fork is gone', async () => {
    const event = await eventFixture('workflow-run-fork');
    const run = { ...(event.payload.workflow_run as object), head_repository: null };
    assert.equal(unnamedHeadOf({ ...event, payload: { workflow_run: run } }), undefined);
  });
});

describe('what is said of an event without tags', () => {
  const bare: WorkflowEvent = { name: 'push', ref: '', repository: 'a/b', actor: 'x', payload: {} };
  const run = { event: 'push', head_branch: 'main', head_repository: { full_name: 'a/b' } };
  const after = (change: object): WorkflowEvent => ({
    ...bare,
    name: 'workflow_run',
    ref: 'refs/tags/v1.0.0',
    payload: { workflow_run: { ...run, ...change } },
  });
  const anyTag = 'Set the input, for example tags: latest.';
  const number =
    'With a "github-token" that may read pull requests the number is found; or set tags: pr-<number>.';
  const unnamed = "the run that started this one doesn't name its pull request, as for those of forks";
  const rows: readonly [event: WorkflowEvent, why: string, hint: string][] = [
    [{ ...bare, ref: 'refs/heads/a\nb' }, 'the event "push" names no branch, tag or pull request', anyTag],
    [bare, 'the event "push" names no branch, tag or pull request', anyTag],
    [{ ...bare, ref: 'xrefs/heads/main' }, 'the event "push" names no branch, tag or pull request', anyTag],
    [{ ...bare, ref: 'refs/heads/' }, 'the event "push" names no branch, tag or pull request', anyTag],
    [{ ...bare, ref: 'xrefs/tags/v1' }, 'the event "push" names no branch, tag or pull request', anyTag],
    [
      { ...bare, name: 'issues', ref: 'refs/heads/x' },
      'the event "issues" is no build of a branch or tag',
      anyTag,
    ],
    [{ ...bare, ref: 'refs/heads/日本' }, '"日本" has no character that a tag may have', anyTag],
    [
      { ...bare, ref: 'refs/heads/v1.2' },
      'the tag "v1.2" is a version, not the branch "v1.2"',
      'Set the input, for example tags: branch-v1.2',
    ],
    [
      { ...bare, ref: 'refs/tags/pr/5' },
      'the tag of that name is a pull request\'s, not the git tag "pr/5"',
      anyTag,
    ],
    [after({ event: 'pull_request' }), unnamed, number],
    [after({ head_branch: undefined }), unnamed, number],
    [after({ head_repository: { full_name: 'c/d' } }), unnamed, number],
    [after({ head_repository: undefined }), unnamed, number],
    [
      after({ event: 'issues' }),
      'the run that started this one, for "issues", is no build of a branch',
      anyTag,
    ],
    [after({ event: 5 }), 'the run that started this one, for "5", is no build of a branch', anyTag],
  ];
  for (const [event, why, hint] of rows) {
    it(`is that ${why}`, async () => {
      const message = `expected the input "tags", got none, and ${why}`;
      assert.deepEqual(await caught(() => tagsOfEvent(event)), [{ code: 'INPUT_INVALID', message, hint }]);
    });
  }

  it('is nothing where the run before is one of ours, or where there is none', () => {
    assert.deepEqual(tagsOfEvent(after({})), ['main']);
    const refs = { ...bare, name: 'workflow_run', ref: 'refs/heads/x' };
    assert.throws(() => tagsOfEvent(refs), /"workflow_run" is no build/);
    assert.deepEqual(tagsOfEvent({ ...bare, name: '', ref: 'refs/heads/x' }), ['x']);
  });

  it('is a pull request by its ref, for whatever event', () => {
    assert.deepEqual(tagsOfEvent({ ...bare, name: 'issues', ref: 'refs/pull/7/head' }), ['pr-7']);
  });
});

describe('the git tag of an event', () => {
  const bare: WorkflowEvent = {
    name: 'push',
    ref: 'refs/tags/v1/x',
    repository: 'a/b',
    actor: 'x',
    payload: {},
  };
  const release = { tag_name: 'v2' };
  const rows: readonly [name: string, event: Partial<WorkflowEvent>, tag: string | undefined][] = [
    ['a pushed tag', {}, 'v1/x'],
    ['a branch', { ref: 'refs/heads/refs/tags/v1' }, undefined],
    ['no ref', { ref: '' }, undefined],
    ['a tag without a name', { ref: 'refs/tags/' }, undefined],
    ['a release', { name: 'release', payload: { release } }, 'v2'],
    ['a release that names none', { name: 'release', payload: { release: {} } }, 'v1/x'],
    ['a release that is none', { name: 'release', payload: { release: 'v2' } }, 'v1/x'],
    ['a release in another event', { name: 'deployment', payload: { release } }, 'v1/x'],
    ['a run after another one', { name: 'workflow_run' }, undefined],
  ];
  for (const [name, event, tag] of rows) {
    it(`is ${tag ?? 'none'} for ${name}`, () => {
      assert.equal(gitTagOf({ ...bare, ...event }), tag);
    });
  }

  it('gives latest to a version whose release is no prerelease', () => {
    const event = (version: string, payload: object) => ({
      ...bare,
      ref: `refs/tags/${version}`,
      payload: { ...payload },
    });
    assert.deepEqual(tagsOfEvent(event('v1.2.3', {})), ['v1.2.3', 'latest']);
    assert.deepEqual(tagsOfEvent(event('v1.2.3', { release: 'x' })), ['v1.2.3', 'latest']);
    assert.deepEqual(tagsOfEvent(event('v1.2.3', { release: { prerelease: false } })), ['v1.2.3', 'latest']);
    assert.deepEqual(tagsOfEvent(event('v1.2.3', { release: { prerelease: true } })), ['v1.2.3']);
    assert.deepEqual(tagsOfEvent(event('nightly', {})), ['nightly']);
  });
});

describe('what is not pushed', () => {
  const why = 'this is a build for the merge queue, and the input "tags" is empty';
  const event = (ref: string, payload: object = {}): WorkflowEvent => ({
    ...{ name: 'push', ref, repository: 'a/b', actor: 'x' },
    payload: { ...payload },
  });
  const rows: readonly [event: WorkflowEvent, reason: string | undefined][] = [
    [event('refs/heads/gh-readonly-queue/main/pr-1'), why],
    [event('gh-readonly-queue/main/pr-1'), why],
    [event('refs/heads/x/gh-readonly-queue/main'), undefined],
    [event('refs/heads/gh-readonly-queue'), undefined],
    [event('refs/tags/x', { workflow_run: { head_branch: 'gh-readonly-queue/x' } }), why],
    [event('refs/heads/gh-readonly-queue/x', { workflow_run: { head_branch: 'main' } }), undefined],
    [event('refs/heads/gh-readonly-queue/x', { workflow_run: {} }), undefined],
    [event('refs/heads/gh-readonly-queue/x', { workflow_run: 'x' }), why],
  ];
  for (const [given, reason] of rows) {
    it(`is ${reason === undefined ? 'not ' : ''}${given.ref} with ${JSON.stringify(given.payload)}`, () => {
      assert.equal(unpushedReason(given), reason);
    });
  }
});

describe('a name as a tag', () => {
  const rows: readonly [name: string, tag: string][] = [
    ['a//b@@c', 'a-b-c'],
    ['..-a', '_a'],
    ['a.-', 'a.-'],
    ['_x', '_x'],
    ['x'.repeat(129), 'x'.repeat(128)],
    ['é1', '_1'],
  ];
  for (const [name, tag] of rows) {
    it(`is ${tag.slice(0, 20)} for ${name.slice(0, 20)}`, () => {
      assert.equal(safeTag(name), tag);
    });
  }

  for (const name of ['', '-./', '日本']) {
    it(`is none for ${JSON.stringify(name)}`, () => {
      assert.throws(() => safeTag(name), { code: 'INPUT_INVALID' });
    });
  }
});

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { pullRequestOf, unnamedHeadOf } from '../../src/action/event.ts';
import type { WorkflowEvent } from '../../src/action/event.ts';
import { safeTag, tagsOfEvent } from '../../src/action/event-tags.ts';
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
};

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
  const refs: [ref: string, tags: readonly string[]][] = [
    ['refs/tags/1.0.0', ['1.0.0', 'latest']],
    ['refs/tags/v1.0.0+build.5', ['v1.0.0-build.5', 'latest']],
    ['refs/tags/v1.0', ['v1.0']],
    ['refs/tags/v01.0.0', ['v01.0.0']],
    ['refs/tags/release/2024', ['release-2024']],
    ['refs/heads/gh-readonly-queue/main/pr-7-860c19', ['gh-readonly-queue-main-pr-7-860c19']],
    ['refs/heads/.hidden/-x', ['hidden--x']],
    ['refs/pull/7/merge', ['pr-7']],
  ];
  for (const [ref, tags] of refs) {
    it(`are ${tags.join(' and ')} for ${ref}`, () => {
      assert.deepEqual(tagsOfEvent({ ...bare, ref }), tags);
    });
  }

  it('are asked for where the event names nothing', () => {
    assert.throws(() => tagsOfEvent({ ...bare, name: 'repository_dispatch' }), { code: 'INPUT_INVALID' });
    assert.throws(() => tagsOfEvent({ ...bare, ref: 'refs/heads/日本' }), { code: 'INPUT_INVALID' });
  });

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

  const listings: [name: string, bases: readonly unknown[], number: number | undefined][] = [
    ['its own', [{ ref: 'main', repo: { id: 714003122 } }], 11],
    ["a fork's", [{ ref: 'main', repo: { id: 5 } }], undefined],
    ["a fork's before its own", [{ repo: { id: 5 } }, { repo: { id: 714003122 } }], 12],
    ['two of its own', [{ repo: { id: 714003122 } }, { repo: { id: 714003122 } }], undefined],
    ['one of nowhere', [{ ref: 'main', repo: null }], undefined],
  ];
  for (const [name, bases, number] of listings) {
    it(`is ${number === undefined ? 'looked for' : 'known'} when the run before lists ${name}`, async () => {
      const event = await eventFixture('workflow-run-pull-request');
      const requests = bases.map((base, at) => ({ number: 11 + at, base }));
      const run = { ...(event.payload.workflow_run as object), pull_requests: requests };
      const changed = { ...event, payload: { ...event.payload, workflow_run: run } };
      assert.equal(pullRequestOf(changed)?.number, number);
      assert.equal(unnamedHeadOf(changed)?.sha, number === undefined ? headSha : undefined);
    });
  }

  it('can not be looked for when its fork is gone', async () => {
    const event = await eventFixture('workflow-run-fork');
    const run = { ...(event.payload.workflow_run as object), head_repository: null };
    assert.equal(unnamedHeadOf({ ...event, payload: { workflow_run: run } }), undefined);
  });
});

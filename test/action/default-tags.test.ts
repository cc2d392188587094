// The tags of an image when none are given: whom the run asks, and when it asks nobody.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { defaultTags } from '../../src/action/default-tags.ts';
import type { PullRequest, WorkflowEvent } from '../../src/action/event.ts';
import { eventFixture } from '../support/events.ts';
import { createReleases } from '../support/github/releases.ts';
import { startSession } from '../support/github/session.ts';

const found: PullRequest = { number: 7, isFork: true, headSha: undefined, baseBranch: 'main' };

interface TagRun {
  readonly pullRequest?: PullRequest;
  readonly hasToken?: boolean;
  /** The repository's git tags. */
  readonly gitTags?: readonly string[];
}

/** The tags, and how often the pull request and GitHub were asked for. */
async function tagsFor(
  test: TestContext,
  event: WorkflowEvent,
  { pullRequest, hasToken = true, gitTags = [] }: TagRun = {},
) {
  const { routes } = createReleases(event.repository, { tags: gitTags });
  const { access, server } = await startSession(test, { routes });
  let lookups = 0;
  const tags = await defaultTags({
    ...access,
    token: hasToken ? access.token : undefined,
    event,
    pullRequest: () => {
      lookups += 1;
      return Promise.resolve(pullRequest);
    },
  });
  return { tags, lookups, calls: server.calls.length };
}

describe('the tags when none are given', () => {
  for (const [name, tags] of [
    ['push-branch', undefined],
    ['pull-request', undefined],
    ['workflow-run-pull-request', ['pr-15']],
    ['workflow-run', ['release-1.x']],
  ] as const) {
    it(`need nobody where the event names what is built: ${name}`, async (test) => {
      const outcome = await tagsFor(test, await eventFixture(name), { pullRequest: found });
      if (tags !== undefined) assert.deepEqual(outcome.tags, tags);
      assert.equal(outcome.tags.length, 1);
      assert.deepEqual([outcome.lookups, outcome.calls], [0, 0]);
    });
  }

  it("are the number of a fork's pull request, which its run doesn't name", async (test) => {
    const event = await eventFixture('workflow-run-fork');
    const { tags, lookups } = await tagsFor(test, event, { pullRequest: found });
    assert.deepEqual(tags, ['pr-7']);
    assert.equal(lookups, 1);
  });

  it("fail for a fork's run without a token, without asking, and where nothing is found", async (test) => {
    const event = await eventFixture('workflow-run-fork');
    const refusal = { code: 'INPUT_INVALID', message: /as for those of forks/, hint: /pr-<number>/ };
    await assert.rejects(tagsFor(test, event, { pullRequest: found, hasToken: false }), refusal);
    await assert.rejects(tagsFor(test, event), refusal);
  });

  for (const [other, isLatest] of [
    ['v0.0.1', true],
    ['v999.0.0', false],
  ] as const) {
    it(`${isLatest ? 'have' : 'lack'} latest beside ${other}`, async (test) => {
      const event = { ...(await eventFixture('tag')), ref: 'refs/tags/v1.2.3' };
      const { tags, lookups } = await tagsFor(test, event, { gitTags: ['v1.2.3', other] });
      assert.deepEqual(tags, isLatest ? ['v1.2.3', 'latest'] : ['v1.2.3']);
      assert.equal(lookups, 0);
    });
  }
});

// The pull request that a run is for, asked for where the event doesn't name it, as for the pull requests of forks.

import { BimaError } from '../core/errors.ts';
import { pullRequestOf, unnamedHeadOf } from './event.ts';
import type { PullRequest, WorkflowEvent } from './event.ts';
import { withGithub } from './github.ts';
import type { GithubAccess } from './github.ts';

/**
 * What the event says, or what GitHub says of its commit: nothing that the pull request itself could have written.
 * @returns undefined for an event that is about none
 * @throws BimaError GITHUB_NOT_FOUND when none fits any more, or several do; what a failed request leads to
 */
export async function findPullRequest(
  event: WorkflowEvent,
  world: GithubAccess,
): Promise<PullRequest | undefined> {
  const head = unnamedHeadOf(event);
  if (head === undefined) return pullRequestOf(event);
  const found = await withGithub(world, async (github) => {
    const { listPullRequests } = await import('../adapters/github/pull-request.ts');
    return listPullRequests(github, event.repository, head);
  });
  const [first, ...others] = found;
  const commit = `the commit ${head.sha} of "${head.repository}"`;
  if (first === undefined) {
    throw new BimaError('GITHUB_NOT_FOUND', `no open pull request has ${commit} as its newest`, {
      hint: 'It was closed, or has newer commits by now, whose own run makes the preview.',
    });
  }
  if (others.length > 0) {
    const numbers = found.map(({ number }) => `#${number}`).join(', ');
    throw new BimaError('GITHUB_NOT_FOUND', `expected one open pull request with ${commit}, got ${numbers}`, {
      hint: 'Close all but one, or push another commit to its branch.',
    });
  }
  const isFork = head.repository !== event.repository;
  return { ...first, isFork, headSha: head.sha };
}

/** Asks at most once for all callers; a failure is remembered as well. */
export function pullRequestOnce(
  event: WorkflowEvent,
  world: GithubAccess,
): () => Promise<PullRequest | undefined> {
  let found: Promise<PullRequest | undefined> | undefined;
  return () => (found ??= findPullRequest(event, world));
}

// The tags of an image when none are given: from the event, and where that isn't enough, from what GitHub says.

import { unnamedHeadOf } from './event.ts';
import type { PullRequest, WorkflowEvent } from './event.ts';
import { tagsOfEvent } from './event-tags.ts';
import type { GithubAccess } from './github.ts';
import { settleLatest } from './latest.ts';

/** @throws BimaError as {@link tagsOfEvent} does; GITHUB_NOT_FOUND without a pull request for a fork's run */
export async function defaultTags(event: WorkflowEvent, access: GithubAccess): Promise<readonly string[]> {
  return settleLatest(tagsOfEvent(event, await unnamedPullRequest(event, access)), event, access);
}

/** Asked for only if a tag is to be made of its number. */
async function unnamedPullRequest(
  event: WorkflowEvent,
  access: GithubAccess,
): Promise<PullRequest | undefined> {
  const { token } = access;
  if (token === undefined || unnamedHeadOf(event) === undefined) return undefined;
  const { findPullRequest } = await import('./pull-request.ts');
  return findPullRequest(event, { ...access, token });
}

// The tags of an image when none are given: from the event, and where that isn't enough, from what GitHub says.

import { unnamedHeadOf } from './event.ts';
import { tagsOfEvent } from './event-tags.ts';
import { settleLatest } from './latest.ts';
import type { GithubAccess } from './github.ts';
import type { World } from './world.ts';

/** @throws BimaError as {@link tagsOfEvent} does; GITHUB_NOT_FOUND without a pull request for a fork's run */
export async function defaultTags(
  world: GithubAccess & Pick<World, 'event' | 'pullRequest'>,
): Promise<readonly string[]> {
  const { event, token } = world;
  const isAsked = token !== undefined && unnamedHeadOf(event) !== undefined;
  return settleLatest(tagsOfEvent(event, isAsked ? await world.pullRequest() : undefined), world);
}

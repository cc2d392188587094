// The tags of an image when none are given: they follow from the event.

import { BimaError } from '../core/errors.ts';
import { isObject } from '../core/oci/json.ts';
import type { JsonObject } from '../core/oci/json.ts';
import { isPullRequestEvent, nameOf, pullRequestOf } from './event.ts';
import type { PullRequest, WorkflowEvent } from './event.ts';
import { meaningForImages, meaningOfTag } from './reserved-tags.ts';
import { parseVersion } from './version.ts';

/**
 * The events of docs.github.com, "Events that trigger workflows", whose ref is what is built; a local runner names none.
 * The ref of all others is the default branch, whatever they are about.
 */
const builds = new Set([
  '',
  'create',
  'deployment',
  'deployment_status',
  'merge_group',
  'push',
  'release',
  'repository_dispatch',
  'schedule',
  'workflow_dispatch',
]);

/**
 * `pr-N` for a pull request, the branch, or the git tag and with it `latest` for a version that is no prerelease.
 * @param found the pull request of an event that doesn't name it
 * @throws BimaError INPUT_INVALID for an event that names nothing that can be trusted as a tag
 */
export function tagsOfEvent(event: WorkflowEvent, found?: PullRequest): string[] {
  const request = pullRequestOf(event) ?? found;
  if (request !== undefined) return [`pr-${request.number}`];
  const { workflow_run: run, release } = event.payload;
  if (event.name === 'workflow_run' && isObject(run)) return [tagOfRun(run, event)];
  const [, kind, name = ''] = /^refs\/(heads|pull)\/(.+)$/.exec(event.ref) ?? [];
  if (kind === 'pull') return [`pr-${name.split('/')[0] ?? ''}`];
  if (!builds.has(event.name)) throw missingTags(`the event "${event.name}" is no build of a branch or tag`);
  const gitTag = gitTagOf(event);
  if (gitTag !== undefined) return gitTags(gitTag, isObject(release) && release.prerelease === true);
  if (kind === 'heads') return [tagOfBranch(name)];
  throw missingTags(`the event "${event.name}" names no branch, tag or pull request`);
}

/** Why an image whose tag follows from the event alone isn't pushed: nobody would ever remove the tag. */
export function unpushedReason({ ref, payload }: WorkflowEvent): string | undefined {
  const { workflow_run: run } = payload;
  const branch = isObject(run) ? run.head_branch : ref.replace(/^refs\/heads\//, '');
  return typeof branch === 'string' && branch.startsWith('gh-readonly-queue/')
    ? 'this is a build for the merge queue, and the input "tags" is empty'
    : undefined;
}

/** The git tag that the event is about, if it is: that of its release, or the one that was pushed. */
export function gitTagOf(event: WorkflowEvent): string | undefined {
  const { release } = event.payload;
  if (event.name === 'release' && isObject(release) && typeof release.tag_name === 'string') {
    return release.tag_name;
  }
  // The ref says nothing about the previous run.
  return event.name === 'workflow_run' ? undefined : /^refs\/tags\/(.+)$/.exec(event.ref)?.[1];
}

/**
 * A name as a tag: other characters become `-`, and it is cut to the 128 that a tag may have. What can't begin a tag
 * becomes `_` there: without it, `日main` would move the tag of `main`.
 */
export function safeTag(name: string): string {
  if (!/[A-Za-z0-9_]/.test(name)) throw missingTags(`"${name}" has no character that a tag may have`);
  return name
    .replace(/[^A-Za-z0-9_.-]+/g, '-')
    .replace(/^[.-]+/, '_')
    .slice(0, 128);
}

function tagOfBranch(name: string): string {
  const tag = safeTag(name);
  const meaning = meaningOfTag(tag);
  if (meaning === undefined) return tag;
  throw missingTags(
    `the tag "${tag}" is ${meaning}, not the branch "${name}"`,
    `Set the input, for example tags: branch-${tag}`,
  );
}

function gitTags(name: string, isPrerelease: boolean): string[] {
  const meaning = meaningForImages(safeTag(name));
  if (meaning !== undefined)
    throw missingTags(`the tag of that name is ${meaning}, not the git tag "${name}"`);
  return parseVersion(name) !== undefined && !isPrerelease ? [safeTag(name), 'latest'] : [safeTag(name)];
}

/** A fork names its branches as it likes: such a name must not move a tag of this repository. */
function tagOfRun(run: JsonObject, event: WorkflowEvent): string {
  const isOwn = nameOf(run.head_repository) === event.repository;
  if (isPullRequestEvent(run.event) || !isOwn || typeof run.head_branch !== 'string') {
    throw missingTags(
      "the run that started this one doesn't name its pull request, as for those of forks",
      findNumber,
    );
  }
  if (typeof run.event !== 'string' || !builds.has(run.event)) {
    throw missingTags(`the run that started this one, for "${String(run.event)}", is no build of a branch`);
  }
  return tagOfBranch(run.head_branch);
}

const findNumber =
  'With a "github-token" that may read pull requests the number is found; or set tags: pr-<number>.';

function missingTags(why: string, hint = 'Set the input, for example tags: latest.'): BimaError {
  return new BimaError('INPUT_INVALID', `expected the input "tags", got none, and ${why}`, { hint });
}

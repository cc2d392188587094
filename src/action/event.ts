// The event that started the workflow run, read from the environment and the event's payload.

import type { PullRequestHead } from '../adapters/github/pull-request.ts';
import { isObject } from '../core/oci/json.ts';
import type { JsonObject } from '../core/oci/json.ts';

export interface WorkflowEvent {
  /** Such as `push` or `pull_request`. */
  readonly name: string;
  /** Such as `refs/heads/main` or `refs/tags/v1.0`. */
  readonly ref: string;
  /** `owner/name`. */
  readonly repository: string;
  readonly actor: string;
  readonly payload: JsonObject;
}

export interface PullRequest {
  readonly number: number;
  /** True when its commits are in another repository; undefined when the event doesn't tell. */
  readonly isFork: boolean | undefined;
  /** The commit that it proposes; GITHUB_SHA is a merge of it. */
  readonly headSha: string | undefined;
  /** The branch that it is to be merged into. */
  readonly baseBranch: string | undefined;
}

/** The pull request that the event is about: its own, the one commented on, or that of the run before it. */
export function pullRequestOf(event: WorkflowEvent): PullRequest | undefined {
  const { pull_request: request, issue, workflow_run: run } = event.payload;
  if (isObject(request) && typeof request.number === 'number') {
    const { number, head, base } = request;
    const isFork = nameOf(isObject(head) ? head.repo : undefined) !== event.repository;
    return { number, isFork, headSha: textIn(head, 'sha'), baseBranch: textIn(base, 'ref') };
  }
  // GitHub has a pull request's conversation as an issue of the same number, and says no more of it here.
  if (event.name === 'issue_comment' && isObject(issue) && isObject(issue.pull_request)) {
    const { number } = issue;
    if (typeof number !== 'number') return undefined;
    return { number, isFork: undefined, headSha: undefined, baseBranch: undefined };
  }
  if (!isObject(run) || !isPullRequestEvent(run.event)) return undefined;
  const [first, ...others] = requestsOf(run, event.payload);
  if (first === undefined || others.length > 0 || typeof first.number !== 'number') return undefined;
  const { number, base } = first;
  const isFork = nameOf(run.head_repository) !== event.repository;
  return { number, isFork, headSha: textIn(run, 'head_sha'), baseBranch: textIn(base, 'ref') };
}

/**
 * GitHub lists what is open and has the run's branch. Anybody may propose that branch to a fork, whose numbers mean
 * something else here, and by now it may propose other commits than those of the run.
 */
function requestsOf(run: JsonObject, { repository }: JsonObject): readonly JsonObject[] {
  const { pull_requests: all, head_repository: from, head_sha: sha } = run;
  const [id, fromId] = [idOf(repository), idOf(from)];
  const requests: readonly unknown[] = Array.isArray(all) ? all : [];
  if (id === undefined || fromId === undefined || typeof sha !== 'string') return [];
  return requests.filter(isObject).filter(({ base, head }) => {
    const isOwn = isObject(base) && idOf(base.repo) === id;
    return isOwn && isObject(head) && head.sha === sha && idOf(head.repo) === fromId;
  });
}

/** Head of the pull request that started the previous run, if the event doesn't name that pull request. */
export function unnamedHeadOf(event: WorkflowEvent): PullRequestHead | undefined {
  const { workflow_run: run } = event.payload;
  if (!isObject(run) || !isPullRequestEvent(run.event) || pullRequestOf(event) !== undefined)
    return undefined;
  const [repository, branch, sha] = [
    nameOf(run.head_repository),
    textIn(run, 'head_branch'),
    textIn(run, 'head_sha'),
  ];
  if (repository === undefined || branch === undefined || sha === undefined) return undefined;
  return { repository, branch, sha };
}

/** True for `pull_request` and those that go with it. */
export function isPullRequestEvent(name: unknown): boolean {
  return typeof name === 'string' && name.startsWith('pull_request');
}

/** `owner/name` of a repository in a payload; undefined also for one that was deleted. */
export function nameOf(repository: unknown): string | undefined {
  return isObject(repository) && typeof repository.full_name === 'string' ? repository.full_name : undefined;
}

function idOf(repository: unknown): number | undefined {
  return isObject(repository) && typeof repository.id === 'number' ? repository.id : undefined;
}

function textIn(object: unknown, name: string): string | undefined {
  const value = isObject(object) ? object[name] : undefined;
  return typeof value === 'string' ? value : undefined;
}

// The comment of a run on its pull request. Whatever keeps it from being written is a warning, never a failure.

import { BimaError } from '../core/errors.ts';
import type { Problem } from '../core/errors.ts';
import type { Reference } from '../core/oci/reference.ts';
import { readBaseImage } from './base-image.ts';
import type { BaseImage } from './base-image.ts';
import { formatComment } from './comment-text.ts';
import type { CommentFacts } from './comment-text.ts';
import { safeTag } from './event-tags.ts';
import { pullRequestOf } from './event.ts';
import type { PullRequest, WorkflowEvent } from './event.ts';
import { withGithub } from './github.ts';
import { describeStep } from './maker.ts';
import { commitUrl, runUrl } from './pages.ts';
import type { Inputs } from './inputs.ts';
import { findPullRequest } from './pull-request.ts';
import type { ClientOrder } from './push.ts';

export interface CommentOrder
  extends ClientOrder, Pick<CommentFacts, 'facts' | 'references' | 'isPushed' | 'artifact'> {
  readonly inputs: ClientOrder['inputs'] & Pick<Inputs, 'matrix'>;
  readonly event: WorkflowEvent;
}

/** @returns the address of the comment, or undefined when there is none, after a line or a warning that says why */
export async function commentForWorkflow(order: CommentOrder): Promise<string | undefined> {
  const { isPushed, artifact, reporter, signal } = order;
  if (!isPushed && artifact === undefined) {
    reporter.info('no comment: the image was neither pushed nor uploaded as an artifact');
    return undefined;
  }
  try {
    return await reporter.group('Comment on the pull request', () => comment(order));
  } catch (error) {
    if (signal.aborted || !(error instanceof BimaError)) throw error;
    reporter.warning(explain(error, order.event));
    return undefined;
  }
}

async function comment(order: CommentOrder): Promise<string | undefined> {
  const { event, references, inputs, environment, reporter, signal } = order;
  const access = { token: inputs.githubToken, environment, reporter, signal };
  const pullRequest = await findPullRequest(event, access);
  const [first] = references;
  if (pullRequest === undefined || first === undefined) {
    reporter.info(`no comment: the event "${event.name}" is about no pull request`);
    return undefined;
  }
  const text = formatComment(await collect(order, pullRequest, first));
  const { number } = pullRequest;
  const image = `${first.registry}/${first.repository}`;
  const place = {
    repository: event.repository,
    number,
    image,
    key: describeStep(environment, inputs.matrix),
  };
  const url = await withGithub(access, async (github) => {
    const { putComment } = await import('../adapters/github/comment.ts');
    return putComment(github, place, text);
  });
  reporter.info(`the comment is ${url}`);
  return url;
}

async function collect(
  order: CommentOrder,
  pullRequest: PullRequest,
  first: Reference,
): Promise<CommentFacts> {
  const { facts, references, isPushed, artifact, environment } = order;
  const { number, headSha, baseBranch } = pullRequest;
  const base = baseBranch === undefined ? undefined : await readBase(order, first, baseBranch);
  const hasSha = headSha !== undefined && /^[0-9a-f]{40,64}$/.test(headSha);
  return {
    facts,
    references,
    isPushed,
    artifact,
    base,
    commit: hasSha ? { sha: headSha, url: commitUrl(environment, number, headSha) } : undefined,
    runUrl: runUrl(environment),
  };
}

/** What a push to the base branch names its image. */
async function readBase(
  order: CommentOrder,
  { registry, repository }: Reference,
  branch: string,
): Promise<BaseImage | undefined> {
  if (!/[A-Za-z0-9_]/.test(branch)) return undefined;
  return readBaseImage({ registry, repository, tag: safeTag(branch) }, order);
}

function explain({ code, message, hint = '' }: BimaError, event: WorkflowEvent): Problem {
  const isOfFork = event.name === 'pull_request' && pullRequestOf(event)?.isFork === true;
  const more =
    isOfFork && code === 'GITHUB_DENIED'
      ? ' docs/workflows/preview-push.yml shows a safe way for forks.'
      : '';
  return { code, message: `no comment was written: ${message}`, hint: `${hint}${more}`.trim() };
}

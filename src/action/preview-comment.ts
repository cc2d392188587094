// The comment of a run on its pull request. Whatever keeps it from being written is a warning, never a failure.

import { BimaError } from '../core/errors.ts';
import type { Problem } from '../core/errors.ts';
import type { Reference } from '../core/oci/reference.ts';
import { branchImageOnce, branchReference } from './branch-once.ts';
import type { ReadBranch } from './branch-once.ts';
import { formatComment } from './comment-text.ts';
import type { CommentFacts } from './comment-text.ts';
import { pullRequestOf } from './event.ts';
import type { PullRequest, WorkflowEvent } from './event.ts';
import { withGithub } from './github.ts';
import { describeStep } from './maker.ts';
import { commitUrl, runUrl } from './page-urls.ts';
import type { Inputs } from './inputs.ts';
import type { ClientRequest, ClientWorld } from './workflow-push.ts';
import type { World } from './world.ts';

export interface CommentRequest
  extends
    ClientRequest,
    Pick<CommentFacts, 'facts' | 'references' | 'isPushed' | 'artifact' | 'boots' | 'signature'> {
  readonly inputs: ClientRequest['inputs'] & Pick<Inputs, 'matrix'>;
  /** Reads the image of the base branch, where somebody has done so before. */
  readonly readBase?: ReadBranch;
}

export type CommentWorld = ClientWorld & Pick<World, 'event' | 'pullRequest'>;

/** @returns the address of the comment, or undefined when there is none, after a line or a warning that says why */
export async function commentForWorkflow(
  request: CommentRequest,
  world: CommentWorld,
): Promise<string | undefined> {
  const { event, reporter, signal } = world;
  if (!request.isPushed && request.artifact === undefined) {
    reporter.info('no comment: the image was neither pushed nor uploaded as an artifact');
    return undefined;
  }
  try {
    return await reporter.group('Comment on the pull request', () => comment(request, world));
  } catch (error) {
    if (signal.aborted || !(error instanceof BimaError)) throw error;
    reporter.warning(explain(error, event));
    return undefined;
  }
}

async function comment(request: CommentRequest, world: CommentWorld): Promise<string | undefined> {
  const { references, inputs } = request;
  const { event, environment, reporter } = world;
  const pullRequest = await world.pullRequest();
  const [first] = references;
  if (pullRequest === undefined || first === undefined) {
    reporter.info(`no comment: the event "${event.name}" is about no pull request`);
    return undefined;
  }
  const text = formatComment(await collect({ ...request, pullRequest, first }, world));
  const { number } = pullRequest;
  const image = `${first.registry}/${first.repository}`;
  const place = {
    repository: event.repository,
    number,
    image,
    key: describeStep(environment, inputs.matrix),
  };
  const url = await withGithub(world, async (github) => {
    const { putComment } = await import('../adapters/github/comment.ts');
    return putComment(github, place, text);
  });
  reporter.info(`the comment is ${url}`);
  return url;
}

async function collect(
  request: CommentRequest & { readonly pullRequest: PullRequest; readonly first: Reference },
  world: CommentWorld,
): Promise<CommentFacts> {
  const { facts, references, isPushed, artifact, boots = [], signature, pullRequest, first } = request;
  const { number, headSha, baseBranch } = pullRequest;
  const reference = branchReference(first, baseBranch);
  const { readBase = branchImageOnce({ ...request, skipped: undefined }, world).read } = request;
  const base = reference === undefined ? undefined : await readBase(reference);
  const hasSha = headSha !== undefined && /^[0-9a-f]{40,64}$/.test(headSha);
  return {
    facts,
    references,
    isPushed,
    artifact,
    boots,
    signature,
    base,
    commit: hasSha ? { sha: headSha, url: commitUrl(world.environment, number, headSha) } : undefined,
    runUrl: runUrl(world.environment),
  };
}

function explain({ code, message, hint = '' }: BimaError, event: WorkflowEvent): Problem {
  const isOfFork = event.name === 'pull_request' && pullRequestOf(event)?.isFork === true;
  const more =
    isOfFork && code === 'GITHUB_DENIED'
      ? ' docs/workflows/preview-push.yml shows a safe way for forks.'
      : '';
  const remedy = `${hint}${more}`.trim();
  return { code, message: `no comment was written: ${message}`, ...(remedy === '' ? {} : { hint: remedy }) };
}

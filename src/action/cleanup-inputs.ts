// The inputs of the cleanup, from raw strings to values, and what the event adds to them.

import { BimaError } from '../core/errors.ts';
import { pullRequestOf } from './event.ts';
import type { WorkflowEvent } from './event.ts';
import { attemptAll, withoutUndefined } from './input-problems.ts';
import { readBoolean, readText, readWords } from './input-values.ts';
import type { InputReader } from './input-values.ts';
import type { Inputs } from './inputs.ts';
import { readLogin, readRegistry } from './login.ts';

export interface CleanupInputs extends Pick<
  Inputs,
  'githubToken' | 'image' | 'login' | 'registry' | 'summary' | 'tags' | 'tlsVerify'
> {
  readonly allowProtected: boolean;
  readonly deleteComment: boolean;
  readonly dryRun: boolean;
}

/** @throws BimaError INPUT_INVALID with everything that is wrong with the inputs */
export function readCleanupInputs(read: InputReader): CleanupInputs {
  return attemptAll((attempt) => {
    const boolean = (name: string, fallback: boolean) =>
      attempt(() => readBoolean(read, name, fallback), fallback);
    return withoutUndefined({
      image: readText(read, 'image'),
      tags: attempt(() => readWords(read, 'tags'), []),
      allowProtected: boolean('allow-protected', false),
      dryRun: boolean('dry-run', false),
      deleteComment: boolean('delete-comment', false),
      registry: readRegistry(read),
      login: attempt(() => readLogin(read), undefined),
      githubToken: readText(read, 'github-token'),
      tlsVerify: boolean('tls-verify', true),
      summary: boolean('summary', true),
    });
  });
}

/**
 * The tags of the pull request that the event says was closed: GitHub's word, not that of a file or a branch's name.
 * @throws BimaError INPUT_INVALID for any other event
 */
export function tagsOfClosed(event: WorkflowEvent): string[] {
  const request = pullRequestOf(event);
  const isClosed = /^pull_request(?:_target)?$/.test(event.name) && event.payload.action === 'closed';
  if (isClosed && request !== undefined) return [`pr-${request.number}`];
  throw new BimaError(
    'INPUT_INVALID',
    `expected the input "tags", got none, and the event "${event.name}" closes no pull request`,
    { hint: 'Run on pull_request_target with types: [closed], or set the input, for example tags: pr-5.' },
  );
}

/**
 * The pull request whose comment goes: the event's, or that of the tag.
 * @throws BimaError INPUT_INVALID
 */
export function numberOfComment(event: WorkflowEvent, tags: readonly string[]): number {
  const named = tags.flatMap((tag) => /^pr-([1-9]\d*)$/.exec(tag)?.[1] ?? []);
  const number = pullRequestOf(event)?.number ?? (named[0] === undefined ? undefined : Number(named[0]));
  if (number !== undefined) return number;
  throw new BimaError(
    'INPUT_INVALID',
    'expected the event of a pull request for the input "delete-comment"',
    {
      hint: 'Run on pull_request_target with types: [closed], or set tags: pr-<number>.',
    },
  );
}

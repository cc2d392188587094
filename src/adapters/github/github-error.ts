// GitHub's refusals, as errors that name the step to take.

import { BimaError } from '../../core/errors.ts';
import type { ErrorCode } from '../../core/errors.ts';
import { HttpError } from '../http/http-error.ts';

/** An error that GitHub answered, or a request without an answer. */
export class GithubError extends BimaError {
  /** HTTP status; undefined when there was no answer. */
  readonly status: number | undefined;
  /** GitHub's words for what is wrong with a field, such as `already_exists` (422 only). */
  readonly reasons: readonly string[];
  /** Seconds that a rate limit lasts; undefined for everything else. */
  readonly retryAfter: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    parts: {
      status?: number | undefined;
      reasons?: readonly string[];
      retryAfter?: number | undefined;
    },
    options: { hint?: string; cause?: unknown } = {},
  ) {
    super(code, message, options);
    this.status = parts.status;
    this.reasons = parts.reasons ?? [];
    this.retryAfter = parts.retryAfter;
  }
}

/** True for an answer with this status. */
export function isGithubStatus(error: unknown, status: number): error is GithubError {
  return error instanceof GithubError && error.status === status;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  /** GitHub's own words. */
  readonly message: string;
  readonly reasons: readonly string[];
}

/** The GithubError for a failed exchange; any other error is returned unchanged. */
export function githubFailure(error: unknown): unknown {
  if (!(error instanceof HttpError)) return error;
  const { message, failure, cause } = error;
  const hint =
    failure.kind === 'tls' && error.hint !== undefined
      ? 'Check GITHUB_API_URL, or name the file of the authority that signed its certificate in NODE_EXTRA_CA_CERTS.'
      : 'Check GITHUB_API_URL and the proxy settings of the environment, or run the job again later.';
  return new GithubError('GITHUB_FAILED', message, {}, { hint, cause });
}

/** @param error what octokit threw. Anything but a failed request is given back as it is */
export function githubError(error: unknown, token: string): unknown {
  if (!(error instanceof Error) || error instanceof BimaError) return error;
  const { request } = error as { request?: { method?: unknown; url?: unknown } };
  if (typeof request?.url !== 'string') return error;
  const url = new URL(request.url);
  const asked = `${String(request.method)} ${url.origin}${url.pathname}`;
  const answer = answerOf(error);
  const scrub = (text: string) => text.replaceAll(token, '***');
  if (answer === undefined) {
    const { cause } = error;
    const reason = cause instanceof BimaError ? cause : undefined;
    const hint = reason?.hint ?? 'Run the job again; behind a proxy check the proxy settings too.';
    return new GithubError(
      'GITHUB_FAILED',
      scrub(reason?.message ?? `${asked}: ${error.message}`),
      {},
      { hint },
    );
  }
  const { status, message, reasons } = answer;
  const { code, hint } = judge(answer, url.pathname);
  const words = message === '' ? '' : `: ${message}`;
  const fields = reasons.length === 0 ? '' : ` (${reasons.join(', ')})`;
  return new GithubError(
    code,
    scrub(`${asked}: GitHub answers ${status}${words}${fields}`),
    { status, reasons, retryAfter: limitOf(answer) },
    { ...(hint === undefined ? {} : { hint }) },
  );
}

function answerOf(error: Error): Answer | undefined {
  const { status, response } = error as {
    status?: unknown;
    response?: { headers?: Readonly<Record<string, unknown>>; data?: unknown };
  };
  if (typeof status !== 'number' || response === undefined) return undefined;
  const { message, errors } = (response.data ?? {}) as { message?: unknown; errors?: unknown };
  const list: readonly unknown[] = Array.isArray(errors) ? errors : [];
  return {
    status,
    headers: response.headers ?? {},
    message: typeof message === 'string' ? message.replace(/\s+/g, ' ').slice(0, 500) : '',
    reasons: list.flatMap(reasonOf),
  };
}

function reasonOf(entry: unknown): string[] {
  if (typeof entry === 'string') return [entry];
  const { code, message } = (entry ?? {}) as { code?: unknown; message?: unknown };
  return [code, message].filter((word) => typeof word === 'string' && word !== 'custom') as string[];
}

/** Seconds. GitHub tells them of a secondary limit; the end of an hour is always too far. */
function limitOf({ status, headers, message }: Answer): number | undefined {
  if (status !== 403 && status !== 429) return undefined;
  if (headers['x-ratelimit-remaining'] === '0') return 3600;
  if (status === 403 && !/\brate limit/i.test(message)) return undefined;
  const seconds = Number(headers['retry-after'] ?? 60);
  return Number.isFinite(seconds) ? seconds : 60;
}

function judge(answer: Answer, path: string): { code: ErrorCode; hint?: string } {
  const { status } = answer;
  if (status === 401) {
    return {
      code: 'GITHUB_DENIED',
      hint: 'The token is not valid here: leave the input github-token out for that of the job.',
    };
  }
  if (limitOf(answer) !== undefined) {
    return {
      code: 'GITHUB_FAILED',
      hint: 'GitHub takes no more requests for a while: run the job again later.',
    };
  }
  if (status === 403) return { code: 'GITHUB_DENIED', hint: refusalHint(answer, path) };
  if (status === 404 || status === 410) {
    return {
      code: 'GITHUB_NOT_FOUND',
      hint: `GitHub says so also of what the token may not see. ${permissionHint(path)}`,
    };
  }
  if (status >= 500)
    return { code: 'GITHUB_FAILED', hint: 'GitHub has a problem of its own: run the job again later.' };
  return { code: 'GITHUB_FAILED' };
}

/** A 403 has many reasons, which only its words tell apart: for most of them no permission helps. */
const refusals: readonly (readonly [words: RegExp, hint: string])[] = [
  [
    /\barchived\b/i,
    'The repository is archived, and nobody can change anything in it: unarchive it in its settings.',
  ],
  [
    /\blocked\b/i,
    'Its conversation is locked: unlock it, or give a token of somebody who may write to the repository.',
  ],
  [
    /\bSAML\b|\bSSO\b/,
    'The organization wants single sign-on: authorize the token for it, or leave the input github-token out for that of the job.',
  ],
  [
    /\bIP allow list\b/i,
    "The organization's IP allow list does not have this runner's address: add it, or use a runner that is on the list.",
  ],
  [
    /\bblocked\b|\bsuspended\b|\bspammy\b/i,
    'GitHub has blocked the account or the repository: its owner finds the reason in its settings.',
  ],
  [
    /\bdisabled\b/i,
    'It is switched off in the settings of the repository or the organization: switch it on there.',
  ],
];

function refusalHint({ message, headers }: Answer, path: string): string {
  const known = refusals.find(([words]) => words.test(message))?.[1];
  if (known !== undefined) return known;
  return headers['x-github-sso'] === undefined ? permissionHint(path) : (refusals[2]?.[1] ?? '');
}

function permissionHint(path: string): string {
  const readOnly = "the token of a fork's pull request, or of Dependabot, may only read.";
  if (path.includes('/packages')) {
    return `Give the job "packages: write", and the repository the Admin role in the package's "Manage Actions access"; ${readOnly}`;
  }
  const permission = /\/(?:issues|pulls)\b/.test(path) ? 'pull-requests: write' : 'contents: write';
  return `Give the job "${permission}" under permissions; ${readOnly}`;
}

// A client of GitHub's REST API: how often and how long it tries, and what its errors say.

import type { Reporter } from '../../core/reporter.ts';
import { githubError } from './github-error.ts';
import type { FailedRequest, Github } from './octokit.ts';

export type { Github } from './octokit.ts';

export interface FetchRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  /** A stream's size is in the header `content-length`. */
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>;
  readonly signal?: AbortSignal;
}

/** What is needed of the global function of that name. Errors must be fit to be shown. */
export type Fetch = (url: string, request: FetchRequest) => Promise<Response>;

/** Time as a parameter, so that waiting can be tested without waiting. */
export interface GithubClock {
  now(): number;
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

export interface GithubOptions {
  readonly token: string;
  /** Such as `https://api.github.com`, or `https://host/api/v3` on GitHub Enterprise Server. */
  readonly apiUrl: string;
  readonly userAgent: string;
  readonly fetch: Fetch;
  readonly clock: GithubClock;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
}

const maxRepeats = 2;
/** Seconds. A longer wait is an error that says so. */
const maxWait = 60;

/**
 * Repeats what may pass (answers from 500 on, broken connections, rate limits) at most twice. A POST is repeated only
 * after a rate limit, since nothing else tells that it had no effect; a stream never.
 * All that its functions throw is a {@link GithubError}, or the signal's reason.
 */
export async function createGithub(options: GithubOptions): Promise<Github> {
  const { token, apiUrl, userAgent, fetch, clock, reporter, signal } = options;
  const { createOctokit } = await import('./octokit.ts');
  const wait = async (seconds: number, why: string) => {
    reporter.info(`${why}; asking again in ${seconds} s`);
    await clock.sleep(seconds * 1000, signal);
    return true;
  };
  const isOver = ({ hasStream, count }: FailedRequest) => signal.aborted || hasStream || count >= maxRepeats;
  const octokit = createOctokit({
    token,
    baseUrl: apiUrl.replace(/\/+$/, ''),
    userAgent,
    fetch: (url: string, request: FetchRequest) => fetch(url, { ...request, signal }),
    debug: (message) => {
      reporter.debug(message.replaceAll(token, '***'));
    },
    repeatFailed: (error, request) => {
      if (isOver(request) || request.method === 'POST') return Promise.resolve(false);
      // Octokit has a status of its own for what has no answer.
      const { status, response } = error as { readonly status?: unknown; readonly response?: unknown };
      const why = response === undefined ? 'no answer from GitHub' : `GitHub answers ${String(status)}`;
      return wait((request.count + 1) ** 2, why);
    },
    repeatLimited: (seconds, request) =>
      isOver(request) || seconds > maxWait
        ? Promise.resolve(false)
        : wait(seconds, 'GitHub asks to wait (rate limit)'),
    spread: (gap) => {
      let free = 0;
      return async () => {
        const now = clock.now();
        const start = Math.max(now, free);
        free = start + gap;
        if (start > now) await clock.sleep(start - now, signal);
      };
    },
  });
  octokit.hook.wrap('request', async (request, parameters) => {
    try {
      signal.throwIfAborted();
      return await request(parameters);
    } catch (error) {
      signal.throwIfAborted();
      throw githubError(error, token);
    }
  });
  return octokit;
}

// GitHub's API for the duration of one task, with the job's token and the server that the runner names.

import pkg from '../../package.json' with { type: 'json' };
import { BimaError } from '../core/errors.ts';
import type { Github, GithubClock } from '../adapters/github/github-client.ts';
import { systemClock } from '../core/clock.ts';
import type { Reporter } from '../core/reporter.ts';
import type { Environment } from '../core/environment.ts';

export interface GithubAccess {
  /** The input `github-token`. */
  readonly token: string | undefined;
  readonly environment: Environment;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
  readonly clock?: GithubClock | undefined;
}

/**
 * Connections end with `body`. What is needed for this is loaded here, and only here.
 * @throws BimaError INPUT_INVALID without a token; whatever `body` throws
 */
export async function withGithub<T>(access: GithubAccess, body: (github: Github) => Promise<T>): Promise<T> {
  const { token, environment, reporter, signal, clock = systemClock } = access;
  if (token === undefined) {
    throw new BimaError('INPUT_INVALID', 'expected the input "github-token", got none', {
      hint: "Leave it out for the job's own token, or give one: github-token: ${{ github.token }}",
    });
  }
  const [{ createGithub }, { createGithubFetch }, { createHttp }, { defaultTimeouts }] = await Promise.all([
    import('../adapters/github/github-client.ts'),
    import('./github-fetch.ts'),
    import('../adapters/http/http.ts'),
    import('../adapters/http/watch.ts'),
  ]);
  const { GITHUB_API_URL: apiUrl = '' } = environment;
  const origin = apiUrl === '' ? 'https://api.github.com' : apiUrl;
  if (!URL.canParse(origin)) {
    throw new BimaError(
      'INPUT_INVALID',
      `expected the address of an API in GITHUB_API_URL, got "${origin}"`,
      {
        hint: 'A runner sets it: leave it out of the workflow, or write it as https://api.github.com.',
      },
    );
  }
  const userAgent = `bima/${pkg.version}`;
  const http = createHttp({ timeouts: defaultTimeouts, userAgent });
  try {
    const fetch = createGithubFetch(http);
    return await body(
      await createGithub({ token, apiUrl: origin, userAgent, fetch, clock, reporter, signal }),
    );
  } finally {
    await http.close();
  }
}

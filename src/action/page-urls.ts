// Addresses of pages on the GitHub server of the run.

import type { Environment } from '../core/environment.ts';
import { BimaError } from '../core/errors.ts';

/** The page of the workflow run. */
export function runUrl(environment: Environment): string {
  return `${repositoryUrl(environment)}/actions/runs/${environment.GITHUB_RUN_ID ?? ''}`;
}

/** The page of a commit as a part of a pull request, whose commits may be in a fork. */
export function commitUrl(environment: Environment, number: number, sha: string): string {
  return `${repositoryUrl(environment)}/pull/${number}/commits/${sha}`;
}

/**
 * The address of the server, in lower case and without a slash at its end.
 * @throws BimaError INPUT_INVALID for what is no address
 */
export function serverUrl({ GITHUB_SERVER_URL: url = '' }: Environment): string {
  if (url === '') return 'https://github.com';
  if (URL.canParse(url) && /^https?:/i.test(url)) {
    const { origin, pathname } = new URL(url);
    return `${origin}${pathname}`.replace(/\/+$/, '');
  }
  throw new BimaError(
    'INPUT_INVALID',
    `expected the address of a server in GITHUB_SERVER_URL, got "${url}"`,
    {
      hint: 'A runner sets it: leave it out of the workflow, or write it as https://github.com.',
    },
  );
}

function repositoryUrl(environment: Environment): string {
  return `${serverUrl(environment)}/${environment.GITHUB_REPOSITORY ?? ''}`;
}

// A client of GitHub's API on loopback that never really waits, and what it says.

import type { TestContext } from 'node:test';
import type { GithubAccess } from '../../../src/action/github.ts';
import type { Problem } from '../../../src/core/errors.ts';
import { silentReporter } from '../../../src/core/reporter.ts';
import { createFastClock } from '../fast-clock.ts';
import type { FastClock } from '../fast-clock.ts';
import { defaultToken, startGithub } from './server.ts';
import type { GithubOptions, GithubServer } from './server.ts';

export interface GithubSession {
  readonly server: GithubServer;
  readonly access: GithubAccess;
  readonly clock: FastClock;
  /** What the reporter was told. */
  readonly lines: readonly string[];
  readonly warnings: readonly Problem[];
}

export async function startSession(test: TestContext, options: GithubOptions): Promise<GithubSession> {
  const server = await startGithub(test, options);
  const clock = createFastClock();
  const lines: string[] = [];
  const warnings: Problem[] = [];
  const reporter = {
    ...silentReporter,
    info: (line: string) => lines.push(line),
    warning: (warning: Problem) => warnings.push(warning),
  };
  const { environment } = server;
  const access = { token: defaultToken, environment, reporter, signal: test.signal, clock };
  return { server, access, clock, lines, warnings };
}

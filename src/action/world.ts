// What a run of the action may use of the world: the second argument of whatever does something, after what is to be done.

import type { Clock } from '../core/clock.ts';
import type { Reporter } from '../core/reporter.ts';
import type { PullRequest, WorkflowEvent } from './event.ts';
import type { Environment } from '../core/environment.ts';
import type { Runner } from './runner.ts';
import type { TrustRepository } from '../adapters/sigstore/trust-repository.ts';

export interface World {
  readonly environment: Environment;
  readonly event: WorkflowEvent;
  /** The pull request that the event is about, looked up once, and only if somebody wants to know. */
  readonly pullRequest: () => Promise<PullRequest | undefined>;
  readonly runner: Runner;
  readonly reporter: Reporter;
  /** The input `github-token`. */
  readonly token: string | undefined;
  /** A folder of the run's own, removed after the job. */
  readonly folder: string;
  readonly signal: AbortSignal;
  /** The system's, unless a test brings its own. */
  readonly clock?: Clock | undefined;
  /** Where public sigstore says whom to trust: its own, unless a test brings another. */
  readonly trustRepository?: TrustRepository | undefined;
}

/** What is hidden in the log. */
export type Masking = Pick<Runner, 'mask'>;

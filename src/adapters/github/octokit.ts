// The one importer of octokit, which is large and slow to load: a bundle of its own, loaded when it is used.
// It imports nothing of ours, so that no class exists twice.

import { retry } from '@octokit/plugin-retry';
import { throttling } from '@octokit/plugin-throttling';
import { Octokit } from '@octokit/rest';

/** GitHub's REST API: `rest`, `request` and `paginate` (https://octokit.github.io/rest.js). */
export type Github = Octokit;

/** A request that failed, as far as a decision to repeat it needs it. */
export interface FailedRequest {
  readonly method: string;
  readonly hasStream: boolean;
  /** How often it was repeated so far. */
  readonly count: number;
}

/** The plugins say when to repeat; these functions decide whether to, and do all waiting. */
export interface OctokitSetup {
  readonly token: string;
  readonly baseUrl: string;
  readonly userAgent: string;
  readonly fetch: unknown;
  readonly debug: (message: string) => void;
  /** Waits and gives true, or gives false, after a failure that may pass. */
  readonly repeatFailed: (error: Error, request: FailedRequest) => Promise<boolean>;
  /** The same after a rate limit. */
  readonly repeatLimited: (seconds: number, request: FailedRequest) => Promise<boolean>;
  /** Waits until so many milliseconds lie between the requests of a kind. */
  readonly spread: (gap: number) => () => Promise<void>;
}

type Hooked = Pick<Octokit, 'hook'>;

/** More than any caller wants: the plugin's own bound is never the one that counts. */
const unbounded = 1000;

export function createOctokit(setup: OctokitSetup): Github {
  const log = { debug: () => undefined, info: setup.debug, warn: setup.debug, error: setup.debug };
  const inside = (octokit: Hooked) => {
    decideInside(octokit, setup);
  };
  const Client = Octokit.plugin(inside, retry, throttling);
  type Throttle = NonNullable<NonNullable<ConstructorParameters<typeof Client>[0]>['throttle']>;
  const group = (gap: number) => {
    const schedule = setup.spread(gap);
    // All that the plugin uses of a group of the limiter that it comes with, whose waits nothing ends.
    return { key: () => ({ schedule }) } as unknown as NonNullable<Throttle['write']>;
  };
  const limited = (
    seconds: number,
    { method, headers }: { method: string; headers: object },
    _octokit: unknown,
    count: number,
  ) => setup.repeatLimited(seconds, { method, hasStream: 'content-length' in headers, count });
  return new Client({
    auth: setup.token,
    baseUrl: setup.baseUrl,
    userAgent: setup.userAgent,
    log,
    request: { fetch: setup.fetch, log },
    retry: { retryAfterBaseValue: 0 },
    throttle: {
      retryAfterBaseValue: 0,
      // As GitHub's "Best practices for using the REST API" and the plugin have them.
      write: group(1000),
      notifications: group(3000),
      /* eslint-disable @typescript-eslint/no-misused-promises -- the plugin waits for both, and its types don't say so */
      onRateLimit: limited,
      onSecondaryRateLimit: limited,
      /* eslint-enable @typescript-eslint/no-misused-promises */
    },
  });
}

/** Inside of the retry plugin, which asks for the number of retries after every failure. */
function decideInside(octokit: Hooked, { repeatFailed }: OctokitSetup): void {
  const counts = new WeakMap<object, number>();
  octokit.hook.error('request', async (error, options) => {
    const count = counts.get(options) ?? 0;
    counts.set(options, count + 1);
    const request = { method: options.method, hasStream: 'content-length' in options.headers, count };
    const isPassing = 'status' in error && error.status >= 500 && options.request.retries !== 0;
    options.request.retries = isPassing && (await repeatFailed(error, request)) ? unbounded : 0;
    throw error;
  });
}

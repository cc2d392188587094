// Retrying: what may be tried again, how long to wait before, and for how long at all.

import type { Reporter } from '../../core/reporter.ts';
import type { Budget } from '../http/budget.ts';
import { isAborted } from '../../core/clock.ts';
import type { Clock } from '../../core/clock.ts';
import type { Host } from './host.ts';
import { RegistryError } from './registry-error.ts';

export interface RetryTools {
  readonly clock: Clock;
  readonly reporter: Reporter;
  /** The host, which rests when it asks to. */
  readonly host: Pick<Host, 'pause' | 'ready'>;
  readonly budget: Budget;
}

export interface RetryOptions {
  readonly signal?: AbortSignal | undefined;
  /** Further errors after which this operation may be retried. */
  readonly also?: (error: RegistryError) => boolean;
  /** How many attempts to make for such an error: 6 by default. */
  readonly attempts?: (error: RegistryError) => number;
}

/** The option for at most that many attempts; the default where the number is undefined. */
export function atMost(count: number | undefined): Pick<RetryOptions, 'attempts'> {
  return count === undefined ? {} : { attempts: () => count };
}

const defaultAttempts = 6;
const briefAttempts = 2;
const firstWait = 1000;
const longestWait = 30_000;
/** Who asks for more than this gets another try before; a job that sleeps for an hour helps nobody. */
const longestRetryAfter = 120_000;

/**
 * Runs the operation until it succeeds, fails for good, or has failed too often. Waits longer each time, by
 * chance between nothing and twice the time before, so that those who failed together don't return together;
 * an answer's Retry-After is obeyed, and 429 lets the whole host rest. What was given up here, or would take more of
 * the run's time than there is left, isn't begun again by a retry around this one.
 * @throws what the last attempt threw
 */
export async function retrying<T>(
  attempt: (count: number) => Promise<T>,
  tools: RetryTools,
  options: RetryOptions = {},
): Promise<T> {
  const { host, budget, clock } = tools;
  const { signal, also, attempts = () => defaultAttempts } = options;
  let mayReuseFail = true;
  for (let count = 1; ;) {
    await host.ready(signal);
    const started = clock.now();
    try {
      // After a connection that failed, even for no fault, what is found may be this operation's own work.
      return await attempt(mayReuseFail ? count : count + 1);
    } catch (error) {
      if (isAborted(signal) || !(error instanceof RegistryError)) throw error;
      if (error.failure?.kind === 'reset' && error.failure.reused && mayReuseFail) {
        // The connection had been idle for too long: that is nobody's fault.
        mayReuseFail = false;
        continue;
      }
      budget.lose(started);
      const kind = also?.(error) === true ? 'yes' : retryOf(error);
      if (kind === 'no') throw error;
      const most = attempts(error);
      if (most === 1) throw error;
      if (count >= (kind === 'briefly' ? Math.min(briefAttempts, most) : most)) throw exhausted(error, count);
      await rest(count, error, tools, signal);
      count += 1;
    }
  }
}

/**
 * Waits before attempt `count + 1`; after 429 the whole host does.
 * @throws the error, when there is no time left for that
 */
export async function rest(
  count: number,
  error: RegistryError,
  { clock, reporter, host, budget }: RetryTools,
  signal?: AbortSignal,
): Promise<void> {
  const wait = waitBefore(count, error, clock.random());
  if (!budget.allows(wait)) throw exhausted(error, count, budget.lost);
  const started = clock.now();
  if (isRateLimit(error)) {
    reporter.debug(error.message);
    announceRest(error, wait, reporter);
    host.pause(wait);
    await host.ready(signal);
  } else {
    reporter.info(`${error.message}; trying again in ${(wait / 1000).toFixed(1)} s`);
    await clock.sleep(wait, signal);
  }
  budget.lose(started);
}

/** Whether the same request may succeed later. */
export function retryOf(error: RegistryError): 'yes' | 'briefly' | 'no' {
  if (error.settled) return 'no';
  if (error.failure !== undefined) return error.failure.retry;
  const { status, codes } = error;
  if (status === undefined || codes.some((code) => final.has(code))) return 'no';
  if (isRateLimit(error) || codes.includes('UNAVAILABLE')) return 'yes';
  return passing.has(status) ? 'yes' : 'no';
}

/** 499 and 52x are a proxy's words for a server that did not answer in time. */
const passing = new Set([408, 425, 499, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529]);
const final = new Set(['DENIED', 'NAME_UNKNOWN', 'NAME_INVALID', 'UNSUPPORTED']);

function waitBefore(count: number, error: RegistryError, random: number): number {
  if (error.retryAfter !== undefined) {
    const wait = Math.min(error.retryAfter, longestRetryAfter);
    return wait + random * Math.min(1000, wait / 4);
  }
  const wait = random * Math.min(longestWait, firstWait * 2 ** (count - 1));
  return isRateLimit(error) ? firstWait + wait : wait;
}

function isRateLimit(error: RegistryError): boolean {
  return error.status === 429 || error.codes.includes('TOOMANYREQUESTS');
}

function announceRest(error: RegistryError, wait: number, reporter: Reporter): void {
  const asked = error.retryAfter ?? 0;
  const cap = asked > longestRetryAfter ? ` (it asked for ${Math.round(asked / 1000)} s)` : '';
  const host = new URL(error.url).host;
  reporter.info(`${host} limits the rate of requests; resting for ${Math.ceil(wait / 1000)} s${cap}`);
}

/** @param lost milliseconds, when it was the time that ran out */
function exhausted(error: RegistryError, count: number, lost?: number): RegistryError {
  const { code, message, hint, cause, method, url, status, retryAfter, codes, missing, failure } = error;
  const tries = [
    ...(count === 1 ? [] : [`tried ${count} times`]),
    ...(lost === undefined ? [] : [`given up after ${Math.ceil(lost / 60_000)} minutes of failures`]),
  ].join(', ');
  return new RegistryError(
    code,
    tries === '' ? message : `${message} (${tries})`,
    { method, url, status, retryAfter, codes, missing, failure, settled: true },
    { ...(hint === undefined ? {} : { hint }), cause },
  );
}

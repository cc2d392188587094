// Requests to the services that signing takes: repeated while that may help, bounded, and with errors that say which service
// it was, what it answered, and what to do.

import { systemClock } from '../../core/clock.ts';
import type { Clock } from '../../core/clock.ts';
import { BimaError } from '../../core/errors.ts';
import { limits } from '../../core/limits.ts';
import type { Reporter } from '../../core/reporter.ts';
import { clean, quote } from '../../core/text.ts';
import { Budget } from '../http/budget.ts';
import { endpointOf } from '../http/endpoints.ts';
import type { Endpoint } from '../http/endpoints.ts';
import { maxErrorBody, readErrorBody } from '../http/error-body.ts';
import { isLoopback } from '../http/hosts.ts';
import { HttpError } from '../http/http-error.ts';
import { createHttp } from '../http/http.ts';
import type { Http, HttpHeaders, HttpOptions, HttpResponse } from '../http/http.ts';
import { parseRetryAfter } from '../http/retry-after.ts';
import { createSecrets } from '../http/secrets.ts';
import type { Secrets } from '../http/secrets.ts';
import { defaultTimeouts } from '../http/watch.ts';
import type { Timeouts } from '../http/watch.ts';

export interface SigningOptions {
  readonly reporter: Reporter;
  readonly signal?: AbortSignal | undefined;
  /** Called with every token before its first use. */
  readonly mask?: ((secret: string) => void) | undefined;
  readonly clock?: Clock | undefined;
  readonly tlsVerify?: boolean | undefined;
  /** Certificates in PEM, trusted besides the usual roots. */
  readonly ca?: string | undefined;
  /** Proxy settings in place of the environment's variables. */
  readonly proxy?: HttpOptions['proxy'] | undefined;
  readonly timeouts?: Partial<Timeouts> | undefined;
  readonly userAgent?: string | undefined;
}

/** What all requests of a run share. */
export interface SigningTools {
  readonly http: Http;
  readonly clock: Clock;
  readonly reporter: Reporter;
  readonly secrets: Secrets;
  readonly budget: Budget;
  readonly signal: AbortSignal | undefined;
  /** Closes the connections. */
  close(): Promise<void>;
}

export function openSigningTools(options: SigningOptions): SigningTools {
  const { reporter, signal, mask, clock = systemClock, userAgent = 'bima' } = options;
  const { tlsVerify, ca, proxy } = options;
  const http = createHttp({
    timeouts: { ...defaultTimeouts, ...options.timeouts },
    userAgent,
    ...(tlsVerify === undefined ? {} : { tlsVerify }),
    ...(ca === undefined ? {} : { ca }),
    ...(proxy === undefined ? {} : { proxy }),
  });
  return {
    http,
    clock,
    reporter,
    secrets: createSecrets(mask),
    budget: new Budget(clock),
    signal,
    close: () => http.close(),
  };
}

export interface ServiceRequest {
  /** The service for people, such as `the certificate authority`. */
  readonly service: string;
  readonly method: 'GET' | 'POST';
  readonly endpoint: Endpoint;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Statuses that are answers. */
  readonly expected: readonly number[];
  /** What to do about another status, where more is known than that the service must be asked again. */
  readonly remedy?: (status: number, said: string) => string | undefined;
}

export interface ServiceAnswer {
  readonly status: number;
  readonly headers: HttpHeaders;
  readonly bytes: Uint8Array;
}

const attempts = 5;
const briefAttempts = 2;
const firstWait = 1000;
const longestWait = 120_000;
/** Bytes. The largest true answers are proofs and chains of some ten kilobytes. */
const largestAnswer = 1024 * 1024;
/** Statuses that may change a moment later; 499 and 52x are a proxy's words for a server that did not answer in time. */
const passing = new Set([408, 425, 429, 499, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529]);

/**
 * The address of a service of a trust configuration.
 * @throws BimaError TRUST_CONFIGURATION_INVALID for one that would be reached in the clear elsewhere than on this machine
 */
export function serviceEndpoint(service: string, url: string, path = ''): Endpoint {
  const { origin, pathname, search, protocol, hostname } = new URL(url);
  if (protocol !== 'https:' && !isLoopback(hostname)) {
    throw new BimaError(
      'TRUST_CONFIGURATION_INVALID',
      `${service}: expected an address with https, got ${quote(url)}`,
      {
        hint: 'Plain HTTP is spoken with this machine only: tokens and signatures would be seen on the way.',
      },
    );
  }
  return endpointOf(origin, (path === '' ? pathname : pathname.replace(/\/$/, '') + path) + search);
}

/** @throws BimaError SIGNING_FAILED; the signal's reason */
export async function askService(request: ServiceRequest, tools: SigningTools): Promise<ServiceAnswer> {
  const { clock, reporter, budget, signal } = tools;
  for (let count = 1; ; count++) {
    const started = clock.now();
    const outcome = await attempt(request, tools);
    if (outcome.kind === 'answer') {
      budget.answered();
      return outcome.answer;
    }
    budget.lose(started);
    const most = outcome.retry === 'no' ? 1 : outcome.retry === 'briefly' ? briefAttempts : attempts;
    const wait = waitBefore(count, outcome.retryAfter, clock.random());
    if (count >= most || !budget.allows(wait)) throw failureOf(request, outcome, count);
    reporter.info(`${request.service}: ${outcome.message}; trying again in ${(wait / 1000).toFixed(1)} s`);
    await clock.sleep(wait, signal);
    budget.lose(started);
  }
}

/** The error for an answer that was expected by its status, and holds something else. @param why as an error says it */
export function unusable(
  { service, method, endpoint }: ServiceRequest,
  why: string,
  cause?: unknown,
): BimaError {
  return new BimaError('SIGNING_FAILED', `${service}: ${method} ${endpoint.shown}: ${clean(why)}`, {
    hint: 'Check that the address is that of the service, and ask those who run it.',
    cause,
  });
}

interface Failure {
  readonly kind: 'failure';
  readonly message: string;
  readonly retry: 'yes' | 'briefly' | 'no';
  readonly retryAfter: number | undefined;
  readonly hint: string | undefined;
  readonly cause: unknown;
}

async function attempt(
  request: ServiceRequest,
  tools: SigningTools,
): Promise<{ readonly kind: 'answer'; readonly answer: ServiceAnswer } | Failure> {
  const { method, endpoint, headers, body, expected } = request;
  const { http, signal } = tools;
  try {
    const response = await http.send({
      method,
      endpoint,
      headers,
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
    });
    const { status } = response;
    if (!expected.includes(status)) return await refusalOf(response, request, tools);
    const bytes = await readUpTo(response, largestAnswer);
    if (bytes.length > largestAnswer)
      throw unusable(request, `expected at most ${largestAnswer} bytes, got more`);
    return { kind: 'answer', answer: { status, headers: response.headers, bytes } };
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof HttpError)) throw error;
    const { message, failure, hint } = error;
    return { kind: 'failure', message, retry: failure.retry, retryAfter: undefined, hint, cause: error };
  }
}

async function refusalOf(
  response: HttpResponse,
  { method, endpoint, expected, remedy }: ServiceRequest,
  { secrets, clock }: SigningTools,
): Promise<Failure> {
  const { status, headers } = response;
  const bytes = await readUpTo(response, maxErrorBody).catch(() => new Uint8Array());
  const { text } = readErrorBody(bytes.subarray(0, maxErrorBody), (words) => secrets.scrub(words));
  const said = text === '' ? '' : ` ${quote(text, limits.serverText)}`;
  const [retryAfter] = [headers['retry-after']].flat();
  return {
    kind: 'failure',
    message: `${method} ${endpoint.shown}: expected status ${expected.join(' or ')}, got ${status}${said}`,
    retry: passing.has(status) ? 'yes' : 'no',
    retryAfter: parseRetryAfter(retryAfter, clock.now()),
    hint: remedy?.(status, text),
    cause: undefined,
  };
}

function failureOf(
  request: ServiceRequest,
  { message, hint, retry, cause }: Failure,
  count: number,
): BimaError {
  const tried = count === 1 ? '' : ` (tried ${count} times)`;
  const otherwise =
    retry === 'yes'
      ? 'The service may be down: look at its status page (for sigstore.dev: status.sigstore.dev), and run this again later.'
      : 'Check that the address is that of the service, and ask those who run it.';
  return new BimaError('SIGNING_FAILED', `${request.service}: ${message}${tried}`, {
    hint: hint ?? otherwise,
    cause,
  });
}

/** Stops a little after the limit. */
async function readUpTo({ body }: HttpResponse, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(Buffer.from(chunk));
    size += chunk.length;
    if (size > limit) break;
  }
  return Buffer.concat(chunks);
}

function waitBefore(count: number, asked: number | undefined, random: number): number {
  if (asked !== undefined) return Math.min(asked, longestWait) + random * 1000;
  return (0.5 + random) * firstWait * 2 ** (count - 1);
}

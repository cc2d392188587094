// A session with a registry whose answers a test writes down: no sockets, and time that passes at once.

import { Authorizer } from '../../src/adapters/registry/authorizer.ts';
import type { AuthorizerOptions } from '../../src/adapters/registry/authorizer.ts';
import { Host } from '../../src/adapters/registry/host.ts';
import { Session } from '../../src/adapters/registry/session.ts';
import type { SessionOptions } from '../../src/adapters/registry/session.ts';
import { Budget } from '../../src/adapters/http/budget.ts';
import type { HttpHeaders, HttpRequest, HttpResponse } from '../../src/adapters/http/http.ts';
import { createSecrets } from '../../src/adapters/http/secrets.ts';
import { defaultTimeouts } from '../../src/adapters/http/watch.ts';
import { silentReporter } from '../../src/core/reporter.ts';
import { createFastClock } from './fast-clock.ts';
import type { FastClock } from './fast-clock.ts';

export interface ScriptedAnswer {
  readonly status: number;
  readonly headers?: HttpHeaders;
  readonly body?: string | Uint8Array | readonly Uint8Array[];
  /** What the body throws after its last byte. */
  readonly failure?: Error;
}

export interface ScriptedRequest extends HttpRequest {
  /** The body that was sent, read to its end. */
  readonly sent: string | undefined;
}

/** An error is thrown in place of an answer. The number counts from 1. */
export type Script = (request: ScriptedRequest, number: number) => ScriptedAnswer | Error;

export interface ScriptedSession {
  readonly session: Session;
  readonly clock: FastClock;
  readonly requests: readonly ScriptedRequest[];
  /** Each request as `GET https://reg.test/v2/`. */
  readonly lines: () => readonly string[];
  /** What was said, with its level: `info: …`. */
  readonly said: readonly string[];
  /** How many answers were freed without being read on. */
  readonly discarded: () => number;
}

export interface ScriptedOptions extends Partial<Omit<SessionOptions, 'http' | 'authorizer' | 'clock'>> {
  readonly authorization?: Partial<AuthorizerOptions>;
  readonly origin?: string;
  readonly random?: () => number;
}

/** The session of a registry `reg.test` with `team/app`, pushing unless told otherwise. */
export function scriptSession(
  script: Script | readonly (ScriptedAnswer | Error)[],
  options: ScriptedOptions = {},
): ScriptedSession {
  const { authorization, origin = 'https://reg.test', random, ...others } = options;
  const requests: ScriptedRequest[] = [];
  const said: string[] = [];
  const clock = createFastClock(random);
  const host = options.host ?? new Host(origin, 4, clock);
  let discarded = 0;
  const http = {
    async send(request: HttpRequest): Promise<HttpResponse> {
      request.signal?.throwIfAborted();
      const full = { ...request, sent: await textOf(request.body) };
      requests.push(full);
      const answer =
        typeof script === 'function' ? script(full, requests.length) : script[requests.length - 1];
      if (answer === undefined) throw new Error(`no answer to ${lineOf(full)} was written down`);
      if (answer instanceof Error) throw answer;
      const { status, headers = {}, body = '', failure } = answer;
      return {
        status,
        headers,
        body: chunksOf(
          typeof body === 'string' || body instanceof Uint8Array ? [Buffer.from(body)] : body,
          failure,
        ),
        discard: () => Promise.resolve(void (discarded += 1)),
      };
    },
    close: () => Promise.resolve(),
  };
  const secrets = options.secrets ?? createSecrets();
  const common = { registry: 'reg.test', repository: 'team/app', secrets, clock };
  const authorizer = new Authorizer({
    ...common,
    origin: () => host.origin,
    credentials: { find: () => Promise.resolve(undefined) },
    trustedRealms: [],
    fetchToken: () => Promise.reject(new Error('no token was to be fetched')),
    ping: () => Promise.resolve(undefined),
    ...authorization,
  });
  const session = new Session({
    ...common,
    host,
    authorizer,
    reporter: {
      ...silentReporter,
      info: (message) => said.push(`info: ${message}`),
      debug: (message) => said.push(`debug: ${message}`),
      warning: ({ code, message }) => said.push(`${code}: ${message}`),
    },
    timeouts: defaultTimeouts,
    budget: new Budget(clock),
    plainHttp: 'loopback',
    access: 'push',
    warnings: new Set(),
    ...others,
    http,
  });
  return { session, clock, requests, lines: () => requests.map(lineOf), said, discarded: () => discarded };
}

function lineOf({ method, endpoint }: HttpRequest): string {
  return `${method} ${endpoint.origin}${endpoint.path}`;
}

async function* chunksOf(
  chunks: readonly Uint8Array[],
  failure: Error | undefined,
): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield await Promise.resolve(chunk);
  if (failure !== undefined) throw failure;
}

async function textOf(body: HttpRequest['body']): Promise<string | undefined> {
  if (body === undefined || body instanceof Uint8Array) return body && Buffer.from(body).toString();
  const chunks: Buffer[] = [];
  for await (const chunk of body.open()) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
}

// Requests to one repository: with authorization, over redirects, and with every answer looked at.

import type { Reporter } from '../../core/reporter.ts';
import { isAboutScope } from './authorizer.ts';
import type { Authorizer } from './authorizer.ts';
import type { Budget } from '../http/budget.ts';
import type { Clock } from '../../core/clock.ts';
import { endpointOf } from '../http/endpoints.ts';
import { resolveLocation } from './location.ts';
import type { Endpoint } from '../http/endpoints.ts';
import { clean } from './error-body.ts';
import type { Host } from './host.ts';
import { isLoopback } from '../http/hosts.ts';
import type { Http, HttpRequest, HttpResponse } from '../http/http.ts';
import { RegistryError } from './registry-error.ts';
import type { NetworkFailure } from '../http/http-error.ts';
import { answerError, headerOf, isPage, pageError } from './response.ts';
import type { AnswerContext } from './response.ts';
import { atMost, rest, retrying } from './retry.ts';
import type { RetryOptions } from './retry.ts';
import { pullScope, pushScope } from './scope.ts';
import type { Scope } from './scope.ts';
import type { Secrets } from './secrets.ts';
import type { Timeouts } from '../http/watch.ts';

export interface SessionRequest extends Omit<HttpRequest, 'endpoint' | 'signal'> {
  /** A path of the API, or where a Location has led. */
  readonly to: string | Endpoint;
  readonly scopes: readonly Scope[];
  /** The statuses to return; any other is thrown. */
  readonly expected: readonly number[];
  /** True for content whose digest is checked: it may be of any type, a page of HTML too. */
  readonly isContent?: boolean;
  /** True where a refusal costs nothing: it isn't worth to wait for a token to become valid. */
  readonly isOptional?: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface Answer extends HttpResponse {
  /** Who answered, after redirects: what a relative Location is relative to. */
  readonly endpoint: Endpoint;
}

export interface Session {
  readonly registry: string;
  readonly repository: string;
  readonly host: Host;
  readonly secrets: Secrets;
  readonly reporter: Reporter;
  readonly clock: Clock;
  readonly timeouts: Timeouts;
  readonly budget: Budget;
  /** What reading needs: in a push, the token of the push, so that there is one only. */
  readonly readScopes: readonly Scope[];
  /**
   * One request and, if need be, what it takes to have it answered: a login, a redirect. A body that is a stream
   * isn't sent again after a 401, since the upload session may be gone with it: the 401 is thrown, after which
   * another request finds a new token.
   * @throws RegistryError for a status that wasn't expected
   */
  send(request: SessionRequest): Promise<Answer>;
  /** The same as often as it takes, within reason: for requests that may be repeated as they are. */
  sendPatiently(request: SessionRequest, options?: RetryOptions): Promise<Answer>;
  /** Retries a longer operation. */
  retrying<T>(attempt: (count: number) => Promise<T>, options?: RetryOptions): Promise<T>;
  /** Waits as {@link retrying} does after the failed attempt `count`. */
  rest(count: number, error: RegistryError, signal?: AbortSignal): Promise<void>;
  /** What a server said, fit to stand within a message: without secrets, on one line, not long. */
  quote(text: string): string;
  /** Where a Location header leads to. */
  locate(header: string | readonly string[] | undefined, from: Endpoint): Endpoint;
}

export interface SessionOptions {
  readonly registry: string;
  readonly repository: string;
  readonly http: Http;
  readonly host: Host;
  readonly authorizer: Authorizer;
  readonly secrets: Secrets;
  readonly reporter: Reporter;
  readonly clock: Clock;
  readonly timeouts: Timeouts;
  readonly budget: Budget;
  readonly plainHttp: 'loopback' | 'always';
  readonly access: 'pull' | 'push';
  /** How often a request is sent at most, where its own options don't say it. */
  readonly attempts?: number | undefined;
  /** Warnings of the host that were shown already. */
  readonly warnings: Set<string>;
  readonly signal?: AbortSignal;
}

/** What may come of TLS with a server that has none. A certificate that isn't trusted is no reason to go on without. */
const mayBePlain = new Set<NetworkFailure['kind'] | undefined>([
  'not-tls',
  'connect',
  'reset',
  'timeout',
  'garbled',
]);
const maxRedirects = 5;
const maxLogins = 2;
/** How many tokens are shown for one request: one may have worn out. */
const maxTokens = 2;
/** How far two clocks may differ, or a replica lag, in milliseconds. */
export const tokenWait = 2000;

export function createSession(options: SessionOptions): Session {
  const { registry, repository, http, host, authorizer, secrets, reporter, clock, budget } = options;

  const tools = { clock, reporter, host, budget };
  const retry = <T>(attempt: (count: number) => Promise<T>, more: RetryOptions = {}) =>
    retrying(attempt, tools, { ...atMost(options.attempts), ...more, signal: more.signal ?? options.signal });

  const locate = (header: string | readonly string[] | undefined, from: Endpoint) => {
    const values = typeof header === 'string' ? [header] : (header ?? []);
    for (const value of values) {
      const [, query] = value.split(/\?(.*)/s);
      if (query !== undefined) secrets.addQuery(query);
    }
    const endpoint = secrets.guard(() => resolveLocation(values, from));
    return { ...endpoint, shown: secrets.scrub(endpoint.shown) };
  };

  const quote = (text: string) => clean(secrets.scrub(text), 200);

  async function send(request: SessionRequest): Promise<Answer> {
    let refusals = 0;
    for (let logins = 0; ;) {
      const isStream = request.body !== undefined && !(request.body instanceof Uint8Array);
      const authorization = await authorizer.header(request.scopes, isStream);
      const answer = await follow(request, authorization);
      if (request.expected.includes(answer.status)) {
        if (request.isContent !== true && isPage(answer))
          throw await pageError(answer, contextOf(request, answer.endpoint));
        budget.answered();
        return answer;
      }
      const failure = await answerError(answer, contextOf(request, answer.endpoint));
      if (answer.status !== 401 || answer.endpoint.origin !== host.origin) throw failure;
      const challenge = answer.headers['www-authenticate'];
      if (authorization === undefined) logins += 1;
      else refusals += 1;
      // A new token that isn't valid yet, or not known to every replica, is worth another try a moment later.
      const isEarly =
        refusals === maxTokens && !isStream && request.isOptional !== true && !isAboutScope(challenge);
      if (isEarly) {
        await clock.sleep(tokenWait, request.signal ?? options.signal);
        continue;
      }
      const mayHelp =
        refusals < maxTokens && (await authorizer.renew(request.scopes, authorization, challenge));
      if (!mayHelp || isStream || logins > maxLogins) throw failure;
    }
  }

  async function follow(request: SessionRequest, authorization: string | undefined): Promise<Answer> {
    const { to } = request;
    let endpoint = typeof to === 'string' ? endpointOf(host.origin, to) : to;
    for (let redirects = 0; ; redirects += 1) {
      const answer = await exchange(request, endpoint, authorization);
      if (!isRedirect(answer.status, request.method)) return answer;
      await answer.discard();
      if (redirects === maxRedirects) {
        throw new RegistryError(
          'REGISTRY_PROTOCOL',
          `${request.method} ${endpoint.shown}: more than 5 redirects`,
          {
            method: request.method,
            url: endpoint.shown,
          },
        );
      }
      endpoint = locate(answer.headers.location, answer.endpoint);
    }
  }

  async function exchange(
    request: SessionRequest,
    endpoint: Endpoint,
    authorization: string | undefined,
  ): Promise<Answer> {
    const { method, headers, body, patience, signal = options.signal } = request;
    // Credentials are the registry's own: no other host or port sees them.
    const isOurs = endpoint.origin === host.origin;
    const started = clock.now();
    let response: HttpResponse;
    try {
      response = await http.send({
        method,
        endpoint,
        headers: {
          ...headers,
          ...(isOurs && authorization !== undefined ? { authorization } : {}),
        },
        ...(body === undefined ? {} : { body }),
        ...(patience === undefined ? {} : { patience }),
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (error) {
      const plain = plainOrigin(error, endpoint);
      if (plain === undefined) throw error;
      const answer = await withoutTls(request, endpointOf(plain, endpoint.path), authorization, error);
      if (answer !== undefined) return answer;
      host.origin = endpoint.origin;
      throw error;
    }
    host.isSettled ||= isOurs;
    reporter.debug(`${method} ${endpoint.shown}: ${response.status} after ${clock.now() - started} ms`);
    warn(response);
    return { ...response, endpoint };
  }

  /** Undefined when what failed over TLS fails without it too, so that it may have been chance. */
  async function withoutTls(
    request: SessionRequest,
    endpoint: Endpoint,
    authorization: string | undefined,
    failure: unknown,
  ): Promise<Answer | undefined> {
    const isCertain = failure instanceof RegistryError && failure.failure?.kind === 'not-tls';
    host.origin = endpoint.origin;
    try {
      const answer = await exchange(request, endpoint, authorization);
      // Servers with TLS say 400 to a request without it.
      if (isCertain || answer.status !== 400) return answer;
      await answer.discard();
    } catch (error) {
      if (isCertain || !(error instanceof RegistryError)) throw error;
    }
    host.isSettled = false;
    return undefined;
  }

  /** Where to go on without TLS, if the registry may have none and may be spoken with so. */
  function plainOrigin(error: unknown, { origin }: Endpoint): string | undefined {
    if (!(error instanceof RegistryError) || !mayBePlain.has(error.failure?.kind)) return undefined;
    if (!origin.startsWith('https:')) return undefined;
    // Another request may have found out in the meantime.
    if (host.origin === origin.replace(/^https:/, 'http:')) return host.origin;
    if (origin !== host.origin || host.isSettled) return undefined;
    if (options.plainHttp !== 'always' && !isLoopback(new URL(origin).hostname)) return undefined;
    return origin.replace(/^https:/, 'http:');
  }

  function warn({ headers }: HttpResponse): void {
    const { warning } = headers;
    for (const value of typeof warning === 'string' ? [warning] : (warning ?? [])) {
      const text = /^299 \S+ "((?:[^"\\]|\\.)*)"/.exec(value)?.[1];
      if (text === undefined || options.warnings.has(text)) continue;
      options.warnings.add(text);
      const said = clean(secrets.scrub(text.replace(/\\(.)/g, '$1')));
      reporter.warning({ code: 'REGISTRY_WARNING', message: `${registry} warns: ${said}` });
    }
  }

  function contextOf(request: SessionRequest, endpoint: Endpoint): AnswerContext {
    return {
      method: request.method,
      endpoint,
      expected: request.expected,
      registry,
      repository,
      writing: request.scopes.some((scope) => /(?:push|delete)$/.test(scope)),
      secrets,
      clock,
    };
  }

  return {
    registry,
    repository,
    host,
    secrets,
    reporter,
    clock,
    timeouts: options.timeouts,
    budget,
    readScopes: [options.access === 'push' ? pushScope(repository) : pullScope(repository)],
    send,
    sendPatiently: (request, more) =>
      retry(() => send(request), {
        ...(request.signal === undefined ? {} : { signal: request.signal }),
        ...more,
      }),
    retrying: retry,
    rest: (count, error, signal = options.signal) => rest(count, error, tools, signal),
    quote,
    locate,
  };
}

/** A changed method would lose the body: only a read follows where a write would become one. */
function isRedirect(status: number, method: string): boolean {
  if (status === 307 || status === 308) return true;
  return (method === 'GET' || method === 'HEAD') && (status === 301 || status === 302 || status === 303);
}

/** The one header, when it is there. */
export function digestHeader(answer: Answer): string | undefined {
  return headerOf(answer.headers, 'docker-content-digest');
}

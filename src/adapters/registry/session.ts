// Requests to one repository: with authorization, over redirects, and with every answer looked at.

import type { Reporter } from '../../core/reporter.ts';
import { isAboutScope } from './authorizer.ts';
import type { Authorizer } from './authorizer.ts';
import type { Budget } from '../http/budget.ts';
import type { Clock } from '../../core/clock.ts';
import { endpointOf } from '../http/endpoints.ts';
import { resolveLocation } from './location.ts';
import type { Endpoint } from '../http/endpoints.ts';
import { clean } from '../../core/text.ts';
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
import type { Secrets } from '../http/secrets.ts';
import type { Timeouts } from '../http/watch.ts';

export interface SessionRequest extends Omit<HttpRequest, 'endpoint' | 'signal'> {
  /** A path of the API, or where a Location has led. */
  readonly to: string | Endpoint;
  readonly scopes: readonly Scope[];
  /** The statuses to return; any other is thrown. */
  readonly expected: readonly number[];
  /** True for content whose digest is checked: it may be of any type, a page of HTML too. */
  readonly isContent?: boolean;
  /** True where a refusal costs nothing: waiting for a token to become valid isn't worth it. */
  readonly isOptional?: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface Answer extends HttpResponse {
  /** Who answered, after redirects: what a relative Location is relative to. */
  readonly endpoint: Endpoint;
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
  /** How often a request is sent at most, unless its own options say so. */
  readonly attempts?: number | undefined;
  /** Warnings of the host that have been shown already. */
  readonly warnings: Set<string>;
  readonly signal?: AbortSignal;
}

/** Failures of TLS with a server that doesn't speak it. An untrusted certificate is no reason to go on without TLS. */
const mayBePlain = new Set<NetworkFailure['kind'] | undefined>([
  'not-tls',
  'connect',
  'reset',
  'timeout',
  'garbled',
]);
const maxRedirects = 5;
const maxLogins = 2;
/** How many tokens are tried for one request: one may have expired. */
const maxTokens = 2;
/** How far two clocks may differ, or a replica lag, in milliseconds. */
export const tokenWait = 2000;

export class Session {
  readonly registry: string;
  readonly repository: string;
  readonly host: Host;
  readonly secrets: Secrets;
  readonly reporter: Reporter;
  readonly clock: Clock;
  readonly timeouts: Timeouts;
  readonly budget: Budget;
  /** The client's own. */
  readonly signal: AbortSignal | undefined;
  /** What reading needs: in a push, the token of the push, so that there is one only. */
  readonly readScopes: readonly Scope[];
  readonly #options: SessionOptions;

  constructor(options: SessionOptions) {
    const { registry, repository, host, clock, access, signal } = options;
    this.registry = registry;
    this.repository = repository;
    this.host = host;
    this.secrets = options.secrets;
    this.reporter = options.reporter;
    this.clock = clock;
    this.timeouts = options.timeouts;
    this.budget = options.budget;
    this.signal = signal;
    this.readScopes = [access === 'push' ? pushScope(repository) : pullScope(repository)];
    this.#options = options;
  }

  /**
   * One request and, if need be, what it takes to have it answered: a login, a redirect. A body that is a stream
   * isn't sent again after a 401, since the upload session may be gone with it: the 401 is thrown, after which
   * another request finds a new token.
   * @throws RegistryError for a status that wasn't expected
   */
  async send(request: SessionRequest): Promise<Answer> {
    const { authorizer } = this.#options;
    const isStream = request.body !== undefined && !(request.body instanceof Uint8Array);
    let refusals = 0;
    for (let logins = 0; ;) {
      const authorization = await authorizer.header(request.scopes, isStream);
      const answer = await this.#follow(request, authorization);
      if (request.expected.includes(answer.status)) return this.#accept(request, answer);
      const failure = await answerError(answer, this.#contextOf(request, answer.endpoint));
      if (answer.status !== 401 || answer.endpoint.origin !== this.host.origin) throw failure;
      const challenge = answer.headers['www-authenticate'];
      if (authorization === undefined) logins += 1;
      else refusals += 1;
      // A new token that isn't valid yet, or not known to every replica, is worth another try a moment later.
      const isEarly =
        refusals === maxTokens && !isStream && request.isOptional !== true && !isAboutScope(challenge);
      if (isEarly) {
        await this.clock.sleep(tokenWait, request.signal ?? this.signal);
        continue;
      }
      const mayHelp =
        refusals < maxTokens && (await authorizer.renew(request.scopes, authorization, challenge));
      if (!mayHelp || isStream || logins > maxLogins) throw failure;
    }
  }

  /** The same as often as it takes, within reason: for requests that may be repeated as they are. */
  sendPatiently(request: SessionRequest, options?: RetryOptions): Promise<Answer> {
    const signal = request.signal === undefined ? {} : { signal: request.signal };
    return this.retrying(() => this.send(request), { ...signal, ...options });
  }

  /** Retries a longer operation. */
  retrying<T>(attempt: (count: number) => Promise<T>, options: RetryOptions = {}): Promise<T> {
    const defaults = atMost(this.#options.attempts);
    return retrying(attempt, this, { ...defaults, ...options, signal: options.signal ?? this.signal });
  }

  /** Waits as {@link retrying} does after the failed attempt `count`. */
  rest(count: number, error: RegistryError, signal = this.signal): Promise<void> {
    return rest(count, error, this, signal);
  }

  /** What a server said, fit to stand within a message: without secrets, on one line, not long. */
  quote(text: string): string {
    return clean(this.secrets.scrub(text), 200);
  }

  /** Where a Location header leads to. */
  locate(header: string | readonly string[] | undefined, from: Endpoint): Endpoint {
    for (const value of typeof header === 'string' ? [header] : (header ?? [])) {
      const [, query] = value.split(/\?(.*)/s);
      if (query !== undefined) this.secrets.addQuery(query);
    }
    const endpoint = this.secrets.guard(() => resolveLocation(header, from));
    return { ...endpoint, shown: this.secrets.scrub(endpoint.shown) };
  }

  async #accept(request: SessionRequest, answer: Answer): Promise<Answer> {
    if (request.isContent !== true && isPage(answer)) {
      throw await pageError(answer, this.#contextOf(request, answer.endpoint));
    }
    this.budget.answered();
    return answer;
  }

  async #follow(request: SessionRequest, authorization: string | undefined): Promise<Answer> {
    const { to, method } = request;
    let endpoint = typeof to === 'string' ? endpointOf(this.host.origin, to) : to;
    for (let redirects = 0; ; redirects += 1) {
      const answer = await this.#exchange(request, endpoint, authorization);
      if (!isRedirect(answer.status, method)) return answer;
      await answer.discard();
      if (redirects === maxRedirects) {
        const { shown } = endpoint;
        const message = `${method} ${shown}: more than ${maxRedirects} redirects`;
        throw new RegistryError('REGISTRY_PROTOCOL', message, { method, url: shown });
      }
      endpoint = this.locate(answer.headers.location, answer.endpoint);
    }
  }

  async #exchange(
    request: SessionRequest,
    endpoint: Endpoint,
    authorization: string | undefined,
  ): Promise<Answer> {
    const { method, headers, body, patience, signal = this.signal } = request;
    // Credentials are the registry's own: no other host or port sees them.
    const isOurs = endpoint.origin === this.host.origin;
    const started = this.clock.now();
    let response: HttpResponse;
    try {
      response = await this.#options.http.send({
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
      const plain = this.#plainOrigin(error, endpoint);
      if (plain === undefined) throw error;
      const answer = await this.#withoutTls(request, endpointOf(plain, endpoint.path), authorization, error);
      if (answer !== undefined) return answer;
      this.host.origin = endpoint.origin;
      throw error;
    }
    this.host.isSettled ||= isOurs;
    this.reporter.debug(
      `${method} ${endpoint.shown}: ${response.status} after ${this.clock.now() - started} ms`,
    );
    this.#warn(response);
    return { ...response, endpoint };
  }

  /** Undefined when what failed over TLS fails without it too, so that it may have been chance. */
  async #withoutTls(
    request: SessionRequest,
    endpoint: Endpoint,
    authorization: string | undefined,
    failure: unknown,
  ): Promise<Answer | undefined> {
    const { host } = this;
    const isCertain = failure instanceof RegistryError && failure.failure?.kind === 'not-tls';
    host.origin = endpoint.origin;
    try {
      const answer = await this.#exchange(request, endpoint, authorization);
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
  #plainOrigin(error: unknown, { origin }: Endpoint): string | undefined {
    const { host } = this;
    if (!(error instanceof RegistryError) || !mayBePlain.has(error.failure?.kind)) return undefined;
    if (!origin.startsWith('https:')) return undefined;
    // Another request may have found out in the meantime.
    if (host.origin === origin.replace(/^https:/, 'http:')) return host.origin;
    if (origin !== host.origin || host.isSettled) return undefined;
    if (this.#options.plainHttp !== 'always' && !isLoopback(new URL(origin).hostname)) return undefined;
    return origin.replace(/^https:/, 'http:');
  }

  #warn({ headers }: HttpResponse): void {
    const { warnings } = this.#options;
    const { warning } = headers;
    for (const value of typeof warning === 'string' ? [warning] : (warning ?? [])) {
      const text = /^299 \S+ "((?:[^"\\]|\\.)*)"/.exec(value)?.[1];
      if (text === undefined || warnings.has(text)) continue;
      warnings.add(text);
      const said = clean(this.secrets.scrub(text.replace(/\\(.)/g, '$1')));
      this.reporter.warning({ code: 'REGISTRY_WARNING', message: `${this.registry} warns: ${said}` });
    }
  }

  #contextOf({ method, expected, scopes }: SessionRequest, endpoint: Endpoint): AnswerContext {
    const { registry, repository, secrets, clock } = this;
    const writing = scopes.some((scope) => /(?:push|delete)$/.test(scope));
    return { method, endpoint, expected, registry, repository, writing, secrets, clock };
  }
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

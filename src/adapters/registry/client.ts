// The registry client: what all repositories of a run share.

import { setMaxListeners } from 'node:events';
import type { Reference } from '../../core/oci/reference.ts';
import type { Reporter } from '../../core/reporter.ts';
import { Authorizer } from './authorizer.ts';
import { Budget } from '../http/budget.ts';
import { systemClock } from '../../core/clock.ts';
import type { Clock } from '../../core/clock.ts';
import type { Credentials } from './credentials.ts';
import { apiHost } from './vendors.ts';
import { endpointOf } from '../http/endpoints.ts';
import { paths } from './paths.ts';
import { clean } from '../../core/text.ts';
import { Host } from './host.ts';
import type { Http, HttpOptions } from '../http/http.ts';
import { createRegistryHttp } from './registry-http.ts';
import { RemoteRepository } from './repository.ts';
import type { Repository } from './repository.ts';
import { atMost, retrying } from './retry.ts';
import { createSecrets } from '../http/secrets.ts';
import type { Secrets } from '../http/secrets.ts';
import { Session } from './session.ts';
import { requestToken } from './token.ts';
import type { Token, TokenRequest } from './token.ts';
import { defaultTimeouts } from '../http/watch.ts';
import type { Timeouts } from '../http/watch.ts';

export interface RegistryOptions {
  readonly credentials: Credentials;
  readonly reporter: Reporter;
  /** Ends everything; uploads under way are cancelled at their registry first. */
  readonly signal?: AbortSignal;
  /** Called with every token, Basic value and signed query before its first use. */
  readonly mask?: (secret: string) => void;
  readonly clock?: Clock;
  /** Where plain HTTP may be spoken, when a registry has no TLS: on this machine by default. */
  readonly plainHttp?: 'loopback' | 'always';
  readonly tlsVerify?: boolean;
  /** Certificates in PEM, trusted besides the usual roots. */
  readonly ca?: string;
  /** Proxy settings in place of the environment's variables. This machine itself is always reached without a proxy. */
  readonly proxy?: NonNullable<HttpOptions['proxy']>;
  /** How many blobs are under way at once with one host: 4 by default. */
  readonly concurrency?: number;
  /**
   * Size in bytes above which blobs are uploaded in chunks of that size; by default only where a registry demands it.
   */
  readonly chunkSize?: number;
  /** Further hosts whose token services may have the credentials of registries elsewhere. */
  readonly trustedRealms?: readonly string[];
  readonly timeouts?: Partial<Timeouts>;
  readonly userAgent?: string;
}

export interface RegistryClient {
  /** Fires when the client was told to end everything, or was closed. */
  readonly signal: AbortSignal;
  /** Makes no request yet. There is one repository for each name and access. */
  repository(name: Pick<Reference, 'registry' | 'repository'>, options?: RepositoryAccess): Repository;
  /** Registries that could not be reached by a lookup that is not retried. */
  readonly down: Set<string>;
  /** Gives up what is under way, and closes all connections. */
  close(): Promise<void>;
}

export interface RepositoryAccess {
  /** What the first token is requested for: `pull` by default. */
  readonly access?: 'pull' | 'push';
  /** How often a request, or one for a token, is sent at most: 6 times by default. */
  readonly attempts?: number;
}

const defaultConcurrency = 4;

export function createRegistryClient(options: RegistryOptions): RegistryClient {
  return new Client(options);
}

/** What the repositories of one host share. */
interface SharedHost {
  readonly host: Host;
  /** Those that were shown already. */
  readonly warnings: Set<string>;
}

class Client implements RegistryClient {
  readonly signal: AbortSignal;
  readonly down = new Set<string>();
  readonly #options: RegistryOptions;
  readonly #clock: Clock;
  readonly #timeouts: Timeouts;
  readonly #budget: Budget;
  readonly #secrets: Secrets;
  readonly #http: Http;
  readonly #closed = new AbortController();
  /** Hosts by origin. */
  readonly #hosts = new Map<string, SharedHost>();
  /** Repositories by registry, name and access. */
  readonly #repositories = new Map<string, Repository>();

  constructor(options: RegistryOptions) {
    const { clock = systemClock, userAgent = 'bima', signal } = options;
    this.#options = options;
    this.#clock = clock;
    this.#timeouts = { ...defaultTimeouts, ...options.timeouts };
    this.#budget = new Budget(clock);
    this.#secrets = createSecrets(options.mask);
    this.#http = createRegistryHttp({ ...options, timeouts: this.#timeouts, userAgent });
    this.signal = AbortSignal.any([...(signal === undefined ? [] : [signal]), this.#closed.signal]);
    // Each request listens to it, and there are many at a time.
    setMaxListeners(0, this.signal);
  }

  repository(
    { registry, repository }: Pick<Reference, 'registry' | 'repository'>,
    { access = 'pull', attempts }: RepositoryAccess = {},
  ): Repository {
    const key = JSON.stringify([registry, repository, access, attempts]);
    const known = this.#repositories.get(key);
    if (known !== undefined) return known;
    const session = this.#openSession(registry, repository, access, attempts);
    const made = new RemoteRepository(session, this.#options.chunkSize);
    this.#repositories.set(key, made);
    return made;
  }

  close(): Promise<void> {
    this.#closed.abort(new Error('the client of the registry is closed'));
    return this.#http.close();
  }

  #openSession(
    registry: string,
    repository: string,
    access: 'pull' | 'push',
    attempts: number | undefined,
  ): Session {
    const { credentials, reporter, trustedRealms = [], plainHttp = 'loopback' } = this.#options;
    const { host, warnings } = this.#hostOf(new URL(`https://${apiHost(registry)}`).origin);
    const shared = { registry, repository, secrets: this.#secrets, clock: this.#clock };
    const authorizer = new Authorizer({
      ...shared,
      credentials,
      trustedRealms,
      origin: () => host.origin,
      fetchToken: (request) => this.#fetchToken(request, attempts),
      ping: () => this.#ping(host),
    });
    return new Session({
      ...shared,
      http: this.#http,
      host,
      authorizer,
      reporter,
      timeouts: this.#timeouts,
      budget: this.#budget,
      plainHttp,
      access,
      attempts,
      warnings,
      signal: this.signal,
    });
  }

  #hostOf(origin: string): SharedHost {
    const known = this.#hosts.get(origin);
    if (known !== undefined) return known;
    const { concurrency = defaultConcurrency } = this.#options;
    const made = { host: new Host(origin, concurrency, this.#clock), warnings: new Set<string>() };
    this.#hosts.set(origin, made);
    return made;
  }

  #fetchToken(request: TokenRequest, attempts: number | undefined): Promise<Token> {
    const { reporter } = this.#options;
    const tools = { http: this.#http, secrets: this.#secrets, clock: this.#clock };
    const { host } = this.#hostOf(request.realm.origin);
    const { signal } = this;
    return retrying(
      () => {
        const what = `asking ${request.realm.shown} for a token for ${request.scopes.join(' ')}`;
        reporter.debug(clean(this.#secrets.scrub(what)));
        return requestToken({ ...request, signal }, tools);
      },
      { clock: this.#clock, reporter, host, budget: this.#budget },
      { ...atMost(attempts), signal },
    );
  }

  /** The challenge of the API's root. */
  async #ping({ origin }: Host): Promise<string | readonly string[] | undefined> {
    const endpoint = endpointOf(origin, paths.ping);
    const response = await this.#http.send({ method: 'GET', endpoint, signal: this.signal });
    await response.discard();
    return response.headers['www-authenticate'];
  }
}

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
import { clean } from './error-body.ts';
import { createHost } from './host.ts';
import type { Host } from './host.ts';
import type { HttpOptions } from '../http/http.ts';
import { createRegistryHttp } from './registry-http.ts';
import { createRepository } from './repository.ts';
import type { Repository } from './repository.ts';
import { atMost, retrying } from './retry.ts';
import { createSecrets } from './secrets.ts';
import { createSession } from './session.ts';
import { requestToken } from './token.ts';
import type { TokenRequest } from './token.ts';
import { defaultTimeouts } from '../http/watch.ts';
import type { Timeouts } from '../http/watch.ts';

export interface RegistryOptions {
  readonly credentials: Credentials;
  readonly reporter: Reporter;
  /** Ends everything; uploads that are under way are given back to their registry first. */
  readonly signal?: AbortSignal;
  /** Is told every token, Basic value and signed query before it is used for the first time. */
  readonly mask?: (secret: string) => void;
  readonly clock?: Clock;
  /** Where plain HTTP may be spoken, when a registry has no TLS: on this machine by default. */
  readonly plainHttp?: 'loopback' | 'always';
  readonly tlsVerify?: boolean;
  /** PEM, trusted besides the usual roots. */
  readonly ca?: string;
  /** Instead of the environment's proxy variables. No proxy stands between us and this machine. */
  readonly proxy?: NonNullable<HttpOptions['proxy']>;
  /** How many blobs are under way at once with one host: 4 by default. */
  readonly concurrency?: number;
  /** In bytes. Uploads larger blobs in chunks of this size; by default only when a registry makes us. */
  readonly chunkSize?: number;
  /** Further hosts whose token services may have the credentials of registries elsewhere. */
  readonly trustedRealms?: readonly string[];
  readonly timeouts?: Partial<Timeouts>;
  readonly userAgent?: string;
}

export interface RegistryClient {
  /** Fires when the client was told to end everything, or was closed. */
  readonly signal: AbortSignal;
  /** No request is made yet. */
  repository(name: Pick<Reference, 'registry' | 'repository'>, options?: RepositoryAccess): Repository;
  /** Registries that a look which was not worth a retry couldn't reach. */
  readonly down: Set<string>;
  /** Gives up what is under way, and closes all connections. */
  close(): Promise<void>;
}

export interface RepositoryAccess {
  /** What to ask a token for at once: `pull` by default. */
  readonly access?: 'pull' | 'push';
  /** Repositories of the same registry that may have the blobs already. */
  readonly mountFrom?: readonly string[];
  /** How often a request, or one for a token, is sent at most: 6 times by default. */
  readonly attempts?: number;
}

const defaultConcurrency = 4;

export function createRegistryClient(options: RegistryOptions): RegistryClient {
  const { credentials, reporter, concurrency = defaultConcurrency, clock = systemClock } = options;
  const closed = new AbortController();
  const signal = AbortSignal.any([...(options.signal === undefined ? [] : [options.signal]), closed.signal]);
  // Each request listens to it, and there are many at a time.
  setMaxListeners(0, signal);
  const timeouts: Timeouts = { ...defaultTimeouts, ...options.timeouts };
  const budget = new Budget(clock);
  const secrets = createSecrets(options.mask);
  const http = createRegistryHttp({ ...options, timeouts, userAgent: options.userAgent ?? 'bima' });
  const hosts = new Map<string, { readonly host: Host; readonly warnings: Set<string> }>();

  const hostOf = (origin: string) => {
    const known = hosts.get(origin);
    if (known !== undefined) return known;
    const made = { host: createHost(origin, concurrency, clock), warnings: new Set<string>() };
    hosts.set(origin, made);
    return made;
  };

  const fetchToken = (request: TokenRequest, attempts: number | undefined) =>
    retrying(
      () => {
        const what = `asking ${request.realm.shown} for a token for ${request.scopes.join(' ')}`;
        reporter.debug(clean(secrets.scrub(what)));
        return requestToken({ ...request, signal }, { http, secrets, clock });
      },
      { clock, reporter, host: hostOf(request.realm.origin).host, budget },
      { ...atMost(attempts), signal },
    );

  return {
    signal,
    down: new Set(),
    repository({ registry, repository }, { access = 'pull', mountFrom = [], attempts } = {}) {
      const { host, warnings } = hostOf(new URL(`https://${apiHost(registry)}`).origin);
      const ping = async () => {
        const response = await http.send({
          method: 'GET',
          endpoint: endpointOf(host.origin, paths.ping),
          signal,
        });
        await response.discard();
        return response.headers['www-authenticate'];
      };
      const authorizer = new Authorizer({
        registry,
        repository,
        origin: () => host.origin,
        credentials,
        secrets,
        clock,
        trustedRealms: options.trustedRealms ?? [],
        fetchToken: (request) => fetchToken(request, attempts),
        ping,
      });
      const session = createSession({
        registry,
        repository,
        http,
        host,
        authorizer,
        secrets,
        reporter,
        clock,
        timeouts,
        budget,
        plainHttp: options.plainHttp ?? 'loopback',
        access,
        attempts,
        warnings,
        signal,
      });
      return createRepository({ session, mountFrom, chunkSize: options.chunkSize });
    },
    close: () => {
      closed.abort(new Error('the client of the registry is closed'));
      return http.close();
    },
  };
}

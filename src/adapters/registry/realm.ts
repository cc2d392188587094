// Realms: which token service a registry may send the client to, and with whose credentials.

import { isIP } from 'node:net';
import { BimaError } from '../../core/errors.ts';
import { clean } from '../../core/text.ts';
import { endpointOf } from '../http/endpoints.ts';
import type { Endpoint } from '../http/endpoints.ts';
import { isLoopback, isPrivate } from '../http/hosts.ts';
import { sharedDomains, vendorOf } from './vendors.ts';

export interface RealmRules {
  /** The registry's own origin, such as `https://registry-1.docker.io`. */
  readonly origin: string;
  /** Whether credentials would be sent there. */
  readonly hasCredential: boolean;
  /** Hosts that may have the credentials of registries of another site. */
  readonly trusted: readonly string[];
}

/**
 * The token service that a challenge names. A registry could otherwise have us ask, with credentials, whatever
 * host it likes: so it must be HTTPS (or plain HTTP beside a registry on this machine), on no private network
 * that isn't the registry's own, and credentials go to the same site only.
 * @throws BimaError REGISTRY_PROTOCOL
 */
export function parseRealm(realm: string, rules: RealmRules): Endpoint {
  const base = new URL(rules.origin);
  const refused = (why: string, hint?: string) =>
    new BimaError(
      'REGISTRY_PROTOCOL',
      `${rules.origin} names the token service "${clean(realm.replace(/\?.*$/s, '').replace(/\/\/[^/]*@/, '//'), 200)}", ${why}`,
      { hint: hint ?? 'This is refused for safety; ask those who run the registry.' },
    );

  let url: URL;
  try {
    url = new URL(realm, `${rules.origin}/`);
  } catch {
    throw refused('which is not a URL');
  }
  if (realm === '' || !/^https?:$/.test(url.protocol)) throw refused('which is not an HTTP URL');
  if (url.username !== '' || url.password !== '') throw refused('which holds a user name');

  const { hostname } = url;
  const isOwnHost = hostname === base.hostname;
  const isLocalPair = isLoopback(hostname) && isLoopback(base.hostname);
  if (url.protocol === 'http:' && (base.protocol === 'https:' || !(isOwnHost || isLocalPair))) {
    throw refused('which is not encrypted');
  }
  if (isPrivate(hostname) && !isOwnHost && !isLocalPair) throw refused('which is a private address');
  if (rules.hasCredential && !isLocalPair && !maySend(hostname, base.hostname, rules.trusted)) {
    throw refused(
      'which belongs to another site and would get your credentials',
      `If that is right, name ${hostname} as a trusted token host.`,
    );
  }
  return endpointOf(url.origin, url.pathname + url.search);
}

function maySend(hostname: string, registryHost: string, trusted: readonly string[]): boolean {
  return (
    isSameSite(registryHost, hostname) ||
    trusted.includes(hostname) ||
    vendorOf(registryHost).tokenHost === hostname
  );
}

/**
 * True for two names under one registrable domain, such as `registry-1.docker.io` and `auth.docker.io`.
 * Without the public suffix list this errs on the strict side: below `co.uk` and below the domains where
 * strangers are neighbours, three labels must agree.
 */
export function isSameSite(one: string, other: string): boolean {
  if (one === other) return true;
  if ([one, other].some((host) => isIP(host) !== 0 || host.startsWith('['))) return false;
  const labels = one.split('.');
  const isShared =
    countrySuffix.test(one) || sharedDomains.some((domain) => `.${one}`.endsWith(`.${domain}`));
  const needed = isShared ? 3 : 2;
  if (labels.length < needed) return false;
  const site = labels.slice(-needed).join('.');
  return other === site || other.endsWith(`.${site}`);
}

const countrySuffix = /(?:^|\.)(?:ac|co|com|edu|gov|ne|net|or|org)\.[a-z]{2}$/;

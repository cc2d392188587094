// Where the Location and Link headers of a registry may lead.

import { BimaError } from '../../core/errors.ts';
import type { Endpoint } from '../http/endpoints.ts';
import { isLinkLocal, isLoopback, isPrivate } from '../http/hosts.ts';

/**
 * Where a Location header, or the first usable of several, leads to (RFC 9110, section 10.2.2).
 * A proxy that ends TLS makes registries write `http://` or leave out the port: on the same host both are
 * put right. Another host may be followed, but never to plain HTTP from HTTPS, nor into a private network.
 * @throws BimaError REGISTRY_PROTOCOL
 */
export function resolveLocation(header: string | readonly string[] | undefined, from: Endpoint): Endpoint {
  const values = (typeof header === 'string' ? [header] : (header ?? [])).filter((value) => value !== '');
  if (values.length === 0) {
    throw new BimaError('REGISTRY_PROTOCOL', `expected a Location header from ${from.shown}, got none`);
  }
  const endpoints = values.map((value) => resolve(value, from, 'Location'));
  const own = endpoints.find((endpoint) => endpoint.origin === from.origin);
  const endpoint = own ?? endpoints[0];
  if (endpoint === undefined) throw new Error('unreachable: there is at least one value');
  checkTrust(endpoint, from);
  return endpoint;
}

/**
 * Where a target of a Link header leads to, by the rules of {@link resolveLocation}.
 * @throws BimaError REGISTRY_PROTOCOL
 */
export function resolveLink(target: string, from: Endpoint): Endpoint {
  // Nothing at all is the document itself (RFC 3986, section 4.4).
  const endpoint = target === '' ? from : resolve(target, from, 'Link');
  checkTrust(endpoint, from);
  return endpoint;
}

function resolve(location: string, from: Endpoint, header: string): Endpoint {
  const invalid = (why: string, cause?: unknown) =>
    new BimaError('REGISTRY_PROTOCOL', `the ${header} header from ${from.shown} ${why}`, { cause });
  // Printable ASCII only: what else there is would change the request.
  if (!/^[\x21-\x7e]+$/.test(location)) throw invalid('holds white space or control characters');
  const reference = location.replace(/#.*$/s, '');
  const absolute = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?\/\/([^/?]*)(.*)$/s.exec(reference);
  if (absolute === null) return located(from.origin, resolvePath(reference, from.path));

  const [, scheme = from.origin.replace(/:.*$/s, ''), authority = '', rest = ''] = absolute;
  if (!/^https?$/i.test(scheme)) throw invalid(`leads to "${scheme}:", which is not HTTP`);
  if (authority.includes('@')) throw invalid('holds a user name');
  let url: URL;
  try {
    url = new URL(`${scheme}://${authority}/`);
  } catch (cause) {
    throw invalid('has no valid host', cause);
  }
  const base = new URL(from.origin);
  const origin = isSameServer(url, base) ? base.origin : url.origin;
  return located(origin, rest.startsWith('/') ? rest : `/${rest}`);
}

/** The same host, and either the same port or none named, whatever the scheme says. */
function isSameServer(url: URL, base: URL): boolean {
  return url.hostname === base.hostname && (url.port === '' || url.port === base.port);
}

function resolvePath(reference: string, basePath: string): string {
  if (reference.startsWith('/')) return reference;
  const base = basePath.replace(/\?.*$/s, '');
  if (reference.startsWith('?')) return base + reference;
  const [path = '', query] = reference.split(/(?=\?)(.*)/s);
  return withoutDots(base.slice(0, base.lastIndexOf('/') + 1) + path) + (query ?? '');
}

/** Resolves `.` and `..` in the path of a relative reference (RFC 3986, section 5.2.4). */
function withoutDots(path: string): string {
  const steps: string[] = [];
  const all = path.split('/').slice(1);
  for (const [at, step] of all.entries()) {
    const isDots = step === '.' || step === '..';
    if (step === '..') steps.pop();
    if (!isDots) steps.push(step);
    else if (at === all.length - 1) steps.push('');
  }
  return `/${steps.join('/')}`;
}

function located(origin: string, path: string): Endpoint {
  const upload = /^(.*\/blobs\/uploads\/)./.exec(path.replace(/\?.*$/s, ''));
  return { origin, path, shown: `${origin}${upload?.[1] ?? '/'}…` };
}

function checkTrust(endpoint: Endpoint, from: Endpoint): void {
  if (endpoint.origin === from.origin) return;
  const { protocol, hostname } = new URL(endpoint.origin);
  const base = new URL(from.origin);
  const refused = (why: string) =>
    new BimaError('REGISTRY_PROTOCOL', `${from.shown} leads to ${endpoint.origin}, ${why}`, {
      hint: 'This is refused for safety; ask those who run the registry.',
    });
  if (protocol === 'http:' && base.protocol === 'https:') throw refused('which is not encrypted');
  if (hostname === base.hostname) return;
  const isNeighbour = isLoopback(hostname) ? isLoopback(base.hostname) : isPrivate(base.hostname);
  if (isPrivate(hostname) && (isLinkLocal(hostname) || !isNeighbour)) {
    throw refused('which is a private address');
  }
}

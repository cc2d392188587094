// Which addresses anybody can reach, and which only this machine and its neighbours: the IANA registries of
// special-purpose addresses (RFC 6890), and what clouds have for themselves.

import { lookup } from 'node:dns';
import type { LookupAddress } from 'node:dns';
import { BlockList, isIP } from 'node:net';
import type { LookupFunction } from 'node:net';
import { BimaError } from '../../core/errors.ts';

const special = new BlockList();

for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  // Metadata of most clouds.
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
  // Azure's platform, which answers only its own machines, such as the hosted runners.
  ['168.63.129.16', 32],
] as const)
  special.addSubnet(network, prefix, 'ipv4');

for (const [network, prefix] of [
  ['::', 128],
  ['::1', 128],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const)
  special.addSubnet(network, prefix, 'ipv6');

/** True for an address of the public internet. @param address without brackets */
export function isPublicAddress(address: string): boolean {
  const version = isIP(address);
  if (version === 0) return false;
  // A rule for IPv4 holds for the same address written as ::ffff:a.b.c.d too; ::a.b.c.d is nobody's.
  return !special.check(address, version === 4 ? 'ipv4' : 'ipv6') && !/^::(?!ffff:)/i.test(address);
}

/**
 * Resolves names as the system does, to public addresses only. The address that was checked is the one that is
 * connected to: a name can't have another address by then.
 * @param allowed hosts that may have any address
 */
export function publicLookup(allowed: ReadonlySet<string>): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) {
        callback(error, '');
        return;
      }
      const [first] = addresses;
      const isOpen = allowed.has(hostname) || addresses.every(({ address }) => isPublicAddress(address));
      if (!isOpen || first === undefined) callback(notPublic(hostname), '');
      else if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

/**
 * Fails for a host that isn't public, by its address or by those that its name has here. A name that has none here may
 * still have one at a proxy.
 * @param hostname of a URL, with IPv6 in brackets
 * @throws BimaError NOT_AVAILABLE
 */
export async function checkPublic(hostname: string, allowed: ReadonlySet<string>): Promise<void> {
  const host = hostname.replace(/^\[|\]$/g, '');
  if (allowed.has(host)) return;
  if (isIP(host) !== 0) {
    if (!isPublicAddress(host)) throw notPublic(host);
    return;
  }
  const found = await new Promise<readonly LookupAddress[]>((resolve) => {
    lookup(host, { all: true }, (error, addresses) => {
      resolve(error === null ? addresses : []);
    });
  });
  if (found.some(({ address }) => !isPublicAddress(address))) throw notPublic(host);
}

function notPublic(host: string): BimaError {
  return new BimaError(
    'NOT_AVAILABLE',
    `"${host}" has an address that only this machine or its network can reach`,
    {
      hint: 'Whoever may change the Containerfile could read from there: allow it with --url-host (the input "url-hosts") if all of them may.',
    },
  );
}

// Which of a sigstore's services to sign with now, by the rules of its SigningConfig (sigstore_trustroot.proto, `Service`).

import { BimaError } from '../errors.ts';
import { isObject } from '../oci/json.ts';
import type { JsonObject } from '../oci/json.ts';
import { quote } from '../text.ts';
import type { ServiceList, SigningService, TrustConfiguration } from './trust-configuration.ts';

/** The major versions of each API that are spoken here. */
export const spokenVersions = { authority: [1], log: [1, 2], timestampAuthority: [1] } as const;

export interface LogService extends SigningService {
  /** Of its key, in base64, where the trusted root knows it: entries have it. */
  readonly keyId: string | undefined;
}

/** Those that see a signature, and say so. */
export interface WitnessServices {
  readonly logs: readonly LogService[];
  readonly timestampAuthorities: readonly SigningService[];
}

/** @param now milliseconds since 1970. @throws BimaError TRUST_CONFIGURATION_INVALID when none fits */
export function selectAuthority({ authorities }: TrustConfiguration, now: number): SigningService {
  const [first] = usable(authorities, spokenVersions.authority, now);
  if (first === undefined)
    throw noneFits('certificate authority', authorities, spokenVersions.authority, now);
  return first;
}

/**
 * A list that names no service is taken at its word: GitHub's own sigstore has no log.
 * @throws BimaError TRUST_CONFIGURATION_INVALID when services are named, and too few of them fit
 */
export function selectWitnesses(trust: TrustConfiguration, now: number): WitnessServices {
  return {
    logs: selectFrom('log', trust.logs, spokenVersions.log, now).map((log) => ({
      ...log,
      keyId: keyIdOf(trust.trustedRoot, log),
    })),
    timestampAuthorities: selectFrom(
      'timestamp authority',
      trust.timestampAuthorities,
      spokenVersions.timestampAuthority,
      now,
    ),
  };
}

function keyIdOf({ tlogs }: JsonObject, { url }: SigningService): string | undefined {
  const logs = Array.isArray(tlogs) ? tlogs.filter(isObject) : [];
  const log = logs.find(({ baseUrl }) => typeof baseUrl === 'string' && baseUrl.replace(/\/+$/, '') === url);
  const { keyId } = isObject(log?.logId) ? log.logId : {};
  return typeof keyId === 'string' ? keyId : undefined;
}

function selectFrom(
  what: string,
  { services, selector }: ServiceList,
  versions: readonly number[],
  now: number,
): readonly SigningService[] {
  if (services.length === 0) return [];
  const found = usable(services, versions, now);
  // One of each operator, the newest: they are in that order.
  const distinct = found.filter(
    ({ operator }, index) => found.findIndex((other) => other.operator === operator) === index,
  );
  if (distinct.length === 0) throw noneFits(what, services, versions, now);
  if (selector === 'all') return distinct;
  const count = selector === 'any' ? 1 : selector.exact;
  if (distinct.length < count) {
    throw new BimaError(
      'TRUST_CONFIGURATION_INVALID',
      `the trust configuration asks for ${count} of its services for each ${what}, and ${distinct.length} can be used now`,
      {
        hint: 'Two services of one operator count as one. Ask those who run this sigstore for a newer configuration.',
      },
    );
  }
  return distinct.slice(0, count);
}

/** Those in their time, of the highest version that is spoken here, the newest first. */
function usable(
  services: readonly SigningService[],
  versions: readonly number[],
  now: number,
): readonly SigningService[] {
  const timely = services.filter(
    ({ start, end, majorApiVersion }) => start <= now && now <= end && versions.includes(majorApiVersion),
  );
  const highest = Math.max(...timely.map(({ majorApiVersion }) => majorApiVersion));
  return timely
    .filter(({ majorApiVersion }) => majorApiVersion === highest)
    .toSorted((one, other) => Number(other.start > one.start) - Number(other.start < one.start));
}

function noneFits(
  what: string,
  services: readonly SigningService[],
  versions: readonly number[],
  now: number,
): BimaError {
  const spoken = versions.join(' or ');
  const got = services.map(({ url, majorApiVersion, start, end }) => {
    const time = now < start ? ', not yet in use' : now > end ? ', no longer in use' : '';
    return `${quote(url)} (version ${majorApiVersion}${time})`;
  });
  return new BimaError(
    'TRUST_CONFIGURATION_INVALID',
    `the trust configuration: expected a ${what} that is in use now and speaks version ${spoken} of its API, ` +
      `got ${got.length === 0 ? 'none' : got.join(', ')}`,
    {
      hint: 'Take a newer version of this trust configuration, or of bima, and check the clock of this machine.',
    },
  );
}

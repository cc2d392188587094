// Whom to trust and where to sign: sigstore's ClientTrustConfig (github.com/sigstore/protobuf-specs, sigstore_trustroot.proto)
// as JSON, which holds a trusted root and a SigningConfig.

import { BimaError } from '../errors.ts';
import { isObject, parseJsonObject } from '../oci/json.ts';
import type { JsonObject } from '../oci/json.ts';
import { quote } from '../text.ts';

export interface TrustConfiguration {
  /** As it stands there: for whoever verifies. */
  readonly trustedRoot: JsonObject;
  /** Fulcio and what speaks as it does. */
  readonly authorities: readonly SigningService[];
  /** Rekor; none for a sigstore that has no log. */
  readonly logs: ServiceList;
  /** RFC 3161. */
  readonly timestampAuthorities: ServiceList;
}

export interface SigningService {
  /** Without a slash at its end. */
  readonly url: string;
  readonly majorApiVersion: number;
  /** Milliseconds since 1970, both inclusive. */
  readonly start: number;
  readonly end: number;
  /** Who runs it, such as `sigstore.dev`: two services of one count as one. */
  readonly operator: string;
}

export interface ServiceList {
  readonly services: readonly SigningService[];
  readonly selector: 'all' | 'any' | { readonly exact: number };
}

const code = 'TRUST_CONFIGURATION_INVALID';

const whatItIs =
  'A trust configuration is the ClientTrustConfig of a sigstore, in JSON; `cosign trusted-root create` and ' +
  '`cosign signing-config create` write its two parts.';

/** The media types that are read. */
const configurationTypes = ['application/vnd.dev.sigstore.clienttrustconfig.v0.1+json'];
const signingTypes = ['application/vnd.dev.sigstore.signingconfig.v0.2+json'];

/**
 * @param what names the document for the error, such as the path of a file
 * @throws BimaError TRUST_CONFIGURATION_INVALID
 */
export function parseTrustConfiguration(bytes: Uint8Array, what: string): TrustConfiguration {
  let document: JsonObject;
  try {
    document = parseJsonObject(bytes, what, code);
  } catch (error) {
    if (!(error instanceof BimaError)) throw error;
    throw new BimaError(code, error.message, { hint: whatItIs, cause: error });
  }
  return readTrustConfiguration(document, what);
}

/** The same for a document that was parsed before, such as one that comes from sigstore's own repository. */
export function readTrustConfiguration(document: JsonObject, what: string): TrustConfiguration {
  const place = new Place(what, '');
  const { mediaType, trustedRoot, signingConfig } = document;
  if (signingConfig === undefined && (document.caUrls !== undefined || document.tlogs !== undefined))
    throw place.instead('a trusted root and a signing configuration in one document', 'one of the two alone');
  if (typeof mediaType !== 'string' || !configurationTypes.includes(mediaType))
    throw place.in('mediaType').wrong(configurationTypes.join(' or '), mediaType);
  if (!isObject(trustedRoot)) throw place.in('trustedRoot').wrong('an object', trustedRoot);
  const signing = place.in('signingConfig');
  if (!isObject(signingConfig)) throw signing.wrong('an object', signingConfig);
  const { mediaType: signingType } = signingConfig;
  if (typeof signingType !== 'string' || !signingTypes.includes(signingType))
    throw signing.in('mediaType').wrong(signingTypes.join(' or '), signingType);
  const list = (urls: string, config: string): ServiceList => {
    const services = readServices(signingConfig[urls], signing.in(urls));
    return { services, selector: readSelector(signingConfig[config], services.length, signing.in(config)) };
  };
  return {
    trustedRoot,
    authorities: readServices(signingConfig.caUrls, signing.in('caUrls')),
    logs: list('rekorTlogUrls', 'rekorTlogConfig'),
    timestampAuthorities: list('tsaUrls', 'tsaConfig'),
  };
}

/** Where in the document something is, for its errors. */
class Place {
  readonly #document: string;
  readonly #path: string;

  constructor(document: string, path: string) {
    this.#document = document;
    this.#path = path;
  }

  in(name: string): Place {
    return new Place(this.#document, this.#path === '' ? name : `${this.#path}.${name}`);
  }

  wrong(expected: string, got: unknown): BimaError {
    const shown = typeof got === 'string' ? got : JSON.stringify(got);
    return this.instead(expected, got === undefined ? 'nothing' : quote(shown));
  }

  /** @param got as it is to be said */
  instead(expected: string, got: string): BimaError {
    const where = this.#path === '' ? this.#document : `${this.#document}: ${this.#path}`;
    return new BimaError(code, `${where}: expected ${expected}, got ${got}`, { hint: whatItIs });
  }
}

/** An absent list is an empty one, as always in the JSON of protocol buffers. */
function readServices(value: unknown, place: Place): readonly SigningService[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw place.wrong('a list', value);
  return value.map((item: unknown, index) => readService(item, place.in(String(index))));
}

function readService(value: unknown, place: Place): SigningService {
  if (!isObject(value)) throw place.wrong('an object', value);
  const { url, validFor = {}, operator = '' } = value;
  if (typeof url !== 'string' || !isPlainUrl(url))
    throw place.in('url').wrong('an http or https URL without user, query and fragment', url);
  if (!isObject(validFor)) throw place.in('validFor').wrong('an object', validFor);
  if (typeof operator !== 'string') throw place.in('operator').wrong('a text', operator);
  return {
    url: url.replace(/\/+$/, ''),
    majorApiVersion: readCount(value.majorApiVersion, place.in('majorApiVersion')),
    start: readTime(validFor.start, -Infinity, place.in('validFor').in('start')),
    end: readTime(validFor.end, Infinity, place.in('validFor').in('end')),
    operator,
  };
}

function isPlainUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, search, hash } = new URL(text);
  return /^https?:$/.test(protocol) && username + password + search + hash === '';
}

function readTime(value: unknown, otherwise: number, place: Place): number {
  if (value === undefined || value === null) return otherwise;
  const time =
    typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(value) ? Date.parse(value) : NaN;
  if (Number.isNaN(time)) throw place.wrong('a time as in 2026-01-31T12:00:00Z', value);
  return time;
}

/** Zero is left out in this JSON. */
function readCount(value: unknown, place: Place): number {
  if (value === undefined) return 0;
  const number = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 0)
    throw place.wrong('a whole number', value);
  return number;
}

/** Names of the enumeration, or its numbers. */
function readSelector(value: unknown, count: number, place: Place): ServiceList['selector'] {
  // What to take of nothing needs no answer.
  if (count === 0) return 'all';
  if (!isObject(value)) throw place.wrong('an object', value);
  const { selector } = value;
  if (selector === 'ALL' || selector === 1) return 'all';
  if (selector === 'ANY' || selector === 2) return 'any';
  if (selector !== 'EXACT' && selector !== 3) throw place.in('selector').wrong('ALL, ANY or EXACT', selector);
  const exact = readCount(value.count, place.in('count'));
  if (exact === 0) throw place.in('count').wrong('a number above 0', value.count);
  return { exact };
}

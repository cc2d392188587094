// A whole sigstore on loopback: issuer, certificate authority, transparency log and timestamp authority, each a server of
// its own, and the document that says to trust them.

import { createHash } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { JsonObject } from '../../../src/core/oci/json.ts';
import { spki } from './authorities.ts';
import { startFulcio } from './fulcio.ts';
import type { Fulcio } from './fulcio.ts';
import { startIssuer } from './issuer.ts';
import type { Issuer } from './issuer.ts';
import { startRekor } from './rekor.ts';
import type { Rekor } from './rekor.ts';
import type { ServiceCall, ServiceFault } from './service.ts';
import { startTimestampAuthority } from './timestamp-authority.ts';
import type { TimestampAuthority } from './timestamp-authority.ts';

export interface SigstoreOptions {
  /** What happens to the calls of Fulcio, the log and the timestamp authority. */
  readonly fault?: ServiceFault;
  /** Milliseconds by which certificates are older than they should be. */
  readonly certificateAge?: number;
  /** No log has seen the certificates. */
  readonly isUnlogged?: boolean;
  /** Without a transparency log, as GitHub's own sigstore. */
  readonly hasNoLog?: boolean;
}

export interface SigstoreDocuments {
  /** TrustedRoot, as JSON. */
  readonly trustedRoot: JsonObject;
  /** ClientTrustConfig, as JSON. */
  readonly trustConfiguration: JsonObject;
}

export interface Sigstore extends SigstoreDocuments, AsyncDisposable {
  readonly issuer: Issuer;
  readonly fulcio: Fulcio;
  readonly rekor: Rekor;
  readonly timestamps: TimestampAuthority;
  /** All calls but those of the issuer, the failed ones too. */
  readonly calls: readonly ServiceCall[];
}

export async function startSigstore(options: SigstoreOptions = {}): Promise<Sigstore> {
  const { fault: happens, certificateAge, isUnlogged, hasNoLog = false } = options;
  const calls: ServiceCall[] = [];
  const fault: ServiceFault = (call) => {
    calls.push(call);
    return happens?.(call);
  };
  const issuer = await startIssuer();
  const fulcio = await startFulcio({ issuer, fault, age: certificateAge, isUnlogged });
  const rekor = await startRekor(fault);
  const timestamps = await startTimestampAuthority(fault);
  const documents = describeSigstore({
    issuerUrl: issuer.url,
    fulcio: { url: fulcio.url, chain: fulcio.authority.chain, logKey: fulcio.log.publicKey },
    rekor: hasNoLog ? undefined : rekor,
    timestamps,
  });
  return {
    ...{ ...documents, issuer, fulcio, rekor, timestamps, calls },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([issuer, fulcio, rekor, timestamps].map((one) => one[Symbol.asyncDispose]()));
    },
  };
}

export interface DescribedServices {
  readonly issuerUrl: string;
  readonly fulcio: { readonly url: string; readonly chain: readonly Buffer[]; readonly logKey: KeyObject };
  readonly rekor: Pick<Rekor, 'url' | 'publicKey' | 'identity'> | undefined;
  readonly timestamps: Pick<TimestampAuthority, 'url' | 'chain'>;
}

const validFor = { start: '2020-01-01T00:00:00Z' };

export function describeSigstore(services: DescribedServices): SigstoreDocuments {
  const trustedRoot = rootOf(services);
  return {
    trustedRoot,
    trustConfiguration: {
      mediaType: 'application/vnd.dev.sigstore.clienttrustconfig.v0.1+json',
      trustedRoot,
      signingConfig: signingConfig(services),
    },
  };
}

function rootOf({ fulcio, rekor, timestamps }: DescribedServices): JsonObject {
  const subject = { organization: 'sigstore.test', commonName: 'sigstore' };
  const chain = (certificates: readonly Buffer[]) => ({
    certificates: certificates.map((der) => ({ rawBytes: der.toString('base64') })),
  });
  const publicKey = (key: KeyObject, keyDetails: string) => ({
    rawBytes: spki(key).toString('base64'),
    keyDetails,
    validFor,
  });
  const log = (baseUrl: string, key: JsonObject, identity: Buffer) => ({
    baseUrl,
    hashAlgorithm: 'SHA2_256',
    publicKey: key,
    logId: { keyId: identity.toString('base64') },
  });
  const ctIdentity = createHash('sha256').update(spki(fulcio.logKey)).digest();
  return {
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs:
      rekor === undefined ? [] : [log(rekor.url, publicKey(rekor.publicKey, 'PKIX_ED25519'), rekor.identity)],
    certificateAuthorities: [{ subject, uri: fulcio.url, certChain: chain(fulcio.chain), validFor }],
    ctlogs: [log(`${fulcio.url}/log`, publicKey(fulcio.logKey, 'PKIX_ECDSA_P256_SHA_256'), ctIdentity)],
    timestampAuthorities: [{ subject, uri: timestamps.url, certChain: chain(timestamps.chain), validFor }],
  };
}

function signingConfig({ issuerUrl, fulcio, rekor, timestamps }: DescribedServices): JsonObject {
  const service = (url: string, majorApiVersion: number) => ({
    url,
    majorApiVersion,
    validFor,
    operator: 'sigstore.test',
  });
  return {
    mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
    caUrls: [service(fulcio.url, 1)],
    oidcUrls: [service(issuerUrl, 1)],
    ...(rekor === undefined
      ? {}
      : { rekorTlogUrls: [service(rekor.url, 2)], rekorTlogConfig: { selector: 'ANY' } }),
    tsaUrls: [service(`${timestamps.url}/api/v1/timestamp`, 1)],
    tsaConfig: { selector: 'ANY' },
  };
}

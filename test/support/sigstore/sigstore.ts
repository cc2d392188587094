// A whole sigstore on loopback: issuer, certificate authority, transparency log and timestamp authority, each a server of
// its own, and the document that says to trust them.

import { createHash } from 'node:crypto';
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

export interface Sigstore extends AsyncDisposable {
  readonly issuer: Issuer;
  readonly fulcio: Fulcio;
  readonly rekor: Rekor;
  readonly timestamps: TimestampAuthority;
  /** TrustedRoot, as JSON. */
  readonly trustedRoot: JsonObject;
  /** ClientTrustConfig, as JSON. */
  readonly trustConfiguration: JsonObject;
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
  const trustedRoot = rootOf({ fulcio, rekor, timestamps, hasNoLog });
  return {
    ...{ issuer, fulcio, rekor, timestamps, trustedRoot, calls },
    trustConfiguration: {
      mediaType: 'application/vnd.dev.sigstore.clienttrustconfig.v0.1+json',
      trustedRoot,
      signingConfig: signingConfig({ issuer, fulcio, rekor, timestamps, hasNoLog }),
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([issuer, fulcio, rekor, timestamps].map((one) => one[Symbol.asyncDispose]()));
    },
  };
}

type Services = Pick<Sigstore, 'fulcio' | 'rekor' | 'timestamps'> & { readonly hasNoLog: boolean };

const start = '2020-01-01T00:00:00Z';
const validFor = { start };

function rootOf({ fulcio, rekor, timestamps, hasNoLog }: Services): JsonObject {
  const subject = { organization: 'sigstore.test', commonName: 'sigstore' };
  const chain = (certificates: readonly Buffer[]) => ({
    certificates: certificates.map((der) => ({ rawBytes: der.toString('base64') })),
  });
  const ctKey = spki(fulcio.log.publicKey);
  const logKey = rekor.publicKey.export({ type: 'spki', format: 'der' });
  const log = {
    baseUrl: rekor.url,
    hashAlgorithm: 'SHA2_256',
    publicKey: { rawBytes: logKey.toString('base64'), keyDetails: 'PKIX_ED25519', validFor },
    logId: { keyId: rekor.identity.toString('base64') },
  };
  return {
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: hasNoLog ? [] : [log],
    certificateAuthorities: [
      { subject, uri: fulcio.url, certChain: chain(fulcio.authority.chain), validFor },
    ],
    ctlogs: [
      {
        baseUrl: `${fulcio.url}/log`,
        hashAlgorithm: 'SHA2_256',
        publicKey: {
          rawBytes: ctKey.toString('base64'),
          keyDetails: 'PKIX_ECDSA_P256_SHA_256',
          validFor,
        },
        logId: { keyId: createHash('sha256').update(ctKey).digest('base64') },
      },
    ],
    timestampAuthorities: [{ subject, uri: timestamps.url, certChain: chain(timestamps.chain), validFor }],
  };
}

function signingConfig({
  issuer,
  fulcio,
  rekor,
  timestamps,
  hasNoLog,
}: Services & Pick<Sigstore, 'issuer'>): JsonObject {
  const service = (url: string, majorApiVersion: number) => ({
    url,
    majorApiVersion,
    validFor,
    operator: 'sigstore.test',
  });
  return {
    mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
    caUrls: [service(fulcio.url, 1)],
    oidcUrls: [service(issuer.url, 1)],
    ...(hasNoLog ? {} : { rekorTlogUrls: [service(rekor.url, 2)], rekorTlogConfig: { selector: 'ANY' } }),
    tsaUrls: [service(`${timestamps.url}/api/v1/timestamp`, 1)],
    tsaConfig: { selector: 'ANY' },
  };
}

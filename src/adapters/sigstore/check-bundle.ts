// Whether a bundle holds: signature, certificate, log entry and time, by sigstore's own library. Whose it is, and what it
// says, is for others to judge.

import { createHash } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { BimaError } from '../../core/errors.ts';
import { isObject } from '../../core/oci/json.ts';
import type { JsonObject } from '../../core/oci/json.ts';
import { clean } from '../../core/text.ts';
import { readCertificateIdentity } from '../../core/trust/certificate-identity.ts';
import type { CertificateIdentity } from '../../core/trust/certificate-identity.ts';
import { isSignedBy } from '../../core/trust/signed-statement.ts';
import type { UncheckedBundle } from '../../core/trust/signed-statement.ts';
import type * as TrustLibrary from './trust-library.ts';

/** What was found to be true of a bundle. */
export interface CheckedBundle {
  readonly statement: Uint8Array;
  readonly signedBy:
    | { readonly kind: 'certificate'; readonly identity: CertificateIdentity }
    | { readonly kind: 'key'; /** `sha256:<hex>` of the key as DER. */ readonly fingerprint: string };
  /** When it was signed, by timestamp authorities and logs: milliseconds since 1970. None with a key alone. */
  readonly times: readonly number[];
  readonly checks: readonly BundleCheck[];
}

export type BundleCheck = 'signature' | 'certificate' | 'certificate log' | 'log entry' | 'timestamp';

/**
 * A bundle that is signed with a certificate, held against trusted roots: one of them has to believe all of it.
 * @throws BimaError SIGNATURE_INVALID, TRUST_CONFIGURATION_INVALID for a root that can't be read
 */
export async function checkCertified(
  bundle: UncheckedBundle,
  roots: readonly JsonObject[],
): Promise<CheckedBundle> {
  const library = await import('./trust-library.ts');
  const failures: BimaError[] = [];
  for (const root of roots) {
    const result = checkWith(library, bundle, readRoot(library, root));
    if (!(result instanceof BimaError)) return result;
    failures.push(result);
  }
  // Another sigstore's root knows nothing of the certificate: what the right one says is more.
  const best = failures.find(({ cause }) => !isObject(cause) || cause.code !== 'CERTIFICATE_ERROR');
  throw best ?? failures[0] ?? new BimaError('SIGNATURE_INVALID', 'expected a trusted root, got none');
}

/**
 * A bundle that is signed with a key. Log entries and timestamps are checked where a trusted root is given, and then a log
 * entry is required if that root has a log.
 * @throws BimaError as {@link checkCertified}
 */
export async function checkKeyed(
  bundle: UncheckedBundle,
  key: KeyObject,
  roots: readonly JsonObject[],
): Promise<CheckedBundle> {
  const fingerprint = `sha256:${createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex')}`;
  if (!isSignedBy(bundle, key))
    throw new BimaError('SIGNATURE_INVALID', `the signature was not made with the key ${fingerprint}`);
  const { statement } = bundle;
  if (roots.length === 0)
    return { statement, signedBy: { kind: 'key', fingerprint }, times: [], checks: ['signature'] };
  const library = await import('./trust-library.ts');
  const failures: BimaError[] = [];
  for (const root of roots) {
    const result = checkWith(library, bundle, readRoot(library, root), key);
    if (!(result instanceof BimaError)) return { ...result, signedBy: { kind: 'key', fingerprint } };
    failures.push(result);
  }
  throw failures[0] ?? new Error('no root was tried');
}

type Library = typeof TrustLibrary;

function readRoot({ TrustedRoot }: Library, document: JsonObject): TrustLibrary.TrustedRootDocument {
  try {
    return TrustedRoot.fromJSON(document);
  } catch (cause) {
    throw new BimaError(
      'TRUST_CONFIGURATION_INVALID',
      `the trusted root can't be read: ${clean(cause instanceof Error ? cause.message : String(cause))}`,
      { hint: 'Make one with `gh attestation trusted-root` or `cosign trusted-root create`.', cause },
    );
  }
}

function checkWith(
  library: Library,
  { document, statement, certificate }: UncheckedBundle,
  root: TrustLibrary.TrustedRootDocument,
  key?: KeyObject,
): CheckedBundle | BimaError {
  const { bundleFromJSON, toSignedEntity, toTrustMaterial, Verifier } = library;
  try {
    const parsed = bundleFromJSON(document);
    const entity = toSignedEntity(parsed);
    if ((entity.key.$case === 'public-key') !== (key !== undefined))
      return invalid(`expected a signature with a ${key === undefined ? 'certificate' : 'key'}, got another`);
    // What is believed here has to be what is looked at elsewhere.
    const leaf = leafOf(parsed);
    const { content } = parsed;
    if (content.$case !== 'dsseEnvelope' || !content.dsseEnvelope.payload.equals(statement))
      return invalid('the bundle can be read in two ways');
    if (leaf === undefined ? certificate !== undefined : !leaf.equals(certificate ?? new Uint8Array()))
      return invalid('the bundle can be read in two ways');
    const find = key === undefined ? undefined : () => ({ publicKey: key, validFor: () => true });
    const isCertified = key === undefined;
    // A sigstore that has no log asks for no entry in one; the root says which it has.
    const thresholds = {
      ctlogThreshold: isCertified ? Math.min(1, root.ctlogs.length) : 0,
      tlogThreshold: Math.min(1, root.tlogs.length),
      timestampThreshold: isCertified ? 1 : 0,
    };
    const material = find === undefined ? toTrustMaterial(root) : toTrustMaterial(root, find);
    new Verifier(material, thresholds).verify(entity);
    const times = entity.timestamps.flatMap((one) => {
      if (one.$case === 'timestamp-authority') return [one.timestamp.signingTime.getTime()];
      // A log without a promise of its own vouches for no time.
      return one.tlogEntry.inclusionPromise === undefined
        ? []
        : [Number(one.tlogEntry.integratedTime) * 1000];
    });
    const checks: BundleCheck[] = ['signature'];
    if (isCertified) checks.push('certificate');
    if (isCertified && root.ctlogs.length > 0) checks.push('certificate log');
    if (entity.tlogEntries.length > 0) checks.push('log entry');
    if (times.length > 0) checks.push('timestamp');
    const signedBy: CheckedBundle['signedBy'] =
      certificate === undefined
        ? { kind: 'key', fingerprint: '' }
        : { kind: 'certificate', identity: readCertificateIdentity(certificate) };
    return { statement, signedBy, times: times.toSorted((a, b) => a - b), checks };
  } catch (error) {
    return refusalOf(error);
  }
}

function leafOf({
  verificationMaterial: { content },
}: ReturnType<Library['bundleFromJSON']>): Buffer | undefined {
  if (content.$case === 'certificate') return content.certificate.rawBytes;
  return content.$case === 'x509CertificateChain'
    ? content.x509CertificateChain.certificates[0]?.rawBytes
    : undefined;
}

function invalid(message: string): BimaError {
  return new BimaError('SIGNATURE_INVALID', message);
}

/** The library reads what anybody may have written: whatever it throws, the bundle isn't to be believed. */
function refusalOf(error: unknown): BimaError {
  const code = isObject(error) && typeof error.code === 'string' ? error.code : '';
  const said = clean(error instanceof Error ? error.message : String(error));
  const reason = reasons[code];
  return new BimaError('SIGNATURE_INVALID', reason === undefined ? said : `${reason} (${said})`, {
    cause: error,
  });
}

const reasons: Readonly<Record<string, string>> = {
  CERTIFICATE_ERROR:
    'the certificate was not issued by a trusted authority, was not valid at the time of signing, or is in no log of certificates',
  PUBLIC_KEY_ERROR: 'the key is not known',
  SIGNATURE_ERROR: 'the signature does not fit the statement',
  TIMESTAMP_ERROR: 'no trusted authority says when it was signed',
  TLOG_BODY_ERROR: "the log's entry is about something else",
  TLOG_ERROR: 'no trusted transparency log has the signature',
  TLOG_INCLUSION_PROMISE_ERROR: "the transparency log's promise does not hold",
  TLOG_INCLUSION_PROOF_ERROR: 'the proof that the transparency log has it does not hold',
  TLOG_MISSING_INCLUSION_ERROR: 'nothing proves that the transparency log has it',
};

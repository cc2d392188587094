// The use case: who signed an image, and whether that is whom the user means.

import type { KeyObject } from 'node:crypto';
import { checkCertified, checkKeyed } from '../../adapters/sigstore/check-bundle.ts';
import type { BundleCheck, CheckedBundle } from '../../adapters/sigstore/check-bundle.ts';
import { BimaError } from '../../core/errors.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { JsonObject } from '../../core/oci/json.ts';
import { quote } from '../../core/text.ts';
import type { CertificateIdentity } from '../../core/trust/certificate-identity.ts';
import { compareProvenance } from '../../core/trust/compare-provenance.ts';
import type { ProvenanceComparison } from '../../core/trust/compare-provenance.ts';
import { compareSigner } from '../../core/trust/expected-signer.ts';
import type { ExpectedSigner, SignerDifference } from '../../core/trust/expected-signer.ts';
import { parseSignedStatement, predicateTypes } from '../../core/trust/in-toto-statement.ts';
import { parseBundle } from '../../core/trust/signed-statement.ts';
import type { UncheckedBundle } from '../../core/trust/signed-statement.ts';
import type { FoundBundle } from './find-bundles.ts';
import type { TrustedRoots } from './trusted-roots.ts';

/** Whom to believe: a workflow by its certificate, or a key. */
export type Trust =
  | { readonly kind: 'certificate'; readonly expected: ExpectedSigner; readonly roots: TrustedRoots }
  | { readonly kind: 'key'; readonly key: KeyObject; readonly roots: readonly JsonObject[] };

export interface AcceptedStatement {
  readonly manifest: Digest;
  readonly predicateType: string;
  readonly predicate: JsonObject;
  readonly signedBy: CheckedBundle['signedBy'];
  readonly times: readonly number[];
  readonly checks: readonly BundleCheck[];
  /** Of a provenance that is signed with a certificate. */
  readonly provenance?: ProvenanceComparison | undefined;
}

export interface RefusedBundle {
  readonly manifest: Digest;
  /** It doesn't hold; it holds and somebody else signed it; or nothing was there to hold it against. */
  readonly kind: 'invalid' | 'signer' | 'unknown';
  /** Who signed, where that is proven. */
  readonly signer?: string | undefined;
  readonly error: BimaError;
  readonly differences: readonly SignerDifference[];
}

export interface SignatureReport {
  readonly image: Digest;
  readonly accepted: readonly AcceptedStatement[];
  readonly refused: readonly RefusedBundle[];
}

/** Looks at every bundle. Anybody who can push may have added one: those that don't hold take nothing from those that do. */
export async function verifySignatures(
  image: Digest,
  bundles: readonly FoundBundle[],
  trust: Trust,
): Promise<SignatureReport> {
  const accepted: AcceptedStatement[] = [];
  const refused: RefusedBundle[] = [];
  for (const bundle of bundles) {
    const result = await judge(image, bundle, trust);
    if ('error' in result) refused.push(result);
    else accepted.push(result);
  }
  return { image, accepted, refused };
}

/**
 * Nothing, for an image that is signed by whom was expected: with a signature of its own, or a provenance, which says as much.
 * Otherwise what is wrong, in the words of the best bundle.
 */
export function failureOf({ image, accepted, refused }: SignatureReport): BimaError | undefined {
  if (accepted.some(({ predicateType }) => isSignature(predicateType))) return undefined;
  const unknown = refused.find(({ kind }) => kind === 'unknown');
  const other = refused.find(({ kind }) => kind === 'signer');
  const best = unknown ?? other ?? refused[0];
  if (best !== undefined) return best.error;
  const [statement] = accepted;
  const found =
    statement === undefined ? 'none' : `only a statement of the type ${quote(statement.predicateType)}`;
  return new BimaError(
    'SIGNATURE_MISSING',
    `expected a signature of ${image}, or a signed provenance, got ${found}`,
    {
      hint:
        'Sign it where it is built: with `attest: true` in a workflow, or `bima push --attest`. A signature of another ' +
        'platform, of another tag or of an older build does not count.',
    },
  );
}

/** Of all types, those that say that the signer made this image. */
function isSignature(predicateType: string): boolean {
  return predicateType === predicateTypes.signature || isProvenance(predicateType);
}

function isProvenance(predicateType: string): boolean {
  return predicateType === predicateTypes.provenance;
}

async function judge(
  image: Digest,
  { manifest, bytes }: FoundBundle,
  trust: Trust,
): Promise<AcceptedStatement | RefusedBundle> {
  let signer: string | undefined;
  try {
    const bundle = parseBundle(bytes, `bundle ${manifest}`);
    const checked = await check(bundle, trust);
    signer = signerOf(checked.signedBy);
    const { predicateType, predicate } = readStatement(image, checked);
    const { signedBy, times, checks } = checked;
    const accepted = { manifest, predicateType, predicate, signedBy, times, checks };
    if (signedBy.kind !== 'certificate' || trust.kind !== 'certificate') return accepted;
    const { identity } = signedBy;
    const differences = compareSigner(identity, trust.expected);
    if (differences.length > 0)
      return {
        ...{ manifest, kind: 'signer', signer, differences },
        error: otherSigner(identity, differences),
      };
    if (!isProvenance(predicateType)) return accepted;
    const provenance = compareProvenance(predicate, identity);
    const [wrong] = provenance.differences;
    if (wrong !== undefined)
      return { ...{ manifest, kind: 'invalid', signer, differences: [wrong] }, error: contradiction(wrong) };
    return { ...accepted, provenance };
  } catch (error) {
    if (!(error instanceof BimaError)) throw error;
    const kinds = {
      TRUST_ROOT_UNAVAILABLE: 'unknown',
      SIGNATURE_INVALID: 'invalid',
      LAYOUT_INVALID: 'invalid',
    };
    const kind = Object.entries(kinds).find(([code]) => code === error.code)?.[1];
    if (kind !== 'unknown' && kind !== 'invalid') throw error;
    return { manifest, kind, signer, error: kind === 'invalid' ? asInvalid(error) : error, differences: [] };
  }
}

async function check(bundle: UncheckedBundle, trust: Trust): Promise<CheckedBundle> {
  const { certificate } = bundle;
  if (trust.kind === 'key') {
    if (certificate === undefined) return checkKeyed(bundle, trust.key, trust.roots);
    throw new BimaError(
      'SIGNATURE_INVALID',
      'expected a signature with the key, got one with a certificate',
      {
        hint: 'A workflow signed it: verify it with --repo owner/name.',
      },
    );
  }
  if (certificate !== undefined) return checkCertified(bundle, await trust.roots(certificate));
  throw new BimaError('SIGNATURE_INVALID', 'expected a signature of a workflow, got one with a key', {
    hint: 'Verify it with --key FILE, the public key of whoever signs it.',
  });
}

function readStatement(image: Digest, { statement }: CheckedBundle): ReturnType<typeof parseSignedStatement> {
  try {
    return parseSignedStatement(statement, image, 'the signed statement');
  } catch (error) {
    if (!(error instanceof BimaError)) throw error;
    throw new BimaError('SIGNATURE_INVALID', error.message, {
      hint: 'The signature is of another image, and was put beside this one: find out who did that, and do not use the image.',
      cause: error,
    });
  }
}

export function signerOf(signedBy: CheckedBundle['signedBy']): string {
  return signedBy.kind === 'key' ? `key ${signedBy.fingerprint}` : signedBy.identity.subject;
}

function asInvalid({ message, hint, cause }: BimaError): BimaError {
  return new BimaError('SIGNATURE_INVALID', message, {
    hint:
      hint ??
      'The signature proves nothing. If you made it, sign the image again; otherwise do not use the image.',
    cause,
  });
}

function otherSigner({ subject }: CertificateIdentity, differences: readonly SignerDifference[]): BimaError {
  const problems = differences.map(
    ({ what, expected, found }) => `${what}: expected ${expected}, got ${found}`,
  );
  const options = differences.map(({ option }) => option);
  const isChoice = options.every((option) => option !== undefined);
  return new BimaError('SIGNER_UNEXPECTED', `signed by ${quote(subject, 300)}: ${problems.join('; ')}`, {
    hint: isChoice
      ? `If that is whom you mean, say so with ${options.join(' ')}.`
      : 'The image was made elsewhere than you expect: do not use it before you know why.',
  });
}

function contradiction({ what, expected, found }: SignerDifference): BimaError {
  return new BimaError(
    'SIGNATURE_INVALID',
    `${what}: expected ${expected} as in the certificate, got ${found}`,
    {
      hint: 'What the provenance says is not what the identity of its signer proves: do not use the image before you know why.',
    },
  );
}

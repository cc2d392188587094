// Sigstore bundles, version 0.3 (github.com/sigstore/protobuf-specs, sigstore_bundle.proto): a signed statement with all
// that proves who signed it, and when.

import { encodeJson } from '../oci/json.ts';
import type { JsonObject } from '../oci/json.ts';
import { statementMediaType } from './in-toto-statement.ts';

/** The same everywhere: of the bytes, of the layer in a registry, and of the manifest that refers to an image. */
export const bundleMediaType = 'application/vnd.dev.sigstore.bundle.v0.3+json';

export interface SignedStatement {
  readonly statement: Uint8Array;
  /** Over the pre-authentication encoding. */
  readonly signature: Uint8Array;
  readonly signedBy:
    | { readonly kind: 'certificate'; /** The leaf alone, as DER. */ readonly der: Uint8Array }
    | { readonly kind: 'key'; /** By which a verifier may find the public key. */ readonly hint: string };
  /** As logs answer: `TransparencyLogEntry` as JSON. */
  readonly logEntries: readonly JsonObject[];
  /** RFC 3161 responses over the signature, as DER. */
  readonly timestamps: readonly Uint8Array[];
}

/**
 * The same parts give the same bytes.
 * @throws Error for parts that make no bundle
 */
export async function encodeBundle(signed: SignedStatement): Promise<Uint8Array> {
  const { bundleFromJSON, bundleToJSON } = await import('./bundle-library.ts');
  const { statement, signature, signedBy, logEntries, timestamps } = signed;
  const document = {
    mediaType: bundleMediaType,
    verificationMaterial: {
      ...(signedBy.kind === 'certificate'
        ? { certificate: { rawBytes: base64(signedBy.der) } }
        : { publicKey: { hint: signedBy.hint } }),
      tlogEntries: logEntries,
      timestampVerificationData: {
        rfc3161Timestamps: timestamps.map((timestamp) => ({ signedTimestamp: base64(timestamp) })),
      },
    },
    dsseEnvelope: {
      payload: base64(statement),
      payloadType: statementMediaType,
      // Without a keyid: cosign looks for the key that is named there, finds none, and with it no signature.
      signatures: [{ sig: base64(signature), keyid: '' }],
    },
  };
  return encodeJson(bundleToJSON(bundleFromJSON(document)));
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

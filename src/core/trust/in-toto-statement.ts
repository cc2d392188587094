// in-toto statements, version 1 (github.com/in-toto/attestation, spec/v1/statement.md): what somebody says of content that
// is named by its digest.

import { BimaError } from '../errors.ts';
import { hexOf } from '../oci/digest.ts';
import type { Digest } from '../oci/digest.ts';
import { encodeJson, isObject, parseJsonObject } from '../oci/json.ts';
import type { JsonObject } from '../oci/json.ts';
import { quote } from '../text.ts';

export const statementMediaType = 'application/vnd.in-toto+json';

export const predicateTypes = {
  provenance: 'https://slsa.dev/provenance/v1',
  /** Without a version: cosign and BuildKit look for this one. */
  spdx: 'https://spdx.dev/Document',
  /** Of a signature, with an empty predicate. */
  signature: 'https://sigstore.dev/cosign/sign/v1',
} as const;

const statementType = 'https://in-toto.io/Statement/v1';

/** The same fields, before version 1: `cosign attest` writes it. */
const olderType = 'https://in-toto.io/Statement/v0.1';

export interface Statement {
  /** What it is about: a name for people, and the digest that counts. */
  readonly subject: { readonly name: string; readonly digest: Digest };
  readonly predicateType: string;
  readonly predicate: JsonObject;
}

/** The same statement gives the same bytes. */
export function encodeStatement({ subject, predicateType, predicate }: Statement): Uint8Array {
  return encodeJson({
    _type: statementType,
    subject: [{ name: subject.name, digest: { sha256: hexOf(subject.digest) } }],
    predicateType,
    predicate,
  });
}

/**
 * What a signed statement says of one subject, also one of version 0.1.
 * @throws BimaError as {@link parseStatement}
 */
export function parseSignedStatement(
  bytes: Uint8Array,
  subject: Digest,
  what: string,
): ReturnType<typeof parseStatement> {
  return parseTyped(bytes, [statementType, olderType], subject, what);
}

/**
 * What a statement says of one subject.
 * @param what names the document, for the error
 * @throws BimaError LAYOUT_INVALID for anything but a statement, and for one about something else
 */
export function parseStatement(
  bytes: Uint8Array,
  subject: Digest,
  what: string,
): Pick<Statement, 'predicateType' | 'predicate'> {
  return parseTyped(bytes, [statementType], subject, what);
}

function parseTyped(
  bytes: Uint8Array,
  types: readonly unknown[],
  subject: Digest,
  what: string,
): Pick<Statement, 'predicateType' | 'predicate'> {
  const document = parseJsonObject(bytes, what);
  const { _type: type, subject: subjects, predicateType, predicate } = document;
  if (!types.includes(type) || typeof predicateType !== 'string' || !isObject(predicate))
    throw new BimaError('LAYOUT_INVALID', `${what}: expected an in-toto statement, got something else`);
  const named = (Array.isArray(subjects) ? subjects : []).flatMap((item: unknown) =>
    isObject(item) && isObject(item.digest) && typeof item.digest.sha256 === 'string'
      ? [item.digest.sha256]
      : [],
  );
  if (!named.includes(hexOf(subject))) {
    const [other] = named;
    const got = other === undefined ? 'one about nothing' : `one about sha256:${quote(other).slice(1, -1)}`;
    throw new BimaError('LAYOUT_INVALID', `${what}: expected a statement about ${subject}, got ${got}`);
  }
  return { predicateType, predicate };
}

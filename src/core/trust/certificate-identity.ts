// Whom a certificate of Fulcio names, and what it says of the workflow (github.com/sigstore/fulcio, docs/oid-info.md).
// Whether it may be believed is for those to check who verify.

import { X509Certificate } from 'node:crypto';
import { contentOf, derTags, readDer, readIdentifier, readInside } from './der.ts';
import type { DerValue } from './der.ts';

export interface CertificateIdentity {
  /** The subject: the URL of a workflow with its ref, or an e-mail address, or another name. */
  readonly subject: string;
  /** Who vouches for the subject, such as `https://token.actions.githubusercontent.com`. */
  readonly issuer: string | undefined;
  /** Of the run, for workflows: the values of the certificate's extensions by the names that Fulcio has for them. */
  readonly claims: Readonly<Partial<Record<ClaimName, string>>>;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** SubjectPublicKeyInfo, as DER. */
  readonly publicKey: Uint8Array;
}

const arc = '1.3.6.1.4.1.57264.1.';

/** By the last number of their identifiers. */
const claimNames = {
  9: 'buildSignerUri',
  10: 'buildSignerDigest',
  11: 'runnerEnvironment',
  12: 'sourceRepositoryUri',
  13: 'sourceRepositoryDigest',
  14: 'sourceRepositoryRef',
  15: 'sourceRepositoryIdentifier',
  16: 'sourceRepositoryOwnerUri',
  17: 'sourceRepositoryOwnerIdentifier',
  18: 'buildConfigUri',
  19: 'buildConfigDigest',
  20: 'buildTrigger',
  21: 'runInvocationUri',
  22: 'sourceRepositoryVisibility',
  23: 'deploymentEnvironment',
  24: 'tokenSubject',
} as const;

export type ClaimName = (typeof claimNames)[keyof typeof claimNames];

const subjectAlternativeName = '2.5.29.17';
const otherName = `${arc}7`;

/**
 * @param der the certificate
 * @throws Error for anything but a certificate that names somebody
 */
export function readCertificateIdentity(der: Uint8Array): CertificateIdentity {
  const { publicKey, validFrom, validTo } = new X509Certificate(der);
  const extensions = readExtensions(der);
  const names = extensions.get(subjectAlternativeName);
  const subject = names === undefined ? undefined : readSubject(names);
  if (subject === undefined) throw new Error('expected a certificate that names somebody, got one without');
  const text = (number: string | number) => {
    const value = extensions.get(`${arc}${number}`);
    return value === undefined ? undefined : decodeText(contentOf(readDer(value)[0], derTags.utf8));
  };
  const old = extensions.get(`${arc}1`);
  const claims = Object.entries(claimNames).flatMap(([number, name]) => {
    const value = text(number);
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    subject,
    // Its first form is bare text.
    issuer: text(8) ?? (old === undefined ? undefined : decodeText(old)),
    claims: Object.fromEntries(claims),
    notBefore: Date.parse(validFrom),
    notAfter: Date.parse(validTo),
    publicKey: publicKey.export({ type: 'spki', format: 'der' }),
  };
}

/** The values of the extensions by their identifiers (RFC 5280, section 4.1). */
function readExtensions(der: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const [body] = readInside(readDer(der)[0], derTags.sequence);
  const wrapped = readInside(body, derTags.sequence).find(({ tag }) => tag === derTags.explicit3);
  if (wrapped === undefined) return new Map();
  const list = readInside(readDer(wrapped.content)[0], derTags.sequence);
  return new Map(
    list.map((extension) => {
      // Between the two there may be a mark that it is critical.
      const parts = readInside(extension, derTags.sequence);
      return [readIdentifier(parts[0]), contentOf(parts.at(-1), derTags.octets)];
    }),
  );
}

/** The first name that Fulcio writes: a URI, an e-mail address, or a name of its own kind. */
function readSubject(names: Uint8Array): string | undefined {
  for (const name of readInside(readDer(names)[0], derTags.sequence)) {
    if (name.tag === 0x86 || name.tag === 0x81) return decodeText(name.content);
    if (name.tag === derTags.explicit0) return readOtherName(name);
  }
  return undefined;
}

function readOtherName(name: DerValue): string | undefined {
  const [type, value] = readDer(name.content);
  if (readIdentifier(type) !== otherName) return undefined;
  return decodeText(contentOf(readInside(value, derTags.explicit0)[0], derTags.utf8));
}

function decodeText(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
}

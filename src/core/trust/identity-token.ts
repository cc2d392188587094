// Identity tokens (OpenID Connect Core, section 2): what they say of themselves, without checking them, which is Fulcio's work.

import { isObject, parseJson } from '../oci/json.ts';

/** What sigstore asks for as the audience of a token. */
export const tokenAudience = 'sigstore';

export interface TokenClaims {
  /** Whom it names: what Fulcio wants signed, as proof that the key is there. */
  readonly subject: string;
  readonly audiences: readonly string[];
  /** Milliseconds since 1970, where it says so. */
  readonly expires: number | undefined;
}

/** Undefined for anything but a token with a subject. */
export function readTokenClaims(token: string): TokenClaims | undefined {
  const parts = token.split('.');
  if (parts.length !== 3 || parts.some((part) => !/^[\w-]+$/.test(part))) return undefined;
  let claims: unknown;
  try {
    claims = parseJson(Buffer.from(parts[1] ?? '', 'base64url').toString());
  } catch {
    return undefined;
  }
  if (!isObject(claims)) return undefined;
  // As all clients have it: a person is known by a checked address, everybody else by the subject.
  const subject = typeof claims.email === 'string' && claims.email !== '' ? claims.email : claims.sub;
  if (typeof subject !== 'string' || subject === '') return undefined;
  const { aud, exp } = claims;
  return {
    subject,
    audiences: [aud].flat().filter((one) => typeof one === 'string'),
    expires: typeof exp === 'number' && Number.isFinite(exp) ? exp * 1000 : undefined,
  };
}

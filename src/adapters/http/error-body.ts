// What a server says about an error, made readable: the JSON of the distribution specification, or whatever else was written.

import { clean } from '../../core/text.ts';
import { limits } from '../../core/limits.ts';
import { isDigest } from '../../core/oci/digest.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { isObject, parseJson } from '../../core/oci/json.ts';

export interface ErrorBody {
  /** Such as `MANIFEST_BLOB_UNKNOWN`. */
  readonly codes: readonly string[];
  /** One line, capped, without control characters; empty when there is nothing to say. */
  readonly text: string;
  /** Every digest that the errors name. */
  readonly digests: readonly Digest[];
}

/** No more of an error than this is read, in bytes. */
export const maxErrorBody = limits.errorBody;

/**
 * Reads the body of an error (for a registry: distribution-spec, "Error Codes"). Never throws.
 * @param scrub takes secrets out of a text, before it is cut
 */
export function readErrorBody(
  bytes: Uint8Array,
  scrub: (text: string) => string = (text) => text,
): ErrorBody {
  const text = new TextDecoder().decode(bytes);
  const errors = parseErrors(text);
  if (errors.length === 0) {
    const plain = isBinary(text) ? `${bytes.length} bytes that are no text` : scrub(plainText(scrub(text)));
    return { codes: [], text: clean(plain), digests: [] };
  }
  const codes = errors.flatMap(({ code }) =>
    typeof code === 'string' && isCode(code) && scrub(code) === code ? [code.toUpperCase()] : [],
  );
  return {
    codes: [...new Set(codes)],
    text: clean(scrub(errors.map(describe).join('; '))),
    digests: digestsIn(JSON.stringify(errors)),
  };
}

function parseErrors(text: string): readonly Readonly<Record<string, unknown>>[] {
  try {
    const document: unknown = parseJson(text);
    if (isObject(document) && Array.isArray(document.errors)) return document.errors.filter(isObject);
    // Token services and some proxies have a flatter form.
    return isObject(document) && hasMessage(document) ? [document] : [];
  } catch {
    return [];
  }
}

function hasMessage(document: Readonly<Record<string, unknown>>): boolean {
  return ['message', 'error', 'error_description', 'details'].some(
    (key) => typeof document[key] === 'string',
  );
}

function describe(error: Readonly<Record<string, unknown>>): string {
  const message = [error.message, error.error, error.error_description, error.details].filter(
    (part): part is string => typeof part === 'string' && part !== '',
  );
  const { detail } = error;
  // The detail often holds the true cause.
  const isEmpty = detail === undefined || detail === null || detail === '' || JSON.stringify(detail) === '{}';
  const more = isEmpty ? '' : ` (${typeof detail === 'string' ? detail : JSON.stringify(detail)})`;
  return `${message.join(': ')}${more}`;
}

/** A letter or two in another character set don't make it binary. */
function isBinary(text: string): boolean {
  const odd = text.match(/[\u0000-\u0008\u000e-\u001a\u001c-\u001f\ufffd]/g)?.length ?? 0;
  return odd > text.length / 10;
}

function plainText(text: string): string {
  if (!/<html|<!doctype/i.test(text)) return text;
  // No tag holds a "<": so each part of the text is looked at once, whatever it is.
  const title = /<title[^<>]*>([^<]*)<\/title>/i.exec(text)?.[1];
  return title ?? text.replace(/<[^<>]*>/g, ' ');
}

function digestsIn(text: string): Digest[] {
  const found: readonly string[] = text.match(/sha256:[0-9a-f]{64}/g) ?? [];
  return [...new Set(found.filter(isDigest))];
}

function isCode(code: string): boolean {
  return /^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(code);
}

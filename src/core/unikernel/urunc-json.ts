// The labels as urunc reads them: /urunc.json in the rootfs, and the annotations of the manifest.

import { BimaError } from '../errors.ts';
import { parseJsonObject } from '../oci/json.ts';

export type Labels = Readonly<Record<string, string>>;

/** Where urunc looks for the file, as a path of the rootfs. */
export const uruncJsonPath = 'urunc.json';

/**
 * The bytes of `/urunc.json`: keys in the order of their bytes, values in standard base64, no newline.
 * They are those of Go's `json.Marshal` for a `map[string]string`.
 */
export function encodeUruncJson(labels: Labels): Uint8Array {
  const members = Object.entries(labels)
    .sort(([a], [b]) => compareBytes(a, b))
    .map(([key, value]) => `${quote(key)}:"${Buffer.from(value).toString('base64')}"`);
  return Buffer.from(`{${members.join(',')}}`);
}

/**
 * The labels behind `/urunc.json`.
 * @throws BimaError LAYOUT_INVALID when it is no JSON object of base64 strings
 */
export function parseUruncJson(bytes: Uint8Array, what = '/urunc.json'): Labels {
  const members = Object.entries(parseJsonObject(bytes, what));
  return Object.fromEntries(members.map(([key, value]) => [key, decodeValue(key, value, what)]));
}

/**
 * The annotations of the manifest: plain for urunc v0.8 and later, base64 as bima once held them. Where a tool makes
 * annotations of the container of them, urunc up to v0.7 reads base64 alone.
 */
export function encodeAnnotations(labels: Labels, encoding: 'plain' | 'base64'): Labels {
  const encode = (value: string) => (encoding === 'plain' ? value : Buffer.from(value).toString('base64'));
  return Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, encode(value)]));
}

/** The order of Go's strings, which is that of their UTF-8 bytes. JavaScript's own differs past U+FFFF. */
export function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function quote(text: string): string {
  return JSON.stringify(text).replace(
    // What Go escapes besides, so that the text is safe within HTML and JavaScript.
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function decodeValue(key: string, value: unknown, what: string): string {
  // As urunc does: line breaks within are ignored, anything else must be whole groups of four.
  const text = typeof value === 'string' ? value.replace(/[\r\n]/g, '') : undefined;
  if (text === undefined || !isBase64(text)) {
    throw new BimaError(
      'LAYOUT_INVALID',
      `${what}: expected base64 for "${key}", got ${JSON.stringify(value)}`,
      { hint: 'urunc decodes every value of the file; encode this one, or build the image again.' },
    );
  }
  return Buffer.from(text, 'base64').toString();
}

/** True for text in standard base64 with its padding, also for no text at all. */
export function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
}

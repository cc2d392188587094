// JSON at the boundary: documents are encoded once, and what is read is checked before it gets a type.

import { BimaError } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** The bytes of a document. Its digest, size and upload all use these bytes. */
export function encodeJson(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

/**
 * @param what names the document in the error, such as `index.json`
 * @throws BimaError LAYOUT_INVALID (or `code`) when the bytes are no JSON object
 */
export function parseJsonObject(
  bytes: Uint8Array,
  what: string,
  code: ErrorCode = 'LAYOUT_INVALID',
): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new BimaError(code, `${what} is not valid JSON`, { cause });
  }
  if (!isObject(value)) throw new BimaError(code, `${what} is not a JSON object`);
  return value;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isStringMap(value: unknown): value is Readonly<Record<string, string>> {
  return isObject(value) && Object.values(value).every((item) => typeof item === 'string');
}

export function isStringArray(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

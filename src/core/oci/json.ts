// JSON at the boundary: documents are encoded once, and what is read is checked before it gets a type.

import { BimaError } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';
import { limits } from '../limits.ts';

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
    value = parseJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    if (cause instanceof RangeError) throw new BimaError(code, `${what}: ${cause.message}`, { cause });
    throw new BimaError(code, `${what} is not valid JSON`, { cause });
  }
  if (!isObject(value)) throw new BimaError(code, `${what} is not a JSON object`);
  return value;
}

/**
 * `JSON.parse` for what others wrote: whoever walks through the value, or writes it again, has a stack for that.
 * @throws RangeError for arrays and objects too deep within each other; SyntaxError
 */
export function parseJson(text: string): unknown {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (inString) {
      if (unit === backslash) at += 1;
      else if (unit === quote) inString = false;
    } else if (unit === quote) {
      inString = true;
    } else if (unit === openBracket || unit === openBrace) {
      depth += 1;
      if (depth > limits.jsonDepth)
        throw new RangeError(`expected JSON nested at most ${limits.jsonDepth} deep`);
    } else if (unit === closeBracket || unit === closeBrace) {
      depth -= 1;
    }
  }
  return JSON.parse(text);
}

const [quote, backslash, openBracket, closeBracket, openBrace, closeBrace] = [
  0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d,
];

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isStringMap(value: unknown): value is Readonly<Record<string, string>> {
  return isObject(value) && Object.values(value).every((item) => typeof item === 'string');
}

export function isStringArray(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

// The bytes of a Containerfile as text: UTF-8 without its byte order mark, or the reason why they aren't.

import type { Position, Problem } from '../errors.ts';
import { limits } from '../limits.ts';

/** Anything larger is another file, given by mistake. */
const maxSize = limits.containerfile;

/** The text, or the one problem that makes the file unreadable. */
export function decodeSource(
  bytes: Uint8Array,
  file: string,
): { readonly text: string } | { readonly problem: Problem } {
  const problem = (message: string, hint: string, before: string) => ({
    problem: { code: 'CONTAINERFILE_SYNTAX', message, hint, position: endOf(before, file) } as const,
  });
  if (bytes.length > maxSize) {
    return problem(
      `expected a Containerfile of at most ${maxSize} bytes, got ${bytes.length}`,
      'Check that this is the file you meant.',
      '',
    );
  }
  const valid = countValid(bytes);
  const text = decode(bytes.subarray(0, valid), false);
  if (valid < bytes.length || text === undefined) {
    const byte = (bytes[valid] ?? 0).toString(16).padStart(2, '0');
    const hint = isUtf16(bytes)
      ? 'The file is in UTF-16: save it as UTF-8.'
      : 'Save the file as UTF-8, and check that it is a text file.';
    return problem(`expected UTF-8 text, got the byte 0x${byte}`, hint, text ?? '');
  }
  const nul = text.indexOf('\0');
  if (nul !== -1) {
    return problem(
      'expected text, got a NUL character',
      'Save the file as UTF-8, and check that it is a text file.',
      text.slice(0, nul),
    );
  }
  return { text };
}

/** How many of the first bytes are whole, valid characters. */
function countValid(bytes: Uint8Array): number {
  if (decode(bytes, false) !== undefined) return bytes.length;
  // The longest prefix that is valid up to a character which may still be cut off at its end.
  let valid = 0;
  let invalid = bytes.length + 1;
  while (invalid - valid > 1) {
    const middle = Math.floor((valid + invalid) / 2);
    if (decode(bytes.subarray(0, middle), true) === undefined) invalid = middle;
    else valid = middle;
  }
  while (valid > 0 && decode(bytes.subarray(0, valid), false) === undefined) valid--;
  return valid;
}

function decode(bytes: Uint8Array, mayBeCut: boolean): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: mayBeCut });
  } catch {
    return undefined;
  }
}

function isUtf16(bytes: Uint8Array): boolean {
  return (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
}

/** The place just after this text. */
function endOf(text: string, file: string): Position {
  const lines = text.split('\n');
  return { file, line: lines.length, column: (lines.at(-1) ?? '').length + 1 };
}

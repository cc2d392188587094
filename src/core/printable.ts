// Text from files, made safe to print as one line.

import { limits } from './limits.ts';

/** Replaces control characters and line separators, so that text from a file can't drive a terminal; cuts what is too long. */
export function printable(text: string): string {
  const cut = text.length > limits.line ? `${text.slice(0, limits.line)}…` : text;
  return cut.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (character) => {
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

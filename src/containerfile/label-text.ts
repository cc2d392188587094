// How labels are written, so that Docker and this parser read them alike: for messages and for formatting.

import type { Escape } from './directives.ts';

/** A key that needs no quotes. */
const plainKey = /^[A-Za-z0-9_][A-Za-z0-9._/-]*$/;

/** `key="value"` with quotes and escapes where they are needed. */
export function formatPair(key: string, value: string, escape: Escape = '\\'): string {
  return `${plainKey.test(key) ? key : formatQuoted(key, escape)}=${formatQuoted(value, escape)}`;
}

/** The same with the key in quotes too, as it is best written when there are several. */
export function formatQuotedPair(key: string, value: string, escape: Escape): string {
  return `${formatQuoted(key, escape)}=${formatQuoted(value, escape)}`;
}

/** In double quotes; in single quotes if that saves escapes. */
function formatQuoted(text: string, escape: Escape): string {
  const isSpecial = (character: string) => character === '"' || character === '$' || character === escape;
  if (!Array.from(text).some(isSpecial)) return `"${text}"`;
  if (!text.includes("'")) return `'${text}'`;
  const escaped = Array.from(text, (character) => (isSpecial(character) ? escape + character : character));
  return `"${escaped.join('')}"`;
}

// How labels are written, so that Docker and this parser read them alike: for messages and for formatting.

import type { Escape } from './directives.ts';

/** A key that needs no quotes. */
const plainKey = /^[A-Za-z0-9_][A-Za-z0-9._/-]*$/;

/** `key="value"` with quotes and escapes where they are needed. */
export function formatPair(key: string, value: string, escape: Escape = '\\'): string {
  return `${plainKey.test(key) ? key : formatQuoted(key, escape)}=${formatQuoted(value, escape)}`;
}

/** The same for text as a user wrote it, in which a dollar sign may begin a reference to a variable. */
export function formatMeantPair(key: string, value: string, escape: Escape): string {
  return `${plainKey.test(key) ? key : formatMeant(key, escape)}=${formatMeant(value, escape)}`;
}

/** The same with the key in quotes too, the best form when there are several. */
export function formatQuotedPair(key: string, value: string, escape: Escape): string {
  return `${formatMeant(key, escape)}=${formatMeant(value, escape)}`;
}

/** Text in double quotes; in single quotes if that saves escapes. */
export function formatQuoted(text: string, escape: Escape): string {
  const special = `"$${escape}`;
  if (!Array.from(special).some((character) => text.includes(character))) return `"${text}"`;
  if (!text.includes("'")) return `'${text}'`;
  return inDoubleQuotes(text, special, escape);
}

function formatMeant(text: string, escape: Escape): string {
  return text.includes('$') ? inDoubleQuotes(text, `"${escape}`, escape) : formatQuoted(text, escape);
}

function inDoubleQuotes(text: string, special: string, escape: Escape): string {
  const escaped = Array.from(text, (character) =>
    special.includes(character) ? escape + character : character,
  );
  return `"${escaped.join('')}"`;
}

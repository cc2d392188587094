// Text that others control, as code in Markdown: the one form in which GitHub makes no link, mention or reference of it.

import { printable } from '../core/printable.ts';

/**
 * One code span of at most `maxLength` characters of text, for one line outside of a table, where `|` would end the
 * cell even in code. Escaping alone doesn't stop mentions and references: GitHub finds them in the rendered page,
 * where an entity is the character that it stands for.
 */
export function codeSpan(text: string, maxLength = 80): string {
  const shown = shorten(visible(text), maxLength);
  const fence = '`'.repeat(longestRun(shown) + 1);
  // One space on each side is taken off again; with none, a "`" at an end would become part of the fence.
  return `${fence} ${shown === '' ? '?' : shown} ${fence}`;
}

/** A block of code with the language's colours, one line for each line of text. */
export function codeBlock(text: string, language: string): string {
  const shown = text.split('\n').map(visible).join('\n');
  const fence = '`'.repeat(Math.max(longestRun(shown) + 1, 3));
  return `${fence}${language}\n${shown}\n${fence}`;
}

/**
 * A link whose text is Markdown of our own, since brackets in code confuse some parsers; without a usable address the
 * text alone.
 */
export function link(text: string, address: string): string {
  return isWeb(address) ? `[${text}](${encodeAddress(address)})` : text;
}

/** Characters that can't be seen would let one text pass for another. */
function visible(text: string): string {
  return printable(text)
    .replace(/\p{Cs}/gu, '\ufffd')
    .replace(/\p{Cf}/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
    .trim();
}

function shorten(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  // Half of a character may be left at the end.
  return `${text.slice(0, maxLength).replace(/\p{Cs}$/u, '')}…`;
}

function longestRun(text: string): number {
  return Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
}

function isWeb(address: string): boolean {
  return URL.canParse(address) && /^https?:$/.test(new URL(address).protocol);
}

/** A URL has no white space, quote or `<`; what else could end the destination is encoded. */
function encodeAddress(address: string): string {
  return new URL(address).href
    .replace(/[()\\`]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('&', '&amp;');
}

// Text that others have written, made safe for the place where it is shown: a terminal, a message, a workflow log, Markdown.

import { limits } from './limits.ts';

/** Replaces control characters and line separators, so that text from a file can't drive a terminal; cuts what is too long. */
export function printable(text: string): string {
  const cut = text.length > limits.line ? `${text.slice(0, limits.line)}…` : text;
  return cut.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (character) => {
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

/** Control, format (bidirectional overrides among them), lone surrogates, and white space other than a space. */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;

const ellipsis = '…';

/** The text on one line for a message or a hint: what can't be printed is written `\u00a0`, long text is cut. */
export function excerpt(text: string, maxLength = 160): string {
  const cut = text.length > maxLength ? text.slice(0, maxLength).trimEnd() + ellipsis : text;
  return cut.replaceAll(unprintable, escaped);
}

/** A line to paste: whole, however long it is. */
export function suggestion(text: string): string {
  return excerpt(text, Infinity);
}

/** The text in double quotes, written as in JSON, for the middle of a message. */
export function quote(text: string, maxLength: number = limits.quoted): string {
  const cut = text.length > maxLength ? text.slice(0, maxLength) + ellipsis : text;
  return JSON.stringify(cut).replaceAll(unprintable, escaped);
}

function escaped(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16);
  return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`;
}

/** Makes text safe inside a line of a log: one line, no control characters, bounded length. */
export function clean(text: string, limit: number = limits.serverText): string {
  const line = text
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, ' ')
    .replace(/ {2,}/g, ' ')
    .trim();
  return line.length > limit ? `${line.slice(0, limit)}…` : line;
}

/**
 * One line that the runner prints and never obeys. It takes commands from lines that start with `::`, after white
 * space, and, in their old form, from wherever `##[` stands (actions/runner, ActionCommand.cs). Its search skips
 * characters that its collation ignores: those of format are made visible here, and all that is not ASCII counts as
 * ignored. Stopping commands altogether for a while would also stop our own groups and annotations, and its token
 * would have to be kept from whoever reads the log.
 */
export function safeLine(text: string): string {
  return printable(text)
    .replace(/\p{Cf}/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
    .replace(/#(?=[^ -~]*#[^ -~]*\[)/gu, '# ')
    .replace(/^([^!-~]*):(?=[^ -~]*:)/u, '$1: ');
}

/** The same for several lines; their ends are kept, for commands that escape them. */
export function safeLines(text: string): string {
  return text.split('\n').map(safeLine).join('\n');
}

/** Text in Markdown that stays text: nothing in it becomes a link, a mention, a cell or a tag. */
export function safeMarkdown(text: string): string {
  return printable(text).replace(/[^A-Za-z0-9 ]/gu, (character) => `&#${character.codePointAt(0) ?? 0};`);
}

/* Markdown: code is the one form in which GitHub makes no link, mention or reference of text. */

/**
 * One code span of at most `maxLength` characters of text, for one line outside of a table, where `|` would end the
 * cell even in code. Escaping alone doesn't stop mentions and references: GitHub finds them in the rendered page,
 * where an entity is the character that it stands for.
 */
export function codeSpan(text: string, maxLength = 80): string {
  const shown = shortened(visible(text), maxLength);
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

function shortened(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  // Half of a character may be left at the end.
  return `${text.slice(0, maxLength).replace(/\p{Cs}$/u, '')}…`;
}

function longestRun(text: string): number {
  let longest = 0;
  for (const [run] of text.matchAll(/`+/g)) longest = Math.max(longest, run.length);
  return longest;
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

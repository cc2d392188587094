// The user's text inside messages: cut to a length and free of anything that could steer a terminal or a log.

import { limits } from '../limits.ts';

/** Control, format (bidirectional overrides among them), lone surrogates, and white space other than a space. */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;

const ellipsis = '…';

/** The text on one line for a message or a hint: what can't be printed is written `\u00a0`, long text is cut. */
export function excerpt(text: string, maxLength = 160): string {
  const cut = text.length > maxLength ? text.slice(0, maxLength).trimEnd() + ellipsis : text;
  return cut.replaceAll(unprintable, escape);
}

/** A line to paste: whole, however long it is. */
export function suggestion(text: string): string {
  return excerpt(text, Infinity);
}

/** The text in double quotes, written as in JSON, for the middle of a message. */
export function quote(text: string, maxLength: number = limits.quoted): string {
  const cut = text.length > maxLength ? text.slice(0, maxLength) + ellipsis : text;
  return JSON.stringify(cut).replaceAll(unprintable, escape);
}

function escape(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16);
  return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`;
}

// Words and their quotes: white space outside quotes separates, quotes and escapes go.

import type { Escape } from './directives.ts';

/** How quotes are read. */
export interface WordRules {
  readonly escape: string;
  /** What the escape character escapes inside double quotes; outside quotes it escapes everything. */
  readonly escapedInDoubleQuotes: string;
  /** Characters that want the parser's attention when they are neither quoted nor escaped. */
  readonly special: RegExp;
  /** Replaces the reference to a variable that begins with the `$` at this offset. Without it references stay. */
  readonly expand?: (text: string, dollar: number) => { readonly value: string; readonly end: number };
  /** True where white space separates nothing: all of the text is one word. */
  readonly isWhole?: boolean;
}

/** A word. All offsets are those of the text that it was split from. */
export interface Word {
  readonly start: number;
  /** After its last character, quotes included. */
  readonly end: number;
  /** The text without quotes and escapes. */
  readonly value: string;
  /** True if any part of it is quoted. */
  readonly quoted: boolean;
  /** Offset of the first closing quote. */
  readonly closed?: number;
  /** Offset of the first `=` outside quotes. */
  readonly equals?: number;
  /** Offset of the first unescaped `$NAME` or `${NAME}` outside single quotes. */
  readonly variable?: number;
  /** Offset of the first special character. */
  readonly special?: number;
  /** Offset of a quote that is never closed; it is taken as closed at the end of the text. */
  readonly unclosed?: number;
  /** Offset of an escape character at the end of the text, which escapes nothing and is dropped. */
  readonly dangling?: number;
}

/** White space that only looks like a separating space or tab. */
const otherSpace = /(?![ \t])\s/;
/** Names and special parameters, which Docker replaces alike (buildkit, frontend/dockerfile/shell). */
const variableName = /[\p{L}\p{Nd}_{@*#?$!-]/u;

/** The rules of Dockerfiles: `\"`, `\$` and `\\` inside double quotes, with the file's escape character. */
export function dockerfileRules(escape: Escape): WordRules {
  return { escape, escapedInDoubleQuotes: `"$${escape}`, special: otherSpace };
}

/** The rules of the shell (POSIX, "Quoting"); its operators are the special characters. */
export const shellRules: WordRules = {
  escape: '\\',
  escapedInDoubleQuotes: '"$\\`',
  special: /[&|;<>()`]/,
};

/** The words of `text` from the offset `from` on. */
export function splitWords(text: string, from: number, rules: WordRules): readonly Word[] {
  const words: Word[] = [];
  let next = from;
  for (;;) {
    while (isSeparator(text[next])) next += 1;
    if (next >= text.length) return words;
    const word = readWord(text, next, rules);
    words.push(word);
    next = word.end;
  }
}

/** The word that starts at this offset; an empty one at white space or at the end. */
export function readWord(text: string, start: number, rules: WordRules): Word {
  const { escape, escapedInDoubleQuotes, special, expand, isWhole = false } = rules;
  const found: { -readonly [Key in keyof Word]?: Word[Key] } = {};
  let value = '';
  let quote: '' | '"' | "'" = '';
  let quoteStart = 0;
  let quoted = false;
  let next = start;
  for (; next < text.length; next++) {
    const character = text[next] ?? '';
    const following = text[next + 1];
    if (quote === '' && isSeparator(character) && !isWhole) break;

    if (quote !== '' && character === quote) {
      quote = '';
      found.closed ??= next;
    } else if (quote === '' && (character === '"' || character === "'")) {
      quote = character;
      quoteStart = next;
      quoted = true;
    } else if (character === escape && isEscaped(following)) {
      // An escaped `=` still ends a label's key, as in Docker.
      if (quote === '' && following === '=') found.equals ??= next + 1;
      value += following ?? '';
      next += 1;
    } else if (character === escape && quote !== "'" && following === undefined) {
      found.dangling = next;
    } else if (quote !== "'" && character === '$' && variableName.test(following ?? '')) {
      found.variable ??= next;
      const expansion = expand?.(text, next) ?? { value: character, end: next + 1 };
      value += expansion.value;
      next = expansion.end - 1;
    } else {
      if (quote === '' && character === '=') found.equals ??= next;
      if (quote === '' && special.test(character)) found.special ??= next;
      value += character;
    }
  }
  if (quote !== '') found.unclosed = quoteStart;
  return { ...found, start, end: next, value, quoted };

  function isEscaped(following: string | undefined): boolean {
    if (quote === "'" || following === undefined) return false;
    return quote === '' || escapedInDoubleQuotes.includes(following);
  }
}

function isSeparator(character: string | undefined): boolean {
  return character === ' ' || character === '\t';
}

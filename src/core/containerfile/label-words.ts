// The words of one label, and the user's own text of them.

import type { Statement } from './statement.ts';
import type { Word } from './words.ts';

/** A word that holds `=`, in its two halves, and the words after it that hold none. */
export interface LabelWords {
  readonly key: Word;
  readonly value: Word;
  readonly rest: readonly Word[];
}

export function isQuoteAt(statement: Statement, offset: number): boolean {
  const character = statement.text[offset];
  return character === '"' || character === "'";
}

/** The offset in the statement of the character at this offset of what `joinRaw` makes of the words. */
export function offsetInRaw(words: readonly Word[], offset: number): number {
  let left = offset;
  for (const { start, end } of words) {
    if (left < end - start) return start + left;
    left -= end - start + 1;
  }
  return words.at(-1)?.end ?? 0;
}

/** The words as they are written, quotes included, with one space between them. */
export function joinRaw(statement: Statement, words: readonly Word[]): string {
  return words
    .map(({ start, end }) => statement.text.slice(start, end))
    .join(' ')
    .trim();
}

// The text that a guest is expected to print. Pure.

import { BimaError } from '../errors.ts';
import { quote } from '../text.ts';

export interface Expectation {
  /** As it was written. */
  readonly text: string;
  readonly isIn: (printed: string) => boolean;
}

/**
 * Parses a literal text, or a regular `/expression/` with the flags i, m, s and u after it.
 * @param place where it comes from, for the error
 * @throws BimaError INPUT_INVALID for an empty text, and for an invalid regular expression
 */
export function parseExpectation(text: string, place: string): Expectation {
  if (text.trim() === '') throw new BimaError('INPUT_INVALID', `expected a text for ${place}, got none`);
  const [, source, flags = ''] = /^\/(.+)\/([imsu]*)$/s.exec(text) ?? [];
  if (source === undefined) return { text, isIn: (printed) => printed.includes(text) };
  try {
    const expression = new RegExp(source, flags.includes('m') ? flags : `${flags}m`);
    return { text, isIn: (printed) => expression.test(printed) };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : '';
    throw new BimaError('INPUT_INVALID', `expected a regular expression for ${place}, got ${quote(text)}`, {
      hint: `JavaScript says: ${reason}. For a text between slashes, write /\\/text\\//.`,
      cause,
    });
  }
}

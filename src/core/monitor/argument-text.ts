// Arguments for a guest in one text: a JSON list, or words that are quoted as for a shell. Pure.

import { shellRules, splitWords } from '../containerfile/words.ts';
import { BimaError } from '../errors.ts';
import { isStringArray, parseJson } from '../oci/json.ts';
import { quote } from '../text.ts';

/**
 * Parses the arguments; line ends count as blanks.
 * @param place where the text comes from, for the error
 * @throws BimaError INPUT_INVALID for a list of anything but strings, and for an open quote
 */
export function parseArgumentText(text: string, place: string): readonly string[] {
  if (text.trimStart().startsWith('[')) return parseList(text, place);
  const line = text.replace(/\r?\n/g, ' ').trim();
  const words = splitWords(line, 0, shellRules);
  const open = words.find(({ unclosed }) => unclosed !== undefined)?.unclosed;
  if (open === undefined) return words.map(({ value }) => value);
  throw new BimaError(
    'INPUT_INVALID',
    `the quote in ${quote(line.slice(open), 40)} of ${place} is never closed`,
    {
      hint: 'Close it, or write a JSON list such as ["a", "b c"].',
    },
  );
}

function parseList(text: string, place: string): readonly string[] {
  let list: unknown;
  try {
    list = parseJson(text);
  } catch {
    // Said below.
  }
  if (isStringArray(list)) return list;
  throw new BimaError('INPUT_INVALID', `expected a JSON list of strings for ${place}, got ${quote(text)}`, {
    hint: 'Write for example ["a", "b c"], or words without brackets.',
  });
}

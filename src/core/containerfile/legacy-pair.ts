// `LABEL key value` and `ENV key value`: the old form, in which white space stands for the equals sign and all that
// follows is the value.

import { suggestion } from '../text.ts';
import { formatMeantPair } from './label-text.ts';
import type { LabelPair } from './instruction.ts';
import { expandWord } from './references.ts';
import type { Statement } from './statement.ts';
import { dockerfileRules, readWord } from './words.ts';
import type { Word } from './words.ts';

/** A pair, with BuildKit's warning, or `wrong`, with an error; undefined unless the words are of the old form. */
export function readLegacyPair(
  statement: Statement,
  words: readonly Word[],
): LabelPair | 'wrong' | undefined {
  const [first, second] = words;
  if (first === undefined || second === undefined) return undefined;
  const { text, escape, keyword } = statement;
  // `A = b` would be the value "= b", which nobody means.
  if (first.equals !== undefined || first.value.includes('=') || text[second.start] === '=') return undefined;
  const whole = readWord(text, second.start, { ...dockerfileRules(escape), isWhole: true });
  const key = expandWord(statement, first);
  const value = expandWord(statement, whole, true);
  if (key.hasFailed || value.hasFailed) return 'wrong';
  if (key.value === '') {
    statement.error(
      first.start,
      `expected a name after ${keyword}, got nothing`,
      `Write ${keyword} key="value".`,
    );
    return 'wrong';
  }
  const meant = formatMeantPair(first.value, whole.value, escape);
  statement.warn(
    first.start,
    `"${keyword} key=value" should be used instead of the legacy "${keyword} key value"`,
    `Write ${keyword} ${suggestion(meant)}`,
  );
  return { key: key.value, value: value.value, position: statement.positionAt(first.start) };
}

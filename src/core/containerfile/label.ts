// LABEL: key=value pairs in every quoting style.
// What has two readings, or looks like a slip, is left to label-problems.ts.

import type { Label, LabelPair } from './instruction.ts';
import {
  mayGoOn,
  reportAmbiguous,
  reportEmptyKey,
  reportMissingEquals,
  reportStray,
  warnOfComment,
  warnOfInnerQuotes,
  warnOfRest,
} from './label-problems.ts';
import { isQuoteAt, joinRaw, offsetInRaw } from './label-words.ts';
import type { LabelWords } from './label-words.ts';
import { readLegacyPair } from './legacy-pair.ts';
import { expandText, expandWord } from './references.ts';
import { checkWords, isInlineComment, positionOf } from './statement.ts';
import type { Statement } from './statement.ts';
import { dockerfileRules, readWord, splitWords } from './words.ts';
import type { Word } from './words.ts';

/**
 * The pairs that can be read, so that one mistake doesn't make other labels look missing.
 * Undefined, with errors reported, when there are none.
 * @see https://docs.docker.com/reference/dockerfile/#label
 */
export function parseLabel(statement: Statement): Label | undefined {
  const all = splitWords(statement.text, statement.rest, dockerfileRules(statement.escape));
  // A lone escape at the end, as left by a continuation that is written twice, is no word to Docker either.
  const words = all.filter((word) => word.dangling !== word.start);
  if (words.length === 0) {
    statement.error(statement.start, 'LABEL names no label', 'Write LABEL key="value".');
    return undefined;
  }
  if (!checkWords(statement, words)) return undefined;
  const comment = words.findIndex(
    (word, index) => isLeftOut(statement, words, index) || isInlineComment(statement, word),
  );
  const legacy = comment === -1 ? readLegacyPair(statement, words) : undefined;
  if (legacy === 'wrong') return undefined;
  if (legacy !== undefined) return { type: 'label', pairs: [legacy], position: positionOf(statement) };
  const groups = groupWords(statement, comment === -1 ? words : words.slice(0, comment));

  const ambiguous = groups.find(({ key }, index) => {
    const before = groups[index - 1];
    return before !== undefined && mayGoOn(statement, before, key);
  });
  if (ambiguous !== undefined) reportAmbiguous(statement, groups, ambiguous);
  const pairs = groups.flatMap((group, index) => {
    const isLast = index === groups.length - 1;
    const value = ambiguous === undefined ? readValue(statement, group, isLast) : group.value.value;
    const { value: key, hasFailed } = expandWord(statement, group.key);
    if (key === '' && ambiguous === undefined && !hasFailed) reportEmptyKey(statement, group);
    return key === '' ? [] : [{ key, value, position: statement.positionAt(group.key.start) }];
  }) satisfies LabelPair[];
  return pairs.length === 0 ? undefined : { type: 'label', pairs, position: positionOf(statement) };
}

/**
 * True, with a warning, for `key=value # comment`. Docker refuses it, but nobody means anything else: each word before
 * it is a whole pair, and a lone `#` begins no label.
 */
function isLeftOut(statement: Statement, words: readonly Word[], index: number): boolean {
  const word = words[index];
  const before = words.slice(0, index);
  if (word === undefined || statement.text.slice(word.start, word.end) !== '#') return false;
  if (before.length === 0 || before.some(({ equals }) => equals === undefined)) return false;
  if (words.slice(index).some(({ equals }) => equals !== undefined)) return false;
  warnOfComment(statement, word);
  return true;
}

/** None, with the error reported, when the first word holds no `=`. */
function groupWords(statement: Statement, words: readonly Word[]): readonly LabelWords[] {
  const [first] = words;
  if (first !== undefined && first.equals === undefined) {
    reportMissingEquals(statement, first, words.slice(1));
    return [];
  }
  const groups: (LabelWords & { rest: Word[] })[] = [];
  for (const word of words) {
    if (word.equals === undefined) groups.at(-1)?.rest.push(word);
    else groups.push({ ...splitPair(statement, word, word.equals), rest: [] });
  }
  return groups;
}

/** Each half is read by itself: an escape before `=` escapes nothing, as in Docker. */
function splitPair({ text, escape }: Statement, word: Word, equals: number): { key: Word; value: Word } {
  const rules = dockerfileRules(escape);
  return {
    key: readWord(text.slice(0, equals), word.start, rules),
    value: readWord(text.slice(0, word.end), equals + 1, rules),
  };
}

function readValue(statement: Statement, group: LabelWords, isLast: boolean): string {
  const { value, rest } = group;
  if (rest.length === 0) {
    warnOfInnerQuotes(statement, group);
    return expandWord(statement, value).value;
  }
  const whole = joinRaw(statement, [value, ...rest]);
  // White space right after the `=` is as likely a slip as an empty value is meant.
  const isRest = isLast && !isQuoteAt(statement, value.start) && value.end > value.start;
  if (!isRest) {
    reportStray(statement, group);
    return value.value;
  }
  warnOfRest(statement, group, whole);
  return expandText(statement, whole, (offset) => offsetInRaw([value, ...rest], offset)).value;
}

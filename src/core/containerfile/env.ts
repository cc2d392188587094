// ENV: NAME=value pairs, or one pair of the old form.

import { quote, suggestion } from '../text.ts';
import type { Env, LabelPair } from './instruction.ts';
import { reportMissingEquals } from './label-problems.ts';
import { formatMeantPair } from './label-text.ts';
import { joinRaw } from './label-words.ts';
import { readLegacyPair } from './legacy-pair.ts';
import { expandWord } from './references.ts';
import { checkWords, isInlineComment, positionOf } from './statement.ts';
import type { Statement } from './statement.ts';
import { dockerfileRules, readWord, splitWords } from './words.ts';
import type { Word } from './words.ts';

/**
 * The values count from the next instruction on: those of one ENV don't see each other, as in Docker.
 * Undefined, with errors reported, when a pair can't be read.
 */
export function parseEnv(statement: Statement): Env | undefined {
  const { text, rest, start, escape, variables } = statement;
  const all = splitWords(text, rest, dockerfileRules(escape));
  // A lone escape at the end, as left by a continuation that is written twice, is no word to Docker either.
  const words = all.filter((word) => word.dangling !== word.start);
  const [first, ...others] = words;
  if (first === undefined) {
    statement.error(start, 'ENV names no variable', 'Write ENV NAME="value".');
    return undefined;
  }
  if (!checkWords(statement, words) || words.some((word) => isInlineComment(statement, word)))
    return undefined;
  const legacy = readLegacyPair(statement, words);
  if (legacy === 'wrong') return undefined;
  if (legacy === undefined && first.equals === undefined) {
    reportMissingEquals(statement, first, others);
    return undefined;
  }
  const pairs = legacy === undefined ? readPairs(statement, words) : [legacy];
  if (pairs === undefined) return undefined;
  variables.set(new Map(pairs.map(({ key, value }) => [key, value])));
  return { type: 'env', pairs, position: positionOf(statement) };
}

function readPairs(statement: Statement, words: readonly Word[]): readonly LabelPair[] | undefined {
  const { text, escape } = statement;
  const rules = dockerfileRules(escape);
  const pairs: LabelPair[] = [];
  for (const [index, word] of words.entries()) {
    if (word.equals === undefined) {
      const whole = words[index - 1] === undefined ? [word] : [words[index - 1] ?? word, word];
      const [name = ''] = whole.map(({ value }) => value.split('=')[0]);
      const raw = joinRaw(statement, whole).replace(/^[^=]*=/, '');
      statement.error(
        word.start,
        `expected NAME=value, got ${quote(word.value)}`,
        `If it belongs to the value before it, write ENV ${suggestion(formatMeantPair(name, raw, escape))}`,
      );
      return undefined;
    }
    const key = expandWord(statement, readWord(text.slice(0, word.equals), word.start, rules));
    const value = expandWord(statement, readWord(text.slice(0, word.end), word.equals + 1, rules));
    if (key.hasFailed || value.hasFailed) return undefined;
    if (key.value === '') {
      statement.error(word.start, 'expected a name before "="', 'Write ENV NAME="value".');
      return undefined;
    }
    pairs.push({ key: key.value, value: value.value, position: statement.positionAt(word.start) });
  }
  return pairs;
}

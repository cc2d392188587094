// ARG: NAME, or NAME=default, several of them if need be.

import { quote } from '../text.ts';
import { expandWord } from './references.ts';
import { checkWords, isInlineComment } from './statement.ts';
import type { Statement } from './statement.ts';
import { dockerfileRules, readWord, splitWords } from './words.ts';
import type { Word } from './words.ts';

const form = 'Write ARG NAME, or ARG NAME=default.';
const variableName = /^[\p{L}_][\p{L}\p{Nd}_]*$/u;

export function isVariableName(name: string): boolean {
  return variableName.test(name);
}

/** Declares the arguments to the statement's variables, each with the value that it has from here on. */
export function readArg(statement: Statement): void {
  const { text, rest, start, escape, variables } = statement;
  const words = splitWords(text, rest, dockerfileRules(escape));
  if (words.length === 0) statement.error(start, 'ARG names no argument', form);
  if (!checkWords(statement, words)) return;
  for (const word of words) {
    if (isInlineComment(statement, word)) return;
    const name = readWord(text.slice(0, word.equals ?? word.end), word.start, dockerfileRules(escape)).value;
    if (!isVariableName(name)) {
      const hint = word.equals === word.start ? 'Write no spaces around "=".' : form;
      statement.error(word.start, `expected the name of an argument, got ${quote(name)}`, hint);
      continue;
    }
    variables.declare(name, statement.positionAt(word.start), defaultOf(statement, word));
  }
}

function defaultOf(statement: Statement, { equals, end }: Word): (() => string) | undefined {
  if (equals === undefined) return undefined;
  const value = readWord(statement.text.slice(0, end), equals + 1, dockerfileRules(statement.escape));
  return () => expandWord(statement, value).value;
}

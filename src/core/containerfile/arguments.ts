// CMD and ENTRYPOINT: a JSON list, or the rest of the line.

import { quote } from '../text.ts';
import { expandGuestText, expandGuestWord } from './guest-arguments.ts';
import type { Arguments, Cmd, Entrypoint } from './instruction.ts';
import { placesInJson, readJsonWords } from './json-words.ts';
import { checkQuotes, positionOf } from './statement.ts';
import type { Statement } from './statement.ts';
import { shellRules, splitWords } from './words.ts';

/**
 * The words that the guest gets: a list as it is, text split by the shell's quoting rules.
 * Nothing more is expanded, since there is no shell.
 */
export function argumentWords(args: Arguments): readonly string[] {
  if (args.form === 'exec') return args.words;
  return splitWords(args.text, 0, shellRules).map((word) => word.value);
}

/** Undefined, with errors reported, when the arguments can't be read. */
export function parseCommand(
  statement: Statement,
  type: Cmd['type'] | Entrypoint['type'],
): Cmd | Entrypoint | undefined {
  const args = statement.text.startsWith('[', statement.rest) ? readList(statement) : readText(statement);
  return args === undefined ? undefined : { type, arguments: args, position: positionOf(statement) };
}

/** Docker takes a broken list for shell text; without a shell that is never meant. */
function readList(statement: Statement): Arguments | undefined {
  const otherwise = 'put the first word into single quotes';
  const list = readJsonWords(statement.text, statement.rest, otherwise);
  if ('message' in list) {
    statement.error(list.offset, list.message, list.hint);
    return undefined;
  }
  const words = list.map(({ value, offset }) => {
    return expandGuestWord(statement, value, placesInJson(statement.text, offset));
  });
  return { form: 'exec', words };
}

/** Strips blanks at both ends, except a trailing one that a backslash escapes. */
function withoutBlanks(text: string): string {
  const isBlank = (at: number) => text[at] === ' ' || text[at] === '\t';
  let start = 0;
  while (isBlank(start)) start += 1;
  let end = text.length;
  while (end > start && isBlank(end - 1)) end -= 1;
  return text.slice(start, text[end - 1] === '\\' && end > start && end < text.length ? end + 1 : end);
}

function readText(statement: Statement): Arguments | undefined {
  const { keyword, start, rest, text } = statement;
  if (rest === text.length) {
    statement.error(start, `${keyword} has no arguments`, `Write ${keyword} [] for none.`);
    return undefined;
  }
  const words = splitWords(text, rest, shellRules);
  if (!checkQuotes(statement, words)) return undefined;
  const dangling = words.at(-1)?.dangling;
  if (dangling !== undefined) {
    const hint = 'Remove it, or write two for one that is meant.';
    statement.error(dangling, 'the backslash at the end escapes nothing', hint);
    return undefined;
  }
  const operator = words.map((word) => (text[word.start] === '#' ? word.start : word.special));
  const first = operator.find((offset) => offset !== undefined);
  if (first !== undefined) {
    const [written = ''] = /^(?:&&|\|\||>>|<<|.)/u.exec(text.slice(first)) ?? [];
    statement.warn(
      first,
      `${quote(written)} is an argument like any other: no shell reads it`,
      'Put it into quotes if that is meant; a comment needs a line of its own.',
    );
  }
  // Empty variables leave the blanks around them, or nothing at all.
  const expanded = withoutBlanks(expandGuestText(statement, rest));
  return expanded === '' ? { form: 'exec', words: [] } : { form: 'shell', text: expanded };
}

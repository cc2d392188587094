// COPY: [flags] source… destination, or the same as a JSON list.

import { limits } from '../limits.ts';
import { readCopyFlags } from './copy-flags.ts';
import { quote } from './excerpt.ts';
import type { Copy, CopySource, From } from './instruction.ts';
import { placesInJson, readJsonWords } from './json-words.ts';
import { expandText, expandWord } from './references.ts';
import type { Expanded } from './references.ts';
import { checkWords, isInlineComment, positionOf } from './statement.ts';
import type { Statement } from './statement.ts';
import { dockerfileRules, readWord, splitWords } from './words.ts';
import type { Word } from './words.ts';

/** A path and where it begins. */
interface Operand extends Expanded {
  readonly offset: number;
}

const form = 'Write COPY source destination.';

/**
 * Undefined, with errors reported, when sources and destination can't be made out.
 * @param stages those that `--from` can name, the current one last
 */
export function parseCopy(statement: Statement, stages: readonly From[]): Copy | undefined {
  const [heredoc] = statement.heredocs;
  if (heredoc !== undefined) {
    const message = heredoc.closed
      ? 'heredocs are not supported'
      : `heredocs are not supported, and no line ${quote(heredoc.name)} ends this one`;
    const hint = 'Put the text into a file of the build context and COPY that.';
    statement.error(heredoc.offset, message, hint, 'CONTAINERFILE_UNSUPPORTED');
    return undefined;
  }

  const { flagWords, next } = takeFlags(statement);
  if (!checkWords(statement, flagWords)) return undefined;
  const expandedFlags = flagWords.map((word) => expandWord(statement, word));
  const readable = expandedFlags.filter(({ hasFailed }) => !hasFailed);
  const { hasBadFrom, ...flags } = readCopyFlags(statement, readable, stages);

  const isList = /^\[[ \t]*(?:["'\]]|$)/.test(statement.text.slice(next));
  const operands = isList ? readList(statement, next) : readPlain(statement, next);
  // Looking for such files in the build context would only confuse.
  if (operands === undefined || hasBadFrom) return undefined;
  if ([...operands, ...expandedFlags].some(({ hasFailed }) => hasFailed)) return undefined;
  const destination = operands.at(-1);
  const sources = operands.slice(0, -1);
  if (destination === undefined || sources.length === 0) {
    const only = destination === undefined ? '' : `, got only ${quote(destination.value)}`;
    statement.error(
      destination?.offset ?? statement.start,
      `expected a source and a destination in COPY${only}`,
      form,
    );
    return undefined;
  }
  const empty = operands.find(({ value }) => value === '');
  if (empty !== undefined) {
    statement.error(empty.offset, 'expected a path, got an empty word', 'Write "." for the folder itself.');
    return undefined;
  }
  const long = operands.find(({ value }) => Buffer.byteLength(value) > limits.path);
  if (long !== undefined) {
    const message = `expected a path of at most ${limits.path} bytes, got ${quote(long.value)}`;
    statement.error(long.offset, message, 'Linux takes no longer ones.');
    return undefined;
  }
  if (sources.length > 1 && !/(?:^|\/)\.?$/.test(destination.value)) {
    statement.error(
      destination.offset,
      `expected a destination that ends with "/" for several sources, got ${quote(destination.value)}`,
      `Write ${quote(`${destination.value}/`)} for a folder; a path with spaces needs quotes or the JSON form.`,
    );
  }
  return {
    type: 'copy',
    sources: sources.map(({ value, offset }): CopySource => {
      return { path: value, position: statement.positionAt(offset) };
    }),
    destination: destination.value,
    ...flags,
    position: positionOf(statement),
  };
}

/** The words that begin with `--`, up to the first that doesn't or that is nothing else. */
function takeFlags(statement: Statement): { flagWords: readonly Word[]; next: number } {
  const { text, escape } = statement;
  const flagWords: Word[] = [];
  let next = statement.rest;
  while (text.startsWith('--', next)) {
    const word = readWord(text, next, dockerfileRules(escape));
    next = word.end;
    while (text[next] === ' ' || text[next] === '\t') next += 1;
    if (word.value === '--') break;
    flagWords.push(word);
  }
  return { flagWords, next };
}

function readList(statement: Statement, next: number): readonly Operand[] | undefined {
  const list = readJsonWords(statement.text, next, 'put quotes around a name that begins with "["');
  if ('message' in list) {
    statement.error(list.offset, list.message, list.hint);
    return undefined;
  }
  return list.map(({ value, offset }) => {
    return { ...expandText(statement, value, placesInJson(statement.text, offset)), offset };
  });
}

function readPlain(statement: Statement, next: number): readonly Operand[] | undefined {
  const words = splitWords(statement.text, next, dockerfileRules(statement.escape));
  if (!checkWords(statement, words)) return undefined;
  const comment = words.findIndex((word) => isInlineComment(statement, word));
  const meant = comment === -1 ? words : words.slice(0, comment);
  const [, ...behind] = meant;
  const flag = behind.find(({ start, end }) =>
    /^--(?:chmod|chown|from|link|exclude|parents)(?:=|$)/.test(statement.text.slice(start, end)),
  );
  if (flag !== undefined) {
    const hint = 'Write the flags right after COPY.';
    statement.error(flag.start, `expected a path, got the flag ${quote(flag.value)}`, hint);
    return undefined;
  }
  // What is left before a comment may be whole or not: one error is enough.
  if (comment !== -1 && meant.length < 2) return undefined;
  return meant.map((word) => ({ ...expandWord(statement, word), offset: word.start }));
}

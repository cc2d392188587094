// One logical line on its way to becoming an instruction, and how its parser reports what is wrong with it.

import type { ErrorCode, Position } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Escape } from './directives.ts';
import { quote } from '../text.ts';
import type { Findings } from './findings.ts';
import type { Heredoc } from './heredoc.ts';
import type { LogicalLine } from './lines.ts';
import type { Variables } from './variables.ts';
import type { Word } from './words.ts';

export interface Statement extends LogicalLine {
  /** In upper case. */
  readonly keyword: string;
  /** The offset of the keyword in `text`. */
  readonly start: number;
  /** The offset of what follows the keyword; the length of `text` when nothing does. */
  readonly rest: number;
  readonly escape: Escape;
  /** The variables at its place, while it is parsed. */
  readonly variables: Variables;
  readonly findings: Findings;
  /** Adds an error at this offset, CONTAINERFILE_SYNTAX unless another code is given. */
  error(offset: number, message: string, hint?: string, code?: ErrorCode): void;
  warn(offset: number, message: string, hint?: string, code?: ErrorCode): void;
}

/** Splits the keyword off. */
export function readStatement(
  line: LogicalLine,
  escape: Escape,
  variables: Variables,
  findings: Findings,
): Statement {
  const text = line.text.trimEnd();
  const start = text.length - text.trimStart().length;
  const [word = ''] = /^[^ \t]+/.exec(text.slice(start)) ?? [];
  let rest = start + word.length;
  while (text[rest] === ' ' || text[rest] === '\t') rest += 1;

  const keyword = word.toUpperCase();
  return {
    ...line,
    text,
    keyword,
    start,
    rest,
    escape,
    variables,
    findings,
    ...reportersFor((offset) => line.positionAt(offset), findings),
  };
}

/** A heredoc as a statement of its own, for the variables in it. */
export function statementOf(statement: Statement, heredoc: Heredoc): Statement {
  const { file } = positionOf(statement);
  const positionAt = (offset: number): Position => ({ file, ...heredoc.placeAt(offset) });
  return { ...statement, text: heredoc.content, positionAt, ...reportersFor(positionAt, statement.findings) };
}

function reportersFor(
  positionAt: (offset: number) => Position,
  findings: Findings,
): Pick<Statement, 'error' | 'warn'> {
  const problem = (offset: number, message: string, hint?: string, code?: ErrorCode) => ({
    code: code ?? 'CONTAINERFILE_SYNTAX',
    message,
    ...(hint === undefined ? {} : { hint }),
    position: positionAt(offset),
  });
  return {
    error: (...finding) => findings.errors.push(problem(...finding)),
    warn: (...finding) => findings.warnings.push(problem(...finding)),
  };
}

/** The place of the keyword. */
export function positionOf(statement: Statement): Position {
  return statement.positionAt(statement.start);
}

/** Reports quotes that are never closed and white space that separates no words; true when there is none. */
export function checkWords(statement: Statement, words: readonly Word[]): boolean {
  const odd = words.find((word) => word.special !== undefined)?.special;
  if (odd !== undefined) {
    const character = quote(statement.text[odd] ?? '');
    const hint = 'Replace it with a space, or put the whole word into quotes.';
    statement.error(odd, `${character} looks like a space but separates no words`, hint);
  }
  return checkQuotes(statement, words) && odd === undefined;
}

/** Reports an unclosed quote and too many words; true when there is neither. */
export function checkQuotes(statement: Statement, words: readonly Word[]): boolean {
  if (words.length > limits.words) {
    const message = `expected at most ${limits.words} words in an instruction, got ${words.length}`;
    statement.error(statement.start, message, 'Put text with spaces into quotes, or name a folder of files.');
    return false;
  }
  const unclosed = words.find((word) => word.unclosed !== undefined)?.unclosed;
  if (unclosed === undefined) return true;
  const { text } = statement;
  statement.error(
    unclosed,
    `the quote in ${quote(text.slice(unclosed), 40)} is never closed`,
    text[unclosed] === '"'
      ? 'Close it, or put text that holds double quotes into single quotes.'
      : 'Close it, or put text that holds an apostrophe into double quotes.',
  );
  return false;
}

/** True, and reported, for a comment behind an instruction. */
export function isInlineComment(statement: Statement, word: Word): boolean {
  if (statement.text[word.start] !== '#') return false;
  statement.error(
    word.start,
    `expected the end of the instruction, got the comment ${quote(statement.text.slice(word.start), 40)}`,
    'A comment needs a line of its own; put quotes around text that belongs to the instruction.',
  );
  return true;
}

// References to variables in the words of an instruction, and what is said of those that are not set.

import { expandReference } from './expansion.ts';
import type { VariableScope } from './expansion.ts';
import { quote } from '../text.ts';
import type { Heredoc } from './heredoc.ts';
import { checkQuotes, statementOf } from './statement.ts';
import type { Statement } from './statement.ts';
import { platformNames } from './variables.ts';
import { dockerfileRules, readWord } from './words.ts';
import type { Word } from './words.ts';

/** Variables that BuildKit sets to the platform on which programs run: nothing runs here. */
const machineNames = ['BUILDPLATFORM', 'BUILDOS', 'BUILDARCH', 'BUILDVARIANT'];

/** A character of a heredoc, escaped or not, and what follows it up to the next that means something. */
const plainText = /[^]?[^$\\]*/y;

/** Text whose references are replaced. */
export interface Expanded {
  readonly value: string;
  /** True when a reference is wrong, which is reported: there is no telling what the text should be. */
  readonly hasFailed: boolean;
}

/**
 * The word without quotes and escapes, its references replaced. What comes in by them is never split again.
 * @param isWhole as the rules had it that the word was read by
 */
export function expandWord(statement: Statement, word: Word, isWhole = false): Word & Expanded {
  if (word.variable === undefined) return { ...word, hasFailed: false };
  const { text, escape } = statement;
  const { scope, hasFailed } = openScope(statement);
  const expanded = readWord(text.slice(0, word.end), word.start, {
    ...dockerfileRules(escape),
    isWhole,
    expand: (part, dollar) => expandReference(part, dollar, escape, scope),
  });
  return { ...expanded, hasFailed: hasFailed() || !checkQuotes(statement, [expanded]) };
}

/**
 * Text without quotes of its own, such as a string of a JSON list: all but references stays, and `\$` for a dollar sign.
 * @param placeOf the offset in the statement of the character at an offset of `text`
 */
export function expandText(
  statement: Statement,
  text: string,
  placeOf: (offset: number) => number,
): Expanded {
  const { escape } = statement;
  const { scope, hasFailed } = openScope(statement, placeOf);
  let expanded = '';
  let next = 0;
  while (next < text.length) {
    if (text[next] === '$') {
      const expansion = expandReference(text, next, escape, scope);
      expanded += expansion.value;
      next = expansion.end;
    } else {
      if (text[next] === escape && text[next + 1] === '$') next += 1;
      expanded += text[next] ?? '';
      next += 1;
    }
  }
  return { value: expanded, hasFailed: hasFailed() };
}

/**
 * The text of a heredoc with its variables replaced: quotes stay, and a backslash goes, whatever it stands before and
 * whatever the file's escape character is, as in BuildKit.
 */
export function expandDocument(statement: Statement, heredoc: Heredoc): Expanded {
  const { content } = heredoc;
  const { scope, hasFailed } = openScope(statementOf(statement, heredoc));
  const parts: string[] = [];
  let next = 0;
  while (next < content.length) {
    if (content[next] === '$') {
      const expansion = expandReference(content, next, '\\', { ...scope, keepsQuotes: true });
      parts.push(expansion.value);
      next = expansion.end;
    } else {
      if (content[next] === '\\') next += 1;
      plainText.lastIndex = next;
      const [plain = ''] = plainText.exec(content) ?? [];
      parts.push(plain);
      next += plain.length;
    }
  }
  return { value: parts.join(''), hasFailed: hasFailed() };
}

/** The variables at the statement's place. What is not set is empty, as in Docker, and reported once for the text. */
export function openScope(
  statement: Statement,
  placeOf = (offset: number) => offset,
): { readonly scope: VariableScope; readonly hasFailed: () => boolean } {
  const { variables } = statement;
  const told = new Set<string>();
  let failed = false;
  /** An image must not depend on the machine that builds it. */
  const valueOfMachine = (name: string): string | undefined => {
    if (!machineNames.includes(name)) return undefined;
    const value = variables.value(targetName(name));
    if (value === undefined) return undefined;
    if (!told.has(name)) warnOfMachine(statement, name, statement.start);
    told.add(name);
    return value;
  };
  const scope: VariableScope = {
    value: (name) => {
      const value = variables.value(name) ?? valueOfMachine(name);
      if (value === undefined) return undefined;
      const state = variables.spend(value.length);
      if (state === 'within') return value;
      if (state === 'first beyond') {
        statement.error(statement.start, 'the variables of the file come to more text than can be meant');
      }
      failed = true;
      return '';
    },
    unset: (name, offset) => {
      if (!told.has(name) && reportUnset(statement, name, placeOf(offset)) === 'error') failed = true;
      told.add(name);
    },
    fail: (offset, message, hint) => {
      failed = true;
      statement.error(placeOf(offset), message, hint);
    },
  };
  return { scope, hasFailed: () => failed };
}

function targetName(name: string): string {
  return name.replace('BUILD', 'TARGET');
}

/** @param name such as BUILDARCH */
export function warnOfMachine(statement: Statement, name: string, offset: number): void {
  const message = `the variable ${quote(name)} is that of the platform that is built: no program runs on this machine`;
  statement.warn(offset, message, `Write ${targetName(name)}.`, 'CONTAINERFILE_UNSUPPORTED');
}

/** An ARG without a value is no mistake: it is meant to be optional. */
function reportUnset(statement: Statement, name: string, offset: number): 'error' | 'warning' | 'nothing' {
  const { variables } = statement;
  if (platformNames.includes(name) || machineNames.includes(name)) {
    const message = `expected a platform for the variable ${quote(name)}, got none`;
    const hint = `Name the platforms, with --platform or the input "platforms", or write a default such as \${${name}:-amd64}.`;
    statement.error(offset, message, hint, 'ARCHITECTURE_UNKNOWN');
    return 'error';
  }
  if (variables.isArgument(name)) return 'nothing';
  const message = `the variable ${quote(name)} is not set, and is replaced by nothing`;
  statement.warn(offset, message, hintFor(statement, name));
  return 'warning';
}

function hintFor({ keyword, variables, escape }: Statement, name: string): string {
  const global = variables.globalPosition(name);
  if (global !== undefined) {
    return `Write ARG ${name} in this stage too: that on line ${global.line} is for FROM alone.`;
  }
  const meant = variables.nearest(name);
  if (meant !== undefined) return `Did you mean ${quote(meant)}?`;
  const where = keyword === 'FROM' ? ' before the first FROM' : '';
  return `Write ARG ${name}${where} if it is a build argument; a dollar sign that is meant is written ${escape}$ or in single quotes.`;
}

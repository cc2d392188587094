// Build arguments in CMD and ENTRYPOINT. Any other variable is the guest's own, and stays as it is written.

import { quote } from '../text.ts';
import { expandReference, nameAt } from './expansion.ts';
import { openScope } from './references.ts';
import type { Statement } from './statement.ts';

/**
 * A string of the JSON form with its build arguments replaced; `\$` before the name of one is a dollar sign.
 * @param placeOf the offset in the statement of the character at an offset of `text`
 */
export function expandGuestWord(
  statement: Statement,
  text: string,
  placeOf: (offset: number) => number,
): string {
  const { scope } = openScope(statement, placeOf);
  let expanded = '';
  let next = 0;
  while (next < text.length) {
    if (isArgumentAt(statement, text, next)) {
      const expansion = expandReference(text, next, statement.escape, scope);
      expanded += expansion.value;
      next = expansion.end;
      continue;
    }
    if (text[next] === '$') warnOfMistyped(statement, text, next, placeOf);
    const isEscaped = text[next] === '\\' && isArgumentAt(statement, text, next + 1);
    expanded += isEscaped ? '$' : (text[next] ?? '');
    next += isEscaped ? 2 : 1;
  }
  return expanded;
}

/** The text of the shell form, from this offset on, with its build arguments replaced by words that need no splitting. */
export function expandGuestText(statement: Statement, from: number): string {
  const { text } = statement;
  const { scope } = openScope(statement);
  let expanded = '';
  let open: '' | '"' | "'" = '';
  let hasWarned = false;
  let next = from;
  while (next < text.length) {
    const character = text[next] ?? '';
    if (open !== "'" && isArgumentAt(statement, text, next)) {
      const expansion = expandReference(text, next, '\\', scope);
      expanded += open === '"' ? escaped(expansion.value) : quoted(expansion.value);
      next = expansion.end;
      continue;
    }
    const isPair = character === '\\' && open !== "'";
    if (open !== "'" && !hasWarned && character === '$') hasWarned = warnOfKept(statement, next);
    if (!isPair && open === '' && (character === '"' || character === "'")) open = character;
    else if (character === open) open = '';
    expanded += isPair ? text.slice(next, next + 2) : character;
    next += isPair ? 2 : 1;
  }
  return expanded;
}

function isArgumentAt({ variables }: Statement, text: string, offset: number): boolean {
  if (text[offset] !== '$') return false;
  const name = nameAt(text, offset);
  return name !== undefined && variables.isArgument(name);
}

/** The value as part of a word in double quotes. */
function escaped(value: string): string {
  return value.replaceAll(/["$`\\]/g, '\\$&');
}

/** The value as part of a word without quotes; an empty one is nothing, as in a shell. */
function quoted(value: string): string {
  return /^[\w./:@%+,=-]*$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}

/** In a list a variable is mostly the guest's, and is left alone unless it looks like one of ours. */
function warnOfMistyped(
  statement: Statement,
  text: string,
  offset: number,
  placeOf: (offset: number) => number,
): void {
  const name = nameAt(text, offset);
  // Variables of the environment belong to the guest.
  if (name === undefined || statement.variables.value(name) !== undefined) return;
  const meant = statement.variables.nearest(name);
  if (meant === undefined) return;
  const message = `the variable ${quote(name)} is kept as it is written: no build argument has this name`;
  statement.warn(placeOf(offset), message, `Did you mean ${quote(meant)}?`);
}

/** True when there is something to warn about. */
function warnOfKept(statement: Statement, offset: number): boolean {
  const name = nameAt(statement.text, offset);
  if (name === undefined) return false;
  const [written = ''] =
    /^\$(?:\{[^}]*\}?|.[\p{L}\p{Nd}_]*)/u.exec(statement.text.slice(offset, offset + 80)) ?? [];
  const meant = statement.variables.nearest(name);
  statement.warn(
    offset,
    `${quote(written)} is kept as it is written: it is no build argument, and no shell reads it`,
    meant === undefined
      ? `Write ARG ${name} before if it is one; a dollar sign that is meant goes into single quotes.`
      : `Did you mean ${quote(meant)}?`,
  );
  return true;
}

// References to variables, `$NAME` and `${NAME…}`, replaced by what they stand for
// (https://docs.docker.com/reference/dockerfile/#environment-replacement).

import { quote } from '../text.ts';
import { parsePattern, replaceMatches, trimEnd, trimStart } from './pattern.ts';

/** What a reference can see, and where it reports problems. Offsets are those of the text that is expanded. */
export interface VariableScope {
  /** Undefined for a variable that is not set. */
  value(name: string): string | undefined;
  /** Called with each variable that is not set and has no default there. */
  unset(name: string, offset: number): void;
  fail(offset: number, message: string, hint?: string): void;
  /** True in a heredoc, where quotes are ordinary characters. */
  readonly keepsQuotes?: boolean;
}

export interface Expansion {
  readonly value: string;
  /** The offset after the reference; that of the text's end when the reference is wrong. */
  readonly end: number;
}

/** Far more than anybody writes, and few enough for the stack. */
const maxDepth = 50;

/** A name, or one of the shell's special parameters, which are never set here. */
const reference = /\p{Nd}+|[@*#?$!-]|[\p{L}_][\p{L}\p{Nd}_]*/uy;

/** The name of the variable whose reference begins with the `$` at this offset. */
export function nameAt(text: string, dollar: number): string | undefined {
  return readName(text, text[dollar + 1] === '{' ? dollar + 2 : dollar + 1);
}

/** Replaces the reference that begins with the `$` at this offset, and those inside of it; a lone `$` stays. */
export function expandReference(
  text: string,
  dollar: number,
  escape: string,
  scope: VariableScope,
  depth = 0,
): Expansion {
  const inBraces = text[dollar + 1] === '{';
  const name = nameAt(text, dollar);
  if (!inBraces && name === undefined) return { value: '$', end: dollar + 1 };
  if (name === undefined) {
    return fail(
      text,
      dollar,
      scope,
      `expected a name after "\${", got ${quote(text.slice(dollar, dollar + 40))}`,
    );
  }
  const after = dollar + (inBraces ? 2 : 1) + name.length;
  const value = scope.value(name);
  if (!inBraces || text[after] === '}') {
    if (value === undefined) scope.unset(name, dollar);
    return { value: value ?? '', end: inBraces ? after + 1 : after };
  }
  if (depth === maxDepth)
    return fail(text, dollar, scope, `expected at most ${maxDepth} defaults inside each other`);
  return expandModified(text, { dollar, after, name, value, depth }, escape, scope);
}

/** The name of a variable up to its modifier. */
interface Head {
  readonly dollar: number;
  /** The offset after the name. */
  readonly after: number;
  readonly name: string;
  readonly value: string | undefined;
  readonly depth: number;
}

function expandModified(text: string, head: Head, escape: string, scope: VariableScope): Expansion {
  const { dollar, after } = head;
  const [modifier] = /^(?::?[-+?]|##?|%%?|\/\/?)/.exec(text.slice(after, after + 2)) ?? [];
  if (modifier === undefined) {
    const got = text.slice(dollar, after + 2);
    if (after >= text.length) return fail(text, dollar, scope, `expected "}" after ${quote(got)}`);
    const hint =
      'The forms are ${NAME}, ${NAME:-default}, ${NAME:+alternate}, ${NAME:?message}, ${NAME#start}, ${NAME%end} and ${NAME/from/to}.';
    return fail(text, dollar, scope, `expected "}" or a default in ${quote(got)}`, hint);
  }
  return /[-+?]$/.test(modifier)
    ? expandDefault(text, head, modifier, escape, scope)
    : expandPattern(text, head, modifier, escape, scope);
}

function expandDefault(
  text: string,
  head: Head,
  modifier: string,
  escape: string,
  scope: VariableScope,
): Expansion {
  const { dollar, after, name, value } = head;
  const isSet = value !== undefined && !(modifier.startsWith(':') && value === '');
  const takesWord = modifier.endsWith('+') ? isSet : !isSet;
  // The branch that isn't taken is read as well, to find its end, but must not complain about its variables.
  const inner = takesWord ? scope : { ...scope, unset: () => undefined };
  const word = expandUntil(
    '}',
    text,
    after + modifier.length,
    { escape, isRaw: false },
    inner,
    head.depth + 1,
  );
  if (typeof word === 'string') return failOpen(text, dollar, scope, word);
  if (!takesWord) return { value: modifier.endsWith('+') ? '' : (value ?? ''), end: word.end };
  if (modifier.endsWith('?')) {
    const state = value === undefined ? 'set' : 'empty';
    const why = word.value === '' ? '' : `: ${quote(word.value)}`;
    const message = `expected a value of ${quote(name)}, which is ${state === 'set' ? 'not set' : state}${why}`;
    scope.fail(dollar, message, `Give it one with --build-arg ${name}=value (the input "build-args").`);
    return { value: '', end: word.end };
  }
  return word;
}

/** `#` and `%` take away a beginning or an end, twice the longest one; `/` replaces a match, `//` all of them. */
function expandPattern(
  text: string,
  head: Head,
  modifier: string,
  escape: string,
  scope: VariableScope,
): Expansion {
  const { dollar, after, name, value = '', depth } = head;
  if (head.value === undefined) scope.unset(name, dollar);
  const rules = { escape, isRaw: true };
  const isReplacement = modifier.startsWith('/');
  const word = expandUntil(isReplacement ? '/' : '}', text, after + modifier.length, rules, scope, depth + 1);
  if (typeof word === 'string') return failOpen(text, dollar, scope, word, isReplacement ? '/' : '}');
  const replacement = isReplacement ? expandUntil('}', text, word.end, rules, scope, depth + 1) : word;
  if (typeof replacement === 'string') return failOpen(text, dollar, scope, replacement);
  const { end } = replacement;
  const pattern = parsePattern(word.value);
  if ('problem' in pattern) {
    const hint = 'A backslash that is meant is written twice.';
    scope.fail(dollar, `${pattern.problem}, got ${quote(word.value)}`, hint);
    return { value: '', end };
  }
  const twice = modifier.length === 2;
  if (isReplacement) return { value: replaceMatches(value, pattern, replacement.value, twice), end };
  const trim = modifier.startsWith('#') ? trimStart : trimEnd;
  return { value: trim(value, pattern, twice), end };
}

/** @param word `failed` when what is wrong is reported already */
function failOpen(
  text: string,
  dollar: number,
  scope: VariableScope,
  word: 'failed' | 'open',
  wanted = '}',
): Expansion {
  if (word === 'failed') return { value: '', end: text.length };
  const hint = 'Close it, and put a default with spaces into double quotes together with all around it.';
  return fail(text, dollar, scope, `expected "${wanted}" after ${quote(text.slice(dollar), 40)}`, hint);
}

interface WordRules {
  readonly escape: string;
  /** Escapes stay, for patterns and what replaces them. */
  readonly isRaw: boolean;
}

/** Strips quotes and escapes, as in any word; `open` when nothing ends it, `failed` when that was reported already. */
function expandUntil(
  stop: '}' | '/',
  text: string,
  from: number,
  { escape, isRaw }: WordRules,
  scope: VariableScope,
  depth: number,
): Expansion | 'failed' | 'open' {
  const failures: number[] = [];
  const watched: VariableScope = {
    ...scope,
    fail: (offset, ...problem) => {
      failures.push(offset);
      scope.fail(offset, ...problem);
    },
  };
  const { keepsQuotes = false } = scope;
  let value = '';
  let quoted = false;
  let next = from;
  while (next < text.length) {
    const character = text[next] ?? '';
    if (character === stop && !quoted) return { value, end: next + 1 };
    if (character === '$') {
      const expansion = expandReference(text, next, escape, watched, depth);
      value += expansion.value;
      next = expansion.end;
    } else if (character === "'" && !quoted && !keepsQuotes) {
      const end = text.indexOf("'", next + 1);
      if (end === -1) break;
      value += text.slice(next + 1, end);
      next = end + 1;
    } else if (character === '"' && !keepsQuotes) {
      quoted = !quoted;
      next += 1;
    } else if (character === escape && (!quoted || `"$${escape}`.includes(text[next + 1] ?? ' '))) {
      value += (isRaw ? character : '') + (text[next + 1] ?? '');
      next += 2;
    } else {
      value += character;
      next += 1;
    }
  }
  return failures.length > 0 ? 'failed' : 'open';
}

function readName(text: string, offset: number): string | undefined {
  reference.lastIndex = offset;
  return reference.exec(text)?.[0];
}

function fail(text: string, offset: number, scope: VariableScope, message: string, hint?: string): Expansion {
  scope.fail(offset, message, hint);
  return { value: '', end: text.length };
}

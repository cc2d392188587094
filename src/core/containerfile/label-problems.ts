// Mistakes in labels, each with the user's own text rewritten as it was probably meant.

import { quote, suggestion } from '../text.ts';
import { formatMeantPair, formatQuotedPair } from './label-text.ts';
import { isQuoteAt, joinRaw } from './label-words.ts';
import type { LabelWords } from './label-words.ts';
import type { Statement } from './statement.ts';
import { dockerfileRules, splitWords } from './words.ts';
import type { Word } from './words.ts';

export function reportEmptyKey(statement: Statement, { key }: LabelWords): void {
  statement.error(key.start, 'expected a key before "="', 'Write LABEL key="value".', 'LABEL_INVALID');
}

/** `LABEL a`, `LABEL a = b` and `LABEL "a=b"`, and the same with ENV. */
export function reportMissingEquals(statement: Statement, first: Word, others: readonly Word[]): void {
  const message = `expected key="value", got ${quote(first.value)} without "="`;
  const inQuotes = first.value.indexOf('=');
  const afterEquals = joinRaw(statement, others).replace(/^=\s*/, '');
  const pair =
    inQuotes > 0
      ? formatMeantPair(first.value.slice(0, inQuotes), first.value.slice(inQuotes + 1), statement.escape)
      : formatMeantPair(first.value, withoutQuotes(statement, afterEquals), statement.escape);
  statement.error(first.start, message, `Write ${statement.keyword} ${suggestion(pair)}`);
}

/** `cmdline=a=b c=d`: `second` is the label that may be an argument of the kernel. */
export function reportAmbiguous(
  statement: Statement,
  groups: readonly LabelWords[],
  second: LabelWords,
): void {
  const joined: (LabelWords & { rest: Word[] })[] = [];
  for (const { key, value, rest } of groups) {
    const last = joined.at(-1);
    if (last !== undefined && mayGoOn(statement, last, key))
      last.rest.push({ ...key, end: value.end }, ...rest);
    else joined.push({ key, value, rest: [...rest] });
  }
  const write = (labels: readonly LabelWords[]) => {
    const pairs = labels.map(({ key, value, rest }) => {
      const whole = rest.length === 0 ? value.value : joinRaw(statement, [value, ...rest]);
      return formatQuotedPair(key.value, whole, statement.escape);
    });
    return `LABEL ${suggestion(pairs.join(' '))}`;
  };
  const { start } = second.key;
  const word = quote(statement.text.slice(start, second.value.end));
  statement.error(
    start,
    `${word} can be a label of its own or part of the value before it`,
    `Write ${write(groups)} for labels of their own, or ${write(joined)} for one value.`,
  );
}

/**
 * Docker begins a new pair here, bima in Go went on with the value. Only in a command line may that be meant: its words
 * have equals signs too, but none begins like a key of urunc or of the OCI.
 */
export function mayGoOn(statement: Statement, { key, value }: LabelWords, next: Word): boolean {
  if (!/cmdline$/i.test(key.value) || /^(?:com\.urunc|org\.opencontainers)\./.test(next.value)) return false;
  return !isQuoteAt(statement, value.start) && !isQuoteAt(statement, next.start);
}

/** A word after a value that is complete without it. */
export function reportStray(statement: Statement, { key, value, rest }: LabelWords): void {
  const [stray] = rest;
  if (stray === undefined) return;
  const { text } = statement;
  const all = [value, ...rest];
  const end = rest.at(-1)?.end ?? 0;
  let meant = joinRaw(statement, all);
  if (value.start === value.end) meant = withoutQuotes(statement, meant);
  else if (text[value.start] === '"' && text[end - 1] === '"') meant = text.slice(value.start + 1, end - 1);
  else if (isQuoteAt(statement, value.start)) meant = [value.value, joinRaw(statement, rest)].join(' ');
  statement.error(
    stray.start,
    `expected key="value" or the end of the instruction, got ${quote(text.slice(stray.start, stray.end))}`,
    `If it belongs to the value before it, write LABEL ${suggestion(formatMeantPair(key.value, meant, statement.escape))}`,
  );
}

/** `a=b # c`: what stands behind the `#` is left out. */
export function warnOfComment(statement: Statement, { start }: Word): void {
  statement.warn(
    start,
    `the comment ${quote(statement.text.slice(start), 40)} is left out of the label`,
    'Docker refuses it: give it a line of its own, or put quotes around text that belongs to the value.',
  );
}

/** `a=b c`: taken as one value, as bima did. */
export function warnOfRest(statement: Statement, { key, rest }: LabelWords, value: string): void {
  statement.warn(
    rest[0]?.start ?? 0,
    `the value has no quotes and goes on to the end of the line: it is read as ${quote(value)}`,
    `Write LABEL ${suggestion(formatMeantPair(key.value, value, statement.escape))}`,
  );
}

/** `"{"a":"b"}"` and `{"a":"b"}`: quotes that were probably meant to stay. */
export function warnOfInnerQuotes(statement: Statement, { key, value }: LabelWords): void {
  const { text } = statement;
  const { start, end, closed } = value;
  const raw = text.slice(start, end);
  const isWhole = raw.startsWith('"') && raw.endsWith('"');
  const isDropped = isWhole
    ? closed !== undefined && closed < end - 1
    : value.quoted && !isQuoteAt(statement, start) && raw.includes('"');
  if (!isDropped) return;
  const meant = formatMeantPair(key.value, isWhole ? raw.slice(1, -1) : raw, statement.escape);
  statement.warn(
    start,
    `the double quotes inside the value are dropped: it is read as ${quote(value.value)}`,
    `If they belong to the value, write LABEL ${suggestion(meant)}`,
  );
}

/** The text without its quotes if it is a single word. */
function withoutQuotes(statement: Statement, text: string): string {
  const [word, ...others] = splitWords(text, 0, dockerfileRules(statement.escape));
  return word !== undefined && others.length === 0 ? word.value : text;
}

// What a change of the sources by StrykerJS changes: its text, and whether it is a sentence or was read and found to
// change nothing.

import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** As in mutation-testing-report-schema: the first line and the first column are 1. */
interface Position {
  readonly line: number;
  readonly column: number;
}

/** A change that was read and found to change nothing that can be seen; in test/equivalents. */
export interface Equivalent {
  /** Below the root, such as src/core/csv.ts. */
  readonly file: string;
  /** The first line that is changed, without the blanks around it. */
  readonly line: string;
  /** What is changed, and what takes its place: the first 160 characters, each run of blanks as one. */
  readonly of: string;
  readonly becomes: string;
  readonly why: string;
}

const root = resolve(import.meta.dirname, '../..');

export const equivalents: readonly Equivalent[] = globSync('test/equivalents/*.json', { cwd: root })
  .sort()
  .flatMap((file) => JSON.parse(readFileSync(join(root, file), 'utf8')) as readonly Equivalent[]);

const known = new Set(equivalents.map(keyOf));

/** @param file below the root */
export function describeChange(
  file: string,
  { start, end }: { readonly start: Position; readonly end: Position },
  replacement: string,
): Omit<Equivalent, 'why'> {
  const lines = readSource(file)
    .split('\n')
    .slice(start.line - 1, end.line);
  const line = (lines[0] ?? '').trim();
  lines.push((lines.pop() ?? '').slice(0, end.column - 1));
  lines[0] = (lines[0] ?? '').slice(start.column - 1);
  return { file, line, of: shorten(lines.join('\n')), becomes: shorten(replacement) };
}

export function isEquivalent(change: Omit<Equivalent, 'why'>): boolean {
  return known.has(keyOf(change));
}

/** Two words with a blank between them, as no name, path or media type has. Its wording is no subject of a test. */
export function isSentence(text: string): boolean {
  return /[a-z]{2}\S* (?:\S* )*\S*[a-z]{2}/i.test(text.replace(/\$\{[^}]*\}/g, '…'));
}

export function onOneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/** Enough to know a place by. */
function shorten(text: string): string {
  return onOneLine(text).slice(0, 160).trim();
}

function keyOf({ file, line, of, becomes }: Omit<Equivalent, 'why'>): string {
  return JSON.stringify([file, line, of, becomes]);
}

function readSource(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

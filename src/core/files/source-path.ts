// How the source of a COPY is read: a path from the root of the context, or a pattern for such paths. Pure.

import { compilePattern, hasWildcards, unescapePattern } from './glob.ts';
import type { GlobPattern } from './glob.ts';

/** One part of a pattern: names that match, or `**` for any number of directories, none included. */
export type PatternPart = GlobPattern | '**';

export interface SourcePath {
  /** The parts up to the first wildcard, without escapes. */
  readonly parts: readonly string[];
  /** The parts from the first wildcard on; empty for a plain path. */
  readonly pattern: readonly PatternPart[];
}

/** Why a source can't be read. */
export type SourceProblem = 'leaves the context' | 'malformed pattern' | 'null byte';

/** Cleans the path as Go's path.Join does: a leading slash and doubled slashes mean nothing. */
export function parseSourcePath(text: string): SourcePath | SourceProblem {
  if (text.includes('\0')) return 'null byte';
  const cleaned: string[] = [];
  for (const part of text.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') cleaned.push(part);
    else if (cleaned.pop() === undefined) return 'leaves the context';
  }

  const first = cleaned.findIndex(hasWildcards);
  const plain = first === -1 ? cleaned : cleaned.slice(0, first);
  const pattern: PatternPart[] = [];
  for (const part of first === -1 ? [] : cleaned.slice(first)) {
    const compiled = part === '**' ? part : compilePattern(part);
    if (compiled === undefined) return 'malformed pattern';
    pattern.push(compiled);
  }
  return { parts: plain.map(unescapePattern), pattern };
}

/** The same of a path in which no character is a wildcard. */
export function parsePlainPath(text: string): SourcePath | SourceProblem {
  return parseSourcePath(text.replaceAll(/[*?[\\]/g, '\\$&'));
}

/** What --parents keeps of a source: all of it, or what is behind a `/./`. */
export function splitAtPivot(text: string): { readonly start: string; readonly below: string } {
  const pivot = text.indexOf('/./');
  return pivot === -1
    ? { start: '', below: text }
    : { start: text.slice(0, pivot), below: text.slice(pivot + '/./'.length) };
}

/**
 * The states of a pattern after one more name of a path; the length of the pattern is the state of a match.
 * @param states how many parts of the pattern may be used up: `**` leaves several possibilities
 */
export function advance(
  pattern: readonly PatternPart[],
  states: ReadonlySet<number>,
  name: string,
): ReadonlySet<number> {
  const last = pattern.length - 1;
  const next = new Set<number>();
  // The loop also sees what it adds: without its `**`, a pattern goes on with what follows.
  const possible = new Set(states);
  for (const state of possible) {
    const part = pattern[state];
    // At the end `**` is but a `*`, as in Docker: a directory that matches is taken whole anyway.
    if (part === '**' && state < last) {
      possible.add(state + 1);
      next.add(state);
    } else if (part === '**' || part?.test(name) === true) {
      next.add(state + 1);
    }
  }
  return next;
}

// What `.containerignore` and `.dockerignore` exclude from the context, by the rules of github.com/moby/patternmatcher.
// It means the same on every system: in a pattern a slash separates, and a backslash escapes.

import { posix } from 'node:path';
import { quote } from '../text.ts';
import { BimaError } from '../errors.ts';
import type { Position } from '../errors.ts';
import { limits } from '../limits.ts';
import { Automaton, readTokens } from './glob.ts';
import type { GlobToken } from './glob.ts';

export interface IgnoreRules {
  /** The name of the file that the rules were read from, unless there is none. */
  readonly file?: string;
  /** @param path relative to the context, with `/`, and not empty */
  ignores(path: string): boolean;
  /** False when nothing below this ignored folder can be kept, so that there is no need to look. */
  mayKeepBelow(folder: string): boolean;
}

export const noIgnoreRules: IgnoreRules = { ignores: () => false, mayKeepBelow: () => true };

/** Excludes what either of the two excludes. */
export function bothRules(one: IgnoreRules, other: IgnoreRules): IgnoreRules {
  const allows = (rules: IgnoreRules, folder: string) => !rules.ignores(folder) || rules.mayKeepBelow(folder);
  return {
    ...one,
    ignores: (path) => one.ignores(path) || other.ignores(path),
    mayKeepBelow: (folder) => allows(one, folder) && allows(other, folder),
  };
}

/** Rules whose paths start at a folder, for paths that start above it. */
export function rulesBelow(rules: IgnoreRules, folder: string): IgnoreRules {
  const start = folder === '' ? 0 : folder.length + 1;
  return {
    ignores: (path) => rules.ignores(path.slice(start)),
    mayKeepBelow: (path) => rules.mayKeepBelow(path.slice(start)),
  };
}

/** True for a valid pattern of an ignore file. */
export function isIgnorePattern(text: string): boolean {
  return readPattern(text) !== undefined;
}

/** The rules of patterns like those of an ignore file, `isIgnorePattern` all of them. */
export function parseExcludes(patterns: readonly string[]): IgnoreRules {
  return rulesOf(patterns.map((text) => ({ text, position: { file: '', line: 1, column: 1 } })));
}

/** Leaves out all that a pattern doesn't match, but for the folders on the way. The empty one matches everything. */
export function rulesOutside(pattern: string): IgnoreRules {
  const cleaned = cleanPattern(`/${pattern}`);
  const tokens = cleaned === '' ? undefined : readTokens(cleaned, true);
  if (tokens === undefined) return noIgnoreRules;
  const automaton = new Automaton(tokens);
  return {
    ignores: (path) => automaton.testPath(path) !== 'matches',
    mayKeepBelow: (folder) => automaton.testPath(folder) !== 'neither',
  };
}

/** The rules of a file, by how they are looked up. A rule is its number in the file. */
interface Rules {
  /** Whether a rule is an exception. */
  readonly isException: readonly boolean[];
  /** Rules without wildcards, by the path that they name. */
  readonly byPath: ReadonlyMap<string, number>;
  /** Rules that name any file or folder of one name, wherever it is. */
  readonly byName: ReadonlyMap<string, number>;
  /** The others, the last one first. */
  readonly patterns: readonly { readonly rule: number; readonly automaton: Automaton }[];
  /** The paths of exceptions without wildcards, sorted by code units. */
  readonly exceptions: readonly string[];
}

/**
 * Reads an ignore file. The last rule that matches a path, or a folder above it, decides.
 * @throws BimaError CONTEXT_PATH, with its line, for a malformed pattern, and for far too many with wildcards
 */
export function parseIgnoreFile(text: string, file: string): IgnoreRules {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const patterns = lines.map((line, index) => ({
    text: line.startsWith('#') ? '' : line,
    position: { file, line: index + 1, column: line.search(/\S/) + 1 },
  }));
  return { file, ...rulesOf(patterns) };
}

interface WrittenPattern {
  readonly text: string;
  readonly position: Position;
}

function rulesOf(written: readonly WrittenPattern[]): IgnoreRules {
  const { isException, byPath, byName, patterns, exceptions } = readRules(written);
  const hasNameException = [...byName.values()].some((rule) => isException[rule]);
  return {
    ignores(path) {
      let last = -1;
      for (const { above, name } of partsOf(path))
        last = Math.max(last, byPath.get(above) ?? -1, byName.get(name) ?? -1);
      const decisive = patterns.find(({ rule, automaton }) => {
        return rule > last && automaton.testPath(path) === 'matches';
      });
      return isException[decisive?.rule ?? last] === false;
    },
    mayKeepBelow(folder) {
      if (hasNameException || isBelow(exceptions, folder)) return true;
      const folders = partsOf(folder);
      if (folders.some(({ above }) => isException[byPath.get(above) ?? -1] === true)) return true;
      const reaches = ({ rule, automaton }: Rules['patterns'][number]) =>
        isException[rule] === true && automaton.testPath(folder) !== 'neither';
      return patterns.some(reaches);
    },
  };
}

/** Undefined for a pattern that is malformed. */
function readPattern(
  text: string,
):
  | { readonly isException: boolean; readonly pattern: string; readonly tokens: readonly GlobToken[] }
  | undefined {
  const written = text.trim();
  const isException = written.startsWith('!');
  const pattern = cleanPattern(isException ? written.slice(1).trim() : written);
  const tokens = isException && pattern === '' ? undefined : readTokens(pattern, true);
  return tokens === undefined ? undefined : { isException, pattern, tokens };
}

function readRules(written: readonly WrittenPattern[]): Rules {
  const isException: boolean[] = [];
  const byPath = new Map<string, number>();
  const byName = new Map<string, number>();
  const wild = new Map<string, Rules['patterns'][number]>();
  for (const { text, position } of written) {
    if (text.trim() === '') continue;
    const read = readPattern(text);
    if (read === undefined) {
      const hint = 'Close every "[" with a "]", and put something after "!" and "\\".';
      const message = `${quote(text.trim())} is not a valid pattern`;
      throw new BimaError('CONTEXT_PATH', message, { hint, position });
    }
    const { pattern, tokens } = read;
    // Such a pattern names nothing in the context, and no path is so long.
    if (/^(?:\.?$|\.\.(?:\/|$))/.test(pattern) || countCharacters(tokens) > limits.path) continue;

    const rule = isException.push(read.isException) - 1;
    const [, name] = /^\*\*\/([^/*?[\\]+)$/.exec(pattern) ?? [];
    if (name !== undefined) byName.set(name, rule);
    else if (!/[*?[\\]/.test(pattern)) byPath.set(pattern, rule);
    else {
      // An earlier rule for the same pattern decides nothing any more.
      wild.delete(pattern);
      wild.set(pattern, { rule, automaton: new Automaton(endsOfPaths(pattern) ?? tokens) });
      if (wild.size > limits.ignorePatterns) {
        const message = `expected at most ${limits.ignorePatterns} patterns with wildcards`;
        throw new BimaError('CONTEXT_PATH', message, { hint: 'Name folders, not what they hold.', position });
      }
    }
  }
  return {
    isException,
    byPath,
    byName,
    patterns: [...wild.values()].reverse(),
    exceptions: [...byPath].flatMap(([path, rule]) => (isException[rule] === true ? [path] : [])).sort(),
  };
}

/** Cleans a pattern as Go's filepath.Clean does, and strips a leading slash. */
function cleanPattern(written: string): string {
  return written === '' ? '' : posix.normalize(written).replace(/^\/|\/$/g, '');
}

/** `**name` stands for every path with that end. */
function endsOfPaths(pattern: string): readonly GlobToken[] | undefined {
  const [, end] = /^\*\*([^/*?[\]\\][^*?[\]\\]*)$/.exec(pattern) ?? [];
  return end === undefined ? undefined : ['any', ...(readTokens(end, false) ?? [])];
}

/** Those that a path must have at least. */
function countCharacters(tokens: readonly GlobToken[]): number {
  return tokens.filter((token) => typeof token !== 'string' || token === 'one').length;
}

/** `a/b/c` gives `a`, `a/b` and `a/b/c`, each with its last part. */
function partsOf(path: string): { readonly above: string; readonly name: string }[] {
  const parts = [];
  for (let start = 0; start <= path.length;) {
    const slash = path.indexOf('/', start);
    const end = slash === -1 ? path.length : slash;
    parts.push({ above: path.slice(0, end), name: path.slice(start, end) });
    start = end + 1;
  }
  return parts;
}

/** Whether one of the sorted paths lies below a folder. */
function isBelow(paths: readonly string[], folder: string): boolean {
  const prefix = `${folder}/`;
  let low = 0;
  let high = paths.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((paths[middle] ?? '') < prefix) low = middle + 1;
    else high = middle;
  }
  return paths[low]?.startsWith(prefix) === true;
}

// What `.containerignore` and `.dockerignore` leave out of the context, by the rules of github.com/moby/patternmatcher.
// The library is asked one pattern at a time; the order of the rules and the folders above a path are dealt with here.

import dockerignore from '@balena/dockerignore';
import { posix } from 'node:path';
import { BimaError } from '../errors.ts';
import { compilePattern } from './glob.ts';

export interface IgnoreRules {
  /** The name of the file that the rules were read from, unless there is none. */
  readonly file?: string;
  /** @param path relative to the context, with `/`, and not empty */
  ignores(path: string): boolean;
  /** False when nothing below this ignored folder can be kept, so that there is no need to look. */
  mayKeepBelow(folder: string): boolean;
}

export const noIgnoreRules: IgnoreRules = { ignores: () => false, mayKeepBelow: () => true };

interface Rule {
  readonly exception: boolean;
  readonly matches: (path: string) => boolean;
  /** Whether it could match something below a folder. */
  readonly reaches: (folder: string) => boolean;
}

/**
 * Reads an ignore file. The last rule that matches a path, or a folder above it, decides.
 * @throws BimaError CONTEXT_PATH, with its line, for a malformed pattern
 */
export function parseIgnoreFile(text: string, file: string): IgnoreRules {
  const rules: Rule[] = [];
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const pattern = line.trim();
    if (line.startsWith('#') || pattern === '') continue;
    const rule = parseRule(pattern);
    if (rule === undefined) {
      throw new BimaError('CONTEXT_PATH', `"${pattern}" is not a valid pattern`, {
        hint: 'Close every "[" with a "]", and put something after "!" and "\\".',
        position: { file, line: index + 1, column: line.indexOf(pattern) + 1 },
      });
    }
    rules.push(rule);
  }

  return {
    file,
    mayKeepBelow: (folder) => rules.some(({ exception, reaches }) => exception && reaches(folder)),
    ignores(path) {
      const paths = withFoldersAbove(path);
      let ignored = false;
      for (const { exception, matches } of rules) {
        if (exception === ignored && paths.some(matches)) ignored = !exception;
      }
      return ignored;
    },
  };
}

function parseRule(line: string): Rule | undefined {
  const exception = line.startsWith('!');
  const written = exception ? line.slice(1).trim() : line;
  const pattern = posix.normalize(written).replace(/^\/|\/$/g, '');
  if (exception && (written === '' || pattern === '')) return undefined;
  const parts = pattern.split('/');
  if (parts.some((part) => compilePattern(part) === undefined)) return undefined;
  // Such a pattern names nothing in the context.
  if (pattern === '' || pattern === '.' || parts[0] === '..') {
    return { exception, matches: () => false, reaches: () => false };
  }

  // The library takes a file named as a property of every object, such as `constructor`, for one that it has seen,
  // so all paths get a folder in front.
  const library = dockerignore.default({ ignorecase: false }).add(`context/${forLibrary(pattern)}`);
  return {
    exception,
    matches: (path) => library.ignores(`context/${path}`),
    reaches: (folder) => canReach(parts, folder.split('/')),
  };
}

function canReach(pattern: readonly string[], folder: readonly string[]): boolean {
  for (const [index, name] of folder.entries()) {
    const part = pattern[index];
    if (part === undefined || part.includes('**')) return true;
    if (compilePattern(part)?.test(name) === false) return false;
  }
  return true;
}

function forLibrary(pattern: string): string {
  return (
    pattern
      // `**name` stands for every path with that end; the library would want a whole folder for the `**`.
      .replace(/^\*\*(?!\/)(?=[^*?[\]\\]+$)/, '**/*')
      // The library takes these characters for those of a regular expression.
      .replace(/\\.|\[(?:\\.|[^\]\\])*\]|[+(){}|]/gsu, (part) => (part.length === 1 ? `[${part}]` : part))
  );
}

/** `a/b/c` gives `a`, `a/b` and `a/b/c`. */
function withFoldersAbove(path: string): string[] {
  const parts = path.split('/');
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

// The build context: a directory, less what its ignore file leaves out, in which the sources of a COPY are found.
// Nothing outside the directory is ever read.

import { realpath, stat } from 'node:fs/promises';
import type { CopySource } from '../containerfile/instruction.ts';
import { BimaError, isSystemError } from '../errors.ts';
import { limits } from '../limits.ts';
import { readAll } from '../oci/blob.ts';
import { lastPart, refusal } from './disk.ts';
import type { Place } from './disk.ts';
import type { Match } from './found.ts';
import { explainIgnored, explainMissing } from './hints.ts';
import { noIgnoreRules, parseIgnoreFile } from './ignore.ts';
import type { IgnoreRules } from './ignore.ts';
import { follow } from './links.ts';
import type { Followed } from './links.ts';
import { readListed, recognize } from './listed-file.ts';
import { listPath } from './listing.ts';
import { findMatches } from './matching.ts';
import { parseSourcePath } from './source-path.ts';
import type { SourcePath } from './source-path.ts';

export interface Context {
  /** Absolute, with its links resolved. */
  readonly root: string;
  /**
   * What a source names, sorted; at least one thing. A path that starts with `/` starts at the root of the context.
   * Links that the source names are followed, those inside a directory are kept.
   * @throws BimaError CONTEXT_PATH, with the source's position, for a source that matches nothing or that leaves the
   *   context, and for what an image can't hold
   */
  match(source: CopySource): Promise<readonly Match[]>;
}

/**
 * Opens a directory as a context, with the rules of its `.containerignore`, or else of its `.dockerignore`.
 * @throws BimaError CONTEXT_PATH when it is no directory, or its ignore file can't be used
 */
export async function openContext(directory: string): Promise<Context> {
  const root = await resolveDirectory(directory);
  const rules = await readIgnoreRules({ root });
  return { root, match: (source) => match({ root, position: source.position }, rules, source) };
}

async function resolveDirectory(directory: string): Promise<string> {
  try {
    const root = await realpath(directory);
    if ((await stat(root)).isDirectory()) return root;
  } catch (cause) {
    const why = isSystemError(cause, 'ENOENT') ? 'does not exist' : `can't be opened: ${String(cause)}`;
    throw new BimaError('CONTEXT_PATH', `the context "${directory}" ${why}`, { cause });
  }
  throw new BimaError('CONTEXT_PATH', `expected a directory as the context, got the file "${directory}"`, {
    hint: 'Name the directory that holds the files to copy, and the Containerfile with --file (the input "file").',
  });
}

async function readIgnoreRules(place: Place): Promise<IgnoreRules> {
  for (const name of ['.containerignore', '.dockerignore']) {
    const followed = await follow(place, [name]);
    if (!followed.exists) continue;
    if (!followed.stats.isFile()) throw refusal(place, `expected "${name}" to be a file`);
    if (followed.stats.size > limits.ignoreFile) {
      const message = `expected at most ${limits.ignoreFile} bytes in "${name}", got ${followed.stats.size}`;
      throw refusal(place, message, { hint: 'Check that this is the file you meant.' });
    }
    const bytes = await readAll(readListed(place, followed.path, recognize(followed.stats)));
    return parseIgnoreFile(Buffer.from(bytes).toString(), name);
  }
  return noIgnoreRules;
}

async function match(place: Place, rules: IgnoreRules, source: CopySource): Promise<Match[]> {
  const { parts, pattern } = readSource(place, source);
  const written = parts.join('/');
  const start = await follow(place, parts);
  if (!start.exists) throw await explainMissing(place, source, start);
  if (pattern.length === 0) {
    const found = await list(place, rules, written, start);
    if (found === undefined) throw explainIgnored(place, written, rules.file ?? '');
    return [{ source, found }];
  }

  const matches: Match[] = [];
  const paths = start.stats.isDirectory() ? await findMatches(place, rules, start.path, pattern) : [];
  for (const path of paths) {
    const followed = await follow(place, path.split('/'));
    if (!followed.exists) throw await explainMissing(place, source, followed);
    const found = await list(place, rules, path, followed);
    if (found !== undefined) matches.push({ source, found });
  }
  if (matches.length > 0) return matches;

  const [ignored] = start.stats.isDirectory()
    ? await findMatches(place, noIgnoreRules, start.path, pattern)
    : [];
  if (ignored !== undefined) throw explainIgnored(place, ignored, rules.file ?? '');
  throw refusal(place, `nothing in the context matches "${source.path}"`, {
    hint: `The context is "${place.root}".`,
  });
}

/** What is at a path, under the name that the source knows it by, which may be that of a link. */
async function list(
  place: Place,
  rules: IgnoreRules,
  written: string,
  followed: Extract<Followed, { exists: true }>,
): Promise<Match['found'] | undefined> {
  if (written !== followed.path && written !== '' && rules.ignores(written)) return undefined;
  const found = await listPath(place, rules, followed.path, followed.stats);
  return found === undefined ? undefined : { ...found, name: lastPart(written) };
}

function readSource(place: Place, source: CopySource): SourcePath {
  const path = parseSourcePath(source.path);
  switch (path) {
    case 'leaves the context':
      throw refusal(place, `"${source.path}" leads out of the context`, {
        hint: 'COPY takes files from the context alone: move it there, or build with a directory above as the context.',
      });
    case 'malformed pattern':
      throw refusal(place, `"${source.path}" is not a valid pattern`, {
        hint: 'Close every "[" with a "]", or write "[[]" for the character itself.',
      });
    case 'null byte':
      throw refusal(place, 'a source of COPY holds a null byte');
    default:
      return path;
  }
}

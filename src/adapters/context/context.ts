// The build context: a directory, less what its ignore file leaves out, in which the sources of a COPY are found.
// Nothing outside the directory is ever read.

import { realpath, stat } from 'node:fs/promises';
import type { CopySource } from '../../core/containerfile/instruction.ts';
import { BimaError, collectProblems, isSystemError, throwProblems } from '../../core/errors.ts';
import type { Problem } from '../../core/errors.ts';
import type { FoundContainerfile } from './find-containerfile.ts';
import { lastPart, readStats, refusal, withPlace } from './disk.ts';
import type { Listings, OpenPlace, Place } from './disk.ts';
import type { Match } from '../../core/files/match.ts';
import { explainIgnored, explainMissing, explainOutput } from './hints.ts';
import { noIgnoreRules } from '../../core/files/ignore.ts';
import type { IgnoreRules } from '../../core/files/ignore.ts';
import { readIgnoreFile } from './ignore-file.ts';
import { follow } from './links.ts';
import type { Followed } from './links.ts';
import { listPath } from './listing.ts';
import { findMatches } from './matching.ts';
import { findOutputs, withoutOutputs } from './own-outputs.ts';
import type { OwnOutputs } from './own-outputs.ts';
import { parseSourcePath } from '../../core/files/source-path.ts';
import type { SourcePath } from '../../core/files/source-path.ts';

export interface Context {
  /** Absolute, with its links resolved. */
  readonly root: string;
  /** The ignore file that counts, as a user would write its path; absent where there is none. */
  readonly ignoreFile?: string;
  /**
   * What a source names, sorted; at least one thing. A path that starts with `/` starts at the root of the context.
   * Links that the source names are followed, those inside a directory are kept.
   * @throws BimaError CONTEXT_PATH, with the source's position, for a source that matches nothing or that leaves the
   *   context, and for everything below it that an image can't hold; CONTEXT_CHANGED
   */
  match(source: CopySource): Promise<readonly Match[]>;
  /** What was left out because this build writes it, so far. */
  readonly leftOut: ReadonlySet<string>;
  /** What is doubtful among the matches so far. */
  readonly warnings: readonly Problem[];
}

export interface ContextOptions {
  /** The directory as a user would write it: the current one by default. */
  readonly context?: string;
  /** Where the Containerfile is, with the path that a user would write. */
  readonly containerfile?: FoundContainerfile;
  /** Files and folders that the build writes. */
  readonly outputs?: readonly string[] | undefined;
}

/** What all matches of a context have in common. */
interface Opened {
  readonly listings: Listings;
  readonly rules: IgnoreRules;
  readonly outputs: OwnOutputs;
}

/**
 * Opens a directory as a context, with the rules of the ignore file that counts.
 * @param root absolute, with its links resolved
 * @throws BimaError CONTEXT_PATH when the ignore file can't be used
 */
export async function openContext(root: string, options: ContextOptions = {}): Promise<Context> {
  const listings: Listings = new Map();
  const leftOut = new Set<string>();
  const warnings: Problem[] = [];
  const outputs = await findOutputs(root, options.outputs ?? []);
  const written = await readIgnoreFile(root, options.context ?? '', options.containerfile, listings);
  const rules = withoutOutputs(written, outputs, (output) => leftOut.add(output));
  const warn = (problem: Problem) => {
    if (warnings.every(({ message }) => message !== problem.message)) warnings.push(problem);
  };
  return {
    root,
    ...(written.file === undefined ? {} : { ignoreFile: written.file }),
    match: (source) =>
      withPlace({ root, position: source.position, warn }, listings, (place) =>
        match(place, { listings, rules, outputs }, source),
      ),
    leftOut,
    warnings,
  };
}

/** The context with its links resolved. @throws BimaError CONTEXT_PATH when it is no directory */
export async function resolveContext(directory: string): Promise<string> {
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

async function match(place: OpenPlace, opened: Opened, source: CopySource): Promise<Match[]> {
  const { rules } = opened;
  const { parts, pattern } = readSource(place, source);
  const written = parts.join('/');
  const start = await follow(place, parts);
  if (!start.exists) throw await explainMissing(place, source, start);
  if (pattern.length === 0) {
    const found = await list(place, rules, written, start);
    if (found === undefined) throw explainLeftOut(place, opened, written);
    return [{ source, found }];
  }

  const matches: Match[] = [];
  const problems: Problem[] = [];
  const paths = start.stats.isDirectory() ? await findMatches(place, rules, start.path, pattern) : [];
  for (const path of paths) {
    await collectProblems(problems, async () => {
      const followed = await followLast(place, path);
      if (!followed.exists) throw await explainMissing(place, source, followed);
      const found = await list(place, rules, path, followed);
      if (found !== undefined) matches.push({ source, found });
    });
  }
  throwProblems(problems);
  if (matches.length > 0) return matches;

  const [ignored] = start.stats.isDirectory()
    ? await findMatches(place, noIgnoreRules, start.path, pattern)
    : [];
  if (ignored !== undefined) throw explainLeftOut(place, opened, ignored);
  throw refusal(place, `nothing in the context matches "${source.path}"`, {
    hint: `The context is "${place.root}".`,
  });
}

/** No link is on the way to a match, but it may be one itself. */
async function followLast(place: OpenPlace, path: string): Promise<Followed> {
  const stats = readStats(place, path);
  const isFound = stats !== undefined && !stats.isSymbolicLink();
  return isFound ? { exists: true, path, stats } : follow(place, path.split('/'));
}

function explainLeftOut(place: OpenPlace, { rules, outputs }: Opened, path: string): BimaError {
  return outputs.find(path) === undefined
    ? explainIgnored(place, path, rules.file ?? '')
    : explainOutput(place, path);
}

/** What is at a path, under the name that the source knows it by, which may be that of a link. */
async function list(
  place: OpenPlace,
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

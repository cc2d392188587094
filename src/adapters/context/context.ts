// The build context: a directory without what its ignore file excludes, in which the sources of a COPY are found.
// Nothing outside the directory is ever read.

import { realpath, stat } from 'node:fs/promises';
import type { CopySource } from '../../core/containerfile/instruction.ts';
import { BimaError, isSystemError } from '../../core/errors.ts';
import type { Problem } from '../../core/errors.ts';
import { findSources } from '../../core/files/find-sources.ts';
import type { SourceFlags } from '../../core/files/find-sources.ts';
import type { Match } from '../../core/files/match.ts';
import { withPlace } from './disk.ts';
import type { Listings } from './disk.ts';
import { diskTree } from './disk-tree.ts';
import type { FoundContainerfile } from './find-containerfile.ts';
import { readIgnoreFile } from './ignore-file.ts';
import { findOutputs, withoutOutputs } from './own-outputs.ts';

export interface Context {
  /** Absolute, with its links resolved. */
  readonly root: string;
  /** Path of the ignore file that applies, as a user would write it; absent where there is none. */
  readonly ignoreFile?: string;
  /**
   * What a source names, as `findSources` has it. A path that starts with `/` starts at the root of the context.
   * @throws BimaError CONTEXT_PATH, with the source's position, for a source that matches nothing or that leaves the
   *   context, and for everything below it that an image can't hold; CONTEXT_CHANGED
   */
  match(source: CopySource, flags?: SourceFlags): Promise<readonly Match[]>;
  /** What was left out so far because this build writes it. */
  readonly leftOut: ReadonlySet<string>;
  /** Warnings about the matches so far. */
  readonly warnings: readonly Problem[];
}

export interface ContextOptions {
  /** The directory as a user would write it: the current one by default. */
  readonly context?: string;
  /** Where it came from, if its path means nothing to the user. */
  readonly origin?: string;
  /** Where the Containerfile is, and its path as a user would write it. */
  readonly containerfile?: FoundContainerfile;
  /** Files and folders that the build writes. */
  readonly outputs?: readonly string[] | undefined;
}

/**
 * Opens a directory as a context, with the rules of the ignore file that counts.
 * @param root absolute, with its links resolved
 * @throws BimaError CONTEXT_PATH when the ignore file can't be used
 */
export async function openContext(root: string, options: ContextOptions = {}): Promise<Context> {
  const { origin } = options;
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
    match: (source, flags) =>
      withPlace({ root, position: source.position, warn, origin }, listings, (place) =>
        findSources(diskTree(place, rules, outputs), source, flags),
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

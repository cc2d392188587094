// What lies below a path of the context: the tree that a COPY takes, without what the ignore file leaves out.

import type { BigIntStats } from 'node:fs';
import { BimaError, throwProblems } from '../../core/errors.ts';
import type { Problem } from '../../core/errors.ts';
import { joinPath, lastPart, readNames, readStats, refusal, specialKind } from './disk.ts';
import type { OpenPlace } from './disk.ts';
import { readExecutable } from './executable.ts';
import type { Found, FoundDirectory, FoundFile } from '../../core/files/match.ts';
import type { IgnoreRules } from '../../core/files/ignore.ts';
import { readInnerTarget } from './links.ts';
import { readListed, recognize } from './read-file.ts';
import { isOldArchive, warnOfArchive } from './old-archives.ts';

/**
 * The file or the directory at a path that no link leads through; undefined when the ignore file leaves it out.
 * @throws BimaError CONTEXT_PATH with everything below that can't be packed, CONTEXT_CHANGED for what vanishes meanwhile
 */
export async function listPath(
  place: OpenPlace,
  rules: IgnoreRules,
  path: string,
  stats: BigIntStats,
  name = lastPart(path),
): Promise<FoundFile | FoundDirectory | undefined> {
  const ignored = path !== '' && rules.ignores(path);
  if (stats.isDirectory()) {
    if (ignored && !rules.mayKeepBelow(path)) return undefined;
    const children = await listChildren(place, rules, path);
    return ignored && children.length === 0 ? undefined : { type: 'directory', name, children };
  }
  if (ignored) return undefined;
  const kind = specialKind(stats);
  if (kind !== undefined) {
    throw refusal(place, `"${path}" is ${kind}, which an image can't hold`, {
      hint: 'Remove it, or have the ignore file leave it out.',
    });
  }
  const { dev, ino, size, mtimeNs } = recognize(stats);
  return {
    type: 'file',
    name,
    size,
    ...readExecutable(place, path, stats),
    ...(stats.nlink > 1n ? { inode: `${dev}:${ino}` } : {}),
    // What readListed takes for the same file.
    identify: () => `${path}:${dev}:${ino}:${size}:${mtimeNs}`,
    open: () => readListed(place, path, { dev, ino, size, mtimeNs }),
  };
}

async function listChildren(place: OpenPlace, rules: IgnoreRules, folder: string): Promise<Found[]> {
  const found: Found[] = [];
  const problems: Problem[] = [];
  for (const name of await readNames(place, folder)) {
    const path = joinPath(folder, name);
    if (rules.ignores(path) && !rules.mayKeepBelow(path)) continue;
    try {
      const stats = mustReadStats(place, path);
      const item = stats.isSymbolicLink()
        ? await listLink(place, rules, path, name)
        : await listPath(place, rules, path, stats, name);
      if (item === undefined) continue;
      found.push(item);
      if (item.type === 'file' && isOldArchive(place, path, stats)) place.warn?.(warnOfArchive(place, path));
    } catch (error) {
      if (!(error instanceof BimaError)) throw error;
      for (const problem of error.problems) problems.push(problem);
    }
  }
  throwProblems(problems);
  return found;
}

function mustReadStats(place: OpenPlace, path: string): BigIntStats {
  const stats = readStats(place, path);
  if (stats !== undefined) return stats;
  throw new BimaError('CONTEXT_CHANGED', `"${path}" was removed while the context was read`, {
    hint: 'Build again when nothing writes to the context.',
  });
}

async function listLink(
  place: OpenPlace,
  rules: IgnoreRules,
  path: string,
  name: string,
): Promise<Found | undefined> {
  if (rules.ignores(path)) return undefined;
  return { type: 'symlink', name, target: await readInnerTarget(place, path) };
}

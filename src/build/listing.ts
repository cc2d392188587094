// What lies below a path of the context: the tree that a COPY takes, without what the ignore file leaves out.

import type { BigIntStats } from 'node:fs';
import { BimaError } from '../errors.ts';
import { joinPath, lastPart, readNames, readStats, refusal, specialKind } from './disk.ts';
import type { Place } from './disk.ts';
import { readExecutable } from './executable.ts';
import type { Found, FoundDirectory, FoundFile } from './found.ts';
import type { IgnoreRules } from './ignore.ts';
import { readInnerTarget } from './links.ts';
import { readListed, recognize } from './listed-file.ts';

/**
 * The file or the directory at a path that no link leads through; undefined when the ignore file leaves it out.
 * @throws BimaError CONTEXT_PATH for what can't be packed, CONTEXT_CHANGED for what vanishes meanwhile
 */
export async function listPath(
  place: Place,
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
    // What readListed takes for the same file.
    identify: () => `${path}:${dev}:${ino}:${size}:${mtimeNs}`,
    open: () => readListed(place, path, { dev, ino, size, mtimeNs }),
  };
}

async function listChildren(place: Place, rules: IgnoreRules, folder: string): Promise<Found[]> {
  const found: Found[] = [];
  for (const name of await readNames(place, folder)) {
    const path = joinPath(folder, name);
    if (rules.ignores(path) && !rules.mayKeepBelow(path)) continue;
    const stats = readStats(place, path);
    if (stats === undefined) {
      throw new BimaError('CONTEXT_CHANGED', `"${path}" was removed while the context was read`, {
        hint: 'Build again when nothing writes to the context.',
      });
    }
    if (stats.isSymbolicLink()) {
      if (rules.ignores(path)) continue;
      found.push({ type: 'symlink', name, target: await readInnerTarget(place, path) });
      continue;
    }
    const item = await listPath(place, rules, path, stats, name);
    if (item !== undefined) found.push(item);
  }
  return found;
}

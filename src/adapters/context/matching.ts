// Finds the paths of the context that a pattern matches. Links are matched, and never walked through, as in Docker.

import { joinPath, readNames, readStats } from './disk.ts';
import type { OpenPlace } from './disk.ts';
import type { IgnoreRules } from '../../core/files/ignore.ts';
import { advance } from '../../core/files/source-path.ts';
import type { PatternPart } from '../../core/files/source-path.ts';

/**
 * The paths below `folder` that match, in bytewise order of their parts. What lies in a directory that matches
 * comes with it, and is no match of its own.
 */
export async function findMatches(
  place: OpenPlace,
  rules: IgnoreRules,
  folder: string,
  pattern: readonly PatternPart[],
): Promise<string[]> {
  const matches: string[] = [];
  await walk(folder, new Set([0]));
  return matches;

  /** @param states how many parts of the pattern may be used up: `**` leaves several possibilities */
  async function walk(path: string, states: ReadonlySet<number>): Promise<void> {
    for (const name of await readNames(place, path)) {
      const child = joinPath(path, name);
      if (rules.ignores(child) && !rules.mayKeepBelow(child)) continue;
      const next = advance(pattern, states, name);
      if (next.has(pattern.length)) matches.push(child);
      else if (next.size > 0 && readStats(place, child)?.isDirectory() === true) await walk(child, next);
    }
  }
}

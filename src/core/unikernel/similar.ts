// Guesses which annotation is meant by a name that urunc doesn't know.

import { nearest } from '../suggest.ts';
import { readUruncKey, uruncKeys, uruncNames, uruncPrefix } from './urunc-annotations.ts';
import type { UruncName } from './urunc-annotations.ts';

/** Names that people have used and no release of urunc reads, and what is meant by them. */
const strays: ReadonlyMap<string, UruncName> = new Map([
  ['type', 'unikernelType'],
  ['kernel', 'binary'],
  ['blkDev', 'solo5BlkDev'],
]);

/** The known annotation that a misspelt name comes nearest to, unless none is near. */
export function findSimilar(key: string): UruncName | undefined {
  if (!key.startsWith(uruncPrefix)) {
    const similar = nearest(key, Object.values(uruncKeys));
    return similar === undefined ? undefined : readUruncKey(similar);
  }
  const name = key.slice(uruncPrefix.length);
  return strays.get(name) ?? uruncNames.find((known) => known === nearest(name, uruncNames));
}

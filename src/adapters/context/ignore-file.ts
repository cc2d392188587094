// Which ignore file applies: that of the Containerfile, or else that of the context; never both.

import { join } from 'node:path';
import { limits } from '../../core/limits.ts';
import { readAll } from '../../core/oci/blob.ts';
import type { FoundContainerfile } from './find-containerfile.ts';
import { refusal, withPlace } from './disk.ts';
import type { Listing, Listings } from './disk.ts';
import { noIgnoreRules, parseIgnoreFile } from '../../core/files/ignore.ts';
import type { IgnoreRules } from '../../core/files/ignore.ts';
import { findOnDisk } from './disk-tree.ts';
import { readListed, recognize } from './read-file.ts';

const suffixes = ['.containerignore', '.dockerignore'];

/**
 * The rules of the first that is there: `<Containerfile>.containerignore` and `<Containerfile>.dockerignore` beside the
 * Containerfile, then `.containerignore` and `.dockerignore` in the context, as podman looks for them. Docker knows
 * those named after its own file since 19.03 (https://docs.docker.com/build/concepts/context/#filename-and-location).
 * @param root of the context, absolute and with its links resolved
 * @param context the same as a user would write it, for messages and positions
 * @throws BimaError CONTEXT_PATH for anything but a file, for a link that leads out of the context, or out of the
 *   folder of a Containerfile elsewhere, and for a malformed pattern
 */
export async function readIgnoreFile(
  root: string,
  context: string,
  containerfile: FoundContainerfile | undefined,
  listings: Listings,
): Promise<IgnoreRules> {
  if (containerfile !== undefined) {
    const { path, place } = containerfile;
    const beside = suffixes.map((suffix) => ({ path: place.path + suffix, shown: path + suffix }));
    const known = place.root === root ? listings : new Map<string, Listing>();
    const rules = await readFirst(place.root, beside, known);
    if (rules !== undefined) return rules;
  }
  const own = suffixes.map((name) => ({ path: name, shown: join(context, name) }));
  return (await readFirst(root, own, listings)) ?? noIgnoreRules;
}

interface Candidate {
  /** Relative to the root, with `/`. */
  readonly path: string;
  /** Its name in messages. */
  readonly shown: string;
}

function readFirst(
  root: string,
  candidates: readonly Candidate[],
  listings: Listings,
): Promise<IgnoreRules | undefined> {
  return withPlace({ root }, listings, async (place) => {
    for (const { path, shown } of candidates) {
      const item = findOnDisk(place, path);
      if (item === undefined) continue;
      const { stats } = item;
      if (stats?.isFile() !== true) throw refusal(place, `expected "${shown}" to be a file`);
      if (stats.size > limits.ignoreFile) {
        const message = `expected at most ${limits.ignoreFile} bytes in "${shown}", got ${stats.size}`;
        throw refusal(place, message, { hint: 'Check that this is the file you meant.' });
      }
      const bytes = await readAll(readListed(place, item.path, recognize(stats)));
      return parseIgnoreFile(Buffer.from(bytes).toString(), shown);
    }
    return undefined;
  });
}

// What a cache of blobs removes when it holds too much: the least recently used.

import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '../../core/oci/digest.ts';
import { lifeOf } from '../filesystem/process-owner.ts';

/** Age, in milliseconds, of a temporary file without an owner's name: what a killed process left behind isn't taken for the file of one that runs. */
const abandonedAfter = 24 * 60 * 60 * 1000;

/**
 * Removes the least recently used blobs of a folder until the rest, with those that this run uses, has at most `limit` bytes. What can't
 * be removed stays.
 */
export async function evict(
  directory: string,
  limit: number,
  used: ReadonlyMap<Digest, unknown>,
  now: number,
): Promise<void> {
  const files: { readonly path: string; readonly size: number; readonly time: number }[] = [];
  let total = 0;
  for (const name of await readdir(directory).catch(() => [])) {
    const path = join(directory, name);
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) continue;
    if (name.startsWith('.')) {
      if ((await lifeOf(name)) === undefined && now - found.mtimeMs > abandonedAfter)
        await rm(path).catch(() => undefined);
      continue;
    }
    total += found.size;
    if (!used.has(`sha256:${name}`)) files.push({ path, size: found.size, time: found.mtimeMs });
  }
  files.sort((a, b) => a.time - b.time);
  for (const { path, size } of files) {
    if (total <= limit) return;
    await rm(path).catch(() => undefined);
    total -= size;
  }
}

// Symbolic links of the context: followed where a source names them, kept where a directory holds them,
// and refused when they lead out of the context.

import { isAbsolute } from 'node:path';
import type { BigIntStats } from 'node:fs';
import type { BimaError } from '../../core/errors.ts';
import { hasName, joinPath, readStats, readTarget, refusal } from './disk.ts';
import type { OpenPlace, Place } from './disk.ts';

/** As many as Linux follows. */
const maxLinks = 40;

/** Where a path leads to once its links are followed. */
export type Followed =
  | { readonly exists: true; readonly path: string; readonly stats: BigIntStats }
  /** `folder` is the last directory on the way, and `name` the part that it doesn't hold. */
  | { readonly exists: false; readonly folder: string; readonly name: string; readonly link?: string };

/**
 * Follows the parts of a path, links included, from the root of the context. Each part is, exactly, a name that the
 * listing of its folder gives.
 * @throws BimaError CONTEXT_PATH for a link that leaves the context, or that goes round in circles
 */
export async function follow(place: OpenPlace, parts: readonly string[]): Promise<Followed> {
  const ahead = [...parts];
  const behind: string[] = [];
  /** Whether what lies behind is a folder. */
  let isFolder = true;
  let link: string | undefined;
  for (let links = 0; ahead.length > 0;) {
    const name = ahead.shift() ?? '';
    if (name === '' || name === '.') continue;
    if (name === '..') {
      // Only links have such parts, and each was checked alone; one that leads through another shows here.
      if (behind.pop() === undefined) throw leadsOut(place, link ?? '', '..');
      isFolder = true;
      continue;
    }
    const folder = behind.join('/');
    const path = joinPath(folder, name);
    const isThere: boolean = isFolder && (await hasName(place, folder, name));
    const stats: BigIntStats | undefined = isThere ? readStats(place, path) : undefined;
    if (stats === undefined) return { exists: false, folder, name, ...(link === undefined ? {} : { link }) };
    if (!stats.isSymbolicLink()) {
      behind.push(name);
      isFolder = stats.isDirectory();
      continue;
    }
    link = path;
    if (++links > maxLinks) {
      throw refusal(place, `the symbolic link "${path}" leads to itself`);
    }
    ahead.unshift(...(await readInnerTarget(place, path)).split('/'));
  }

  const path = behind.join('/');
  const stats = readStats(place, path);
  if (stats === undefined) return { exists: false, folder: '', name: path };
  return { exists: true, path, stats };
}

/**
 * Where a link points to, provided that it is in the context.
 * @param path of the link, with no link on the way to it
 * @throws BimaError CONTEXT_PATH when the target is absolute, or leaves the context
 */
export async function readInnerTarget(place: OpenPlace, path: string): Promise<string> {
  const target = await readTarget(place, path);
  if (target.startsWith('/') || isAbsolute(target)) {
    throw refusal(place, `the symbolic link "${path}" has an absolute target, "${target}"`, {
      hint: 'Make it relative and point it into the context, put a copy in its place, or have the ignore file leave it out.',
    });
  }
  if (leaves(path.split('/').slice(0, -1), target)) {
    throw leadsOut(place, path, target);
  }
  return target;
}

function leadsOut(place: Place, link: string, target: string): BimaError {
  return refusal(place, `the symbolic link "${link}" leads out of the context, to "${target}"`, {
    hint: 'Put a copy of what it points to in its place, or have the ignore file leave it out.',
  });
}

function leaves(folder: readonly string[], target: string): boolean {
  let depth = folder.length;
  for (const part of target.split('/')) {
    if (part === '..') depth -= 1;
    else if (part !== '' && part !== '.') depth += 1;
    if (depth < 0) return true;
  }
  return false;
}

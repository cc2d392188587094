// The context on disk as a tree that COPY takes files from: no link leads out of it, and a name is exactly what the
// listing of its folder says.

import { isAbsolute } from 'node:path';
import type { Stats } from 'node:fs';
import type { IgnoreRules } from '../../core/files/ignore.ts';
import type { FoundFile, FoundSymlink } from '../../core/files/match.ts';
import type { SourceTree } from '../../core/files/source-tree.ts';
import { followLinks, joinPath } from '../../core/files/file-tree.ts';
import { explainLink } from '../../core/files/find-sources.ts';
import { noIgnoreRules } from '../../core/files/ignore.ts';
import { hasName, readNames, readStats, readTarget, refusal, specialKind } from './disk.ts';
import type { OpenPlace } from './disk.ts';
import { readExecutable } from './executable.ts';
import { isOldArchive, warnOfArchive } from './old-archives.ts';
import type { OwnOutputs } from './own-outputs.ts';
import { readListed, recognize } from './read-file.ts';
import { stampFile } from './stamp-file.ts';

export interface DiskItem {
  readonly type: 'file' | 'directory' | 'symlink';
  readonly path: string;
  readonly target?: string;
  /** Absent for the root. */
  readonly stats?: Stats;
}

/** @param outputs what the build itself writes, which the rules leave out */
export function diskTree(place: OpenPlace, rules: IgnoreRules, outputs?: OwnOutputs): SourceTree<DiskItem> {
  return {
    root: { type: 'directory', path: '' },
    lookUp(folder, name) {
      if (folder.type !== 'directory' || !hasName(place, folder.path, name)) return undefined;
      return itemAt(place, joinPath(folder.path, name));
    },
    list: ({ path }) => readNames(place, path),
    name: 'the context',
    isConfined: true,
    rules,
    attributesOf: () => ({}),
    take: (item, name, isNamed) => take(place, item, name, isNamed),
    adviseOn: (source) => adviseOn(place, source),
    explainIgnored: (path) =>
      outputs?.find(path) === undefined
        ? {
            message: `"${path}" is left out of the context by "${rules.file ?? ''}"`,
            hint: `Remove the line of "${rules.file ?? ''}" that names it, or add the line "!${path}" at its end.`,
          }
        : {
            message: `"${path}" is what this build writes, and left out of its context`,
            hint: 'Have the build write to another place, or copy another file.',
          },
  };
}

/**
 * What a path leads to, following links.
 * @throws BimaError CONTEXT_PATH for a link that leads out of the place, or in a circle
 */
export function findOnDisk(place: OpenPlace, path: string): DiskItem | undefined {
  const followed = followLinks(diskTree(place, noIgnoreRules), path.split('/'), true);
  if (followed.type === 'missing') return undefined;
  if (followed.type !== 'found') throw explainLink(followed, place.position);
  return followed.item;
}

function itemAt(place: OpenPlace, path: string): DiskItem | undefined {
  const stats = readStats(place, path);
  if (stats === undefined) return undefined;
  if (stats.isDirectory()) return { type: 'directory', path, stats };
  if (!stats.isSymbolicLink()) return { type: 'file', path, stats };
  return { type: 'symlink', path, stats, target: readTarget(place, path) };
}

function take(
  place: OpenPlace,
  { path, stats, target }: DiskItem,
  name: string,
  isNamed: boolean,
): FoundFile | FoundSymlink {
  if (target !== undefined) {
    // A drive means nothing in an image.
    if (isAbsolute(target) && !target.startsWith('/')) {
      throw refusal(place, `the symbolic link "${path}" has an absolute target, "${target}"`, {
        hint: 'Make it relative, or have the ignore file leave it out.',
      });
    }
    return { type: 'symlink', name, target };
  }
  const kind = stats === undefined ? 'a directory' : specialKind(stats);
  if (stats === undefined || kind !== undefined) {
    throw refusal(place, `"${path}" is ${kind}, which an image can't hold`, {
      hint: 'Remove it, or have the ignore file leave it out.',
    });
  }
  if (!isNamed && isOldArchive(place, path, stats)) place.warn?.(warnOfArchive(place, path));
  const { dev, ino, size, mtimeMs } = recognize(stats);
  return {
    type: 'file',
    name,
    size,
    ...readExecutable(place, path, stats),
    ...(stats.nlink > 1 ? { inode: `${dev}:${ino}` } : {}),
    // What readListed compares to tell whether a file is the same.
    identify: () => `${path}:${dev}:${ino}:${size}:${mtimeMs}`,
    open: () => readListed(place, path, { dev, ino, size, mtimeMs }),
    stamp: () => stampFile(place, path, { dev, ino, size, mtimeMs }),
    openRange: (start, end) => readListed(place, path, { dev, ino, size, mtimeMs }, { start, end }),
  };
}

function adviseOn({ root, origin }: OpenPlace, source: string): string {
  if (/(?:^|\/)\.\.(?:\/|$)/.test(source))
    return 'COPY takes files from the context alone: move it there, or build with a directory above as the context.';
  if (source.startsWith('/'))
    return 'A source that starts with "/" is looked for in the context, not on this machine.';
  if (source.startsWith('~'))
    return 'A "~" is no home directory here: sources are looked for in the context.';
  return `The context is ${origin ?? `"${root}"`}.`;
}

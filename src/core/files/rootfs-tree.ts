// A rootfs as a tree that COPY --from takes files from. Pure.

import { comparePaths } from './entry.ts';
import type { Entry } from './entry.ts';
import { joinPath, lastPart } from './file-tree.ts';
import { noIgnoreRules } from './ignore.ts';
import type { FoundFile, FoundSymlink } from './match.ts';
import type { Rootfs } from './rootfs.ts';
import type { SourceTree } from './source-tree.ts';

export interface RootfsItem {
  readonly type: Entry['type'];
  readonly path: string;
  /** Absent for the root. */
  readonly entry?: Entry;
  readonly target?: string;
}

/** Modes are kept. @param name of the image or the stage, for messages */
export function rootfsTree(rootfs: Rootfs, name: string): SourceTree<RootfsItem> {
  const names = namesByFolder(rootfs);
  return {
    root: { type: 'directory', path: '' },
    lookUp(folder, child) {
      const entry = rootfs.entries.get(joinPath(folder.path, child));
      return entry === undefined ? undefined : itemOf(entry);
    },
    list: ({ path }) => names.get(path) ?? [],
    name: `"${name}"`,
    isConfined: false,
    rules: noIgnoreRules,
    attributesOf: ({ entry }) => (entry?.type === 'directory' ? { mode: entry.mode, origin: entry } : {}),
    take,
    adviseOn: () => 'Paths start at the root of the image, and links are followed inside it.',
    explainIgnored: (path) => ({ message: `"${path}" is left out`, hint: 'Name another source.' }),
  };
}

export function itemOf(entry: Entry): RootfsItem {
  const { type, path } = entry;
  return entry.type === 'symlink' ? { type, path, entry, target: entry.target } : { type, path, entry };
}

function take({ entry }: RootfsItem, name: string): FoundFile | FoundSymlink {
  if (entry?.type === 'symlink') return { type: 'symlink', name, target: entry.target, origin: entry };
  if (entry?.type !== 'file') throw new Error(`a folder is taken for the file "${name}"`);
  entry.expect?.();
  const { size, mode, identify, stamp, open, openRange, isGuessed = false } = entry;
  const executable = (mode & 0o111) !== 0;
  // It stays a guess: the label may know better.
  const bits = isGuessed ? { executable, isGuessed } : { executable, mode };
  const file = { type: 'file', name, size, ...bits, open, origin: entry } as const;
  return {
    ...file,
    ...(openRange === undefined ? {} : { openRange }),
    ...(identify === undefined ? {} : { identify }),
    ...(stamp === undefined ? {} : { stamp }),
  };
}

function namesByFolder({ entries }: Rootfs): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, string[]>();
  for (const path of entries.keys()) {
    const name = lastPart(path);
    const folder = path.slice(0, Math.max(path.length - name.length - 1, 0));
    const list = names.get(folder) ?? [];
    list.push(name);
    names.set(folder, list);
  }
  for (const list of names.values()) list.sort(comparePaths);
  return names;
}

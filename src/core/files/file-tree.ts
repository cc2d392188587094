// Trees of files, wherever they are: the context on disk, an image, layers applied on one another.

import { isAbsolute } from 'node:path';
import { limits } from '../limits.ts';

export interface TreeItem {
  /** `directory` for what can be entered. */
  readonly type: string;
  /** Target of a symbolic link as stored, with `/` as separator. */
  readonly target?: string;
}

/** Paths in a tree start at its root, with `/` as separator; the empty path is the root. */
export interface FileTree<Item extends TreeItem> {
  readonly root: Item;
  /**
   * The entry of a folder with exactly this name, without following a link. Undefined when there is none, and in
   * anything but a folder.
   */
  lookUp(folder: Item, name: string): Item | undefined;
  /** The names in a folder, sorted bytewise. */
  list(folder: Item): Iterable<string>;
}

export interface Link {
  readonly path: string;
  readonly target: string;
}

/** Where a path leads to once its links are followed. */
export type Followed<Item> =
  | { readonly type: 'found'; readonly path: string; readonly item: Item }
  /** `folder` has no `name`; the last link that led there, if one did. */
  | { readonly type: 'missing'; readonly folder: string; readonly name: string; readonly link?: Link }
  /** More links than Linux follows, or a way that is deeper than any path. */
  | { readonly type: 'endless'; readonly link: Link }
  /** Only in a tree that no link may lead out of. */
  | { readonly type: 'outside'; readonly link: Link };

/** As many links as Linux follows. */
const maxLinks = 40;

/**
 * Follows the parts of a path from the root of a tree, links included. As in a container, an absolute link starts at the
 * root again, and `..` stops there.
 * @param isConfined whether such links lead outside instead
 */
export function followLinks<Item extends TreeItem>(
  { root, lookUp }: Pick<FileTree<Item>, 'root' | 'lookUp'>,
  parts: readonly string[],
  isConfined = false,
): Followed<Item> {
  // The next one last.
  const ahead = parts.toReversed();
  const names: string[] = [];
  const items: Item[] = [root];
  let link: Link = { path: '', target: '' };
  let links = 0;
  for (let name = ahead.pop(); name !== undefined; name = ahead.pop()) {
    if (name === '' || name === '.') continue;
    if (name === '..') {
      if (names.length === 0 && isConfined) return { type: 'outside', link };
      names.pop();
      if (items.length > 1) items.pop();
      continue;
    }
    const item = lookUp(items.at(-1) ?? root, name);
    if (item === undefined) {
      return { type: 'missing', folder: names.join('/'), name, ...(links === 0 ? {} : { link }) };
    }
    if (item.target === undefined) {
      items.push(item);
      if (names.push(name) > limits.pathParts) return { type: 'endless', link };
      continue;
    }
    const { target } = item;
    link = { path: [...names, name].join('/'), target };
    if (++links > maxLinks) return { type: 'endless', link };
    if (target.startsWith('/') || (isConfined && isAbsolute(target))) {
      if (isConfined) return { type: 'outside', link };
      names.length = 0;
      items.length = 1;
    }
    for (const part of target.split('/').reverse()) ahead.push(part);
  }
  return { type: 'found', path: names.join('/'), item: items.at(-1) ?? root };
}

export function joinPath(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

/** The last part of a path. */
export function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

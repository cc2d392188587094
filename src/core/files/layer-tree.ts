// The files of an image as a container sees them: layers applied on one another, by the rules of the OCI image-spec
// (layer.md, "Applying Changesets" and "Whiteouts").

import { quote } from '../text.ts';
import { BimaError } from '../errors.ts';
import type { Special, Xattrs } from './entry.ts';
import { followLinks } from './file-tree.ts';
import type { ListedEntry } from './list-layer.ts';

/** The place of a file's bytes. */
export interface Content {
  /** The position of its layer in the image. */
  readonly layer: number;
  /** Its position among the files of that layer. */
  readonly file: number;
}

interface TreeBase {
  readonly uid: number;
  readonly gid: number;
  readonly xattrs?: Xattrs;
}

/** One object for all names of a file: hard links are the same node. */
export interface TreeFile extends TreeBase {
  readonly type: 'file';
  readonly mode: number;
  readonly size: number;
  readonly content: Content;
}

export interface TreeDirectory extends TreeBase {
  readonly type: 'directory';
  readonly mode: number;
  readonly children: Map<string, TreeNode>;
}

export interface TreeSymlink extends TreeBase {
  readonly type: 'symlink';
  readonly target: string;
}

/** A device, a FIFO or a socket. */
export interface TreeSpecial extends TreeBase {
  readonly type: 'special';
  readonly mode: number;
  /** Undefined where the kind is unknown. */
  readonly special?: Special;
}

export type TreeNode = TreeFile | TreeDirectory | TreeSymlink | TreeSpecial;

/** The entries of a layer, in its order. */
export interface LayerListing {
  readonly entries: readonly ListedEntry[];
  /** Position of each file among the files. */
  readonly files: ReadonlyMap<ListedEntry, number>;
}

const whiteout = '.wh.';
const opaque = '.wh..wh..opq';
/** Files that aufs itself keeps in a layer. */
const internal = '.wh..wh.';

export function emptyTree(): TreeDirectory {
  return directory();
}

/**
 * Puts a layer on the tree, which is changed. What a layer takes away is gone before what it brings is there,
 * wherever in the layer it says so.
 * @param what names the layer in the error
 * @throws BimaError LAYOUT_INVALID for a hard link to nothing, and for what lies behind no directory
 */
export function applyLayer(
  root: TreeDirectory,
  { entries, files }: LayerListing,
  layer: number,
  what: string,
): void {
  const invalid = (entry: ListedEntry, why: string) =>
    new BimaError('LAYOUT_INVALID', `${what}: ${quote(entry.path)} ${why}`, {
      hint: 'The layer is damaged, or was made by a faulty tool: make the image again.',
    });

  for (const { path } of entries) {
    const { folder, name } = split(path);
    if (!name.startsWith(whiteout)) continue;
    const parent = find(root, folder);
    if (parent?.type !== 'directory') continue;
    if (name === opaque) parent.children.clear();
    else if (!name.startsWith(internal)) parent.children.delete(name.slice(whiteout.length));
  }

  for (const entry of entries) {
    const { folder, name } = split(entry.path);
    if (name.startsWith(whiteout) || name === '') continue;
    const parent = makeDirectory(root, folder);
    if (parent === undefined)
      throw invalid(entry, 'lies too deep, behind a file, or behind links that lead in a circle');
    parent.children.set(name, nodeOf(entry, parent.children.get(name)));
  }

  function nodeOf(entry: ListedEntry, existing: TreeNode | undefined): TreeNode {
    const { mode, size, target = '', special } = entry;
    const { uid, gid, xattrs } = entry;
    const common = { uid, gid, ...(xattrs === undefined ? {} : { xattrs }) };
    switch (entry.type) {
      case 'directory':
        return directory({ mode, ...common }, existing?.type === 'directory' ? existing.children : undefined);
      case 'file':
        return { type: 'file', mode, ...common, size, content: { layer, file: files.get(entry) ?? -1 } };
      case 'symlink':
        return { type: 'symlink', ...common, target };
      case 'hardlink': {
        const other = split(target);
        const holder = find(root, other.folder);
        const linked = holder?.type === 'directory' ? holder.children.get(other.name) : undefined;
        if (linked === undefined || linked.type === 'directory')
          throw invalid(entry, `is a hard link to ${quote(target)}, where no file is`);
        return linked;
      }
      case 'other':
        return { type: 'special', mode, ...common, ...(special === undefined ? {} : { special }) };
    }
  }
}

/** What is at a path, with all links followed; undefined when there is nothing. */
export function find(root: TreeDirectory, path: string): TreeNode | undefined {
  return walk(root, path, () => undefined);
}

/** Everything below the root with its path, each directory before what it holds. */
export function* nodesOf(root: TreeDirectory): Generator<[path: string, node: TreeNode]> {
  const open = [{ prefix: '', children: root.children.entries() }];
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const next = top.children.next();
    if (next.done === true) {
      open.pop();
      continue;
    }
    const [name, node] = next.value;
    const path = top.prefix + name;
    yield [path, node];
    if (node.type === 'directory') open.push({ prefix: `${path}/`, children: node.children.entries() });
  }
}

/** The directory at a path, with all links followed; what is missing is made. */
function makeDirectory(root: TreeDirectory, path: string): TreeDirectory | undefined {
  const found = walk(root, path, (parent, name) => {
    const made = directory();
    parent.children.set(name, made);
    return made;
  });
  return found?.type === 'directory' ? found : undefined;
}

/** @param missing is asked for a directory where there is nothing */
function walk(
  root: TreeDirectory,
  path: string,
  missing: (parent: TreeDirectory, name: string) => TreeDirectory | undefined,
): TreeNode | undefined {
  const lookUp = (folder: TreeNode, name: string): TreeNode | undefined =>
    folder.type === 'directory' ? (folder.children.get(name) ?? missing(folder, name)) : undefined;
  const followed = followLinks<TreeNode>({ root, lookUp }, path.split('/'));
  return followed.type === 'found' ? followed.item : undefined;
}

function directory(
  attributes: Omit<TreeDirectory, 'type' | 'children'> = { mode: 0o755, uid: 0, gid: 0 },
  children = new Map<string, TreeNode>(),
): TreeDirectory {
  return { type: 'directory', ...attributes, children };
}

function split(path: string): { folder: string; name: string } {
  const slash = path.lastIndexOf('/');
  return { folder: path.slice(0, Math.max(slash, 0)), name: path.slice(slash + 1) };
}

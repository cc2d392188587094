// The rootfs of an image that is there: its layers listed once, and the bytes of files read from them when asked for.

import { BimaError } from '../../core/errors.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { Source } from '../../core/oci/target.ts';
import type { Entry } from '../../core/files/entry.ts';
import { applyLayer, emptyTree, nodesOf } from '../../core/files/layer-tree.ts';
import type { TreeDirectory, TreeNode } from '../../core/files/layer-tree.ts';
import type { FoundFile } from '../../core/files/match.ts';
import type { ArchivedEntry } from '../../core/files/unpack.ts';
import { openArchiveFile } from './archive-files.ts';
import { createLayerReader } from './layer-reader.ts';
import type { LayerReader } from './layer-reader.ts';
import { readLayer } from './read.ts';
import type { Rootfs } from '../../core/files/rootfs.ts';
import { runSideBySide } from '../../core/concurrent.ts';

export interface StoredLayer {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
}

/** Reads rootfs of images. Each layer is listed once, however many images have it. */
export interface ImageFiles {
  /**
   * What a container of these layers would see. Files are read from them when they are opened.
   * @throws BimaError DIGEST_MISMATCH or LAYOUT_INVALID
   */
  read(source: Source, layers: readonly StoredLayer[]): Promise<Rootfs>;
  /**
   * What an archive holds; undefined for a file that is none.
   * @param what names it in errors
   * @throws BimaError as `openArchiveFile` does
   */
  unpack(file: FoundFile, what: string): Promise<readonly ArchivedEntry[] | undefined>;
}

/** Layers that are fetched and listed at once. */
const concurrency = 4;

/** @param folder holds the files that are read: it is made for the first, and the caller's to remove */
export function createImageFiles(folder: string): ImageFiles {
  const layers = new Map<Digest, LayerReader>();
  const archives = new Map<string, Promise<readonly ArchivedEntry[] | undefined>>();
  const readerOf = (source: Source, layer: StoredLayer): LayerReader => {
    const { digest } = layer.descriptor;
    const known =
      layers.get(digest) ??
      createLayerReader(`layer ${digest}`, (content) => readLayer(source, layer, content), folder);
    layers.set(digest, known);
    return known;
  };
  return {
    async read(source, stored) {
      const readers = stored.map((layer) => readerOf(source, layer));
      const tasks = readers.map((reader) => async () => {
        await reader.list();
      });
      await runSideBySide(tasks, concurrency);
      const tree = emptyTree();
      for (const [position, reader] of readers.entries())
        applyLayer(tree, await reader.list(), position, reader.name);
      return { entries: flatten(tree, readers) };
    },
    unpack(file, what) {
      const key = file.identify?.();
      const known = key === undefined ? undefined : archives.get(key);
      const archive = known ?? openArchiveFile(file, what, folder);
      if (key !== undefined) archives.set(key, archive);
      return archive;
    },
  };
}

function flatten(tree: TreeDirectory, readers: readonly LayerReader[]): Map<string, Entry> {
  const entries = new Map<string, Entry>();
  for (const [path, node] of nodesOf(tree)) entries.set(path, entryOf(node, path, readers));
  return entries;
}

function entryOf(node: TreeNode, path: string, readers: readonly LayerReader[]): Entry {
  const { uid, gid, xattrs } = node;
  const common = { path, uid, gid, ...(xattrs === undefined ? {} : { xattrs }) };
  switch (node.type) {
    case 'directory':
      return { type: 'directory', ...common, mode: node.mode };
    case 'symlink':
      return { type: 'symlink', ...common, mode: 0o777, target: node.target };
    case 'special': {
      const special = node.special === undefined ? {} : { special: node.special };
      return { type: 'file', ...common, mode: node.mode, size: 0, ...special, open: () => refuse(path) };
    }
    case 'file': {
      const { layer, file } = node.content;
      const reader = readers[layer];
      if (reader === undefined) throw new Error(`no reader for layer ${layer}`);
      return {
        type: 'file',
        ...common,
        mode: node.mode,
        size: node.size,
        inode: `${reader.name} ${file}`,
        identify: () => `${reader.name} ${file}`,
        expect: () => {
          reader.expect(file);
        },
        open: () => reader.open(file),
      };
    }
  }
}

function refuse(path: string): never {
  throw new BimaError('CONTEXT_PATH', `"/${path}" is a device, a FIFO or a socket, which can't be copied`, {
    hint: 'Copy the files beside it by their names.',
  });
}

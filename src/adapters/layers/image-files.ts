// The rootfs of an image that is there: its layers listed once, and the bytes of files read from them when asked for.

import { randomUUID } from 'node:crypto';
import { closeSync, createReadStream, openSync, writeSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BimaError } from '../../core/errors.ts';
import type { ByteStream } from '../../core/oci/blob.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { Source } from '../../core/oci/target.ts';
import type { Entry } from '../../core/files/entry.ts';
import { applyLayer, emptyTree, nodesOf } from '../../core/files/layer-tree.ts';
import type { LayerListing, TreeDirectory, TreeNode } from '../../core/files/layer-tree.ts';
import type { ListedEntry } from '../../core/files/list-layer.ts';
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
}

/** Layers that are fetched and listed at once. */
const concurrency = 4;

/** @param folder holds the files that are read: it is made for the first, and the caller's to remove */
export function createImageFiles(folder: string): ImageFiles {
  const layers = new Map<Digest, LayerReader>();
  const readerOf = (source: Source, layer: StoredLayer): LayerReader => {
    const { digest } = layer.descriptor;
    const known = layers.get(digest) ?? createLayerReader(source, layer, folder);
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
  };
}

interface LayerReader {
  readonly name: string;
  list(): Promise<LayerListing>;
  /** Says that a file will be opened: all such files are read in one go. */
  expect(file: number): void;
  open(file: number): ByteStream;
}

function createLayerReader(source: Source, layer: StoredLayer, folder: string): LayerReader {
  const expected = new Set<number>();
  const extracted = new Map<number, Promise<string>>();
  let listing: Promise<LayerListing> | undefined;

  async function list(): Promise<LayerListing> {
    const entries: ListedEntry[] = [];
    const files = new Map<ListedEntry, number>();
    const count = (file: ListedEntry) => void files.set(file, files.size);
    for await (const entry of readLayer(source, layer, count)) entries.push(entry);
    return { entries, files };
  }

  function pathOf(file: number): Promise<string> {
    const known = extracted.get(file);
    if (known !== undefined) return known;
    const wanted = new Map([...expected, file].map((number) => [number, join(folder, randomUUID())]));
    expected.clear();
    const done = mkdir(folder, { recursive: true, mode: 0o700 }).then(() => extract(source, layer, wanted));
    for (const [number, path] of wanted) {
      const there = done.then(() => path);
      // Whoever opens the file hears of a failure; nobody may ever open it.
      there.catch(() => undefined);
      extracted.set(number, there);
    }
    return extracted.get(file) ?? done.then(() => '');
  }

  return {
    name: `layer ${layer.descriptor.digest}`,
    list: () => (listing ??= list()),
    expect: (file) => {
      if (!extracted.has(file)) expected.add(file);
    },
    async *open(file) {
      yield* createReadStream(await pathOf(file)) as ByteStream;
    },
  };
}

/** One reading of the layer; no file is ever in memory as a whole. @param wanted where each file goes */
async function extract(
  source: Source,
  layer: StoredLayer,
  wanted: ReadonlyMap<number, string>,
): Promise<void> {
  let number = -1;
  let target: number | undefined;
  const close = () => {
    if (target !== undefined) closeSync(target);
    target = undefined;
  };
  const content = () => {
    close();
    number += 1;
    const path = wanted.get(number);
    if (path === undefined) return undefined;
    const file = openSync(path, 'wx');
    target = file;
    return (chunk: Uint8Array) => {
      for (let done = 0; done < chunk.length;) done += writeSync(file, chunk, done);
    };
  };
  try {
    const entries = readLayer(source, layer, content);
    while ((await entries.next()).done !== true);
  } finally {
    close();
  }
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

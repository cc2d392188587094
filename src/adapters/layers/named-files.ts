// A few files of an image, by their names, in as few readings of its layers as can be: from the top one down, until all
// are found. They go to disk, so that none is in memory as a whole.

import { randomUUID } from 'node:crypto';
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path/posix';
import { join as joinPath } from 'node:path';
import type { ContentReader, ListedEntry } from '../../core/files/list-layer.ts';
import { resolve } from '../../core/files/rootfs.ts';
import type { Source } from '../../core/oci/target.ts';
import type { ReadableFile } from '../../core/unikernel/file-ranges.ts';
import { readableFile } from '../filesystem/readable-file.ts';
import { createImageFiles } from './image-files.ts';
import type { StoredLayer } from './image-files.ts';
import { readLayer } from './read.ts';

/** A file of an image that was read from its layer. */
export interface NamedFile extends ReadableFile {
  /** Where it is on disk; undefined where that isn't known before it is opened. */
  readonly path?: string;
}

/**
 * The files that are there, by the paths that were asked for, relative to the root. Links are followed, for which all
 * layers have to be listed.
 * @param folder where they go: it is made when it is needed, and the caller's to remove
 * @throws BimaError DIGEST_MISMATCH or LAYOUT_INVALID
 */
export async function readNamedFiles(
  source: Source,
  layers: readonly StoredLayer[],
  paths: readonly string[],
  folder: string,
): Promise<ReadonlyMap<string, NamedFile>> {
  const found = new Map<string, NamedFile>();
  const left = new Set(paths);
  let isPlain = true;
  for (const layer of [...layers].reverse()) {
    if (left.size === 0 || !isPlain) break;
    const spool = createSpool(folder, left);
    try {
      for await (const entry of readLayer(source, layer, spool.reader))
        if ([...left].some((path) => disturbs(entry, path))) isPlain = false;
    } finally {
      spool.close();
    }
    for (const [path, file] of spool.files) {
      found.set(path, file);
      left.delete(path);
    }
  }
  if (isPlain) return found;
  const rootfs = await createImageFiles(folder).read(source, layers);
  return new Map(
    paths.flatMap((path) => {
      const file = resolve(rootfs, path);
      return file === undefined ? [] : [[path, { size: file.size, open: file.open }] as const];
    }),
  );
}

/** Whether an entry makes a path mean something else than the file of that name in this layer or one below. */
export function disturbs({ path, type }: ListedEntry, wanted: string): boolean {
  const isAbove = wanted.startsWith(`${path}/`);
  if (path === wanted) return type !== 'file';
  if (isAbove) return type !== 'directory';
  const name = basename(path);
  if (!name.startsWith('.wh.')) return false;
  const parent = dirname(path) === '.' ? '' : dirname(path);
  const removed = name === '.wh..wh..opq' ? parent : join(parent, name.slice(4));
  return removed === '' || wanted === removed || wanted.startsWith(`${removed}/`);
}

export interface Spool {
  readonly reader: ContentReader;
  readonly files: ReadonlyMap<string, NamedFile>;
  readonly close: () => void;
}

/** Puts the wanted files of layers on disk; of several with one name the last one counts. */
export function createSpool(folder: string, wanted: ReadonlySet<string>): Spool {
  const files = new Map<string, NamedFile>();
  let target: number | undefined;
  const close = () => {
    if (target !== undefined) closeSync(target);
    target = undefined;
  };
  const reader: ContentReader = ({ path, size }) => {
    close();
    if (!wanted.has(path)) return undefined;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const place = joinPath(folder, randomUUID());
    const file = openSync(place, 'wx');
    target = file;
    files.set(path, { ...readableFile(place, size), path: place });
    return (chunk) => {
      for (let done = 0; done < chunk.length;) done += writeSync(file, chunk, done);
    };
  };
  return { reader, files, close };
}

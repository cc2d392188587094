// The files of one tar: listed once, and read from it in one go when they are asked for. A tar may be compressed, where
// nothing can be read but from the start.

import { randomUUID } from 'node:crypto';
import { closeSync, createReadStream, openSync, writeSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { LayerListing } from '../../core/files/layer-tree.ts';
import type { ContentReader, ListedEntry } from '../../core/files/list-layer.ts';
import type { ByteStream } from '../../core/oci/blob.ts';

export interface LayerReader {
  readonly name: string;
  list(): Promise<LayerListing>;
  /** Says that a file will be opened: all such files are read in one go. */
  expect(file: number): void;
  open(file: number): ByteStream;
}

/** Reads the tar from its start. */
export type ReadEntries = (content?: ContentReader) => AsyncGenerator<ListedEntry>;

/** @param folder holds the files that are read: it is made for the first, and the caller's to remove */
export function createLayerReader(name: string, read: ReadEntries, folder: string): LayerReader {
  const expected = new Set<number>();
  const extracted = new Map<number, Promise<string>>();
  let listing: Promise<LayerListing> | undefined;

  async function list(): Promise<LayerListing> {
    const entries: ListedEntry[] = [];
    const files = new Map<ListedEntry, number>();
    const count = (file: ListedEntry) => void files.set(file, files.size);
    for await (const entry of read(count)) entries.push(entry);
    return { entries, files };
  }

  function pathOf(file: number): Promise<string> {
    const known = extracted.get(file);
    if (known !== undefined) return known;
    const wanted = new Map([...expected, file].map((number) => [number, join(folder, randomUUID())]));
    expected.clear();
    const done = mkdir(folder, { recursive: true, mode: 0o700 }).then(() => extract(read, wanted));
    for (const [number, path] of wanted) {
      const there = done.then(() => path);
      // Whoever opens the file hears of a failure; nobody may ever open it.
      there.catch(() => undefined);
      extracted.set(number, there);
    }
    return extracted.get(file) ?? done.then(() => '');
  }

  return {
    name,
    list: () => (listing ??= list()),
    expect: (file) => {
      if (!extracted.has(file)) expected.add(file);
    },
    async *open(file) {
      yield* createReadStream(await pathOf(file)) as ByteStream;
    },
  };
}

/** One reading of the tar; no file is ever in memory as a whole. @param wanted where each file goes */
async function extract(read: ReadEntries, wanted: ReadonlyMap<number, string>): Promise<void> {
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
    const entries = read(content);
    while ((await entries.next()).done !== true);
  } finally {
    close();
  }
}

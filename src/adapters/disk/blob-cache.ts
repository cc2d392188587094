// A folder of blobs that were fetched or made, by their digest: each once, and looked at before it is used. Several
// processes may share it, and deleting it or anything in it is safe.

import { constants } from 'node:fs';
import { copyFile, mkdir, open, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { BimaError, isSystemError } from '../../core/errors.ts';
import { checkContent, verified } from '../../core/oci/blob.ts';
import type { Blob } from '../../core/oci/blob.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import { createDigester, hexOf } from '../../core/oci/digest.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { Source } from '../../core/oci/target.ts';
import { formatSize } from '../../core/reporter.ts';
import type { Reporter } from '../../core/reporter.ts';
import { readFilePieces } from '../filesystem/read-write.ts';
import { makeRoom } from './evict.ts';
import { cleanUp, isInUse, move, withPatience } from '../filesystem/patience.ts';
import { outputErrors, sweep, temporaryName } from '../filesystem/temporary.ts';

export interface BlobCache {
  readonly directory: string;
  /** The same blob, read from the cache, into which it is fetched before if it isn't there whole. */
  keep(blob: Blob, from: string): Blob;
  /** The same source, with everything that is opened kept. */
  keepAll(source: Source): Source;
  /**
   * The blob if the cache has it whole; a damaged one is removed. Whoever opens it gets what the file system says when
   * another process makes room meanwhile.
   */
  find(descriptor: Descriptor): Promise<Blob | undefined>;
  /** Copies the file that holds the blob, unless it is there whole. @throws BimaError OUTPUT_FAILED */
  add(descriptor: Descriptor, file: string): Promise<void>;
}

export interface CacheOptions {
  readonly directory: string;
  readonly reporter: Reporter;
  /** Bytes that the cache may hold after one more came, apart from what this run uses; the oldest blobs go first. */
  readonly limit?: number;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds, for the seconds of each fetch. */
  readonly now?: () => number;
}

/** Where the blobs of such a cache are. */
export function blobsFolder(directory: string): string {
  return join(directory, 'blobs', 'sha256');
}

/** The directory is made when the first blob comes. */
export function createBlobCache(options: CacheOptions): BlobCache {
  const { reporter, signal, limit, now = Date.now } = options;
  const directory = blobsFolder(options.directory);
  /** Those that are there, or on their way, by this run's own knowledge. */
  const fetched = new Map<Digest, Promise<void>>();
  const pathOf = (digest: Digest) => join(directory, hexOf(digest));
  let swept: Promise<void> | undefined;

  function obtain(blob: Blob, from: string): Promise<void> {
    const { digest } = blob.descriptor;
    const known = fetched.get(digest);
    if (known !== undefined) return known;
    const begun = obtainAnew(blob, from);
    fetched.set(digest, begun);
    begun.catch(() => fetched.delete(digest));
    return begun;
  }

  async function obtainAnew(blob: Blob, from: string): Promise<void> {
    const { descriptor } = blob;
    const path = pathOf(descriptor.digest);
    const state = await inspect(path, descriptor, signal);
    if (state === 'whole') {
      await noteUse(path);
      say(descriptor, `${shown(descriptor)}: in the cache`);
      return;
    }
    if (state === 'damaged') {
      reporter.debug(`${path} is damaged, and is fetched again`);
      // Whatever is in the way, a folder too.
      await outputErrors(path, () => withPatience(path, () => rm(path, { recursive: true, force: true })));
    }
    const started = now();
    await outputErrors(options.directory, () => fetch(blob, path));
    say(
      descriptor,
      `${shown(descriptor)}: fetched from ${from} (${((now() - started) / 1000).toFixed(1)} s)`,
    );
    if (limit !== undefined) await makeRoom(directory, limit, fetched, now());
  }

  /** Layers are worth a line; manifests and configs are small. */
  function say({ mediaType }: Descriptor, line: string): void {
    if (mediaType.endsWith('json')) reporter.debug(line);
    else reporter.info(line);
  }

  async function fetch({ descriptor, open: openBlob }: Blob, path: string): Promise<void> {
    await place(descriptor, path, async (temporary) => {
      const digester = createDigester();
      const file = await open(temporary, 'wx');
      try {
        for await (const chunk of openBlob()) {
          signal?.throwIfAborted();
          digester.update(chunk);
          await file.writeFile(chunk);
          reporter.progress(descriptor.digest, digester.size, descriptor.size);
        }
      } finally {
        await file.close();
      }
      checkContent(descriptor, digester.digest(), digester.size, path);
    });
  }

  /** What `write` makes gets its name when it is whole. */
  async function place(
    descriptor: Descriptor,
    path: string,
    write: (temporary: string) => Promise<void>,
  ): Promise<void> {
    await mkdir(directory, { recursive: true });
    await (swept ??= sweep(directory));
    const temporary = join(directory, await temporaryName());
    try {
      await write(temporary);
      await move(temporary, path);
    } catch (error) {
      await cleanUp(temporary);
      // Another process may have been faster, and Windows then lets nobody replace a file that is being read.
      if (isInUse(error) && (await inspect(path, descriptor, signal)) === 'whole') return;
      throw error;
    }
  }

  async function find(descriptor: Descriptor): Promise<Blob | undefined> {
    const path = pathOf(descriptor.digest);
    const state = await inspect(path, descriptor, signal).catch((error: unknown) => {
      if (!isInUse(error)) throw error;
      reporter.debug(`${path} is in use by another program, and not used here`);
      return 'missing' as const;
    });
    if (state === 'damaged') {
      reporter.debug(`${path} is damaged, and not used`);
      await cleanUp(path);
    }
    if (state !== 'whole') return undefined;
    fetched.set(descriptor.digest, Promise.resolve());
    await noteUse(path);
    async function* content(release?: boolean): AsyncGenerator<Uint8Array> {
      for await (const piece of readFilePieces(path, undefined, release)) {
        signal?.throwIfAborted();
        yield piece;
      }
    }
    return { descriptor, open: (release) => verified(content(release), descriptor, path) };
  }

  async function add(descriptor: Descriptor, file: string): Promise<void> {
    if ((await find(descriptor)) !== undefined) return;
    await outputErrors(options.directory, () =>
      // No link: whoever changes the file in a layout would change it here.
      place(descriptor, pathOf(descriptor.digest), (temporary) =>
        copyFile(file, temporary, constants.COPYFILE_FICLONE),
      ),
    );
    fetched.set(descriptor.digest, Promise.resolve());
    if (limit !== undefined) await makeRoom(directory, limit, fetched, now());
  }

  async function* read(blob: Blob, from: string): AsyncGenerator<Uint8Array> {
    const { descriptor } = blob;
    const path = pathOf(descriptor.digest);
    for (let isFirst = true; ; isFirst = false) {
      await obtain(blob, from);
      try {
        yield* verified(readFilePieces(path), descriptor, path);
        return;
      } catch (error) {
        // Another process may have made room since.
        if (!isFirst || !isSystemError(error, 'ENOENT')) throw error;
        fetched.delete(descriptor.digest);
      }
    }
  }

  const keep = (blob: Blob, from: string): Blob => ({ ...blob, open: () => read(blob, from) });
  return {
    directory: options.directory,
    keep,
    find,
    add,
    keepAll: (source) => ({
      name: source.name,
      open: (descriptor) => keep(source.open(descriptor), source.name),
    }),
  };
}

function shown({ digest, size }: Descriptor): string {
  return `${digest} ${formatSize(size)}`;
}

/** The time of the last use, for those that make room. */
async function noteUse(path: string): Promise<void> {
  await utimes(path, new Date(), new Date()).catch(() => undefined);
}

async function inspect(
  path: string,
  descriptor: Descriptor,
  signal: AbortSignal | undefined,
): Promise<'missing' | 'whole' | 'damaged'> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return 'missing';
  if (!found.isFile() || found.size !== descriptor.size) return 'damaged';
  try {
    await withPatience(path, async () => {
      const content = verified(readFilePieces(path, undefined, true), descriptor, path);
      while ((await content.next()).done !== true) {
        // Signals have their turn between two pieces.
        await turn();
        signal?.throwIfAborted();
      }
    });
    return 'whole';
  } catch (error) {
    if (signal?.aborted === true || isInUse(error)) throw error;
    if (isSystemError(error, 'ENOENT')) return 'missing';
    if (error instanceof BimaError || isSystemError(error)) return 'damaged';
    throw error;
  }
}

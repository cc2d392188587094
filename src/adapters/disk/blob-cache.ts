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
import { evict } from './evict.ts';
import { cleanUp, isInUse, move, withPatience } from '../filesystem/patience.ts';
import { outputErrors, sweep, temporaryName } from '../filesystem/temporary.ts';

export interface CacheOptions {
  readonly directory: string;
  readonly reporter: Reporter;
  /** Most bytes in the cache after another blob was added, apart from those that this run uses. */
  readonly limit?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Clock in milliseconds, for the duration of each fetch. */
  readonly now?: () => number;
}

/** The folder of the blobs in such a cache. */
export function blobsFolder(directory: string): string {
  return join(directory, 'blobs', 'sha256');
}

/** The directory, created with the first blob. */
export class BlobCache {
  readonly directory: string;
  readonly #options: CacheOptions;
  readonly #folder: string;
  readonly #now: () => number;
  /** Blobs that this run knows to be there or under way. */
  readonly #used = new Map<Digest, Promise<void>>();
  #swept: Promise<void> | undefined;

  constructor(options: CacheOptions) {
    this.directory = options.directory;
    this.#options = options;
    this.#folder = blobsFolder(options.directory);
    this.#now = options.now ?? Date.now;
  }

  /** The same blob, read from the cache, into which it is fetched before if it isn't there whole. */
  keep(blob: Blob, from: string): Blob {
    return { ...blob, open: () => this.#read(blob, from) };
  }

  /** The same source, reading everything through the cache. */
  keepAll(source: Source): Source {
    const { name } = source;
    return { name, open: (descriptor) => this.keep(source.open(descriptor), name) };
  }

  /**
   * The blob if the cache has it whole; a damaged one is removed. Whoever opens it gets what the file system says when
   * another process evicts it meanwhile.
   */
  async find(descriptor: Descriptor): Promise<Blob | undefined> {
    const { reporter, signal } = this.#options;
    const path = this.#pathOf(descriptor);
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
    this.#used.set(descriptor.digest, Promise.resolve());
    await noteUse(path);
    async function* content(release?: boolean): AsyncGenerator<Uint8Array> {
      for await (const chunk of readFilePieces(path, undefined, release)) {
        signal?.throwIfAborted();
        yield chunk;
      }
    }
    return { descriptor, open: (release) => verified(content(release), descriptor, path) };
  }

  /** Copies the file that holds the blob, unless it is there whole. @throws BimaError OUTPUT_FAILED */
  async add(descriptor: Descriptor, file: string): Promise<void> {
    if ((await this.find(descriptor)) !== undefined) return;
    await outputErrors(this.directory, () =>
      // No link: changing the file in a layout would change it here.
      this.#place(descriptor, (temporary) => copyFile(file, temporary, constants.COPYFILE_FICLONE)),
    );
    this.#used.set(descriptor.digest, Promise.resolve());
    await this.#evict();
  }

  #pathOf({ digest }: Descriptor): string {
    return join(this.#folder, hexOf(digest));
  }

  async *#read(blob: Blob, from: string): AsyncGenerator<Uint8Array> {
    const { descriptor } = blob;
    const path = this.#pathOf(descriptor);
    for (let isFirst = true; ; isFirst = false) {
      await this.#obtain(blob, from);
      try {
        yield* verified(readFilePieces(path), descriptor, path);
        return;
      } catch (error) {
        // Another process may have evicted it since.
        if (!isFirst || !isSystemError(error, 'ENOENT')) throw error;
        this.#used.delete(descriptor.digest);
      }
    }
  }

  #obtain(blob: Blob, from: string): Promise<void> {
    const { digest } = blob.descriptor;
    const begun = this.#used.get(digest);
    if (begun !== undefined) return begun;
    const anew = this.#obtainAnew(blob, from);
    this.#used.set(digest, anew);
    anew.catch(() => this.#used.delete(digest));
    return anew;
  }

  async #obtainAnew(blob: Blob, from: string): Promise<void> {
    const { reporter, signal } = this.#options;
    const { descriptor } = blob;
    const path = this.#pathOf(descriptor);
    const state = await inspect(path, descriptor, signal);
    if (state === 'whole') {
      await noteUse(path);
      this.#say(descriptor, 'in the cache');
      return;
    }
    if (state === 'damaged') {
      reporter.debug(`${path} is damaged, and is fetched again`);
      // Whatever is in the way, even a folder.
      await outputErrors(path, () => withPatience(path, () => rm(path, { recursive: true, force: true })));
    }
    const started = this.#now();
    await outputErrors(this.directory, () => this.#fetch(blob));
    const seconds = ((this.#now() - started) / 1000).toFixed(1);
    this.#say(descriptor, `fetched from ${from} (${seconds} s)`);
    await this.#evict();
  }

  /** Layers are worth a line; manifests and configs are small. */
  #say({ mediaType, digest, size }: Descriptor, what: string): void {
    const line = `${digest} ${formatSize(size)}: ${what}`;
    if (mediaType.endsWith('json')) this.#options.reporter.debug(line);
    else this.#options.reporter.info(line);
  }

  async #fetch({ descriptor, open: openBlob }: Blob): Promise<void> {
    const { reporter, signal } = this.#options;
    await this.#place(descriptor, async (temporary) => {
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
      checkContent(descriptor, digester.digest(), digester.size, this.#pathOf(descriptor));
    });
  }

  /** Runs `write` on a temporary file, which gets its name when it is whole. */
  async #place(descriptor: Descriptor, write: (temporary: string) => Promise<void>): Promise<void> {
    const path = this.#pathOf(descriptor);
    await mkdir(this.#folder, { recursive: true });
    await (this.#swept ??= sweep(this.#folder));
    const temporary = join(this.#folder, await temporaryName());
    try {
      await write(temporary);
      await move(temporary, path);
    } catch (error) {
      await cleanUp(temporary);
      // Another process may have been faster, and Windows doesn't replace a file that is being read.
      if (isInUse(error) && (await inspect(path, descriptor, this.#options.signal)) === 'whole') return;
      throw error;
    }
  }

  async #evict(): Promise<void> {
    const { limit } = this.#options;
    if (limit !== undefined) await evict(this.#folder, limit, this.#used, this.#now());
  }
}

/** The time of the last use decides what is evicted. */
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
        // Yields to signals between two chunks.
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

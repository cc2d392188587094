// A folder of blobs that were fetched from elsewhere, by their digest: each is fetched once, and looked at before it is
// used. Several processes may share it, and deleting it or anything in it is safe.

import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { BimaError, isSystemError } from '../errors.ts';
import { checkContent, verified } from '../oci/blob.ts';
import type { Blob } from '../oci/blob.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { createDigester, hexOf } from '../oci/digest.ts';
import type { Digest } from '../oci/digest.ts';
import type { Source } from '../oci/target.ts';
import { formatSize } from '../reporter.ts';
import type { Reporter } from '../reporter.ts';
import { outputErrors } from './temporary.ts';

export interface BlobCache {
  readonly directory: string;
  /** The same blob, read from the cache, into which it is fetched before if it isn't there whole. */
  keep(blob: Blob, from: string): Blob;
  /** The same source, with everything that is opened kept. */
  keepAll(source: Source): Source;
}

export interface CacheOptions {
  readonly directory: string;
  readonly reporter: Reporter;
  /** Bytes that the cache may hold after a fetch, apart from what this run uses; the oldest blobs go first. */
  readonly limit?: number;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds, for the seconds of each fetch. */
  readonly now?: () => number;
}

const pieceSize = 256 * 1024;
/** What a killed process left behind isn't taken for the file of one that runs. */
const abandonedAfter = 24 * 60 * 60 * 1000;

/** The directory is made when the first blob is fetched. */
export function createBlobCache(options: CacheOptions): BlobCache {
  const { reporter, signal, limit, now = Date.now } = options;
  const directory = join(options.directory, 'blobs', 'sha256');
  /** Those that are there, or on their way, by this run's own knowledge. */
  const fetched = new Map<Digest, Promise<void>>();
  const pathOf = (digest: Digest) => join(directory, hexOf(digest));

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
    const state = await inspect(path, descriptor);
    if (state === 'whole') {
      // The time of the last use, for those that make room.
      await utimes(path, new Date(), new Date()).catch(() => undefined);
      say(descriptor, `${shown(descriptor)}: in the cache`);
      return;
    }
    if (state === 'damaged') {
      reporter.debug(`${path} is damaged, and is fetched again`);
      // Whatever is in the way, a folder too.
      await outputErrors(path, () => rm(path, { recursive: true, force: true }));
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
    await mkdir(directory, { recursive: true });
    const temporary = join(directory, `.bima-${randomUUID()}`);
    const digester = createDigester();
    try {
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
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      // Another process may have been faster, and Windows then lets nobody replace a file that is being read.
      if (isSystemError(error, 'EPERM') && (await inspect(path, descriptor)) === 'whole') return;
      throw error;
    }
  }

  async function* read(blob: Blob, from: string): AsyncGenerator<Uint8Array> {
    const { descriptor } = blob;
    const path = pathOf(descriptor.digest);
    for (let isFirst = true; ; isFirst = false) {
      await obtain(blob, from);
      try {
        yield* verified(createReadStream(path, { highWaterMark: pieceSize }), descriptor, path);
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
    keepAll: (source) => ({
      name: source.name,
      open: (descriptor) => keep(source.open(descriptor), source.name),
    }),
  };
}

function shown({ digest, size }: Descriptor): string {
  return `${digest} ${formatSize(size)}`;
}

async function inspect(path: string, descriptor: Descriptor): Promise<'missing' | 'whole' | 'damaged'> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return 'missing';
  if (!found.isFile() || found.size !== descriptor.size) return 'damaged';
  try {
    const content = verified(createReadStream(path, { highWaterMark: pieceSize }), descriptor, path);
    while ((await content.next()).done !== true);
    return 'whole';
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return 'missing';
    if (error instanceof BimaError || isSystemError(error)) return 'damaged';
    throw error;
  }
}

/** Removes the blobs that were not used for the longest time. What can't be removed stays. */
async function makeRoom(
  directory: string,
  limit: number,
  used: ReadonlyMap<Digest, unknown>,
  now: number,
): Promise<void> {
  const files: { readonly path: string; readonly size: number; readonly time: number }[] = [];
  let total = 0;
  for (const name of await readdir(directory).catch(() => [])) {
    const path = join(directory, name);
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) continue;
    if (name.startsWith('.')) {
      if (now - found.mtimeMs > abandonedAfter) await rm(path, { force: true }).catch(() => undefined);
      continue;
    }
    total += found.size;
    if (!used.has(`sha256:${name}`)) files.push({ path, size: found.size, time: found.mtimeMs });
  }
  files.sort((a, b) => a.time - b.time);
  for (const { path, size } of files) {
    if (total <= limit) return;
    await rm(path, { force: true }).catch(() => undefined);
    total -= size;
  }
}

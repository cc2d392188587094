// Layers that builds have made, for later builds with the same compressor: the blobs are beside those that were fetched,
// and a small record for each tells which one a diff ID stands for. Several processes may share it.

import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { BimaError, isSystemError } from '../../core/errors.ts';
import { limits } from '../../core/limits.ts';
import type { Blob, ByteStream } from '../../core/oci/blob.ts';
import { readDescriptor } from '../../core/oci/descriptor.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import { createDigester, hexOf } from '../../core/oci/digest.ts';
import { encodeJson, parseJsonObject } from '../../core/oci/json.ts';
import type { LayerKey, LayerSource } from '../../core/oci/layer-source.ts';
import { readRegular } from '../filesystem/open-regular.ts';
import type { Reporter } from '../../core/reporter.ts';
import { blobsFolder } from './blob-cache.ts';
import type { BlobCache } from './blob-cache.ts';
import type { OwnRecords } from './own-records.ts';
import { cleanUp, isInUse, move } from '../filesystem/patience.ts';
import { outputErrors, temporaryName } from '../filesystem/temporary.ts';

export interface LayerCacheOptions {
  /** Holds the blobs, and the records beside them. */
  readonly blobs: BlobCache;
  /** The tar in a layer of the given media type. */
  readonly decompress: (layer: ByteStream, mediaType: string) => ByteStream;
  /** What this user knows of layers already. */
  readonly records?: OwnRecords | undefined;
  /** Name of the compressor. */
  readonly compressor: () => Promise<string>;
  /** Media type of the layers. */
  readonly mediaType: string;
  /** False for a cache that is written to but never searched. */
  readonly reuse: boolean;
  readonly reporter: Reporter;
}

/** Smaller layers are compressed faster than they are looked up. */
const smallest = 1024 * 1024;

/** The folder, created with the first layer. */
export class LayerCache implements LayerSource {
  readonly kind = 'cache';
  readonly #options: LayerCacheOptions;
  #isBroken = false;
  #sizes: Promise<Set<string>> | undefined;

  constructor(options: LayerCacheOptions) {
    this.#options = options;
  }

  async mayHave(contentSize: number): Promise<boolean> {
    if (!this.#options.reuse || contentSize < smallest) return false;
    return (await (this.#sizes ??= this.#listSizes())).has(String(contentSize));
  }

  async find(key: LayerKey): Promise<Blob | undefined> {
    if (!(await this.mayHave(key.contentSize))) return undefined;
    const { blobs, mediaType } = this.#options;
    const path = join(await this.#folder(), nameOf(key));
    const descriptor = await readRecord(path);
    if (descriptor === undefined) return undefined;
    const blob = descriptor.mediaType === mediaType ? await blobs.find(descriptor) : undefined;
    if (blob !== undefined && (await this.#hasDiffId(blob, key))) return blob;
    await remove(path);
    return undefined;
  }

  /** Adds a layer from a file. Never fails: a problem is a warning. */
  async add(key: LayerKey, layer: Descriptor, file: string): Promise<void> {
    if (this.#isBroken || key.contentSize < smallest) return;
    const { blobs, records, reporter } = this.#options;
    records?.addDiffId(layer.digest, key.diffId);
    try {
      await blobs.add(layer, file);
      const folder = await this.#folder();
      await outputErrors(blobs.directory, () => this.#writeRecord(folder, key, layer));
      (await this.#sizes)?.add(String(key.contentSize));
      await this.#removeLost(folder);
    } catch (error) {
      if (!(error instanceof BimaError) || error.code !== 'OUTPUT_FAILED') throw error;
      this.#isBroken = true;
      const { code, message, hint } = error;
      reporter.warning({
        code,
        message: `no layer is cached for later builds: ${message}`,
        ...(hint === undefined ? {} : { hint }),
      });
    }
  }

  async #folder(): Promise<string> {
    const compressor = await this.#options.compressor();
    return join(this.#options.blobs.directory, 'layers', compressor.replace(/[^a-z\d]+/g, '-'));
  }

  async #listSizes(): Promise<Set<string>> {
    return new Set((await readdir(await this.#folder()).catch(() => [])).map(sizeIn));
  }

  /**
   * Anybody who may write to the cache can write a record: the layer has to be the one that it is said to be. What is in
   * a layer with a certain digest never changes, so it is enough that this user knows it.
   */
  async #hasDiffId({ descriptor: { mediaType, digest }, open }: Blob, key: LayerKey): Promise<boolean> {
    const { reporter, records, decompress } = this.#options;
    if (records?.findDiffId(digest) === key.diffId) return true;
    const digester = createDigester();
    try {
      for await (const chunk of decompress(open(), mediaType)) {
        digester.update(chunk);
        // Yields to signals between two chunks, as the opened blob does.
        await turn();
      }
    } catch (error) {
      if (!(error instanceof BimaError)) throw error;
      reporter.debug(`the layer ${digest} of the cache can't be unpacked: ${error.message}`);
      return false;
    }
    const isRight = digester.digest() === key.diffId;
    if (isRight) records?.addDiffId(digest, key.diffId);
    else
      reporter.debug(`the layer ${digest} of the cache is not the one that its record names, and not used`);
    return isRight;
  }

  async #writeRecord(folder: string, key: LayerKey, layer: Descriptor): Promise<void> {
    const { mediaType, digest, size } = layer;
    await mkdir(folder, { recursive: true });
    // Where leftovers of killed processes are removed.
    const temporary = join(blobsFolder(this.#options.blobs.directory), await temporaryName());
    const path = join(folder, nameOf(key));
    try {
      await writeFile(temporary, encodeJson({ mediaType, digest, size }));
      await move(temporary, path);
    } catch (error) {
      await cleanUp(temporary);
      // As for blobs: another process has just written it, and it is being read.
      if (isInUse(error) && (await readRecord(path))?.digest === digest) return;
      throw error;
    }
  }

  /** Removes records without a blob. Each has one: there is nothing to look for unless there are more of them. */
  async #removeLost(folder: string): Promise<void> {
    const [names, held] = await Promise.all([
      readdir(folder).catch(() => []),
      readdir(blobsFolder(this.#options.blobs.directory)).catch(() => []),
    ]);
    if (names.length <= held.length) return;
    const there = new Set(held);
    for (const name of names) {
      const descriptor = await readRecord(join(folder, name));
      if (descriptor !== undefined && !there.has(hexOf(descriptor.digest))) await remove(join(folder, name));
    }
  }
}

/** The size comes first: a file of another size needn't be read to know that it isn't this one. */
function nameOf({ diffId, contentSize }: LayerKey): string {
  return `${contentSize}-${hexOf(diffId)}`;
}

function sizeIn(name: string): string {
  return name.slice(0, name.indexOf('-'));
}

/** The record; undefined when there is none. An unreadable one is removed. */
async function readRecord(path: string): Promise<Descriptor | undefined> {
  try {
    const bytes = await readRegular(path, limits.document, { code: 'LAYOUT_INVALID' });
    return readDescriptor(parseJsonObject(bytes, path), path);
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) await remove(path);
    return undefined;
  }
}

/** Whatever is in the way, even a folder. What can't be removed stays. */
async function remove(path: string): Promise<void> {
  await rm(path, { recursive: true }).catch(() => undefined);
}

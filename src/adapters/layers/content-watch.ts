// The content of a layer without reading it: what an earlier build noted of files that haven't changed since.

import { createHash } from 'node:crypto';
import { contentSizeOf } from '../../core/files/entry.ts';
import type { Entry } from '../../core/files/entry.ts';
import { encodeHeader } from '../../core/files/tar-header.ts';
import type { Digest } from '../../core/oci/digest.ts';

/** What a layer is before its compression. */
export interface LayerContent {
  readonly diffId: Digest;
  /** Size of the tar, in bytes. */
  readonly tarSize: number;
}

/** Contents by the keys of their stamps. */
export interface ContentRecords {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  findContent(key: string): LayerContent | undefined;
  addContent(key: string, content: LayerContent): void;
}

export interface WatchOptions {
  readonly mtime: number;
  readonly records: ContentRecords;
}

/** Changes with what {@link packLayer} makes of the same entries. */
const packing = 'tar-1';

/** Reading less takes no time. */
const smallest = 8 * 1024 * 1024;
/** Bytes for each entry on average: many small files are read nearly as fast as they are looked at. */
const smallestFiles = 16 * 1024;

/**
 * Milliseconds that must have passed between the last change of a file and its reading: another change at the same tick of
 * the clock leaves no trace. File systems with the coarsest clock, of one second, keep none of what is smaller.
 */
const racyTime = 2000;

/** Watches the files of a layer from before they are read. Undefined where that doesn't pay, or tells nothing. */
export function watchContent(entries: readonly Entry[], options: WatchOptions): ContentWatch | undefined {
  const size = contentSizeOf(entries);
  if (size < Math.max(smallest, smallestFiles * entries.length)) return undefined;
  const stamp = stampEntries(entries, options.mtime);
  return stamp === undefined ? undefined : new ContentWatch(entries, stamp, options);
}

export class ContentWatch {
  readonly #entries: readonly Entry[];
  readonly #stamp: LayerStamp;
  readonly #options: WatchOptions;
  readonly #isSettled: boolean;

  constructor(entries: readonly Entry[], stamp: LayerStamp, options: WatchOptions) {
    this.#entries = entries;
    this.#stamp = stamp;
    this.#options = options;
    this.#isSettled = stamp.changed < options.records.now() - racyTime;
  }

  /** What is noted of these files as they are. */
  find(): LayerContent | undefined {
    return this.#isSettled ? this.#options.records.findContent(this.#stamp.key) : undefined;
  }

  /** Notes what was read since, unless a file changed before that or meanwhile. */
  note({ diffId, tarSize }: LayerContent): void {
    if (!this.#isSettled) return;
    const { records, mtime } = this.#options;
    const known = records.findContent(this.#stamp.key);
    if (known?.diffId === diffId && known.tarSize === tarSize) return;
    if (stampEntries(this.#entries, mtime)?.key !== this.#stamp.key) return;
    records.addContent(this.#stamp.key, { diffId, tarSize });
  }
}

interface LayerStamp {
  readonly key: string;
  /** When the newest of the files was changed, in milliseconds since 1970. */
  readonly changed: number;
}

/** Headers and stamps of all entries. @throws BimaError CONTEXT_CHANGED */
function stampEntries(entries: readonly Entry[], mtime: number): LayerStamp | undefined {
  const hash = createHash('sha256').update(`${packing}\n`);
  let changed = 0;
  for (const entry of entries) {
    hash.update(encodeHeader(entry, mtime));
    if (entry.type !== 'file') continue;
    const stamp = entry.stamp?.();
    if (stamp === undefined) return undefined;
    hash.update(`${stamp.text}\n`);
    changed = Math.max(changed, stamp.changed);
  }
  return { key: hash.digest('hex'), changed };
}

// Places where a layer may already exist: the same run, a previous image, the cache.

import type { Blob } from './blob.ts';
import type { Descriptor } from './descriptor.ts';
import type { Digest } from './digest.ts';

/** The key of a layer. */
export interface LayerKey {
  /** The digest of its tar. */
  readonly diffId: Digest;
  /** Total size of its files, in bytes. */
  readonly contentSize: number;
}

export interface FoundLayer {
  readonly descriptor: Descriptor;
  /** Its bytes, if they are on this machine and not in the layout yet. They may be gone (ENOENT) when opened. */
  readonly open?: Blob['open'];
}

/** Layers made by one compressor. What is damaged or can't be read counts as missing. */
export interface LayerSource {
  readonly kind: 'run' | 'image' | 'cache';
  /** Whether it may have a layer with so many bytes in its files: asked before any of them is read. */
  mayHave(contentSize: number): boolean | Promise<boolean>;
  find(key: LayerKey): FoundLayer | undefined | Promise<FoundLayer | undefined>;
}

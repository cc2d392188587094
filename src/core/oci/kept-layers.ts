// What a build keeps of the layers that it makes, for later builds with the same compressor.

import type { Blob } from './blob.ts';
import type { Descriptor } from './descriptor.ts';
import type { Digest } from './digest.ts';

/** What a layer is found by. */
export interface LayerKey {
  readonly diffId: Digest;
  /** Of its files together, in bytes: known before they are read. */
  readonly contentSize: number;
}

/** The layers that one compressor made, on this machine. What is damaged or can't be read is as if it weren't there. */
export interface KeptLayers {
  /** Whether there may be one with so many bytes in its files. */
  mayHave(contentSize: number): Promise<boolean>;
  /** One that is there whole, without the annotations of its descriptor. Its file may be gone when it is opened. */
  find(key: LayerKey): Promise<Blob | undefined>;
  /** Keeps a layer that a file holds. Never fails: what goes wrong with that is a warning. */
  keep(key: LayerKey, layer: Descriptor, file: string): Promise<void>;
}

// The two ends of a copy. A layout, an archive and a registry are sources; a repository of a registry is a target too.

import type { Blob } from './blob.ts';
import type { Descriptor } from './descriptor.ts';

/** Where blobs and manifests are read from. */
export interface Source {
  /** What messages call it, such as the path of a layout. */
  readonly name: string;
  /** The content behind a descriptor that this source holds, as a blob that can be reopened. */
  open(descriptor: Descriptor): Blob;
}

/** How content came to be at a target: sent, taken over from another repository there, or there before. */
export type Stored = 'pushed' | 'mounted' | 'present';

/** What a put did. */
export interface PutResult {
  readonly stored: Stored;
  /** How long that took, also where it began before the call. */
  readonly seconds: number;
}

export interface PutOptions {
  /** Stores the content even when the target says that it has it: its word was found to be wrong. */
  readonly force?: boolean;
  /** Repositories of the same target that may have the blob already. */
  readonly mountFrom?: readonly string[];
  readonly signal?: AbortSignal;
}

/** Where blobs and manifests are written to. */
export interface Target {
  readonly name: string;
  /** Stores a blob or a manifest; what it points to must be there before. Content is verified on the way. */
  put(blob: Blob, options?: PutOptions): Promise<PutResult>;
}

// The two ends of a copy. A layout, an archive and a registry are each one or both of them.

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

/** What is known of a tag: it was asked for and may be set, it is set, or it was found not to be set after all. */
export type TagState = 'asked' | 'set' | 'open';

export interface PutOptions {
  /** Stores the content even when the target says that it has it: its word was found to be wrong. */
  readonly force?: boolean;
  readonly signal?: AbortSignal;
  /**
   * Is told once how the content came to be there, and how long that took if it began before the call. A target that
   * never calls it has written the bytes.
   */
  readonly stored?: (how: Stored, seconds?: number) => void;
  /** Is told of each tag whenever more is known of it. */
  readonly tagging?: (tag: string, state: TagState) => void;
}

/** Where blobs and manifests are written to. */
export interface Target {
  readonly name: string;
  /** True when the content is there already, whole. */
  has(descriptor: Descriptor): Promise<boolean>;
  /** Stores a blob or a manifest; what it points to must be there before. Content is verified on the way. */
  put(blob: Blob, options?: PutOptions): Promise<void>;
  /** Makes `tag` point at content that is there. */
  tag(descriptor: Descriptor, tag: string): Promise<void>;
}

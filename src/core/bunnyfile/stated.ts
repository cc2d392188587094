// What a bunnyfile says, read and with its variables replaced, each value with its place.

import type { LabelPair, StatedPlatform } from '../containerfile/instruction.ts';
import type { Position } from '../errors.ts';

/** A value, never empty. */
export interface Stated {
  readonly text: string;
  readonly position: Position;
}

/** Files for the rootfs: from the context, or from an image. */
export interface Include {
  readonly image?: Stated;
  readonly source: Stated;
  /** Absolute. */
  readonly destination: string;
}

export interface StatedKernel {
  /** Absent: the context. */
  readonly image?: Stated;
  readonly path: Stated;
}

export type StatedRootfs =
  /** The rootfs of the container itself, shared with the guest. */
  | {
      readonly form: 'raw';
      readonly image?: Stated;
      readonly includes: readonly Include[];
      readonly position: Position;
    }
  /** A file that is made here, of the included files, or of an image and these. */
  | {
      readonly form: 'written';
      readonly type: 'initrd' | 'block';
      readonly image?: Stated;
      readonly includes: readonly Include[];
      readonly position: Position;
    }
  /** An existing file. Without a type, its content decides. */
  | {
      readonly form: 'file';
      readonly type?: 'initrd' | 'block';
      readonly image?: Stated;
      readonly path: Stated;
      readonly position: Position;
    };

/** Words for the guest; empty ones mean nothing. */
export interface StatedWords {
  readonly words: readonly string[];
  readonly position: Position;
}

export interface Bunnyfile {
  /** Position of the key `platforms`. */
  readonly position: Position;
  readonly framework: Stated;
  readonly monitor: Stated;
  readonly version?: Stated;
  readonly architecture?: StatedPlatform;
  readonly kernel: StatedKernel;
  readonly rootfs?: StatedRootfs;
  readonly entrypoint?: StatedWords;
  readonly cmd?: StatedWords;
  readonly envs: readonly LabelPair[];
}

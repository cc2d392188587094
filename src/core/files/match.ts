// The matches of a COPY's sources: trees that the rootfs places at their destination.

import type { CopySource } from '../containerfile/instruction.ts';
import type { ByteStream, OpenRange } from '../oci/blob.ts';
import type { Entry, FileEntry } from './entry.ts';

interface FoundBase {
  /** What it is in its own rootfs, with all that a COPY doesn't take over; absent for what is in the context. */
  readonly origin?: Entry;
}

export interface FoundFile extends FoundBase {
  readonly type: 'file';
  /** Equal for the names of one file in the context, which are hard links of each other. */
  readonly inode?: string;
  /** The last part of its path. */
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  /** Gives equal texts for files that bring the same bytes; absent where that isn't known. */
  readonly identify?: () => string;
  /** As {@link FileEntry} has it. */
  readonly stamp?: FileEntry['stamp'];
  /** Whether any execute bit is set. */
  readonly executable: boolean;
  /** True where no bit of the file says that, but what it begins with. */
  readonly isGuessed?: boolean;
  /** Permission bits, where they are to be kept; without them, only whether it is executable counts. */
  readonly mode?: number;
  /**
   * A fresh stream of its bytes; it fails when the file is no longer the one that was found. A piece holds until the
   * next one is asked for.
   */
  readonly open: () => ByteStream;
  /** Some of the bytes, in the same way, where they can be had without those before them. */
  readonly openRange?: OpenRange;
}

export interface FoundDirectory extends FoundBase {
  readonly type: 'directory';
  /** The last part of its path; empty for the context itself. */
  readonly name: string;
  /** Permission bits, where they are to be kept. */
  readonly mode?: number;
  /** True for one that is only on the way to what --parents brings: one that is there already stays as it is. */
  readonly isOnTheWay?: boolean;
  /** Sorted bytewise by name. */
  readonly children: readonly Found[];
}

export interface FoundSymlink extends FoundBase {
  readonly type: 'symlink';
  readonly name: string;
  /** Target as stored, with `/` as separator. */
  readonly target: string;
}

export type Found = FoundFile | FoundDirectory | FoundSymlink;

/** One thing that a source names. A link that is named itself was followed, except that of an include. */
export interface Match {
  readonly source: CopySource;
  readonly found: Found;
}

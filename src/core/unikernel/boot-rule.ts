// The shape of a rule about an image's files and labels, and what it sees.

import type { UruncName } from './urunc-annotations.ts';
import type { DiskContent } from './disk-content.ts';
import type { BinaryFacts } from './examine-binary.ts';
import type { LabelInput } from './labels.ts';

/** A file that a label names, and what is in it. */
export interface ExaminedDisk {
  readonly content: DiskContent;
  /** In bytes. */
  readonly size: number;
}

export interface BootFiles {
  readonly binary?: BinaryFacts | undefined;
  readonly initrd?: ExaminedDisk | undefined;
  readonly block?: ExaminedDisk | undefined;
}

export interface BootInput extends BootFiles {
  /** The image's labels, including those that were filled. */
  readonly labels: readonly LabelInput[];
  /** ENTRYPOINT and CMD as one list. */
  readonly words: readonly string[];
  /** `NAME=value`. */
  readonly environment: readonly string[];
  /** Whether the image has a file at a path. */
  readonly provides: (path: string) => boolean;
}

/** What a rule sees. An empty label counts as none. */
export interface Seen extends BootInput {
  readonly label: (name: UruncName) => string;
}

export interface BootRule {
  readonly name: string;
  /** `error` where the monitor surely refuses. */
  readonly level: 'error' | 'warning';
  /** True for a failure of the build: the guest can't read its root file system. */
  readonly isFatal?: true;
  /** The label whose place it is said at, if there is one. */
  readonly at: UruncName | ((seen: Seen) => UruncName);
  /** What is wrong, or undefined. */
  readonly finds: (seen: Seen) => string | undefined;
  readonly hint: string | ((seen: Seen) => string);
}

/** Whether a version is lower than these numbers; missing parts count as 0. */
export function isBefore(version: string, limit: readonly number[]): boolean {
  const numbers = (/^\d+(?:\.\d+)*/.exec(version)?.[0] ?? '').split('.').map(Number);
  for (const [index, wanted] of limit.entries()) {
    const number = numbers[index] ?? 0;
    if (number !== wanted) return number < wanted;
  }
  return false;
}

// A repository that is cleaned up: its manifests and tags can be read, and removed one by one.

import { BimaError } from '../../core/errors.ts';
import type { ErrorCode } from '../../core/errors.ts';
import type { ManifestGraph, ManifestNode } from './graph.ts';

/** The outcome for a manifest or a tag that was to be removed. */
export type Removal =
  | { readonly outcome: 'deleted' }
  /** It was already gone. */
  | { readonly outcome: 'gone' }
  /** It stays, and so must all that it needs. */
  | { readonly outcome: 'refused'; readonly why: string };

export interface ImageStore {
  /** `registry/repository`. */
  readonly name: string;
  /**
   * What is there now, without what was removed before: all that the tags lead to and, if any of that is `wanted`, all
   * that may need it.
   * @throws BimaError CLEANUP_UNSAFE when a manifest can't be read: what needs what is not known then
   */
  read(tags: ReadonlySet<string>, wanted: (node: ManifestNode) => boolean): Promise<ManifestGraph>;
  /**
   * Deletes a manifest with its tags, provided that it has no others than the given node. It counts as deleted when it
   * was looked for and isn't there any more.
   */
  remove(node: ManifestNode): Promise<Removal>;
  /** Takes one tag away from a manifest that stays. */
  untag(tag: string, node: ManifestNode): Promise<Removal>;
}

const unreadable: readonly ErrorCode[] = [
  'LAYOUT_INVALID',
  'DIGEST_MISMATCH',
  'REGISTRY_NOT_FOUND',
  'REGISTRY_PROTOCOL',
];

/** Runs what reads a manifest; a manifest that can't be understood is the end of the cleanup. */
export async function orUnsafe<T>(what: string, body: () => Promise<T>, hint?: string): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (!(error instanceof BimaError) || !unreadable.includes(error.code)) throw error;
    throw unsafe(`${what} can't be read: ${error.message}`, hint, error);
  }
}

/** How long a registry may take to show what has become of a manifest, in milliseconds. */
export const looks = [0, 500, 1000, 2000, 4000];

export const stillThere = 'the registry said that it is deleted, and still has it';

/** For what is gone by its digest, and still served by these tags. */
export function stillTagged(tags: readonly string[]): string {
  const shown = tags.map((tag) => `"${tag}"`).join(', ');
  return `the registry deleted it by its digest, and still has the tag ${shown}`;
}

const manifestHint =
  'Nothing is deleted while it is not known what that manifest needs: run the job again, and if it stays so, ' +
  'delete it or push it anew.';

export function unsafe(message: string, hint = manifestHint, cause?: unknown): BimaError {
  return new BimaError('CLEANUP_UNSAFE', message, { hint, ...(cause === undefined ? {} : { cause }) });
}

// The image with which sizes are compared, for the summary and for the comment: read once.

import { formatReference } from '../core/oci/reference.ts';
import type { Reference } from '../core/oci/reference.ts';
import type { BranchImage } from './branch-image.ts';
import { safeTag } from './event-tags.ts';
import { pullRequestOf } from './event.ts';
import type { ClientRequest, ClientWorld } from './workflow-push.ts';
import type { World } from './world.ts';

/** Undefined when there is no such image, or it can't be read. */
export type ReadBranch = (reference: Reference) => Promise<BranchImage | undefined>;

export interface BranchReader {
  readonly read: ReadBranch;
  /** What the base branch of the event's pull request has, if this image was pushed beside it. */
  readonly ofEvent: () => Promise<BranchImage | undefined>;
}

export function branchImageOnce(
  request: ClientRequest & { readonly skipped: string | undefined },
  world: ClientWorld & Pick<World, 'event'>,
): BranchReader {
  const known = new Map<string, Promise<BranchImage | undefined>>();
  const read: ReadBranch = (reference) => {
    const name = formatReference(reference);
    const found = known.get(name) ?? readOne(reference);
    known.set(name, found);
    return found;
  };
  const readOne: ReadBranch = async (reference) => {
    const { readBranchImage } = await import('./branch-image.ts');
    return readBranchImage({ ...request, reference }, world);
  };
  return {
    read,
    ofEvent: async () => {
      const [first] = request.references;
      const reference = branchReference(first, pullRequestOf(world.event)?.baseBranch);
      return request.skipped === undefined && reference !== undefined ? read(reference) : undefined;
    },
  };
}

/** What a push to the branch names its image; undefined for a branch without a letter or a digit. */
export function branchReference(
  image: Reference | undefined,
  branch: string | undefined,
): Reference | undefined {
  if (image === undefined || branch === undefined || !/[A-Za-z0-9_]/.test(branch)) return undefined;
  const { registry, repository } = image;
  return { registry, repository, tag: safeTag(branch) };
}

// The file name of an archive that nobody named.

import type { Reference } from '../core/oci/reference.ts';

/**
 * The last part of the image's name and its tag, such as `redis_1.oci.tar`. Without a colon: podman, skopeo and tar take
 * what stands before one for something else, and GitHub's artifacts and Windows have none.
 */
export function archiveName({ repository, tag = 'latest' }: Reference): string {
  return `${repository.slice(repository.lastIndexOf('/') + 1)}_${tag}.oci.tar`;
}

// The one importer of @actions/artifact, which is large and slow to load: a bundle of its own, loaded when it is used.
// It imports nothing of ours, so that no class exists twice.

import { DefaultArtifactClient } from '@actions/artifact';
import type { ArtifactClient } from '@actions/artifact';

export type ArtifactLibrary = Pick<ArtifactClient, 'uploadArtifact' | 'deleteArtifact'>;

/** It reads where the service is and its token from the environment, and logs to standard output. */
export function createArtifactLibrary(): ArtifactLibrary {
  return new DefaultArtifactClient();
}

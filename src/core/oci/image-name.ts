// Image names with the transports of skopeo, podman and buildx, which mean the same everywhere.

import { parseReference } from './reference.ts';
import type { Reference } from './reference.ts';

/** What is behind the transport of an image on disk; undefined for a name without such a transport. */
export function localName(text: string): string | undefined {
  return /^(?:oci-layout:\/\/|(?:oci|oci-archive|docker-archive|dir):)(.+)$/s.exec(text)?.[1];
}

/** The reference of an image in a registry, also as `docker://…`. @throws BimaError REFERENCE_INVALID */
export function parseImageName(text: string): Reference {
  return parseReference(text.replace(/^(?:docker|docker-image):\/\//, ''));
}

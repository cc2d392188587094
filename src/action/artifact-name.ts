// The names of artifacts, limited to what the service and every file system accept.

import { isDeviceName } from '../core/file-names.ts';

/** Characters that @actions/artifact refuses, or that no log or file system shows well. */
const unsafe = /["<>|*?\\/:\u0000-\u001f\u007f]+/g;
/** File names end here on most systems; the download is named after the artifact. */
const maxLength = 200;

/** The name with everything that an artifact's name can't hold replaced by `-`; `image` if nothing is left. */
export function safeArtifactName(name: string): string {
  const safe = name.replace(unsafe, '-').slice(0, maxLength);
  // Windows drops dots and spaces at the end of a file's name; the cut may have halved a character.
  const trimmed = safe.replace(/^[\s-]+|[\s.-]+$|[\ud800-\udbff]$/g, '');
  if (trimmed === '') return 'image';
  return isDeviceName(trimmed) ? `image-${trimmed}` : trimmed;
}

/** `<repo>-<tag>` made safe: of `ghcr.io/owner/app` and `1.2` it is `app-1.2`. */
export function defaultArtifactName(repository: string, tag?: string): string {
  const last = repository.slice(repository.lastIndexOf('/') + 1);
  return safeArtifactName(tag === undefined ? last : `${last}-${tag}`);
}

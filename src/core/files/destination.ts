// Resolves the destination of a COPY. Pure.

import { posix } from 'node:path';

/**
 * The destination as an absolute path: a relative one starts at the image's working directory. A slash at its end, or
 * a `.`, stays a slash: it says that the destination is a directory.
 */
export function absoluteDestination(workingDir: string, destination: string): string {
  const path = posix.resolve('/', workingDir, destination);
  return path !== '/' && /(?:^|\/)\.?$/.test(destination) ? `${path}/` : path;
}

// The name of a file that ADD downloads. Pure.

import { posix } from 'node:path';

/** The last part of the URL's path, decoded; undefined where that is no name. */
export function urlName(text: string): string | undefined {
  const { pathname } = new URL(text);
  try {
    const name = posix.basename(decodeURIComponent(pathname));
    return name === '' || name === '.' || name === '..' || name.includes('\0') ? undefined : name;
  } catch {
    return undefined;
  }
}

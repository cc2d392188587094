// A file as annotations name it: by its path in the workspace. Pure.

import nodePath from 'node:path';
import type { PlatformPath } from 'node:path';

/**
 * The path from the workspace, with `/`; undefined for a file that is not in it.
 * @param file absolute, or relative to the workspace
 */
export function workspacePath(
  workspace: string,
  file: string,
  path: PlatformPath = nodePath,
): string | undefined {
  const from = withoutPrefix(path.resolve(workspace), path);
  const to = withoutPrefix(path.resolve(workspace, file), path);
  const relative = path.relative(from, to);
  // Windows has no relative path from one drive to another.
  if (path.isAbsolute(relative)) return undefined;
  const parts = relative.split(path.sep);
  return parts[0] === '..' ? undefined : parts.join('/');
}

/** `\\?\C:\a` is `C:\a`, and `\\?\UNC\server\share` is `\\server\share`. */
function withoutPrefix(absolute: string, path: PlatformPath): string {
  if (path.sep !== '\\') return absolute;
  return absolute.replace(/^\\\\[?.]\\UNC\\/i, '\\\\').replace(/^\\\\[?.]\\(?=[A-Za-z]:)/, '');
}

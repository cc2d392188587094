// What a context found and what a layer holds, in a form that a test can spell out.

import { openContext, resolveContext } from '../../../src/adapters/context/context.ts';
import type { Entry } from '../../../src/core/files/entry.ts';
import type { Found, Match } from '../../../src/core/files/match.ts';

export const position = { file: 'Containerfile', line: 3, column: 6 };

/** Lines such as `bin/`, `bin/run*`, `bin/link -> run` and `kernel 3` (its size). */
export function outlineMatches(matches: readonly Match[]): string[] {
  return matches.flatMap(({ found }) => outlineFound(found, found.name));
}

function outlineFound(found: Found, path: string): string[] {
  switch (found.type) {
    case 'file':
      return [`${path}${found.executable ? '*' : ''} ${found.size}`];
    case 'symlink':
      return [`${path} -> ${found.target}`];
    case 'directory':
      return [`${path}/`, ...found.children.flatMap((child) => outlineFound(child, `${path}/${child.name}`))];
  }
}

/** Lines such as `755 0:0 bin/`, `644 0:0 bin/data` and `777 0:0 bin/link -> run`. */
export function outlineEntries(entries: Iterable<Entry>): string[] {
  return Array.from(entries, (entry) => {
    const end = entry.type === 'directory' ? '/' : entry.type === 'symlink' ? ` -> ${entry.target}` : '';
    return `${entry.mode.toString(8)} ${entry.uid}:${entry.gid} ${entry.path}${end}`;
  });
}

export async function match(folder: string, path: string): Promise<readonly Match[]> {
  const context = await openContext(await resolveContext(folder));
  return context.match({ path, position });
}

// The sources of a COPY --from: files and directories of another rootfs, by the rules of the context's. Pure.

import type { CopySource } from '../containerfile/instruction.ts';
import { BimaError } from '../errors.ts';
import { nearest } from '../suggest.ts';
import { comparePaths } from './entry.ts';
import type { Entry } from './entry.ts';
import type { Found, Match } from './match.ts';
import { followLinks } from './rootfs.ts';
import type { Rootfs } from './rootfs.ts';
import { advance, parseSourcePath } from './source-path.ts';
import type { PatternPart } from './source-path.ts';

/** Finds the sources of COPY instructions in one rootfs. */
export interface RootfsSources {
  /**
   * What a source names, sorted; at least one thing. Modes are kept; links that the source names are followed, those
   * inside a directory are kept.
   * @throws BimaError CONTEXT_PATH, with the source's position, for a source that matches nothing
   */
  match(source: CopySource): readonly Match[];
}

/** @param name of the image or the stage, for messages */
export function rootfsSources(rootfs: Rootfs, name: string): RootfsSources {
  const names = namesByFolder(rootfs);
  const namesIn = (folder: string): readonly string[] => names.get(folder) ?? [];
  return { match };

  function match(source: CopySource): readonly Match[] {
    const path = parseSourcePath(source.path);
    switch (path) {
      case 'leaves the context':
        throw refuse(
          source,
          `"${source.path}" leads out of "${name}"`,
          'Paths start at the root of the image.',
        );
      case 'malformed pattern':
        throw refuse(
          source,
          `"${source.path}" is not a valid pattern`,
          'Close every "[" with a "]", or write "[[]" for the character itself.',
        );
      case 'null byte':
        throw refuse(source, 'a source of COPY holds a null byte');
      default:
    }
    const { parts, pattern } = path;
    if (pattern.length === 0) return [{ source, found: foundAt(parts.join('/'), source) }];
    const start = followLinks(rootfs, parts.join('/'));
    const matches = start === undefined ? [] : pathsMatching(start, pattern);
    if (matches.length === 0) throw refuse(source, `nothing in "${name}" matches "${source.path}"`);
    return matches.map((found) => ({ source, found: foundAt(found, source) }));
  }

  function foundAt(path: string, source: CopySource): Match['found'] {
    const target = followLinks(rootfs, path);
    const entry = target === undefined || target === '' ? undefined : rootfs.entries.get(target);
    if (target === undefined || (entry === undefined && target !== '')) throw missing(path, source);
    const found = treeAt(target, entry, lastPart(path));
    // Every link was followed.
    if (found.type === 'symlink') throw missing(path, source);
    return found;
  }

  /** A loop, like all walks here: what others made may be too deep for the stack. */
  function treeAt(path: string, entry: Entry | undefined, as: string): Found {
    const pending: { readonly path: string; readonly children: Found[] }[] = [];
    const root = foundOf(path, entry, as);
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      for (const child of namesIn(next.path)) {
        const below = join(next.path, child);
        next.children.push(foundOf(below, rootfs.entries.get(below), child));
      }
    }
    return root;

    function foundOf(at: string, there: Entry | undefined, name: string): Found {
      const origin = there === undefined ? {} : { origin: there };
      if (there?.type === 'symlink') return { type: 'symlink', name, target: there.target, ...origin };
      if (there?.type === 'file') {
        there.expect?.();
        const { size, mode, identify, open, isGuessed = false } = there;
        const executable = (mode & 0o111) !== 0;
        // A guess stays one: the label may know better.
        const bits = isGuessed ? { executable, isGuessed } : { executable, mode };
        const file = { type: 'file', name, size, ...bits, open, ...origin } as const;
        return identify === undefined ? file : { ...file, identify };
      }
      const children: Found[] = [];
      pending.push({ path: at, children });
      return {
        type: 'directory',
        name,
        ...(there === undefined ? {} : { mode: there.mode }),
        children,
        ...origin,
      };
    }
  }

  function pathsMatching(folder: string, pattern: readonly PatternPart[]): string[] {
    const matches: string[] = [];
    const pending: { readonly path: string; readonly states: ReadonlySet<number> }[] = [];
    const visit = (path: string, states: ReadonlySet<number>): void => {
      const below = namesIn(path).map((child) => ({
        path: join(path, child),
        states: advance(pattern, states, child),
      }));
      for (const next of below.reverse()) pending.push(next);
    };
    visit(folder, new Set([0]));
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      if (next.states.has(pattern.length)) matches.push(next.path);
      else if (next.states.size > 0) visit(next.path, next.states);
    }
    return matches;
  }

  function missing(path: string, source: CopySource): BimaError {
    const at = followLinks(rootfs, path.split('/').slice(0, -1).join('/'));
    const similar = at === undefined ? undefined : nearest(lastPart(path), namesIn(at));
    const hint =
      similar === undefined || at === undefined
        ? 'Paths start at the root of the image, and links are followed inside it.'
        : `Did you mean "/${join(at, similar)}"? Names are case-sensitive.`;
    return refuse(source, `"${source.path}" is not in "${name}"`, hint);
  }
}

function refuse({ position }: CopySource, message: string, hint?: string): BimaError {
  return new BimaError('CONTEXT_PATH', message, { position, ...(hint === undefined ? {} : { hint }) });
}

function namesByFolder({ entries }: Rootfs): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, string[]>();
  for (const path of entries.keys()) {
    const folder = path.slice(0, Math.max(path.lastIndexOf('/'), 0));
    const list = names.get(folder) ?? [];
    list.push(lastPart(path));
    names.set(folder, list);
  }
  for (const list of names.values()) list.sort(comparePaths);
  return names;
}

function join(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

// What a build itself writes into its context, and what its context therefore leaves out: otherwise no two builds would
// give the same image.

import { realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { joinPath, lastPart } from '../../core/files/file-tree.ts';
import type { IgnoreRules } from '../../core/files/ignore.ts';

export interface OwnOutputs {
  /** From the context, with `/`; sorted, and whether or not they are there. */
  readonly paths: readonly string[];
  /** The output that a path of the context is, or is inside of; undefined for anything else. */
  find(path: string): string | undefined;
}

/**
 * Finds those of the paths that are in the context; the context itself is none.
 * @param root of the context, absolute and with its links resolved
 * @param paths of files and folders, which needn't be there
 */
export async function findOutputs(root: string, paths: readonly string[]): Promise<OwnOutputs> {
  const found = new Set<string>();
  for (const path of paths) {
    // A link is followed, and doesn't itself belong in an image.
    for (const place of [await resolveLinks(path), join(await resolveLinks(dirname(path)), basename(path))]) {
      const inner = relative(root, place);
      if (inner === '' || inner.split(sep)[0] === '..' || isAbsolute(inner)) continue;
      found.add(inner.replaceAll(sep, '/'));
    }
  }
  const outputs = [...found];
  return {
    paths: outputs.toSorted(),
    find: (path) =>
      outputs.find((output) => path === output || path.startsWith(`${output}/`) || isTemporary(path, output)),
  };
}

/** The folders beside an output in which it is made, also those of a build that was killed. */
function isTemporary(path: string, output: string): boolean {
  const name = lastPart(output);
  const prefix = joinPath(output.slice(0, Math.max(output.length - name.length - 1, 0)), `.${name}.bima-`);
  return path.startsWith(prefix);
}

/** The rules without the outputs. @param note is told each output that is left out */
export function withoutOutputs(
  rules: IgnoreRules,
  outputs: OwnOutputs,
  note: (output: string) => void,
): IgnoreRules {
  const isOutput = (path: string): boolean => {
    const output = outputs.find(path);
    if (output !== undefined && path === output) note(output);
    return output !== undefined;
  };
  return {
    ...rules,
    ignores: (path) => rules.ignores(path) || isOutput(path),
    mayKeepBelow: (folder) => rules.mayKeepBelow(folder) && outputs.find(folder) === undefined,
  };
}

/** The real place of a path, of which the last parts needn't be there. */
async function resolveLinks(path: string): Promise<string> {
  const absolute = resolve(path);
  try {
    return await realpath(absolute);
  } catch {
    const parent = dirname(absolute);
    return parent === absolute ? absolute : join(await resolveLinks(parent), basename(absolute));
  }
}

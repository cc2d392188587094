// Why a source was not found, and what was perhaps meant.

import type { BimaError } from '../../core/errors.ts';
import type { CopySource } from '../../core/containerfile/instruction.ts';
import { nearest } from '../../core/suggest.ts';
import { joinPath, readNames, readStats, refusal } from './disk.ts';
import type { OpenPlace, Place } from './disk.ts';
import type { Followed } from './links.ts';

/** The error for a path that is not there. */
export async function explainMissing(
  place: OpenPlace,
  source: CopySource,
  missing: Extract<Followed, { exists: false }>,
): Promise<BimaError> {
  const { folder, name, link } = missing;
  const path = joinPath(folder, name);
  if (link !== undefined) {
    return refusal(place, `the symbolic link "${link}" points to "${path}", which is not in the context`, {
      hint: 'A link that COPY names is followed: put a file where it points to, or name another source.',
    });
  }
  const names = await namesIn(place, folder);
  const twin = names.find((other) => other !== name && other.normalize() === name.normalize());
  const similar = nearest(name, names);
  const hint =
    twin !== undefined
      ? `The file's own name looks the same, and is in another Unicode form (NFC or NFD): write it as "ls" gives it.`
      : similar !== undefined
        ? `Did you mean "${joinPath(folder, similar)}"? Names are case-sensitive.`
        : source.path.startsWith('/')
          ? 'A source that starts with "/" is looked for in the context, not on this machine.'
          : source.path.startsWith('~')
            ? 'A "~" is no home directory here: sources are looked for in the context.'
            : `The context is "${place.root}".`;
  return refusal(place, `"${source.path}" is not in the context`, { hint });
}

/** The error for a path that the ignore file leaves out. */
export function explainIgnored(place: Place, path: string, ignoreFile: string): BimaError {
  return refusal(place, `"${path}" is left out of the context by "${ignoreFile}"`, {
    hint: `Remove the line of "${ignoreFile}" that names it, or add the line "!${path}" at its end.`,
  });
}

/** The error for a path that the build itself writes. */
export function explainOutput(place: Place, path: string): BimaError {
  return refusal(place, `"${path}" is what this build writes, and left out of its context`, {
    hint: 'Have the build write to another place, or copy another file.',
  });
}

async function namesIn(place: OpenPlace, folder: string): Promise<readonly string[]> {
  const stats = readStats(place, folder);
  return stats?.isDirectory() === true ? readNames(place, folder) : [];
}

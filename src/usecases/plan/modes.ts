// Modes where the system of the context has no executable bit: the unikernel's binary is executable whatever it begins
// with, and a COPY for which a guess decided is a warning. Pure.

import type { Problem } from '../../core/errors.ts';
import { uruncKeys } from '../../core/unikernel/urunc-annotations.ts';
import { lastPairs } from '../../core/unikernel/labels.ts';
import type { LabelInput } from '../../core/unikernel/labels.ts';
import type { Entry } from '../../core/files/entry.ts';
import type { StageFiles } from './files.ts';
import { resolve } from '../../core/files/rootfs.ts';

/** The same files, with the one that the binary label names executable if its mode was guessed. */
export function withExecutableBinary(files: StageFiles, pairs: readonly LabelInput[]): StageFiles {
  const binary = resolve(files.rootfs, lastPairs(pairs).get(uruncKeys.binary)?.value ?? '');
  if (binary?.isGuessed !== true) return files;
  const executable: Entry = { ...binary, mode: 0o755 };
  const replaced = (entry: Entry) => (entry === binary ? executable : entry);
  return {
    ...files,
    rootfs: { entries: new Map(files.rootfs.entries).set(binary.path, executable) },
    layers: files.layers.map((layer) => ({ ...layer, entries: layer.entries.map(replaced) })),
  };
}

/** One for each COPY that brings files of which only a guess says that they are executable. */
export function warnOfGuesses({ layers }: StageFiles): Problem[] {
  return layers.flatMap(({ instruction, entries }) => {
    const guessed = entries.filter(
      (entry) => entry.type === 'file' && entry.isGuessed && entry.mode === 0o755,
    );
    const [first, ...others] = guessed;
    if (first === undefined) return [];
    const and = others.length === 0 ? '' : ` and ${others.length} more`;
    return [
      {
        code: 'CONTEXT_PATH',
        message: `"/${first.path}"${and} gets the mode 0755 by what it is: Windows has no executable bit`,
        hint: 'Write COPY --chmod=0755 for programs: then the image is the same on every system.',
        position: instruction.position,
      },
    ];
  });
}

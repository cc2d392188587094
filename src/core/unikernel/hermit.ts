// Hermit's notes (hermit-entry, src/note.rs and src/elf.rs).

import { readUnsigned } from './bytes.ts';
import type { ElfNote } from './elf-notes.ts';

export interface HermitFacts {
  /** Version of the kernel, such as `0.6.7`. */
  readonly version?: string;
  /** Version of the interface to the loader. */
  readonly entryVersion?: number;
}

/** What Hermit's linker writes as EI_OSABI, and as the operating system of its ABI tag. */
const [standalone, hermitSystem] = [255, 6];

/** Undefined for what isn't Hermit's. */
export function readHermit(notes: readonly ElfNote[], osAbi: number): HermitFacts | undefined {
  const entry = notes.find(({ name, type }) => name === 'HERMIT' && type === 0x5a00);
  const tag = notes.find(
    ({ name, type, description }) =>
      name === 'GNU' && type === 1 && readUnsigned(description, 0, 4) === hermitSystem,
  );
  if (entry === undefined && (tag === undefined || osAbi !== standalone)) return undefined;
  const numbers = [4, 8, 12].map((at) =>
    tag === undefined ? undefined : readUnsigned(tag.description, at, 4),
  );
  const entryVersion = entry?.description[0];
  return {
    ...(numbers.includes(undefined) ? {} : { version: numbers.join('.') }),
    ...(entryVersion === undefined ? {} : { entryVersion }),
  };
}

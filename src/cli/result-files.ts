// Files that hold what a command prints, for scripts: --iidfile, --digestfile and --metadata-file.

import { rm } from 'node:fs/promises';
import { findFileTarget } from '../adapters/filesystem/output-path.ts';
import { writeWhole } from '../adapters/filesystem/temporary.ts';
import { BimaError } from '../core/errors.ts';
import { buildMetadata } from '../core/oci/build-metadata.ts';
import type { MetadataFacts } from '../core/oci/build-metadata.ts';
import type { Options } from './args.ts';

const names = ['iidfile', 'digestfile', 'metadata-file'] as const;

/** The paths that were given. */
export function resultFiles(options: Options): string[] {
  return names.flatMap((name) => options.string(name) ?? []);
}

/**
 * Fails early for a file that could not be written, and removes what an earlier run left there: a command that fails
 * leaves no old result behind.
 * @throws BimaError INPUT_INVALID or OUTPUT_FAILED
 */
export async function prepareResultFiles(options: Options): Promise<void> {
  for (const name of names) {
    const path = options.string(name);
    if (path === undefined) continue;
    const target = path === '' || path === '-' ? undefined : await findFileTarget(path);
    if (target?.type !== 'file') {
      throw new BimaError('INPUT_INVALID', `expected the path of a file for --${name}, got "${path}"`);
    }
    await rm(target.path, { force: true });
  }
}

/** Each whole or not at all, and without a line end. @throws BimaError OUTPUT_FAILED */
export async function writeResultFiles(options: Options, facts: MetadataFacts): Promise<void> {
  const texts = {
    iidfile: facts.config ?? facts.root.digest,
    digestfile: facts.root.digest,
    'metadata-file': `${JSON.stringify(buildMetadata(facts), undefined, 2)}\n`,
  };
  for (const name of names) {
    const path = options.string(name);
    if (path === undefined) continue;
    const { path: place } = await findFileTarget(path);
    await writeWhole(place, Buffer.from(texts[name]));
  }
}

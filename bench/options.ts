// The command line of the benchmark.

import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

export interface BenchOptions {
  /** Names of cases or of families of them; empty for all. */
  readonly cases: readonly string[];
  readonly runs?: number;
  /** Without its ending: `.json`, `.md` and `.svg` are written. */
  readonly out: string;
  readonly bundle: string;
  readonly folder: string;
  readonly quick: boolean;
  readonly list: boolean;
  readonly help: boolean;
}

const root = resolve(import.meta.dirname, '..');

export const help = `Compares this program with others that do the same work, as far as they are on the PATH.

USAGE:
   npm run bench -- [options]

OPTIONS:
   --case NAME      Run this case only, or all whose names start with it; may be given several times
   --list           Print the names of the cases, and of the programs that were found and not found
   --runs NUMBER    Runs of each contestant (default: 20 for start, 7 up to 100 MB, 3 for 1 GB, 1 for memory)
   --out PATH       Where PATH.json, PATH.md and PATH.svg are written (default: bench/results/latest)
   --bundle PATH    The cli.cjs to measure, with action.cjs beside it (default: dist/cli.cjs)
   --folder PATH    Where temporary files go (default: the system's folder for them); up to 16 GB for all cases
   --quick          Small inputs and one run: shows that everything works, and measures nothing of worth
   --help           Show this help

Other programs: bima (in Go), bsdcpio, buildah, crane, docker-registry, igzip, libdeflate-gzip, mke2fs, oras, pigz,
skopeo, umoci.
Pushes need docker-registry, and are left out without it.`;

/** @throws Error for an option that isn't there, or has a value that it can't have */
export function parseOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      case: { type: 'string', multiple: true, default: [] },
      list: { type: 'boolean', default: false },
      runs: { type: 'string' },
      out: { type: 'string', default: 'bench/results/latest' },
      bundle: { type: 'string', default: resolve(root, 'dist/cli.cjs') },
      folder: { type: 'string', default: tmpdir() },
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const runs = values.runs === undefined ? undefined : Number(values.runs);
  if (runs !== undefined && !(Number.isInteger(runs) && runs > 0))
    throw new Error(`expected a number of runs, got "${values.runs ?? ''}"`);
  return {
    cases: values.case,
    ...(runs === undefined ? {} : { runs }),
    out: resolve(values.out),
    bundle: resolve(values.bundle),
    folder: resolve(values.folder),
    quick: values.quick,
    list: values.list,
    help: values.help,
  };
}

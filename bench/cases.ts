// The cases of the benchmark: what is packed, by whom, and what happened before.

import type { Input } from './context.ts';
import { archivers, limits, pushers, requestLimits, rootWriters } from './contestants.ts';
import type { Contestant } from './contestants.ts';
import { ours } from './results.ts';
import type { Programs } from './programs.ts';
import { starters } from './start.ts';

export interface BenchCase {
  readonly name: string;
  readonly title: string;
  readonly input: Input;
  readonly contestants: readonly Contestant[];
  readonly runs: number;
  readonly needsRegistry: boolean;
  /** What is done, not timed, before each run: nothing, the same run, or one that differs in this alone. */
  readonly before: 'nothing' | 'same' | 'other configuration' | 'other tag';
}

export interface CaseOptions {
  /** The cli.cjs and the action.cjs beside it. */
  readonly bundle: string;
  /** Small inputs and one run: shows that everything works, and measures nothing of worth. */
  readonly quick: boolean;
}

const megabyte = 1e6;

export function listCases(programs: Programs, { bundle, quick }: CaseOptions): readonly BenchCase[] {
  const binary = (megabytes: number): Input => ({
    kind: 'binary',
    size: (quick ? Math.min(megabytes, 2) : megabytes) * megabyte,
  });
  const files: Input = { kind: 'files', count: quick ? 200 : 10_000 };
  const toArchive = [...archivers(programs, bundle), ...limits('binary')];
  const toRegistry = pushers(programs, bundle);
  const archive = { contestants: toArchive, needsRegistry: false, before: 'nothing' } as const;
  const push = { contestants: toRegistry, needsRegistry: true, before: 'nothing' } as const;
  const cases: readonly BenchCase[] = [
    { name: 'start', title: 'Start to first line', input: binary(1), ...startCase(programs, bundle) },
    { name: 'archive-100mb', title: 'Cold archive of 100 MB', input: binary(100), runs: 7, ...archive },
    { name: 'push-100mb', title: 'Cold build and push of 100 MB', input: binary(100), runs: 7, ...push },
    {
      name: 'again-100mb',
      title: 'The same push of 100 MB again, nothing changed',
      input: binary(100),
      runs: 7,
      needsRegistry: true,
      before: 'same',
      contestants: [...toRegistry, ...requestLimits(programs)],
    },
    {
      name: 'config-100mb',
      title: 'Build and push of 100 MB again, one configuration file changed',
      input: binary(100),
      runs: 7,
      ...push,
      before: 'other configuration',
    },
    {
      name: 'tag-100mb',
      title: 'Build and push of 100 MB again, under another tag',
      input: binary(100),
      runs: 7,
      needsRegistry: true,
      before: 'other tag',
      contestants: pushers(programs, bundle, true),
    },
    {
      name: 'files-10000',
      title: 'Cold archive of 10,000 files, 46 MB',
      input: files,
      runs: 7,
      needsRegistry: false,
      before: 'nothing',
      contestants: [...archivers(programs, bundle), ...limits('files')],
    },
    ...(['initrd', 'block'] as const).flatMap((form): BenchCase[] => {
      const what = form === 'initrd' ? 'an initrd' : 'a block image';
      const root = { needsRegistry: false, before: 'nothing' } as const;
      return [
        {
          ...{ name: `${form}-10000`, title: `Root file system of 10,000 files, 46 MB, as ${what}` },
          ...{ input: files, runs: 7, ...root, contestants: rootWriters(programs, bundle, form, 128) },
        },
        {
          ...{ name: `${form}-1gb`, title: `Root file system of 1 GB as ${what}` },
          ...{
            input: binary(1000),
            runs: 3,
            ...root,
            contestants: rootWriters(programs, bundle, form, 1200),
          },
        },
      ];
    }),
    { name: 'archive-1gb', title: 'Cold archive of 1 GB', input: binary(1000), runs: 3, ...archive },
    { name: 'push-1gb', title: 'Cold build and push of 1 GB', input: binary(1000), runs: 3, ...push },
    ...(quick ? [1] : [1, 10, 100, 1000, 4000]).flatMap((size): BenchCase[] => {
      // The others' time at these sizes is known, and their memory at the large ones may be more than there is.
      const own = ({ name }: Contestant) => size <= 1000 || name.startsWith(ours);
      const shown = size < 1000 ? `${size} MB` : `${size / 1000} GB`;
      const of = (list: readonly Contestant[]) => list.filter(own);
      return [
        {
          ...{ name: `memory-archive-${size}mb`, title: `Memory for an archive of ${shown}` },
          ...{ input: binary(size), runs: 1, ...archive, contestants: of(archivers(programs, bundle)) },
        },
        {
          ...{ name: `memory-push-${size}mb`, title: `Memory for a push of ${shown}` },
          ...{ input: binary(size), runs: 1, ...push, contestants: of(toRegistry) },
        },
      ];
    }),
  ];
  return quick ? cases.map((one) => ({ ...one, runs: 1 })) : cases;
}

function startCase(programs: Programs, bundle: string) {
  const contestants = starters(programs, bundle);
  return { contestants, runs: 20, needsRegistry: false, before: 'nothing' } as const;
}

/** The case of this name, or all of a family such as `memory`. */
export function chooseCases(cases: readonly BenchCase[], names: readonly string[]): readonly BenchCase[] {
  if (names.length === 0) return cases;
  for (const name of names) {
    if (cases.some((one) => belongs(one, name))) continue;
    throw new Error(`expected a case of ${cases.map((one) => one.name).join(', ')}, got "${name}"`);
  }
  return cases.filter((one) => names.some((name) => belongs(one, name)));
}

function belongs({ name }: BenchCase, wanted: string): boolean {
  return name === wanted || name.startsWith(`${wanted}-`);
}

// Runs cases: all contestants of a case take turns, each round in another order, each run in a folder of its own.

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchCase } from './cases.ts';
import type { Contestant, Place } from './contestants.ts';
import { writeContext } from './context.ts';
import type { BenchContext } from './context.ts';
import { measure, measureFirstLine } from './measure.ts';
import type { Measurement, Step } from './measure.ts';
import type { Programs } from './programs.ts';
import type { CaseResult, ContestantResult } from './results.ts';
import { rotated } from './statistics.ts';
import { startDockerRegistry } from '../test/support/docker-registry.ts';

export interface RunOptions {
  readonly programs: Programs;
  readonly pool: readonly string[];
  /** Everything is written in folders below it, which are gone afterwards. */
  readonly folder: string;
  /** In place of what the case says. */
  readonly runs?: number;
  readonly say: (line: string) => void;
}

interface Tally extends Pick<Contestant, 'name'> {
  readonly contestant: Contestant;
  commands: readonly string[];
  readonly seconds: number[];
  readonly peaks: number[];
  size?: number;
  failure: string | undefined;
}

/** Whoever fails is left out from there on, and the case says so. */
export async function runCase(bench: BenchCase, options: RunOptions): Promise<CaseResult> {
  const { programs, say, runs = bench.runs } = options;
  const { name, title } = bench;
  const registryIsMissing = bench.needsRegistry && !programs.paths.has('docker-registry');
  const reason = registryIsMissing ? 'It needs docker-registry.' : lackOfSpace(bench, options.folder);
  if (reason !== undefined) {
    say(`${name}: not run. ${reason}`);
    return { name, title, contestants: [], notes: [`Not measured. ${reason}`] };
  }
  const present = bench.contestants.filter(({ needs }) => needs.every((need) => programs.paths.has(need)));
  const tallies = present.map((contestant): Tally => ({
    name: contestant.name,
    contestant,
    commands: [],
    seconds: [],
    peaks: [],
    failure: undefined,
  }));
  const folder = mkdtempSync(join(options.folder, 'bima-bench-'));
  try {
    const context = writeContext(join(folder, 'context'), bench.input, options.pool);
    for (let round = 0; round < runs; round += 1) {
      for (const tally of rotated(tallies, round)) {
        if (tally.failure !== undefined) continue;
        tally.failure = await failureOf(runOnce(bench, tally, context, folder));
        const outcome = tally.failure ?? `${tally.seconds.at(-1)?.toFixed(3) ?? ''} s`;
        say(`${name} ${round + 1}/${runs} ${tally.name}: ${outcome}`);
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const failed = tallies.filter(({ failure }) => failure !== undefined);
  return {
    name,
    title,
    contestants: tallies.filter(({ seconds }) => seconds.length > 0).map(resultOf),
    notes: failed.map((tally) => `${tally.name} failed.`),
  };
}

async function failureOf(run: Promise<void>): Promise<string | undefined> {
  return run.then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
}

async function runOnce(bench: BenchCase, tally: Tally, context: BenchContext, folder: string): Promise<void> {
  const { contestant } = tally;
  const parts = {
    before: join(folder, 'before'),
    work: join(folder, 'work'),
    kept: join(folder, 'kept'),
    scratch: join(folder, 'scratch'),
  };
  const { scratch } = parts;
  for (const path of Object.values(parts)) mkdirSync(path);
  const registry = bench.needsRegistry ? await startDockerRegistry() : undefined;
  try {
    const place: Place = {
      context: context.folder,
      sources: context.sources,
      work: parts.work,
      kept: parts.kept,
      registry: registry?.host ?? '',
      tag: '1',
    };
    contestant.prepare?.(place);
    if (bench.before !== 'nothing') {
      const tag = bench.before === 'other tag' ? '0' : place.tag;
      await measure(contestant.steps({ ...place, work: parts.before, tag }), scratch);
      if (bench.before === 'other configuration') context.changeConfiguration();
    }
    // What was written so far shall not be written out while the clock runs.
    spawnSync('sync');
    const steps = contestant.steps(place);
    const measured = await measureSteps(contestant, steps, scratch);
    tally.seconds.push(measured.seconds);
    if (measured.peak !== undefined) tally.peaks.push(measured.peak);
    const made = contestant.made?.(place);
    if (made !== undefined) tally.size = statSync(made).size;
    tally.commands = steps.map((step) => describeStep(step, place));
  } finally {
    await registry?.stop();
    for (const path of Object.values(parts)) rmSync(path, { recursive: true, force: true });
  }
}

function measureSteps(
  { firstLine }: Contestant,
  steps: readonly Step[],
  scratch: string,
): Promise<Measurement> {
  const [step] = steps;
  return firstLine === true && step !== undefined ? measureFirstLine(step) : measure(steps, scratch);
}

/** What a reader can repeat, without a path of this machine. */
function describeStep({ command }: Step, place: Place): string {
  const names: readonly (readonly [string, string])[] = [
    [place.work, '$work'],
    [place.kept, '$kept'],
    [place.context, '$context'],
    ...(place.registry === '' ? [] : [[place.registry, '$registry'] as const]),
  ];
  const words = command.map((word) => {
    const named = names.reduce((text, [path, name]) => text.replaceAll(path, name), word);
    const plain = named.replace(/^\/.*\//, '');
    return /^[\w@%+=:,./$-]+$/.test(plain) ? plain : `'${plain}'`;
  });
  return words.join(' ');
}

/** Each file is there once as input, and up to three times as what is made of it. */
function lackOfSpace({ input }: BenchCase, folder: string): string | undefined {
  const { bavail, bsize } = statfsSync(folder);
  const needed = 4 * (input.kind === 'binary' ? input.size : input.count * 8192) + 1e8;
  const free = bavail * bsize;
  if (free >= needed) return undefined;
  return `It needs ${Math.ceil(needed / 1e9)} GB of free space for temporary files.`;
}

function resultOf({ name, commands, seconds, peaks, size }: Tally): ContestantResult {
  const round = (value: number) => Number(value.toFixed(4));
  return {
    name,
    commands,
    seconds: seconds.map(round),
    peaks,
    ...(size === undefined ? {} : { size }),
  };
}

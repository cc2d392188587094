// What is aimed at, as ratios and differences between contestants of one run: a slow machine is slow for all of them.

import { ours } from './results.ts';
import type { ContestantResult, Results } from './results.ts';
import { spreadOf } from './statistics.ts';

export interface Judgement {
  readonly name: string;
  /** The contestant that is judged. */
  readonly who: string;
  /** Undefined when what it needs wasn't measured. */
  readonly measured: number | undefined;
  readonly limit: number;
  /** Empty for a ratio. */
  readonly unit: '' | 's' | 'ms' | 'MB';
  readonly isMet: boolean | undefined;
}

interface Target extends Pick<Judgement, 'name' | 'limit' | 'unit'> {
  readonly case: string;
  /** Told with whom it is compared. */
  readonly to: string;
  readonly by: 'ratio' | 'difference';
}

/** The names of contestants that targets speak of; `*` stands for a Node's version. */
export const peerNames = {
  bima: 'bima in Go',
  bimaPush: 'bima in Go, then skopeo',
  limit: 'limit: pigz -1 -p2, then sha256sum',
  tar: 'limit: tar, then pigz',
  requests: 'limit: Node * and two requests',
  empty: 'limit: an empty script, Node *',
} as const;

const targets: readonly Target[] = [
  {
    name: 'cold archive of 100 MB, of the time of bima in Go',
    case: 'archive-100mb',
    to: peerNames.bima,
    by: 'ratio',
    limit: 0.4,
    unit: '',
  },
  {
    name: 'cold archive of 100 MB, of the time of `pigz -1 -p2 | sha256sum`',
    case: 'archive-100mb',
    to: peerNames.limit,
    by: 'ratio',
    limit: 0.65,
    unit: '',
  },
  {
    name: 'cold build and push of 100 MB, of the time of bima in Go and skopeo',
    case: 'push-100mb',
    to: peerNames.bimaPush,
    by: 'ratio',
    limit: 0.4,
    unit: '',
  },
  {
    name: "the same push again, over Node's start and two requests",
    case: 'again-100mb',
    to: peerNames.requests,
    by: 'difference',
    limit: 0.12,
    unit: 's',
  },
  {
    name: '10,000 files, of the time of `tar | pigz`',
    case: 'files-10000',
    to: peerNames.tar,
    by: 'ratio',
    limit: 0.5,
    unit: '',
  },
  {
    name: 'start to first line, over an empty script',
    case: 'start',
    to: peerNames.empty,
    by: 'difference',
    limit: 50,
    unit: 'ms',
  },
];

/** Every target with every contestant of ours that it is about. */
export function judge(results: Results): readonly Judgement[] {
  return [...targets.flatMap((target) => judgeTarget(target, results)), ...judgeMemory(results)];
}

function judgeTarget({ case: name, to, by, ...target }: Target, { cases }: Results): Judgement[] {
  const contestants = cases.find((found) => found.name === name)?.contestants ?? [];
  const judged = contestants.filter(isOurs);
  if (judged.length === 0) return [{ ...target, who: ours, measured: undefined, isMet: undefined }];
  return judged.map((contestant) => {
    const reference = contestants.find((other) => other.name === sameNode(to, contestant.name));
    const [time, base] = [medianOf(contestant), medianOf(reference)];
    if (time === undefined || base === undefined)
      return { ...target, who: contestant.name, measured: undefined, isMet: undefined };
    const measured = by === 'ratio' ? time / base : (time - base) * (target.unit === 'ms' ? 1000 : 1);
    return { ...target, who: contestant.name, measured, isMet: measured <= target.limit };
  });
}

/** The largest of all sizes and all cases that measure it. */
function judgeMemory({ cases }: Results): Judgement[] {
  const target = { name: 'peak memory at every size', limit: 130, unit: 'MB' } as const;
  const peaks = new Map<string, number>();
  for (const { name, peaks: measured } of cases.flatMap(({ contestants }) => contestants.filter(isOurs))) {
    const who = name.split(':')[0] ?? name;
    for (const peak of measured) peaks.set(who, Math.max(peaks.get(who) ?? 0, peak / 1e6));
  }
  if (peaks.size === 0) return [{ ...target, who: ours, measured: undefined, isMet: undefined }];
  return [...peaks].map(([who, measured]) => ({ ...target, who, measured, isMet: measured <= target.limit }));
}

function isOurs({ name }: ContestantResult): boolean {
  return name.startsWith(ours);
}

function medianOf(contestant: ContestantResult | undefined): number | undefined {
  if (contestant === undefined || contestant.seconds.length === 0) return undefined;
  return spreadOf(contestant.seconds).median;
}

/** The name of a contestant that runs on the same Node as another, whose name is given. */
export function sameNode(name: string, other: string): string {
  return name.replace('*', other.slice(ours.length + 1).split(':')[0] ?? '');
}

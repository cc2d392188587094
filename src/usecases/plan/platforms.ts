// The same Containerfile planned for several platforms, with what is wrong for all of them said once.

import { throwProblems } from '../../core/errors.ts';
import type { Problem } from '../../core/errors.ts';
import { formatPlatform } from '../../core/oci/platform.ts';
import type { Platform } from '../../core/oci/platform.ts';
import type { Reporter } from '../../core/reporter.ts';
import { examine, inOrder } from './plan.ts';
import type { PlanFindings, Plan, PlanOptions } from './plan.ts';

/** What to build; without platforms, one image for that of the unikernel's binary. */
export interface PlatformsOptions extends Omit<PlanOptions, 'platform'> {
  /** Each once. */
  readonly platforms: readonly Platform[];
  /** `warning`: nothing is built while there is a warning. */
  readonly failOn?: FailOn;
}

/** What makes a build fail. */
export type FailOn = (typeof failOnWords)[number];
export const failOnWords = ['error', 'warning'] as const;

/** The plans, one for each platform in their order, are there only if nothing is wrong. */
export interface PlatformsFindings extends Omit<PlanFindings, 'plan'> {
  readonly plans?: readonly Plan[];
}

/**
 * Plans an image for each platform.
 * @throws BimaError with every problem that was found for any of them
 */
export async function planPlatforms(
  options: PlatformsOptions,
  reporter: Pick<Reporter, 'info' | 'warning'>,
): Promise<readonly Plan[]> {
  const { plans, errors, warnings, notes } = await examinePlatforms(options);
  for (const note of notes) reporter.info(note);
  if (options.failOn === 'warning') throwProblems(inOrder([...errors, ...warnings]));
  for (const warning of warnings) reporter.warning(warning);
  throwProblems(errors);
  if (plans === undefined) throw new Error('plans without errors are missing');
  return plans;
}

/** Looks at everything that the builds need, for all platforms also when one of them fails. */
export async function examinePlatforms(options: PlatformsOptions): Promise<PlatformsFindings> {
  const { platforms, ...others } = options;
  const found: PlanFindings[] = [];
  for (const platform of platforms) found.push(await examine({ ...others, platform }));
  if (platforms.length === 0) found.push(await examine(others));

  const plans = found.flatMap(({ plan }) => plan ?? []);
  return {
    ...(plans.length === found.length ? { plans } : {}),
    errors: combine(
      found.map(({ errors }) => errors),
      platforms,
    ),
    warnings: combine(
      found.map(({ warnings }) => warnings),
      platforms,
    ),
    notes: [...new Set(found.flatMap(({ notes }) => notes))],
  };
}

/** Each problem once, with the platforms that it is about unless it is about all. */
function combine(lists: readonly (readonly Problem[])[], platforms: readonly Platform[]): readonly Problem[] {
  const all = new Map<string, { readonly problem: Problem; readonly platforms: Set<string> }>();
  for (const [index, list] of lists.entries()) {
    for (const problem of list) {
      const { code, message, hint, position } = problem;
      const key = JSON.stringify([code, message, hint, position]);
      const known = all.get(key) ?? { problem, platforms: new Set() };
      const platform = platforms[index];
      if (platform !== undefined) known.platforms.add(formatPlatform(platform));
      all.set(key, known);
    }
  }
  const problems = [...all.values()].map(({ problem, platforms: about }) => {
    const isNamed = [...about].every((name) => problem.message.includes(name));
    if (isNamed || about.size === platforms.length) return problem;
    return { ...problem, message: `${problem.message} (for ${[...about].join(' and ')})` };
  });
  return inOrder(problems);
}

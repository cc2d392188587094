// Checks of an image's files against its labels. Where the monitor surely refuses, the message begins with
// "will not boot".

import type { Position, Problem } from '../errors.ts';
import { uruncKeys } from './urunc-annotations.ts';
import type { BootInput, BootRule, Seen } from './boot-rule.ts';
import { diskRules } from './disk-rules.ts';
import { guestRules } from './guest-rules.ts';
import { kernelRules } from './kernel-rules.ts';
import { lastPairs } from './labels.ts';
import type { LabelInput } from './labels.ts';
import { solo5Rules } from './solo5-rules.ts';

/** The table: docs/checks.md has it in words. */
export const bootRules: readonly BootRule[] = [...solo5Rules, ...kernelRules, ...diskRules, ...guestRules];

export interface BootFindings {
  readonly errors: readonly Problem[];
  readonly warnings: readonly Problem[];
}

/**
 * Every problem that the rules find, at the place of its label.
 * @param start the place to blame for a label that has none
 */
export function checkBoot(input: BootInput, start?: Position): BootFindings {
  return {
    errors: findProblems(
      bootRules.filter(({ isFatal }) => isFatal === true),
      input,
      start,
    ),
    warnings: findProblems(
      bootRules.filter(({ isFatal }) => isFatal !== true),
      input,
      start,
    ),
  };
}

function findProblems(
  rules: readonly BootRule[],
  input: BootInput,
  start: Position | undefined,
): readonly Problem[] {
  const given = lastPairs(input.labels);
  const seen: Seen = { ...input, label: (name) => given.get(uruncKeys[name])?.value ?? '' };
  return rules.flatMap(({ level, at, finds, hint }): Problem[] => {
    const found = finds(seen);
    if (found === undefined) return [];
    const position = given.get(uruncKeys[typeof at === 'string' ? at : at(seen)])?.position ?? start;
    return [
      {
        code: 'BINARY_INVALID',
        message: level === 'error' ? `will not boot: ${found}` : found,
        hint: typeof hint === 'string' ? hint : hint(seen),
        ...(position === undefined ? {} : { position }),
      },
    ];
  });
}

/** Puts the version under the name that urunc reads, also where it is given under the other one. */
export function withVersion(pairs: readonly LabelInput[]): readonly LabelInput[] {
  const version = lastPairs(pairs).get(uruncKeys.version);
  if (version === undefined || lastPairs(pairs).has(uruncKeys.unikernelVersion)) return pairs;
  return [...pairs, { ...version, key: uruncKeys.unikernelVersion }];
}

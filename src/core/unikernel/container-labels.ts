// The labels of an image that is no unikernel's: whatever was given, and none of urunc's.

import { quote } from '../text.ts';
import { labelProblem, lastPairs, namelessLabels } from './labels.ts';
import type { CompleteLabels, LabelInput } from './labels.ts';
import { uruncPrefix } from './urunc-annotations.ts';
import { compareBytes } from './urunc-json.ts';

/** As `completeLabels`, for an ordinary container image: a label of urunc's is an error, and nothing is added. */
export function completeContainerLabels(pairs: readonly LabelInput[]): CompleteLabels {
  const given = lastPairs(pairs);
  const foreign = [...given.values()].filter(({ key }) => key.startsWith(uruncPrefix));
  return {
    // Not an object literal or an assignment, to which a label named __proto__ would be lost.
    labels: Object.fromEntries(
      [...given.values()]
        .map(({ key, value }) => [key, value] as const)
        .sort(([a], [b]) => compareBytes(a, b)),
    ),
    errors: [
      ...namelessLabels(given),
      ...foreign.map((pair) =>
        labelProblem(pair, {
          message: `expected an ordinary container image, got the label ${quote(pair.key)}, by which urunc boots it`,
          hint: 'Remove the label, or leave out --container (the input "container") for a unikernel.',
        }),
      ),
    ],
    warnings: [],
  };
}

/** Whether urunc would take an image with these labels for its own. */
export function isUruncImage(keys: Iterable<string>): boolean {
  return [...keys].some((key) => key.startsWith(uruncPrefix));
}

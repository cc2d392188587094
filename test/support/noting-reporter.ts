// A reporter that notes what it is told, so that a test can compare it.

import type { Reporter } from '../../src/core/reporter.ts';
import type { Problem } from '../../src/core/errors.ts';
import { silentReporter } from '../../src/core/reporter.ts';

export interface NotingReporter extends Reporter {
  /** The texts for people, in their order. */
  readonly said: string[];
  readonly warned: Problem[];
  readonly debugged: string[];
  /** Each call of `progress`. */
  readonly steps: [task: string, done: number, total: number][];
}

export function notingReporter(): NotingReporter {
  const [said, debugged]: [string[], string[]] = [[], []];
  const warned: Problem[] = [];
  const steps: [task: string, done: number, total: number][] = [];
  return {
    ...silentReporter,
    info: (message) => void said.push(message),
    debug: (message) => void debugged.push(message),
    warning: (problem) => void warned.push(problem),
    progress: (...step) => void steps.push(step),
    said,
    warned,
    debugged,
    steps,
  };
}

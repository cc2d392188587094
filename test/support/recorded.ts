// A runner and a reporter that keep what they are told.

import type { Runner } from '../../src/action/runner.ts';
import type { Problem } from '../../src/core/errors.ts';
import type { Reporter } from '../../src/core/reporter.ts';

export interface Recorded {
  readonly runner: Runner;
  readonly reporter: Reporter;
  readonly outputs: Record<string, string>;
  readonly summaries: string[];
  readonly masked: string[];
  /** What `info` was told. */
  readonly lines: string[];
  readonly debug: string[];
  readonly titles: string[];
  readonly warnings: Problem[];
}

export function recorded(): Recorded {
  const outputs: Record<string, string> = {};
  const summaries: string[] = [];
  const masked: string[] = [];
  const lines: string[] = [];
  const debug: string[] = [];
  const titles: string[] = [];
  const warnings: Problem[] = [];
  const nothing = () => undefined;
  return {
    ...{ outputs, summaries, masked, lines, debug, titles, warnings },
    runner: {
      input: () => '',
      output: (name, value) => void (outputs[name] = value),
      mask: (secret) => void masked.push(secret),
      summarize: (markdown) => void summaries.push(markdown),
      ...{ keep: nothing, line: nothing, debug: nothing, annotate: nothing },
      ...{ startGroup: nothing, endGroup: nothing },
    },
    reporter: {
      group: (title, body) => {
        titles.push(title);
        return body();
      },
      info: (line) => void lines.push(line),
      debug: (line) => void debug.push(line),
      warning: (problem) => void warnings.push(problem),
      progress: nothing,
    },
  };
}

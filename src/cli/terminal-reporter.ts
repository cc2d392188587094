// A reporter that writes lines to standard error.

import type { Problem } from '../errors.ts';
import type { Reporter } from '../reporter.ts';
import { formatProblem, printable } from './print.ts';

export interface Verbosity {
  readonly quiet: boolean;
  readonly debug: boolean;
}

export function terminalReporter(write: (line: string) => void, verbosity: Verbosity): Reporter {
  const info = (message: string) => {
    if (!verbosity.quiet) write(printable(message));
  };
  return {
    group: (title, body) => {
      info(title);
      return body();
    },
    info,
    debug: (message) => {
      if (verbosity.debug) write(printable(message));
    },
    warning: (problem: Problem) => {
      write(formatProblem(problem, 'warning'));
    },
    progress: () => undefined,
  };
}

// A reporter that writes to standard error.

import type { Problem } from '../core/errors.ts';
import { printable } from '../core/text.ts';
import { progressLines } from '../core/progress-lines.ts';
import type { Reporter } from '../core/reporter.ts';
import type { Options } from './args.ts';
import { formatProblem } from './print.ts';
import { progressBars } from './progress.ts';
import type { Terminal } from './terminal.ts';

export interface TerminalReporter extends Reporter {
  /** Takes the bars away. */
  close(): void;
}

/** Minds `--quiet` and `--debug`. */
export function terminalReporter(terminal: Terminal, options: Options): TerminalReporter {
  const isQuiet = options.flag('quiet');
  const progress =
    terminal.screen === undefined || isQuiet
      ? progressLines(terminal.stderr, () => performance.now())
      : progressBars(terminal.screen);
  const info = (message: string) => {
    if (!isQuiet) progress.print(printable(message));
  };
  return {
    group: (title, body) => {
      info(title);
      return body();
    },
    info,
    debug: (message) => {
      if (options.flag('debug')) progress.print(printable(message));
    },
    warning: (problem: Problem) => {
      progress.print(formatProblem(problem, 'warning'));
    },
    progress: (task, done, total) => {
      if (!isQuiet) progress.update(task, done, total);
    },
    close: () => {
      progress.close();
    },
  };
}

// A reporter that writes to standard error.

import { BimaError } from '../core/errors.ts';
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

/** Minds `--quiet`, `--progress` and `--debug`. @throws BimaError INPUT_INVALID for an unknown kind of progress */
export function terminalReporter(terminal: Terminal, options: Options): TerminalReporter {
  const kind = readProgress(options);
  const isQuiet = options.flag('quiet') || kind === 'quiet';
  const progress =
    terminal.screen === undefined || isQuiet || kind === 'plain'
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

const kinds = ['auto', 'plain', 'quiet'] as const;

function readProgress(options: Options): (typeof kinds)[number] {
  const text = options.string('progress') ?? 'auto';
  // docker's names for bars, where there is a terminal for them, and for nothing.
  const name = text === 'tty' ? 'auto' : text === 'none' ? 'quiet' : text;
  const found = kinds.find((kind) => kind === name);
  if (found !== undefined) return found;
  throw new BimaError('INPUT_INVALID', `expected --progress auto, plain or quiet, got "${text}"`);
}

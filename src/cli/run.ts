// Runs one command and turns whatever is thrown into lines and an exit code.

import pkg from '../../package.json' with { type: 'json' };
import { BimaError } from '../errors.ts';
import { parseArguments } from './args.ts';
import type { Environment } from './args.ts';
import { runBuild } from './build.ts';
import { commandHelp, generalHelp } from './help.ts';
import { runInspect } from './inspect.ts';
import { runLint } from './lint.ts';
import { runLoad } from './load.ts';
import { formatProblem } from './print.ts';

/** What a command may use of the process. */
export interface Terminal {
  readonly environment: Environment;
  /** Prints a line of the result. */
  readonly stdout: (line: string) => void;
  /** Prints a line of everything else. */
  readonly stderr: (line: string) => void;
  /** Aborted on SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
}

const runners = { build: runBuild, inspect: runInspect, lint: runLint, load: runLoad };

/** @returns the exit code: 0, 1 for a failure, 2 for wrong usage */
export async function run(argv: readonly string[], terminal: Terminal): Promise<number> {
  try {
    const invocation = parseArguments(argv, terminal.environment);
    switch (invocation.type) {
      case 'help':
        terminal.stdout(
          invocation.command === undefined ? generalHelp(pkg.version) : commandHelp(invocation.command),
        );
        return 0;
      case 'version':
        terminal.stdout(`bima version ${pkg.version}`);
        return 0;
      case 'command':
        return await runners[invocation.name](invocation.positionals, invocation.options, terminal);
    }
  } catch (error) {
    return reportFailure(error, terminal);
  }
}

function reportFailure(error: unknown, terminal: Terminal): number {
  if (terminal.signal.aborted) {
    terminal.stderr('bima: interrupted');
    return 1;
  }
  if (!(error instanceof BimaError)) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    terminal.stderr(`bima: internal error, please report it:\n${stack}`);
    return 1;
  }
  for (const problem of error.problems) terminal.stderr(formatProblem(problem, 'error'));
  return error.code === 'INPUT_INVALID' ? 2 : 1;
}

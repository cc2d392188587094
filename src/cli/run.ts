// Runs one command and turns whatever is thrown into lines and an exit code.

import pkg from '../../package.json' with { type: 'json' };
import { BimaError } from '../core/errors.ts';
import type { ErrorCode } from '../core/errors.ts';
import { nameSystemError } from '../adapters/filesystem/temporary.ts';
import { parseArguments } from './args.ts';
import type { Options } from './args.ts';
import type { CommandName } from './commands.ts';
import { commandHelp, generalHelp } from './help.ts';
import { formatProblem } from './print.ts';
import type { Terminal } from './terminal.ts';

type Runner = (positionals: readonly string[], options: Options, terminal: Terminal) => Promise<number>;

/** Loaded when they are used: a command should not wait for the code of the others. */
const runners: Readonly<Record<CommandName, () => Promise<Runner>>> = {
  build: async () => (await import('./build-command.ts')).runBuild,
  convert: async () => (await import('./convert-command.ts')).runConvert,
  merge: async () => (await import('./merge-command.ts')).runMerge,
  push: async () => (await import('./push-command.ts')).runPush,
  relabel: async () => (await import('./relabel-command.ts')).runRelabel,
  inspect: async () => (await import('./inspect-command.ts')).runInspect,
  run: async () => (await import('./boot-command.ts')).runBoot,
  verify: async () => (await import('./verify-command.ts')).runVerify,
  load: async () => (await import('./load-command.ts')).runLoad,
  lint: async () => (await import('./lint-command.ts')).runLint,
  completion: async () => (await import('./completion-command.ts')).runCompletion,
};

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
      case 'command': {
        const runner = await runners[invocation.name]();
        return await runner(invocation.positionals, invocation.options, terminal);
      }
    }
  } catch (error) {
    return reportFailure(error, terminal);
  }
}

/** What is wrong with the words of the command line, rather than with what they name. */
const usageErrors: ReadonlySet<ErrorCode> = new Set(['INPUT_INVALID', 'REFERENCE_INVALID']);

function reportFailure(error: unknown, terminal: Terminal): number {
  if (terminal.signal.aborted) {
    const isNamed = error instanceof BimaError && error.code === 'INTERRUPTED';
    terminal.stderr(isNamed ? `bima: ${error.message}` : 'bima: interrupted');
    return 1;
  }
  const named = nameSystemError(error);
  if (!(named instanceof BimaError)) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    terminal.stderr(`bima: internal error, please report it:\n${stack}`);
    return 1;
  }
  for (const problem of named.problems) terminal.stderr(formatProblem(problem, 'error'));
  return usageErrors.has(named.code) ? 2 : 1;
}

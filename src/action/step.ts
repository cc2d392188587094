// The process of a step: secrets masked, signals, the private folder, and the exit code.

import { rmSync, writeSync } from 'node:fs';
import pkg from '../../package.json' with { type: 'json' };
import { BimaError } from '../core/errors.ts';
import { cleanUp } from '../adapters/filesystem/patience.ts';
import { nameSystemError } from '../adapters/filesystem/temporary.ts';
import { failUntilDone } from '../core/unfinished.ts';
import { readSecrets } from './input-values.ts';
import { actionReporter } from './action-reporter.ts';
import type { ActionReporter } from './action-reporter.ts';
import { createRunner } from './runner.ts';
import type { Environment } from '../core/environment.ts';
import type { Runner } from './runner.ts';
import { safeLine } from '../core/text.ts';
import { formatFailure } from './summary.ts';

export interface Step {
  readonly environment: Environment;
  readonly runner: Runner;
  readonly reporter: ActionReporter;
  readonly signal: AbortSignal;
  /** A folder that is removed when the step is interrupted. */
  readonly own: (folder: string) => void;
}

const interrupted = 130;
/** The runner waits for 7.5 seconds between its first signal and the next. */
const patience = 5000;

/** Runs `main` as this process, and ends it. Must be called first. */
export function runStep(main: (step: Step) => Promise<void>): void {
  const environment = process.env;
  const runner = createRunner(environment);
  // Once it is over, `end` exits with its own code.
  failUntilDone(process, (message) => {
    runner.annotate('error', message);
  });
  for (const secret of readSecrets(runner.input)) runner.mask(secret);

  const reporter = actionReporter(runner, environment.GITHUB_WORKSPACE ?? process.cwd(), () =>
    performance.now(),
  );
  const interrupt = new AbortController();
  let folder: string | undefined;

  const stopAtOnce = (): never => {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    process.exit(interrupted);
  };

  const fail = async (error: unknown): Promise<number> => {
    if (!interrupt.signal.aborted) {
      report(error, runner, reporter);
      return 1;
    }
    const isNamed = error instanceof BimaError && error.code === 'INTERRUPTED';
    reporter.info(isNamed ? error.message : 'interrupted');
    if (folder !== undefined) await cleanUp(folder);
    return interrupted;
  };

  for (const name of ['SIGHUP', 'SIGINT', 'SIGTERM', 'SIGBREAK'] as const) {
    process.on(name, () => {
      // A second signal doesn't wait for anything.
      if (interrupt.signal.aborted) stopAtOnce();
      interrupt.abort();
      setTimeout(stopAtOnce, patience);
    });
  }
  // A library's stream may fail where nobody waits for it, such as an upload whose files an interruption removed.
  let isFailing = false;
  process.on('uncaughtException', (error) => {
    // What fails while a failure is reported can't be reported, and would come here again and again.
    if (isFailing) process.exit(1);
    isFailing = true;
    void fail(error).then(end, leave);
  });

  reporter.info(`bima ${pkg.version}`);
  const own = (path: string) => {
    folder = path;
  };
  void main({ environment, runner, reporter, signal: interrupt.signal, own })
    .then(() => 0, fail)
    .then(end)
    .catch(leave);
}

/** Reporting the failure failed. */
function leave(error: unknown): never {
  try {
    writeSync(2, `${safeLine(String(error))}\n`);
  } finally {
    process.exit(1);
  }
}

/** Ends the process also if a connection of some library is still open, as after an interrupted upload. */
async function end(code: number): Promise<void> {
  const streams = [process.stdout, process.stderr];
  await Promise.all(streams.map((stream) => new Promise((done) => stream.write('', done))));
  process.exit(code);
}

function report(error: unknown, runner: Runner, reporter: ActionReporter): void {
  const named = nameSystemError(error);
  if (named instanceof BimaError) {
    reporter.fail(named.problems);
    if (!/^false$/i.test(runner.input('summary'))) runner.summarize(formatFailure(named.problems));
    if (error instanceof Error && named !== error) reporter.debug(error.stack ?? error.message);
    return;
  }
  // A bug: it shows where it happened.
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  for (const line of stack.split('\n')) reporter.info(line);
  runner.annotate(
    'error',
    safeLine(`internal error, please report it with the lines above: ${String(error)}`),
  );
}

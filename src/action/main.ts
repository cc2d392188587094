// The process of the action: secrets masked, signals, the private folder, and the exit code.

import { rmSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pkg from '../../package.json' with { type: 'json' };
import { BimaError } from '../errors.ts';
import { readSecrets } from './input-values.ts';
import { actionReporter } from './reporter.ts';
import { createRunner } from './runner.ts';
import { safeLine } from './safe-text.ts';

const environment = process.env;
const runner = createRunner(environment);
for (const secret of readSecrets(runner.input)) runner.mask(secret);

const reporter = actionReporter(runner, environment.GITHUB_WORKSPACE ?? process.cwd(), () =>
  performance.now(),
);
const interrupt = new AbortController();
const interrupted = 130;
/** The runner waits for 7.5 seconds between its first signal and the next. */
const patience = 5000;
let folder: string | undefined;

for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    // A second signal doesn't wait for anything.
    if (interrupt.signal.aborted) stopAtOnce();
    interrupt.abort();
    setTimeout(stopAtOnce, patience);
  });
}

function stopAtOnce(): never {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  process.exit(interrupted);
}

async function main(): Promise<void> {
  reporter.info(`bima ${pkg.version}`);
  // After the first line: what an image is made with takes longer to load than what reads the inputs.
  const [{ readInputs }, { readEvent }, { run }] = await Promise.all([
    import('./inputs.ts'),
    import('./event.ts'),
    import('./run.ts'),
  ]);
  const inputs = readInputs(runner.input, environment);
  const event = await readEvent(environment, readFile);
  const temporary = environment.RUNNER_TEMP ?? '';
  folder = await mkdtemp(join(temporary === '' ? tmpdir() : temporary, 'bima-'));
  runner.keep('folder', folder);
  await run(inputs, {
    environment,
    event,
    runner,
    reporter,
    folder,
    signal: interrupt.signal,
  });
}

async function fail(error: unknown): Promise<number> {
  if (!interrupt.signal.aborted) {
    report(error);
    return 1;
  }
  reporter.info('interrupted');
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  return interrupted;
}

/** Ends the process also if a connection of some library is still open, as after an interrupted upload. */
async function end(code: number): Promise<void> {
  const streams = [process.stdout, process.stderr];
  await Promise.all(streams.map((stream) => new Promise((done) => stream.write('', done))));
  process.exit(code);
}

function report(error: unknown): void {
  if (error instanceof BimaError) {
    reporter.fail(error.problems);
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

// A library's stream may fail where nobody waits for it, such as an upload whose files an interruption removed.
process.on('uncaughtException', (error) => {
  void fail(error).then(end);
});

void main()
  .then(() => 0, fail)
  .then(end);

// `bima lint`: everything that a build would complain about.

import { examinePlatforms } from '../usecases/plan/platforms.ts';
import type { PlatformsFindings } from '../usecases/plan/platforms.ts';
import type { Problem } from '../core/errors.ts';
import { BimaError } from '../core/errors.ts';
import { printable } from '../core/printable.ts';
import type { Options } from './args.ts';
import { withCommandImages } from './command-images.ts';
import { readPlanOptions } from './options.ts';
import { formatProblem } from './print.ts';
import { lazyRegistryClient } from './registry-options.ts';
import type { Terminal } from './terminal.ts';
import { terminalReporter } from './terminal-reporter.ts';

export async function runLint(
  positionals: readonly string[],
  options: Options,
  terminal: Terminal,
): Promise<number> {
  const [context = '.', ...more] = positionals;
  if (more.length > 0) {
    throw new BimaError(
      'INPUT_INVALID',
      `"bima lint" takes at most 1 argument (the build context), got ${positionals.length}`,
    );
  }
  const { errors, warnings, notes } = await examineWithImages(context, options, terminal);
  for (const note of notes) terminal.stderr(printable(note));
  if (options.flag('json')) {
    const list = (problems: readonly Problem[], severity: string) =>
      problems.map((problem) => ({ severity, ...problem }));
    terminal.stdout(JSON.stringify([...list(errors, 'error'), ...list(warnings, 'warning')]));
  } else {
    for (const error of errors) terminal.stdout(formatProblem(error, 'error'));
    for (const warning of warnings) terminal.stdout(formatProblem(warning, 'warning'));
    terminal.stderr(`${count(errors.length, 'error')}, ${count(warnings.length, 'warning')}`);
  }
  return errors.length === 0 ? 0 : 1;
}

async function examineWithImages(
  context: string,
  options: Options,
  terminal: Terminal,
): Promise<PlatformsFindings> {
  const reporter = terminalReporter(terminal, options);
  const client = lazyRegistryClient({ options, references: [], terminal, reporter });
  try {
    const planOptions = await readPlanOptions(context, options, terminal);
    return await withCommandImages({ options, terminal, reporter, client, context }, (images) =>
      examinePlatforms({ ...planOptions, images }),
    );
  } finally {
    reporter.close();
    await client.close();
  }
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}

// `bima lint`: everything that a build would complain about.

import { examinePlatforms } from '../build/plan-platforms.ts';
import type { Problem } from '../errors.ts';
import { BimaError } from '../errors.ts';
import type { Options } from './args.ts';
import { readPlanOptions } from './options.ts';
import { formatProblem } from './print.ts';
import type { Terminal } from './run.ts';

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
  const planOptions = readPlanOptions(context, options, terminal.environment);
  const { errors, warnings } = await examinePlatforms(planOptions);
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

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}

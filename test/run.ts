// Runs the tests: `node test/run.ts [file…]`, all of them by default. With `--unit` those of src/core alone, and nothing
// is installed.
// Ends with a line that says what was skipped for want of a tool, and one for extras that no machine must have.

import { globSync } from 'node:fs';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { parseArgs } from 'node:util';
import { makeSession } from './support/session.ts';
import { installTools } from './support/setup.ts';
import { extraPrefix, skipPrefix } from './support/tools.ts';

const { values, positionals: named } = parseArgs({
  options: { unit: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const pattern = values.unit ? 'test/core/**/*.test.ts' : 'test/**/*.test.ts';
const files = named.length > 0 ? named : globSync(pattern).sort();

const missing = values.unit ? [] : installTools();
makeSession();

const skips = new Map<string, number>();

const stream = run({ files, concurrency: true });
stream.on('test:fail', () => {
  process.exitCode = 1;
});
stream.on('test:pass', ({ skip }) => {
  if (typeof skip === 'string') skips.set(skip, (skips.get(skip) ?? 0) + 1);
});
stream.on('end', () => {
  const lines = [
    summarize(skipPrefix, (count) => `!!! SKIPPED ${count} integration tests or suites`),
    summarize(extraPrefix, () => 'not run'),
  ];
  process.on('exit', () => {
    for (const line of lines) if (line !== undefined) console.log(line);
  });
});
if (missing.length > 0) console.log(`not installed: ${missing.join(', ')}`);
stream.compose(spec).pipe(process.stdout);

function summarize(prefix: string, title: (count: number) => string): string | undefined {
  const found = [...skips].filter(([reason]) => reason.startsWith(prefix));
  if (found.length === 0) return undefined;
  const total = found.reduce((sum, [, count]) => sum + count, 0);
  return `${title(total)}: ${found.map(([reason, count]) => `${count} ${reason}`).join('; ')}`;
}

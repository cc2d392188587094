// Runs the tests: `node test/run.ts [file…]`, all of them by default.
// Ends with one line that says what was skipped for want of a tool.

import { globSync } from 'node:fs';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { installTools } from './support/setup.ts';
import { skipPrefix } from './support/tools.ts';

const named = process.argv.slice(2);
const files = named.length > 0 ? named : globSync('test/**/*.test.ts').sort();

const missing = installTools();
const reasons = new Map<string, number>();

const stream = run({ files, concurrency: true });
stream.on('test:fail', () => {
  process.exitCode = 1;
});
stream.on('test:pass', ({ skip }) => {
  if (typeof skip !== 'string' || !skip.startsWith(skipPrefix)) return;
  reasons.set(skip, (reasons.get(skip) ?? 0) + 1);
});
stream.on('end', () => {
  const skipped = [...reasons.values()].reduce((sum, count) => sum + count, 0);
  if (skipped === 0) return;
  const why = [...reasons].map(([reason, count]) => `${count} ${reason}`).join('; ');
  process.on('exit', () => {
    console.log(
      `\n!!! SKIPPED ${skipped} integration tests: ${why}. As root on Debian they install what they need.`,
    );
  });
});
if (missing.length > 0) console.log(`not installed: ${missing.join(', ')}`);
stream.compose(spec).pipe(process.stdout);

// Runs the unit tests of src/core in this one process: where no test can start another.

import { globSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

/** They are about links, which Wine has not, or do nothing without a program. Other tests that need one skip themselves. */
const left = ['ext2', 'find-sources', 'initrd', 'examine-binary'];

// Wine takes its time, and the same damage is done on Linux.
process.env.BIMA_DAMAGE ??= '300';
process.chdir(process.argv[2] ?? '.');
for (const file of globSync('test/core/**/*.test.ts').sort()) {
  if (left.some((name) => file.endsWith(`${name}.test.ts`))) continue;
  await import(pathToFileURL(file).href);
}

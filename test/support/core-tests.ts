// Runs the unit tests of src/core in this one process: where no test can start another.

import { globSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

/** They start programs, or make links: Wine has neither. */
const left = ['ext2', 'find-sources', 'initrd', 'replace-in-tar', 'damage', 'examine-binary', 'file-ranges'];

process.chdir(process.argv[2] ?? '.');
for (const file of globSync('test/core/**/*.test.ts').sort()) {
  if (left.some((name) => file.endsWith(`${name}.test.ts`))) continue;
  await import(pathToFileURL(file).href);
}

// The set-up as a process.

import { dirname, join, resolve } from 'node:path';
import pkg from '../../package.json' with { type: 'json' };
import { setUp } from './setup-run.ts';
import { runStep } from './step.ts';

runStep(({ environment, runner, reporter }) => {
  // The bundles lie side by side.
  const program = join(dirname(resolve(process.argv[1] ?? '')), 'cli.cjs');
  const request = { node: process.execPath, program, version: pkg.version };
  return setUp(request, { environment, runner, reporter, isWindows: process.platform === 'win32' });
});

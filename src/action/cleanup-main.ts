// The cleanup as a process: its inputs and its event.

import { readFile } from 'node:fs/promises';
import { runStep } from './step.ts';

runStep(async ({ environment, runner, reporter, signal }) => {
  const [{ readCleanupInputs }, { readEvent }, { runCleanup }] = await Promise.all([
    import('./cleanup-inputs.ts'),
    import('./event.ts'),
    import('./cleanup-run.ts'),
  ]);
  const inputs = readCleanupInputs(runner.input);
  const event = await readEvent(environment, readFile);
  await runCleanup(inputs, { token: inputs.githubToken, environment, event, runner, reporter, signal });
});

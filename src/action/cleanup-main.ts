// The cleanup as a process: its inputs and its event.

import { runStep } from './step.ts';

runStep(async ({ environment, runner, reporter, signal }) => {
  const [{ readCleanupInputs }, { readEvent, readEventFile }, { runCleanup }] = await Promise.all([
    import('./cleanup-inputs.ts'),
    import('./event.ts'),
    import('./cleanup-run.ts'),
  ]);
  const inputs = readCleanupInputs(runner.input);
  const event = await readEvent(environment, readEventFile);
  await runCleanup(inputs, { environment, event, runner, reporter, signal });
});

// The cleanup as a process: its inputs and its event.

import { runStep } from './step.ts';

runStep(async ({ environment, runner, reporter, signal }) => {
  const [{ cleanupInputNames }, { unknownInputs }, { readCleanupInputs }, { readEvent }, { runCleanup }] =
    await Promise.all([
      import('./input-names.ts'),
      import('./known-inputs.ts'),
      import('./cleanup-inputs.ts'),
      import('./read-event.ts'),
      import('./cleanup-run.ts'),
    ]);
  for (const problem of unknownInputs(environment, cleanupInputNames)) reporter.warning(problem);
  const inputs = readCleanupInputs(runner.input);
  const event = await readEvent();
  await runCleanup(inputs, { token: inputs.githubToken, environment, event, runner, reporter, signal });
});

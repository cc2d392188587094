// The action as a process: its inputs, its event, and a private folder.

import { runStep } from './step.ts';
import { makeTemporaryFolder } from './temporary.ts';

runStep(async ({ environment, runner, reporter, signal, own }) => {
  // Not before the first line: what an image is made with takes longer to load than what reads the inputs.
  const [{ readInputs }, { readEvent, readEventFile }, { run }] = await Promise.all([
    import('./inputs.ts'),
    import('./event.ts'),
    import('./run.ts'),
  ]);
  const inputs = readInputs(runner.input, environment);
  const event = await readEvent(environment, readEventFile);
  const folder = await makeTemporaryFolder(environment, 'bima-');
  own(folder);
  runner.keep('folder', folder);
  await run(inputs, { environment, event, runner, reporter, folder, signal });
});

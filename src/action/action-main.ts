// The action as a process: its inputs, its event, and a private folder.

import { runStep } from './step.ts';
import { makeTemporaryFolder } from './run-folder.ts';

runStep(async ({ environment, runner, reporter, signal, own }) => {
  // Not before the first line: what an image is made with takes longer to load than what reads the inputs.
  const [
    { readInputs },
    { inputNames },
    { unknownInputs },
    { readEvent },
    { pullRequestOnce },
    { runAction },
  ] = await Promise.all([
    import('./inputs.ts'),
    import('./input-names.ts'),
    import('./known-inputs.ts'),
    import('./read-event.ts'),
    import('./find-pull-request.ts'),
    import('./action-run.ts'),
  ]);
  for (const problem of unknownInputs(environment, inputNames)) reporter.warning(problem);
  const inputs = readInputs(runner.input, environment);
  const event = await readEvent();
  const folder = await makeTemporaryFolder(environment, 'bima-');
  own(folder);
  runner.keep('folder', folder);
  const access = { token: inputs.githubToken, environment, reporter, signal };
  const pullRequest = pullRequestOnce(event, access);
  await runAction(inputs, { ...access, event, pullRequest, runner, folder });
});

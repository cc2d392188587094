// The input `check`: what a build would complain about, and no build.

import { BimaError } from '../core/errors.ts';
import type { Inputs } from './inputs.ts';
import { pushOutputs } from './outputs.ts';
import { withPlans } from './produce.ts';
import { formatCheckSummary } from './summary.ts';
import { withWorkflowImages } from './workflow-images.ts';
import type { World } from './world.ts';

/** @throws BimaError with everything that is wrong, as a build would */
export async function checkForWorkflow(inputs: Inputs, world: World): Promise<void> {
  if (inputs.fromLayout.length > 0) {
    throw new BimaError('INPUT_INVALID', 'expected "check" or "from-layout", got both', {
      hint: 'The images of a layout are checked where they are built, or with "bima lint LAYOUT".',
    });
  }
  const { runner, reporter } = world;
  const what = inputs.conversion?.image ?? inputs.context;
  await withWorkflowImages({ inputs, references: [] }, world, ({ images }) =>
    reporter.group(`Check ${what}`, () =>
      withPlans(inputs, { ...world, images }, (makePlans) => makePlans()),
    ),
  );
  reporter.info('nothing is wrong; nothing was built, since check is true');
  for (const [name, value] of Object.entries(pushOutputs(undefined))) runner.output(name, value);
  if (inputs.summary) runner.summarize(formatCheckSummary(what));
}

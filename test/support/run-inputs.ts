// The action's run in this process, from its inputs to its outputs.

import type { TestContext } from 'node:test';
import { readInputs } from '../../src/action/inputs.ts';
import { runAction } from '../../src/action/action-run.ts';
import type { World } from '../../src/action/world.ts';
import type { Problem } from '../../src/core/errors.ts';
import { silentReporter } from '../../src/core/reporter.ts';
import { eventFixture } from './events.ts';
import { temporaryFolder } from './folder.ts';

/** What a run told. */
export interface FinishedRun {
  readonly outputs: Readonly<Record<string, string>>;
  /** Every line for a reader, those of `debug` among them. */
  readonly lines: readonly string[];
  readonly warnings: readonly Problem[];
}

/** As a step with these inputs, without the defaults of action.yml. @returns the outputs */
export async function runInputs(
  ...args: Parameters<typeof runWithLines>
): Promise<Readonly<Record<string, string>>> {
  return (await runWithLines(...args)).outputs;
}

/** The same, with what was said. @param event the name of its fixture @param more parts of the world that it is to have */
export async function runWithLines(
  test: TestContext,
  given: Readonly<Record<string, string>>,
  environment: Readonly<Record<string, string>> = {},
  event = 'push',
  more: Partial<World> = {},
): Promise<FinishedRun> {
  const lines: string[] = [];
  const outputs: Record<string, string> = {};
  const warnings: Problem[] = [];
  const say = (line: string) => void lines.push(line);
  const nothing = () => undefined;
  const runner = {
    input: () => '',
    output: (name: string, value: string) => void (outputs[name] = value),
    ...{ mask: nothing, keep: nothing, line: nothing, debug: nothing, annotate: nothing },
    ...{ startGroup: nothing, endGroup: nothing, summarize: nothing },
  };
  await runAction(
    readInputs((input) => given[input] ?? '', {}),
    {
      environment: { GITHUB_SERVER_URL: 'https://example.com', ...environment },
      event: await eventFixture(event),
      pullRequest: () => Promise.resolve(undefined),
      token: undefined,
      runner,
      reporter: {
        ...silentReporter,
        info: say,
        debug: say,
        warning: (problem) => void warnings.push(problem),
      },
      folder: temporaryFolder(test),
      signal: new AbortController().signal,
      ...more,
    },
  );
  return { outputs, lines, warnings };
}

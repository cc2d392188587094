import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readInputs } from '../../src/action/inputs.ts';
import { runAction } from '../../src/action/action-run.ts';
import type { Runner } from '../../src/action/runner.ts';
import { silentReporter } from '../../src/core/reporter.ts';

import { eventFixture } from '../support/events.ts';
import { temporaryFolder } from '../support/folder.ts';
import { sampleContext } from '../support/sample.ts';

const runner: Runner = {
  input: () => '',
  output: () => undefined,
  mask: () => undefined,
  keep: () => undefined,
  line: () => undefined,
  debug: () => undefined,
  annotate: () => undefined,
  startGroup: () => undefined,
  endGroup: () => undefined,
  summarize: () => undefined,
};

describe('an archive that becomes an artifact', () => {
  for (const name of ['image', '../../outside', 'a/b:c', 'layout']) {
    it(`stays in the folder of the run when the artifact is named ${name}`, async (test) => {
      const outer = temporaryFolder(test, { 'runner/run/keep': '' });
      const folder = join(outer, 'runner', 'run');
      const given: Readonly<Record<string, string>> = {
        context: sampleContext(test),
        tags: 'example.com/app:1',
        'upload-artifact': 'tar',
        'artifact-name': name,
      };
      await runAction(
        readInputs((input) => given[input] ?? '', {}),
        {
          environment: { GITHUB_SERVER_URL: 'https://example.com' },
          event: await eventFixture('push'),
          pullRequest: () => Promise.resolve(undefined),
          token: undefined,
          runner,
          reporter: silentReporter,
          folder,
          signal: new AbortController().signal,
        },
      );
      assert.deepEqual(readdirSync(outer), ['runner']);
      assert.deepEqual(readdirSync(join(outer, 'runner')), ['run']);
      assert.deepEqual(readdirSync(folder).sort(), ['image.tar', 'keep', 'layout']);
    });
  }
});

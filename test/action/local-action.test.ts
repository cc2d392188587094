// The sources under GitHub's local-action, which puts its own @actions/* in place of the toolkit. It can't start bundles.
// Optional: LOCAL_ACTION names a folder where `npm install @github/local-action` was run, with Node 22 or later.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { buildContext } from '../support/build.ts';
import { temporaryFolder } from '../support/folder.ts';

const installed = process.env.LOCAL_ACTION;
const root = join(import.meta.dirname, '../..');
const context = join(root, 'examples/hello');

/** What it prints, the tables of its own left out. */
async function run(test: TestContext, inputs: Readonly<Record<string, string>>): Promise<string> {
  const folder = temporaryFolder(test);
  const modules = join(installed ?? '', 'node_modules');
  const variables = {
    INPUT_CONTEXT: context,
    ...inputs,
    GITHUB_WORKSPACE: root,
    GITHUB_REPOSITORY: 'owner/app',
    GITHUB_SERVER_URL: 'https://github.com',
    RUNNER_TEMP: folder,
    LOCAL_ACTION_WORKSPACE: folder,
    LOCAL_ACTION_ARTIFACT_PATH: join(folder, 'artifacts'),
    // The library isn't asked without them.
    ACTIONS_RESULTS_URL: 'http://127.0.0.1:1',
    ACTIONS_RUNTIME_TOKEN: 'none',
  };
  mkdirSync(join(folder, 'artifacts'));
  writeFileSync(
    join(folder, '.env'),
    Object.entries(variables)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  );
  const { stdout } = await promisify(execFile)(
    join(modules, '.bin/tsx'),
    [
      join(modules, '@github/local-action/src/index.ts'),
      'run',
      '.',
      'test/support/local-action-entry.ts',
      join(folder, '.env'),
    ],
    {
      cwd: root,
      env: { PATH: process.env.PATH, TARGET_ACTION_PATH: root, NODE_PACKAGE_MANAGER: 'npm' },
    },
  );
  const artifacts = readdirSync(join(folder, 'artifacts')).map((name) => `artifact ${name}`);
  return [...stdout.split('\n').filter((line) => !/^[│┌├└]/.test(line)), ...artifacts].join('\n');
}

describe(
  "GitHub's local-action",
  { skip: installed === undefined ? 'set LOCAL_ACTION to run it' : false },
  () => {
    it('builds, and gets the outputs', async (test) => {
      const { image } = await buildContext(test, context);
      const output = await run(test, { INPUT_TAGS: 'example.com/hello:1' });
      assert.match(output, new RegExp(`::set-output name=digest::${image.entry.digest}\n`));
      assert.match(output, /::set-output name=image::example\.com\/hello:1\n/);
      assert.match(output, /::set-output name=pushed::false\n/);
    });

    it('keeps the artifact', async (test) => {
      const output = await run(test, {
        INPUT_TAGS: 'example.com/hello:1',
        'INPUT_UPLOAD-ARTIFACT': 'layout',
        'INPUT_ARTIFACT-NAME': 'kept',
      });
      assert.match(output, /^artifact kept/m);
      assert.match(output, /::set-output name=artifact-id::\d+\n/);
    });
  },
);

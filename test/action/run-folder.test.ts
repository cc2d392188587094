// Where a run has its folders, whatever RUNNER_TEMP says.

import assert from 'node:assert/strict';
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { makeTemporaryFolder } from '../../src/action/run-folder.ts';
import { BimaError } from '../../src/core/errors.ts';
import { temporaryFolder } from '../support/folder.ts';

describe('a temporary folder of the action', () => {
  it('is made below RUNNER_TEMP, which is made itself where it is missing', async (test) => {
    const parent = join(temporaryFolder(test), 'a', 'b');
    const folder = await makeTemporaryFolder({ RUNNER_TEMP: parent }, 'bima-');
    assert.equal(dirname(folder), parent);
    assert.ok(statSync(folder).isDirectory());
  });

  for (const environment of [{}, { RUNNER_TEMP: '' }]) {
    it(`is made below the folder of the system with ${JSON.stringify(environment)}`, async (test) => {
      const folder = await makeTemporaryFolder(environment, 'bima-');
      test.after(() => {
        rmSync(folder, { recursive: true });
      });
      assert.equal(dirname(folder), tmpdir());
    });
  }

  it('is refused by name where RUNNER_TEMP is a file', async (test) => {
    const file = join(temporaryFolder(test), 'file');
    writeFileSync(file, '');
    for (const RUNNER_TEMP of [file, join(file, 'below')]) {
      await assert.rejects(
        makeTemporaryFolder({ RUNNER_TEMP }, 'bima-'),
        (error) =>
          error instanceof BimaError && error.code === 'OUTPUT_FAILED' && error.message.includes(RUNNER_TEMP),
      );
    }
  });
});

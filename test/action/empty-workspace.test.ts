// What is asked when nothing has been checked out.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { explainEmptyWorkspace } from '../../src/action/empty-workspace.ts';
import { BimaError } from '../../src/core/errors.ts';
import { temporaryFolder } from '../support/folder.ts';

const missing = new BimaError('CONTAINERFILE_MISSING', 'there is no Containerfile', { hint: 'Write one.' });

describe('a file that is missing', () => {
  for (const code of ['CONTAINERFILE_MISSING', 'CONTEXT_PATH'] as const) {
    it(`is missing with everything else in an empty workspace: ${code}`, async (test) => {
      const workspace = temporaryFolder(test);
      const error = new BimaError(code, 'it is not there');
      for (const context of [workspace, join(workspace, 'app')]) {
        const found = await explainEmptyWorkspace(error, context, { GITHUB_WORKSPACE: workspace });
        assert.ok(found instanceof BimaError);
        assert.deepEqual(found.problems, [
          {
            code,
            message: 'it is not there: the workspace is empty',
            hint: 'Is the step "- uses: actions/checkout@v7" missing before this one?',
          },
        ]);
        assert.equal(found.cause, error);
      }
    });
  }

  it('is only that where something is there', async (test) => {
    const workspace = temporaryFolder(test, { file: '' });
    assert.equal(await explainEmptyWorkspace(missing, workspace, { GITHUB_WORKSPACE: workspace }), missing);
  });

  it('is only that where the context is elsewhere, or the workspace is gone', async (test) => {
    const workspace = temporaryFolder(test);
    const environment = { GITHUB_WORKSPACE: workspace };
    assert.equal(await explainEmptyWorkspace(missing, join(workspace, '..'), environment), missing);
    const gone = join(workspace, 'gone');
    assert.equal(await explainEmptyWorkspace(missing, gone, { GITHUB_WORKSPACE: gone }), missing);
    // The tests have files in their own.
    assert.equal(await explainEmptyWorkspace(missing, '.', {}), missing);
  });

  it('is not what is wrong with other errors', async (test) => {
    const workspace = temporaryFolder(test);
    for (const error of [new BimaError('LABEL_MISSING', 'x'), new TypeError('x'), { code: 'CONTEXT_PATH' }])
      assert.equal(await explainEmptyWorkspace(error, workspace, { GITHUB_WORKSPACE: workspace }), error);
  });
});

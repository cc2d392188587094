// The unit tests of src/core, on Windows: `npm run test:windows`.

import assert from 'node:assert/strict';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { runOnWindows, skipWithoutWine, toWindows } from '../support/wine.ts';

const root = resolve(import.meta.dirname, '../..');

describe('src/core on Windows', { skip: skipWithoutWine, concurrency: true }, () => {
  it('passes its unit tests', async () => {
    const script = toWindows(join(root, 'test/support/core-tests.ts'));
    const args = ['--disable-warning=ExperimentalWarning', '--test-reporter=tap', script, toWindows(root)];
    const { code, stdout, stderr } = await runOnWindows(args, { cwd: root });
    const [, ...failed] = stdout.split(/^(?=\s*not ok )/m).map((part) => part.slice(0, 2000));
    assert.equal(failed.join('\n'), '', stderr);
    assert.equal(code, 0, stderr || stdout.slice(-2000));
    const [, passed = '0'] = /^# pass (\d+)$/m.exec(stdout) ?? [];
    assert.ok(Number(passed) > 1500, `only ${passed} tests ran`);
  });
});

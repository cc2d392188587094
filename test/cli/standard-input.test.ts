import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runBima } from '../support/cli.ts';
import { temporaryFolder } from '../support/folder.ts';

describe('a Containerfile on standard input', () => {
  it('takes the place of one in the context', async (test) => {
    const context = temporaryFolder(test, { Containerfile: 'RUN this is not read', file: 'x' });
    const input = 'FROM scratch\nCOPY missing /\n';
    const { code, stdout } = await runBima(['lint', '-f', '-', '--no-strict', context], { input });
    assert.equal(code, 1);
    assert.match(stdout, /^-:2:6: error: "missing" is not in the context/m);
    assert.doesNotMatch(stdout, /RUN/);
  });

  it('leaves no standard input for a password', async (test) => {
    const args = ['lint', '-f', '-', '-u', 'me', '--password-stdin', temporaryFolder(test)];
    const { code, stderr } = await runBima(args, { input: 'FROM scratch\n' });
    assert.equal(code, 2);
    assert.match(stderr, /one use of standard input/);
  });
});

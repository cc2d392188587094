// The shells themselves complete: bash from a prompt's words, zsh and fish as far as they are on this machine.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { commands } from '../../src/cli/commands.ts';
import { completionScript, shells } from '../../src/cli/completion.ts';
import { temporaryFolder } from '../support/folder.ts';
import { unlessFound } from '../support/tools.ts';

/** What bash offers for the last of the words. */
function complete(...words: string[]): string[] {
  const script = `${completionScript('bash')}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _bima; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const output = execFileSync('bash', ['-c', script, 'bash', ...words], { encoding: 'utf8' });
  return output.split('\n').filter((line) => line !== '');
}

describe('completion', () => {
  const skip = process.platform === 'win32' && 'needs bash';

  it('offers commands, options and values in bash', { skip }, () => {
    assert.deepEqual(complete('bima', 'bu'), ['build']);
    for (const name of Object.keys(commands)) assert.ok(complete('bima', '').includes(name), name);
    assert.deepEqual(complete('bima', 'build', '--metad'), ['--metadata-file']);
    assert.deepEqual(complete('bima', 'build', '--no-c'), ['--no-cache']);
    assert.deepEqual(complete('bima', 'build', '--output', 'r'), ['registry']);
    assert.deepEqual(complete('bima', 'build', '-o', ''), ['ctr', 'tar', 'oci', 'registry']);
    assert.deepEqual(complete('bima', 'completion', ''), [...shells]);
    assert.deepEqual(complete('bima', 'inspect', '--iid'), []);
  });

  for (const shell of shells) {
    it(`is a script that ${shell} reads`, { skip: skip || unlessFound(shell) }, (test) => {
      const file = join(temporaryFolder(test), 'script');
      writeFileSync(file, completionScript(shell));
      execFileSync(shell, ['-n', file], { stdio: 'pipe' });
    });

    it(`knows every option of every command in ${shell}`, () => {
      const script = completionScript(shell);
      for (const [command, { options }] of Object.entries(commands)) {
        const lines = script.split('\n').filter((line) => line.includes(command));
        for (const name of Object.keys(options)) {
          const spelling = shell === 'fish' ? `-l ${name} ` : `--${name}`;
          assert.ok(
            lines.some((line) => line.includes(spelling)),
            `${command} ${name}`,
          );
        }
      }
    });
  }
});

// The shells themselves complete: bash and fish from a prompt's words, zsh as at a terminal.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { commands } from '../../src/cli/commands.ts';
import { completionScript, shells } from '../../src/cli/completion.ts';
import { temporaryFolder } from '../support/folder.ts';
import { unlessInstalled } from '../support/tools.ts';

/** What bash offers for the last of the words. */
function complete(...words: string[]): string[] {
  const script = `${completionScript('bash')}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _bima; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const output = execFileSync('bash', ['-c', script, 'bash', ...words], { encoding: 'utf8' });
  return output.split('\n').filter((line) => line !== '');
}

/** Types each text and a tab at zsh's prompt, and gives what the line is then. */
const zshPrompt = `
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z 'PS1= RPS1=; TERM=dumb; unset zle_bracketed_paste'
zpty -w z "$1"
shift
zpty -w z 'show() { print -r -- "<$BUFFER>"; BUFFER=; zle redisplay }; zle -N show; bindkey "^X" show; print ready-\${:-now}'
while zpty -r z line; do [[ $line == *ready-now* ]] && break; done
for text; do
  zpty -w -n z "$text"$'\\t'$'\\x18'
  while zpty -r z line; do [[ $line == *'<'*'>'* ]] && break; done
  line=\${line##*<}
  print -r -- "\${line%%>*}"
done
zpty -d z`;

function completeInZsh(setUp: string, ...texts: string[]): string[] {
  const output = execFileSync('zsh', ['-f', '-c', zshPrompt, 'zsh', setUp, ...texts], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  return output.trim().split('\n');
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

  it(
    'completes at a prompt of zsh, sourced and from a folder of fpath',
    { skip: skip || unlessInstalled('zsh') },
    (test) => {
      const folder = temporaryFolder(test);
      const file = join(folder, '_bima');
      writeFileSync(file, completionScript('zsh'));
      const ways = [
        `autoload -Uz compinit && compinit -u -D; source ${file}`,
        `fpath=(${folder} $fpath); autoload -Uz compinit && compinit -u -D`,
      ];
      for (const way of ways) {
        const texts = [
          'bima bu',
          'bima build --metad',
          'bima build --output r',
          'bima verify --sour',
          'bima inspect --iid',
        ];
        assert.deepEqual(completeInZsh(way, ...texts), [
          'bima build ',
          'bima build --metadata-file=',
          'bima build --output registry ',
          'bima verify --source=',
          'bima inspect --iid',
        ]);
      }
    },
  );

  it('offers commands, options and values in fish', { skip: skip || unlessInstalled('fish') }, (test) => {
    const file = join(temporaryFolder(test), 'bima.fish');
    writeFileSync(file, completionScript('fish'));
    const offered = (text: string) =>
      execFileSync('fish', ['--no-config', '-c', `source ${file}; complete -C '${text}'`], {
        encoding: 'utf8',
      })
        .split('\n')
        .flatMap((line) => (line === '' ? [] : line.replace(/\t.*$/, '')));
    assert.deepEqual(offered('bima bu'), ['build']);
    for (const name of Object.keys(commands)) assert.ok(offered('bima ').includes(name), name);
    assert.deepEqual(offered('bima build --metad'), ['--metadata-file']);
    assert.deepEqual(offered('bima build --output r'), ['registry']);
    assert.deepEqual(offered('bima completion ').sort(), [...shells].sort());
    assert.deepEqual(offered('bima inspect --iid'), []);
  });

  for (const shell of shells) {
    const missing = shell === 'bash' ? false : unlessInstalled(shell);
    it(`is a script that ${shell} reads`, { skip: skip || missing }, (test) => {
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

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

  /** The lines of a script that are about a command. */
  const linesOf = (shell: (typeof shells)[number], start: string) =>
    completionScript(shell)
      .split('\n')
      .filter((line) => line.startsWith(start));

  const merged =
    '--tag -t --image --registry --output -o --out --tar --push --load --dest --digestfile --metadata-file --annotation --namespace -n --address -a --snapshotter --ctr --attest --key --trust-config --username -u --password-stdin --plain-http --insecure --ca-file --token-host --concurrency --chunk-size --quiet -q --progress --debug --json --help -h';

  it('has a line for each command in bash, and one for each list of values', () => {
    assert.deepEqual(linesOf('bash', '    merge)'), [`    merge) words='${merged}' ;;`]);
    assert.deepEqual(linesOf('bash', '    completion)'), ["    completion) words='--help -h' ;;"]);
    const names = Object.keys(commands).join(' ');
    assert.deepEqual(linesOf('bash', '    help)'), [`    help) words='${names}' ;;`]);
    const offer = (spellings: string, words: string) =>
      `    ${spellings}) COMPREPLY=($(compgen -W '${words}' -- "$current")); return ;;`;
    const lines = completionScript('bash').split('\n');
    for (const line of [
      offer('--output|-o', 'ctr tar oci registry'),
      offer('--out', 'ctr tar oci registry'),
      offer('--progress', 'auto plain quiet'),
      offer('--fail-on', 'error warning'),
      offer('--compression', 'gzip zstd none'),
      offer('--annotation-encoding', 'plain base64'),
    ])
      assert.equal(lines.filter((other) => other === line).length, 1, line);
    // A flag is followed by no value.
    assert.ok(!lines.some((line) => line.includes('--attest)') || /[ |]--tar[|)]/.test(line)));
    const paths = lines.filter((line) =>
      line.endsWith(') COMPREPLY=($(compgen -f -- "$current")); return ;;'),
    );
    assert.equal(paths.length, 1);
    assert.match(paths[0] ?? '', /^ {4}--tag\|-t\|--image\|--registry\|--file\|-f\|--dest\|/);
    assert.ok(lines.includes(`    COMPREPLY=($(compgen -W '${names} --help --version' -- "$current"))`));
  });

  it('has options with their values and help in zsh', () => {
    const specs = [
      "'*--tag=[Image NAME and optionally a tag]:value:_files'",
      "'*-t[Image NAME and optionally a tag]:value:_files'",
      "'*--namespace=[NAMESPACE to use when importing the image to containerd]:value:_files'",
      "'*-n[NAMESPACE to use when importing the image to containerd]:value:_files'",
      "'*--address=[ADDRESS of containerds GRPC server]:value:_files'",
      "'*-a[ADDRESS of containerds GRPC server]:value:_files'",
      "'*--snapshotter=[SNAPSHOTTER to unpack the image for]:value:_files'",
      "'*--ctr=[PATH of containerds client, ctr or k3s]:value:_files'",
      "'*--quiet[Print nothing but the result, warnings and errors]'",
      "'*-q[Print nothing but the result, warnings and errors]'",
      "'*--progress=[How progress is shown]:value:(auto plain quiet)'",
      "'*--debug[Say more about what is done]'",
      "'*--json[Print the result as JSON]'",
      "'*--help[Show this help]'",
      "'*-h[Show this help]'",
      "'*:file:_files'",
    ];
    assert.deepEqual(linesOf('zsh', '    load)'), [`    load) _arguments ${specs.join(' ')} ;;`]);
    assert.deepEqual(linesOf('zsh', '    completion)'), [
      "    completion) _arguments '*--help[Show this help]' '*-h[Show this help]' '*:shell:(bash zsh fish)' ;;",
    ]);
    assert.deepEqual(linesOf('zsh', "    'load:"), ["    'load:Import an image into containerd'"]);
    assert.deepEqual(linesOf('zsh', "    'push:"), ["    'push:Push an image to registries'"]);
  });

  it('has a line for each option in fish', () => {
    const start = "complete -c bima -n '__fish_seen_subcommand_from load'";
    assert.deepEqual(linesOf('fish', start), [
      `${start} -l tag -s t -r -d 'Image NAME and optionally a tag'`,
      `${start} -l namespace -s n -r -d 'NAMESPACE to use when importing the image to containerd'`,
      `${start} -l address -s a -r -d 'ADDRESS of containerds GRPC server'`,
      `${start} -l snapshotter -r -d 'SNAPSHOTTER to unpack the image for'`,
      `${start} -l ctr -r -d 'PATH of containerds client, ctr or k3s'`,
      `${start} -l quiet -s q -d 'Print nothing but the result, warnings and errors'`,
      `${start} -l progress -x -a 'auto plain quiet' -d 'How progress is shown'`,
      `${start} -l debug -d 'Say more about what is done'`,
      `${start} -l json -d 'Print the result as JSON'`,
      `${start} -l help -s h -d 'Show this help'`,
    ]);
    const names = Object.keys(commands).join(' ');
    assert.deepEqual(completionScript('fish').split('\n').slice(-2), [
      "complete -c bima -n '__fish_seen_subcommand_from completion' -f -a 'bash zsh fish'",
      `complete -c bima -n '__fish_seen_subcommand_from help' -f -a '${names}'`,
    ]);
    assert.deepEqual(linesOf('fish', "complete -c bima -n '__fish_is_nth_token 1' -f -a load"), [
      "complete -c bima -n '__fish_is_nth_token 1' -f -a load -d 'Import an image into containerd'",
    ]);
  });

  it('offers no value of a flag, and one of a choice in any spelling', { skip }, () => {
    assert.deepEqual(complete('bima', 'build', '--out', 'o'), ['oci']);
    assert.deepEqual(complete('bima', 'build', '--compression', ''), ['gzip', 'zstd', 'none']);
    assert.deepEqual(complete('bima', 'build', '--fail-on', 'w'), ['warning']);
    assert.deepEqual(complete('bima', 'build', '--annotation-encoding', ''), ['plain', 'base64']);
    assert.deepEqual(complete('bima', 'help', 'me'), ['merge']);
    assert.deepEqual(complete('bima', '--v'), ['--version']);
    assert.deepEqual(complete('bima', 'inspect', 'package.js'), ['package.json']);
    assert.deepEqual(complete('bima', 'build', '--file', 'package.js'), ['package.json']);
    assert.deepEqual(complete('bima', 'build', '--attest', 'package.js'), ['package.json']);
    assert.deepEqual(complete('bima', 'completion', '-'), ['--help', '-h']);
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

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Arguments, Cmd, Entrypoint } from '../../../src/core/containerfile/instruction.ts';
import type { Position } from '../../../src/core/errors.ts';
import { imageArguments } from '../../../src/core/unikernel/image-arguments.ts';
import type { LabelInput } from '../../../src/core/unikernel/labels.ts';

const at = (line: number): Position => ({ file: 'Containerfile', line, column: 1 });
const exec = (...words: string[]): Arguments => ({ form: 'exec', words });
const shell = (text: string): Arguments => ({ form: 'shell', text });
const entrypoint = (given: Arguments): Entrypoint => ({
  type: 'entrypoint',
  position: at(1),
  arguments: given,
});
const cmd = (given: Arguments): Cmd => ({ type: 'cmd', position: at(2), arguments: given });

function labels(given: Readonly<Record<string, string>>): LabelInput[] {
  return Object.entries(given).map(([name, value]) => ({
    key: `com.urunc.unikernel.${name}`,
    value,
    position: at(3),
  }));
}

const binary = { binary: '/unikernel/kernel' };

describe('imageArguments', () => {
  const quiet: [
    name: string,
    instructions: { entrypoint?: Entrypoint; cmd?: Cmd },
    given: Readonly<Record<string, string>>,
    expected: { entrypoint?: string[]; cmd?: string[]; words: string[] | undefined },
  ][] = [
    [
      'ENTRYPOINT and CMD as they are given',
      { entrypoint: entrypoint(exec('/init', 'a b')), cmd: cmd(exec('-v', '')) },
      { ...binary, cmdline: 'other' },
      { entrypoint: ['/init', 'a b'], cmd: ['-v', ''], words: ['/init', 'a b', '-v', ''] },
    ],
    [
      'CMD alone',
      { cmd: cmd(exec('redis-server')) },
      { ...binary, cmdline: 'other' },
      { cmd: ['redis-server'], words: ['redis-server'] },
    ],
    [
      'ENTRYPOINT alone',
      { entrypoint: entrypoint(exec('/init')) },
      { ...binary, cmdline: 'other' },
      { entrypoint: ['/init'], words: ['/init'] },
    ],
    [
      'the words of the cmdline label',
      {},
      { ...binary, cmdline: '  redis-server\t/data/conf\u2003x\u0085y "a b"\n' },
      { cmd: ['redis-server', '/data/conf', 'x', 'y', '"a', 'b"'], words: undefined },
    ],
    ['nothing without either, and never the binary', {}, binary, { words: undefined }],
    [
      'the shell of a Linux guest',
      { entrypoint: entrypoint(shell('exec "$0" && x')), cmd: cmd(exec('y')) },
      { unikernelType: 'linux' },
      {
        entrypoint: ['/bin/sh', '-c', 'exec "$0" && x'],
        cmd: ['y'],
        words: ['/bin/sh', '-c', 'exec "$0" && x', 'y'],
      },
    ],
  ];
  for (const [name, instructions, given, expected] of quiet) {
    it(`takes ${name}`, () => {
      assert.deepEqual(imageArguments(instructions, labels(given)), { ...expected, warnings: [] });
    });
  }

  it('takes the words of a shell form for a guest without a shell, and warns', () => {
    const instructions = { entrypoint: entrypoint(shell('/init')), cmd: cmd(shell(`serve -c "a b"`)) };
    const { warnings, ...rest } = imageArguments(instructions, labels({ unikernelType: 'unikraft' }));
    assert.deepEqual(rest, {
      entrypoint: ['/init'],
      cmd: ['serve', '-c', 'a b'],
      words: ['/init', 'serve', '-c', 'a b'],
    });
    assert.deepEqual(
      warnings.map(({ code, position }) => ({ code, position })),
      [
        { code: 'CONTAINERFILE_UNSUPPORTED', position: at(1) },
        { code: 'CONTAINERFILE_UNSUPPORTED', position: at(2) },
      ],
    );
    assert.match(warnings[1]?.hint ?? '', /^Write CMD \["serve","-c","a b"\]/);
  });

  it('keeps an inherited CMD beside an ENTRYPOINT only where that says so', () => {
    const inherited = { entrypoint: ['/old'], cmd: ['x'] };
    const given = entrypoint(exec('/init'));
    const { cmd: lost } = imageArguments({ entrypoint: given }, labels({}), inherited);
    assert.equal(lost, undefined);
    const kept = imageArguments({ entrypoint: { ...given, keepsCmd: true } }, labels({}), inherited);
    assert.deepEqual([kept.entrypoint, kept.cmd, kept.words], [['/init'], ['x'], ['/init', 'x']]);
  });

  it('goes by the type that counts', () => {
    const given = [...labels({ unikernelType: 'linux' }), ...labels({ unikernelType: 'rumprun' })];
    assert.deepEqual(imageArguments({ cmd: cmd(shell('x')) }, given).cmd, ['x']);
  });

  const none: [
    name: string,
    instructions: { entrypoint?: Entrypoint; cmd?: Cmd },
    given: Readonly<Record<string, string>>,
    line: number,
  ][] = [
    ['an empty CMD', { cmd: cmd(exec()) }, {}, 2],
    ['an empty ENTRYPOINT', { entrypoint: entrypoint(exec()) }, {}, 1],
    ['an empty cmdline', {}, { cmdline: '' }, 3],
    ['a blank cmdline', {}, { cmdline: ' \t' }, 3],
  ];
  for (const [name, instructions, given, line] of none) {
    it(`warns that no container starts from ${name}`, () => {
      const { warnings } = imageArguments(instructions, labels(given));
      assert.deepEqual(
        warnings.map(({ position }) => position),
        [at(line)],
      );
      assert.match(warnings[0]?.hint ?? '', /CMD \[/);
    });
  }

  it('adds no empty Cmd for an empty cmdline', () => {
    assert.equal('cmd' in imageArguments({}, labels({ cmdline: '' })), false);
  });
});

describe('the arguments of a mewz guest', () => {
  const mewz = { unikernelType: 'mewz', hypervisor: 'qemu' };
  const given: readonly [
    name: string,
    warnings: ReturnType<typeof imageArguments>['warnings'],
    line: number,
  ][] = [
    ['of CMD', imageArguments({ cmd: cmd(exec('a', 'b')) }, labels(mewz)).warnings, 2],
    ['of ENTRYPOINT', imageArguments({ entrypoint: entrypoint(exec('a')) }, labels(mewz)).warnings, 1],
    ['of the cmdline label', imageArguments({}, labels({ ...mewz, cmdline: 'a b' })).warnings, 3],
  ];
  for (const [name, warnings, line] of given) {
    it(`are ignored by urunc, which is a warning: those ${name}`, () => {
      assert.deepEqual(
        warnings.map(({ code, position }) => [code, position]),
        [['LABEL_INVALID', at(line)]],
      );
      assert.match(warnings[0]?.message ?? '', /"mewz", which ignores them, got "a/);
    });
  }

  it('are no matter where there are none', () => {
    assert.deepEqual(imageArguments({}, labels(mewz)).warnings, []);
  });
});

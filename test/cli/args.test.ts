import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseArguments } from '../../src/cli/args.ts';
import { commands } from '../../src/cli/commands.ts';
import { foreignCommands } from '../../src/cli/habits.ts';
import type { BimaError } from '../../src/core/errors.ts';
import type { Environment } from '../../src/core/environment.ts';
import type { Invocation } from '../../src/cli/args.ts';

function parse(line: string, environment: Environment = {}): Extract<Invocation, { type: 'command' }> {
  const invocation = parseArguments(line.split(' '), environment);
  assert.equal(invocation.type, 'command');
  return invocation;
}

describe('parseArguments', () => {
  it('takes options before and after the context', () => {
    for (const line of ['build -t a:1 --tar ctx', 'build ctx -t a:1 --tar', 'build -t a:1 ctx --tar']) {
      const { options, positionals } = parse(line);
      assert.deepEqual(positionals, ['ctx']);
      assert.deepEqual(options.strings('tag'), ['a:1']);
      assert.equal(options.flag('tar'), true);
    }
  });

  const spellings: [line: string, option: string, values: string[]][] = [
    ['build --tag a --tag=b -t c ctx', 'tag', ['a', 'b', 'c']],
    ['build --output tar ctx', 'output', ['tar']],
    ['build --out=oci ctx', 'output', ['oci']],
    ['build -o tar ctx', 'output', ['tar']],
    ['build -n k8s.io ctx', 'namespace', ['k8s.io']],
    ['build -a /run/c.sock ctx', 'address', ['/run/c.sock']],
    ['build --snapshotter devmapper ctx', 'snapshotter', ['devmapper']],
    ['build -f Containerfile.redis ctx', 'file', ['Containerfile.redis']],
    ['build -- --tag', 'tag', []],
  ];
  for (const [line, option, values] of spellings) {
    it(`reads --${option} of "${line}"`, () => {
      assert.deepEqual(parse(line).options.strings(option), values);
    });
  }

  it('says what was given, and what is a default', () => {
    const { name, options, positionals } = parse('build --push=false -t a -t b --dest= x y');
    assert.equal(name, 'build');
    assert.deepEqual(positionals, ['x', 'y']);
    assert.equal(options.string('tag'), 'b');
    assert.equal(options.string('dest'), '');
    assert.deepEqual(options.strings('dest'), ['']);
    const given = (option: string) => [options.isGiven(option), options.flag(option)];
    assert.deepEqual(given('push'), [true, false]);
    assert.deepEqual(given('tar'), [false, false]);
    assert.deepEqual(given('tag'), [true, false]);
    assert.deepEqual(given('output'), [false, false]);
    assert.deepEqual(options.strings('output'), ['ctr']);
    assert.deepEqual(options.strings('tar'), []);
    assert.deepEqual(options.strings('no such option'), []);
    assert.equal(options.handedOn, undefined);
  });

  it('takes the last of several flags', () => {
    assert.equal(parse('build --push --push=false ctx').options.flag('push'), false);
    assert.equal(parse('build --push=false --push ctx').options.flag('push'), true);
    assert.equal(parse('build --no-reuse --reuse ctx').options.flag('no-reuse'), false);
  });

  it('takes an empty variable for the value that it is', () => {
    assert.deepEqual(parse('build ctx', { CONTAINERD_NAMESPACE: '' }).options.strings('namespace'), []);
    assert.deepEqual(parse('build ctx', { BIMA_CACHE: '' }).options.strings('cache'), []);
    assert.deepEqual(parse('build ctx', { BIMA_CACHE: '/c' }).options.strings('cache'), ['/c']);
    assert.deepEqual(parse('build --cache= ctx', { BIMA_CACHE: '/c' }).options.strings('cache'), ['']);
  });

  const flags: [text: string, value: boolean][] = [
    ['--push', true],
    ...['true', 't', '1', 'TRUE', 'T'].map((value): [string, boolean] => [`--push=${value}`, true]),
    ...['false', 'f', '0', 'False', 'F'].map((value): [string, boolean] => [`--push=${value}`, false]),
  ];
  for (const [text, value] of flags) {
    it(`reads ${text}`, () => {
      assert.equal(parse(`build ${text} ctx`).options.flag('push'), value);
      const opposite = text.replace('push', 'reuse');
      assert.equal(parse(`build ${opposite} ctx`).options.flag('no-reuse'), !value);
    });
  }
  for (const value of ['', 'yes', 'truer', 'xtrue', '10', 'ft', 'falsey', 'off']) {
    it(`refuses --push=${value}`, () => {
      assert.throws(() => parse(`build --push=${value} ctx`), {
        code: 'INPUT_INVALID',
        message: `expected true or false for --push, got "${value}"`,
      });
    });
  }

  it('reads a flag of several words', () => {
    const wordOf = (line: string) => parse(`build ${line} ctx`).options.strings('attest');
    assert.deepEqual(wordOf('--attest'), ['true']);
    assert.deepEqual(wordOf('--attest=Auto'), ['auto']);
    assert.deepEqual(wordOf('--attest=false'), ['false']);
    assert.deepEqual(wordOf(''), []);
    assert.throws(() => parse('build --attest=maybe ctx'), {
      code: 'INPUT_INVALID',
      message: 'expected one of "true", "auto", "false" behind --attest=, got "maybe"',
      hint: 'Write --sbom FILE and --provenance FILE; what is signed by --attest has a provenance anyway.',
    });
  });

  it("takes docker's attributes behind --attest, as an argument of their own too", () => {
    const disabled = 'type=sbom,disabled=true';
    for (const line of [`--attest ${disabled}`, `--attest=${disabled}`]) {
      const { options, positionals } = parse(`build ${line} ctx`);
      assert.deepEqual([options.strings('attest'), positionals], [[], ['ctx']]);
    }
    const { options, positionals } = parse('build --attest ctx type=x');
    assert.deepEqual([options.strings('attest'), positionals], [['true'], ['ctx', 'type=x']]);
    assert.deepEqual(parse('build ctx --attest').options.strings('attest'), ['true']);
    assert.deepEqual(parse('build --attest xtype=').positionals, ['xtype=']);
  });

  it('hands on what stands behind "--", where the command has somebody to hand it to', () => {
    const { options, positionals } = parse('run --print image -- --help -x a -- b');
    assert.deepEqual(options.handedOn, ['--help', '-x', 'a', '--', 'b']);
    assert.deepEqual(positionals, ['image']);
    assert.equal(options.flag('print'), true);
    assert.deepEqual(parse('run image --').options.handedOn, []);
    assert.equal(parse('run image').options.handedOn, undefined);
    const build = parse('build ctx -- -x');
    assert.equal(build.options.handedOn, undefined);
    assert.deepEqual(build.positionals, ['ctx', '-x']);
  });

  it('takes a value behind "=" of a short option, and one that begins with a dash there alone', () => {
    assert.deepEqual(parse('build -t=a:1 -tb -t== ctx').options.strings('tag'), ['a:1', 'b', '=']);
    assert.deepEqual(parse('build --tag=-x --dest - ctx').options.strings('tag'), ['-x']);
    assert.equal(parse('build --dest - ctx').options.string('dest'), '-');
    assert.deepEqual(parse('build --tag==a ctx').options.strings('tag'), ['=a']);
  });

  it('takes what the command line says, then the environment, then the default', () => {
    const environment = { CONTAINERD_NAMESPACE: 'env' };
    assert.equal(parse('build -n line ctx', environment).options.string('namespace'), 'line');
    assert.equal(parse('build ctx', environment).options.string('namespace'), 'env');
    assert.equal(parse('build ctx').options.string('namespace'), 'default');
    assert.equal(parse('build ctx').options.string('address'), '/run/containerd/containerd.sock');
    assert.equal(parse('build ctx', { CONTAINERD_ADDRESS: '/a' }).options.string('address'), '/a');
    assert.equal(parse('build ctx', { CONTAINERD_SNAPSHOTTER: 's' }).options.string('snapshotter'), 's');
    assert.equal(parse('build ctx').options.string('snapshotter'), undefined);
    assert.equal(parse('build ctx').options.string('output'), 'ctr');
  });

  const helps: [line: string, command: string | undefined][] = [
    ['--help', undefined],
    ['-h', undefined],
    ['help', undefined],
    ['help build', 'build'],
    ['build --help', 'build'],
    ['build -t a -h', 'build'],
  ];
  for (const [line, command] of helps) {
    it(`shows help for "${line}"`, () => {
      assert.deepEqual(parseArguments(line.split(' '), {}), {
        type: 'help',
        ...(command === undefined ? {} : { command }),
      });
    });
  }

  it('shows help without arguments, and the version', () => {
    assert.deepEqual(parseArguments([], {}), { type: 'help' });
    for (const word of ['version', '--version', '-v'])
      assert.deepEqual(parseArguments([word], {}), { type: 'version' });
  });

  it('gives help about what is asked for, and about all where it knows no better', () => {
    assert.deepEqual(parseArguments(['help', '--tar'], {}), { type: 'help' });
    assert.deepEqual(parseArguments(['help', 'build', 'x'], {}), { type: 'help', command: 'build' });
    assert.deepEqual(parseArguments(['build', '--help=false', 'x'], {}).type, 'command');
    assert.throws(() => parseArguments(['help', 'biuld'], {}), { message: /got "biuld"$/ });
  });

  const commandNames = Object.keys(commands).join(', ');
  const wrong: [name: string, line: string, message: string, hint: string][] = [
    [
      'an unknown command',
      'biuld',
      `expected a command (${commandNames}), got "biuld"`,
      'Did you mean "build"? See "bima --help".',
    ],
    [
      'a command that is like none',
      'frobnicate',
      `expected a command (${commandNames}), got "frobnicate"`,
      'See "bima --help".',
    ],
    [
      'a name that every object has',
      'constructor',
      `expected a command (${commandNames}), got "constructor"`,
      'See "bima --help".',
    ],
    [
      'an option before the command',
      '--tar build',
      `expected a command (${commandNames}), got "--tar"`,
      'Options stand behind the command: bima build --tar FOLDER. See "bima --help".',
    ],
    ...['./x', '.', '~/x', 'a/b', 'a\\b'].map((word): [string, string, string, string] => [
      `the folder ${word} in the place of a command`,
      word,
      `expected a command (${commandNames}), got "${word}"`,
      `To build a folder, write "bima build ${word}". See "bima --help".`,
    ]),
    [
      'a command of other programs',
      'login',
      `expected a command (${commandNames}), got "login"`,
      `${foreignCommands.login} See "bima --help".`,
    ],
    [
      'an unknown option',
      'build --tga x ctx',
      'bima build has no option --tga',
      'Did you mean --tag? See "bima build --help".',
    ],
    [
      'an option that is like none',
      'build --frobnicate ctx',
      'bima build has no option --frobnicate',
      'See "bima build --help".',
    ],
    ['a letter that is none', 'build -x ctx', 'bima build has no option -x', 'See "bima build --help".'],
    [
      'an option without its value',
      'build ctx --tag',
      'expected a value for --tag, got none',
      'One that begins with "-" is written after "=", as in --tag=-x.',
    ],
    [
      'an option that begins where a value is missing',
      'build -t -x ctx',
      'expected a value for -t, got the option "-x"',
      'One that begins with "-" is written after "=", as in --tag=-x.',
    ],
    [
      'an option that begins where the value of another is missing',
      'build --dest --tar ctx',
      'expected a value for --dest, got the option "--tar"',
      'One that begins with "-" is written after "=", as in --dest=-x.',
    ],
    [
      'an option of another command',
      'inspect --iidfile x',
      'bima inspect has no option --iidfile',
      'See "bima inspect --help".',
    ],
    [
      'an option of other programs with a value that means nothing here',
      'build --format docker ctx',
      'bima build has no option --format with the value "docker"',
      'Images are those of the OCI, which docker, podman and containerd all take.',
    ],
    [
      'an option of other programs without a value',
      'build --squash ctx',
      'bima build has no option --squash',
      'Each COPY is one layer: copy all files with one COPY to have one.',
    ],
    [
      'an option that is like one of other programs',
      'build --platfroms x ctx',
      'bima build has no option --platfroms',
      'Did you mean --platforms? See "bima build --help".',
    ],
  ];
  for (const [name, line, message, hint] of wrong) {
    it(`refuses ${name}`, () => {
      assert.throws(() => parseArguments(line.split(' '), {}), { code: 'INPUT_INVALID', message, hint });
    });
  }

  it('says all that is wrong', () => {
    assert.throws(
      () => parse('build --tga x --push=maybe --dest'),
      (error: BimaError) => {
        assert.deepEqual(
          error.problems.map(({ message }) => message),
          [
            'bima build has no option --tga',
            'expected true or false for --push, got "maybe"',
            'expected a value for --dest, got none',
          ],
        );
        return true;
      },
    );
  });
});

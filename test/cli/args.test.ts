import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseArguments } from '../../src/cli/args.ts';
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

  const wrong: [name: string, line: string, message: RegExp][] = [
    ['an unknown command', 'biuld', /expected a command \(build, .*got "biuld"/],
    ['an unknown option', 'build --tga x ctx', /--tga/],
    ['an option without its value', 'build ctx --tag', /--tag/],
    ['a value for a flag', 'build --push=maybe ctx', /^expected true or false for --push, got "maybe"$/],
    ['a word that is no file', 'build --tar=yes ctx', /^expected true or false for --tar, got "yes"$/],
    [
      'an option that begins where a value is missing',
      'build -t -x ctx',
      /^expected a value for -t, got the option "-x"$/,
    ],
    ['an option of another command', 'inspect --tag x', /--tag/],
  ];
  for (const [name, line, message] of wrong) {
    it(`refuses ${name}`, () => {
      assert.throws(() => parseArguments(line.split(' '), {}), { code: 'INPUT_INVALID', message });
    });
  }
});

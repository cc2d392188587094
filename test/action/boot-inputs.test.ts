// The inputs of the boot test: which of them mean that something is booted, and what goes together.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readBoot } from '../../src/action/boot-inputs.ts';
import type { BootInputs } from '../../src/action/boot-inputs.ts';
import { attemptAll } from '../../src/action/input-problems.ts';
import { caught } from '../support/caught.ts';

type Given = Readonly<Record<string, string>>;

function read(given: Given, environment: Given = {}): BootInputs | undefined {
  return attemptAll((attempt) => readBoot((name) => given[name] ?? '', environment, attempt));
}

describe('the inputs of a boot test', () => {
  it('are a text that is to be printed', () => {
    const { expectation, ...others } = read({ 'boot-test': 'ready' }) ?? {};
    assert.equal(expectation?.text, 'ready');
    assert.deepEqual(others, {
      port: undefined,
      path: '/',
      arguments: undefined,
      environment: new Map(),
      timeout: 60_000,
    });
  });

  it('are a port that is to answer, with all that goes with it', () => {
    const given = {
      ...{ 'boot-port': '8080', 'boot-path': '/health?a=b', 'boot-args': '["a", "b c"]' },
      ...{ 'boot-env': 'A=1\nB\nC', 'boot-timeout': '3600' },
    };
    assert.deepEqual(read(given, { B: '2' }), {
      expectation: undefined,
      port: 8080,
      path: '/health?a=b',
      arguments: ['a', 'b c'],
      environment: new Map([
        ['A', '1'],
        ['B', '2'],
      ]),
      timeout: 3_600_000,
    });
  });

  for (const [name, port] of [
    ['least', '1'],
    ['greatest', '65535'],
  ] as const) {
    it(`take the ${name} port`, () => {
      assert.equal(read({ 'boot-port': port })?.port, Number(port));
    });
  }

  it('boot nothing with a limit of time alone', () => {
    assert.equal(read({}), undefined);
    assert.equal(read({ 'boot-timeout': '5' }), undefined);
  });

  const code = 'INPUT_INVALID';
  const alone = (names: string) => ({
    code,
    message: `expected the input "boot-test" or "boot-port" beside ${names}`,
    hint: 'Say what the guest is to print, or the port on which it is to answer: without, nothing is booted.',
  });
  const portMissing = {
    code,
    message: 'expected the input "boot-port" beside "boot-path"',
    hint: 'Name the port of the guest that answers over HTTP.',
  };
  const noPath = (path: string) => ({
    code,
    message: `expected a path such as "/health" for the input "boot-path", got "${path}"`,
  });
  const number = (name: string, most: number, text: string) => ({
    code,
    message: `expected a number from 1 to ${most} for the input "${name}", got "${text}"`,
  });
  const wrong: readonly [given: Given, problems: readonly object[]][] = [
    [{ 'boot-args': 'a' }, [alone('"boot-args"')]],
    [{ 'boot-env': 'A=b' }, [alone('"boot-env"')]],
    [{ 'boot-path': '/' }, [alone('"boot-path"')]],
    [
      { 'boot-args': 'a', 'boot-env': 'A=b', 'boot-path': '/' },
      [alone('"boot-args", "boot-env", "boot-path"')],
    ],
    [{ 'boot-test': 'a', 'boot-path': '/' }, [portMissing]],
    ...['x', 'x/y', '/a b', '/a#b', '/a\nb', '/ä', '/a\u007f'].map((path): [Given, readonly object[]] => [
      { 'boot-port': '80', 'boot-path': path },
      [noPath(path)],
    ]),
    [{ 'boot-port': '0' }, [number('boot-port', 65535, '0')]],
    [{ 'boot-port': '65536' }, [number('boot-port', 65535, '65536')]],
    [{ 'boot-port': 'x', 'boot-path': '/' }, [number('boot-port', 65535, 'x')]],
    [{ 'boot-test': 'a', 'boot-timeout': '0' }, [number('boot-timeout', 3600, '0')]],
    [{ 'boot-test': 'a', 'boot-timeout': '3601' }, [number('boot-timeout', 3600, '3601')]],
  ];
  for (const [given, problems] of wrong) {
    it(`are refused as ${JSON.stringify(given)}`, async () => {
      assert.deepEqual(await caught(() => read(given)), problems);
    });
  }

  const named: readonly [given: Given, message: RegExp][] = [
    [{ 'boot-test': '/(/' }, /the input "boot-test"/],
    [{ 'boot-test': 'a', 'boot-args': '"a' }, /the input "boot-args"/],
    [{ 'boot-test': 'a', 'boot-env': '=b' }, /the input "boot-env"/],
  ];
  for (const [given, message] of named) {
    it(`name the input that is wrong in ${JSON.stringify(given)}`, async () => {
      const problems = await caught(() => read(given));
      assert.equal(problems.length, 1);
      assert.match(problems[0]?.message ?? '', message);
    });
  }

  it('are refused with everything that is wrong', async () => {
    const given = {
      'boot-test': '/(/',
      'boot-args': '"a',
      'boot-env': '=b',
      'boot-timeout': 'x',
      'boot-path': '/',
    };
    assert.equal((await caught(() => read(given))).length, 5);
  });
});

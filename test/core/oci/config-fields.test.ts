// What instructions make of the config of a base.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Instruction } from '../../../src/core/containerfile/instruction.ts';
import { configFields, resolveWorkdir } from '../../../src/core/oci/config-fields.ts';
import type { JsonObject } from '../../../src/core/oci/json.ts';

const position = { file: 'Containerfile', line: 1, column: 1 };
const env = (key: string, value: string): Instruction => ({
  type: 'env',
  pairs: [{ key, value, position }],
  position,
});
const workdir = (path: string): Instruction => ({ type: 'workdir', path, position });
const expose = (...ports: string[]): Instruction => ({ type: 'expose', ports, position });
const volume = (...paths: string[]): Instruction => ({ type: 'volume', paths, position });
const health = { Test: ['NONE'] };

/** What has no field of its own here. */
const others: Instruction[] = [
  { type: 'cmd', arguments: { form: 'exec', words: ['a'] }, position },
  { type: 'entrypoint', arguments: { form: 'shell', text: 'a' }, position },
  { type: 'label', pairs: [{ key: 'a', value: 'b', position }], position },
  { type: 'maintainer', name: 'a', position },
  { type: 'copy', sources: [{ path: 'a', position }], destination: '/', position },
  { type: 'onbuild', text: 'COPY . .', position },
];

describe('configFields', () => {
  const rows: [name: string, base: JsonObject, instructions: Instruction[], fields: JsonObject][] = [
    ['nothing of nothing', {}, [], {}],
    ['what the base has', { Any: 1, Env: ['A'], OnBuild: ['RUN x'] }, others, { Any: 1, Env: ['A'] }],
    ['a variable', {}, [env('A', '1')], { Env: ['A=1'] }],
    [
      'a variable in the place of the one of that name',
      { Env: ['A=1', 'B', 'C=3=x'] },
      [env('B', '2'), env('D', '4'), env('C', '5'), env('D', '6')],
      { Env: ['A=1', 'B=2', 'C=5', 'D=6'] },
    ],
    ['a variable in place of what is no list', { Env: ['A=1', 2] }, [env('B', '2')], { Env: ['B=2'] }],
    ['a user', { User: 'a' }, [{ type: 'user', user: 'b:c', position }], { User: 'b:c' }],
    ['a signal', {}, [{ type: 'stopsignal', signal: 'SIGINT', position }], { StopSignal: 'SIGINT' }],
    ['a shell', {}, [{ type: 'shell', words: ['sh', '-c'], position }], { Shell: ['sh', '-c'] }],
    ['a check', {}, [{ type: 'healthcheck', health, text: 'NONE', position }], { Healthcheck: health }],
    ['working directories', { WorkingDir: '/a' }, [workdir('b'), workdir('../c/')], { WorkingDir: '/a/c' }],
    ['a working directory below none', { WorkingDir: 1 }, [workdir('b')], { WorkingDir: '/b' }],
    [
      'ports, sorted, with those of the base',
      { ExposedPorts: { '9/tcp': {}, '80/tcp': { a: 1 } } },
      [expose('80/tcp', '443/tcp'), expose('53/udp')],
      { ExposedPorts: { '443/tcp': {}, '53/udp': {}, '80/tcp': { a: 1 }, '9/tcp': {} } },
    ],
    [
      'volumes in place of what is no set',
      { Volumes: [] },
      [volume('/b', '/a')],
      { Volumes: { '/a': {}, '/b': {} } },
    ],
  ];
  for (const [name, base, instructions, fields] of rows)
    it(`gives ${name}`, () => {
      const before = structuredClone(base);
      // As text: the order makes other bytes.
      assert.equal(JSON.stringify(configFields(base, instructions, [])), JSON.stringify(fields));
      assert.deepEqual(base, before);
    });

  it('has instructions for later, and none of the base', () => {
    const base = { OnBuild: ['COPY a b'] };
    assert.deepEqual(configFields(base, others, ['COPY . .']), { OnBuild: ['COPY . .'] });
    assert.deepEqual(configFields(base, others, []), {});
  });
});

describe('resolveWorkdir', () => {
  const rows: [before: unknown, path: string, after: string][] = [
    [undefined, 'a', '/a'],
    ['', 'a', '/a'],
    ['b', 'a', '/b/a'],
    ['/b', '/a/', '/a'],
    ['/b/c', '..', '/b'],
    ['/', '.', '/'],
  ];
  for (const [before, path, after] of rows)
    it(`makes ${after} of ${path} in ${JSON.stringify(before)}`, () => {
      assert.equal(resolveWorkdir(before, path), after);
    });
});

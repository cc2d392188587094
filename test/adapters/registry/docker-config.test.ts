import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { BimaError } from '../../../src/core/errors.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { parseDockerConfig, readDockerConfig } from '../../../src/adapters/registry/docker-config.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('parseDockerConfig', () => {
  const rows: readonly (readonly [string, object, readonly (readonly [string, unknown])[]])[] = [
    [
      'a pair',
      { 'reg.test': { auth: base64('robot:a:b') } },
      [['reg.test', { kind: 'password', username: 'robot', password: 'a:b' }]],
    ],
    [
      'the oldest key of Docker Hub',
      { 'https://index.docker.io/v1/': { auth: base64('robot:x') } },
      [['index.docker.io', { kind: 'password', username: 'robot', password: 'x' }]],
    ],
    [
      'a key with a port and upper case',
      { 'HTTPS://Reg.Test:5000/v2/': { username: 'robot', password: 'x' } },
      [['reg.test:5000', { kind: 'password', username: 'robot', password: 'x' }]],
    ],
    [
      'an identity token',
      { 'reg.test': { auth: base64('robot:'), identitytoken: 'id' } },
      [['reg.test', { kind: 'identity', username: 'robot', token: 'id' }]],
    ],
    [
      'a registry token',
      { 'reg.test': { registrytoken: 'tok' } },
      [['reg.test', { kind: 'bearer', token: 'tok' }]],
    ],
    ['an entry that a helper fills', { 'reg.test': {} }, []],
    [
      'a password padded with zeros',
      { 'reg.test': { auth: base64('robot:x\0\0') } },
      [['reg.test', { kind: 'password', username: 'robot', password: 'x' }]],
    ],
  ];
  for (const [name, auths, expected] of rows) {
    it(name, () => {
      assert.deepEqual([...parseDockerConfig(JSON.stringify({ auths }), 'test').auths], expected);
    });
  }

  it('takes a byte order mark, helpers and a store', () => {
    const text = `\uFEFF${JSON.stringify({ credsStore: 'desktop', credHelpers: { 'https://reg.test/': 'one' } })}`;
    const { store, helpers, auths } = parseDockerConfig(text, 'test');
    assert.equal(store, 'desktop');
    assert.deepEqual([...helpers], [['reg.test', 'one']]);
    assert.equal(auths.size, 0);
  });

  const broken: readonly (readonly [string, string])[] = [
    ['no JSON', '{"auths": hunter2'],
    ['no object', '[]'],
    ['no base64', '{"auths":{"reg.test":{"auth":"***hunter2***"}}}'],
    ['no colon', JSON.stringify({ auths: { 'reg.test': { auth: base64('hunter2') } } })],
  ];
  for (const [name, text] of broken) {
    it(`refuses ${name}, by the file's name and without its content`, () => {
      assert.throws(
        () => parseDockerConfig(text, '"/home/robot/.docker/config.json"'),
        (error) =>
          error instanceof BimaError &&
          error.code === 'CREDENTIALS_FAILED' &&
          error.message.includes('config.json') &&
          !error.message.includes('hunter2') &&
          error.cause === undefined,
      );
    });
  }
});

describe('readDockerConfig', () => {
  it('reads files alone', { skip: process.platform === 'win32' }, async (test) => {
    const folder = temporaryFolder(test, { empty: '' });
    const pipe = join(folder, 'pipe');
    assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
    for (const [path, kind] of [
      [pipe, 'a FIFO'],
      [folder, 'a directory'],
      ['/dev/zero', 'a character device'],
    ] as const) {
      await assert.rejects(readDockerConfig({ kind: 'file', path }), {
        code: 'CREDENTIALS_FAILED',
        message: `expected "${path}" to be a file, got ${kind}`,
      });
    }
    for (const name of ['empty', 'missing', 'empty/missing'])
      assert.equal(await readDockerConfig({ kind: 'file', path: join(folder, name) }), undefined);
  });
});

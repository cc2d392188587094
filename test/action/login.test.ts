// The inputs with the credentials for a registry.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readLogin, readRegistry } from '../../src/action/login.ts';
import { caught } from '../support/caught.ts';

function reader(given: Readonly<Record<string, string>>) {
  return (name: string) => given[name] ?? '';
}

describe('the input registry', () => {
  for (const [text, registry] of [
    ['', undefined],
    ['quay.io', 'quay.io'],
    ['https://quay.io', 'quay.io'],
    ['http://localhost:5000/', 'localhost:5000'],
    ['https://quay.io/own//', 'quay.io/own'],
    ['quay.io/https://x', 'quay.io/https://x'],
    ['httpsx://quay.io', 'httpsx://quay.io'],
  ] as const) {
    it(`is ${registry ?? 'none'} for ${JSON.stringify(text)}`, () => {
      assert.equal(readRegistry(reader({ registry: text })), registry);
    });
  }
});

describe('the credentials', () => {
  it('are both, or none', () => {
    assert.equal(readLogin(reader({})), undefined);
    assert.deepEqual(readLogin(reader({ username: 'u', password: 'p' })), { username: 'u', password: 'p' });
  });

  for (const [given, missing] of [
    ['username', 'password'],
    ['password', 'username'],
  ] as const) {
    it(`are not ${given} alone`, async () => {
      assert.deepEqual(await caught(() => readLogin(reader({ [given]: 'secret' }))), [
        {
          code: 'INPUT_INVALID',
          message: `expected the input "${missing}" beside "${given}", got none`,
          hint: 'A secret is empty in runs of forks and of Dependabot, or when it does not exist under that name.',
        },
      ]);
    });
  }
});

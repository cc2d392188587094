import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BimaError } from '../../../src/core/errors.ts';
import { isSameSite, parseRealm } from '../../../src/adapters/registry/realm.ts';

const rules = {
  origin: 'https://registry.example.com',
  hasCredential: true,
  trusted: ['token.elsewhere.test'],
};

describe('parseRealm', () => {
  const taken: readonly (readonly [string, string, Partial<typeof rules>?])[] = [
    ['https://registry.example.com/token', 'https://registry.example.com/token'],
    ['/token?x=1', 'https://registry.example.com/token?x=1'],
    ['https://auth.example.com/token', 'https://auth.example.com/token'],
    ['https://token.elsewhere.test/t', 'https://token.elsewhere.test/t'],
    ['https://other.test/t', 'https://other.test/t', { hasCredential: false }],
    ['https://api.scaleway.com/t', 'https://api.scaleway.com/t', { origin: 'https://rg.fr-par.scw.cloud' }],
    ['https://10.0.0.5:5001/t', 'https://10.0.0.5:5001/t', { origin: 'https://10.0.0.5:5000' }],
    ['http://127.0.0.1:5001/t', 'http://127.0.0.1:5001/t', { origin: 'http://127.0.0.1:5000' }],
    ['http://127.0.0.1:5001/t', 'http://127.0.0.1:5001/t', { origin: 'http://localhost:5000' }],
    ['http://reg.test:5001/t', 'http://reg.test:5001/t', { origin: 'http://reg.test:5000' }],
  ];
  for (const [realm, expected, changes] of taken) {
    it(`takes ${realm} from ${changes?.origin ?? rules.origin}`, () => {
      const endpoint = parseRealm(realm, { ...rules, ...changes });
      assert.equal(endpoint.origin + endpoint.path, expected);
    });
  }

  const refused: readonly (readonly [string, Partial<typeof rules>?])[] = [
    [''],
    ['null://registry'],
    ['javascript:alert(1)'],
    ['https://[broken'],
    ['http://registry.example.com/token'],
    ['http://auth.example.com/token'],
    ['https://robot:x@registry.example.com/token'],
    ['https://other.test/token'],
    ['https://169.254.169.254/token', { hasCredential: false }],
    ['http://169.254.169.254/token', { hasCredential: false }],
    ['https://10.0.0.1/token', { hasCredential: false }],
    ['https://localhost/token', { hasCredential: false }],
    ['http://10.0.0.6/token', { origin: 'http://10.0.0.5', hasCredential: false }],
    ['http://127.0.0.1/token', { origin: 'http://10.0.0.5', hasCredential: false }],
  ];
  for (const [realm, changes] of refused) {
    it(`refuses "${realm}" from ${changes?.origin ?? rules.origin}`, () => {
      assert.throws(
        () => parseRealm(realm, { ...rules, ...changes }),
        (error) => error instanceof BimaError && error.code === 'REGISTRY_PROTOCOL',
      );
    });
  }

  it('quotes the realm without its query', () => {
    assert.throws(() => parseRealm('null://registry/path?key=secret', rules), /"null:\/\/registry\/path"/);
  });
});

describe('isSameSite', () => {
  const rows: readonly (readonly [string, string, boolean])[] = [
    ['registry-1.docker.io', 'auth.docker.io', true],
    ['registry.gitlab.com', 'gitlab.com', true],
    ['ghcr.io', 'ghcr.io', true],
    ['ghcr.io', 'evil-ghcr.io', false],
    ['registry.example.com', 'example.com.evil.test', false],
    ['registry.one.co.uk', 'auth.one.co.uk', true],
    ['registry.one.co.uk', 'auth.two.co.uk', false],
    ['one.azurecr.io', 'two.azurecr.io', false],
    ['10.0.0.1', '99.0.0.1', false],
    ['localhost', 'example.localhost', false],
  ];
  for (const [one, other, expected] of rows) {
    it(`${one} and ${other}`, () => {
      assert.equal(isSameSite(one, other), expected);
    });
  }
});

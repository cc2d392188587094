import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { explicitLogin, readOnlyReason, tokenForPackages } from '../../src/action/workflow-push.ts';
import { BimaError } from '../../src/core/errors.ts';
import { parseReference } from '../../src/core/oci/reference.ts';
import { eventFixture } from '../support/events.ts';

describe('push: auto', () => {
  const events: [name: string, hasLogin: boolean, reason: RegExp | undefined][] = [
    ['push', false, undefined],
    ['tag', false, undefined],
    ['pull-request', false, undefined],
    ['pull-request-fork', false, /fork/],
    ['pull-request-fork', true, /fork/],
    ['pull-request-deleted-fork', false, /fork/],
    ['pull-request-dependabot', false, /Dependabot/],
    ['pull-request-dependabot', true, undefined],
    ['workflow-run', false, undefined],
    ['workflow-run-fork', false, undefined],
    ['workflow-dispatch', false, undefined],
  ];
  for (const [name, hasLogin, reason] of events) {
    const what = reason === undefined ? 'pushes' : 'does not push';
    it(`${what} for ${name}${hasLogin ? ' with credentials' : ''}`, async () => {
      const found = readOnlyReason(await eventFixture(name), hasLogin);
      if (reason === undefined) assert.equal(found, undefined);
      else assert.match(found ?? '', reason);
    });
  }
});

describe('explicitLogin', () => {
  const login = { username: 'u', password: 'p' };
  const references = ['ghcr.io/a/b:1', 'ghcr.io/c/d:1'].map(parseReference);

  it('is for the registry that is named, or the only one that there is', () => {
    assert.deepEqual(explicitLogin({ login, registry: 'quay.io/own' }, references), [
      { registry: 'quay.io', ...login },
    ]);
    assert.deepEqual(explicitLogin({ login }, references), [{ registry: 'ghcr.io', ...login }]);
    assert.deepEqual(explicitLogin({}, references), []);
  });

  it('asks which one is meant', () => {
    const two = [...references, parseReference('quay.io/a/b:1')];
    assert.throws(
      () => explicitLogin({ login }, two),
      (error) =>
        error instanceof BimaError &&
        error.code === 'INPUT_INVALID' &&
        /ghcr.io and quay.io/.test(error.message),
    );
  });
});

describe("the job's token", () => {
  const servers: [server: string | undefined, isShown: boolean][] = [
    ['https://github.com', true],
    [undefined, true],
    ['https://octo.ghe.com', false],
    ['https://github.example.com', false],
  ];
  for (const [server, isShown] of servers) {
    it(`is ${isShown ? '' : 'not '}for ghcr.io when it is one of ${server ?? 'no server that is named'}`, () => {
      const environment = server === undefined ? {} : { GITHUB_SERVER_URL: server };
      const found = tokenForPackages({ environment, token: 'secret' });
      assert.deepEqual(found, isShown ? { githubToken: 'secret' } : {});
      assert.deepEqual(tokenForPackages({ environment, token: undefined }), {});
    });
  }
});

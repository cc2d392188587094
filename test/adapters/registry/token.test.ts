import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BimaError } from '../../../src/core/errors.ts';
import type { Credential } from '../../../src/adapters/registry/credentials.ts';
import { endpointOf } from '../../../src/adapters/http/endpoints.ts';
import { createHttp } from '../../../src/adapters/http/http.ts';
import { pullScope, pushScope } from '../../../src/adapters/registry/scope.ts';
import { createSecrets } from '../../../src/adapters/http/secrets.ts';
import { requestToken } from '../../../src/adapters/registry/token.ts';
import type { Token } from '../../../src/adapters/registry/token.ts';
import { defaultTimeouts } from '../../../src/adapters/http/watch.ts';
import { createFastClock } from '../../support/fast-clock.ts';
import { service, startTokenServer } from '../../support/token-server.ts';
import type { TokenServer, TokenServerOptions } from '../../support/token-server.ts';

const user = { name: 'robot', password: 'hunter2 & co' };
const password: Credential = { kind: 'password', username: user.name, password: user.password };
const identity: Credential = { kind: 'identity', username: user.name, token: user.password };

async function run(
  options: TokenServerOptions,
  credential?: Exclude<Credential, { kind: 'bearer' }>,
): Promise<{ token?: Token; error?: unknown; server: TokenServer; masked: readonly string[] }> {
  await using server = await startTokenServer(options);
  const masked: string[] = [];
  const http = createHttp({ timeouts: defaultTimeouts, userAgent: 'test' });
  const { origin, pathname, search } = new URL(server.realm);
  try {
    const token = await requestToken(
      {
        realm: endpointOf(origin, pathname + search),
        service,
        scopes: [pushScope('team/app'), pullScope('base')],
        credential,
        registry: 'reg.test',
        repository: 'team/app',
      },
      { http, secrets: createSecrets((secret) => masked.push(secret)), clock: createFastClock() },
    );
    return { token, server, masked };
  } catch (error) {
    return { error, server, masked };
  } finally {
    await http.close();
  }
}

describe('requestToken', () => {
  it('asks with a name and a password, for all scopes, ours first', async () => {
    const { token, server, masked } = await run({ user }, password);
    assert.deepEqual([token?.value], server.tokens);
    assert.equal(token?.lifetime, 300_000);
    assert.deepEqual(server.violations, []);
    assert.deepEqual(server.requests[0]?.scopes, ['repository:team/app:pull,push', 'repository:base:pull']);
    for (const secret of [...server.tokens, user.password]) assert.ok(masked.includes(secret));
  });

  it('asks as nobody without credentials', async () => {
    const { token, server } = await run({});
    assert.notEqual(token, undefined);
    assert.equal(server.requests[0]?.authorization, undefined);
  });

  it('exchanges an identity token by POST', async () => {
    const { token, server, masked } = await run({ user }, identity);
    assert.notEqual(token, undefined);
    assert.deepEqual(server.violations, []);
    assert.deepEqual(
      server.requests.map(({ method }) => method),
      ['POST'],
    );
    assert.ok(masked.includes(user.password));
  });

  for (const postStatus of [400, 401, 404, 405]) {
    it(`asks by GET when POST is answered ${postStatus}`, async () => {
      const { token, server } = await run({ user, postStatus }, identity);
      assert.notEqual(token, undefined);
      assert.deepEqual(
        server.requests.map(({ method }) => method),
        ['POST', 'GET'],
      );
    });
  }

  it('does not ask by GET when POST fails in another way', async () => {
    const { error, server } = await run({ user, postStatus: 500 }, identity);
    assert.ok(error instanceof BimaError && error.code === 'REGISTRY_UNAVAILABLE');
    assert.equal(server.requests.length, 1);
  });

  it('tells that the service refused', async () => {
    const { error } = await run({ user }, { ...password, password: 'wrong' });
    assert.ok(error instanceof BimaError && error.code === 'REGISTRY_UNAUTHORIZED');
    assert.doesNotMatch(error.message, /wrong|scope=/);
  });

  const lifetimes: readonly (readonly [string, unknown, number])[] = [
    ['none', undefined, 60_000],
    ['zero', 0, 60_000],
    ['negative', -5, 60_000],
    ['a word', 'soon', 60_000],
    ['as text', '120', 120_000],
    ['short', 5, 5000],
  ];
  for (const [name, expiresIn, expected] of lifetimes) {
    it(`takes a lifetime: ${name}`, async () => {
      const { token } = await run({ reply: (document) => ({ ...document, expires_in: expiresIn }) });
      assert.equal(token?.lifetime, expected);
    });
  }

  it('takes access_token alone', async () => {
    const { token, server } = await run({ reply: ({ access_token }) => ({ access_token }) });
    assert.deepEqual([token?.value], server.tokens);
  });

  const useless: readonly (readonly [string, string | Buffer])[] = [
    ['a page', '<html>'],
    ['no object', '[]'],
    ['no token', '{"expires_in":300}'],
    ['an empty token', '{"token":""}'],
    ['50 MB', Buffer.alloc(50_000_000, ' ')],
  ];
  for (const [name, body] of useless) {
    it(`refuses ${name}`, async () => {
      const { error } = await run({ intercept: () => ({ status: 200, body }) });
      assert.ok(error instanceof BimaError, String(error));
      assert.equal(error.code, 'REGISTRY_PROTOCOL');
    });
  }
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BimaError } from '../../../src/core/errors.ts';
import { Authorizer } from '../../../src/adapters/registry/authorizer.ts';
import type { ChallengeHeader } from '../../../src/adapters/registry/authorizer.ts';
import type { Credential } from '../../../src/adapters/registry/credentials.ts';
import { createSecrets } from '../../../src/adapters/http/secrets.ts';
import type { Secrets } from '../../../src/adapters/http/secrets.ts';
import type { TokenRequest } from '../../../src/adapters/registry/token.ts';
import { createFastClock } from '../../support/fast-clock.ts';

const bearer =
  'Bearer realm="https://auth.reg.test/token",service="reg.test",scope="repository:team/app:pull"';
const basic = 'Basic realm="registry"';
const password: Credential = { kind: 'password', username: 'robot', password: 'hunter2' };
const basicValue = `Basic ${Buffer.from('robot:hunter2').toString('base64')}`;
const scopes = ['repository:team/app:pull,push'];

function setUp(
  options: { credential?: Credential; ping?: ChallengeHeader; lifetime?: number; secrets?: Secrets } = {},
) {
  const clock = createFastClock();
  const requests: TokenRequest[] = [];
  let lookups = 0;
  let pings = 0;
  const authorizer = new Authorizer({
    registry: 'reg.test',
    repository: 'team/app',
    origin: () => 'https://reg.test',
    credentials: {
      find: () => {
        lookups += 1;
        return Promise.resolve(options.credential);
      },
    },
    secrets: options.secrets ?? createSecrets(),
    clock,
    trustedRealms: [],
    fetchToken: (request) => {
      requests.push(request);
      const value = `token-${requests.length}`;
      return Promise.resolve({ value, issued: clock.now(), lifetime: options.lifetime ?? 300_000 });
    },
    ping: () => {
      pings += 1;
      return Promise.resolve(options.ping);
    },
  });
  return { authorizer, clock, requests, lookups: () => lookups, pings: () => pings };
}

const rejectsAs = (code: string) => (error: unknown) => error instanceof BimaError && error.code === code;

describe('Authorizer', () => {
  it('sends nothing, and looks nothing up, before it is asked', async () => {
    const { authorizer, lookups } = setUp({ credential: password });
    assert.equal(await authorizer.header(scopes), undefined);
    assert.equal(lookups(), 0);
  });

  it('shows no secret that comes back as the name of a scheme, whatever its case', async () => {
    const secrets = createSecrets();
    secrets.add('HunterTwo', 'user');
    const { authorizer } = setUp({ secrets });
    await assert.rejects(authorizer.renew(scopes, undefined, 'HunterTwo realm="x"'), (error) => {
      assert.ok(error instanceof BimaError);
      assert.doesNotMatch(error.message, /hunter/i);
      return true;
    });
  });

  it('shares one token among all that ask at once', async () => {
    const { authorizer, requests } = setUp({ credential: password });
    const renewed = await Promise.all(
      Array.from({ length: 5 }, () => authorizer.renew(scopes, undefined, bearer)),
    );
    assert.deepEqual(new Set(renewed), new Set([true]));
    const headers = await Promise.all(Array.from({ length: 5 }, () => authorizer.header(scopes)));
    assert.deepEqual(new Set(headers), new Set(['Bearer token-1']));
    assert.deepEqual(
      requests.map(({ scopes: asked }) => asked),
      [scopes],
    );
    assert.equal(requests[0]?.service, 'reg.test');
    assert.equal(requests[0].realm.origin, 'https://auth.reg.test');
  });

  it('has a token of its own for other scopes', async () => {
    const { authorizer, requests } = setUp();
    await authorizer.renew(scopes, undefined, bearer);
    await authorizer.header(scopes);
    assert.equal(await authorizer.header([...scopes, 'repository:base:pull']), 'Bearer token-2');
    assert.equal(await authorizer.header(scopes), 'Bearer token-1');
    assert.equal(requests.length, 2);
  });

  it('renews a token that was refused, once for all that were refused with it', async () => {
    const { authorizer, requests } = setUp();
    await authorizer.renew(scopes, undefined, bearer);
    const old = await authorizer.header(scopes);
    assert.equal(await authorizer.renew(scopes, old, bearer), true);
    const renewed = await authorizer.header(scopes);
    assert.equal(renewed, 'Bearer token-2');
    assert.equal(await authorizer.renew(scopes, old, bearer), true);
    assert.equal(await authorizer.header(scopes), renewed);
    assert.equal(requests.length, 2);
  });

  const lives: readonly (readonly [string, number, number, boolean, string])[] = [
    ['an old token will do for a short request', 300_000, 250_000, false, 'Bearer token-1'],
    ['but not when it is about to end', 300_000, 280_000, false, 'Bearer token-2'],
    ['a long body needs two minutes', 300_000, 190_000, true, 'Bearer token-2'],
    ['which a fresher one has', 300_000, 100_000, true, 'Bearer token-1'],
    ['or half a short life', 60_000, 20_000, true, 'Bearer token-1'],
    ['and no more', 60_000, 40_000, true, 'Bearer token-2'],
  ];
  for (const [name, lifetime, age, long, expected] of lives) {
    it(name, async () => {
      const { authorizer, clock } = setUp({ lifetime });
      await authorizer.renew(scopes, undefined, bearer);
      await authorizer.header(scopes);
      clock.advance(age);
      assert.equal(await authorizer.header(scopes, long), expected);
    });
  }

  for (const [name, header] of [
    ['in two headers', [basic, bearer]],
    ['in one, Bearer first', `${bearer}, ${basic}`],
    ['in one, Basic first', `${basic}, ${bearer}`],
  ] as const) {
    it(`prefers Bearer to Basic, ${name}`, async () => {
      const { authorizer } = setUp({ credential: password });
      await authorizer.renew(scopes, undefined, header);
      assert.equal(await authorizer.header(scopes), 'Bearer token-1');
    });
  }

  it('answers Basic, and has no second answer', async () => {
    const { authorizer, requests } = setUp({ credential: password });
    assert.equal(await authorizer.renew(scopes, undefined, basic), true);
    assert.equal(await authorizer.header(scopes), basicValue);
    assert.equal(await authorizer.renew(scopes, basicValue, basic), false);
    assert.deepEqual(requests, []);
  });

  it('sends a registry token as it is', async () => {
    const { authorizer, requests } = setUp({ credential: { kind: 'bearer', token: 'given' } });
    await authorizer.renew(scopes, undefined, bearer);
    assert.equal(await authorizer.header(scopes), 'Bearer given');
    assert.equal(await authorizer.renew(scopes, 'Bearer given', bearer), false);
    assert.deepEqual(requests, []);
  });

  it('asks the root of the API when a 401 says nothing', async () => {
    const { authorizer, pings } = setUp({ ping: bearer });
    assert.equal(await authorizer.renew(scopes, undefined, undefined), true);
    assert.equal(await authorizer.header(scopes), 'Bearer token-1');
    assert.equal(await authorizer.renew(scopes, 'Bearer token-1', undefined), true);
    assert.equal(pings(), 1);
  });

  it('asks for what a challenge wants besides', async () => {
    const { authorizer, requests } = setUp();
    await authorizer.renew(scopes, undefined, 'Bearer realm="https://reg.test/t",scope="aws"');
    await authorizer.header(scopes);
    assert.deepEqual(requests[0]?.scopes, [...scopes, 'aws']);
  });

  const failures: readonly (readonly [string, Parameters<typeof setUp>[0], ChallengeHeader, string])[] = [
    ['Basic without credentials', {}, basic, 'REGISTRY_UNAUTHORIZED'],
    ['no challenge at all', {}, undefined, 'REGISTRY_PROTOCOL'],
    ['an unknown scheme', {}, 'Digest realm="x"', 'REGISTRY_PROTOCOL'],
    ['Bearer without a realm', {}, 'Bearer service="x"', 'REGISTRY_PROTOCOL'],
    [
      'a realm elsewhere',
      { credential: password },
      'Bearer realm="https://evil.test/t"',
      'REGISTRY_PROTOCOL',
    ],
  ];
  for (const [name, options, header, code] of failures) {
    it(`fails for ${name}`, async () => {
      const { authorizer, requests } = setUp(options);
      await assert.rejects(authorizer.renew(scopes, undefined, header), rejectsAs(code));
      assert.deepEqual(requests, []);
    });
  }

  it('gets the token that was asked for while another answer turns to Basic', async () => {
    const { authorizer, clock } = setUp({ credential: password });
    await authorizer.renew(scopes, undefined, bearer);
    await authorizer.header(scopes);
    clock.advance(300_000);
    const renewed = authorizer.renew(scopes, 'Bearer token-1', basic);
    assert.equal(await authorizer.header(scopes), 'Bearer token-2');
    assert.equal(await renewed, true);
    assert.equal(await authorizer.header(scopes), basicValue);
  });

  it('asks again after a token could not be had', async () => {
    const clock = createFastClock();
    let calls = 0;
    const authorizer = new Authorizer({
      registry: 'reg.test',
      repository: 'team/app',
      origin: () => 'https://reg.test',
      credentials: { find: () => Promise.resolve(undefined) },
      secrets: createSecrets(),
      clock,
      trustedRealms: [],
      fetchToken: () => {
        calls += 1;
        return calls === 1
          ? Promise.reject(new Error('down'))
          : Promise.resolve({ value: 'late', issued: clock.now(), lifetime: 60_000 });
      },
      ping: () => Promise.resolve(undefined),
    });
    await authorizer.renew(scopes, undefined, bearer);
    await assert.rejects(authorizer.header(scopes), /down/);
    assert.equal(await authorizer.header(scopes), 'Bearer late');
  });
});

// Rows 1 to 16: challenges, tokens and refusals.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FastClock } from '../../../support/fast-clock.ts';
import { startFaultProxy } from '../../../support/fault-proxy.ts';
import type { Fault } from '../../../support/fault-proxy.ts';
import { repository, runPush, user } from '../../../support/fault-run.ts';
import type { PushRun, Setup } from '../../../support/fault-run.ts';
import { on, replyEarly, reply, rewriteReply } from '../../../support/faults.ts';
import { problem } from '../../../support/registry.ts';
import { sampleImage } from '../../../support/sample-image.ts';
import { basicOf, service } from '../../../support/token-server.ts';

const scope = `repository:${repository}:pull,push`;
const many = sampleImage({ layers: [900, 800, 700, 600, 500, 400] });

function slowStart(clock: FastClock, milliseconds: number): Fault {
  return {
    when: on('POST', 'uploads'),
    act: rewriteReply(() => {
      clock.advance(milliseconds);
      return {};
    }),
  };
}

function refusedUploads(run: PushRun): unknown[] {
  return run.registry.requests.filter(({ method, status }) => method === 'PUT' && status === 401);
}

function sentWith(run: PushRun, scheme: string): number {
  return run.registry.requests.filter(({ headers }) => headers.authorization?.startsWith(scheme)).length;
}

describe('a challenge', () => {
  it('Bearer: one token for all, for pull and push', async () => {
    await using run = await runPush({ tokens: { user }, image: many });
    run.assertPushed();
    assert.deepEqual(
      run.tokens?.requests.map(({ scopes, authorization }) => ({ scopes, authorization })),
      [{ scopes: [scope], authorization: basicOf(user.name, user.password) }],
    );
  });

  it('Bearer: an anonymous token without credentials', async () => {
    await using run = await runPush({ tokens: {}, credential: 'none' });
    run.assertPushed();
    assert.equal(run.tokens?.requests[0]?.authorization, undefined);
  });

  it('Basic: Basic alone', async () => {
    await using run = await runPush({ basic: true, image: many });
    run.assertPushed();
    assert.equal(
      sentWith(run, 'Basic '),
      run.registry.requests.length - run.registry.requests.filter(({ status }) => status === 401).length,
    );
    assert.ok(run.masked.has(basicOf(user.name, user.password).slice('Basic '.length)));
  });
});

describe('several challenges', () => {
  const bearer = (realm: string) => `Bearer realm="${realm}",service="${service}",scope="${scope}"`;
  const table: readonly (readonly [string, (realm: string) => readonly string[]])[] = [
    ['two headers, Bearer first', (realm) => [bearer(realm), 'Basic realm="a, b"']],
    ['two headers, Basic first', (realm) => ['Basic realm="a, b"', bearer(realm)]],
    ['one header, Bearer first', (realm) => [`${bearer(realm)}, Basic realm="a, b"`]],
    ['one header, Basic first', (realm) => [`Basic realm="a, Bearer b", ${bearer(realm)}`]],
    ['in other case and spacing', (realm) => [`bearer  Realm="${realm}" , SERVICE=${service}`]],
    ['an unknown scheme first', (realm) => ['Negotiate', bearer(realm)]],
  ];
  for (const [name, challenge] of table) {
    it(`several challenges: ${name}: Bearer is used`, async () => {
      await using run = await runPush({ tokens: { user }, challenge });
      run.assertPushed();
      assert.equal(run.tokens?.requests.length, 1);
      assert.equal(sentWith(run, 'Basic '), 0);
    });
  }
  it('several challenges: Basic when there is no Bearer', async () => {
    const challenge = () => ['Digest realm="x", nonce="y"', 'Basic realm="x"'];
    await using run = await runPush({ basic: true, challenge });
    run.assertPushed();
  });
});

describe('challenges that are wrong', () => {
  it('missing challenge: a 401 without a challenge: the earlier one is used', async () => {
    const bare: Fault = { when: on('POST', 'uploads'), act: reply({ status: 401 }) };
    await using run = await runPush({ tokens: { user }, faults: [bare] });
    run.assertPushed();
    assert.ok((run.tokens?.requests.length ?? 0) <= 2);
  });

  it('missing challenge: no challenge at all', async () => {
    await using run = await runPush({ tokens: { user }, challenge: () => [] });
    const error = run.assertFailed('REGISTRY_PROTOCOL');
    assert.match(error.message, /challenge/);
    assert.ok(run.registry.requests.length <= 4);
  });

  it('malformed realm: a relative realm is the registry itself', async () => {
    const asked: string[] = [];
    const local: Fault = {
      when: ({ path }) => path === '/service/token',
      act: async (exchange) => {
        asked.push(exchange.request.query);
        const { authorization } = exchange.request.headers;
        const answer = await fetch(`${realmOf}?${exchange.request.query}`, {
          headers: authorization === undefined ? {} : { authorization },
        });
        await exchange.reply({ status: answer.status, body: await answer.text() });
      },
    };
    let realmOf = '';
    await using run = await runPush({
      tokens: { user },
      faults: [local],
      challenge: (realm) => {
        realmOf = realm;
        return [`Bearer realm="/service/token",service="${service}"`];
      },
    });
    run.assertPushed();
    assert.equal(asked.length, 1);
  });

  for (const realm of [
    'null://null',
    '',
    'ftp://127.0.0.1/token',
    'http://[',
    'http://user:word@127.0.0.1/token',
  ]) {
    it(`malformed realm: the realm "${realm}" fails and is quoted`, async () => {
      await using run = await runPush({
        tokens: { user },
        challenge: () => [`Bearer realm="${realm}",service="${service}"`],
      });
      const error = run.assertFailed('REGISTRY_PROTOCOL');
      assert.match(error.message, /token service/);
      assert.doesNotMatch(error.message, /user:word/);
      assert.ok(error.message.includes(`"${realm.replace('user:word@', '')}"`), error.message);
      assert.equal(run.tokens?.requests.length, 0);
    });
  }

  for (const realm of [
    'http://169.254.169.254/latest/meta-data',
    'https://169.254.169.254/latest/meta-data',
    'http://token.invalid/token',
  ]) {
    it(`realm that is not safe: the realm ${realm} is refused before any request`, async () => {
      await using run = await runPush({
        tokens: { user },
        challenge: () => [`Bearer realm="${realm}",service="${service}"`],
      });
      run.assertFailed('REGISTRY_PROTOCOL');
      assert.equal(run.clock.sleeps.length, 0);
    });
  }
});

describe('the token server', () => {
  const token = 'an identity token, refreshing';
  for (const postStatus of [404, 405, 400, 401]) {
    it(`identity token: POST answers ${postStatus}: GET is used`, async () => {
      await using run = await runPush({
        tokens: { user: { name: user.name, password: token }, postStatus },
        credential: { kind: 'identity', username: user.name, token },
        secrets: [token],
      });
      run.assertPushed();
      assert.deepEqual(
        run.tokens?.requests.map(({ method }) => method),
        ['POST', 'GET'],
      );
    });
  }

  it('identity token: an identity token is used with POST', async () => {
    await using run = await runPush({
      tokens: { user: { name: user.name, password: token } },
      credential: { kind: 'identity', username: user.name, token },
      secrets: [token],
    });
    run.assertPushed();
    const [request] = run.tokens?.requests ?? [];
    assert.equal(request?.method, 'POST');
    assert.deepEqual(request.scopes, [scope]);
    assert.equal(request.authorization, undefined);
  });

  it('token service at its limit: 429 with Retry-After', async () => {
    let asked = 0;
    await using run = await runPush({
      tokens: {
        user,
        intercept: () =>
          asked++ === 0 ? { status: 429, headers: { 'retry-after': '2', 'content-length': 0 } } : undefined,
      },
    });
    run.assertPushed();
    assert.ok(
      run.clock.sleeps.some((slept) => slept >= 2000),
      String(run.clock.sleeps),
    );
  });

  it('token service in trouble: 500 twice', async () => {
    let asked = 0;
    await using run = await runPush({
      tokens: { user, intercept: () => (asked++ < 2 ? { status: 500, body: 'oops' } : undefined) },
    });
    run.assertPushed();
    assert.equal(run.clock.sleeps.length, 2);
  });

  it('token service in trouble: 500 forever', async () => {
    await using run = await runPush({
      tokens: { user, intercept: () => ({ status: 500, body: 'oops' }) },
      image: many,
    });
    const error = run.assertFailed('REGISTRY_UNAVAILABLE');
    const requests = run.tokens?.requests.length ?? 0;
    assert.ok(requests > 1 && requests <= 10, `${requests} requests`);
    assert.ok(error.message.includes(new URL(run.tokens?.realm ?? '').host), error.message);
    assert.match(error.message, /500/);
  });

  const broken: readonly (readonly [string, string])[] = [
    ['HTML', '<html><title>Sign in</title></html>'],
    ['nothing', ''],
    ['no token', '{"expires_in":300}'],
    ['a token that is no string', '{"token":{"a":1}}'],
    ['a token with a line end', JSON.stringify({ token: 'a\r\nX-Evil: 1' })],
    ['50 MB', `{"token":"${'x'.repeat(50_000_000)}"}`],
  ];
  for (const [name, body] of broken) {
    it(`odd token answer: the answer is ${name}`, async () => {
      await using run = await runPush({ tokens: { user, intercept: () => ({ status: 200, body }) } });
      const error = run.assertFailed('REGISTRY_PROTOCOL');
      assert.match(error.message, /token/);
      assert.ok(error.message.length < 2000);
    });
  }

  for (const life of [0, -5, undefined, '300', 'soon', null, 1e300]) {
    it(`odd token answer: expires_in is ${life === undefined ? 'missing' : JSON.stringify(life)}`, async () => {
      const reply = ({ token: own }: Readonly<Record<string, unknown>>) => ({ token: own, expires_in: life });
      await using run = await runPush({ tokens: { user, reply }, image: many });
      run.assertPushed();
      assert.equal(run.tokens?.requests.length, 1, 'a minute is long enough for this push');
    });
  }

  it('odd token answer: a missing expires_in means a minute', async () => {
    const reply = ({ token: own }: Readonly<Record<string, unknown>>) => ({ token: own });
    await using run = await runPush({
      tokens: { user, reply },
      faults: ({ clock }) => [slowStart(clock, 61_000)],
    });
    run.assertPushed();
    assert.ok((run.tokens?.requests.length ?? 0) >= 2);
    assert.deepEqual(refusedUploads(run), []);
  });

  it('token that runs out: a token that runs out between POST and PUT is refreshed before', async () => {
    await using run = await runPush({
      tokens: { user, lifetime: 60 },
      faults: ({ clock }) => [slowStart(clock, 58_000)],
    });
    run.assertPushed();
    assert.deepEqual(refusedUploads(run), []);
    assert.ok((run.tokens?.requests.length ?? 0) >= 2);
  });
});

describe('401 with a token', () => {
  const challenge = (realm = '') => `Bearer realm="${realm}",service="${service}",scope="${scope}"`;

  for (const fraction of [0, 0.5, 1]) {
    it(`401 within a body: at PUT after ${fraction * 100} % of the body`, async () => {
      const image = sampleImage({ layers: [400_000] });
      const [layer] = image.layers;
      let opened = 0;
      await using run = await runPush({
        tokens: { user },
        image,
        faults: ({ tokens }) => [
          {
            when: (request) => on('PUT', 'upload')(request) && request.length > 100_000,
            act: replyEarly(fraction, {
              ...problem(401, 'UNAUTHORIZED'),
              headers: { 'www-authenticate': challenge(tokens?.realm) },
            }),
          },
        ],
        source: {
          name: 'sample',
          open(descriptor) {
            const blob = image.source.open(descriptor);
            return {
              descriptor,
              open: () => {
                if (descriptor.digest === layer?.digest) opened++;
                return blob.open();
              },
            };
          },
        },
      });
      run.assertPushed();
      assert.equal(run.tokens?.requests.length, 2, 'one more token');
      assert.equal(opened, 2, 'the blob was opened again');
      assert.equal(run.proxy.count('POST', 'uploads'), 3, 'the layer got a new session');
    });
  }

  it('401 within a body: a token that is revoked during the push', async () => {
    await using run = await runPush({
      tokens: { user },
      image: many,
      faults: ({ tokens }) => [
        {
          when: on('PUT', 'upload'),
          act: async (exchange) => {
            tokens?.revoke();
            await exchange.reply(await exchange.forward());
          },
        },
      ],
    });
    run.assertPushed();
    assert.equal(run.tokens?.requests.length, 2);
  });

  it('401 forever: 401 forever', async () => {
    await using run = await runPush({
      tokens: { user },
      image: many,
      faults: ({ tokens }) => [
        {
          when: ({ headers }) => headers.authorization !== undefined,
          times: Infinity,
          act: reply({
            ...problem(401, 'UNAUTHORIZED'),
            headers: { 'www-authenticate': challenge(tokens?.realm) },
          }),
        },
      ],
    });
    const error = run.assertFailed('REGISTRY_UNAUTHORIZED');
    assert.ok((run.tokens?.requests.length ?? 0) <= 2);
    assert.ok(error.hint !== undefined);
    // Once, in case the new token isn't valid yet.
    assert.deepEqual(run.clock.sleeps, [2000]);
  });

  it('a token that is valid only a second after it was given', async () => {
    await using run = await runPush({ tokens: { user, validAfter: 1 }, image: many });
    run.assertPushed();
    assert.deepEqual(run.clock.sleeps, [2000]);
    assert.equal(run.tokens?.requests.length, 2);
  });

  it('tokens that are never valid', async () => {
    await using run = await runPush({ tokens: { user, validAfter: 3600 } });
    run.assertFailed('REGISTRY_UNAUTHORIZED');
    assert.deepEqual(run.clock.sleeps, [2000]);
  });

  for (const times of [1, 2]) {
    it(`a replica that does not know a token yet, and says so ${times === 1 ? 'once' : 'twice'}`, async () => {
      const lag = ({ tokens }: Setup): readonly Fault[] => [
        {
          when: ({ headers }) => headers.authorization !== undefined,
          times,
          act: reply({
            ...problem(401, 'UNAUTHORIZED'),
            headers: { 'www-authenticate': challenge(tokens?.realm) },
          }),
        },
      ];
      await using run = await runPush({ tokens: { user }, faults: lag });
      run.assertPushed();
    });
  }

  it('a replica that does not know a token yet, while bodies are sent', async () => {
    const lag = ({ tokens }: Setup): readonly Fault[] => [
      {
        when: on('PUT', 'upload'),
        times: 2,
        act: reply({
          ...problem(401, 'UNAUTHORIZED'),
          headers: { 'www-authenticate': challenge(tokens?.realm) },
        }),
      },
    ];
    await using run = await runPush({
      tokens: { user },
      faults: lag,
      image: sampleImage({ layers: [1000] }),
    });
    run.assertPushed();
  });
});

describe('not allowed', () => {
  it('403: 403 DENIED on POST', async () => {
    const denied: Fault = {
      when: on('POST', 'uploads'),
      times: Infinity,
      act: reply(problem(403, 'DENIED', 'requested access to the resource is denied')),
    };
    await using run = await runPush({ tokens: { user }, faults: [denied] });
    const error = run.assertFailed('REGISTRY_DENIED');
    assert.equal(run.clock.sleeps.length, 0);
    assert.ok(run.proxy.count('POST', 'uploads') <= 4);
    assert.ok(error.message.includes(repository));
    assert.match(error.message, /DENIED|denied/);
    assert.match(error.hint ?? '', /push/);
  });

  it('token for pull only: a token for pull only', async () => {
    const grant = () => [{ repository, actions: ['pull'] }];
    await using run = await runPush({ tokens: { user, grant } });
    assert.ok(run.error instanceof Error);
    const error = run.assertFailed(
      'code' in run.error && run.error.code === 'REGISTRY_DENIED'
        ? 'REGISTRY_DENIED'
        : 'REGISTRY_UNAUTHORIZED',
    );
    assert.match(`${error.message} ${error.hint ?? ''}`, /push/);
    assert.equal(run.clock.sleeps.length, 0);
    assert.ok((run.tokens?.requests.length ?? 0) <= 3);
  });

  it('token for pull only: the token is refused altogether', async () => {
    await using run = await runPush({ tokens: { user, grant: () => 'refused' } });
    const error = run.assertFailed('REGISTRY_DENIED');
    assert.ok(error.hint !== undefined);
    assert.equal(run.clock.sleeps.length, 0);
  });

  it('a wrong password', async () => {
    await using run = await runPush({
      tokens: { user },
      credential: { kind: 'password', username: user.name, password: 'wrong horse' },
      secrets: ['wrong horse'],
    });
    run.assertFailed('REGISTRY_UNAUTHORIZED');
    assert.equal(run.clock.sleeps.length, 0);
  });
});

// The proxy's own conduct, on which every row relies.
describe('the fault proxy', () => {
  it('tells when a fault was never applied', async () => {
    await using proxy = await startFaultProxy({
      upstream: 'http://127.0.0.1:1',
      faults: [{ when: () => false, act: () => undefined }],
    });
    assert.throws(() => {
      proxy.assertHit();
    });
  });
});

// Requests to one repository: logins, redirects, warnings, and whether TLS is spoken.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AuthorizerOptions } from '../../../src/adapters/registry/authorizer.ts';
import { Host } from '../../../src/adapters/registry/host.ts';
import { RegistryError } from '../../../src/adapters/registry/registry-error.ts';
import type { Session, SessionRequest } from '../../../src/adapters/registry/session.ts';
import { endpointOf } from '../../../src/adapters/http/endpoints.ts';
import type { NetworkFailure } from '../../../src/adapters/http/http-error.ts';
import { createSecrets } from '../../../src/adapters/http/secrets.ts';
import { createFastClock } from '../../support/fast-clock.ts';
import { scriptSession } from '../../support/scripted-session.ts';

const scopes = ['repository:team/app:pull,push'];
const get: SessionRequest = { method: 'GET', to: '/v2/a', scopes, expected: [200] };
const put: SessionRequest = { ...get, method: 'PUT', body: Buffer.from('x') };
const stream: SessionRequest = {
  ...get,
  method: 'PUT',
  body: {
    size: 1,
    open: async function* () {
      yield await Promise.resolve(Buffer.from('x'));
    },
  },
};
const bearer = { 'www-authenticate': 'Bearer realm="https://auth.reg.test/t"' };
const stale = { 'www-authenticate': 'Bearer realm="https://auth.reg.test/t",error="insufficient_scope"' };
const refused = { status: 401, headers: bearer };
const ok = { status: 200 };

/** Tokens that are numbered. */
function numbered(): Partial<AuthorizerOptions> {
  let tokens = 0;
  const fetchToken = () => {
    tokens += 1;
    return Promise.resolve({ value: `t${tokens}`, issued: 0, lifetime: 1e15 });
  };
  return { fetchToken };
}

function failed(kind: NetworkFailure['kind']): RegistryError {
  const failure = { kind, retry: 'no', reused: false } as const;
  return new RegistryError('REGISTRY_UNREACHABLE', `failed: ${kind}`, { method: 'GET', url: '…', failure });
}

describe('a request', () => {
  it('is sent as it is, and says what came', async () => {
    const { session, requests, said } = scriptSession([ok]);
    const signal = new AbortController().signal;
    const headers = { accept: 'x/y' };
    const answer = await session.send({ ...put, headers, patience: 7, signal });
    assert.deepEqual(requests, [
      {
        method: 'PUT',
        endpoint: endpointOf('https://reg.test', '/v2/a'),
        headers,
        body: put.body,
        patience: 7,
        signal,
        sent: 'x',
      },
    ]);
    assert.deepEqual(answer.endpoint, endpointOf('https://reg.test', '/v2/a'));
    assert.match(said[0] ?? '', /^debug: PUT https:\/\/reg\.test\/v2\/a: 200 after \d+ ms$/);
    assert.equal(said.length, 1);
    assert.equal(session.host.isSettled, true);
  });

  it('has nothing that it was not given', async () => {
    const { session, requests } = scriptSession([ok]);
    await session.send(get);
    assert.deepEqual(requests, [
      { method: 'GET', endpoint: endpointOf('https://reg.test', '/v2/a'), headers: {}, sent: undefined },
    ]);
  });

  it('ends with the client, where it has no signal of its own', async () => {
    const { signal } = new AbortController();
    const { session, requests } = scriptSession([ok], { signal });
    await session.send(get);
    assert.equal(requests[0]?.signal, signal);
  });

  it('gives the run more time for each answer', async () => {
    const { session } = scriptSession([ok]);
    assert.equal(session.budget.allows(600_500), false);
    await session.send(get);
    assert.equal(session.budget.allows(600_500), true);
  });

  it('reads what it needs: a push with its own token', () => {
    assert.deepEqual(scriptSession([]).session.readScopes, ['repository:team/app:pull,push']);
    const { session } = scriptSession([], { access: 'pull' });
    assert.deepEqual(session.readScopes, ['repository:team/app:pull']);
  });

  for (const [name, request, expected] of [
    ['a page', get, /expected an answer of a registry, got 200 and a page of HTML/],
    ['a page as content', { ...get, isContent: true }, undefined],
  ] as const) {
    it(`is answered by ${name}`, async () => {
      const { session } = scriptSession([
        { status: 200, headers: { 'content-type': 'text/html' }, body: 'Hi' },
      ]);
      if (expected === undefined) assert.equal((await session.send(request)).status, 200);
      else await assert.rejects(session.send(request), { code: 'REGISTRY_PROTOCOL', message: expected });
    });
  }

  for (const [scope, hint] of [
    ['repository:team/app:pull', 'pull from'],
    ['repository:team/app:pull,push', 'push to'],
    ['repository:team/app:pull,push,delete', 'push to'],
    ['repository:push/app:pull', 'pull from'],
  ] as const) {
    it(`says what is missing for ${scope}`, async () => {
      const { session } = scriptSession([{ status: 403 }]);
      const outcome = session.send({ ...get, scopes: [scope] });
      await assert.rejects(outcome, { hint: new RegExp(hint), status: 403, url: 'https://reg.test/v2/a' });
    });
  }
});

describe('a login', () => {
  it('is made once it is asked for, and kept', async () => {
    const { session, requests, clock } = scriptSession([refused, ok, ok], { authorization: numbered() });
    await session.send(get);
    await session.send(get);
    assert.deepEqual(
      requests.map(({ headers }) => headers?.authorization),
      [undefined, 'Bearer t1', 'Bearer t1'],
    );
    assert.deepEqual(clock.sleeps, []);
  });

  it('is renewed once, and waits before a third try with the same token', async () => {
    const script = [refused, refused, refused, ok];
    const { session, requests, clock } = scriptSession(script, { authorization: numbered() });
    await session.send(get);
    assert.deepEqual(
      requests.map(({ headers }) => headers?.authorization),
      [undefined, 'Bearer t1', 'Bearer t2', 'Bearer t2'],
    );
    assert.deepEqual(clock.sleeps, [2000]);
  });

  it('is given up after that', async () => {
    const script = () => refused;
    const { session, requests, clock } = scriptSession(script, { authorization: numbered() });
    await assert.rejects(session.send(get), { code: 'REGISTRY_UNAUTHORIZED', status: 401 });
    assert.equal(requests.length, 4);
    assert.deepEqual(clock.sleeps, [2000]);
  });

  for (const [name, request, headers] of [
    ['for a request that may fail', { ...get, isOptional: true }, bearer],
    ['for a token that grants too little', get, stale],
  ] as const) {
    it(`isn't waited for ${name}`, async () => {
      const script = () => ({ status: 401, headers });
      const { session, requests, clock } = scriptSession(script, { authorization: numbered() });
      await assert.rejects(session.send(request), { status: 401 });
      assert.equal(requests.length, 3);
      assert.deepEqual(clock.sleeps, []);
    });
  }

  it("isn't followed by the same body, when that was a stream", async () => {
    const { session, requests } = scriptSession([refused, ok], { authorization: numbered() });
    await assert.rejects(session.send(stream), { status: 401 });
    assert.equal(requests.length, 1);
    await session.send(stream);
    assert.equal(requests[1]?.headers?.authorization, 'Bearer t1');
  });

  it('is not made for a stream that was refused twice, nor waited for', async () => {
    const { session, clock, requests } = scriptSession(() => refused, { authorization: numbered() });
    for (let count = 1; count <= 3; count += 1) {
      await assert.rejects(session.send(stream), { status: 401 });
      assert.equal(requests.length, count);
    }
    assert.deepEqual(clock.sleeps, []);
  });

  it("of another host is nobody's business", async () => {
    const script = [{ status: 307, headers: { location: 'https://cdn.test/x' } }, refused];
    const { session, requests } = scriptSession(script, { authorization: numbered() });
    await assert.rejects(session.send(get), { status: 401, url: /^https:\/\/cdn\.test\// });
    assert.equal(requests.length, 2);
  });

  it('is sent to the registry itself alone', async () => {
    const script = [refused, { status: 307, headers: { location: 'https://cdn.test/x?sig=1' } }, ok];
    const { session, requests } = scriptSession(script, { authorization: numbered() });
    const answer = await session.send({ ...get, headers: { range: 'bytes=1-' } });
    assert.deepEqual(requests[2]?.headers, { range: 'bytes=1-' });
    assert.equal(requests[2].endpoint.path, '/x?sig=1');
    assert.equal(answer.endpoint.origin, 'https://cdn.test');
  });
});

describe('a redirect', () => {
  const to = (status: number) => ({ status, headers: { location: '/v2/b' } });
  for (const [method, followed] of [
    ['GET', [301, 302, 303, 307, 308]],
    ['HEAD', [301, 302, 303, 307, 308]],
    ['PUT', [307, 308]],
    ['DELETE', [307, 308]],
  ] as const) {
    for (const status of [300, 301, 302, 303, 304, 307, 308]) {
      const isFollowed = (followed as readonly number[]).includes(status);
      it(`of ${method} by ${status} is ${isFollowed ? 'followed' : 'an answer'}`, async () => {
        const { session, lines, discarded } = scriptSession([to(status), ok]);
        const sent = session.send({ ...get, method });
        if (isFollowed) {
          await sent;
          assert.deepEqual(lines(), [`${method} https://reg.test/v2/a`, `${method} https://reg.test/v2/b`]);
          assert.equal(discarded(), 1);
        } else await assert.rejects(sent, { status });
      });
    }
  }

  it('leads on five times, and not six', async () => {
    const script = [...Array.from({ length: 5 }, () => to(307)), ok];
    const { session, lines } = scriptSession(script);
    await session.send(get);
    assert.equal(lines().length, 6);
    const endless = scriptSession(() => to(307));
    await assert.rejects(endless.session.send(get), {
      code: 'REGISTRY_PROTOCOL',
      message: 'GET https://reg.test/…: more than 5 redirects',
      method: 'GET',
      url: 'https://reg.test/…',
    });
    assert.equal(endless.lines().length, 6);
    assert.equal(endless.discarded(), 6);
  });
});

describe('Location', () => {
  const from = endpointOf('https://reg.test', '/v2/a');
  const locate = (session: Session, header: string | readonly string[] | undefined) =>
    session.locate(header, from);

  it('is resolved, and its query is a secret', () => {
    for (const header of [
      '/v2/u/blobs/uploads/1?_state=abcdefgh&x=1',
      ['/v2/u/blobs/uploads/1?_state=abcdefgh&x=1'],
    ]) {
      const { session } = scriptSession([]);
      assert.deepEqual(locate(session, header), {
        origin: 'https://reg.test',
        path: '/v2/u/blobs/uploads/1?_state=abcdefgh&x=1',
        shown: 'https://reg.test/v2/u/blobs/uploads/…',
      });
      assert.equal(session.secrets.scrub('got abcdefgh'), 'got ***');
      assert.equal(session.secrets.scrub('got _state=abcdefgh&x=1'), 'got ***');
    }
  });

  it('has no secret without a query', () => {
    const { session } = scriptSession([]);
    locate(session, '/v2/b');
    assert.equal(session.secrets.scrub('/v2/b'), '/v2/b');
  });

  it('is shown without secrets, also where it is refused', () => {
    const secrets = createSecrets();
    secrets.add('hunter2', 'user');
    const { session } = scriptSession([], { secrets });
    assert.equal(locate(session, 'https://hunter2.test/x').shown, 'https://***.test/…');
    assert.throws(() => locate(session, 'http://hunter2.test/x'), {
      code: 'REGISTRY_PROTOCOL',
      message: 'https://reg.test/v2/a leads to http://***.test, which is not encrypted',
    });
    assert.throws(() => locate(session, undefined), /expected a Location header/);
  });
});

describe('what a server said', () => {
  it('is quoted on one line, without secrets, at most 200 characters', () => {
    const secrets = createSecrets();
    secrets.add('hunter2', 'user');
    const { session } = scriptSession([], { secrets });
    assert.equal(session.quote('a\nhunter2'), 'a ***');
    assert.equal(session.quote('x'.repeat(201)), `${'x'.repeat(200)}…`);
  });
});

describe('a warning', () => {
  const warned = (warning: string | string[]) => ({ status: 200, headers: { warning } });
  const rows: readonly (readonly [header: string | string[], said: readonly string[]])[] = [
    ['299 - "old"', ['old']],
    ['299 reg.test "a \\"b\\" c"', ['a "b" c']],
    [
      ['299 - "one"', '299 - "two"', '299 - "one"'],
      ['one', 'two'],
    ],
    ['199 - "old"', []],
    ['1299 - "old"', []],
    ['299 "old"', []],
    ['299 - old', []],
    ['299 - "told hunter2"', ['told ***']],
  ];
  for (const [header, expected] of rows) {
    it(JSON.stringify(header), async () => {
      const secrets = createSecrets();
      secrets.add('hunter2', 'user');
      const { session, said } = scriptSession([warned(header)], { secrets });
      await session.send(get);
      assert.deepEqual(
        said.filter((line) => !line.startsWith('debug')),
        expected.map((text) => `REGISTRY_WARNING: reg.test warns: ${text}`),
      );
    });
  }

  it('is shown once for a host', async () => {
    const warnings = new Set<string>();
    const { session, said } = scriptSession(() => warned('299 - "old"'), { warnings });
    await session.send(get);
    await session.send(get);
    assert.equal(said.filter((line) => line.startsWith('REGISTRY_WARNING')).length, 1);
    assert.deepEqual([...warnings], ['old']);
  });
});

describe('a registry without TLS', () => {
  const local = 'https://127.0.0.1:5000';
  for (const kind of ['not-tls', 'connect', 'reset', 'timeout', 'garbled'] as const) {
    it(`on this machine is spoken with in plain HTTP after ${kind}`, async () => {
      const { session, lines } = scriptSession([failed(kind), ok, ok], { origin: local });
      await session.send(get);
      assert.equal(session.host.origin, 'http://127.0.0.1:5000');
      assert.equal(session.host.isSettled, true);
      await session.send(get);
      const plain = 'GET http://127.0.0.1:5000/v2/a';
      assert.deepEqual(lines(), [`GET ${local}/v2/a`, plain, plain]);
    });
  }

  for (const kind of ['dns', 'tls', 'proxy', 'request'] as const) {
    it(`isn't assumed after ${kind}`, async () => {
      const { session, lines } = scriptSession([failed(kind), ok], { origin: local });
      await assert.rejects(session.send(get), { message: `failed: ${kind}` });
      assert.deepEqual(lines(), [`GET ${local}/v2/a`]);
      assert.equal(session.host.origin, local);
    });
  }

  it('is another error that says nothing of TLS', async () => {
    const { session, lines } = scriptSession([new Error('own'), ok], { origin: local });
    await assert.rejects(session.send(get), /^Error: own$/);
    assert.equal(lines().length, 1);
  });

  it('elsewhere is spoken with only where that is allowed', async () => {
    const strict = scriptSession([failed('not-tls'), ok]);
    await assert.rejects(strict.session.send(get), { message: 'failed: not-tls' });
    assert.equal(strict.lines().length, 1);
    const { session, lines } = scriptSession([failed('not-tls'), ok], { plainHttp: 'always' });
    await session.send(get);
    assert.deepEqual(lines(), ['GET https://reg.test/v2/a', 'GET http://reg.test/v2/a']);
  });

  it('is no longer possible once it has answered', async () => {
    const { session, lines } = scriptSession([ok, failed('reset'), ok], { origin: local });
    await session.send(get);
    await assert.rejects(session.send(get), { message: 'failed: reset' });
    assert.equal(lines().length, 2);
  });

  it('is asked for its login in the same way', async () => {
    const script = [failed('not-tls'), refused, ok];
    const authorization = { ...numbered(), trustedRealms: ['auth.reg.test'] };
    const { session, requests } = scriptSession(script, { origin: local, authorization });
    await session.send(get);
    assert.equal(requests[2]?.headers?.authorization, 'Bearer t1');
  });

  it('was found by another request meanwhile', async () => {
    const host = new Host(local, 4, createFastClock());
    const { session, lines } = scriptSession(
      (_, number) => {
        if (number > 1) return ok;
        host.origin = 'http://127.0.0.1:5000';
        host.isSettled = true;
        return failed('not-tls');
      },
      { host },
    );
    await session.send(get);
    assert.deepEqual(lines(), [`GET ${local}/v2/a`, 'GET http://127.0.0.1:5000/v2/a']);
  });

  it('is spoken with in plain HTTP already', async () => {
    const { session, lines } = scriptSession([failed('reset')], { origin: 'http://127.0.0.1:5000' });
    await assert.rejects(session.send(get), { message: 'failed: reset' });
    assert.equal(lines().length, 1);
  });

  it('that only its other host lacks changes nothing', async () => {
    const script = [{ status: 307, headers: { location: 'https://localhost:1/x' } }, failed('connect')];
    const { session, lines } = scriptSession(script, { origin: local });
    await assert.rejects(session.send(get), { message: 'failed: connect' });
    assert.equal(lines().length, 2);
    assert.equal(session.host.origin, local);
  });

  for (const [name, kind, answer] of [
    ['fails without it too', 'reset', failed('connect')],
    ['says that it has TLS', 'reset', { status: 400 }],
  ] as const) {
    it(`is not one that ${name}: the first failure counts`, async () => {
      const { session, discarded } = scriptSession([failed(kind), answer], { origin: local });
      await assert.rejects(session.send(get), { message: 'failed: reset' });
      assert.equal(session.host.origin, local);
      assert.equal(session.host.isSettled, false);
      assert.equal(discarded(), answer instanceof Error ? 0 : 1);
    });
  }

  it('is certain after its own words: what fails then counts', async () => {
    const { session } = scriptSession([failed('not-tls'), failed('connect')], { origin: local });
    await assert.rejects(session.send(get), { message: 'failed: connect' });
    const other = scriptSession([failed('not-tls'), { status: 400 }], { origin: local });
    await assert.rejects(other.session.send(get), { status: 400 });
    assert.equal(other.session.host.origin, 'http://127.0.0.1:5000');
  });
});

describe('patience', () => {
  const busy = { status: 503 };
  it('is six attempts, or as many as the client has, or the request', async () => {
    for (const [attempts, own, expected] of [
      [undefined, undefined, 6],
      [2, undefined, 2],
      [2, 3, 3],
    ] as const) {
      const { session, requests } = scriptSession(() => busy, { attempts });
      const options = own === undefined ? undefined : { attempts: () => own };
      await assert.rejects(session.sendPatiently(get, options), { status: 503 });
      assert.equal(requests.length, expected);
    }
  });

  it('ends with the signal of the request, or else of the client', async () => {
    for (const where of ['request', 'client', 'rest']) {
      const controller = new AbortController();
      const script = () => {
        controller.abort(new Error('enough'));
        return busy;
      };
      const { signal } = controller;
      const { session, requests } = scriptSession(script, where === 'request' ? {} : { signal });
      const request = where === 'request' ? { ...get, signal } : get;
      await assert.rejects(session.sendPatiently(request));
      assert.equal(requests.length, 1);
      if (where !== 'rest') continue;
      const error = new RegistryError('REGISTRY_UNAVAILABLE', 'x', {
        method: 'GET',
        url: 'https://reg.test/',
      });
      await assert.rejects(session.rest(1, error), /enough/);
    }
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HttpResponse } from '../../../src/adapters/http/http.ts';
import { endpointOf } from '../../../src/adapters/http/endpoints.ts';
import { createSecrets } from '../../../src/adapters/http/secrets.ts';
import { RegistryError } from '../../../src/adapters/registry/registry-error.ts';
import {
  answerError,
  headerOf,
  isPage,
  pageError,
  readUpTo,
} from '../../../src/adapters/registry/response.ts';
import type { AnswerContext } from '../../../src/adapters/registry/response.ts';
import { createFastClock } from '../../support/fast-clock.ts';

describe('readUpTo', () => {
  /** Of an answer that brings so many bytes after each pause, by a clock of its own. */
  const read = (sizes: readonly number[], milliseconds: number, limit = 100_000) => {
    let time = 0;
    async function* body(): AsyncGenerator<Uint8Array> {
      for (const size of sizes) {
        time += milliseconds;
        yield await Promise.resolve(Buffer.alloc(size, 'x'));
      }
    }
    const response: HttpResponse = {
      status: 200,
      headers: {},
      body: body(),
      discard: () => Promise.resolve(),
    };
    const clock = { ...createFastClock(), now: () => time };
    const endpoint = endpointOf('https://registry.example', '/v2/app/manifests/1');
    return readUpTo(response, limit, { method: 'GET', endpoint, clock });
  };

  it('takes what comes, up to its limit', async () => {
    assert.equal((await read([10, 20], 1)).bytes.length, 30);
    assert.deepEqual((await read([60_000, 60_000], 1)).whole, false);
  });

  it('knows whether that was all, to the byte', async () => {
    assert.deepEqual(await read([3, 2], 1, 5), { bytes: Buffer.from('xxxxx'), whole: true });
    assert.deepEqual(await read([3, 3], 1, 5), { bytes: Buffer.from('xxxxx'), whole: false });
    assert.deepEqual(await read([], 1, 5), { bytes: Buffer.alloc(0), whole: true });
  });

  it('waits two minutes, and a second more for each 16 KiB', async () => {
    assert.equal((await read([16 * 1024], 121_000)).bytes.length, 16 * 1024);
    await assert.rejects(read([16 * 1024], 121_001), (error) => {
      assert.ok(error instanceof RegistryError);
      const { code, message, method, url, failure } = error;
      assert.deepEqual([code, method], ['REGISTRY_UNREACHABLE', 'GET']);
      assert.equal(url, 'https://registry.example/v2/app/manifests/1');
      assert.match(
        message,
        /registry\.example.*expected the whole answer within 121 seconds, got 16384 bytes/,
      );
      assert.deepEqual(failure, { kind: 'timeout', retry: 'yes', reused: false });
      return true;
    });
  });

  it('gives up an answer that comes a byte at a time', async () => {
    const slow = { code: 'REGISTRY_UNREACHABLE', message: /within 120 seconds, got 401 bytes/ };
    await assert.rejects(read(Array<number>(100_000).fill(1), 300), slow);
  });

  it('gives up an answer that never ends', async () => {
    const slow = { code: 'REGISTRY_UNREACHABLE', message: /within 129 seconds, got 152000 bytes/ };
    await assert.rejects(read(Array<number>(1000).fill(8000), 7000, 10_000_000), slow);
  });

  it('waits for a slow answer that moves on', async () => {
    assert.equal((await read(Array<number>(400).fill(30_000), 1500, 20_000_000)).bytes.length, 12_000_000);
  });
});

const secret = 'hunter2hunter2';

function answer(
  status: number,
  headers: HttpResponse['headers'] = {},
  body: string | Error = '',
): HttpResponse {
  async function* bytes(): AsyncGenerator<Uint8Array> {
    if (body instanceof Error) throw body;
    yield await Promise.resolve(Buffer.from(body));
  }
  return { status, headers, body: bytes(), discard: () => Promise.resolve() };
}

function context(parts: Partial<AnswerContext> = {}): AnswerContext {
  const secrets = createSecrets();
  secrets.add(secret, 'user');
  return {
    method: 'PUT',
    endpoint: endpointOf('https://reg.test', '/v2/team/app/manifests/1?x=1'),
    expected: [201],
    registry: 'reg.test',
    repository: 'team/app',
    writing: true,
    secrets,
    clock: { ...createFastClock(), now: () => Date.parse('2026-01-01T00:00:00Z') },
    ...parts,
  };
}

describe('headerOf', () => {
  it('is the first value', () => {
    assert.equal(headerOf({ a: 'x' }, 'a'), 'x');
    assert.equal(headerOf({ a: ['y', 'z'] }, 'a'), 'y');
    assert.equal(headerOf({ a: [] }, 'a'), undefined);
    assert.equal(headerOf({ a: 'x' }, 'b'), undefined);
  });
});

describe('answerError', () => {
  const start = 'PUT https://reg.test/v2/team/app/manifests/1: expected 201, got';
  const denied = JSON.stringify({ errors: [{ code: 'DENIED', message: 'no' }] });
  const rows: readonly (readonly [
    name: string,
    response: HttpResponse,
    message: string,
    parts?: Partial<AnswerContext>,
  ])[] = [
    ['a status alone', answer(418), `${start} 418`],
    ['several expected', answer(418), `${start.replace('201', '200 or 201')} 418`, { expected: [200, 201] }],
    ['its words', answer(400, {}, 'too bad'), `${start} 400 too bad`],
    ['its words without secrets', answer(400, {}, `bad ${secret}`), `${start} 400 bad ***`],
    ['its code and words', answer(403, {}, denied), `${start} 403 DENIED: no`],
    ['its code twice', answer(400, {}, '{"errors":[{"code":"X","message":"X"}]}'), `${start} 400 X`],
    ['its code alone', answer(400, {}, '{"errors":[{"code":"X"}]}'), `${start} 400 X`],
    ['a broken body', answer(500, {}, new Error('cut')), `${start} 500`],
    ['a request ID', answer(500, { 'x-request-id': 'ab-12' }), `${start} 500 (request ab-12)`],
    ['words and an ID', answer(500, { 'x-request-id': 'ab-12' }, 'oh'), `${start} 500 oh (request ab-12)`],
    [
      "GitHub's ID first",
      answer(500, { 'x-request-id': 'ab-12', 'x-github-request-id': 'AB:C' }),
      `${start} 500 (request AB:C)`,
    ],
    ["Amazon's ID", answer(500, { 'x-amzn-requestid': 'amzn' }), `${start} 500 (request amzn)`],
    ["Azure's ID", answer(500, { 'x-ms-correlation-request-id': 'azure' }), `${start} 500 (request azure)`],
    ['a short ID', answer(500, { 'x-request-id': 'abc' }), `${start} 500`],
    ['an ID that is a sentence', answer(500, { 'x-request-id': 'what is this' }), `${start} 500`],
    [
      'a bad ID before a good one',
      answer(500, { 'x-github-request-id': '::', 'x-request-id': 'good' }),
      `${start} 500 (request good)`,
    ],
    [
      'a long ID',
      answer(500, { 'x-request-id': 'a'.repeat(81) }),
      `${start} 500 (request ${'a'.repeat(80)}…)`,
    ],
    ['an ID that is a secret', answer(500, { 'x-request-id': secret }), `${start} 500 (request ***)`],
    [
      'a redirect',
      answer(301, { location: 'https://other.test/x?y=1' }),
      `${start} 301, which leads to https://other.test/x`,
    ],
    [
      'a redirect beside it',
      answer(399, { location: '../b' }),
      `${start} 399, which leads to https://reg.test/v2/team/app/b`,
    ],
    [
      'a long redirect',
      answer(301, { location: `https://o.test/${'x'.repeat(300)}` }),
      `${start} 301, which leads to https://o.test/${'x'.repeat(185)}…`,
    ],
    [
      'a redirect with a secret',
      answer(301, { location: `/${secret}` }),
      `${start} 301, which leads to https://reg.test/***`,
    ],
    ['a redirect to nowhere', answer(301), `${start} 301`],
    ['a redirect to no URL', answer(301, { location: 'http://[' }), `${start} 301`],
    ['a redirect to a file', answer(301, { location: 'file:///etc/passwd' }), `${start} 301`],
    ['an address that is no redirect', answer(400, { location: '/x' }), `${start} 400`],
    ['another one', answer(299, { location: '/x' }), `${start} 299`],
  ];
  for (const [name, response, message, parts] of rows) {
    it(`says ${name}`, async () => {
      assert.equal((await answerError(response, context(parts))).message, message);
    });
  }

  it('has all that is to be known', async () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    const body = JSON.stringify({ errors: [{ code: 'MANIFEST_BLOB_UNKNOWN', detail: digest }] });
    const error = await answerError(answer(404, { 'retry-after': '3' }, body), context());
    const { code, hint, method, url, status, retryAfter, codes, missing, failure, settled } = error;
    assert.deepEqual(
      { code, hint, method, url, status, retryAfter, codes, missing, failure, settled },
      {
        code: 'REGISTRY_NOT_FOUND',
        hint: 'Create the repository team/app first, or on Harbor and its like the project "team".',
        method: 'PUT',
        url: 'https://reg.test/v2/team/app/manifests/1',
        status: 404,
        retryAfter: 3000,
        codes: ['MANIFEST_BLOB_UNKNOWN'],
        missing: [digest],
        failure: undefined,
        settled: false,
      },
    );
  });

  it('has a hint only where there is one to give', async () => {
    const hintFor = async (status: number, headers: HttpResponse['headers'] = {}, parts = {}) =>
      (await answerError(answer(status, headers), context(parts))).hint;
    assert.equal(await hintFor(418), undefined);
    assert.equal(await hintFor(404, {}, { writing: false }), undefined);
    assert.match((await hintFor(404)) ?? '', /^Create the repository/);
    assert.match(
      (await hintFor(301, { location: 'https://reg.test:8443/v2/' })) ?? '',
      /^The registry has moved/,
    );
    assert.match((await hintFor(308, { location: 'http://reg.test/v2/' })) ?? '', /^The registry has moved/);
    const endpoint = endpointOf('http://reg.test', '/v2/');
    const moved = await hintFor(301, { location: 'https://reg.test:8443/v2/' }, { endpoint });
    assert.match(moved ?? '', /^The registry wants HTTPS: name it as reg\.test:8443, without --plain-http/);
    const other = await hintFor(301, { location: 'https://other.test/v2/' }, { endpoint });
    assert.match(other ?? '', /^The registry has moved/);
    const plain = await hintFor(301, { location: '/v3/' }, { endpoint });
    assert.match(plain ?? '', /^The registry has moved/);
  });

  it('counts a date from the clock of the registry, or from ours', async () => {
    const retryAfter = 'Thu, 01 Jan 2026 00:01:00 GMT';
    const wait = async (date?: string) => {
      const headers = { 'retry-after': retryAfter, ...(date === undefined ? {} : { date }) };
      return (await answerError(answer(503, headers), context())).retryAfter;
    };
    assert.equal(await wait(), 60_000);
    assert.equal(await wait('no date'), 60_000);
    assert.equal(await wait('Thu, 01 Jan 2026 00:00:50 GMT'), 10_000);
  });
});

describe('isPage', () => {
  const rows: readonly (readonly [status: number, type: string | undefined, expected: boolean])[] = [
    [200, 'text/html', true],
    [299, 'Text/HTML; charset=utf-8', true],
    [200, ' application/xhtml+xml', true],
    [200, 'text/html5', false],
    [200, 'x-text/html', false],
    [200, 'application/json', false],
    [200, undefined, false],
    [300, 'text/html', false],
    [404, 'text/html', false],
  ];
  for (const [status, type, expected] of rows) {
    it(`${status} ${String(type)}: ${expected}`, () => {
      assert.equal(isPage(answer(status, type === undefined ? {} : { 'content-type': type })), expected);
    });
  }
});

describe('pageError', () => {
  const start =
    'PUT https://reg.test/v2/team/app/manifests/1: expected an answer of a registry, got 200 and a page of HTML';
  it('quotes the page, without secrets and not at length', async () => {
    const said = async (body: string | Error) => (await pageError(answer(200, {}, body), context())).message;
    assert.equal(await said(`<html><title>Hotel ${secret}</title>`), `${start} ("Hotel ***")`);
    assert.equal(await said('x'.repeat(201)), `${start} ("${'x'.repeat(200)}…")`);
    assert.equal(await said(''), start);
    assert.equal(await said(new Error('cut')), start);
  });

  it('says what it is about, and what to check', async () => {
    const { code, method, url, status, hint } = await pageError(answer(203), context());
    assert.deepEqual(
      { code, method, url, status },
      {
        code: 'REGISTRY_PROTOCOL',
        method: 'PUT',
        url: 'https://reg.test/v2/team/app/manifests/1',
        status: 203,
      },
    );
    assert.match(hint ?? '', /check the host and port of the registry, and the network\.$/);
  });
});

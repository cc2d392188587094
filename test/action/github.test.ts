// GitHub's API for one task: which server, as whom, and what ends with it.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { withGithub } from '../../src/action/github.ts';
import type { Github } from '../../src/adapters/github/github-client.ts';
import { streamOf } from '../../src/core/oci/blob.ts';
import { silentReporter } from '../../src/core/reporter.ts';
import { caught } from '../support/caught.ts';
import { createFastClock } from '../support/fast-clock.ts';

type Answer = (request: IncomingMessage, response: ServerResponse, count: number) => void;

interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A server that answers whatever the test says, and what it was asked. */
async function start(test: TestContext, answer: Answer) {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method, url, headers } = request;
      seen.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
      answer(request, response, seen.length);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const clock = createFastClock();
  const access = {
    token: 'ghs_test',
    environment: { GITHUB_API_URL: origin },
    reporter: silentReporter,
    signal: test.signal,
    clock,
  };
  const use = <T>(body: (github: Github) => Promise<T>) => withGithub(access, body);
  return { server, origin, seen, use, access, clock };
}

const json: Answer = (_request, response) => {
  response.setHeader('content-type', 'application/json').end('{"id":1}');
};
const where = { owner: 'own', repo: 'app' };
const read = (github: Github) => github.rest.repos.get(where);
const write = (github: Github) =>
  github.rest.issues.createComment({ ...where, issue_number: 1, body: 'text' });

describe("GitHub's API", () => {
  it('is asked as this program, with the token', async (test) => {
    const { seen, use, server } = await start(test, json);
    const { data } = await use(read);
    assert.equal(data.id, 1);
    const [request] = seen;
    assert.deepEqual([request?.method, request?.url, request?.body], ['GET', '/repos/own/app', '']);
    assert.equal(request?.headers.authorization, 'token ghs_test');
    assert.match(request.headers['user-agent'] ?? '', /^bima\/\d+\.\d+\.\d+/);
    const left = await new Promise<number>((done, fail) => {
      server.getConnections((error, count) => {
        if (error === null) done(count);
        else fail(error);
      });
    });
    assert.equal(left, 0, 'no connection outlasts the task');
  });

  it('is asked below the path of the server, whose address may end with slashes', async (test) => {
    const { seen, access, origin } = await start(test, json);
    const environment = { GITHUB_API_URL: `${origin}/api/v3//` };
    await withGithub({ ...access, environment }, read);
    assert.equal(seen[0]?.url, '/api/v3/repos/own/app');
  });

  it('is named where the address is none', async (test) => {
    const { access, seen } = await start(test, json);
    const environment = { GITHUB_API_URL: 'api.github.com' };
    assert.deepEqual(await caught(() => withGithub({ ...access, environment }, read)), [
      {
        code: 'INPUT_INVALID',
        message: 'expected the address of an API in GITHUB_API_URL, got "api.github.com"',
        hint: 'A runner sets it: leave it out of the workflow, or write it as https://api.github.com.',
      },
    ]);
    assert.deepEqual(await caught(() => withGithub({ ...access, token: undefined }, read)), [
      {
        code: 'INPUT_INVALID',
        message: 'expected the input "github-token", got none',
        hint: "Leave it out for the job's own token, or give one: github-token: ${{ github.token }}",
      },
    ]);
    assert.deepEqual(seen, []);
  });
});

describe('a redirect', () => {
  const to =
    (status: number, location: string, times = 1): Answer =>
    (request, response, count) => {
      if (count <= times) response.writeHead(status, { location }).end('moved');
      else json(request, response, count);
    };

  for (const status of [301, 302, 307, 308]) {
    it(`of ${status} is followed with the same method and body`, async (test) => {
      const { seen, use } = await start(test, to(status, '/repositories/7/comments?x=1'));
      await use(write);
      assert.deepEqual(
        seen.map(({ method, url, body }) => [method, url, body]),
        [
          ['POST', '/repos/own/app/issues/1/comments', '{"body":"text"}'],
          ['POST', '/repositories/7/comments?x=1', '{"body":"text"}'],
        ],
      );
    });
  }

  it('is followed three times, from where it came', async (test) => {
    const { seen, use } = await start(test, (request, response, count) => {
      to(302, `next/${count}`, 3)(request, response, count);
    });
    await use(read);
    assert.deepEqual(
      seen.map(({ url }) => url),
      ['/repos/own/app', '/repos/own/next/1', '/repos/own/next/next/2', '/repos/own/next/next/next/3'],
    );
  });

  const failure = (method: string, address: string) => ({
    code: 'GITHUB_FAILED',
    message: `${method} ${address}: got a redirect that is not followed`,
    hint: 'If the repository was renamed, use its new name; behind a proxy check its settings.',
  });

  it('is not followed a fourth time', async (test) => {
    const { seen, use, origin } = await start(test, to(302, '/again?x=1', 99));
    assert.deepEqual(await caught(() => use(write)), [failure('POST', `${origin}/again`)]);
    assert.equal(seen.length, 4);
  });

  for (const [name, location] of [
    ['another server', 'http://127.0.0.2:1/x'],
    ['another port', 'http://127.0.0.1:1/x'],
    ['no address', 'http://:x'],
  ] as const) {
    it(`is not followed to ${name}`, async (test) => {
      const { seen, use, origin } = await start(test, to(302, location));
      assert.deepEqual(await caught(() => use(write)), [
        failure('POST', `${origin}/repos/own/app/issues/1/comments`),
      ]);
      assert.equal(seen.length, 1);
    });
  }

  it('is not followed without an address', async (test) => {
    const { seen, use, origin } = await start(test, (_request, response) => response.writeHead(302).end());
    assert.deepEqual(await caught(() => use(write)), [
      failure('POST', `${origin}/repos/own/app/issues/1/comments`),
    ]);
    assert.equal(seen.length, 1);
  });

  it('is not followed with a stream, which is over by then', async (test) => {
    const { seen, use, origin } = await start(test, to(307, '/elsewhere'));
    const send = (github: Github) =>
      github.request({
        method: 'POST',
        url: `${origin}/upload`,
        headers: { 'content-type': 'text/plain', 'content-length': 4 },
        data: streamOf(Buffer.from('text')),
      });
    assert.deepEqual(await caught(() => use(send)), [failure('POST', `${origin}/upload`)]);
    assert.deepEqual(
      seen.map(({ body, headers }) => [body, headers['content-length']]),
      [['text', '4']],
    );
  });

  it('is none with 304', async (test) => {
    const { use, seen } = await start(test, (_request, response) =>
      response.writeHead(304, { location: '/x' }).end(),
    );
    const [problem] = await caught(() => use(read));
    assert.match(problem?.message ?? '', /GitHub answers 304/);
    assert.equal(seen.length, 1);
  });
});

describe('an answer', () => {
  it('has every header, also one that is there twice', async (test) => {
    const { use } = await start(test, (_request, response) => {
      response.writeHead(200, {
        'content-type': 'application/json',
        link: ['<a>; rel="next"', '<b>; rel="last"'],
      });
      response.end('{"id":2}');
    });
    const { headers, status } = await use(read);
    assert.deepEqual([status, headers.link], [200, '<a>; rel="next", <b>; rel="last"']);
  });

  for (const status of [204, 205]) {
    it(`of ${status} has no body`, async (test) => {
      const { use } = await start(test, (_request, response) => response.writeHead(status).end());
      const answer = await use((github) => github.request('GET /x'));
      assert.equal(answer.status, status);
    });
  }

  const waits: readonly [name: string, headers: Readonly<Record<string, string>>, seconds: number][] = [
    ['seconds', { 'retry-after': '7' }, 7],
    ['a date, counted from that of the answer', after('2031-05-01T12:00:00Z', 9), 9],
    ['a part of a second', { ...after('2031-05-01T12:00:00Z', 2) }, 2],
    ['what is no date', { 'retry-after': 'soon' }, 60],
    ['nothing', {}, 60],
  ];
  for (const [name, headers, seconds] of waits) {
    it(`says how long to wait by ${name}`, async (test) => {
      const { use, clock } = await start(test, (request, response, count) => {
        if (count > 1) {
          json(request, response, count);
          return;
        }
        response.writeHead(429, { 'content-type': 'application/json', ...headers });
        response.end('{"message":"You have exceeded a secondary rate limit"}');
      });
      await use(read);
      assert.deepEqual(clock.sleeps, [seconds * 1000]);
    });
  }

  it('counts a date from now where it has none itself', async (test) => {
    const { use, clock } = await start(test, (request, response, count) => {
      response.sendDate = false;
      if (count > 1) {
        json(request, response, count);
        return;
      }
      const until = new Date(Date.now() + 30_000).toUTCString();
      response.writeHead(403, { 'content-type': 'application/json', 'retry-after': until });
      response.end('{"message":"You have exceeded a secondary rate limit"}');
    });
    await use(read);
    const [slept = 0] = clock.sleeps;
    assert.ok(slept >= 25_000 && slept <= 31_000, `${slept}`);
  });
});

function after(date: string, seconds: number): Readonly<Record<string, string>> {
  const http = (time: number) => new Date(time).toUTCString();
  return { date: http(Date.parse(date)), 'retry-after': http(Date.parse(date) + seconds * 1000) };
}

describe('a method', () => {
  for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']) {
    it(`is ${method}`, async (test) => {
      const { seen, use } = await start(test, json);
      await use((github) => github.request({ method: method as 'GET', url: '/x' }));
      assert.deepEqual(
        seen.map((request) => request.method),
        [method],
      );
    });
  }

  it('is none that this API does not have', async (test) => {
    const { seen, use } = await start(test, json);
    await assert.rejects(
      use((github) => github.request({ method: 'TRACE' as 'GET', url: '/x', request: { retries: 0 } })),
      /method TRACE/,
    );
    assert.deepEqual(seen, []);
  });
});

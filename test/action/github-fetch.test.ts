// What keeps an answer of GitHub's API from coming is GitHub's error, with advice about GitHub.

import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { withGithub } from '../../src/action/github.ts';
import { GithubError } from '../../src/adapters/github/github-error.ts';
import { silentReporter } from '../../src/core/reporter.ts';
import { createFastClock } from '../support/fast-clock.ts';

async function start(test: TestContext, answer: (socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      answer(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  test.after(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function failureAt(apiUrl: string): Promise<GithubError> {
  const access = {
    token: 'ghs_test',
    environment: { GITHUB_API_URL: apiUrl },
    reporter: silentReporter,
    signal: new AbortController().signal,
    clock: createFastClock(),
  };
  const error: unknown = await withGithub(access, (github) =>
    github.rest.repos.get({ owner: 'owner', repo: 'app' }),
  ).then(
    () => assert.fail('it succeeded'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof GithubError, String(error));
  assert.equal(error.code, 'GITHUB_FAILED');
  assert.doesNotMatch(`${error.message} ${error.hint ?? ''}`, /registry|--plain-http|tls-verify/i);
  return error;
}

describe("what keeps an answer of GitHub's from coming", () => {
  it('is a name without an address', async () => {
    const { message, hint = '' } = await failureAt('https://api.name-without-address.invalid');
    assert.match(message, /no address is known for "api\.name-without-address\.invalid"/);
    assert.match(hint, /GITHUB_API_URL/);
  });

  it('is a port where nobody listens', async () => {
    const { message, hint = '' } = await failureAt('http://127.0.0.1:1');
    assert.match(message, /"127\.0\.0\.1:1" can't be reached \(ECONNREFUSED/);
    assert.match(hint, /GITHUB_API_URL/);
  });

  it('is a server without TLS', async (test) => {
    const host = await start(test, (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const { message, hint = '' } = await failureAt(`https://${host}`);
    assert.match(message, /does not speak TLS/);
    assert.match(hint, /GITHUB_API_URL/);
  });

  it('is a connection that ends within the answer', async (test) => {
    const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"id":';
    const host = await start(test, (socket) => socket.end(head));
    const { message, hint = '' } = await failureAt(`http://${host}`);
    assert.match(message, /closed the connection before its answer was whole/);
    assert.match(hint, /GITHUB_API_URL/);
  });
});

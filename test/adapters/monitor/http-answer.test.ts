// Waiting for an answer over HTTP, from servers that take their time.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { findFreePort } from '../../../src/adapters/monitor/free-port.ts';
import { waitForAnswer } from '../../../src/adapters/monitor/http-answer.ts';

const address = '127.0.0.1';

async function serve(test: TestContext, listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, address);
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise((done) => server.once('listening', done));
  return (server.address() as AddressInfo).port;
}

describe('waitForAnswer', () => {
  it('asks again until the status is a good one', async (test) => {
    const paths: (string | undefined)[] = [];
    const port = await serve(test, (request, response) => {
      paths.push(request.url);
      if (paths.length === 1) request.socket.destroy();
      else response.writeHead(paths.length < 4 ? 503 : 302).end();
    });
    const status = await waitForAnswer({ address, port, path: '/health?a=1' }, AbortSignal.timeout(10_000));
    assert.equal(status, 302);
    assert.deepEqual(
      paths,
      Array.from({ length: 4 }, () => '/health?a=1'),
    );
  });

  it('gives up with the signal, also in the middle of an answer that never comes', async (test) => {
    const port = await serve(test, () => undefined);
    const start = performance.now();
    assert.equal(await waitForAnswer({ address, port, path: '/' }, AbortSignal.timeout(300)), undefined);
    assert.ok(performance.now() - start < 2500);
  });

  it('takes 399 for an answer, and 400 for none', async (test) => {
    const statuses = [400, 404, 399, 200];
    const port = await serve(test, (_request, response) => {
      response.writeHead(statuses.shift() ?? 500).end();
    });
    assert.equal(await waitForAnswer({ address, port, path: '/' }, AbortSignal.timeout(10_000)), 399);
    assert.deepEqual(statuses, [200]);
  });

  it('waits a moment before it asks again', async (test) => {
    const times: number[] = [];
    const port = await serve(test, (_request, response) => {
      times.push(performance.now());
      response.writeHead(times.length < 3 ? 503 : 200).end();
    });
    await waitForAnswer({ address, port, path: '/' }, AbortSignal.timeout(10_000));
    const [first = 0, second = 0, third = 0] = times;
    assert.ok(second - first > 80 && third - second > 80);
  });

  it('asks nothing after an abort', async (test) => {
    let asked = 0;
    const port = await serve(test, (_request, response) => {
      asked += 1;
      response.end();
    });
    assert.equal(await waitForAnswer({ address, port, path: '/' }, AbortSignal.abort()), undefined);
    assert.equal(asked, 0);
  });

  it('is content with the head of an answer that never ends', async (test) => {
    let close: () => void = () => undefined;
    const closed = new Promise<void>((done) => (close = done));
    const port = await serve(test, (request, response) => {
      response.writeHead(200);
      response.write('x');
      request.socket.on('error', () => undefined).on('close', close);
    });
    assert.equal(await waitForAnswer({ address, port, path: '/' }, AbortSignal.timeout(10_000)), 200);
    // The rest of it is not waited for.
    await closed;
  });

  it('gives up where nobody listens', async () => {
    const port = await findFreePort(address);
    assert.equal(await waitForAnswer({ address, port, path: '/' }, AbortSignal.timeout(300)), undefined);
  });
});

describe('findFreePort', () => {
  it('finds one that can be listened on, also by an address in brackets', async (test) => {
    const port = await findFreePort(address);
    assert.ok(Number.isInteger(port) && port > 0 && port < 65536);
    const server = createServer().listen(port, address);
    test.after(() => server.close());
    await new Promise((done) => server.once('listening', done));
    assert.ok((await findFreePort(`[${address}]`)) > 0);
  });

  it('finds none at an address that is not of this machine', async () => {
    for (const elsewhere of ['192.0.2.1', '[192.0.2.1]']) {
      await assert.rejects(findFreePort(elsewhere), (error: Error & { code?: string }) => {
        assert.equal(error.code, 'NOT_AVAILABLE');
        assert.ok(
          error.message.startsWith(`no port of ${elsewhere} can be listened on: listen EADDRNOTAVAIL`),
        );
        assert.equal((error.cause as { code?: string }).code, 'EADDRNOTAVAIL');
        return true;
      });
    }
  });
});

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { describe, it } from 'node:test';
import { streamOf } from '../../../src/core/oci/blob.ts';
import { endpointOf } from '../../../src/adapters/http/endpoints.ts';
import { createHttp } from '../../../src/adapters/http/http.ts';
import type { HttpOptions, HttpRequest, HttpResponse } from '../../../src/adapters/http/http.ts';
import { HttpError } from '../../../src/adapters/http/http-error.ts';
import type { NetworkFailure } from '../../../src/adapters/http/http-error.ts';
import { defaultTimeouts } from '../../../src/adapters/http/watch.ts';
import type { Timeouts } from '../../../src/adapters/http/watch.ts';
import { makeAuthority } from '../../support/certificates.ts';
import { temporaryFolder } from '../../support/folder.ts';

async function listen(server: Server, address = '127.0.0.1'): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  const { port } = server.address() as AddressInfo;
  return `http://${address.includes(':') ? `[${address}]` : address}:${port}`;
}

interface Setting {
  readonly origin: string;
  readonly send: (request: Partial<HttpRequest> & { readonly path?: string }) => Promise<HttpResponse>;
}

/** Runs against a server that is taken away afterwards. */
async function withServer(
  server: Server,
  body: (setting: Setting) => Promise<void>,
  options: { timeouts?: Partial<Timeouts>; address?: string } & Partial<Omit<HttpOptions, 'timeouts'>> = {},
): Promise<void> {
  const { timeouts, address, ...rest } = options;
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  });
  const origin = await listen(server, address);
  const http = createHttp({ userAgent: 'test', ...rest, timeouts: { ...defaultTimeouts, ...timeouts } });
  try {
    await body({
      origin,
      send: ({ path = '/', ...request }) =>
        http.send({ method: 'GET', endpoint: endpointOf(origin, path), ...request }),
    });
  } finally {
    await http.close();
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

const onHttp = (listener: RequestListener) => createServer(listener);

/** A server that sends these bytes to whoever says anything, and then ends or resets the connection. */
const onBytes = (bytes: string, then: 'end' | 'reset' | 'nothing' = 'end') =>
  createTcpServer((socket) => {
    socket.once('data', () => {
      socket.write(bytes, 'latin1', () => {
        if (then === 'end') socket.end();
        if (then === 'reset') socket.resetAndDestroy();
      });
    });
  });

async function failureOf(promise: Promise<unknown>): Promise<HttpError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof HttpError, String(error));
    return error;
  }
  assert.fail('expected a failure');
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe('createHttp', () => {
  it('sends path and query as they are, and gives repeated headers as a list', async () => {
    const path = `/v2/?b=%2F&a=+&&e=&q='x'`;
    await withServer(
      onHttp((request, response) => {
        response.setHeader('www-authenticate', ['Basic', 'Bearer']);
        response.end(request.url);
      }),
      async ({ send }) => {
        const { status, headers, body } = await send({ path });
        assert.equal(status, 200);
        assert.deepEqual(headers['www-authenticate'], ['Basic', 'Bearer']);
        assert.equal(await textOf(body), path);
      },
    );
  });

  it('sends a stream with its length, opened once per request', async () => {
    let opened = 0;
    const body = { size: 6, open: () => ((opened += 1), streamOf(Buffer.from('abc'), Buffer.from('def'))) };
    await withServer(
      onHttp((request, response) => {
        void textOf(request).then((text) =>
          response.end(`${request.headers['content-length'] ?? ''} ${text}`),
        );
      }),
      async ({ send }) => {
        for (let round = 0; round < 2; round++) {
          const response = await send({ method: 'PUT', body });
          assert.equal(await textOf(response.body), '6 abcdef');
        }
        assert.equal(opened, 2);
      },
    );
  });

  for (const scheme of ['http', 'https'] as const) {
    it(`sends a stream right that uses its memory again for each piece, to a slow reader (${scheme})`, async (test) => {
      const lengths = [1, 64 * 1024 - 1, 64 * 1024, 256 * 1024, 100, 130 * 1024, 64 * 1024, 1];
      const rounds = 30;
      const size = rounds * lengths.reduce((sum, length) => sum + length, 0);
      const sent = createHash('sha256');
      const memory = new Uint8Array(256 * 1024);
      async function* pieces() {
        for (let count = 0; count < rounds * lengths.length; count++) {
          const piece = memory.subarray(0, lengths[count % lengths.length]);
          piece.fill(count);
          sent.update(piece);
          yield await Promise.resolve(piece);
          memory.fill(255);
        }
      }
      const listener: RequestListener = (request, response) => {
        const received = createHash('sha256');
        request.on('data', (chunk: Buffer) => {
          received.update(chunk);
          request.pause();
          setImmediate(() => request.resume());
        });
        request.on('end', () => response.end(received.digest('hex')));
      };
      const tls = scheme === 'https' ? makeAuthority(temporaryFolder(test)) : undefined;
      await withServer(
        tls === undefined ? onHttp(listener) : createTlsServer({ key: tls.key, cert: tls.cert }, listener),
        async ({ origin, send }) => {
          const endpoint = endpointOf(origin.replace('http', scheme), '/');
          const response = await send({ method: 'PUT', endpoint, body: { size, open: pieces } });
          assert.equal(await textOf(response.body), sent.digest('hex'));
        },
        { tlsVerify: false },
      );
    });
  }

  it('keeps one connection for requests that follow each other, HEAD too', async () => {
    const ports = new Set<number | undefined>();
    await withServer(
      onHttp((request, response) => {
        ports.add(request.socket.remotePort);
        response.end();
      }),
      async ({ send }) => {
        for (const method of ['HEAD', 'GET', 'POST', 'HEAD', 'PUT', 'GET'] as const) {
          await (await send({ method })).discard();
        }
        assert.equal(ports.size, 1);
      },
    );
  });

  it('follows no redirect', async () => {
    await withServer(
      onHttp((_request, response) => response.writeHead(307, { location: '/elsewhere' }).end()),
      async ({ send }) => {
        assert.equal((await send({})).status, 307);
      },
    );
  });

  it('speaks to IPv6 addresses', async () => {
    const server = onHttp((_request, response) => response.end('six'));
    const body = async ({ send }: Setting) => {
      assert.equal(await textOf((await send({})).body), 'six');
    };
    await withServer(server, body, { address: '::1' });
  });

  const failures: readonly (readonly [string, Server, Partial<NetworkFailure>])[] = [
    ['a reset', onBytes('', 'reset'), { kind: 'reset', retry: 'yes', reused: false }],
    ['an end before the answer', onBytes(''), { kind: 'reset', retry: 'yes', reused: false }],
    ['an end within the headers', onBytes('HTTP/1.1 200 OK\r\ncontent-le'), { kind: 'reset', retry: 'yes' }],
    [
      'headers with bare line feeds',
      onBytes('HTTP/1.1 429 Too Many Requests\nretry-after: 3\n\nslow down'),
      { kind: 'garbled', retry: 'yes' },
    ],
    ['an answer that is not HTTP', onBytes('SSH-2.0-OpenSSH_9.2\r\n'), { kind: 'garbled', retry: 'yes' }],
  ];
  for (const [name, server, expected] of failures) {
    it(`tells ${name}`, async () => {
      await withServer(server, async ({ send, origin }) => {
        const { failure, message, cause } = await failureOf(send({ path: '/v2/?token=secret' }));
        assert.deepEqual({ ...failure, ...expected }, failure);
        assert.ok(message.includes(new URL(origin).host));
        assert.doesNotMatch(`${message} ${String(cause)}`, /secret/);
      });
    });
  }

  it('tells that a body was cut short', async () => {
    await withServer(onBytes('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc'), async ({ send }) => {
      const { body } = await send({});
      const { failure } = await failureOf(textOf(body));
      assert.deepEqual([failure.kind, failure.retry], ['reset', 'yes']);
    });
  });

  it('tells a connection that was closed while it idled from one that fails at once', async () => {
    let answered = 0;
    const server = createTcpServer((socket) => {
      socket.on('data', () => {
        answered += 1;
        if (answered === 1) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
        else socket.destroy();
      });
    });
    await withServer(server, async ({ send }) => {
      await (await send({})).discard();
      assert.equal((await failureOf(send({}))).failure.reused, true);
    });
  });

  it('tells an unknown name and a closed port apart', async () => {
    const http = createHttp({ timeouts: defaultTimeouts, userAgent: 'test', proxy: {} });
    const ask = (origin: string) =>
      failureOf(http.send({ method: 'GET', endpoint: endpointOf(origin, '/v2/') }));
    const closed = createTcpServer();
    const origin = await listen(closed);
    await new Promise((resolve) => closed.close(resolve));
    assert.deepEqual((await ask(origin)).failure, { kind: 'connect', retry: 'yes', reused: false });
    assert.equal((await ask('https://does-not-exist.invalid')).failure.kind, 'dns');
    await http.close();
  });

  it('tells a server without TLS', async () => {
    await withServer(
      onHttp((_request, response) => response.end()),
      async ({ send, origin }) => {
        const error = await failureOf(send({ endpoint: endpointOf(origin.replace('http:', 'https:'), '/') }));
        assert.deepEqual([error.failure.kind, error.failure.retry], ['not-tls', 'no']);
      },
    );
  });

  it('gives up an answer that never comes, and a body that stops', async () => {
    await withServer(
      onBytes('HTTP/1.1 200 OK\r\n', 'nothing'),
      async ({ send }) => {
        const { failure, message } = await failureOf(send({}));
        assert.deepEqual([failure.kind, failure.retry], ['timeout', 'yes']);
        assert.match(message, /expected an answer within/);
      },
      { timeouts: { answer: 50 } },
    );
  });

  it('has patience where it was asked for', async () => {
    await withServer(
      onHttp((_request, response) => setTimeout(() => response.end('late'), 200)),
      async ({ send }) => {
        assert.equal(await textOf((await send({ method: 'PUT', patience: 5000 })).body), 'late');
      },
      { timeouts: { answer: 50, stall: 50 } },
    );
  });

  it('gives up an upload that nobody takes', async () => {
    const chunk = Buffer.alloc(1024 * 1024);
    const body = {
      size: 200 * chunk.length,
      open: () => streamOf(...Array.from({ length: 200 }, () => chunk)),
    };
    const server = createTcpServer((socket) => socket.pause());
    await withServer(
      server,
      async ({ send }) => {
        const { failure, message } = await failureOf(send({ method: 'PUT', body }));
        assert.deepEqual([failure.kind, failure.retry], ['timeout', 'yes']);
        assert.match(message, /upload to move on/);
      },
      { timeouts: { stall: 300, connect: 100 } },
    );
  });

  it('lets a slow upload live as long as it moves', async () => {
    async function* slowly() {
      for (let count = 0; count < 10; count++) {
        await new Promise((resolve) => setTimeout(resolve, 60));
        yield Buffer.from('x');
      }
    }
    await withServer(
      onHttp((request, response) => {
        void textOf(request).then((text) => response.end(text));
      }),
      async ({ send }) => {
        const response = await send({ method: 'PUT', body: { size: 10, open: slowly } });
        assert.equal(await textOf(response.body), 'xxxxxxxxxx');
      },
      { timeouts: { stall: 400, answer: 400, connect: 100 } },
    );
  });

  it('gives an early answer although the body is still on its way, and releases its source', async () => {
    let released = false;
    async function* endless() {
      try {
        for (;;) {
          await new Promise(setImmediate);
          yield Buffer.alloc(64 * 1024);
        }
      } finally {
        released = true;
      }
    }
    await withServer(
      onHttp((request, response) => {
        request.once('data', () => {
          response.writeHead(413, { connection: 'close' }).end('too large');
        });
      }),
      async ({ send }) => {
        const response = await send({ method: 'PUT', body: { size: 1e12, open: endless } });
        assert.equal(response.status, 413);
        assert.equal(await textOf(response.body), 'too large');
        for (let turn = 0; turn < 100 && !released; turn++)
          await new Promise((resolve) => setTimeout(resolve, 10));
        assert.equal(released, true);
      },
    );
  });

  for (const [name, open] of [
    ['is too short', () => streamOf(Buffer.from('ab'))],
    ['is too long', () => streamOf(Buffer.from('abcdef'))],
  ] as const) {
    it(`never retries a body that ${name}`, async () => {
      await withServer(
        onHttp((request) => request.resume()),
        async ({ send }) => {
          const { failure } = await failureOf(send({ method: 'PUT', body: { size: 4, open } }));
          assert.deepEqual([failure.kind, failure.retry], ['request', 'no']);
        },
      );
    });
  }

  it("throws what the body's own source throws", async () => {
    const reason = new Error('the disk is gone');
    // eslint-disable-next-line @typescript-eslint/require-await -- a stream that fails
    async function* failing() {
      yield Buffer.from('ab');
      throw reason;
    }
    await withServer(
      onHttp((request) => request.resume()),
      async ({ send }) => {
        await assert.rejects(
          send({ method: 'PUT', body: { size: 4, open: failing } }),
          (error) => error === reason,
        );
      },
    );
  });

  it('ends at once when it is aborted: before, while it waits, and while it reads', async () => {
    const reason = new Error('enough');
    await withServer(
      onBytes('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc', 'nothing'),
      async ({ send }) => {
        const before = AbortSignal.abort(reason);
        await assert.rejects(send({ signal: before }), (error) => error === reason);
        const during = new AbortController();
        const { body } = await send({ signal: during.signal });
        setTimeout(() => {
          during.abort(reason);
        }, 20);
        await assert.rejects(textOf(body), (error) => error === reason);
      },
    );
    await withServer(onBytes('', 'nothing'), async ({ send }) => {
      const during = new AbortController();
      setTimeout(() => {
        during.abort(reason);
      }, 20);
      await assert.rejects(send({ signal: during.signal }), (error) => error === reason);
    });
  });

  it('names no part of a proxy that is no URL', () => {
    assert.throws(
      () =>
        createHttp({
          timeouts: defaultTimeouts,
          userAgent: 'test',
          proxy: { https: '://robot:hunter2@proxy' },
        }),
      (error) => error instanceof Error && !`${error.message} ${String(error.cause)}`.includes('hunter2'),
    );
  });
});

// An HTTP proxy that leads made-up host names to servers of the test, so that rules about hosts can be tried.

import { createServer, request } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

export interface ConnectProxy extends AsyncDisposable {
  readonly origin: string;
  /** What was asked for, such as `registry.example:443`. */
  readonly targets: readonly string[];
  close(): Promise<void>;
}

export interface ConnectProxyOptions {
  /** `name:port` to the port on loopback; anything else gets 502. */
  readonly hosts: Readonly<Record<string, number>>;
  /** Answers every request for a connection with this status instead. */
  readonly status?: number;
  /** Never answers. */
  readonly silent?: boolean;
}

export async function startConnectProxy(options: ConnectProxyOptions): Promise<ConnectProxy> {
  const targets: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((incoming, response) => {
    // The form for plain HTTP: the whole URL in the request line.
    const url = new URL(incoming.url ?? '', 'http://none.invalid');
    const target = `${url.hostname}:${url.port === '' ? 80 : url.port}`;
    targets.push(target);
    const port = options.hosts[target];
    if (options.silent === true) return;
    if (options.status !== undefined || port === undefined) {
      incoming.resume();
      response.writeHead(options.status ?? 502, { 'content-length': 0 }).end();
      return;
    }
    const { method, headers } = incoming;
    const path = (incoming.url ?? '').replace(/^http:\/\/[^/]*/, '');
    const upstream = request({ host: '127.0.0.1', port, method, path, headers }, (reply) => {
      response.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(response);
    });
    upstream.on('error', () => response.destroy());
    incoming.pipe(upstream);
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('connect', ({ url: target = '' }, client: Socket) => {
    targets.push(target);
    if (options.silent === true) return;
    const port = options.hosts[target];
    if (options.status !== undefined || port === undefined) {
      client.end(`HTTP/1.1 ${options.status ?? 502} Refused\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const upstream = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connected\r\n\r\n');
      client.pipe(upstream).pipe(client);
    });
    upstream.on('error', () => client.destroy());
    client.on('close', () => upstream.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  async function close(): Promise<void> {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  }
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { origin, targets, close, [Symbol.asyncDispose]: close };
}

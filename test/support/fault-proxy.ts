// A proxy in front of a registry that does to chosen requests what networks and registries do:
// resets, half-closes, stalls, lost or changed replies. All other requests pass through unchanged.

import assert from 'node:assert/strict';
import { Agent, createServer, request as httpRequest } from 'node:http';
import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { createServer as createTlsServer, request as httpsRequest } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Reply } from './registry.ts';
import { parseEndpoint } from './registry-endpoint.ts';
import type { Endpoint } from './registry-endpoint.ts';

export interface ProxiedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly endpoint: Endpoint;
  readonly headers: IncomingMessage['headers'];
  /** Of the body, as announced. */
  readonly length: number;
  /** Which request of its connection this is, from 1. */
  readonly nth: number;
}

export interface Fault {
  readonly when: (request: ProxiedRequest) => boolean;
  /** How many matching requests pass before the first that is hit. */
  readonly skip?: number;
  /** How many requests are hit; one by default. */
  readonly times?: number;
  readonly act: Act;
}

export type Act = (exchange: Exchange) => Promise<void> | void;

export interface UpstreamReply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** One request in a fault's hands. A fraction counts of the body's announced length. */
export interface Exchange {
  readonly request: ProxiedRequest;
  /** Takes that much of the body and throws it away. */
  read(fraction: number): Promise<void>;
  /** Hands the whole request to the registry, waiting before each piece of the body, and gives back what it says. */
  forward(beforePiece?: () => Promise<void>): Promise<UpstreamReply>;
  /** Hands on the first so many bytes of the body as if they were all of it. */
  forwardCut(bytes: number): Promise<UpstreamReply>;
  /** Hands that much of the body to the registry, then breaks off the connection to it. */
  forwardPart(fraction: number): Promise<void>;
  /** Answers the client, without waiting for the rest of the body. */
  reply(reply: Reply): Promise<void>;
  /** Writes these bytes as they are in place of a reply. */
  raw(bytes: string | Uint8Array): Promise<void>;
  /** RST. */
  readonly reset: () => void;
  /** FIN. */
  readonly end: () => void;
  /** Until the client has gone. */
  readonly gone: Promise<void>;
}

export interface FaultProxy extends AsyncDisposable {
  readonly host: string;
  readonly origin: string;
  readonly requests: readonly ProxiedRequest[];
  /** Connections that clients opened. */
  connections(): number;
  /** How often the fault was applied. */
  hits(fault: Fault): number;
  count(method: string, kind: Endpoint['kind']): number;
  /** Fails unless every fault was applied. */
  assertHit(): void;
  close(): Promise<void>;
}

export interface FaultProxyOptions {
  /** Origin of the registry behind. */
  readonly upstream: string;
  readonly faults?: readonly Fault[];
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Milliseconds after which an idle connection is closed without a word. */
  readonly keepAlive?: number;
}

export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const faults = options.faults ?? [];
  const matches = new Map<Fault, number>();
  const hits = new Map<Fault, number>();
  const requests: ProxiedRequest[] = [];
  const problems: unknown[] = [];
  const sockets = new Set<Socket>();
  const served = new WeakMap<Socket, number>();
  let connections = 0;
  const agent = new Agent({ keepAlive: false });

  function faultFor(request: ProxiedRequest): Fault | undefined {
    for (const fault of faults) {
      if (!fault.when(request)) continue;
      const seen = (matches.get(fault) ?? 0) + 1;
      matches.set(fault, seen);
      const skip = fault.skip ?? 0;
      if (seen <= skip || seen > skip + (fault.times ?? 1)) continue;
      hits.set(fault, (hits.get(fault) ?? 0) + 1);
      return fault;
    }
    return undefined;
  }

  function handle(incoming: IncomingMessage, response: ServerResponse): void {
    const url = incoming.url ?? '';
    const [path, query] = splitQuery(url);
    const nth = (served.get(incoming.socket) ?? 0) + 1;
    served.set(incoming.socket, nth);
    const request: ProxiedRequest = {
      method: incoming.method ?? '',
      path,
      query,
      endpoint: parseEndpoint(path),
      headers: incoming.headers,
      length: Number(incoming.headers['content-length'] ?? 0),
      nth,
    };
    requests.push(request);
    incoming.on('error', ignore);
    response.on('error', ignore);
    const fault = faultFor(request);
    const open = openUpstream(options.upstream, agent, incoming);
    if (fault === undefined) {
      passThrough(incoming, response, open());
      return;
    }
    const work = async () => fault.act(createExchange(request, incoming, response, open));
    work().catch((error: unknown) => {
      problems.push(error);
      incoming.socket.destroy();
    });
  }

  const server = options.tls === undefined ? createServer(handle) : createTlsServer(options.tls, handle);
  server.requestTimeout = 0;
  server.keepAliveTimeout = options.keepAlive ?? 60_000;
  server.on('connection', (socket: Socket) => {
    connections++;
    sockets.add(socket);
    // Each fault of a connection that lives on listens for its end.
    socket.setMaxListeners(0);
    socket.on('error', ignore);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('clientError', (_error, socket) => {
    socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function close(): Promise<void> {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    agent.destroy();
    await closed;
  }

  return {
    host,
    origin: `${options.tls === undefined ? 'http' : 'https'}://${host}`,
    requests,
    connections: () => connections,
    hits: (fault) => hits.get(fault) ?? 0,
    count: (method, kind) =>
      requests.filter((request) => request.method === method && request.endpoint.kind === kind).length,
    assertHit: () => {
      assert.deepEqual(problems, [], 'a fault failed to do its work');
      const idle = faults.filter((fault) => !hits.has(fault)).map((fault) => fault.when.toString());
      assert.deepEqual(idle, [], 'a fault was never applied');
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

type OpenUpstream = (headers?: OutgoingHttpHeaders) => ClientRequest;

function openUpstream(upstream: string, agent: Agent, incoming: IncomingMessage): OpenUpstream {
  return (headers = {}) => {
    const target = new URL(upstream);
    const options = {
      host: target.hostname,
      port: target.port,
      method: incoming.method,
      path: incoming.url,
      headers: { ...incoming.headers, connection: 'close', ...headers },
    };
    const request =
      target.protocol === 'https:'
        ? httpsRequest({ ...options, rejectUnauthorized: false })
        : httpRequest({ ...options, agent });
    request.on('error', ignore);
    return request;
  };
}

function passThrough(incoming: IncomingMessage, response: ServerResponse, upstream: ClientRequest): void {
  upstream.on('response', (reply) => {
    response.writeHead(reply.statusCode ?? 502, endToEnd(allHeaders(reply)));
    reply.pipe(response);
    reply.on('error', () => incoming.socket.destroy());
  });
  upstream.on('error', () => {
    if (!response.headersSent) incoming.socket.destroy();
  });
  incoming.on('close', () => {
    if (!incoming.complete) upstream.destroy();
  });
  incoming.pipe(upstream);
}

function createExchange(
  request: ProxiedRequest,
  incoming: IncomingMessage,
  response: ServerResponse,
  open: OpenUpstream,
): Exchange {
  const { socket } = incoming;
  const gone = new Promise<void>((resolve) => {
    if (socket.destroyed) resolve();
    socket.once('close', () => {
      resolve();
    });
  });

  async function read(fraction: number, sink: (chunk: Buffer) => Promise<void>): Promise<void> {
    let left = Math.ceil(request.length * fraction);
    if (left === 0) return;
    for await (const piece of incoming.iterator({ destroyOnReturn: false })) {
      const chunk = piece as Buffer;
      await sink(chunk.subarray(0, left));
      left -= chunk.length;
      if (left <= 0) return;
    }
  }

  return {
    request,
    gone,
    read: (fraction) => read(fraction, () => Promise.resolve()),
    async forward(beforePiece) {
      const upstream = open();
      const answer = replyOf(upstream);
      if (beforePiece === undefined) {
        incoming.pipe(upstream);
        return answer;
      }
      await read(1, async (chunk) => {
        await beforePiece();
        await new Promise<void>((resolve) => {
          upstream.write(chunk, () => {
            resolve();
          });
        });
      });
      upstream.end();
      return answer;
    },
    async forwardCut(bytes) {
      const chunks: Buffer[] = [];
      await read(1, (chunk) => {
        chunks.push(chunk);
        return Promise.resolve();
      });
      const start = Number(/^[0-9]+/.exec(request.headers['content-range'] ?? '')?.[0] ?? 0);
      const upstream = open({ 'content-length': bytes, 'content-range': `${start}-${start + bytes - 1}` });
      upstream.end(Buffer.concat(chunks).subarray(0, bytes));
      return replyOf(upstream);
    },
    async forwardPart(fraction) {
      const upstream = open();
      upstream.flushHeaders();
      await read(
        fraction,
        (chunk) =>
          new Promise((resolve) => {
            upstream.write(chunk, () => {
              resolve();
            });
          }),
      );
      upstream.destroy();
    },
    reply(reply) {
      return new Promise((resolve) => {
        const body = reply.body === undefined ? undefined : Buffer.from(reply.body);
        const length = body === undefined ? {} : { 'content-length': body.length };
        response.writeHead(reply.status, { ...length, ...endToEnd(reply.headers ?? {}) });
        response.end(request.method === 'HEAD' ? undefined : body, () => {
          resolve();
        });
      });
    },
    raw(bytes) {
      return new Promise((resolve) => {
        socket.write(bytes, () => {
          resolve();
        });
      });
    },
    // Node never ends when a socket is reset that is being shut down.
    reset: () => (socket.writableEnded ? socket.destroy() : socket.resetAndDestroy()),
    end: () => socket.end(),
  };
}

function replyOf(upstream: ClientRequest): Promise<UpstreamReply> {
  return new Promise((resolve, reject) => {
    upstream.on('error', reject);
    upstream.on('response', (reply) => {
      const chunks: Buffer[] = [];
      reply.on('data', (chunk: Buffer) => chunks.push(chunk));
      reply.on('error', reject);
      reply.on('end', () => {
        resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body: Buffer.concat(chunks) });
      });
    });
  });
}

/** Headers that came several times stay so. */
function allHeaders(reply: IncomingMessage): OutgoingHttpHeaders {
  const entries = Object.entries(reply.headersDistinct);
  return Object.fromEntries(
    entries.map(([name, values]) => [name, values?.length === 1 ? values[0] : values]),
  );
}

const hopByHop = new Set(['connection', 'keep-alive', 'transfer-encoding']);

function endToEnd(headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  return Object.fromEntries(
    Object.entries(headers).filter(([name, value]) => !hopByHop.has(name) && value !== undefined),
  );
}

function splitQuery(url: string): [string, string] {
  const at = url.indexOf('?');
  return at === -1 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)];
}

function ignore(): void {
  // A broken connection is what this proxy is for.
}

// HTTP: the only place that uses undici. One exchange at a time, no retry, no redirect, no credentials of its own.

import type { LookupFunction } from 'node:net';
import type { Readable } from 'node:stream';
import * as tls from 'node:tls';
import type { Dispatcher } from 'undici';
import { BimaError } from '../../core/errors.ts';
import type { ByteStream } from '../../core/oci/blob.ts';
import { reasonOf } from '../../core/clock.ts';
import type { Endpoint } from './endpoints.ts';
import { isLoopback } from './hosts.ts';
import { networkError } from './network-failure.ts';
import { Agent, EnvHttpProxyAgent } from './undici.ts';
import { createWatch, watchBody } from './watch.ts';
import type { BodyStream, Timeouts } from './watch.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly endpoint: Endpoint;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | BodyStream;
  /** How long the answer may take once the request is sent, in milliseconds; `timeouts.answer` by default. */
  readonly patience?: number;
  readonly signal?: AbortSignal;
}

export type HttpHeaders = Readonly<Record<string, string | string[] | undefined>>;

export interface HttpResponse {
  readonly status: number;
  readonly headers: HttpHeaders;
  /** The body, to be read to its end or given to {@link discard}. Fails as `send` does. */
  readonly body: ByteStream;
  /** Frees the connection without reading on. */
  discard(): Promise<void>;
}

export interface Http {
  /** @throws HttpError for a network failure; what the body throws; the signal's reason */
  send(request: HttpRequest): Promise<HttpResponse>;
  /** Closes the connections at once. */
  close(): Promise<void>;
}

export interface HttpOptions {
  /** Resolves hosts that are reached without a proxy, in place of the system's resolver. */
  readonly lookup?: LookupFunction;
  readonly timeouts: Timeouts;
  readonly userAgent: string;
  readonly tlsVerify?: boolean;
  /** Certificates in PEM, trusted besides the usual roots. */
  readonly ca?: string;
  /** Proxy settings in place of the environment's variables. */
  readonly proxy?: { readonly http?: string; readonly https?: string; readonly noProxy?: string };
}

export function createHttp(options: HttpOptions): Http {
  const { timeouts, userAgent } = options;
  const { direct, proxied } = createAgents(options);
  const served = new Set<string>();

  async function send(request: HttpRequest): Promise<HttpResponse> {
    const { method, endpoint, signal } = request;
    const { hostname, host } = new URL(endpoint.origin);
    const dispatcher = isLoopback(hostname) ? direct : proxied;
    const watch = createWatch(signal);
    const upload = watchBody(request.body, watch, timeouts, request.patience ?? timeouts.answer);
    const fail = (error: unknown, reused = false): unknown => {
      watch.stop();
      if (upload.failure !== undefined) return upload.failure;
      if (signal?.aborted === true) return reasonOf(signal);
      return networkError(error, { method, url: endpoint.shown, host }, reused);
    };
    try {
      signal?.throwIfAborted();
      const pending = dispatcher.request({
        origin: endpoint.origin,
        path: endpoint.path,
        method,
        headers: { 'user-agent': userAgent, ...upload.headers, ...request.headers },
        // The types leave out the iterables that the library's documentation has.
        body: upload.body as Readable | Uint8Array | null,
        signal: watch.signal,
        headersTimeout: 0,
        bodyTimeout: timeouts.stall,
        // undici closes the connection after every HEAD, unless told not to.
        ...(method === 'HEAD' ? { reset: false } : {}),
      });
      const { statusCode, headers, body } = await unlessAborted(pending, watch.signal);
      served.add(endpoint.origin);
      watch.rest();
      body.on('error', () => undefined);
      body.once('close', watch.stop);
      return {
        status: statusCode,
        headers,
        body: readable(body, fail),
        discard: () => discard(body, watch.stop),
      };
    } catch (error) {
      throw fail(error, isReused(error, served.has(endpoint.origin)));
    }
  }

  return {
    send,
    async close() {
      await Promise.all([direct.destroy(), proxied.destroy()]);
    },
  };
}

function createAgents({ timeouts, tlsVerify, ca, proxy, lookup }: HttpOptions): {
  direct: Agent;
  proxied: EnvHttpProxyAgent;
} {
  const connect = {
    timeout: timeouts.connect,
    ...(ca === undefined ? {} : { ca: [...usualRoots(), ca] }),
    ...(tlsVerify === false ? { rejectUnauthorized: false } : {}),
  };
  const shared = {
    connect: lookup === undefined ? connect : { ...connect, lookup },
    // Uploads over HTTP/2 were measured at a fraction of the speed.
    allowH2: false,
    keepAliveTimeout: 50_000,
    // Signed upload locations alone may take 10 KiB.
    maxHeaderSize: 64 * 1024,
  };
  try {
    const proxied = new EnvHttpProxyAgent({
      ...shared,
      requestTls: connect,
      proxyTls: connect,
      proxyTunnel: false,
      ...(proxy === undefined ? {} : { httpProxy: proxy.http ?? '', httpsProxy: proxy.https ?? '' }),
      ...(proxy?.noProxy === undefined ? {} : { noProxy: proxy.noProxy }),
    });
    return { direct: new Agent(shared), proxied };
  } catch {
    // Without the cause: it shows the URL, and with it the proxy's password.
    throw new BimaError(
      'INPUT_INVALID',
      'the proxy variables of the environment hold something that is no URL',
      {
        hint: 'HTTPS_PROXY and HTTP_PROXY look like http://proxy.example:3128',
      },
    );
  }
}

/** Node's own, with those of NODE_EXTRA_CA_CERTS where it tells them. */
function usualRoots(): readonly string[] {
  // Not there before Node 22.15.
  const known: Partial<Pick<typeof tls, 'getCACertificates'>> = tls;
  return known.getCACertificates?.('default') ?? tls.rootCertificates;
}

/** undici notices an abort only once it has a connection. */
function unlessAborted<T>(pending: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      reject(reasonOf(signal));
    };
    signal.addEventListener('abort', abort, { once: true });
    pending.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', abort);
    });
  });
}

async function* readable(body: ByteStream, fail: (error: unknown) => unknown): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
    await nextTurn();
  } catch (error) {
    throw fail(error);
  }
}

async function discard(body: Dispatcher.ResponseData['body'], stop: () => void): Promise<void> {
  try {
    await body.dump({ limit: 64 * 1024 });
    await nextTurn();
  } catch {
    // The connection is gone, which is what was wanted.
  } finally {
    stop();
  }
}

/** undici frees a connection one turn after the end of the body; a request before that opens another one. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function isReused(error: unknown, hasServed: boolean): boolean {
  const socket: unknown = error instanceof Error && 'socket' in error ? error.socket : undefined;
  if (typeof socket !== 'object' || socket === null || !('bytesRead' in socket)) return hasServed;
  return typeof socket.bytesRead === 'number' && socket.bytesRead > 0;
}

// One of sigstore's services on loopback: a function from requests to answers, and faults in front of it.

import { createServer } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

export interface ServiceCall {
  readonly service: string;
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface ServiceAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** What happens to a call: 'lost' is done, and its answer never comes. Undefined: nothing. */
export type ServiceFault = (call: ServiceCall) => ServiceAnswer | 'reset' | 'lost' | undefined;

export interface Service extends AsyncDisposable {
  /** Without a slash at its end. */
  readonly url: string;
}

export async function startService(
  name: string,
  answer: (call: ServiceCall) => ServiceAnswer | Promise<ServiceAnswer>,
  fault: ServiceFault = () => undefined,
): Promise<Service> {
  const server = createServer((request, response) => {
    const reply = async () => {
      const { method = '', url = '/', headers } = request;
      const { pathname, searchParams } = new URL(url, 'http://localhost');
      const body = await buffer(request);
      const call: ServiceCall = { service: name, method, path: pathname, query: searchParams, headers, body };
      const happens = fault(call);
      if (happens === 'reset') {
        request.socket.destroy();
        return;
      }
      const {
        status,
        headers: fields,
        body: content,
      } = typeof happens === 'object' ? happens : await answer(call);
      if (happens === 'lost') {
        request.socket.destroy();
        return;
      }
      response.writeHead(status, { 'content-length': content.length, ...fields }).end(content);
    };
    reply().catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

export function json(status: number, document: unknown): ServiceAnswer {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify(document)),
  };
}

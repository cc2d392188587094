// The faults themselves: which requests they hit, and what happens to those.

import type { OutgoingHttpHeaders } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Act, Fault, ProxiedRequest, UpstreamReply } from './fault-proxy.ts';
import type { Reply } from './registry.ts';
import type { Endpoint } from './registry-endpoint.ts';

/** Hits requests of this kind, such as `on('PUT', 'upload')`. */
export function on(method: string, kind: Endpoint['kind'], name?: string): Fault['when'] {
  return (request: ProxiedRequest) =>
    request.method === method &&
    request.endpoint.kind === kind &&
    (name === undefined || request.endpoint.name === name);
}

/** Hits a POST that asks for a mount, or one that doesn't. */
export function onStart(wanted: 'mount' | 'plain'): Fault['when'] {
  return (request) =>
    on('POST', 'uploads')(request) && /(?:^|&)mount=/.test(request.query) === (wanted === 'mount');
}

/** Hits every request. */
export const onEverything: Fault['when'] = () => true;

/** What networks with a login page, parked domains and websites answer to everything. */
export const loginPage: Reply = {
  status: 200,
  headers: { 'content-type': 'text/html; charset=utf-8' },
  body: '<!doctype html><html><head><title>Welcome to the hotel</title></head><body>Log in</body></html>',
};

/** Takes the whole body and answers in the registry's place. */
export function reply(answer: Reply): Act {
  return async (exchange) => {
    await exchange.read(1);
    await exchange.reply({ headers: { 'content-length': 0 }, ...answer });
  };
}

/** Answers after a part of the body while the client is still sending, then closes. */
export function replyEarly(fraction: number, answer: Reply): Act {
  return async (exchange) => {
    await exchange.read(fraction);
    await exchange.reply({ ...answer, headers: { connection: 'close', ...answer.headers } });
    await Promise.race([exchange.gone, sleep(200)]);
    exchange.end();
  };
}

/** The registry gets a part of the body, then both sides are cut. */
export function resetAt(fraction: number): Act {
  return async (exchange) => {
    await exchange.forwardPart(fraction);
    exchange.reset();
  };
}

/** The registry does its work; its answer is lost. */
export function loseReply(how: 'reset' | 'end' = 'reset'): Act {
  return async (exchange) => {
    await exchange.forward();
    exchange[how]();
  };
}

/** The registry's answer with changes. */
export function rewriteReply(change: (answer: UpstreamReply) => Partial<Reply>): Act {
  return async (exchange) => {
    const answer = await exchange.forward();
    const { status, headers, body } = answer;
    const changed = change(answer);
    const merged: OutgoingHttpHeaders = { ...headers, ...changed.headers };
    if (changed.body !== undefined) delete merged['content-length'];
    await exchange.reply({ status, body, ...changed, headers: merged });
  };
}

/** Bytes in place of an answer, then the end of the connection. */
export function replyRaw(bytes: string | Uint8Array): Act {
  return async (exchange) => {
    await exchange.read(1);
    await exchange.raw(bytes);
    exchange.end();
  };
}

/** Takes a part of the body, then neither reads nor answers. */
export function stallAt(fraction: number): Act {
  return async (exchange) => {
    await exchange.read(fraction);
    await exchange.gone;
  };
}

/** Gives so many bytes of a blob, from where they were asked for, and closes the connection. */
export function replyPiece(bytes: number): Act {
  return async (exchange) => {
    const { status, headers, body } = await exchange.forward();
    const names = ['content-length', 'content-range', 'docker-content-digest'];
    const lines = names.flatMap((name) =>
      headers[name] === undefined ? [] : [`${name}: ${String(headers[name])}\r\n`],
    );
    await exchange.raw(`HTTP/1.1 ${status} \r\n${lines.join('')}\r\n`);
    await exchange.raw(body.subarray(0, bytes));
    exchange.end();
  };
}

/** The registry's answer one byte at a time, each after `pause`. */
export function replySlowly(pause: () => Promise<unknown>): Act {
  return async (exchange) => {
    const { status, headers, body } = await exchange.forward();
    const type = String(headers['content-type']);
    await exchange.raw(
      `HTTP/1.1 ${status} \r\ncontent-type: ${type}\r\ncontent-length: ${body.length}\r\n\r\n`,
    );
    const writes = async () => {
      for (const byte of body) {
        await pause();
        await exchange.raw(Buffer.of(byte));
      }
    };
    await Promise.race([exchange.gone, writes()]);
  };
}

/** An interim answer, which nobody asked for, before the registry's own (RFC 9110, section 15.2). */
export function interim(answer: string): Act {
  return async (exchange) => {
    await exchange.raw(`HTTP/1.1 ${answer}\r\n\r\n`);
    await exchange.reply(await exchange.forward());
  };
}

/** The registry does its work; its answer comes when `until` says so. */
export function delayReply(until: () => Promise<void>): Act {
  return async (exchange) => {
    const answer = await exchange.forward();
    await until();
    await exchange.reply(answer);
  };
}

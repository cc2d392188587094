// The kinds of faults, each with what may vary in it, for runs that draw them at random. A new fault that a test has
// under a name of its own belongs in this table as well.

import type { Act, Fault } from './fault-proxy.ts';
import {
  delayReply,
  loseReply,
  on,
  onStart,
  replyEarly,
  reply,
  replyRaw,
  resetAt,
  rewriteReply,
  stallAt,
} from './faults.ts';
import type { RunOptions } from './fault-run.ts';
import { problem } from './registry.ts';
import type { Chance } from './seeded.ts';

export interface FaultKind {
  readonly name: string;
  readonly draw: (chance: Chance) => Act;
}

type Place = readonly [name: string, when: Fault['when']];

/** What a fault may hit; what every push or pull does is there more often. */
const places: Readonly<Record<'push' | 'pull', readonly Place[]>> = {
  push: [
    ...Array.from({ length: 3 }, (): Place[] => [
      ['HEAD blob', on('HEAD', 'blob')],
      ['POST uploads', on('POST', 'uploads')],
      ['PUT upload', on('PUT', 'upload')],
      ['HEAD manifest', on('HEAD', 'manifest')],
      ['PUT manifest', on('PUT', 'manifest')],
      ['anything', () => true],
    ]).flat(),
    ['GET manifest', on('GET', 'manifest')],
    ['POST uploads with a mount', onStart('mount')],
    ['PATCH upload', on('PATCH', 'upload')],
    ['GET upload', on('GET', 'upload')],
    ['GET referrers', on('GET', 'referrers')],
  ],
  pull: [
    ['GET blob', on('GET', 'blob')],
    ['GET manifest', on('GET', 'manifest')],
    ['anything', () => true],
  ],
};

const passing = [408, 425, 429, 499, 500, 502, 503, 504, 520, 524, 529];
const final = [400, 401, 403, 404, 405, 409, 412, 413, 415, 416, 418, 451, 501, 507];
const codes = [
  'DENIED',
  'UNKNOWN',
  'TOOMANYREQUESTS',
  'BLOB_UNKNOWN',
  'NAME_UNKNOWN',
  'UNSUPPORTED',
  'TAG_INVALID',
];
const garbage = [
  '',
  'HTTP/1.1 201 Crea',
  'HTTP/1.1 201 Created\r\nContent-Length: 0\r\n',
  'SSH-2.0-OpenSSH_9.2\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"schemaVer',
  'HTTP/1.1 503 Unavailable\r\nContent-Length: 500\r\n\r\n{"errors":[{"co',
  'HTTP/1.1 429 Too Many Requests\nContent-Length: 0\n\n',
  '\u0000\u0001\u0002',
];
const waits = ['0', '1', '7', '3600', '99999', '-1', 'soon', 'Wed, 21 Oct 2015 07:28:00 GMT'];
const errorBodies = (chance: Chance, status: number) =>
  chance.pick([
    problem(status, chance.pick(codes), 'because of the test'),
    { status, headers: { 'content-type': 'text/html' }, body: '<html><title>Sorry</title>…</html>' },
    { status, headers: { 'content-type': 'application/json' }, body: '{"errors":' },
    { status, headers: { 'content-length': 0 } },
  ]);

/** Each with an answer that is true to what happened, or a failure that can be seen. */
export const faultKinds: readonly FaultKind[] = [
  { name: 'a passing status', draw: (chance) => reply(errorBodies(chance, chance.pick(passing))) },
  { name: 'a final status', draw: (chance) => reply(errorBodies(chance, chance.pick(final))) },
  {
    name: 'a limited rate',
    draw: (chance) =>
      reply({ status: 429, headers: { 'retry-after': chance.pick(waits), 'content-length': 0 } }),
  },
  {
    name: 'an answer in the middle of the body',
    draw: (chance) => replyEarly(chance.next(), errorBodies(chance, chance.pick(passing))),
  },
  { name: 'a reset', draw: (chance) => resetAt(chance.next()) },
  { name: 'a lost answer', draw: (chance) => loseReply(chance.pick(['reset', 'end'])) },
  { name: 'garbage', draw: (chance) => replyRaw(chance.pick(garbage)) },
  { name: 'a stall', draw: (chance) => stallAt(chance.next()) },
  { name: 'a late answer', draw: () => delayReply(() => new Promise((resolve) => setTimeout(resolve, 30))) },
  {
    name: 'a body cut off',
    draw: (chance) => async (exchange) => {
      await exchange.forwardCut(Math.floor(exchange.request.length * chance.next()));
      exchange.reset();
    },
  },
  {
    name: 'headers that are missing',
    draw: (chance) => {
      const name = chance.pick([
        'location',
        'docker-content-digest',
        'content-type',
        'range',
        'etag',
        'docker-upload-uuid',
      ]);
      return rewriteReply(() => ({ headers: { [name]: undefined } }));
    },
  },
  {
    name: 'headers that are wrong',
    draw: (chance) => {
      const [name, value] = chance.pick([
        ['location', 'http://127.0.0.1:1/elsewhere'],
        ['location', '///'],
        ['location', 'x'.repeat(10_000)],
        ['docker-content-digest', `sha256:${'0'.repeat(64)}`],
        ['docker-content-digest', 'nonsense'],
        ['range', '0-1'],
        ['range', 'bytes'],
        ['content-type', 'text/html'],
        ['www-authenticate', 'Bearer realm="http://127.0.0.1:1/token"'],
        ['warning', '299 - "careful"'],
        ['retry-after', '99999'],
      ] as const);
      return rewriteReply(() => ({ headers: { [name]: value } }));
    },
  },
  {
    name: 'a body that is changed',
    draw: (chance) => {
      const at = chance.next();
      return rewriteReply(({ body }) => {
        const changed = Buffer.from(body);
        const place = Math.floor(at * changed.length);
        if (changed.length > 0) changed[place] = (changed[place] ?? 0) ^ 1;
        return { body: changed };
      });
    },
  },
  {
    name: 'a body that ends early',
    draw: (chance) => {
      const part = chance.next();
      return rewriteReply(({ body }) => ({ body: body.subarray(0, Math.floor(body.length * part)) }));
    },
  },
  {
    name: 'a redirect',
    draw: (chance) => {
      const status = chance.pick([301, 302, 303, 307, 308]);
      const location = chance.pick([
        '/nowhere',
        'http://127.0.0.1:1/',
        'https://127.0.0.1:1/',
        '',
        'ftp://x/',
        '/v2/',
      ]);
      return reply({ status, headers: { location, 'content-length': 0 } });
    },
  },
  {
    name: 'the end of the connection',
    draw:
      () =>
      ({ end }) => {
        end();
      },
  },
];

/** A fault at a place, how often and from when on. */
export function drawFault(
  chance: Chance,
  of: 'push' | 'pull',
): { readonly name: string; readonly fault: Fault } {
  const [place, when] = chance.pick(places[of]);
  const kind = chance.pick(faultKinds);
  const skip = chance.pick([0, 0, 0, 0, 0, 0, 1, 2]);
  const times = chance.pick([1, 1, 1, 2, 3, 7, Infinity]);
  return {
    name: `${kind.name} at ${place}, ${times} times after ${skip}`,
    fault: { when, skip, times, act: kind.draw(chance) },
  };
}

/** What registries do differently without being wrong. */
export function drawRegistry(chance: Chance): NonNullable<RunOptions['registry']> {
  return {
    mounts: chance.pick(['granted', 'ignored']),
    referrers: chance.isLuck(0.5),
    queryTags: chance.pick([0, 0, 1, 10]),
    // An absolute one would lead past the proxy.
    locations: chance.pick(['relative', 'relative', 'foreign']),
    cdn: chance.isLuck(0.3),
    uploadStatus: chance.isLuck(0.5),
    ...(chance.isLuck(0.15) ? { maxBody: 2000 } : {}),
  };
}

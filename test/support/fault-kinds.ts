// The kinds of faults, each with what may vary in it, for runs that draw them at random. A new fault that a test has
// under a name of its own belongs in this table as well.

import type { OutgoingHttpHeaders } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Act, Fault } from './fault-proxy.ts';
import { formsOf } from '../../src/adapters/http/secret-forms.ts';
import {
  delayReply,
  interim,
  loginPage,
  loseReply,
  on,
  onStart,
  replyEarly,
  reply,
  replyPiece,
  replySlowly,
  replyRaw,
  resetAt,
  rewriteReply,
  stallAt,
} from './faults.ts';
import { user } from './fault-run.ts';
import type { RunOptions } from './fault-run.ts';
import { problem } from './registry.ts';
import type { Chance } from './seeded.ts';

export interface FaultKind {
  readonly name: string;
  /** The faults of docs/registry.md that it is, or may come to. */
  readonly of: readonly string[];
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
    [
      'PUT of a fallback tag',
      (request) => on('PUT', 'manifest')(request) && request.path.includes('/sha256-'),
    ],
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
  {
    name: 'a passing status',
    of: ['passing status', 'HEAD refused', 'mount refused', 'POST refused'],
    draw: (chance) => reply(errorBodies(chance, chance.pick(passing))),
  },
  {
    name: 'a final status',
    of: [
      'final status',
      'HEAD refused',
      'mount refused',
      'POST refused',
      '403',
      'tag refused',
      'body too large',
      '416',
      'unknown upload',
      '401 forever',
    ],
    draw: (chance) => reply(errorBodies(chance, chance.pick(final))),
  },
  {
    name: 'a limited rate',
    of: ['429', '429 on all blobs'],
    draw: (chance) =>
      reply({ status: 429, headers: { 'retry-after': chance.pick(waits), 'content-length': 0 } }),
  },
  {
    name: 'an answer in the middle of the body',
    of: ['early answer'],
    draw: (chance) => replyEarly(chance.next(), errorBodies(chance, chance.pick(passing))),
  },
  { name: 'a reset', of: ['reset in a body', 'stale connection'], draw: (chance) => resetAt(chance.next()) },
  {
    name: 'a lost answer',
    of: ['lost answer', 'lost answer to a manifest', 'session lost between chunks'],
    draw: (chance) => loseReply(chance.pick(['reset', 'end'])),
  },
  {
    name: 'garbage',
    of: ['answer cut off', '429 that is not HTTP'],
    draw: (chance) => replyRaw(chance.pick(garbage)),
  },
  { name: 'a stall', of: ['stall'], draw: (chance) => stallAt(chance.next()) },
  {
    name: 'a late answer',
    of: ['slow commit'],
    draw: () => delayReply(() => new Promise((resolve) => setTimeout(resolve, 30))),
  },
  {
    name: 'a body cut off',
    of: ['reset in a body'],
    draw: (chance) => async (exchange) => {
      await exchange.forwardCut(Math.floor(exchange.request.length * chance.next()));
      exchange.reset();
    },
  },
  {
    name: 'headers that are missing',
    of: ['odd number of Locations', 'digest of a manifest', 'subject not kept'],
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
    of: ['Location on another host', 'long Location', 'digest of a manifest', 'warning', 'malformed realm'],
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
    of: ['blob cut off or changed'],
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
    of: ['blob cut off or changed'],
    draw: (chance) => {
      const part = chance.next();
      return rewriteReply(({ body }) => ({ body: body.subarray(0, Math.floor(body.length * part)) }));
    },
  },
  {
    name: 'a redirect',
    of: ['redirect of a body', 'redirect that loses the body', 'CDN'],
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
    of: ['stale connection'],
    draw:
      () =>
      ({ end }) => {
        end();
      },
  },
  { name: 'a login page', of: ['body of an error'], draw: () => reply(loginPage) },
  {
    name: 'success that is untrue',
    of: ['HEAD that is untrue', 'mount that is untrue', 'PUT without a 201'],
    draw: (chance) => {
      const status = chance.pick([200, 201, 202, 204]);
      const headers = chance.pick([{}, { location: '/' }, { 'docker-content-digest': 'sha256:' }]);
      return reply({ status, headers: { 'content-length': 0, ...headers } });
    },
  },
  {
    name: 'another length',
    of: ['HEAD with a wrong length'],
    draw: (chance) => {
      const length = chance.int(0, 5000);
      return async (exchange) => {
        const answer = await exchange.forward();
        const isHead = exchange.request.method === 'HEAD';
        await exchange.reply({
          ...answer,
          headers: { ...answer.headers, ...(isHead ? { 'content-length': length } : {}) },
        });
      };
    },
  },
  {
    name: 'a Location in another form',
    of: ['Location of another form', 'Location with a query', 'odd number of Locations'],
    draw: (chance) => {
      const form = chance.int(0, 4);
      return async (exchange) => {
        const answer = await exchange.forward();
        const { location = '', ...others } = answer.headers;
        const { host = '' } = exchange.request.headers;
        const forms = [
          `http://${host}${location}`,
          `//${host}${location}`,
          [location, location],
          `${location}#x`,
        ];
        const isOwn = location.startsWith('/') && !location.startsWith('//');
        const changed = { ...others, location: forms[form] ?? '' } as OutgoingHttpHeaders;
        await exchange.reply({ ...answer, headers: isOwn ? changed : answer.headers });
      };
    },
  },
  {
    name: 'a code of the specification',
    of: [
      'unknown upload',
      'invalid upload',
      'digest refused',
      'PATCH wanted',
      'missing child',
      'missing blob',
      'immutable tag',
      '416',
      'large manifest',
      'body too large',
      'one blob fails',
    ],
    draw: (chance) => {
      const [status, code] = chance.pick([
        [404, 'NAME_UNKNOWN'],
        [404, 'BLOB_UPLOAD_UNKNOWN'],
        [400, 'BLOB_UPLOAD_INVALID'],
        [400, 'DIGEST_INVALID'],
        [404, 'BLOB_UNKNOWN'],
        [404, 'MANIFEST_BLOB_UNKNOWN'],
        [404, 'MANIFEST_UNKNOWN'],
        [400, 'MANIFEST_INVALID'],
        [400, 'TAG_IMMUTABLE'],
        [409, 'TAG_IMMUTABLE'],
        [403, 'DENIED'],
        [413, 'SIZE_INVALID'],
        [416, 'RANGE_INVALID'],
        [412, 'UNKNOWN'],
      ] as const);
      return reply(problem(status, code, 'because of the test'));
    },
  },
  {
    name: 'a 401',
    of: [
      'missing challenge',
      'malformed realm',
      'realm that is not safe',
      'realm of another host',
      'several challenges',
      '401 within a body',
      '401 forever',
      'Basic',
    ],
    draw: (chance) => {
      const challenge = chance.pick([
        [],
        'Basic realm="x"',
        'Bearer',
        'Bearer realm="null://registry"',
        'Bearer realm="https://[broken"',
        'Bearer realm="http://169.254.169.254/token"',
        'Bearer realm="https://127.0.0.1:1/token"',
        'Bearer error="insufficient_scope"',
        ['Negotiate', 'Basic realm="a, Bearer b"'],
        `${user.name} realm="x"`,
      ]);
      const answer = { status: 401, headers: { 'content-length': 0, 'www-authenticate': challenge } };
      return chance.isLuck(0.5) ? reply(answer) : replyEarly(chance.next(), answer);
    },
  },
  {
    name: 'a secret that is repeated',
    of: ['secret', 'body of an error', 'warning'],
    draw: (chance) => {
      const status = chance.pick([401, 403, 418, 500]);
      const text = chance.pick(formsOf(user.password).filter((form) => form.length >= 4));
      const place = chance.int(0, 2);
      return async (exchange) => {
        // Who wasn't sent it can't repeat it.
        const sent = /\S+$/.exec(exchange.request.headers.authorization ?? '')?.[0];
        const said = sent === undefined || place === 1 ? (sent ?? 'nothing') : text;
        const escaped = encodeURIComponent(said);
        const headers =
          place === 2
            ? { 'x-request-id': escaped, warning: `299 - "no ${escaped}"`, location: `/${escaped}` }
            : {};
        await exchange.read(1);
        await exchange.reply({
          ...problem(status, 'UNKNOWN', `no ${said}`),
          ...(place === 2 ? { headers } : {}),
        });
      };
    },
  },
  {
    name: 'an interim answer',
    of: [],
    draw: (chance) => interim(chance.pick(['100 Continue', '102 Processing', '103 Early Hints'])),
  },
  {
    name: 'a slow line',
    of: ['slow line'],
    draw: () => replySlowly(() => sleep(1)),
  },
  {
    name: 'a piece of the answer',
    of: ['blob cut off or changed'],
    draw: (chance) => replyPiece(chance.int(0, 2000)),
  },
  {
    name: 'a part that is taken',
    of: ['chunk taken in part'],
    draw: (chance) => {
      const part = chance.next();
      return async (exchange) => {
        await exchange.reply(await exchange.forwardCut(Math.floor(exchange.request.length * part)));
      };
    },
  },
  {
    name: 'another Range',
    of: ['ranges of chunks', 'chunk taken in part'],
    draw: (chance) => {
      const range = chance.pick(['0-0', '0--1', 'bytes=0-1499', '0-1500', '0-749', '']);
      return rewriteReply(() => ({ headers: { range: range === '' ? undefined : range } }));
    },
  },
  {
    name: 'a claim of tags',
    of: ['tags in one request', 'subject kept without referrers'],
    draw: () =>
      rewriteReply(() => ({ headers: { 'oci-tag': ['v1', 'v2', 'v3'], 'oci-subject': 'sha256:0' } })),
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

/** What registries do differently without being wrong, and what their operators set. */
export function drawRegistry(chance: Chance): NonNullable<RunOptions['registry']> {
  return {
    mounts: chance.pick(['granted', 'ignored']),
    referrers: chance.isLuck(0.5),
    ...(chance.isLuck(0.2) ? { subjectHeader: chance.isLuck(0.5) } : {}),
    queryTags: chance.pick([0, 0, 1, 10]),
    immutableTags: chance.isLuck(0.05),
    // An absolute one would lead past the proxy.
    locations: chance.pick(['relative', 'relative', 'foreign']),
    cdn: chance.isLuck(0.3),
    uploadStatus: chance.isLuck(0.5),
    ...(chance.isLuck(0.15) ? { maxBody: 2000 } : {}),
    ...(chance.isLuck(0.1) ? { chunkMinLength: chance.pick([1, 1000, 100_000]) } : {}),
  };
}

/** What {@link drawRegistry} may come to. */
export const registryFaults: readonly string[] = [
  'mount granted',
  'mount ignored',
  'immutable tag',
  'tags in one request',
  'Location on another host',
  'CDN',
  'body too large',
  'minimum length of chunks',
  'subject not kept',
  'subject kept without referrers',
  'fallback tag',
];

/** A token service, in trouble now and then. */
export function drawTokens(chance: Chance): NonNullable<RunOptions['tokens']> {
  const trouble = chance.pick([
    { status: 429, headers: { 'retry-after': chance.pick(waits), 'content-length': 0 } },
    { status: chance.pick([400, 403, 404, 500, 503]), headers: { 'content-length': 0 } },
    { status: 200, body: chance.pick(['', '{}', '{"token":""}', '{"token":"a b"}', '[', '<html>']) },
    loginPage,
  ]);
  let left = chance.pick([0, 0, 0, 1, 2, Infinity]);
  return {
    user,
    lifetime: chance.pick([300, 300, 60, 1]),
    validAfter: chance.pick([0, 0, 1]),
    ...(chance.isLuck(0.2) ? { postStatus: chance.pick([401, 404, 405]) } : {}),
    ...(chance.isLuck(0.2)
      ? { reply: (document) => ({ ...document, expires_in: chance.pick([null, '300', -1, 'soon']) }) }
      : {}),
    ...(chance.isLuck(0.1) ? { grant: () => 'refused' } : {}),
    intercept: () => (left-- > 0 ? trouble : undefined),
  };
}

/** What {@link drawTokens} may come to. */
export const tokenFaults: readonly string[] = [
  'Bearer',
  'identity token',
  'token service at its limit',
  'token service in trouble',
  'odd token answer',
  'token that runs out',
  'token for pull only',
];

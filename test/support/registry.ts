// A strict registry for the tests: the OCI distribution specification 1.1, plus tags by query, on loopback.
// It answers as the specification says, and notes every request that breaks one of its rules.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, OutgoingHttpHeaders, RequestListener, Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { isDigest } from '../../src/core/oci/digest.ts';
import type { Digest } from '../../src/core/oci/digest.ts';
import { parseEndpoint } from './registry-endpoint.ts';
import type { Endpoint } from './registry-endpoint.ts';
import { createManifestHandlers } from './registry-manifests.ts';
import { createStore } from './registry-store.ts';
import type { RegistryStore } from './registry-store.ts';

export interface Access {
  readonly repository: string;
  readonly action: 'pull' | 'push' | 'delete';
}

export interface RegistryAuth {
  /** The values of `WWW-Authenticate` on a 401, one header each. */
  challenge(needed: readonly Access[], sent: string | undefined): readonly string[];
  allows(authorization: string | undefined, needed: readonly Access[]): boolean;
}

export interface Reply {
  readonly status: number;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Uint8Array;
}

export interface RecordedRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** As sent, without the question mark; empty for none. */
  readonly query: string;
  readonly headers: IncomingMessage['headers'];
  /** True for a request to the second origin. */
  readonly foreign: boolean;
  /** Bytes of body that came in so far. */
  readonly received: number;
  /** Of the answer; undefined while there is none. */
  readonly status: number | undefined;
}

export interface Violation {
  /** A short name, such as `content-length-missing`. */
  readonly rule: string;
  readonly request: string;
}

export interface RegistryOptions {
  readonly store?: RegistryStore;
  readonly auth?: RegistryAuth;
  readonly tls?: { readonly key: string; readonly cert: string };
  /** `granted` (the default) mounts what the source repository holds; `ignored` answers with a session. */
  readonly mounts?: 'granted' | 'ignored';
  readonly referrers?: boolean;
  /** Whether `OCI-Subject` is sent; as `referrers` by default. */
  readonly subjectHeader?: boolean;
  /** How many `?tag=` are taken; none by default. */
  readonly queryTags?: number;
  readonly immutableTags?: boolean;
  /**
   * What DELETE takes; nothing by default. `digests` alone answers 400 to a tag, as distribution 2.8 does; `whole`
   * takes the manifest away with the tag, which is wrong; `untagged` deletes no manifest that still has a tag; `entries`
   * serves by its tags what is deleted by its digest, until they are deleted too, as `crane registry` does.
   */
  readonly deletes?: 'none' | 'digests' | 'tags' | 'whole' | 'untagged' | 'entries';
  /** How many tags a page of their list has at most; 100 by default. */
  readonly tagsPerPage?: number;
  /** Writes the Link headers of a page in another way; `path` is that of the next page, undefined for the last. */
  readonly links?: (path: string | undefined) => string | string[] | undefined;
  readonly chunkMinLength?: number;
  /** A larger body gets 413 and an HTML page, as from a proxy in front. */
  readonly maxBody?: number;
  /** Blobs above this size are hashed and counted, not kept. */
  readonly keepUpTo?: number;
  readonly locations?: 'relative' | 'absolute' | 'foreign';
  /** The query of an upload's Location, round a signature; an awkward one by default, empty for none. */
  readonly uploadQuery?: (signature: string) => string;
  /** Writes the Location header for a path and query in another way. */
  readonly location?: (path: string) => string | string[];
  /** The base of `foreign` locations and of CDN redirects, when they are to name another host. */
  readonly foreignBase?: string;
  /** Blob GETs are redirected (307) to the second origin, with a signed query. */
  readonly cdn?: boolean;
  /** Whether GET of an upload answers; 405 otherwise. */
  readonly uploadStatus?: boolean;
  /** Answers a request in the registry's place; its body is not read. */
  readonly intercept?: (request: RecordedRequest) => Reply | undefined;
}

export interface Registry extends AsyncDisposable {
  /** `127.0.0.1:<port>`, as in a reference. */
  readonly host: string;
  readonly origin: string;
  /** A second origin with the same content, for uploads and downloads elsewhere. */
  readonly foreignOrigin: string;
  readonly store: RegistryStore;
  readonly requests: readonly RecordedRequest[];
  readonly violations: readonly Violation[];
  /** Every signed query that was given out: none may show in a log. */
  readonly secrets: readonly string[];
  /** Uploads that were begun and neither finished nor deleted. */
  openUploads(): number;
  /** Bytes of blob bodies that came in, also of those that were not finished. */
  uploadedBytes(): number;
  count(method: string, path: RegExp): number;
  /** Fails when a rule was broken, except for the named ones. */
  assertRules(...except: readonly string[]): void;
  close(): Promise<void>;
}

interface Upload {
  readonly id: string;
  readonly repository: string;
  /** Path and query of the newest Location: the only one that may be used. */
  location: string;
  hash: Hash;
  chunks: Buffer[];
  size: number;
  /** A chunk below the minimum length was sent, so it must have been the last. */
  shortChunk: boolean;
  done: boolean;
}

/** What a handler sees of a request. */
export interface Call {
  readonly endpoint: Endpoint;
  readonly record: RecordedRequest;
  readonly query: URLSearchParams;
  violate(rule: string): void;
  /** Reads the body, gives each piece away, and tells whether it came whole. */
  read(sink: (chunk: Buffer) => void): Promise<boolean>;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

const keptByDefault = 64 * 1024 * 1024;
/** The first byte of a TLS connection. */
const tlsHandshake = 0x16;

export async function startRegistry(options: RegistryOptions = {}): Promise<Registry> {
  const store = options.store ?? createStore();
  const requests: RecordedRequest[] = [];
  const violations: Violation[] = [];
  const secrets: string[] = [];
  const uploads = new Map<string, Upload>();
  const keepUpTo = options.keepUpTo ?? keptByDefault;
  const manifests = createManifestHandlers(store, options);

  const origins = { main: '', foreign: '' };

  function sign(): string {
    const signature = randomBytes(12).toString('hex');
    secrets.push(signature);
    const query = (options.uploadQuery ?? awkwardQuery)(signature);
    return query === '' ? '' : `?${query}`;
  }

  function locate(upload: Upload): string | string[] {
    upload.location = `/v2/${upload.repository}/blobs/uploads/${upload.id}${sign()}`;
    if (options.location !== undefined) return options.location(upload.location);
    if (options.locations === 'foreign') return (options.foreignBase ?? origins.foreign) + upload.location;
    return options.locations === 'absolute' ? origins.main + upload.location : upload.location;
  }

  function accepted(upload: Upload, status = 202): Reply {
    return {
      status,
      headers: {
        location: locate(upload) as string,
        range: `0-${Math.max(upload.size - 1, 0)}`,
        'docker-upload-uuid': upload.id,
        'content-length': 0,
        ...(options.chunkMinLength === undefined || upload.size > 0
          ? {}
          : { 'oci-chunk-min-length': options.chunkMinLength }),
      },
    };
  }

  function openUpload(repository: string): Upload {
    const upload: Upload = {
      id: randomBytes(8).toString('hex'),
      repository,
      location: '',
      hash: createHash('sha256'),
      chunks: [],
      size: 0,
      shortChunk: false,
      done: false,
    };
    uploads.set(upload.id, upload);
    return upload;
  }

  function append(upload: Upload, chunk: Buffer): void {
    upload.hash.update(chunk);
    upload.size += chunk.length;
    if (upload.size <= keepUpTo) upload.chunks.push(chunk);
    else upload.chunks = [];
  }

  function finish(upload: Upload, digest: Digest): Reply {
    upload.done = true;
    uploads.delete(upload.id);
    const actual = `sha256:${upload.hash.digest('hex')}`;
    if (actual !== digest) return problem(400, 'DIGEST_INVALID', `the content has ${actual}`);
    store.repository(upload.repository).blobs.set(digest, {
      size: upload.size,
      bytes: upload.size <= keepUpTo ? Buffer.concat(upload.chunks) : undefined,
    });
    return {
      status: 201,
      headers: {
        location: `/v2/${upload.repository}/blobs/${digest}`,
        'docker-content-digest': digest,
        'content-length': 0,
      },
    };
  }

  async function startUpload(call: Call): Promise<Reply> {
    const { repository } = call.endpoint;
    const { query } = call;
    for (const name of query.keys()) {
      if (!['mount', 'from', 'digest'].includes(name)) call.violate('upload-query-unknown');
    }
    if (query.has('from') && !query.has('mount')) call.violate('from-without-mount');
    if (call.record.headers['content-length'] === undefined) call.violate('content-length-missing');

    const single = query.get('digest');
    if (single !== null) {
      checkBlobType(call);
      const upload = openUpload(repository);
      if (
        !(await call.read((chunk) => {
          append(upload, chunk);
        }))
      )
        return problem(400, 'SIZE_INVALID');
      return isDigest(single) ? finish(upload, single) : problem(400, 'DIGEST_INVALID');
    }
    if (![undefined, '0'].includes(call.record.headers['content-length'])) {
      call.violate('upload-start-with-body');
    }
    await call.read(() => undefined);

    const mount = query.get('mount');
    if (mount !== null) {
      if (!isDigest(mount)) return problem(400, 'DIGEST_INVALID');
      const from = query.get('from');
      const held = from === null ? undefined : store.repository(from).blobs.get(mount);
      if (held !== undefined && options.mounts !== 'ignored') {
        store.repository(repository).blobs.set(mount, held);
        const location = `/v2/${repository}/blobs/${mount}`;
        return {
          status: 201,
          headers: { location, 'docker-content-digest': mount, 'content-length': 0 },
        };
      }
    }
    return accepted(openUpload(repository));
  }

  /** The upload that a request belongs to, provided that it uses the newest Location byte for byte. */
  function uploadOf(call: Call, query: string): Upload | Reply {
    const upload = uploads.get(call.endpoint.name);
    if (upload === undefined) return problem(404, 'BLOB_UPLOAD_UNKNOWN', 'no such upload');
    const { path } = call.record;
    const used = query === '' ? path : `${path}?${query}`;
    // A Location that ends in an ampersand needs no other before the digest.
    if (used !== upload.location && `${used}&` !== upload.location) call.violate('location-altered');
    return upload;
  }

  async function patchUpload(call: Call): Promise<Reply> {
    const upload = uploadOf(call, call.record.query);
    if (!isUpload(upload)) return drained(call, upload);
    checkBlobType(call);
    const refused = checkRange(call, upload, 'patch-without-range');
    if (refused !== undefined) return drained(call, refused);
    const before = upload.size;
    const whole = await call.read((chunk) => {
      append(upload, chunk);
    });
    if (!whole) return problem(400, 'SIZE_INVALID');
    if (options.chunkMinLength !== undefined && upload.size - before < options.chunkMinLength) {
      upload.shortChunk = true;
    }
    return accepted(upload);
  }

  async function putUpload(call: Call): Promise<Reply> {
    const { query } = call.record;
    const digests = [...query.matchAll(/(?:^|&)digest=([^&]*)/g)].map((match) =>
      decodeURIComponent(match[1] ?? ''),
    );
    const [digest] = digests;
    if (digest === undefined || !isDigest(digest)) {
      call.violate('put-without-digest');
      return drained(call, problem(400, 'DIGEST_INVALID'));
    }
    const upload = uploadOf(call, query.replace(/(?:^|&)digest=[^&]*$/, ''));
    if (!isUpload(upload)) return drained(call, upload);
    const { headers } = call.record;
    if (headers['content-length'] === undefined) call.violate('content-length-missing');
    if (headers['content-length'] !== '0') {
      checkBlobType(call);
      const refused = checkRange(call, upload, upload.size > 0 ? 'session-replayed' : undefined);
      if (refused !== undefined) return drained(call, refused);
    }
    if (
      !(await call.read((chunk) => {
        append(upload, chunk);
      }))
    )
      return problem(400, 'SIZE_INVALID');
    return finish(upload, digest);
  }

  function checkRange(call: Call, upload: Upload, whenMissing: string | undefined): Reply | undefined {
    const { headers } = call.record;
    const length = headers['content-length'];
    if (length === undefined) call.violate('content-length-missing');
    if (upload.shortChunk && length !== '0') call.violate('chunk-too-small');
    const range = headers['content-range'];
    if (range === undefined) {
      if (upload.size > 0 && whenMissing !== undefined) call.violate(whenMissing);
      return undefined;
    }
    const match = /^([0-9]+)-([0-9]+)$/.exec(range);
    if (match === null) {
      call.violate('content-range-format');
      return problem(416, 'BLOB_UPLOAD_INVALID');
    }
    const [start, end] = [Number(match[1]), Number(match[2])];
    if (length !== undefined && end - start + 1 !== Number(length)) call.violate('content-range-length');
    if (start === upload.size) return undefined;
    call.violate('chunk-out-of-order');
    const { headers: progress } = accepted(upload);
    return { ...problem(416, 'BLOB_UPLOAD_INVALID'), headers: { ...progress, 'content-length': undefined } };
  }

  function uploadStatus(call: Call): Reply {
    const upload = uploadOf(call, call.record.query);
    if (!isUpload(upload)) return upload;
    return options.uploadStatus === false ? problem(405, 'UNSUPPORTED') : accepted(upload, 204);
  }

  function deleteUpload(call: Call): Reply {
    const upload = uploadOf(call, call.record.query);
    if (!isUpload(upload)) return upload;
    uploads.delete(upload.id);
    return { status: 204 };
  }

  function readBlob(call: Call): Reply {
    const { repository, name } = call.endpoint;
    if (call.query.size > 0 && !call.record.foreign) call.violate('blob-query');
    if (!isDigest(name)) return problem(400, 'DIGEST_INVALID');
    const blob = store.repository(repository).blobs.get(name);
    if (blob === undefined) return problem(404, 'BLOB_UNKNOWN', 'blob unknown to registry');
    if (call.record.method === 'GET' && options.cdn === true && !call.record.foreign) {
      const base = options.foreignBase ?? origins.foreign;
      const location = `${base}/v2/${repository}/blobs/${name}${sign()}`;
      return { status: 307, headers: { location, 'content-length': 0 } };
    }
    const headers = { 'content-type': 'application/octet-stream', 'docker-content-digest': name };
    if (call.record.method === 'HEAD') {
      return { status: 200, headers: { ...headers, 'content-length': blob.size } };
    }
    if (blob.bytes === undefined) return problem(500, 'UNKNOWN', 'this blob was too large to keep');
    return rangeOf(blob.bytes, call.record.headers.range, headers);
  }

  function route(call: Call): Promise<Reply> | Reply {
    const { kind } = call.endpoint;
    const { method } = call.record;
    const key = `${method} ${kind}`;
    switch (key) {
      case 'GET base':
        return { status: 200, headers: { 'docker-distribution-api-version': 'registry/2.0' }, body: '{}' };
      case 'POST uploads':
        return startUpload(call);
      case 'PATCH upload':
        return patchUpload(call);
      case 'PUT upload':
        return putUpload(call);
      case 'GET upload':
        return uploadStatus(call);
      case 'DELETE upload':
        return deleteUpload(call);
      case 'HEAD blob':
      case 'GET blob':
        return readBlob(call);
      default:
        break;
    }
    const handler = manifests[key];
    if (handler !== undefined) return handler(call);
    call.violate('endpoint-unknown');
    return problem(kind === 'unknown' ? 404 : 405, 'UNSUPPORTED');
  }

  function listener(foreign: boolean): RequestListener {
    return (request, response) => {
      const [path, query] = splitOnce(request.url ?? '', '?');
      const method = request.method ?? '';
      const record: Mutable<RecordedRequest> = {
        method,
        path,
        query,
        headers: request.headers,
        foreign,
        received: 0,
        status: undefined,
      };
      requests.push(record);
      const call: Call = {
        endpoint: parseEndpoint(path),
        record,
        query: new URLSearchParams(query),
        violate: (rule) => {
          violations.push({ rule, request: `${method} ${request.url ?? ''}` });
        },
        read: (sink) => readBody(request, record, sink),
      };
      const answer = async (): Promise<void> => {
        const reply = options.intercept?.(record) ?? checkRequest(call, options) ?? (await route(call));
        record.status = reply.status;
        const body = reply.body === undefined ? undefined : Buffer.from(reply.body);
        const headers = {
          ...(body === undefined ? {} : { 'content-length': body.length }),
          ...reply.headers,
        };
        for (const [name, value] of Object.entries(headers)) {
          if (value !== undefined) response.setHeader(name, value);
        }
        response.writeHead(reply.status);
        response.end(method === 'HEAD' ? undefined : body);
      };
      answer().catch((error: unknown) => {
        call.violate(`the registry failed: ${String(error)}`);
        response.destroy();
      });
    };
  }

  const main = await ready(listen(options, listener(false)));
  const foreign = await ready(listen(options, listener(true)));
  for (const server of [main, foreign]) {
    server.on('clientError', (error: NodeJS.ErrnoException & { rawPacket?: Buffer }, socket) => {
      // A client that tries TLS first gets what Go's servers say; it is no fault of it.
      const isTls = error.rawPacket?.[0] === tlsHandshake;
      if (!isTls && error.code?.startsWith('HPE_') === true && error.code !== 'HPE_INVALID_EOF_STATE') {
        violations.push({ rule: 'bytes-are-no-request', request: error.code });
      }
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    });
  }
  const scheme = options.tls === undefined ? 'http' : 'https';
  const hostOf = (server: Server) => `127.0.0.1:${(server.address() as AddressInfo).port}`;
  origins.main = `${scheme}://${hostOf(main)}`;
  origins.foreign = `${scheme}://${hostOf(foreign)}`;

  async function close(): Promise<void> {
    await Promise.all([main, foreign].map(stop));
  }

  return {
    host: hostOf(main),
    origin: origins.main,
    foreignOrigin: origins.foreign,
    store,
    requests,
    violations,
    secrets,
    openUploads: () => uploads.size,
    uploadedBytes: () =>
      requests
        .filter(({ path }) => path.includes('/blobs/uploads/'))
        .reduce((sum, { received }) => sum + received, 0),
    count: (method, path) =>
      requests.filter((request) => request.method === method && path.test(request.path)).length,
    assertRules: (...except) => {
      assert.deepEqual(
        violations.filter(({ rule }) => !except.includes(rule)),
        [],
        'the registry saw requests that break a rule',
      );
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Unsorted, with what a parser would write otherwise: %2f, +, an empty value, a name without a value. */
function awkwardQuery(signature: string): string {
  return `z=1&_state=${signature}%2f%2B+a~b&empty=&bare&a=%3d%3D`;
}

/** What holds for every request, before it is looked at more closely. */
function checkRequest(call: Call, options: RegistryOptions): Reply | undefined {
  const { headers, foreign, method } = call.record;
  const { endpoint, query } = call;
  if (headers.host === undefined) call.violate('host-missing');
  if (headers['transfer-encoding'] !== undefined) call.violate('content-length-missing');
  if (headers.cookie !== undefined) call.violate('cookie-sent');
  // Artifactory answers 406 to an Accept header on uploads.
  if (endpoint.kind.startsWith('upload') && ![undefined, '*/*'].includes(headers.accept)) {
    call.violate('accept-on-upload');
  }
  const { authorization } = headers;
  if (foreign) {
    if (authorization !== undefined) call.violate('authorization-abroad');
    return undefined;
  }
  if (options.auth === undefined) {
    if (authorization !== undefined) call.violate('authorization-unasked');
    return undefined;
  }
  const needed = accessFor(endpoint, method, query);
  if (options.auth.allows(authorization, needed)) return undefined;
  return {
    ...problem(401, 'UNAUTHORIZED', 'authentication required'),
    headers: {
      'www-authenticate': [...options.auth.challenge(needed, authorization)],
      'content-type': 'application/json',
    },
  };
}

function accessFor(endpoint: Endpoint, method: string, query: URLSearchParams): Access[] {
  const { repository } = endpoint;
  if (repository === '') return [];
  if (method === 'GET' && endpoint.kind === 'upload') return [{ repository, action: 'push' }];
  if (method === 'GET' || method === 'HEAD') return [{ repository, action: 'pull' }];
  const from = query.get('from');
  if (method === 'DELETE' && endpoint.kind === 'manifest') return [{ repository, action: 'delete' }];
  return [
    { repository, action: 'pull' },
    { repository, action: 'push' },
    ...(from === null ? [] : [{ repository: from, action: 'pull' } as const]),
  ];
}

/** An error answer in the form of the specification. */
export function problem(status: number, code: string, message = code.toLowerCase(), detail?: unknown): Reply {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ errors: [{ code, message, ...(detail === undefined ? {} : { detail }) }] }),
  };
}

function isUpload(value: Upload | Reply): value is Upload {
  return 'hash' in value;
}

async function drained(call: Call, reply: Reply): Promise<Reply> {
  await call.read(() => undefined);
  return reply;
}

function checkBlobType(call: Call): void {
  if (call.record.headers['content-type'] !== 'application/octet-stream') call.violate('blob-content-type');
}

function rangeOf(bytes: Buffer, range: string | undefined, headers: OutgoingHttpHeaders): Reply {
  if (range === undefined)
    return { status: 200, headers: { ...headers, 'accept-ranges': 'bytes' }, body: bytes };
  const match = /^bytes=([0-9]+)-([0-9]*)$/.exec(range);
  const start = Number(match?.[1]);
  const end = match?.[2] === '' ? bytes.length - 1 : Math.min(Number(match?.[2]), bytes.length - 1);
  if (match === null || start > end) {
    return { status: 416, headers: { 'content-range': `bytes */${bytes.length}`, 'content-length': 0 } };
  }
  return {
    status: 206,
    headers: { ...headers, 'content-range': `bytes ${start}-${end}/${bytes.length}` },
    body: bytes.subarray(start, end + 1),
  };
}

/** Gives the body away piece by piece; false when the client broke off. */
function readBody(
  request: IncomingMessage,
  record: Mutable<RecordedRequest>,
  sink: (chunk: Buffer) => void,
): Promise<boolean> {
  return new Promise((resolve) => {
    request.on('data', (chunk: Buffer) => {
      record.received += chunk.length;
      sink(chunk);
    });
    request.on('end', () => {
      resolve(true);
    });
    request.on('error', () => {
      resolve(false);
    });
    request.on('close', () => {
      resolve(request.complete);
    });
  });
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function listen(options: RegistryOptions, handler: RequestListener): Server {
  const server = options.tls === undefined ? createServer(handler) : createTlsServer(options.tls, handler);
  // A test decides itself how long something takes.
  server.requestTimeout = 0;
  return server;
}

function ready(server: Server): Promise<Server> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      resolve(server);
    });
  });
}

async function stop(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}

// The strict registry itself: a rule that it doesn't see broken would make every test that relies on it worthless.

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { digestOf } from '../../src/core/oci/digest.ts';
import { encodeJson } from '../../src/core/oci/json.ts';
import { mediaTypes } from '../../src/core/oci/media-types.ts';
import { startRegistry } from './registry.ts';
import type { Registry, RegistryOptions } from './registry.ts';
import { bytesOf, sampleImage, storeImage } from './sample-image.ts';

const octets = { 'content-type': 'application/octet-stream' };
const accept = [
  mediaTypes.index,
  mediaTypes.manifest,
  mediaTypes.dockerManifestList,
  mediaTypes.dockerManifest,
];
const body = Buffer.from('0123456789');
const digest = digestOf(body);

interface Answer {
  readonly status: number;
  readonly location: string;
}

/** Sends one request as bytes, so that nothing is corrected on the way. */
function send(
  registry: Registry,
  method: string,
  target: string,
  headers: Readonly<Record<string, string>> = {},
  content: Uint8Array = Buffer.alloc(0),
): Promise<Answer> {
  const url = new URL(registry.origin);
  const path = target.replace(registry.foreignOrigin, '');
  const port = target.startsWith(registry.foreignOrigin) ? new URL(registry.foreignOrigin).port : url.port;
  const lines = Object.entries({ host: registry.host, connection: 'close', ...headers });
  const head = [`${method} ${path} HTTP/1.1`, ...lines.map(([name, value]) => `${name}: ${value}`), '', ''];
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), url.hostname);
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString('latin1')));
    socket.on('error', reject);
    socket.on('close', () => {
      const location = /^location: (.*)\r$/im.exec(text)?.[1] ?? '';
      resolve({ status: Number(text.split(' ')[1]), location });
    });
    socket.end(Buffer.concat([Buffer.from(head.join('\r\n')), content]));
  });
}

const length = (content: Uint8Array) => ({ 'content-length': String(content.length) });

async function begin(registry: Registry): Promise<string> {
  const { location } = await send(registry, 'POST', '/v2/a/blobs/uploads/', { 'content-length': '0' });
  return location;
}

const image = sampleImage();
const manifest = bytesOf(image, image.root.digest);
const manifestHeaders = { 'content-type': mediaTypes.manifest, ...length(manifest) };

interface Row {
  readonly name: string;
  /** None for a request that is right. */
  readonly rule?: string;
  readonly status: number;
  readonly options?: RegistryOptions;
  readonly send: (registry: Registry) => Promise<Answer>;
}

const rows: readonly Row[] = [
  {
    name: 'an upload in two requests',
    status: 201,
    send: async (registry) =>
      send(
        registry,
        'PUT',
        `${await begin(registry)}&digest=${digest}`,
        { ...octets, ...length(body) },
        body,
      ),
  },
  {
    name: 'an upload in chunks',
    status: 201,
    send: async (registry) => {
      const first = { ...octets, ...length(body.subarray(0, 4)), 'content-range': '0-3' };
      const { location } = await send(registry, 'PATCH', await begin(registry), first, body.subarray(0, 4));
      const last = { ...octets, ...length(body.subarray(4)), 'content-range': '4-9' };
      return send(registry, 'PUT', `${location}&digest=${digest}`, last, body.subarray(4));
    },
  },
  {
    name: 'a manifest whose content is there',
    status: 201,
    send: (registry) => {
      storeImage(registry.store, 'a', image);
      return send(registry, 'PUT', '/v2/a/manifests/v1', manifestHeaders, manifest);
    },
  },
  {
    name: 'a digest that the content does not have',
    status: 400,
    send: async (registry) =>
      send(
        registry,
        'PUT',
        `${await begin(registry)}&digest=${digestOf(manifest)}`,
        { ...octets, ...length(body) },
        body,
      ),
  },
  {
    name: 'an unknown endpoint',
    rule: 'endpoint-unknown',
    status: 404,
    send: (registry) => send(registry, 'GET', '/v2/_catalog'),
  },
  {
    name: 'a method that the endpoint does not have',
    rule: 'endpoint-unknown',
    status: 405,
    send: (registry) => send(registry, 'POST', '/v2/a/manifests/v1', { 'content-length': '0' }),
  },
  {
    name: 'a POST without a length',
    rule: 'content-length-missing',
    status: 202,
    send: (registry) => send(registry, 'POST', '/v2/a/blobs/uploads/'),
  },
  {
    name: 'a source without a mount',
    rule: 'from-without-mount',
    status: 202,
    send: (registry) => send(registry, 'POST', '/v2/a/blobs/uploads/?from=b', { 'content-length': '0' }),
  },
  {
    name: 'a changed order in the query of the Location',
    rule: 'location-altered',
    status: 201,
    send: async (registry) => {
      const location = (await begin(registry)).replace('z=1&', '').concat(`&z=1&digest=${digest}`);
      return send(registry, 'PUT', location, { ...octets, ...length(body) }, body);
    },
  },
  {
    name: 'another escape in the query of the Location',
    rule: 'location-altered',
    status: 201,
    send: async (registry) => {
      const location = (await begin(registry)).replace('%2f', '%2F').concat(`&digest=${digest}`);
      return send(registry, 'PUT', location, { ...octets, ...length(body) }, body);
    },
  },
  {
    name: 'a Location that is not the newest',
    rule: 'location-altered',
    status: 201,
    send: async (registry) => {
      const old = await begin(registry);
      await send(registry, 'PATCH', old, { ...octets, ...length(body) }, body);
      return send(registry, 'PUT', `${old}&digest=${digest}`, { 'content-length': '0' });
    },
  },
  {
    name: 'a PUT without a digest',
    rule: 'put-without-digest',
    status: 400,
    send: async (registry) =>
      send(registry, 'PUT', await begin(registry), { ...octets, ...length(body) }, body),
  },
  {
    name: 'a digest given twice',
    rule: 'location-altered',
    status: 201,
    send: async (registry) =>
      send(
        registry,
        'PUT',
        `${await begin(registry)}&digest=${digest}&digest=${digest}`,
        { ...octets, ...length(body) },
        body,
      ),
  },
  {
    name: 'a blob of another content type',
    rule: 'blob-content-type',
    status: 201,
    send: async (registry) =>
      send(
        registry,
        'PUT',
        `${await begin(registry)}&digest=${digest}`,
        { 'content-type': 'text/plain', ...length(body) },
        body,
      ),
  },
  {
    name: 'a Content-Range with a unit',
    rule: 'content-range-format',
    status: 416,
    send: async (registry) =>
      send(
        registry,
        'PATCH',
        await begin(registry),
        { ...octets, ...length(body), 'content-range': 'bytes 0-9/*' },
        body,
      ),
  },
  {
    name: 'a Content-Range that is longer than the body',
    rule: 'content-range-length',
    status: 202,
    send: async (registry) =>
      send(
        registry,
        'PATCH',
        await begin(registry),
        { ...octets, ...length(body), 'content-range': '0-10' },
        body,
      ),
  },
  {
    name: 'a chunk that does not follow the last',
    rule: 'chunk-out-of-order',
    status: 416,
    send: async (registry) =>
      send(
        registry,
        'PATCH',
        await begin(registry),
        { ...octets, ...length(body), 'content-range': '5-14' },
        body,
      ),
  },
  {
    name: 'a chunk below the minimum with another one after it',
    rule: 'chunk-too-small',
    status: 202,
    options: { chunkMinLength: 20 },
    send: async (registry) => {
      const first = { ...octets, ...length(body), 'content-range': '0-9' };
      const { location } = await send(registry, 'PATCH', await begin(registry), first, body);
      return send(registry, 'PATCH', location, { ...first, 'content-range': '10-19' }, body);
    },
  },
  {
    name: 'a whole body again in the same session',
    rule: 'session-replayed',
    status: 400,
    send: async (registry) => {
      const { location } = await send(
        registry,
        'PATCH',
        await begin(registry),
        { ...octets, ...length(body) },
        body,
      );
      return send(registry, 'PUT', `${location}&digest=${digest}`, { ...octets, ...length(body) }, body);
    },
  },
  {
    name: 'an upload that is finished',
    status: 404,
    send: async (registry) => {
      const location = `${await begin(registry)}&digest=${digest}`;
      await send(registry, 'PUT', location, { ...octets, ...length(body) }, body);
      return send(registry, 'PUT', location, { ...octets, ...length(body) }, body);
    },
  },
  {
    name: 'an Accept header on an upload',
    rule: 'accept-on-upload',
    status: 202,
    send: (registry) =>
      send(registry, 'POST', '/v2/a/blobs/uploads/', { 'content-length': '0', accept: 'application/json' }),
  },
  {
    name: 'bytes after the end of the body',
    rule: 'bytes-are-no-request',
    status: 400,
    send: (registry) =>
      send(
        registry,
        'POST',
        '/v2/a/blobs/uploads/',
        { 'content-length': '0', connection: 'keep-alive' },
        body,
      ),
  },
  {
    name: 'a manifest before its blobs',
    rule: 'manifest-before-content',
    status: 400,
    send: (registry) => send(registry, 'PUT', '/v2/a/manifests/v1', manifestHeaders, manifest),
  },
  {
    name: 'an index before its manifests',
    rule: 'manifest-before-content',
    status: 404,
    send: (registry) => {
      const index = encodeJson({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: [image.root] });
      return send(
        registry,
        'PUT',
        '/v2/a/manifests/v1',
        { 'content-type': mediaTypes.index, ...length(index) },
        index,
      );
    },
  },
  {
    name: 'a manifest type with parameters',
    rule: 'manifest-content-type',
    status: 201,
    send: (registry) => {
      storeImage(registry.store, 'a', image);
      const headers = { ...manifestHeaders, 'content-type': `${mediaTypes.manifest}; charset=utf-8` };
      return send(registry, 'PUT', '/v2/a/manifests/v1', headers, manifest);
    },
  },
  {
    name: 'a manifest under a digest that it does not have',
    rule: 'manifest-digest',
    status: 400,
    send: (registry) => {
      storeImage(registry.store, 'a', image);
      return send(registry, 'PUT', `/v2/a/manifests/${digest}`, manifestHeaders, manifest);
    },
  },
  {
    name: 'a manifest asked for without its types',
    rule: 'manifest-accept',
    status: 200,
    send: (registry) => {
      storeImage(registry.store, 'a', image, 'v1');
      return send(registry, 'GET', '/v2/a/manifests/v1', { accept: mediaTypes.manifest });
    },
  },
  {
    name: 'a manifest asked for with all types',
    status: 200,
    send: (registry) => {
      storeImage(registry.store, 'a', image, 'v1');
      return send(registry, 'GET', '/v2/a/manifests/v1', { accept: accept.join(', ') });
    },
  },
  {
    name: 'credentials that nobody asked for',
    rule: 'authorization-unasked',
    status: 200,
    send: (registry) => send(registry, 'GET', '/v2/', { authorization: 'Basic eA==' }),
  },
  {
    name: 'credentials at a second origin',
    rule: 'authorization-abroad',
    status: 201,
    options: { locations: 'foreign' },
    send: async (registry) => {
      const headers = { ...octets, ...length(body), authorization: 'Basic eA==' };
      return send(registry, 'PUT', `${await begin(registry)}&digest=${digest}`, headers, body);
    },
  },
];

describe('the strict registry', () => {
  for (const row of rows) {
    it(`${row.rule === undefined ? 'accepts' : 'notes'} ${row.name}`, async () => {
      await using registry = await startRegistry(row.options);
      const { status } = await row.send(registry);
      assert.equal(status, row.status);
      assert.deepEqual(
        registry.violations.map(({ rule }) => rule),
        row.rule === undefined ? [] : [row.rule],
      );
    });
  }
});

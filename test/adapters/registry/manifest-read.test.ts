// What a tag or a digest stands for, by what a registry answers.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeManifest, readManifest } from '../../../src/adapters/registry/manifest-read.ts';
import { RegistryError } from '../../../src/adapters/registry/registry-error.ts';
import { describeBytes } from '../../../src/core/oci/descriptor.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import type { HttpHeaders } from '../../../src/adapters/http/http.ts';
import { scriptSession } from '../../support/scripted-session.ts';

const bytes = Buffer.from('{"schemaVersion":2}');
const descriptor = describeBytes(mediaTypes.manifest, bytes);
const { digest } = descriptor;
const other = `sha256:${'0'.repeat(64)}`;
const accept =
  'application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, ' +
  'application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json';
const full = {
  'content-type': mediaTypes.manifest,
  'content-length': String(bytes.length),
  'docker-content-digest': digest,
};
const path = 'https://reg.test/v2/team/app/manifests/1';

describe('describeManifest', () => {
  it('is one look where the registry says all', async () => {
    const { session, lines, requests, discarded } = scriptSession([{ status: 200, headers: full }]);
    const { signal } = new AbortController();
    assert.deepEqual(await describeManifest(session, '1', signal), descriptor);
    assert.deepEqual(lines(), [`HEAD ${path}`]);
    assert.deepEqual(requests[0]?.headers, { accept });
    assert.equal(requests[0].signal, signal);
    assert.equal(discarded(), 1);
  });

  it('is nothing where there is nothing', async () => {
    const { session, lines, discarded } = scriptSession([{ status: 404 }]);
    assert.equal(await describeManifest(session, '1'), undefined);
    assert.equal(lines().length, 1);
    assert.equal(discarded(), 1);
  });

  const partly: readonly (readonly [name: string, headers: HttpHeaders])[] = [
    ['no digest', { ...full, 'docker-content-digest': undefined }],
    ['no valid digest', { ...full, 'docker-content-digest': 'sha256:1' }],
    ['no size', { ...full, 'content-length': undefined }],
    ['a size of 0', { ...full, 'content-length': '0' }],
    ['half a byte', { ...full, 'content-length': '1.5' }],
    ['a word for a size', { ...full, 'content-length': 'many' }],
    ['no type', { ...full, 'content-type': undefined }],
    ['an empty type', { ...full, 'content-type': ' ;charset=utf-8' }],
  ];
  for (const [name, headers] of partly) {
    it(`is read after an answer with ${name}`, async () => {
      const { session, lines } = scriptSession([
        { status: 200, headers },
        { status: 200, headers: full, body: bytes },
      ]);
      assert.deepEqual(await describeManifest(session, '1'), descriptor);
      assert.deepEqual(lines(), [`HEAD ${path}`, `GET ${path}`]);
    });
  }

  it('takes a type without its parameters, in lower case', async () => {
    const headers = { ...full, 'content-type': ' Application/X-One ; charset=utf-8\n; a' };
    const { session } = scriptSession([{ status: 200, headers }]);
    assert.deepEqual(await describeManifest(session, '1'), { ...descriptor, mediaType: 'application/x-one' });
  });

  for (const [access, status, expected] of [
    ['push', 403, 'nothing'],
    ['pull', 403, 'read'],
    ['push', 400, 'read'],
    ['pull', 405, 'read'],
    ['pull', 401, 'thrown'],
    ['push', 401, 'thrown'],
    ['push', 500, 'thrown'],
    ['pull', 503, 'thrown'],
    ['pull', 429, 'thrown'],
  ] as const) {
    it(`is ${expected} after ${status} for a ${access}`, async () => {
      const script = ({ method }: { method: string }) =>
        method === 'HEAD' ? { status, headers } : { status: 200, headers: full, body: bytes };
      const headers = { 'www-authenticate': 'Bearer realm="https://auth.reg.test/t"' };
      const token = { value: 't', issued: 0, lifetime: 1e15 };
      const authorization = { fetchToken: () => Promise.resolve(token) };
      const { session, lines } = scriptSession(script, { access, authorization });
      const described = describeManifest(session, '1');
      if (expected === 'thrown') await assert.rejects(described, { status });
      else assert.deepEqual(await described, expected === 'read' ? descriptor : undefined);
      assert.equal(lines().includes(`GET ${path}`), expected === 'read');
    });
  }

  it('fails with the network', async () => {
    const failure = { kind: 'tls', retry: 'no', reused: false } as const;
    const lost = new RegistryError('REGISTRY_UNREACHABLE', 'lost', { method: 'HEAD', url: 'u', failure });
    await assert.rejects(describeManifest(scriptSession([lost]).session, '1'), lost);
    const own = scriptSession([new Error('own')]);
    await assert.rejects(describeManifest(own.session, '1'), /^Error: own$/);
    assert.equal(own.lines().length, 1);
  });

  it('is nothing when only the look finds it', async () => {
    const { session } = scriptSession([{ status: 200 }, { status: 404 }]);
    assert.equal(await describeManifest(session, '1'), undefined);
  });
});

describe('readManifest', () => {
  it('is all that there is to know', async () => {
    const headers = { ...full, etag: '"e"' };
    const { session, lines, requests } = scriptSession([{ status: 200, headers, body: bytes }]);
    const { signal } = new AbortController();
    assert.deepEqual(await readManifest(session, '1', signal), { descriptor, bytes, etag: '"e"' });
    assert.deepEqual(lines(), [`GET ${path}`]);
    assert.deepEqual(requests[0]?.headers, { accept });
    assert.equal(requests[0].signal, signal);
  });

  it('takes what has no type for a manifest', async () => {
    const { session } = scriptSession([{ status: 200, body: bytes }]);
    assert.deepEqual(await readManifest(session, '1'), { descriptor, bytes, etag: undefined });
  });

  it('is nothing where there is nothing', async () => {
    const { session, discarded } = scriptSession([{ status: 404 }]);
    assert.equal(await readManifest(session, '1'), undefined);
    assert.equal(discarded(), 1);
  });

  for (const [name, reference, promised, isRefused] of [
    ['its own digest', digest, undefined, false],
    ['another digest', other, undefined, true],
    ['its own digest, whatever the answer says', digest, other, false],
    ['another digest, whatever the answer says', other, digest, true],
    ['a tag, with its digest', '1', digest, false],
    ['a tag, with another digest', '1', other, true],
    ['a tag, with a digest of another kind', '1', `sha512:${'0'.repeat(128)}`, false],
    ['a tag', '1', undefined, false],
  ] as const) {
    it(`is asked for by ${name}: ${isRefused ? 'refused' : 'taken'}`, async () => {
      const headers = promised === undefined ? {} : { 'docker-content-digest': promised };
      const { session } = scriptSession([{ status: 200, headers, body: bytes }]);
      const document = readManifest(session, reference);
      if (!isRefused) assert.deepEqual((await document)?.descriptor, descriptor);
      else {
        await assert.rejects(document, {
          code: 'DIGEST_MISMATCH',
          message: `https://reg.test/v2/team/app/manifests/${reference}: expected content with ${other}, got ${digest}`,
          hint: /changed it/,
        });
      }
    });
  }

  it('has 16 MiB at most', async () => {
    const most = 16 * 1024 * 1024;
    const large = scriptSession([{ status: 200, body: Buffer.alloc(most, ' ') }]);
    assert.equal((await readManifest(large.session, '1'))?.descriptor.size, most);
    const { session } = scriptSession([{ status: 200, body: Buffer.alloc(most + 1, ' ') }]);
    await assert.rejects(readManifest(session, '1'), {
      code: 'REGISTRY_PROTOCOL',
      message: `${path}: expected a manifest of at most ${most} bytes, got more`,
    });
  });

  it('is tried again, also when it breaks off', async () => {
    const failure = { kind: 'reset', retry: 'yes', reused: false } as const;
    const lost = new RegistryError('REGISTRY_UNREACHABLE', 'lost', { method: 'GET', url: 'u', failure });
    const { session, lines } = scriptSession([
      { status: 503 },
      { status: 200, body: bytes.subarray(0, 4), failure: lost },
      { status: 200, body: bytes },
    ]);
    assert.deepEqual((await readManifest(session, '1'))?.bytes, bytes);
    assert.equal(lines().length, 3);
  });

  it('ends with its signal', async () => {
    const controller = new AbortController();
    const script = () => {
      controller.abort(new Error('enough'));
      return { status: 503 };
    };
    const { session, lines } = scriptSession(script);
    await assert.rejects(readManifest(session, '1', controller.signal));
    assert.equal(lines().length, 1);
  });
});

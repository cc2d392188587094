// What counts as proof that content is in a registry.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { appears, lookForBlob, namesDigest } from '../../../src/adapters/registry/evidence.ts';
import type { Presence } from '../../../src/adapters/registry/evidence.ts';
import { RegistryError } from '../../../src/adapters/registry/registry-error.ts';
import type { Answer } from '../../../src/adapters/registry/session.ts';
import { endpointOf } from '../../../src/adapters/http/endpoints.ts';
import type { HttpHeaders } from '../../../src/adapters/http/http.ts';
import { describeBytes } from '../../../src/core/oci/descriptor.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import { scriptSession } from '../../support/scripted-session.ts';

const descriptor = describeBytes(mediaTypes.layerTar, Buffer.from('content'));
const { digest } = descriptor;
const other = `sha256:${'0'.repeat(64)}`;

describe('namesDigest', () => {
  const rows: readonly (readonly [name: string, headers: HttpHeaders, expected: boolean])[] = [
    ['nothing', {}, false],
    ['the digest', { 'docker-content-digest': digest }, true],
    ['another digest', { 'docker-content-digest': other }, false],
    ['the address of the blob', { location: `/v2/a/blobs/${digest}` }, true],
    ['that with a query', { location: `https://reg.test/v2/a/blobs/${digest}?x=\n1` }, true],
    ['that with a fragment', { location: `/v2/a/blobs/${digest}#x` }, true],
    ['the digest in a query alone', { location: `/v2/a?x=/blobs/${digest}` }, false],
    ['another address', { location: `/v2/a/blobs/${other}` }, false],
    ['an address that goes on', { location: `/v2/a/blobs/${digest}/x` }, false],
    ['an address of something else', { location: `/v2/a/manifests/${digest}` }, false],
    [
      'another digest, and the address',
      { 'docker-content-digest': other, location: `/blobs/${digest}` },
      true,
    ],
  ];
  for (const [name, headers, expected] of rows) {
    it(`${name}: ${expected}`, () => {
      const answer = { headers, endpoint: endpointOf('https://reg.test', '/v2/') } as Answer;
      assert.equal(namesDigest(answer, digest), expected);
    });
  }
});

describe('appears', () => {
  const look = async (from: number) => {
    const { session, clock } = scriptSession([]);
    let looks = 0;
    const outcome = await appears(session, () => Promise.resolve((looks += 1) >= from), undefined);
    return [outcome, looks, clock.sleeps];
  };
  it('looks once when it is there', async () => {
    assert.deepEqual(await look(1), [true, 1, []]);
  });
  it('looks again, with longer waits', async () => {
    assert.deepEqual(await look(3), [true, 3, [500, 1000]]);
    assert.deepEqual(await look(6), [true, 6, [500, 1000, 2000, 4000, 8000]]);
  });
  it('looks six times at most', async () => {
    assert.deepEqual(await look(7), [false, 6, [500, 1000, 2000, 4000, 8000]]);
  });
  it('ends with its signal', async () => {
    const { session } = scriptSession([]);
    const signal = AbortSignal.abort(new Error('enough'));
    await assert.rejects(
      appears(session, () => Promise.resolve(false), signal),
      /enough/,
    );
  });
});

describe('lookForBlob', () => {
  const rows: readonly (readonly [
    name: string,
    status: number,
    headers: HttpHeaders,
    expected: Presence,
    warning?: string,
  ])[] = [
    ['its size', 200, { 'content-length': '7' }, 'present'],
    ['its size and digest', 200, { 'content-length': '7', 'docker-content-digest': digest }, 'present'],
    ['its digest alone', 200, { 'docker-content-digest': digest }, 'present'],
    ['nothing', 200, {}, 'unknown'],
    ['a digest of another kind alone', 200, { 'docker-content-digest': 'sha512:00' }, 'unknown'],
    [
      'its size, and a digest of another kind',
      200,
      { 'content-length': '7', 'docker-content-digest': 'sha512:00' },
      'present',
    ],
    ['another size', 200, { 'content-length': '8' }, 'absent', 'with 8 bytes'],
    [
      'another digest',
      200,
      { 'content-length': '7', 'docker-content-digest': other },
      'absent',
      `as ${other}`,
    ],
    ['another digest alone', 200, { 'docker-content-digest': other }, 'absent', `as ${other}`],
    ['that it is not there', 404, {}, 'absent'],
    ['that nobody may look', 403, {}, 'unknown'],
    ['that it does not look', 405, {}, 'unknown'],
  ];
  for (const [name, status, headers, expected, warning] of rows) {
    it(`${name} (${status}): ${expected}`, async () => {
      const { session, said, lines, discarded } = scriptSession([{ status, headers }]);
      assert.equal(await lookForBlob(session, descriptor), expected);
      assert.deepEqual(lines(), [`HEAD https://reg.test/v2/team/app/blobs/${digest}`]);
      assert.equal(discarded(), status < 400 || status === 404 ? 1 : 0);
      assert.deepEqual(
        said.filter((line) => !line.startsWith('debug')),
        warning === undefined
          ? []
          : [
              `REGISTRY_WARNING: reg.test says that it has ${digest} ${warning}, expected 7 bytes; it is pushed again`,
            ],
      );
    });
  }

  for (const status of [500, 503]) {
    it(`takes ${status} for no answer, after three attempts`, async () => {
      const { session, lines } = scriptSession(() => ({ status }));
      assert.equal(await lookForBlob(session, descriptor), 'unknown');
      assert.equal(lines().length, 3);
    });
  }

  it('looks six times when it is asked to come later', async () => {
    const { session, lines } = scriptSession(() => ({ status: 429 }));
    await assert.rejects(lookForBlob(session, descriptor), { status: 429 });
    assert.equal(lines().length, 6);
  });

  for (const status of [400, 401, 406]) {
    it(`fails for ${status}`, async () => {
      const { session } = scriptSession(() => ({ status }));
      await assert.rejects(lookForBlob(session, descriptor));
    });
  }

  it('fails with the network', async () => {
    const failure = { kind: 'tls', retry: 'no', reused: false } as const;
    const error = new RegistryError('REGISTRY_UNREACHABLE', 'lost', { method: 'HEAD', url: 'u', failure });
    const { session } = scriptSession([error]);
    await assert.rejects(lookForBlob(session, descriptor), error);
  });

  it('fails with what is no answer at all', async () => {
    const { session } = scriptSession([new Error('own')]);
    await assert.rejects(lookForBlob(session, descriptor), /^Error: own$/);
  });

  it('asks for what a push needs, under its signal', async () => {
    const asked: string[] = [];
    const authorization = {
      fetchToken: ({ scopes }: { scopes: readonly string[] }) => {
        asked.push(...scopes);
        return Promise.resolve({ value: 't', issued: 0, lifetime: 1e15 });
      },
    };
    const refusal = { status: 401, headers: { 'www-authenticate': 'Bearer realm="https://a.reg.test/"' } };
    const { session, requests } = scriptSession([refusal, { status: 404 }], {
      authorization,
      access: 'pull',
    });
    const { signal } = new AbortController();
    await lookForBlob(session, descriptor, signal);
    assert.deepEqual(asked, ['repository:team/app:pull,push']);
    assert.equal(requests[1]?.signal, signal);
  });
});

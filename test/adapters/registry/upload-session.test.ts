// Upload sessions, mounts and chunks, by what a registry answers.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { uploadChunks } from '../../../src/adapters/registry/chunked-upload.ts';
import { mountBlob } from '../../../src/adapters/registry/mount.ts';
import { RegistryError } from '../../../src/adapters/registry/registry-error.ts';
import {
  cancelUpload,
  readUploadSession,
  startUpload,
} from '../../../src/adapters/registry/upload-session.ts';
import type { Answer } from '../../../src/adapters/registry/session.ts';
import { endpointOf } from '../../../src/adapters/http/endpoints.ts';
import type { HttpHeaders } from '../../../src/adapters/http/http.ts';
import { blobOf } from '../../../src/core/oci/blob.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import { scriptSession } from '../../support/scripted-session.ts';
import type { Script, ScriptedAnswer } from '../../support/scripted-session.ts';

const uploads = 'https://reg.test/v2/team/app/blobs/uploads/';
const content = 'abcdefghij';
const blob = blobOf(mediaTypes.layerTar, Buffer.from(content));
const { digest } = blob.descriptor;
const begun = { status: 202, headers: { location: '/v2/team/app/blobs/uploads/1' } };
const location = { ...endpointOf('https://reg.test', '/v2/team/app/blobs/uploads/1'), shown: `${uploads}…` };

function failed(status: number | undefined, retry: 'yes' | 'no' = 'no'): RegistryError {
  const failure = { kind: 'reset', retry, reused: false } as const;
  const parts = { method: 'PUT', url: 'https://reg.test/', status };
  return new RegistryError(
    'REGISTRY_REFUSED',
    'failed',
    status === undefined ? { ...parts, failure } : parts,
  );
}

/** The access that is asked of a token service. */
async function scopesOf(
  work: (scripted: ReturnType<typeof scriptSession>) => Promise<unknown>,
  ...answers: ScriptedAnswer[]
) {
  const asked: string[] = [];
  const refusal = { status: 401, headers: { 'www-authenticate': 'Bearer realm="https://auth.reg.test/t"' } };
  const scripted = scriptSession([refusal, ...answers], {
    access: 'pull',
    authorization: {
      fetchToken: ({ scopes }) => {
        asked.push(...scopes);
        return Promise.resolve({ value: 't', issued: 0, lifetime: 1e15 });
      },
    },
  });
  await work(scripted);
  return asked;
}

describe('an upload session', () => {
  it('is begun with one request', async () => {
    const { session, lines, requests, discarded } = scriptSession([begun]);
    const { signal } = new AbortController();
    assert.deepEqual(await startUpload(session, signal), { location, minimumChunk: 0 });
    assert.deepEqual(lines(), [`POST ${uploads}`]);
    assert.equal(requests[0]?.signal, signal);
    assert.equal(discarded(), 1);
    assert.deepEqual(await scopesOf(({ session: other }) => startUpload(other, undefined), begun), [
      'repository:team/app:pull,push',
    ]);
  });

  it('is not begun by another success', async () => {
    const { session } = scriptSession([{ ...begun, status: 201 }]);
    await assert.rejects(startUpload(session, undefined), { status: 201 });
  });

  for (const [minimum, expected] of [
    ['5', 5],
    [undefined, 0],
    ['0', 0],
    ['-5', 0],
    ['1.5', 0],
    ['many', 0],
    ['1e99', 0],
  ] as const) {
    it(`has chunks of ${String(minimum)} at least`, () => {
      const { session } = scriptSession([]);
      const headers: HttpHeaders = { ...begun.headers, 'oci-chunk-min-length': minimum };
      const answer = {
        status: 202,
        headers,
        endpoint: endpointOf('https://reg.test', '/v2/'),
      } as unknown as Answer;
      assert.equal(readUploadSession(session, answer).minimumChunk, expected);
    });
  }
});

describe('cancelling', () => {
  const cancel = async (
    script: Script | readonly (ScriptedAnswer | Error)[],
    error: unknown,
    signal?: AbortSignal,
  ) => {
    const scripted = scriptSession(script);
    await cancelUpload(scripted.session, { location, minimumChunk: 0 }, error, signal);
    return scripted;
  };

  for (const status of [200, 202, 204, 404]) {
    it(`ends with ${status}`, async () => {
      const { lines, discarded, requests } = await cancel([{ status }], failed(400));
      assert.deepEqual(lines(), [`DELETE ${uploads}1`]);
      assert.equal(discarded(), 1);
      assert.notEqual(requests[0]?.signal, undefined);
    });
  }

  it('has the right of a push', async () => {
    const work = ({ session }: ReturnType<typeof scriptSession>) =>
      cancelUpload(session, { location, minimumChunk: 0 }, failed(400), undefined);
    assert.deepEqual(await scopesOf(work, { status: 204 }), ['repository:team/app:pull,push']);
  });

  for (const [name, error, isSent] of [
    ['a lost connection', failed(undefined), false],
    ['404', failed(404), false],
    ['429', failed(429), false],
    ['500', failed(500), false],
    ['503', failed(503), false],
    ['499', failed(499), true],
    ['401', failed(401), true],
    ['a fault of our own', new Error('own'), true],
  ] as const) {
    it(`is ${isSent ? '' : 'not '}asked for after ${name}`, async () => {
      assert.equal((await cancel([{ status: 204 }], error)).lines().length, isSent ? 1 : 0);
    });
    it(`is asked for after ${name} when the run is aborted`, async () => {
      const aborted = AbortSignal.abort(new Error('enough'));
      assert.equal((await cancel([{ status: 204 }], error, aborted)).lines().length, 1);
    });
  }

  it('catches up with what was taken in since, three times', async () => {
    let at = 1;
    const script: Script = ({ method }) => {
      if (method === 'DELETE') return { status: 416 };
      at += 1;
      return { status: 204, headers: { location: `/v2/team/app/blobs/uploads/${at}` } };
    };
    const { lines, clock, discarded } = await cancel(script, failed(400));
    const pair = (number: number) => [`DELETE ${uploads}${number}`, `GET ${uploads}${number}`];
    assert.deepEqual(lines(), [...pair(1), ...pair(2), ...pair(3), `DELETE ${uploads}4`]);
    assert.deepEqual(clock.sleeps, [200, 300]);
    assert.equal(discarded(), 7);
  });

  it('ends once it has caught up', async () => {
    const there = { status: 200, headers: { location: '/v2/team/app/blobs/uploads/2' } };
    const { lines, clock } = await cancel([{ status: 416 }, there, { status: 204 }], failed(400));
    assert.deepEqual(lines(), [`DELETE ${uploads}1`, `GET ${uploads}1`, `DELETE ${uploads}2`]);
    assert.deepEqual(clock.sleeps, []);
  });

  it('never fails', async () => {
    for (const answer of [{ status: 500 }, new Error('own'), failed(undefined)])
      await cancel([answer], failed(400));
    await cancel([{ status: 416 }, { status: 404 }], failed(400));
  });
});

describe('mounting', () => {
  const mount = (
    script: Script | readonly (ScriptedAnswer | Error)[],
    parts: {
      repositories?: readonly string[];
      refused?: Set<string>;
      heldBy?: string;
      at?: string;
      signal?: AbortSignal;
    } = {},
  ) => {
    const { repositories = ['base'], refused = new Set<string>(), heldBy, at = 'reg.test', signal } = parts;
    const scripted = scriptSession(script);
    const held = heldBy === undefined ? blob : { ...blob, heldBy: { registry: at, repository: heldBy } };
    return {
      ...scripted,
      refused,
      done: mountBlob(scripted.session, held, { mounts: { repositories, refused }, signal }),
    };
  };
  const from = (repository: string) => `POST ${uploads}?mount=sha256%3A${digest.slice(7)}&from=${repository}`;

  it('is one request where the answer names the digest', async () => {
    const { signal } = new AbortController();
    const answer = { status: 201, headers: { 'docker-content-digest': digest } };
    const { done, lines, requests, discarded } = mount([answer], { signal });
    assert.equal(await done, 'mounted');
    assert.deepEqual(lines(), [from('base')]);
    assert.equal(requests[0]?.signal, signal);
    assert.equal(discarded(), 1);
  });

  it('asks for the right to read the source', async () => {
    const work = ({ session }: ReturnType<typeof scriptSession>) =>
      mountBlob(session, blob, { mounts: { repositories: ['a/b'], refused: new Set() }, signal: undefined });
    assert.deepEqual(await scopesOf(work, begun), ['repository:team/app:pull,push', 'repository:a/b:pull']);
  });

  it('is not waited for where the token is refused', async () => {
    const challenge = { 'www-authenticate': 'Bearer realm="https://auth.reg.test/t"' };
    const authorization = { fetchToken: () => Promise.resolve({ value: 't', issued: 0, lifetime: 1e15 }) };
    const { session, clock, lines } = scriptSession(() => ({ status: 401, headers: challenge }), {
      authorization,
    });
    const refused = new Set<string>();
    const mounts = { repositories: ['base'], refused };
    assert.equal(await mountBlob(session, blob, { mounts, signal: undefined }), undefined);
    assert.deepEqual(clock.sleeps, []);
    assert.equal(lines().length, 3);
    assert.deepEqual([...refused], ['base']);
  });

  it('gives the session that was begun instead', async () => {
    assert.deepEqual(await mount([begun]).done, { location, minimumChunk: 0 });
  });

  for (const [name, there, expected] of [
    ['shows', { status: 200, headers: { 'content-length': String(content.length) } }, 'mounted'],
    ["doesn't show", { status: 404 }, undefined],
  ] as const) {
    it(`looks for a blob that the answer does not name, which the registry ${name}`, async () => {
      const { done, lines, refused, said } = mount([{ status: 201 }, there]);
      assert.equal(await done, expected);
      assert.deepEqual(lines()[1], `HEAD https://reg.test/v2/team/app/blobs/${digest}`);
      assert.deepEqual([...refused], []);
      const notice = `debug: reg.test says that it mounted ${digest}, and doesn't show it`;
      assert.equal(said.includes(notice), expected === undefined);
    });
  }

  const rows: readonly (readonly [
    name: string,
    parts: Parameters<typeof mount>[1],
    source: string | undefined,
  ])[] = [
    ['nothing', { repositories: [] }, undefined],
    ['the first', { repositories: ['a', 'b'] }, 'a'],
    ['the first that is another', { repositories: ['team/app', 'b'] }, 'b'],
    ['the first that has not failed', { repositories: ['a', 'b'], refused: new Set(['a']) }, 'b'],
    ['where the blob is', { repositories: [], heldBy: 'c' }, 'c'],
    ['a named one first', { repositories: ['a'], heldBy: 'c' }, 'a'],
    ['nothing of another registry', { repositories: [], heldBy: 'c', at: 'other.test' }, undefined],
    ['nothing that has failed', { repositories: ['a'], refused: new Set(['a']) }, undefined],
  ];
  for (const [name, parts, source] of rows) {
    it(`tries ${name}`, async () => {
      const { done, lines } = mount([begun], parts);
      assert.equal((await done) === undefined, source === undefined);
      assert.deepEqual(lines(), source === undefined ? [] : [from(source)]);
    });
  }

  it('costs nothing when it fails, and is not tried again', async () => {
    for (const answer of [{ status: 404 }, { status: 200 }, failed(undefined)]) {
      const { done, refused, said } = mount([answer]);
      assert.equal(await done, undefined);
      assert.deepEqual([...refused], ['base']);
      assert.match(said.at(-1) ?? '', /^debug: no mount from base: /);
    }
  });

  it('ends with the run, and with a fault of its own', async () => {
    await assert.rejects(mount([new Error('own')]).done, /^Error: own$/);
    const controller = new AbortController();
    const script = () => {
      controller.abort(new Error('enough'));
      return failed(undefined);
    };
    const { done, refused } = mount(script, { signal: controller.signal });
    await assert.rejects(done, /failed/);
    assert.deepEqual([...refused], []);
  });
});

describe('uploading in chunks', () => {
  const send = (script: Script | readonly (ScriptedAnswer | Error)[], signal?: AbortSignal) => {
    const scripted = scriptSession(script);
    const upload = { location, minimumChunk: 0 };
    return {
      ...scripted,
      upload,
      done: uploadChunks(scripted.session, upload, blob, blob.descriptor, 4, signal),
    };
  };
  const next = (number: number, range?: string): ScriptedAnswer => ({
    status: 202,
    headers: { location: `/v2/team/app/blobs/uploads/${number}`, ...(range === undefined ? {} : { range }) },
  });
  const bodies = ({ requests }: Pick<ReturnType<typeof send>, 'requests'>) =>
    requests.map(({ method, endpoint, sent, headers }) =>
      [method, endpoint.path.replace(/^.*\//, ''), sent, headers?.['content-range']]
        .filter(Boolean)
        .join(' '),
    );
  const last = `?digest=sha256%3A${digest.slice(7)}`;

  it('sends each piece to the newest address', async () => {
    const { signal } = new AbortController();
    const scripted = send([next(2, '0-3'), next(3, '0-7'), { status: 201 }], signal);
    assert.equal((await scripted.done).status, 201);
    assert.deepEqual(bodies(scripted), ['PATCH 1 abcd 0-3', 'PATCH 2 efgh 4-7', `PUT 3${last} ij 8-9`]);
    for (const request of scripted.requests) {
      assert.equal(request.headers?.['content-type'], 'application/octet-stream');
      assert.equal(request.signal, signal);
      assert.equal(Math.round(request.patience ?? 0), 300_000);
    }
    assert.equal(scripted.discarded(), 2);
    assert.equal(scripted.upload.location.path, '/v2/team/app/blobs/uploads/3');
  });

  it('stays at its address where no other is named, and takes any success', async () => {
    for (const status of [200, 201, 202, 204]) {
      const scripted = send([{ status }, { status }, { status }]);
      await scripted.done;
      assert.deepEqual(bodies(scripted), ['PATCH 1 abcd 0-3', 'PATCH 1 efgh 4-7', `PUT 1${last} ij 8-9`]);
    }
  });

  it('goes on from where the registry is', async () => {
    const scripted = send([next(1, '0-1'), next(1, '0-5'), next(1, '0-5'), { status: 201 }]);
    await scripted.done;
    assert.deepEqual(bodies(scripted), ['PATCH 1 abcd 0-3', 'PATCH 1 cdef 2-5', `PUT 1${last} ghij 6-9`]);
  });

  it('asks where a session stands that lost a chunk', async () => {
    for (const error of [{ status: 416 }, failed(undefined, 'yes')]) {
      const scripted = send([next(2), error, next(5, '0-5'), { status: 201 }]);
      await scripted.done;
      assert.deepEqual(bodies(scripted), [
        'PATCH 1 abcd 0-3',
        'PATCH 2 efgh 4-7',
        'GET 2',
        `PUT 5${last} ghij 6-9`,
      ]);
    }
  });

  for (const [range, isBelieved] of [
    ['0-3', true],
    ['0-7', true],
    ['0-2', false],
    ['0-8', false],
    ['0-0', false],
    ['0--1', false],
    ['all', false],
    [undefined, false],
  ] as const) {
    it(`${isBelieved ? 'believes' : 'does not believe'} ${String(range)} of a session that lost bytes 4 to 7`, async () => {
      const script: Script = ({ method }, number) => {
        if (method === 'GET') return next(1, range);
        return number === 2 ? { status: 416 } : method === 'PUT' ? { status: 201 } : next(1);
      };
      const scripted = send(script);
      if (!isBelieved) await assert.rejects(scripted.done, { status: 416 });
      else {
        await scripted.done;
        assert.equal(bodies(scripted)[3], range === '0-3' ? 'PATCH 1 efgh 4-7' : `PUT 1${last} ij 8-9`);
      }
    });
  }

  for (const status of [400, 404, 413, 503]) {
    it(`fails at once for ${status}`, async () => {
      const { done, lines } = send([{ status }]);
      await assert.rejects(done, { status });
      assert.equal(lines().length, 1);
    });
  }

  it('fails with the first fault when nobody says where it stands', async () => {
    const { done, lines } = send(({ method }) => ({ status: method === 'GET' ? 503 : 416 }));
    await assert.rejects(done, { status: 416 });
    assert.equal(lines().length, 4);
    const own = send(({ method }) => (method === 'GET' ? new Error('own') : { status: 416 }));
    await assert.rejects(own.done, /^Error: own$/);
  });

  it('takes itself up three times', async () => {
    for (const losses of [3, 4]) {
      let lost = 0;
      const scripted = send(({ method }) => {
        if (method === 'GET') return next(1, '0-3');
        if (method === 'PUT') return { status: 201 };
        return scripted.requests.length > 1 && (lost += 1) <= losses ? { status: 416 } : next(1);
      });
      if (losses === 3) await scripted.done;
      else await assert.rejects(scripted.done, { status: 416 });
      assert.equal(scripted.lines().filter((line) => line.startsWith('GET')).length, 3);
    }
  });

  it('is not taken up once it is aborted', async () => {
    const controller = new AbortController();
    const script = () => {
      controller.abort(new Error('enough'));
      return { status: 416 };
    };
    const { done, lines } = send(script, controller.signal);
    await assert.rejects(done, { status: 416 });
    assert.equal(lines().length, 1);
  });

  it('is given up when it is aborted while it asks', async () => {
    const controller = new AbortController();
    const script: Script = ({ method }) => {
      if (method !== 'GET') return { status: 416 };
      controller.abort(new Error('enough'));
      return { status: 400 };
    };
    await assert.rejects(send(script, controller.signal).done, { status: 400 });
  });

  it('closes the blob whatever happens', async () => {
    let closed = 0;
    const watched = {
      ...blob,
      open: async function* () {
        try {
          yield await Promise.resolve(Buffer.from(content));
        } finally {
          closed += 1;
        }
      },
    };
    const { session } = scriptSession([{ status: 400 }]);
    const upload = { location, minimumChunk: 0 };
    await assert.rejects(uploadChunks(session, upload, watched, blob.descriptor, 4, undefined));
    assert.equal(closed, 1);
  });
});

// Pushing one blob, by what a registry answers: each way out of a failure, and how often it is taken.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pushBlob } from '../../../src/adapters/registry/blob-upload.ts';
import { RegistryError } from '../../../src/adapters/registry/registry-error.ts';
import { blobOf } from '../../../src/core/oci/blob.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import { scriptSession } from '../../support/scripted-session.ts';
import type { Script, ScriptedAnswer, ScriptedRequest } from '../../support/scripted-session.ts';

const blob = blobOf(mediaTypes.layerTar, Buffer.from('abcdefghij'));
const { digest } = blob.descriptor;
const other = `sha256:${'0'.repeat(64)}`;
const base = 'https://reg.test/v2/team/app/blobs/';
const begun = { status: 202, headers: { location: '/v2/team/app/blobs/uploads/1?s=1' } };
const stored = { status: 201, headers: { 'docker-content-digest': digest } };
const here = { status: 200, headers: { 'content-length': '10' } };
const missing = { status: 404 };
const problem = (status: number, code: string): ScriptedAnswer => ({
  status,
  body: JSON.stringify({ errors: [{ code }] }),
});

/** Answers by what is asked; each list's last one stays. */
interface Answers {
  readonly look?: readonly (ScriptedAnswer | Error)[];
  readonly start?: readonly (ScriptedAnswer | Error)[];
  readonly put?: readonly (ScriptedAnswer | Error)[];
  readonly patch?: readonly (ScriptedAnswer | Error)[];
}

function push(
  { look = [missing], start = [begun], put = [stored], patch = [begun] }: Answers,
  options: Partial<Parameters<typeof pushBlob>[2]> & {
    readonly before?: (request: ScriptedRequest) => void;
  } = {},
) {
  const { before, ...given } = options;
  const counts = new Map<string, number>();
  const script: Script = (request) => {
    const { method } = request;
    before?.(request);
    const answers = {
      HEAD: look,
      POST: start,
      PUT: put,
      PATCH: patch,
      DELETE: [{ status: 204 }],
      GET: [missing],
    }[method];
    const count = counts.get(method) ?? 0;
    counts.set(method, count + 1);
    return answers[Math.min(count, answers.length - 1)] ?? new Error('no answer');
  };
  // Tokens are numbered by the clock, and never end.
  const token = () => Promise.resolve({ value: 't', issued: 0, lifetime: 1e15 });
  const scripted = scriptSession(script, { authorization: { fetchToken: token } });
  const done = pushBlob(scripted.session, blob, {
    force: false,
    mounts: { repositories: [], refused: new Set() },
    chunkSize: undefined,
    signal: undefined,
    ...given,
  });
  const methods = () => scripted.requests.map(({ method }) => method).join(' ');
  return { ...scripted, done, methods };
}

describe('pushing a blob', () => {
  it('is a look, a start and a body', async () => {
    const { signal } = new AbortController();
    const { done, lines, requests, session } = push({}, { signal });
    assert.equal(await done, 'pushed');
    assert.deepEqual(lines(), [
      `HEAD ${base}${digest}`,
      `POST ${base}uploads/`,
      `PUT ${base}uploads/1?s=1&digest=sha256%3A${digest.slice(7)}`,
    ]);
    assert.equal(requests[2]?.sent, 'abcdefghij');
    assert.deepEqual(requests[2].headers, { 'content-type': 'application/octet-stream' });
    assert.equal(Math.round(requests[2].patience ?? 0), 300_000);
    for (const request of requests) assert.equal(request.signal, signal);
    assert.equal(session.host.bodyLimit, undefined);
  });

  it('is a look where it is there', async () => {
    const { done, methods } = push({ look: [here] });
    assert.equal(await done, 'present');
    assert.equal(methods(), 'HEAD');
  });

  it('looks for nothing, mounts nothing and confirms nothing where it is forced', async () => {
    const { done, methods } = push(
      { look: [here], put: [{ status: 202 }] },
      { force: true, mounts: { repositories: ['base'], refused: new Set() } },
    );
    assert.equal(await done, 'pushed');
    assert.equal(methods(), 'POST PUT');
  });

  it('may be mounted, or goes on with the session of the mount', async () => {
    const mounts = { repositories: ['base'], refused: new Set<string>() };
    const mounted = push({ start: [stored] }, { mounts });
    assert.equal(await mounted.done, 'mounted');
    assert.equal(mounted.methods(), 'HEAD POST');
    const { done, methods } = push({}, { mounts });
    assert.equal(await done, 'pushed');
    assert.equal(methods(), 'HEAD POST PUT');
  });

  it('is mounted at the first try alone', async () => {
    const mounts = { repositories: ['base'], refused: new Set<string>() };
    const { done, lines } = push({ put: [{ status: 503 }, stored] }, { mounts });
    await done;
    assert.deepEqual(
      lines().filter((line) => line.startsWith('POST')),
      [`POST ${base}uploads/?mount=sha256%3A${digest.slice(7)}&from=base`, `POST ${base}uploads/`],
    );
  });

  it('was pushed when it is there after a failure', async () => {
    const { done, methods } = push({ look: [missing, here], put: [{ status: 503 }] });
    assert.equal(await done, 'pushed');
    assert.equal(methods(), 'HEAD POST PUT HEAD');
  });

  it('says how far it is', async () => {
    const told: unknown[] = [];
    const { done, session } = push({});
    session.reporter.progress = (...parts) => void told.push(parts);
    await done;
    assert.deepEqual(told, [[digest, 10, 10]]);
  });
});

describe('the answer to a body', () => {
  for (const [name, answer, looks] of [
    ['201 with the digest', stored, 1],
    ['201 with the address', { status: 201, headers: { location: `/v2/team/app/blobs/${digest}` } }, 1],
    ['201 alone', { status: 201 }, 2],
    ['200 with the digest', { ...stored, status: 200 }, 2],
    ['202', { status: 202 }, 2],
    ['204', { status: 204 }, 2],
  ] as const) {
    it(`${name} is ${looks === 1 ? 'proof' : 'looked after'}`, async () => {
      const { done, requests } = push({ look: [missing, here], put: [answer] });
      assert.equal(await done, 'pushed');
      assert.equal(requests.filter(({ method }) => method === 'HEAD').length, looks);
    });
  }

  it('is believed where nobody may look, if it is 201', async () => {
    const { done, methods } = push({ look: [{ status: 403 }], put: [{ status: 201 }] });
    assert.equal(await done, 'pushed');
    assert.equal(methods(), 'HEAD POST PUT HEAD');
  });

  for (const [name, look, answer] of [
    ['200 where nobody may look', { status: 403 }, { status: 200 }],
    ['201 of what is not there', missing, { status: 201 }],
  ] as const) {
    it(`is not believed: ${name}`, async () => {
      const { done, requests } = push({ look: [look], put: [answer] });
      await assert.rejects(done, (error) => {
        assert.ok(error instanceof RegistryError);
        const { code, method, url, status, codes, message } = error;
        assert.deepEqual(
          { code, method, url, status, codes },
          {
            code: 'REGISTRY_PROTOCOL',
            method: 'PUT',
            url: `${base}uploads/…`,
            status: answer.status,
            codes: ['BLOB_UPLOAD_UNKNOWN'],
          },
        );
        const text = `PUT ${base}uploads/…: expected 201 and the blob, got ${answer.status}, and the blob is not there`;
        assert.equal(message, `${text} (tried 6 times)`);
        return true;
      });
      assert.equal(requests.filter(({ method }) => method === 'PUT').length, 6);
    });
  }

  it('may name other content, and is refused', async () => {
    for (const status of [200, 201]) {
      const { done } = push({ put: [{ status, headers: { 'docker-content-digest': other } }] });
      await assert.rejects(done, {
        code: 'DIGEST_MISMATCH',
        message: `reg.test stored ${other}, expected ${digest}`,
      });
    }
    const { done } = push({
      look: [missing, here],
      put: [{ status: 201, headers: { 'docker-content-digest': 'sha512:0' } }],
    });
    assert.equal(await done, 'pushed');
  });
});

describe('a body that fails', () => {
  const challenge = { 'www-authenticate': 'Bearer realm="https://auth.reg.test/t"' };
  const refused = { status: 401, headers: challenge };

  it('is sent twice again with a new token, the second time after a while', async () => {
    const { done, methods, clock } = push({ put: [refused, refused, stored] });
    assert.equal(await done, 'pushed');
    assert.equal(methods(), 'HEAD POST PUT DELETE POST PUT DELETE POST PUT');
    assert.deepEqual(clock.sleeps, [2000]);
    const worse = push({ put: [refused] });
    await assert.rejects(worse.done, { status: 401 });
    assert.equal(worse.methods(), 'HEAD POST PUT DELETE POST PUT DELETE POST PUT DELETE');
  });

  it('for its size goes over to chunks that are smaller', async () => {
    const { done, session, methods } = push({ put: [{ status: 413 }, stored] }, { chunkSize: 4 });
    // Chunks of four bytes were asked for: the last one was refused.
    await assert.rejects(done, { status: 413 });
    assert.equal(session.host.bodyLimit, 4);
    assert.equal(methods(), 'HEAD POST PATCH PATCH PUT DELETE');
    const whole = push({ put: [{ status: 413 }, stored] });
    await assert.rejects(whole.done, { status: 413 });
    assert.equal(whole.session.host.bodyLimit, 10);
    const known = push({ put: [{ status: 413 }] });
    known.session.host.bodyLimit = 3;
    await assert.rejects(known.done, { status: 413 });
    assert.equal(known.session.host.bodyLimit, 3);
  });

  for (const code of ['BLOB_UPLOAD_INVALID', 'BLOB_UPLOAD_UNKNOWN']) {
    it(`with ${code} may be there all the same`, async () => {
      const { done, methods } = push({ look: [missing, here], put: [problem(400, code)] });
      assert.equal(await done, 'pushed');
      assert.equal(methods(), 'HEAD POST PUT DELETE HEAD');
    });

    it(`with ${code} is sent again in a new session`, async () => {
      const { done, methods } = push({ put: [problem(400, code), stored] });
      assert.equal(await done, 'pushed');
      assert.equal(methods(), 'HEAD POST PUT DELETE HEAD HEAD POST PUT');
    });

    it(`with ${code} isn't looked for where it is forced`, async () => {
      const { done, methods } = push({ look: [here], put: [problem(400, code), stored] }, { force: true });
      assert.equal(await done, 'pushed');
      assert.equal(methods(), 'POST PUT DELETE POST PUT');
    });
  }

  it('with 416 is sent again in a new session', async () => {
    const { done, methods } = push({ put: [{ status: 416 }, stored] });
    assert.equal(await done, 'pushed');
    assert.equal(methods(), 'HEAD POST PUT DELETE HEAD POST PUT');
  });

  for (const [name, answer, cancelled] of [
    ['405', { status: 405 }, true],
    ['404 for an unknown blob', problem(404, 'BLOB_UNKNOWN'), false],
  ] as const) {
    it(`with ${name} is sent by PATCH, once`, async () => {
      const { done, requests, methods, lines } = push({
        put: [answer, stored],
        patch: [{ status: 202, headers: { location: '/v2/team/app/blobs/uploads/2' } }],
      });
      assert.equal(await done, 'pushed');
      const first = cancelled ? 'HEAD POST PUT DELETE' : 'HEAD POST PUT';
      assert.equal(methods(), `${first} POST PATCH PUT`);
      assert.deepEqual([requests.at(-2)?.sent, requests.at(-1)?.sent], ['abcdefghij', undefined]);
      assert.equal(lines().at(-2), `PATCH ${base}uploads/1?s=1`);
      assert.equal(lines().at(-1), `PUT ${base}uploads/2?digest=sha256%3A${digest.slice(7)}`);
      const worse = push({ put: [answer] });
      await assert.rejects(worse.done, { status: answer.status });
      assert.equal(worse.requests.filter(({ method }) => method === 'PUT').length, 2);
    });
  }

  for (const status of [200, 201, 202, 204]) {
    it(`stays at its address after PATCH with ${status} and no other`, async () => {
      const { done, lines } = push({ put: [{ status: 405 }, stored], patch: [{ status }] });
      assert.equal(await done, 'pushed');
      assert.equal(lines().at(-1), `PUT ${base}uploads/1?s=1&digest=sha256%3A${digest.slice(7)}`);
    });
  }

  it('for its digest is sent once again', async () => {
    const { done, methods } = push({ put: [problem(400, 'DIGEST_INVALID'), stored] });
    assert.equal(await done, 'pushed');
    assert.equal(methods(), 'HEAD POST PUT DELETE POST PUT');
    const worse = push({ put: [problem(400, 'DIGEST_INVALID')] });
    await assert.rejects(worse.done, { status: 400, codes: ['DIGEST_INVALID'] });
    assert.equal(worse.methods(), 'HEAD POST PUT DELETE POST PUT DELETE');
  });

  for (const [name, answer] of [
    ['400', { status: 400 }],
    ['404 for another reason', problem(404, 'NAME_UNKNOWN')],
    ['404 alone', { status: 404 }],
    ['403', { status: 403 }],
    ['DIGEST_INVALID with another status', problem(422, 'DIGEST_INVALID')],
  ] as const) {
    it(`with ${name} fails`, async () => {
      const { done, requests } = push({ put: [answer, stored] });
      await assert.rejects(done, { status: answer.status });
      assert.equal(requests.filter(({ method }) => method === 'PUT').length, 1);
    });
  }

  it('fails with what reading it throws, after its session was given back', async () => {
    const broken = {
      ...blob,
      open: async function* () {
        yield await Promise.resolve(Buffer.from('abc'));
        throw new Error('own');
      },
    };
    const { session, requests } = scriptSession(({ method }) =>
      method === 'POST' ? begun : method === 'HEAD' ? missing : { status: 204 },
    );
    const mounts = { repositories: [], refused: new Set<string>() };
    const options = { force: false, mounts, chunkSize: undefined, signal: undefined };
    await assert.rejects(pushBlob(session, broken, options), /^Error: own$/);
    assert.deepEqual(
      requests.map(({ method }) => method),
      ['HEAD', 'POST', 'DELETE'],
    );
  });

  it('ends with its signal, after its session was given back', async () => {
    const controller = new AbortController();
    const before = ({ method }: ScriptedRequest) => {
      if (method === 'PUT') controller.abort(new Error('enough'));
    };
    const { done, methods } = push({ put: [refused] }, { signal: controller.signal, before });
    await assert.rejects(done, { status: 401 });
    assert.equal(methods(), 'HEAD POST PUT DELETE');
  });
});

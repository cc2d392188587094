// Pushing a manifest: what is taken for proof, several tags at once, and what is said when one of them fails.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { putManifest, putTags } from '../../../src/adapters/registry/manifest-push.ts';
import { RegistryError } from '../../../src/adapters/registry/registry-error.ts';
import { defaultTimeouts } from '../../../src/adapters/http/watch.ts';
import type { HttpHeaders } from '../../../src/adapters/http/http.ts';
import { describeBytes } from '../../../src/core/oci/descriptor.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import { scriptSession } from '../../support/scripted-session.ts';
import type { Script, ScriptedAnswer } from '../../support/scripted-session.ts';

const bytes = Buffer.from('{"schemaVersion":2}');
const descriptor = describeBytes(mediaTypes.manifest, bytes);
const { digest } = descriptor;
const manifest = { descriptor, bytes };
const other = `sha256:${'0'.repeat(64)}`;
const url = (reference: string) => `https://reg.test/v2/team/app/manifests/${reference}`;

const created = (headers: HttpHeaders = {}): ScriptedAnswer => ({
  status: 201,
  headers: { 'docker-content-digest': digest, ...headers },
});
/** What a look at a tag finds. */
const found = (what: string): ScriptedAnswer => ({
  status: 200,
  headers: {
    'content-type': mediaTypes.manifest,
    'content-length': String(bytes.length),
    'docker-content-digest': what,
  },
});
const missing: ScriptedAnswer = { status: 404 };
const problem = (status: number, code: string, detail = ''): ScriptedAnswer => ({
  status,
  body: JSON.stringify({ errors: [{ code, detail }] }),
});

function lost(): RegistryError {
  const failure = { kind: 'reset', retry: 'yes', reused: false } as const;
  return new RegistryError('REGISTRY_UNREACHABLE', 'lost', {
    method: 'PUT',
    url: 'https://reg.test/',
    failure,
  });
}

describe('putManifest', () => {
  const put = (
    script: Script | readonly (ScriptedAnswer | Error)[],
    reference = '1',
    signal?: AbortSignal,
  ) => {
    const scripted = scriptSession(script);
    return { ...scripted, done: putManifest(scripted.session, manifest, reference, signal) };
  };

  it('is one request', async () => {
    const { signal } = new AbortController();
    const { done, requests, lines, discarded } = put([created()], '1', signal);
    assert.equal(await done, undefined);
    assert.deepEqual(lines(), [`PUT ${url('1')}`]);
    assert.deepEqual(requests[0]?.headers, { 'content-type': mediaTypes.manifest });
    assert.equal(requests[0].sent, bytes.toString());
    assert.equal(Math.round(requests[0].patience ?? 0), defaultTimeouts.commit / 3);
    assert.equal(requests[0].signal, signal);
    assert.equal(discarded(), 1);
  });

  it('gives back the subject', async () => {
    assert.equal(await put([created({ 'oci-subject': 'x' })]).done, 'x');
    assert.equal(await put([created({ 'oci-subject': ['y', 'z'] })]).done, 'y');
  });

  for (const [name, answer] of [
    ['201 without a digest', { status: 201 }],
    ['200 with the digest', { ...created(), status: 200 }],
    ['202 with the digest', { ...created(), status: 202 }],
    ['201 with a digest of another kind', created({ 'docker-content-digest': 'sha512:0' })],
  ] as const) {
    it(`is looked for after ${name}`, async () => {
      const { done, lines, clock } = put([answer, missing, found(other), found(digest)]);
      await done;
      assert.deepEqual(lines(), [`PUT ${url('1')}`, ...Array<string>(3).fill(`HEAD ${url('1')}`)]);
      assert.deepEqual(clock.sleeps, [500, 1000]);
    });

    it(`fails when it is never found after ${name}`, async () => {
      const { done } = put((_, number) => (number === 1 ? answer : missing));
      await assert.rejects(done, {
        code: 'REGISTRY_PROTOCOL',
        message:
          `PUT ${url('1')}: expected 201 with the digest of the manifest, got ${answer.status} without it, and "1" ` +
          `does not stand for ${digest} afterwards`,
        method: 'PUT',
        url: url('1'),
        status: answer.status,
        hint: /check its host and port/,
      });
    });
  }

  it('fails when something else was stored', async () => {
    for (const status of [200, 201]) {
      const { done } = put([{ ...created({ 'docker-content-digest': other }), status }]);
      await assert.rejects(done, {
        code: 'DIGEST_MISMATCH',
        message: `${url('1')}: expected the registry to store ${digest}, got ${other}`,
        hint: /changed the manifest/,
      });
    }
  });

  it('may have come, though its answer was lost', async () => {
    const { done, lines } = put([lost(), found(digest)]);
    assert.equal(await done, undefined);
    assert.deepEqual(lines(), [`PUT ${url('1')}`, `HEAD ${url('1')}`]);
  });

  it('is sent again where it did not come', async () => {
    for (const there of [missing, found(other)]) {
      const { done, lines } = put([{ status: 503 }, there, created()]);
      await done;
      assert.deepEqual(lines(), [`PUT ${url('1')}`, `HEAD ${url('1')}`, `PUT ${url('1')}`]);
    }
  });

  for (const status of [400, 403, 409, 412]) {
    it(`may be there already after ${status}`, async () => {
      const { done, lines } = put([{ status }, found(digest)]);
      assert.equal(await done, undefined);
      assert.deepEqual(lines(), [`PUT ${url('1')}`, `HEAD ${url('1')}`]);
      const refused = put([{ status }, found(other)]);
      await assert.rejects(refused.done, { status });
      const absent = put([{ status }, missing]);
      await assert.rejects(absent.done, { status });
    });

    it(`is not looked for by its digest after ${status}`, async () => {
      const { done, lines } = put([{ status }, found(digest)], digest);
      await assert.rejects(done, { status });
      assert.equal(lines().length, 1);
    });
  }

  for (const [name, answer] of [
    ['404', { status: 404 }],
    ['418', { status: 418 }],
    ['content that is missing', problem(400, 'MANIFEST_BLOB_UNKNOWN', other)],
  ] as const) {
    it(`is not looked for after ${name}`, async () => {
      const { done, lines } = put([answer, found(digest)]);
      await assert.rejects(done, { status: answer.status });
      assert.equal(lines().length, 1);
    });
  }

  it('is not looked for once it is aborted', async () => {
    const controller = new AbortController();
    const script = () => {
      controller.abort(new Error('enough'));
      return { status: 409 };
    };
    const { done, lines } = put(script, '1', controller.signal);
    await assert.rejects(done, { status: 409 });
    assert.equal(lines().length, 1);
  });

  it('says how large it is when it is too large', async () => {
    await assert.rejects(put([{ status: 413 }]).done, (error) => {
      assert.ok(error instanceof RegistryError);
      assert.equal(error.code, 'REGISTRY_REFUSED');
      assert.equal(
        error.message,
        `PUT ${url('1')}: expected 201 or 200 or 202, got 413; the manifest has 19 bytes`,
      );
      assert.match(error.hint ?? '', /4 MiB at least/);
      assert.equal(error.status, 413);
      assert.ok(error.cause instanceof RegistryError);
      return true;
    });
  });

  it('fails with what is no answer', async () => {
    await assert.rejects(put([new Error('own')]).done, /^Error: own$/);
  });
});

describe('putTags', () => {
  const put = (script: Script | readonly (ScriptedAnswer | Error)[], tags: readonly string[]) => {
    const scripted = scriptSession(script);
    const told: string[] = [];
    const tagging = (tag: string, state: string) => told.push(`${tag} ${state}`);
    return { ...scripted, told, done: putTags(scripted.session, manifest, tags, { tagging }) };
  };
  const together = (...tags: readonly string[]) =>
    `PUT ${url(digest)}?${tags.map((tag) => `tag=${tag}`).join('&')}`;

  it('sets one tag by its name', async () => {
    const { done, lines, told } = put([created({ 'oci-subject': 's' })], ['a']);
    assert.equal(await done, 's');
    assert.deepEqual(lines(), [`PUT ${url('a')}`]);
    assert.deepEqual(told, ['a asked', 'a set']);
  });

  it('sets several at once, and looks at each', async () => {
    for (const echo of ['a, b', ['a', 'b'], 'a,b']) {
      const { done, lines, told } = put(
        [created({ 'oci-tag': echo, 'oci-subject': 's' }), found(digest), found(digest)],
        ['a', 'b'],
      );
      assert.equal(await done, 's');
      assert.deepEqual(lines(), [together('a', 'b'), `HEAD ${url('a')}`, `HEAD ${url('b')}`]);
      assert.deepEqual(told, ['a asked', 'b asked', 'a open', 'b open', 'a set', 'b set']);
    }
  });

  it('sets ten with each request', async () => {
    const tags = Array.from({ length: 12 }, (_, at) => `t${at}`);
    const { done, lines } = put(({ method, endpoint }) => {
      if (method === 'HEAD') return found(digest);
      return created({ 'oci-tag': [...endpoint.path.matchAll(/tag=(\w+)/g)].map(([, tag]) => tag ?? '') });
    }, tags);
    await done;
    assert.deepEqual(
      lines().filter((line) => line.startsWith('PUT')),
      [together(...tags.slice(0, 10)), together('t10', 't11')],
    );
    assert.equal(lines().length, 14);
  });

  const alone = ({ method, endpoint }: { method: string; endpoint: { path: string } }) =>
    method === 'PUT' && !endpoint.path.includes('?') ? created() : undefined;

  for (const [name, first, looks] of [
    ['says nothing of tags', created(), 0],
    ['says 200', { ...created({ 'oci-tag': 'a,b' }), status: 200 }, 0],
    ['names no digest', { status: 201, headers: { 'oci-tag': 'a,b' } }, 0],
    ['names other tags', created({ 'oci-tag': 'x' }), 0],
    ['names tags that are not there', created({ 'oci-tag': 'a,b' }), 2],
  ] as const) {
    it(`sets one after the other where the registry ${name}`, async () => {
      const { done, lines, told } = put(
        (request) => alone(request) ?? (request.method === 'PUT' ? first : missing),
        ['a', 'b'],
      );
      await done;
      assert.deepEqual(
        lines().filter((line) => line.startsWith('PUT')),
        [together('a', 'b'), `PUT ${url('a')}`, `PUT ${url('b')}`],
      );
      assert.equal(lines().length, 3 + looks);
      assert.deepEqual(told, [
        'a asked',
        'b asked',
        'a open',
        'b open',
        'a asked',
        'a set',
        'b asked',
        'b set',
      ]);
    });
  }

  it('sets those that were not set at once, in their order', async () => {
    const script: Script = (request) =>
      alone(request) ??
      (request.method === 'PUT'
        ? created({ 'oci-tag': 'b', 'oci-subject': 's' })
        : found(request.endpoint.path.endsWith('/b') ? digest : other));
    const { done, lines, told } = put(script, ['a', 'b', 'c']);
    assert.equal(await done, 's');
    assert.deepEqual(lines(), [
      together('a', 'b', 'c'),
      `HEAD ${url('b')}`,
      `PUT ${url('a')}`,
      `PUT ${url('c')}`,
    ]);
    assert.deepEqual(told.slice(6), ['b set', 'a asked', 'a set', 'c asked', 'c set']);
  });

  it('takes the last subject that was said', async () => {
    const script: Script = ({ endpoint }) => {
      if (endpoint.path.includes('?')) return created({ 'oci-subject': 'first' });
      return created(endpoint.path.endsWith('/a') ? { 'oci-subject': 'second' } : {});
    };
    assert.equal(await put(script, ['a', 'b']).done, 'second');
  });

  for (const status of [400, 405, 409, 412, 414, 431, 501]) {
    it(`sets one after the other after ${status}`, async () => {
      const { done, lines, told } = put((request) => alone(request) ?? { status }, ['a', 'b']);
      await done;
      assert.deepEqual(lines(), [together('a', 'b'), `PUT ${url('a')}`, `PUT ${url('b')}`]);
      assert.deepEqual(told.slice(0, 4), ['a asked', 'b asked', 'a open', 'b open']);
    });
  }

  for (const [name, answer] of [
    ['403', { status: 403 }],
    ['404', { status: 404 }],
    ...['MANIFEST_INVALID', 'NAME_INVALID', 'BLOB_UNKNOWN'].map(
      (code) => [code, problem(400, code)] as const,
    ),
  ] as const) {
    it(`fails for ${name}, whatever the tags`, async () => {
      const { done, lines } = put((request) => alone(request) ?? answer, ['a', 'b']);
      await assert.rejects(done, { status: answer.status });
      assert.deepEqual(lines(), [together('a', 'b')]);
    });
  }

  it('takes a code for one of the query where it only ends like another', async () => {
    const { done, lines } = put((request) => alone(request) ?? problem(400, 'BAD_NAME_X'), ['a', 'b']);
    await done;
    assert.equal(lines().length, 3);
  });

  it('fails when something else was stored, and for a fault of its own', async () => {
    const { done } = put([created({ 'docker-content-digest': other })], ['a', 'b']);
    await assert.rejects(done, { code: 'DIGEST_MISMATCH' });
    await assert.rejects(put([new Error('own')], ['a', 'b']).done, /^Error: own$/);
    await assert.rejects(put([new Error('own')], ['a']).done, /^Error: own$/);
  });

  const failing =
    (tag: string, answer: ScriptedAnswer | Error): Script =>
    ({ method, endpoint }) => {
      if (method !== 'PUT') return missing;
      if (endpoint.path.includes('?')) return { status: 400 };
      return endpoint.path.endsWith(`/${tag}`) ? answer : created();
    };
  for (const [tag, state] of [
    ['a', 'no other tag was set; not tried: "b", "c"'],
    ['b', 'set before: "a"; not tried: "c"'],
    ['c', 'set before: "a", "b"'],
  ] as const) {
    it(`says what is set when "${tag}" fails`, async () => {
      const { done, told } = put(failing(tag, { status: 403 }), ['a', 'b', 'c']);
      await assert.rejects(done, (error) => {
        assert.ok(error instanceof RegistryError);
        const { code, status, hint, message, cause } = error;
        assert.deepEqual([code, status], ['REGISTRY_DENIED', 403]);
        assert.equal(
          message,
          `tag "${tag}" failed (${state}): PUT ${url(tag)}: expected 201 or 200 or 202, got 403`,
        );
        assert.match(hint ?? '', /^Ask for the permission/);
        assert.ok(cause instanceof RegistryError);
        return true;
      });
      assert.equal(told.at(-1), `${tag} asked`);
    });
  }

  it("says nothing of others when there is one, or when the fault is not the registry's", async () => {
    await assert.rejects(put(failing('a', { status: 418 }), ['a']).done, {
      message: `PUT ${url('a')}: expected 201 or 200 or 202, got 418`,
      hint: undefined,
    });
    await assert.rejects(put(failing('b', new Error('own')), ['a', 'b']).done, /^Error: own$/);
  });

  it('has no hint where there is none', async () => {
    await assert.rejects(put(failing('b', { status: 418 }), ['a', 'b']).done, {
      status: 418,
      hint: undefined,
    });
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { artifactError, classifyFailure } from '../../src/action/artifact-failure.ts';
import type { ArtifactFailure } from '../../src/action/artifact-failure.ts';

describe('the failure of an upload', () => {
  const say = (error: unknown) =>
    artifactError(
      'image',
      classifyFailure(error, () => undefined),
      1,
    ).message;

  it("is told by the storage's status when its answer has no words", () => {
    const error = Object.assign(new Error(''), { statusCode: 401 });
    assert.equal(say(error), 'can\'t upload the artifact "image": the storage answers 401');
  });

  it('never ends with nothing', () => {
    assert.equal(say(new Error('\nmore')), 'can\'t upload the artifact "image": the library says no reason');
  });

  it("is told by the library's first line otherwise", () => {
    const error = Object.assign(new Error('it broke\nmore'), { statusCode: 401 });
    assert.equal(say(error), 'can\'t upload the artifact "image": it broke');
  });
});

describe('the kind of a failure', () => {
  const of = (message: string, more: object = {}) =>
    classifyFailure(Object.assign(new Error(message), more), () => undefined);
  const create = 'Failed to CreateArtifact: ';
  const rows: readonly [message: string, more: object, kind: string, created: boolean][] = [
    [
      `${create}Received non-retryable error: Failed request: (409) Conflict: an artifact`,
      {},
      'exists',
      false,
    ],
    [`${create}Artifact storage quota has been hit.`, {}, 'quota', false],
    [
      `${create}Received non-retryable error: Failed request: (404) Not Found: bad route`,
      {},
      'missing',
      false,
    ],
    [`${create}Failed request: (501) Not Implemented`, {}, 'missing', false],
    [`${create}Failed request: (403) Forbidden: no`, {}, 'final', false],
    [`${create}Failed request: (1404) x`, {}, 'final', false],
    ['Failed to FinalizeArtifact: Failed request: (404) Not Found', {}, 'final', true],
    [`x ${create}Failed request: (404) Not Found`, {}, 'final', true],
    ['no', { statusCode: 403 }, 'refused', true],
    ['no', { statusCode: 401 }, 'final', true],
    ['no', { code: 'ECONNRESET' }, 'passing', true],
    ['no', { code: 'REQUEST_SEND_ERROR' }, 'passing', true],
    ['no', { code: 'XECONNRESETX' }, 'final', true],
    ['no', { code: 5 }, 'final', true],
    [`${create}Unable to make request: ECONNREFUSED`, {}, 'passing', false],
    ['read ETIMEDOUT', {}, 'passing', true],
    ['socket hang up', {}, 'passing', true],
    ['Upload progress stalled.', {}, 'passing', true],
    ['something else', {}, 'final', true],
  ];
  for (const [message, more, kind, created] of rows) {
    it(`is ${kind} for ${message.slice(0, 100)} ${JSON.stringify(more)}`, () => {
      const failure = of(message, more);
      assert.deepEqual(failure, { kind, created, text: message });
    });
  }

  it('is told also of what is no error', () => {
    const nobody = () => undefined;
    assert.deepEqual(classifyFailure('ECONNRESET here', nobody), {
      kind: 'passing',
      created: true,
      text: 'ECONNRESET here',
    });
    assert.deepEqual(classifyFailure({ statusCode: 403, code: 'EPIPE', toString: () => 'x' }, nobody), {
      kind: 'final',
      created: true,
      text: 'x',
    });
    assert.equal(classifyFailure('', nobody).text, 'the library says no reason');
    assert.equal(of(' ', { statusCode: 'many' }).text, 'the library says no reason');
    assert.equal(of(' \nmore', { statusCode: 503 }).text, 'the storage answers 503');
  });

  it('has no signed query in its text, and those that are long enough are hidden in the log', () => {
    const masked: string[] = [];
    const signed = 'sig=0123456789abcdef0123456789abcdef';
    const { text } = classifyFailure(
      new Error(
        `no https://x.example/a?${signed} and "http://y.example/b?x" or https://z.example/c? <http://w/?q>`,
      ),
      (secret) => void masked.push(secret),
    );
    assert.equal(
      text,
      'no https://x.example/a?… and "http://y.example/b?…" or https://z.example/c?… <http://w/?…>',
    );
    assert.deepEqual(masked, [signed]);
  });
});

describe('the error of an upload', () => {
  const rows: readonly [kind: ArtifactFailure['kind'], code: string, message: string, hint: RegExp][] = [
    [
      'exists',
      'ARTIFACT_EXISTS',
      'this run has an artifact named "app" already, which another job or step made',
      /"artifact-name".*"artifact-overwrite: true"/,
    ],
    [
      'quota',
      'ARTIFACT_FAILED',
      'can\'t upload the artifact "app": the storage quota is used up',
      /retention-days/,
    ],
    [
      'passing',
      'ARTIFACT_FAILED',
      'can\'t upload the artifact "app": why (tried 3 times)',
      /^Run the job again; a self/,
    ],
    [
      'refused',
      'ARTIFACT_FAILED',
      'can\'t upload the artifact "app": the storage refuses the signed address (tried 3 times): why',
      /clock of the runner/,
    ],
    ['missing', 'ARTIFACT_FAILED', 'can\'t upload the artifact "app": why', /debug logging.*githubstatus/],
    ['final', 'ARTIFACT_FAILED', 'can\'t upload the artifact "app": why', /debug logging.*githubstatus/],
  ];
  for (const [kind, code, message, hint] of rows) {
    it(`says what to do: ${kind}`, () => {
      const error = artifactError('app', { kind, created: true, text: 'why' }, 3);
      assert.equal(error.code, code);
      assert.equal(error.message, message);
      assert.match(error.hint ?? '', hint);
      assert.ok(error.cause instanceof Error);
      assert.equal(error.cause.message, 'why');
    });
  }
});

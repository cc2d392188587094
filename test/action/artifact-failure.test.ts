import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { artifactError, classifyFailure } from '../../src/action/artifact-failure.ts';

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

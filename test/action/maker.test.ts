import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeJob, describeStep } from '../../src/action/maker.ts';

describe('who makes something', () => {
  const environment = {
    GITHUB_WORKFLOW_REF: 'owner/app/.github/workflows/image.yml@refs/heads/main',
    GITHUB_WORKFLOW: 'Image',
    GITHUB_JOB: 'build',
    GITHUB_ACTION: '__owner_action_2',
  };
  const rows: [name: string, matrix: string | undefined, expected: string][] = [
    ['a job', undefined, 'image.yml, job build'],
    ['a job without a matrix', 'null', 'image.yml, job build'],
    [
      'a leg',
      '{\n  "os": "linux",\n  "arch": "arm64"\n}',
      'image.yml, job build ({ "os": "linux", "arch": "arm64" })',
    ],
  ];
  for (const [name, matrix, expected] of rows) {
    it(`is ${name}`, () => {
      assert.equal(describeJob(environment, matrix), expected);
      assert.equal(describeStep(environment, matrix), `${expected}, step __owner_action_2`);
    });
  }

  it('is the same on another branch, and where there are no names', () => {
    const other = {
      ...environment,
      GITHUB_WORKFLOW_REF: 'owner/app/.github/workflows/image.yml@refs/tags/v1',
    };
    assert.equal(describeJob(other, undefined), 'image.yml, job build');
    assert.equal(describeJob({ GITHUB_WORKFLOW: 'Image', GITHUB_JOB: 'build' }, ''), 'Image, job build');
    assert.equal(describeStep({}, undefined), '');
    assert.equal(describeStep({ GITHUB_ACTION: 'one' }, undefined), 'step one');
  });

  it('is told apart also by what long values end with', () => {
    const matrix = (end: string) => JSON.stringify({ value: `${'x'.repeat(500)}${end}` });
    const [one, other] = [describeJob(environment, matrix('1')), describeJob(environment, matrix('2'))];
    assert.notEqual(one, other);
    assert.ok(one.length < 200);
  });
});

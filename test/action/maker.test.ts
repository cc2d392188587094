import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
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

describe('the words of a maker', () => {
  const ref = 'owner/app/.github/workflows/image.yml@refs/heads/a/b@c';
  const long = 'x'.repeat(98);
  const rows: readonly [
    environment: Readonly<Record<string, string>>,
    matrix: string | undefined,
    job: string,
  ][] = [
    [{ GITHUB_WORKFLOW_REF: ref }, undefined, 'image.yml'],
    [{ GITHUB_WORKFLOW_REF: ref, GITHUB_WORKFLOW: 'Image' }, '{"a":1}', 'image.yml'],
    [{ GITHUB_WORKFLOW_REF: 'nothing', GITHUB_WORKFLOW: 'Image' }, undefined, 'Image'],
    [{ GITHUB_JOB: 'build' }, '{"a":1}', 'job build ({"a":1})'],
    [{ GITHUB_JOB: 'build' }, ' \n{}\n ', 'job build'],
    [{ GITHUB_JOB: 'build' }, ' null ', 'job build'],
    [{ GITHUB_JOB: 'build' }, '\n', 'job build'],
    [{ GITHUB_JOB: 'build' }, '{ \n\n  "a": 1 }', 'job build ({ "a": 1 })'],
    [{ GITHUB_JOB: 'build' }, `"${long}"`, `job build ("${long}")`],
    [{ GITHUB_JOB: 'build' }, `"${long}y"`, `job build ("${long}y… DIGEST)`],
  ];
  for (const [environment, matrix, job] of rows) {
    it(`are ${job.slice(0, 40)} with ${JSON.stringify([environment, matrix]).slice(0, 80)}`, () => {
      const digest = createHash('sha256')
        .update(matrix ?? '')
        .digest('hex')
        .slice(0, 12);
      assert.equal(describeJob(environment, matrix), job.replace('DIGEST', digest));
    });
  }

  it('have the step last', () => {
    assert.equal(
      describeStep({ GITHUB_JOB: 'build', GITHUB_ACTION: 'one' }, undefined),
      'job build, step one',
    );
    assert.equal(describeStep({ GITHUB_JOB: 'build' }, '{"a":1}'), 'job build ({"a":1})');
  });
});

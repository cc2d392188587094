import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ignoredInputs } from '../../src/action/ignored-inputs.ts';
import { readInputs } from '../../src/action/inputs.ts';

describe('inputs that have no effect', () => {
  const cases: [name: string, given: Readonly<Record<string, string>>, ignored: string | undefined][] = [
    ['none in a build', { file: 'a', labels: 'a=b', annotations: 'a=b' }, undefined],
    ['none without any', { 'from-layout': 'a' }, undefined],
    [
      'what a build reads',
      {
        'from-layout': 'a',
        file: 'a',
        platforms: 'linux/amd64',
        'build-args': 'A=b',
        target: 's',
        labels: 'a=b',
      },
      'file, build-args, target, labels',
    ],
    ['annotations of manifests', { 'from-layout': 'a', annotations: 'a=b\nmanifest:c=d' }, 'annotations'],
    ['no annotations of an index', { 'from-layout': 'a', annotations: 'index:a=b' }, undefined],
    [
      'no annotations of several levels',
      { 'from-layout': 'a', annotations: 'manifest,index:a=b' },
      undefined,
    ],
  ];
  for (const [name, given, ignored] of cases) {
    it(`are ${name}`, () => {
      const inputs = readInputs((input) => given[input] ?? '', {});
      const messages = ignoredInputs(inputs).map(({ message }) => message);
      assert.deepEqual(
        messages,
        ignored === undefined
          ? []
          : [`the images of "from-layout" stay as they are: ${ignored} had no effect`],
      );
    });
  }

  it('are those of a Containerfile beside from-image', () => {
    const given: Readonly<Record<string, string>> = {
      'from-image': 'a/b:1',
      file: 'a',
      target: 's',
      labels: 'a=b',
    };
    const problems = ignoredInputs(readInputs((input) => given[input] ?? '', {}));
    assert.deepEqual(
      problems.map(({ message }) => message),
      ['the image of "from-image" needs no Containerfile: file, target had no effect'],
    );
  });
});

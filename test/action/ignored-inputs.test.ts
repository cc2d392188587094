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

describe('what is said of inputs that have no effect', () => {
  const read = (given: Readonly<Record<string, string>>) =>
    ignoredInputs(readInputs((input) => given[input] ?? '', {}));
  const code = 'INPUT_INVALID';
  const ofLayouts = (names: string, hint = 'Set them where the image is built.') => [
    { code, message: `the images of "from-layout" stay as they are: ${names} had no effect`, hint },
  ];
  const ofConversion = (names: string) => [
    {
      code,
      message: `the image of "from-image" needs no Containerfile: ${names} had no effect`,
      hint: 'Leave them out, or leave out "from-image" to build.',
    },
  ];
  const forManifests =
    'Set them where the image is built. An index takes annotations that start with "index:".';
  const single: readonly [given: Readonly<Record<string, string>>, name: string, isOfConversion: boolean][] =
    [
      [{ file: 'a' }, 'file', true],
      [{ 'build-args': 'A=b' }, 'build-args', true],
      [{ target: 's' }, 'target', true],
      [{ labels: 'a=b' }, 'labels', false],
      [{ container: 'true' }, 'container', true],
      [{ provenance: 'true' }, 'provenance', true],
    ];
  for (const [given, name, isOfConversion] of single) {
    it(`is ${name}`, () => {
      assert.deepEqual(read(given), []);
      assert.deepEqual(read({ ...given, 'from-layout': 'x' }), ofLayouts(name));
      assert.deepEqual(read({ ...given, 'from-image': 'a/b:1' }), isOfConversion ? ofConversion(name) : []);
    });
  }

  it('is all of them, in one sentence', () => {
    const given = Object.assign({}, ...single.map(([one]) => one)) as Record<string, string>;
    const all = 'file, build-args, target, labels, container, provenance';
    assert.deepEqual(read({ ...given, 'from-layout': 'x' }), ofLayouts(all));
    assert.deepEqual(
      read({ ...given, 'from-layout': 'x', annotations: 'a=b' }),
      ofLayouts(`${all}, annotations`, forManifests),
    );
    assert.deepEqual(read({ ...given, 'from-image': 'x:1' }), ofConversion(all.replace(' labels,', '')));
  });

  it('is that annotations need another level', () => {
    const layout = { 'from-layout': 'x' };
    assert.deepEqual(read({ ...layout, annotations: 'a=b' }), ofLayouts('annotations', forManifests));
    assert.deepEqual(read({ ...layout, annotations: 'a=b\nindex:c=d' }), []);
    assert.deepEqual(read(layout), []);
    assert.deepEqual(read({ 'from-image': 'a/b:1', annotations: 'a=b' }), []);
  });
});

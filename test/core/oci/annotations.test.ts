import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseAnnotation, selectAnnotations } from '../../../src/core/oci/annotations.ts';
import type { AnnotationInput } from '../../../src/core/oci/annotations.ts';

const amd64 = { os: 'linux', architecture: 'amd64' };
const arm64 = { os: 'linux', architecture: 'arm64' };

describe('parseAnnotation', () => {
  const cases: [text: string, annotations: AnnotationInput[]][] = [
    ['a=b', [{ level: 'manifest', key: 'a', value: 'b' }]],
    ['org.example.x=a=b:c', [{ level: 'manifest', key: 'org.example.x', value: 'a=b:c' }]],
    ['a=', [{ level: 'manifest', key: 'a', value: '' }]],
    ['index:a=b', [{ level: 'index', key: 'a', value: 'b' }]],
    ['manifest-descriptor:a=b', [{ level: 'manifest-descriptor', key: 'a', value: 'b' }]],
    ['index-descriptor:a=b', [{ level: 'index-descriptor', key: 'a', value: 'b' }]],
    ['manifest[linux/amd64]:a=b', [{ level: 'manifest', platform: amd64, key: 'a', value: 'b' }]],
    [
      'manifest,manifest-descriptor[linux/arm64]:a=b',
      [
        { level: 'manifest', platform: arm64, key: 'a', value: 'b' },
        { level: 'manifest-descriptor', platform: arm64, key: 'a', value: 'b' },
      ],
    ],
  ];
  for (const [text, annotations] of cases) {
    it(`reads ${text}`, () => {
      assert.deepEqual(parseAnnotation(text, 'here'), annotations);
    });
  }

  for (const text of [
    '',
    '=b',
    'a',
    'manifests:a=b',
    'manifest:=b',
    'manifest[linux]:a=b',
    'a key=b',
    'index,:a=b',
  ]) {
    it(`refuses "${text}"`, () => {
      assert.throws(() => parseAnnotation(text, 'here'), { code: 'INPUT_INVALID', message: /in here/ });
    });
  }
});

describe('selectAnnotations', () => {
  const annotations = [
    'a=1',
    'manifest[linux/amd64]:a=2',
    'manifest[linux/arm64]:b=3',
    'index:c=4',
    '__proto__=5',
  ].flatMap((text) => parseAnnotation(text, 'here'));

  it('takes those of the level and the platform, the last one of a key', () => {
    assert.deepEqual(Object.entries(selectAnnotations(annotations, 'manifest', amd64)), [
      ['a', '2'],
      ['__proto__', '5'],
    ]);
    assert.deepEqual(Object.keys(selectAnnotations(annotations, 'manifest', arm64)), ['a', 'b', '__proto__']);
    assert.deepEqual(selectAnnotations(annotations, 'index'), { c: '4' });
  });

  it('gives one for a platform to nothing whose platform is not known', () => {
    assert.deepEqual(Object.keys(selectAnnotations(annotations, 'manifest')), ['a', '__proto__']);
  });
});

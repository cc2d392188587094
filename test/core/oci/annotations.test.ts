import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BimaError } from '../../../src/core/errors.ts';
import {
  explainUnused,
  formatAnnotation,
  parseAnnotation,
  selectAnnotations,
  withAnnotations,
} from '../../../src/core/oci/annotations.ts';
import type { AnnotationInput } from '../../../src/core/oci/annotations.ts';
import { describeBytes } from '../../../src/core/oci/descriptor.ts';

const amd64 = { os: 'linux', architecture: 'amd64' };
const arm64 = { os: 'linux', architecture: 'arm64' };

describe('parseAnnotation', () => {
  const cases: [text: string, annotations: AnnotationInput[]][] = [
    ['a=b', [{ level: 'manifest', key: 'a', value: 'b' }]],
    ['org.example.x=a=b:c', [{ level: 'manifest', key: 'org.example.x', value: 'a=b:c' }]],
    ['a=', [{ level: 'manifest', key: 'a', value: '' }]],
    ['a=b\nc', [{ level: 'manifest', key: 'a', value: 'b\nc' }]],
    ['  a =  b ', [{ level: 'manifest', key: 'a', value: '  b ' }]],
    ['Org.x:y=z', [{ level: 'manifest', key: 'Org.x:y', value: 'z' }]],
    ['index:a:b=c', [{ level: 'index', key: 'a:b', value: 'c' }]],
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
    it(`reads ${JSON.stringify(text)}`, () => {
      assert.deepEqual(parseAnnotation(text, 'here'), annotations);
    });
  }

  const noPair = (text: string) => `expected key=value in here, got "${text}"`;
  const noKey = (text: string) => `expected a key in here, got "${text}"`;
  const noLevel = (level: string) =>
    `expected a level (manifest, index, manifest-descriptor, index-descriptor) in here, got "${level}"`;
  const keyHint = 'Write level:key=value, for example manifest:org.opencontainers.image.title=redis.';
  const platformHint = 'Write for example linux/amd64 or linux/arm64.';
  const refused: [text: string, message: string, hint: string | undefined][] = [
    ['', noPair(''), undefined],
    ['=b', noPair('=b'), undefined],
    ['=a=b', noPair('=a=b'), undefined],
    ['  =b', noPair('  =b'), undefined],
    ['a', noPair('a'), undefined],
    ['manifest:=b', noKey('manifest:=b'), keyHint],
    ['a key=b', noKey('a key=b'), keyHint],
    ['a\nkey=b', noKey('a\nkey=b'), keyHint],
    ['manifests:a=b', noLevel('manifests'), 'Leave "manifests:" out if it is not meant as a level.'],
    ['index,:a=b', noLevel(''), 'Leave "index,:" out if it is not meant as a level.'],
    [
      'manifest[linux]:a=b',
      'expected a platform of the form os/architecture[/variant], got "linux" in here',
      platformHint,
    ],
    [
      'manifest[]:a=b',
      'expected a platform of the form os/architecture[/variant], got "" in here',
      platformHint,
    ],
  ];
  for (const [text, message, hint] of refused) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseAnnotation(text, 'here'), { code: 'INPUT_INVALID', message, hint });
    });
  }

  it('keeps the error of the platform as the cause', () => {
    assert.throws(
      () => parseAnnotation('manifest[linux]:a=b', 'here'),
      (error: BimaError) => error.cause instanceof BimaError && error.cause.code === 'INPUT_INVALID',
    );
  });
});

describe('formatAnnotation', () => {
  for (const text of ['manifest:a=b', 'index:a=', 'manifest-descriptor[linux/arm/v7]:a=b=c'])
    it(`writes ${text} as it is read`, () => {
      assert.deepEqual(parseAnnotation(text, 'here').map(formatAnnotation), [text]);
    });
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

describe('explainUnused', () => {
  const ofIndex = 'annotations of an index are left out: the image has one platform, and no index';
  const ofDescriptor =
    "annotations of a manifest's descriptor have no place in a registry: the image has one platform, and no index";
  const rows: [texts: string[], lines: string[]][] = [
    [[], []],
    [['a=b'], []],
    [['a=b', 'index:a=b'], [ofIndex]],
    [['index-descriptor:a=b'], [ofIndex]],
    [['manifest-descriptor:a=b', 'a=b'], [ofDescriptor]],
    [
      ['manifest-descriptor:a=b', 'index:a=b'],
      [ofIndex, ofDescriptor],
    ],
  ];
  for (const [texts, lines] of rows)
    it(`says what has no place in one image: ${texts.join(' ') || 'nothing'}`, () => {
      assert.deepEqual(explainUnused(texts.flatMap((text) => parseAnnotation(text, 'here'))), lines);
    });
});

describe('withAnnotations', () => {
  const descriptor = describeBytes('text/plain', Buffer.from('x'));

  it('adds to what is there, and wins over it', () => {
    assert.deepEqual(withAnnotations({ ...descriptor, annotations: { a: '1', b: '2' } }, { b: '3' }), {
      ...descriptor,
      annotations: { a: '1', b: '3' },
    });
  });

  it('adds no map where there is nothing in it', () => {
    assert.deepEqual(withAnnotations(descriptor, {}), descriptor);
    assert.deepEqual(withAnnotations(descriptor, { a: '1' }), { ...descriptor, annotations: { a: '1' } });
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  compareConfigs,
  compareEntries,
  compareManifests,
} from '../../../src/core/trust/compare-documents.ts';
import { formatDifference } from '../../../src/core/trust/difference.ts';
import type { JsonObject } from '../../../src/core/oci/json.ts';
import type { Descriptor } from '../../../src/core/oci/descriptor.ts';

const config = {
  created: '1970-01-01T00:00:00Z',
  os: 'linux',
  architecture: 'amd64',
  config: { Labels: { a: '1', b: '2' }, Env: ['A=1', 'B=2'], Cmd: ['x'] },
  rootfs: { type: 'layers', diff_ids: [] },
  history: [{ created_by: 'COPY a /a' }, { created_by: 'LABEL', empty_layer: true }],
};
const inner = config.config;

const rows: readonly (readonly [name: string, other: JsonObject, lines: readonly string[]])[] = [
  ['nothing', config, []],
  ['the order of keys', { ...config, config: { ...inner, Labels: { b: '2', a: '1' } } }, []],
  [
    'a platform',
    { ...config, architecture: 'arm64' },
    ['config field "architecture": the image has "amd64", the rebuild has "arm64"'],
  ],
  [
    'a label',
    { ...config, config: { ...inner, Labels: { a: '1', b: '3' } } },
    ['label "b": the image has "2", the rebuild has "3"'],
  ],
  [
    'labels that one of them lacks',
    { ...config, config: { ...inner, Labels: { a: '1', c: '' } } },
    [
      'label "b": the image has "2", the rebuild has none',
      'label "c": the image has none, the rebuild has ""',
    ],
  ],
  [
    'one item of a list',
    { ...config, config: { ...inner, Env: ['A=1', 'B=3'] } },
    ['config field "Env"[1]: the image has "B=2", the rebuild has "B=3"'],
  ],
  [
    'a list that is longer',
    { ...config, config: { ...inner, Cmd: ['x', 'y'] } },
    ['config field "Cmd"[1]: the image has none, the rebuild has "y"'],
  ],
  [
    'the date',
    { ...config, created: '2024-01-01T00:00:00Z' },
    ['config field "created": the image has "1970-01-01T00:00:00Z", the rebuild has "2024-01-01T00:00:00Z"'],
  ],
  [
    'the first entry of the history alone',
    { ...config, history: [{ created_by: 'COPY b /b' }, { created_by: 'USER' }] },
    ['history entry 1, "created_by": the image has "COPY a /a", the rebuild has "COPY b /b"'],
  ],
  [
    'a history that is shorter',
    { ...config, history: config.history.slice(0, 1) },
    ['history entry 2: the image has "LABEL", the rebuild has none'],
  ],
  ['layers, which others compare', { ...config, rootfs: { type: 'layers', diff_ids: ['sha256:'] } }, []],
];

describe('compareConfigs', () => {
  for (const [name, other, lines] of rows) {
    it(`finds ${name}`, () => {
      assert.deepEqual(compareConfigs(config, other).map(formatDifference), lines);
    });
  }

  it('finds nothing in configs without a part', () => {
    assert.deepEqual(compareConfigs({}, {}), []);
    assert.deepEqual(compareConfigs({ config: 1, history: 'x' }, { config: null, history: 2 }), []);
  });

  it('finds a part that one of the two lacks', () => {
    assert.deepEqual(compareConfigs({}, { config: { Labels: { a: '1' } }, history: [{ comment: 'c' }] }), [
      { kind: 'label', what: 'label "a"', image: undefined, rebuild: '"1"' },
      { kind: 'history', what: 'history entry 1', image: undefined, rebuild: '{"comment":"c"}' },
    ]);
    assert.deepEqual(compareConfigs({ config: { User: 'x' }, history: ['y'] }, {}), [
      { kind: 'config', what: 'config field "User"', image: '"x"', rebuild: undefined },
      { kind: 'history', what: 'history entry 1', image: '"y"', rebuild: undefined },
    ]);
  });

  it('names fields in the order of their names, each with the deepest place', () => {
    const one = { b: { x: { y: [1, { z: 1 }] } }, a: [1], c: { d: 1 }, e: 1, f: [1], g: { h: 1 } };
    const other = { c: { d: 1, e: 2 }, a: [2], b: { x: { y: [1, { z: 2 }] } }, e: '1', f: { 0: 1 }, g: [1] };
    assert.deepEqual(compareConfigs(one, other), [
      { kind: 'config', what: 'config field "a"[0]', image: '1', rebuild: '2' },
      { kind: 'config', what: 'config field "b"."x"."y"[1]."z"', image: '1', rebuild: '2' },
      { kind: 'config', what: 'config field "c"."e"', image: undefined, rebuild: '2' },
      { kind: 'config', what: 'config field "e"', image: '1', rebuild: '"1"' },
      { kind: 'config', what: 'config field "f"', image: '[1]', rebuild: '{"0":1}' },
      { kind: 'config', what: 'config field "g"', image: '{"h":1}', rebuild: '[1]' },
    ]);
  });

  it('names causes before what follows from them', () => {
    const other = {
      ...config,
      created: 'x',
      os: 'x',
      history: [],
      config: { ...inner, Labels: { a: 'x', b: '2' }, User: 'x' },
    };
    assert.deepEqual(
      compareConfigs(config, other).map(({ kind }) => kind),
      ['platform', 'label', 'config', 'config', 'history'],
    );
  });

  it('drives no terminal, and shows no value in its whole length', () => {
    const other = { ...config, config: { ...inner, Labels: { a: `\u001b[2J${'x'.repeat(5000)}`, b: '2' } } };
    const [line = ''] = compareConfigs(config, other).map(formatDifference);
    assert.doesNotMatch(line, /[\u0000-\u001f]/);
    assert.ok(line.length < 400);
  });
});

describe('compareManifests', () => {
  it('finds annotations and fields besides what is listed', () => {
    const one = { mediaType: 'a', annotations: { k: 'v' }, layers: [1], config: 1 };
    const other = { mediaType: 'b', annotations: {}, layers: [2], config: 2, subject: 'x' };
    assert.deepEqual(
      compareManifests(one, other).map(({ kind }) => kind),
      ['annotation', 'document', 'document'],
    );
    assert.deepEqual(compareManifests(one, other).map(formatDifference), [
      'annotation "k": the image has "v", the rebuild has none',
      'manifest field "mediaType": the image has "a", the rebuild has "b"',
      'manifest field "subject": the image has none, the rebuild has "x"',
    ]);
  });

  it('finds annotations of the entries of an index', () => {
    const entry: Descriptor = { mediaType: 'm', digest: 'sha256:0', size: 1, annotations: { k: '1' } };
    const what = 'annotation of the entry of linux/amd64: "k"';
    const bare: Descriptor = { mediaType: 'm', digest: 'sha256:0', size: 1 };
    const found = (one: Descriptor, other: Descriptor) => compareEntries(one, other, 'linux/amd64');
    assert.deepEqual(found(entry, { ...entry, annotations: { k: '2' } }), [
      { kind: 'annotation', what, image: '"1"', rebuild: '"2"' },
    ]);
    assert.deepEqual(found(bare, entry), [{ kind: 'annotation', what, image: undefined, rebuild: '"1"' }]);
    assert.deepEqual(found(entry, bare), [{ kind: 'annotation', what, image: '"1"', rebuild: undefined }]);
    assert.deepEqual(found(bare, bare), []);
  });
});

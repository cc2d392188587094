import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { encodeJson } from '../../../src/core/oci/json.ts';
import type { JsonObject } from '../../../src/core/oci/json.ts';
import {
  encodeRecord,
  parseRecord,
  recordArguments,
  recordContexts,
} from '../../../src/core/trust/build-record.ts';
import type { BuildRecord } from '../../../src/core/trust/build-record.ts';

const digest = digestOf(Buffer.from('x'));

const least: BuildRecord = {
  containerfile: { digest },
  platforms: [],
  labels: [],
  annotations: [],
  annotationEncoding: 'plain',
  buildArguments: {},
  withheldArguments: [],
  buildContexts: {},
  strict: false,
  fill: true,
  compression: 'gzip',
  sourceDate: 0,
  leftOut: [],
};
const most: BuildRecord = {
  containerfile: { path: 'docker/Containerfile', digest },
  target: 'app',
  platforms: ['linux/amd64', 'linux/arm64'],
  labels: [
    { key: 'a', value: 'b' },
    { key: 'c', value: '' },
  ],
  annotations: ['index:i=1'],
  annotationEncoding: 'base64',
  buildArguments: { V: '1', W: '2' },
  withheldArguments: ['API_TOKEN'],
  buildContexts: { tools: 'docker-image://ghcr.io/a/tools:1', local: null },
  strict: true,
  fill: false,
  container: true,
  compression: 'zstd:3',
  sourceDate: Number.MAX_SAFE_INTEGER,
  leftOut: ['image.tar', 'a..b/..c'],
};

const parsed = (value: unknown) => parseRecord(value, 'it');
const asJson = (record: BuildRecord) => JSON.parse(String(encodeJson(encodeRecord(record)))) as JsonObject;

describe('a record of a build', () => {
  it('comes back from its JSON, with no field that it didn’t have', () => {
    assert.deepEqual(encodeRecord(least), least);
    assert.deepEqual(encodeRecord(most), most);
    assert.deepEqual(parsed(asJson(least)), least);
    assert.deepEqual(parsed(asJson(most)), most);
  });

  it('of no container image has no mark of one', () => {
    assert.deepEqual(parsed({ ...least, container: false }), least);
  });

  const wrong: readonly (readonly [field: string, change: unknown])[] = [
    ...['x', null, [], undefined].map((value) => ['containerfile', { containerfile: value }] as const),
    ['containerfile.digest', { containerfile: {} }],
    ['containerfile.digest', { containerfile: { digest: [digest] } }],
    ['containerfile.digest', { containerfile: { digest: 'sha256:0' } }],
    ...['', '/a', '\\a', 'c:a', 'C:\\a', '..', '../a', 'a/../b', 'a\\..\\b', 'a/..', 1, null, []].map(
      (path) => ['containerfile.path', { containerfile: { digest, path } }] as const,
    ),
    ['target', { target: 1 }],
    ['target', { target: null }],
    ['platforms', { platforms: undefined }],
    ['platforms', { platforms: [1] }],
    ['labels', { labels: {} }],
    ['labels', { labels: ['a=b'] }],
    ['labels', { labels: [{ key: 1, value: '' }] }],
    ['labels', { labels: [{ key: 'a', value: 1 }] }],
    ['labels', { labels: [{ key: 'a', value: 'b' }, { key: 'c' }] }],
    ['annotations', { annotations: 'a=b' }],
    ['annotationEncoding', { annotationEncoding: undefined }],
    ['annotationEncoding', { annotationEncoding: 1 }],
    ['buildArguments', { buildArguments: { a: 1 } }],
    ['withheldArguments', { withheldArguments: [1] }],
    ['buildContexts', { buildContexts: [] }],
    ['buildContexts', { buildContexts: { a: 1 } }],
    ['buildContexts', { buildContexts: { a: null, b: 1 } }],
    ['strict', { strict: 'true' }],
    ['fill', { fill: undefined }],
    ['container', { container: 'true' }],
    ['container', { container: null }],
    ['compression', { compression: undefined }],
    ['sourceDate', { sourceDate: -1 }],
    ['sourceDate', { sourceDate: 1.5 }],
    ['sourceDate', { sourceDate: 2 ** 53 }],
    ['sourceDate', { sourceDate: '1' }],
    ['leftOut', { leftOut: 'a' }],
    ['leftOut', { leftOut: ['a', '../b'] }],
    ['leftOut', { leftOut: [''] }],
  ];
  for (const [field, change] of wrong) {
    it(`is refused with ${JSON.stringify(change)}`, () => {
      assert.throws(() => parsed({ ...least, ...(change as JsonObject) }), {
        code: 'LAYOUT_INVALID',
        message: `it: expected what a build was told, got no valid "${field}"`,
      });
    });
  }

  it('is refused when it is no object', () => {
    for (const value of [undefined, null, 'x', [least]])
      assert.throws(() => parsed(value), { code: 'LAYOUT_INVALID', message: /no valid "containerfile"$/ });
  });
});

describe('what a record says of arguments and contexts', () => {
  it('is sorted by the names of the arguments, whatever order they were given in', () => {
    const given = (...names: readonly string[]) => new Map(names.map((name) => [name, name.toLowerCase()]));
    for (const names of [
      ['A', 'B', 'C', 'X_TOKEN', 'Y_TOKEN'],
      ['Y_TOKEN', 'C', 'B', 'X_TOKEN', 'A'],
      ['B', 'X_TOKEN', 'A', 'Y_TOKEN', 'C'],
    ]) {
      const { buildArguments, withheldArguments } = recordArguments(given(...names));
      assert.deepEqual(Object.entries(buildArguments), [
        ['A', 'a'],
        ['B', 'b'],
        ['C', 'c'],
      ]);
      assert.deepEqual(withheldArguments, ['X_TOKEN', 'Y_TOKEN']);
    }
  });

  it('names no place that means something on one machine alone', () => {
    const contexts = new Map([
      ['a', 'docker://x/y:1'],
      ['b', 'docker-image://x/y:1'],
      ['c', '/home/docker://x'],
      ['d', 'docker:x'],
      ['e', 'oci-layout:///home/me'],
    ]);
    assert.deepEqual(recordContexts(contexts), {
      a: 'docker://x/y:1',
      b: 'docker-image://x/y:1',
      c: null,
      d: null,
      e: null,
    });
  });
});

// What an image is rebuilt with: each field from the user, the record and the image itself, in this order.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseCompression } from '../../../src/adapters/layers/compression.ts';
import { createLayout } from '../../../src/adapters/disk/layout.ts';
import { blobOf } from '../../../src/core/oci/blob.ts';
import type { Descriptor } from '../../../src/core/oci/descriptor.ts';
import type { Digest } from '../../../src/core/oci/digest.ts';
import { encodeJson } from '../../../src/core/oci/json.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import { parsePlatform } from '../../../src/core/oci/platform.ts';
import type { BuildRecord } from '../../../src/core/trust/build-record.ts';
import type { RecordedBuild } from '../../../src/core/trust/provenance.ts';
import { readTraces, resolveInputs } from '../../../src/usecases/verify/rebuild-inputs.ts';
import type { GivenInputs, ImageTraces } from '../../../src/usecases/verify/rebuild-inputs.ts';
import { putBase } from '../../support/base-image.ts';
import { temporaryFolder } from '../../support/folder.ts';

const digest: Digest = `sha256:${'1'.repeat(64)}`;
const nothing: GivenInputs = { context: '/src', buildArguments: new Map(), buildContexts: new Map() };
const traces: ImageTraces = { isIndex: false, platforms: [parsePlatform('linux/arm64')], isContainer: false };
const record: BuildRecord = {
  containerfile: { path: 'sub/Containerfile', digest },
  target: 'app',
  platforms: ['linux/riscv64'],
  labels: [{ key: 'l', value: 'recorded' }],
  annotations: ['index:a=recorded'],
  annotationEncoding: 'base64',
  buildArguments: { A: 'recorded', B: 'b' },
  withheldArguments: [],
  buildContexts: { image: 'docker-image://alpine' },
  strict: false,
  fill: false,
  compression: 'gzip:7',
  sourceDate: 100,
  leftOut: ['out/image.tar'],
};
const recorded: RecordedBuild = {
  record,
  images: new Map([['alpine:latest', digest]]),
  builder: 'https://builder.example',
};

function recordedWith(more: Partial<BuildRecord>): RecordedBuild {
  return { ...recorded, record: { ...record, ...more } };
}

describe('the inputs of a rebuild', () => {
  it('are defaults where nobody says anything', () => {
    assert.deepEqual(resolveInputs(nothing, undefined, traces), {
      plan: {
        context: '/src',
        labels: [],
        strict: true,
        fill: true,
        container: false,
        failOn: 'error',
        platforms: traces.platforms,
        buildArguments: new Map(),
        created: 0,
      },
      build: {
        compression: parseCompression('gzip'),
        annotations: [],
        annotationEncoding: 'plain',
        created: 0,
      },
      contexts: new Map(),
      pins: new Map(),
      outputs: [],
      notes: ['no record of the build is there: what the options say, and the image itself, is used'],
    });
  });

  it('are what the image tells where there is no record', () => {
    const told = { ...traces, isContainer: true, created: 7, compression: 'zstd:5' };
    const { plan, build } = resolveInputs(nothing, undefined, told);
    assert.deepEqual([plan.container, plan.created, build.created], [true, 7, 7]);
    assert.deepEqual(build.compression, parseCompression('zstd:5'));
    const { plan: given } = resolveInputs({ ...nothing, sourceDate: 9 }, undefined, told);
    assert.equal(given.created, 9);
  });

  it('are what was recorded, whatever the image tells', () => {
    const told = { ...traces, isContainer: true, created: 7, compression: 'zstd:5' };
    assert.deepEqual(resolveInputs(nothing, recorded, told), {
      plan: {
        context: '/src',
        file: join('/src', 'sub/Containerfile'),
        target: 'app',
        labels: record.labels,
        strict: false,
        fill: false,
        container: false,
        failOn: 'error',
        platforms: [parsePlatform('linux/riscv64')],
        buildArguments: new Map([
          ['A', 'recorded'],
          ['B', 'b'],
        ]),
        created: 100,
      },
      build: {
        compression: parseCompression('gzip:7'),
        annotations: [{ level: 'index', key: 'a', value: 'recorded' }],
        annotationEncoding: 'base64',
        created: 100,
      },
      contexts: new Map([['image', 'docker-image://alpine']]),
      pins: recorded.images,
      outputs: [join('/src', 'out/image.tar')],
      notes: [
        'the record of the build, which nobody has signed, says that https://builder.example made it',
        'recorded: build argument A="recorded"',
        'recorded: build argument B="b"',
        'recorded: label l="recorded"',
        'recorded: annotation index:a=recorded',
        'recorded: build context image="docker-image://alpine"',
        `recorded: base image alpine:latest is ${digest}`,
      ],
    });
  });

  it('are what the user says before anything else', () => {
    const given: GivenInputs = {
      context: '/src',
      file: '/elsewhere/Containerfile',
      target: 'own',
      platforms: [parsePlatform('linux/amd64')],
      labels: [{ key: 'l', value: 'given' }],
      annotations: [{ level: 'manifest', key: 'a', value: 'given' }],
      annotationEncoding: 'plain',
      buildArguments: new Map([['A', 'given']]),
      buildContexts: new Map([['image', '/folder']]),
      strict: true,
      fill: true,
      container: true,
      compression: parseCompression('none'),
      sourceDate: 5,
    };
    const { plan, build, contexts, notes } = resolveInputs(given, recorded, traces);
    assert.deepEqual(plan, {
      context: '/src',
      file: '/elsewhere/Containerfile',
      target: 'own',
      labels: given.labels,
      strict: true,
      fill: true,
      container: true,
      failOn: 'error',
      platforms: given.platforms,
      buildArguments: new Map([
        ['A', 'given'],
        ['B', 'b'],
      ]),
      // The date of the record is that of the image: a date in the environment is none of it.
      created: 100,
    });
    assert.deepEqual(build, {
      compression: given.compression,
      annotations: given.annotations,
      annotationEncoding: 'plain',
      created: 100,
    });
    assert.deepEqual(contexts, new Map([['image', '/folder']]));
    assert.deepEqual(notes, [
      'the record of the build, which nobody has signed, says that https://builder.example made it',
      'recorded: build argument B="b"',
      `recorded: base image alpine:latest is ${digest}`,
    ]);
  });

  it('name who signed the record, and the commit', () => {
    const { notes } = resolveInputs(nothing, { ...recorded, signer: 'somebody', commit: 'abc' }, traces);
    assert.deepEqual(notes.slice(0, 2), [
      'the record of the build, signed by somebody, says that https://builder.example made it',
      'recorded: commit abc',
    ]);
  });

  it('have an ordinary container image where that was recorded', () => {
    assert.equal(resolveInputs(nothing, recordedWith({ container: true }), traces).plan.container, true);
  });

  it('have the annotations in base64 for that word alone', () => {
    const other = recordedWith({ annotationEncoding: 'something' });
    assert.equal(resolveInputs(nothing, other, traces).build.annotationEncoding, 'plain');
  });

  const platforms: [
    name: string,
    isIndex: boolean,
    of: readonly string[] | undefined,
    is: readonly string[],
  ][] = [
    ['those of the image without a record', false, undefined, ['linux/arm64']],
    ['those of the index without a record', true, undefined, ['linux/arm64']],
    ['the one that was recorded', false, ['linux/riscv64'], ['linux/riscv64']],
    ['none for the one image of the binary’s platform', false, [], []],
    ['that of the image which is one of several', false, ['linux/amd64', 'linux/arm64'], ['linux/arm64']],
    [
      'all that were recorded for an index',
      true,
      ['linux/amd64', 'linux/arm64'],
      ['linux/amd64', 'linux/arm64'],
    ],
  ];
  for (const [name, isIndex, of, is] of platforms) {
    it(`have as platforms ${name}`, () => {
      const build = of === undefined ? undefined : recordedWith({ platforms: of });
      const { plan } = resolveInputs(nothing, build, { ...traces, isIndex });
      assert.deepEqual(plan.platforms, is.map(parsePlatform));
    });
  }

  const missing: [
    name: string,
    record: Partial<BuildRecord>,
    given: Partial<GivenInputs>,
    message: string,
    hint: string,
  ][] = [
    [
      'a Containerfile outside of the context',
      { containerfile: { digest } },
      { file: '/x' },
      `the Containerfile, ${digest}, was outside of the build context`,
      'Name it with --file.',
    ],
    [
      'a build argument that was withheld',
      { withheldArguments: ['GIVEN', 'TOKEN', 'OTHER'] },
      { buildArguments: new Map(['GIVEN', 'TOKEN', 'OTHER'].map((name) => [name, 'x'])) },
      'the build argument "TOKEN" was given, and its value is not recorded: it may be a secret',
      'Give it with --build-arg TOKEN=value.',
    ],
    [
      'a build context on disk',
      { buildContexts: { image: 'docker-image://a', more: null, other: null } },
      {
        buildContexts: new Map([
          ['more', '/m'],
          ['other', '/o'],
        ]),
      },
      'the build context "more" was a folder or an image on disk',
      'Say where it is with --build-context more=PLACE.',
    ],
  ];
  for (const [name, more, given, message, hint] of missing) {
    it(`lack ${name}, unless the user names it`, () => {
      const half = { ...nothing, buildArguments: new Map([['GIVEN', 'x']]) };
      assert.throws(() => resolveInputs(half, recordedWith(more), traces), {
        code: 'NOT_AVAILABLE',
        message,
        hint,
      });
      assert.ok(resolveInputs({ ...nothing, ...given }, recordedWith(more), traces));
    });
  }
});

describe('the traces of an image', () => {
  const urunc = { 'com.urunc.unikernel.binary': '/a' };
  const marked = (descriptor: Descriptor, compressor: string) => ({
    ...descriptor,
    annotations: { 'com.nubificus.bima.compressor': `${compressor} ${descriptor.digest.slice(7, 23)}` },
  });

  it('are its platform, its kind, its date, and the compression of its last layer', async (test) => {
    const layout = await createLayout(join(temporaryFolder(test), 'layout'));
    const rows: [name: string, base: Parameters<typeof putBase>[1], is: object][] = [
      [
        'plain',
        { layers: [[], [{ path: 'a' }]], uncompressed: true, architecture: 'x86_64' },
        { isContainer: true, created: Date.UTC(2024, 4, 6, 7, 8, 9) / 1000, compression: 'none' },
      ],
      [
        'urunc by label',
        { layers: [], config: { Labels: urunc }, document: { created: '1970-01-01T00:00:05Z' } },
        { isContainer: false, created: 5 },
      ],
      [
        'urunc by annotation',
        { layers: [], annotations: urunc, document: { created: '1970-01-01T00:00:00Z' } },
        { isContainer: false, created: 0 },
      ],
      ['another tool', { layers: [[]], document: { created: undefined } }, { isContainer: true }],
      [
        'a date before 1970',
        { layers: [], document: { created: '1969-12-31T23:59:59Z' } },
        { isContainer: true },
      ],
      [
        'a date of a part of a second',
        { layers: [], document: { created: '1970-01-01T00:00:01.5Z' } },
        { isContainer: true },
      ],
      ['no date', { layers: [], document: { created: 'never' } }, { isContainer: true }],
    ];
    for (const [name, base, is] of rows) {
      const root = await putBase(layout, base);
      assert.deepEqual(
        await readTraces({ source: layout, root }),
        { isIndex: false, platforms: [parsePlatform('linux/amd64')], ...is },
        name,
      );
    }
  });

  it('are those of all images of an index, and the first date and compression', async (test) => {
    const layout = await createLayout(join(temporaryFolder(test), 'layout'));
    const parts: Descriptor[] = [];
    for (const [at, compressor] of ['gzip:4/bima-1', 'gzip:9/bima-1'].entries()) {
      const { platform, ...root } = await putBase(layout, {
        layers: [[{ path: 'low' }], [{ path: `${at}` }]],
        architecture: at === 0 ? 'amd64' : 'arm64',
        ...(at === 0 ? {} : { config: { Labels: urunc } }),
        document: { created: `1970-01-01T00:00:0${at + 1}Z` },
      });
      const { readFileSync } = await import('node:fs');
      const manifest = JSON.parse(readFileSync(layout.blobPath(root.digest), 'utf8')) as {
        layers: Descriptor[];
      };
      const [low, top] = manifest.layers;
      assert.ok(low !== undefined && top !== undefined);
      const blob = blobOf(
        mediaTypes.manifest,
        encodeJson({ ...manifest, layers: [marked(low, 'zstd:9/x'), marked(top, compressor)] }),
      );
      await layout.put(blob);
      parts.push({ ...blob.descriptor, ...(platform === undefined ? {} : { platform }) });
    }
    const config = blobOf('application/vnd.oci.empty.v1+json', Buffer.from('{}'));
    await layout.put(config);
    const artifact = blobOf(
      mediaTypes.manifest,
      encodeJson({ schemaVersion: 2, artifactType: 'a/b', config: config.descriptor, layers: [] }),
    );
    await layout.put(artifact);
    const index = blobOf(
      mediaTypes.index,
      encodeJson({
        schemaVersion: 2,
        mediaType: mediaTypes.index,
        manifests: [artifact.descriptor, ...parts],
      }),
    );
    await layout.put(index);
    assert.deepEqual(await readTraces({ source: layout, root: index.descriptor }), {
      isIndex: true,
      platforms: [parsePlatform('linux/amd64'), parsePlatform('linux/arm64')],
      isContainer: false,
      created: 1,
      compression: 'gzip:4',
    });
  });
});

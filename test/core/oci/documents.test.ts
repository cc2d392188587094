// The documents of other tools are checked where they are read.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { BimaError } from '../../../src/core/errors.ts';
import { parseConfig } from '../../../src/core/oci/config.ts';
import { readDescriptor } from '../../../src/core/oci/descriptor.ts';
import { isImageManifest, parseIndex, parseManifest } from '../../../src/core/oci/manifest.ts';

const digest = `sha256:${'0'.repeat(64)}`;
const descriptor = { mediaType: 'application/octet-stream', digest, size: 3 };
const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

describe('readDescriptor', () => {
  it('keeps what bima knows and drops the rest', () => {
    const platform = { os: 'linux', architecture: 'arm', variant: 'v7', features: ['x'] };
    assert.deepEqual(readDescriptor({ ...descriptor, platform, urls: ['u'], annotations: { a: 'b' } }, 'x'), {
      ...descriptor,
      platform: { os: 'linux', architecture: 'arm', variant: 'v7' },
      annotations: { a: 'b' },
    });
  });

  it('has only what is there', () => {
    for (const nothing of [{}, { annotations: null }, { platform: { os: 'linux' } }, { artifactType: 5 }])
      assert.deepEqual(readDescriptor({ ...descriptor, ...nothing }, 'x'), descriptor);
    assert.deepEqual(readDescriptor({ ...descriptor, size: 0, artifactType: 'a/b' }, 'x'), {
      ...descriptor,
      size: 0,
      artifactType: 'a/b',
    });
  });

  const noDigest = '"digest" is no sha256 digest';
  const noSize = '"size" is no byte count';
  const noAnnotations = '"annotations" is no map of strings';
  const wrong: [name: string, value: unknown, why: string][] = [
    ['a list', [], 'it is no JSON object'],
    ['null', null, 'it is no JSON object'],
    ['no media type', { ...descriptor, mediaType: undefined }, '"mediaType" is missing'],
    ['another digest algorithm', { ...descriptor, digest: `sha512:${'0'.repeat(128)}` }, noDigest],
    ['a path as digest', { ...descriptor, digest: 'sha256:../../etc/passwd' }, noDigest],
    ['no digest', { ...descriptor, digest: undefined }, noDigest],
    ['a digest in a list', { ...descriptor, digest: [digest] }, noDigest],
    ['a negative size', { ...descriptor, size: -1 }, noSize],
    ['a size as text', { ...descriptor, size: '3' }, noSize],
    ['a fractional size', { ...descriptor, size: 1.5 }, noSize],
    ['a size that no number holds', { ...descriptor, size: 2 ** 53 }, noSize],
    ['an annotation that is no text', { ...descriptor, annotations: { a: 1 } }, noAnnotations],
    ['a list of annotations', { ...descriptor, annotations: ['a'] }, noAnnotations],
  ];
  for (const [name, value, why] of wrong) {
    it(`refuses ${name}`, () => {
      assert.throws(() => readDescriptor(value, 'x'), {
        code: 'LAYOUT_INVALID',
        message: `x is not a valid descriptor: ${why}`,
      });
    });
  }
});

describe('parseManifest and parseIndex', () => {
  const manifest = { schemaVersion: 2, config: descriptor, layers: [descriptor] };

  const parts = { artifactType: 'a/b', subject: descriptor, annotations: { a: 'b' } };

  for (const type of [
    'application/vnd.oci.image.manifest.v1+json',
    'application/vnd.docker.distribution.manifest.v2+json',
  ])
    it(`reads a manifest of type ${type}`, () => {
      assert.deepEqual(parseManifest(bytes({ ...manifest, ...parts, mediaType: type, x: 1 }), 'm'), {
        ...manifest,
        ...parts,
        mediaType: type,
      });
    });

  for (const type of [
    'application/vnd.oci.image.index.v1+json',
    'application/vnd.docker.distribution.manifest.list.v2+json',
  ])
    it(`reads an index of type ${type}`, () => {
      const index = { schemaVersion: 2, mediaType: type, manifests: [descriptor], ...parts };
      assert.deepEqual(parseIndex(bytes({ ...index, x: 1 }), 'i'), index);
    });

  it('reads one without a media type of its own as one of OCI, and what is no part as none', () => {
    const none = { artifactType: 5, subject: null, annotations: { a: 1 } };
    assert.deepEqual(parseManifest(bytes({ ...manifest, ...none }), 'm'), {
      ...manifest,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
    });
    assert.deepEqual(parseIndex(bytes({ schemaVersion: 2, manifests: [], ...none }), 'i'), {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [],
    });
  });

  const oci = 'application/vnd.oci.image';
  const invalid = (place: string) => `${place} is not a valid descriptor: it is no JSON object`;
  const refused: [
    name: string,
    read: typeof parseManifest | typeof parseIndex,
    value: unknown,
    message: string,
  ][] = [
    [
      'an index as a manifest',
      parseManifest,
      { schemaVersion: 2, mediaType: `${oci}.index.v1+json`, manifests: [] },
      `m: expected an image manifest, got "${oci}.index.v1+json"`,
    ],
    [
      'a manifest as an index',
      parseIndex,
      { ...manifest, mediaType: `${oci}.manifest.v1+json` },
      `m: expected an image index, got "${oci}.manifest.v1+json"`,
    ],
    [
      'schema version 1',
      parseManifest,
      { ...manifest, schemaVersion: 1 },
      'm: expected "schemaVersion" 2, got 1',
    ],
    ['no schema version', parseIndex, { manifests: [] }, 'm: expected "schemaVersion" 2, got undefined'],
    ['no layers', parseManifest, { schemaVersion: 2, config: descriptor }, 'm: layers is not a list'],
    ['no config', parseManifest, { schemaVersion: 2, layers: [] }, invalid('m: config')],
    ['no manifests', parseIndex, { schemaVersion: 2 }, 'm: manifests is not a list'],
    [
      'a layer that is none',
      parseManifest,
      { ...manifest, layers: [descriptor, 5] },
      invalid('m: layers[1]'),
    ],
    [
      'an entry that is none',
      parseIndex,
      { schemaVersion: 2, manifests: [null] },
      invalid('m: manifests[0]'),
    ],
    ['a subject that is none', parseManifest, { ...manifest, subject: 'x' }, invalid('m: subject')],
    ['no JSON', parseIndex, '{', 'm is not valid JSON'],
    ['a JSON list', parseIndex, '[]', 'm is not a JSON object'],
  ];
  for (const [name, read, value, message] of refused) {
    it(`refuses ${name}`, () => {
      assert.throws(() => read(bytes(value), 'm'), { code: 'LAYOUT_INVALID', message });
    });
  }

  it('throws nothing but its own errors on any JSON', () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(parseManifest, parseIndex, parseConfig), (json, read) => {
        try {
          read(Buffer.from(json), 'm');
        } catch (error) {
          assert.ok(error instanceof BimaError);
        }
      }),
    );
  });
});

describe('parseConfig', () => {
  it('reads the config of an image without labels or a command', () => {
    const config = parseConfig(
      bytes({ os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [digest] } }),
      'c',
    );
    assert.deepEqual(config, {
      platform: { os: 'linux', architecture: 'amd64' },
      labels: {},
      diffIds: [digest],
    });
  });

  it('reads what others set, and leaves out what is of another type', () => {
    const image = { os: 'linux', architecture: 'arm', variant: 'v7', rootfs: { diff_ids: [] } };
    const config = { Entrypoint: ['a'], Cmd: ['b'], Env: ['C=d'], Labels: { e: 'f' } };
    assert.deepEqual(parseConfig(bytes({ ...image, created: '2024-01-01T00:00:00Z', config, x: 1 }), 'c'), {
      platform: { os: 'linux', architecture: 'arm', variant: 'v7' },
      created: '2024-01-01T00:00:00Z',
      entrypoint: ['a'],
      cmd: ['b'],
      env: ['C=d'],
      labels: { e: 'f' },
      diffIds: [],
    });
    const least = { platform: { os: 'linux', architecture: 'arm', variant: 'v7' }, labels: {}, diffIds: [] };
    for (const other of [
      { created: 5, config: { Entrypoint: 'a', Cmd: [1], Env: {}, Labels: { e: 1 } } },
      { config: [] },
      { config: null },
    ])
      assert.deepEqual(parseConfig(bytes({ ...image, ...other }), 'c'), least);
  });

  const noDigests = 'c has no list of sha256 digests in "rootfs.diff_ids"';
  for (const [value, message] of [
    [{ rootfs: { diff_ids: [] } }, 'c has no "os" and "architecture"'],
    [{ os: 'linux', architecture: 'amd64' }, noDigests],
    [{ os: 'linux', architecture: 'a', rootfs: { diff_ids: ['x'] } }, noDigests],
    [{ os: 'linux', architecture: 'a', rootfs: { diff_ids: [digest, 5] } }, noDigests],
    [{ os: 'linux', architecture: 'a', rootfs: { diff_ids: [digest, 'x'] } }, noDigests],
    [{ os: 'linux', architecture: 'a', rootfs: { diff_ids: digest } }, noDigests],
  ] as const) {
    it(`refuses ${JSON.stringify(value)}`, () => {
      assert.throws(() => parseConfig(bytes(value), 'c'), { code: 'LAYOUT_INVALID', message });
    });
  }
});

describe('isImageManifest', () => {
  const of = (mediaType: string) => ({ ...readDescriptor(descriptor, 'x'), mediaType });
  const config = 'application/vnd.oci.image.config.v1+json';
  const layer = 'application/vnd.oci.image.layer.v1.tar+gzip';
  const rows: [config: string, layers: string[], isImage: boolean][] = [
    [config, [layer], true],
    [config, [], true],
    [
      'application/vnd.docker.container.image.v1+json',
      ['application/vnd.docker.image.rootfs.diff.tar.gzip'],
      true,
    ],
    ['application/vnd.oci.empty.v1+json', [layer], false],
    [config, [layer, 'application/vnd.in-toto+json'], false],
    [config, ['application/vnd.in-toto+json', layer], false],
  ];
  for (const [type, layers, isImage] of rows)
    it(`is ${isImage} for ${type} and ${layers.join(' ') || 'no layer'}`, () => {
      assert.equal(isImageManifest({ config: of(type), layers: layers.map(of) }), isImage);
    });
});

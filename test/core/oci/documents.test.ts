// The documents of other tools are checked where they are read.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { BimaError } from '../../../src/core/errors.ts';
import { parseConfig } from '../../../src/core/oci/config.ts';
import { readDescriptor } from '../../../src/core/oci/descriptor.ts';
import { parseIndex, parseManifest } from '../../../src/core/oci/manifest.ts';

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

  const wrong: [name: string, value: unknown][] = [
    ['a list', []],
    ['null', null],
    ['no media type', { ...descriptor, mediaType: undefined }],
    ['another digest algorithm', { ...descriptor, digest: `sha512:${'0'.repeat(128)}` }],
    ['a path as digest', { ...descriptor, digest: 'sha256:../../etc/passwd' }],
    ['a negative size', { ...descriptor, size: -1 }],
    ['a size as text', { ...descriptor, size: '3' }],
    ['a fractional size', { ...descriptor, size: 1.5 }],
    ['an annotation that is no text', { ...descriptor, annotations: { a: 1 } }],
  ];
  for (const [name, value] of wrong) {
    it(`refuses ${name}`, () => {
      assert.throws(() => readDescriptor(value, 'x'), { code: 'LAYOUT_INVALID' });
    });
  }
});

describe('parseManifest and parseIndex', () => {
  const manifest = { schemaVersion: 2, config: descriptor, layers: [descriptor] };

  it('reads a manifest without a media type of its own as an OCI manifest', () => {
    assert.equal(parseManifest(bytes(manifest), 'm').mediaType, 'application/vnd.oci.image.manifest.v1+json');
  });

  const refused: [name: string, read: typeof parseManifest | typeof parseIndex, value: unknown][] = [
    [
      'an index as a manifest',
      parseManifest,
      { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: [] },
    ],
    [
      'a manifest as an index',
      parseIndex,
      { ...manifest, mediaType: 'application/vnd.oci.image.manifest.v1+json' },
    ],
    ['schema version 1', parseManifest, { ...manifest, schemaVersion: 1 }],
    ['no layers', parseManifest, { schemaVersion: 2, config: descriptor }],
    ['no config', parseManifest, { schemaVersion: 2, layers: [] }],
    ['no manifests', parseIndex, { schemaVersion: 2 }],
    ['no JSON', parseIndex, '{'],
    ['a JSON list', parseIndex, '[]'],
  ];
  for (const [name, read, value] of refused) {
    it(`refuses ${name}`, () => {
      assert.throws(() => read(bytes(value), 'm'), { code: 'LAYOUT_INVALID' });
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

  for (const value of [
    { rootfs: { diff_ids: [] } },
    { os: 'linux', architecture: 'amd64' },
    { os: 'linux', architecture: 'a', rootfs: { diff_ids: ['x'] } },
  ]) {
    it(`refuses ${JSON.stringify(value)}`, () => {
      assert.throws(() => parseConfig(bytes(value), 'c'), { code: 'LAYOUT_INVALID' });
    });
  }
});

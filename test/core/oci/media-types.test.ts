import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  isIndexType,
  isManifestType,
  layerCompression,
  layerMediaTypeInOci,
  mediaTypes,
} from '../../../src/core/oci/media-types.ts';

const oci = 'application/vnd.oci.image';
const docker = 'application/vnd.docker';

describe('media types', () => {
  it('are those of the specifications', () => {
    assert.deepEqual(mediaTypes, {
      index: `${oci}.index.v1+json`,
      manifest: `${oci}.manifest.v1+json`,
      config: `${oci}.config.v1+json`,
      layerTar: `${oci}.layer.v1.tar`,
      layerGzip: `${oci}.layer.v1.tar+gzip`,
      layerZstd: `${oci}.layer.v1.tar+zstd`,
      dockerManifestList: `${docker}.distribution.manifest.list.v2+json`,
      dockerManifest: `${docker}.distribution.manifest.v2+json`,
      dockerConfig: `${docker}.container.image.v1+json`,
      dockerLayer: `${docker}.image.rootfs.diff.tar.gzip`,
    });
  });

  it('tell indexes and manifests from everything else', () => {
    const types = Object.values(mediaTypes);
    assert.deepEqual(types.filter(isIndexType), [mediaTypes.index, mediaTypes.dockerManifestList]);
    assert.deepEqual(types.filter(isManifestType), [mediaTypes.manifest, mediaTypes.dockerManifest]);
  });

  const layers: [type: string, compression: string | undefined, inOci: string | undefined][] = [
    [`${oci}.layer.v1.tar`, 'none', mediaTypes.layerTar],
    [`${docker}.image.rootfs.diff.tar`, 'none', mediaTypes.layerTar],
    [`${oci}.layer.v1.tar+gzip`, 'gzip', mediaTypes.layerGzip],
    [`${docker}.image.rootfs.diff.tar.gzip`, 'gzip', mediaTypes.layerGzip],
    [`${oci}.layer.v1.tar+zstd`, 'zstd', mediaTypes.layerZstd],
    [`${docker}.image.rootfs.diff.tar.zstd`, 'zstd', mediaTypes.layerZstd],
    [`${oci}.layer.nondistributable.v1.tar+gzip`, undefined, undefined],
    [`${docker}.image.rootfs.foreign.diff.tar.gzip`, undefined, undefined],
    [mediaTypes.config, undefined, undefined],
    ['', undefined, undefined],
  ];
  for (const [type, compression, inOci] of layers)
    it(`say of ${type || 'nothing'} that it is ${compression ?? 'no layer'}`, () => {
      assert.equal(layerCompression(type), compression);
      assert.equal(layerMediaTypeInOci(type), inOci);
    });
});

// The media types of the OCI image specification (media-types.md), and Docker's older names for the same things.

export const mediaTypes = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layerTar: 'application/vnd.oci.image.layer.v1.tar',
  layerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  layerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  dockerManifestList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
} as const;

const ociLayers = {
  none: mediaTypes.layerTar,
  gzip: mediaTypes.layerGzip,
  zstd: mediaTypes.layerZstd,
} as const;

/** What tools write under Docker's media types besides gzip. */
const dockerTar = 'application/vnd.docker.image.rootfs.diff.tar';
const dockerZstd = 'application/vnd.docker.image.rootfs.diff.tar.zstd';

export function isIndexType(mediaType: string): boolean {
  return mediaType === mediaTypes.index || mediaType === mediaTypes.dockerManifestList;
}

export function isManifestType(mediaType: string): boolean {
  return mediaType === mediaTypes.manifest || mediaType === mediaTypes.dockerManifest;
}

/**
 * The name that OCI has for a layer's type, for the same bytes: Docker's own names don't belong in an OCI manifest.
 * Undefined for a type that is no layer known here, also for layers that may not be passed on.
 */
export function layerMediaTypeInOci(mediaType: string): string | undefined {
  const compression = layerCompression(mediaType);
  return compression === undefined ? undefined : ociLayers[compression];
}

/** How a layer's bytes are compressed, told by its media type; undefined for a type that is no layer known here. */
export function layerCompression(mediaType: string): 'none' | 'gzip' | 'zstd' | undefined {
  switch (mediaType) {
    case mediaTypes.layerTar:
    case dockerTar:
      return 'none';
    case mediaTypes.layerGzip:
    case mediaTypes.dockerLayer:
      return 'gzip';
    case mediaTypes.layerZstd:
    case dockerZstd:
      return 'zstd';
    default:
      return undefined;
  }
}

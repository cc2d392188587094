// Checks a layout from its bytes alone, with code of its own: every build test ends here.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';

interface Pointer {
  mediaType: string;
  digest: string;
  size: number;
  platform?: { os: string; architecture: string; variant?: string };
  annotations?: Record<string, string>;
}

export interface VerifiedImage {
  readonly entry: Pointer;
  readonly manifest: { config: Pointer; layers: Pointer[]; annotations?: Record<string, string> };
  readonly config: {
    created: string;
    os: string;
    architecture: string;
    variant?: string;
    config: { Labels: Record<string, string>; Cmd?: string[]; Entrypoint?: string[] };
    rootfs: { type: string; diff_ids: string[] };
    history: { created: string; created_by: string; empty_layer?: boolean }[];
  };
  /** The layers' tars, decompressed. */
  readonly tars: Buffer[];
}

/** Recomputes every digest, size and diff ID of a layout, those below indexes included, of statements too, and fails on files that nothing points to. */
export function verifyLayout(folder: string): VerifiedImage[] {
  const json = (path: string) => JSON.parse(readFileSync(join(folder, path), 'utf8')) as unknown;
  assert.deepEqual(json('oci-layout'), { imageLayoutVersion: '1.0.0' });
  const index = json('index.json') as { schemaVersion: number; mediaType: string; manifests: Pointer[] };
  assert.equal(index.schemaVersion, 2);
  assert.equal(index.mediaType, 'application/vnd.oci.image.index.v1+json');

  const reached = new Set<string>();
  const blob = ({ digest, size }: Pointer): Buffer => {
    const [algorithm, hex = ''] = digest.split(':');
    assert.equal(algorithm, 'sha256');
    const bytes = readFileSync(join(folder, 'blobs', 'sha256', hex));
    assert.equal(createHash('sha256').update(bytes).digest('hex'), hex, `content of ${digest}`);
    assert.equal(bytes.length, size, `size of ${digest}`);
    reached.add(hex);
    return bytes;
  };

  const imagesBelow = (entry: Pointer): Pointer[] => {
    if (entry.mediaType !== 'application/vnd.oci.image.index.v1+json') return [entry];
    const inner = JSON.parse(blob(entry).toString()) as typeof index;
    assert.equal(inner.schemaVersion, 2);
    assert.equal(inner.mediaType, entry.mediaType);
    for (const { platform } of inner.manifests) assert.ok(platform, 'the platform of each image of an index');
    return inner.manifests.flatMap(imagesBelow);
  };
  /** A statement about something in the layout, whole. */
  const isStatement = (entry: Pointer): boolean => {
    const manifest = JSON.parse(blob(entry).toString()) as {
      artifactType?: string;
      config: Pointer;
      layers: Pointer[];
      subject?: Pointer;
    };
    if (manifest.artifactType === undefined) return false;
    assert.equal(blob(manifest.config).toString(), '{}');
    for (const layer of manifest.layers) blob(layer);
    assert.ok(manifest.subject, 'the subject of a statement');
    blob(manifest.subject);
    return true;
  };
  const manifests = index.manifests.flatMap(imagesBelow).filter((entry) => !isStatement(entry));
  const images = manifests.map((entry): VerifiedImage => {
    assert.equal(entry.mediaType, 'application/vnd.oci.image.manifest.v1+json');
    const manifest = JSON.parse(blob(entry).toString()) as VerifiedImage['manifest'] & {
      schemaVersion: number;
      mediaType: string;
    };
    assert.equal(manifest.schemaVersion, 2);
    assert.equal(manifest.mediaType, entry.mediaType);
    assert.equal(manifest.config.mediaType, 'application/vnd.oci.image.config.v1+json');
    const config = JSON.parse(blob(manifest.config).toString()) as VerifiedImage['config'];
    if (entry.platform !== undefined) {
      const { os, architecture, variant } = config;
      assert.deepEqual(
        entry.platform,
        variant === undefined ? { os, architecture } : { os, architecture, variant },
      );
    }
    const tars = manifest.layers.map((layer) => decompressed(layer.mediaType, blob(layer)));
    const diffIds = tars.map((tar) => `sha256:${createHash('sha256').update(tar).digest('hex')}`);
    assert.deepEqual(config.rootfs, { type: 'layers', diff_ids: diffIds });
    assert.equal(
      config.history.filter((item) => item.empty_layer !== true).length,
      tars.length,
      'history of layers',
    );
    return { entry, manifest, config, tars };
  });
  assert.deepEqual(
    readdirSync(join(folder, 'blobs', 'sha256')).sort(),
    [...reached].sort(),
    'blobs that something points to',
  );
  assert.deepEqual(readdirSync(folder).sort(), ['blobs', 'index.json', 'oci-layout']);
  return images;
}

function decompressed(mediaType: string, bytes: Buffer): Buffer {
  switch (mediaType) {
    case 'application/vnd.oci.image.layer.v1.tar':
      return bytes;
    case 'application/vnd.oci.image.layer.v1.tar+gzip':
      return gunzipSync(bytes);
    case 'application/vnd.oci.image.layer.v1.tar+zstd':
      return zstdDecompressSync(bytes);
    default:
      return assert.fail(`layer of type ${mediaType}`);
  }
}

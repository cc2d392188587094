// The tables that ctr prints, as data.

import { isDigest } from '../../core/oci/digest.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { parsePlatform } from '../../core/oci/platform.ts';
import type { Platform } from '../../core/oci/platform.ts';

export interface Snapshotter {
  readonly name: string;
  /** `ok`, or why it doesn't work: `skip`, `error`. */
  readonly status: string;
}

export interface Plugins {
  readonly snapshotters: readonly Snapshotter[];
  /** The platforms of the node that containerd runs on. */
  readonly platforms: readonly Platform[];
}

/** Reads `ctr plugins ls`. */
export function parsePlugins(table: string): Plugins {
  const snapshotters: Snapshotter[] = [];
  const platforms = new Set<string>();
  for (const line of table.split('\n').slice(1)) {
    const [type = '', name = '', platform = '', status] = line.trim().split(/\s+/);
    if (status === undefined) continue;
    if (type.startsWith('io.containerd.snapshotter.')) snapshotters.push({ name, status });
    for (const one of platform.split(',')) if (one.includes('/')) platforms.add(one);
  }
  return { snapshotters, platforms: [...platforms].map(parsePlatform) };
}

export interface StoredImage {
  readonly name: string;
  readonly mediaType: string;
  readonly digest: Digest;
  /** True when all of its content is there and the snapshot that was asked about is unpacked. */
  readonly isReady: boolean;
}

/** Reads `ctr images check`. */
export function parseImages(table: string): StoredImage[] {
  return table.split('\n').flatMap((line) => {
    // The columns STATUS and SIZE hold spaces.
    const [name = '', mediaType = '', digest = '', status, ...rest] = line.trim().split(/\s+/);
    if (!isDigest(digest)) return [];
    return [{ name, mediaType, digest, isReady: status === 'complete' && rest.at(-1) === 'true' }];
  });
}

/** The client's and the server's version, from `ctr version`. */
export function parseVersions(text: string): { client: string; server: string } {
  const [client = 'unknown', server = 'unknown'] = [...text.matchAll(/^\s*Version:\s*(\S+)/gm)].map(
    ([, version]) => version,
  );
  return { client, server };
}

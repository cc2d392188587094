// The signature bundles among what refers to an image.

import { BimaError } from '../../core/errors.ts';
import { readDocument } from '../../core/oci/blob.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { parseManifest } from '../../core/oci/manifest.ts';
import { isManifestType } from '../../core/oci/media-types.ts';
import type { Source } from '../../core/oci/target.ts';
import type { Reporter } from '../../core/reporter.ts';

export interface FoundBundle {
  /** Of the manifest that refers to the image. */
  readonly manifest: Digest;
  readonly bytes: Uint8Array;
}

/** More than anybody means: signing again adds some, and whoever can push can add any number. */
const maxBundles = 200;

const bundleTypes = /^application\/vnd\.dev\.sigstore\.bundle\W/;

/**
 * Those that refer to this very manifest or index, in the order of the list. What can't be read is told and left out.
 * @throws BimaError as the source does for anything but missing or wrong content
 */
export async function findBundles(
  source: Source,
  subject: Digest,
  referrers: readonly Descriptor[],
  reporter: Pick<Reporter, 'debug' | 'warning'>,
): Promise<readonly FoundBundle[]> {
  const candidates = referrers.filter(
    ({ mediaType, artifactType }) =>
      isManifestType(mediaType) && (artifactType === undefined || bundleTypes.test(artifactType)),
  );
  if (candidates.length > maxBundles) {
    reporter.warning({
      code: 'SIGNATURE_INVALID',
      message: `${candidates.length} manifests that refer to the image may be signatures; the last ${maxBundles} are looked at`,
    });
  }
  const found: FoundBundle[] = [];
  for (const candidate of candidates.slice(-maxBundles)) {
    try {
      const bytes = await readBundle(source, subject, candidate);
      if (bytes !== undefined) found.push({ manifest: candidate.digest, bytes });
    } catch (error) {
      if (!(error instanceof BimaError) || !unreadable.has(error.code)) throw error;
      reporter.debug(`${candidate.digest} is no signature: ${error.message}`);
    }
  }
  return found;
}

const unreadable: ReadonlySet<string> = new Set([
  'DIGEST_MISMATCH',
  'LAYOUT_INVALID',
  'NOT_AVAILABLE',
  'REGISTRY_NOT_FOUND',
]);

async function readBundle(
  source: Source,
  subject: Digest,
  candidate: Descriptor,
): Promise<Uint8Array | undefined> {
  const manifest = parseManifest(await readDocument(source.open(candidate), source.name), candidate.digest);
  const layer = manifest.layers.find(({ mediaType }) => bundleTypes.test(mediaType));
  if (layer === undefined || manifest.subject?.digest !== subject) return undefined;
  return readDocument(source.open(layer), source.name);
}

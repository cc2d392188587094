// What was recorded when an image was built: the provenance among the manifests that refer to it, as it is or in the bundle
// of whoever signed it.

import { BimaError } from '../../core/errors.ts';
import { readDocument } from '../../core/oci/blob.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { parseIndex, parseManifest } from '../../core/oci/manifest.ts';
import { isIndexType, isManifestType } from '../../core/oci/media-types.ts';
import { findReferrers, referrersTag } from '../../core/oci/referrers.ts';
import type { Source } from '../../core/oci/target.ts';
import { isBundleReferrer, listedPredicateType } from '../../core/trust/bundle-manifest.ts';
import { parseProvenance } from '../../core/trust/provenance.ts';
import type { RecordedBuild } from '../../core/trust/provenance.ts';
import { parseBundle } from '../../core/trust/signed-statement.ts';
import { predicateTypeAnnotation } from '../../core/trust/statement-manifest.ts';
import { bundleMediaType } from '../../core/trust/sigstore-bundle.ts';
import { parseStatement, predicateTypes, statementMediaType } from '../../core/trust/in-toto-statement.ts';
import type { Repository } from '../../adapters/registry/repository.ts';
import type { LocalImages } from '../../adapters/disk/open.ts';
import type { Reporter } from '../../core/reporter.ts';

/** What refers to a manifest in a registry, by its API or by the tag that stands in for it where there is none. */
export async function listRemoteReferrers(
  repository: Repository,
  subject: Digest,
): Promise<readonly Descriptor[]> {
  const listed = (await repository.referrers(subject)) ?? [];
  const tag = referrersTag(subject);
  const fallback = await repository.read(tag);
  const tagged =
    fallback !== undefined && isIndexType(fallback.descriptor.mediaType)
      ? parseIndex(fallback.bytes, tag).manifests
      : [];
  return [...new Map([...listed, ...tagged].map((one) => [one.digest, one])).values()];
}

/** What refers to an image of a layout or an archive. */
export function listLocalReferrers({ source, roots }: LocalImages, image: Descriptor): Promise<Descriptor[]> {
  return findReferrers(source, image, roots);
}

/**
 * The first record about this very manifest or index; undefined when there is none.
 * What can't be read, or is about something else, is told and left out: anybody may have put it there.
 */
export async function findRecord(
  source: Source,
  subject: Digest,
  referrers: readonly Descriptor[],
  reporter: Pick<Reporter, 'debug'>,
): Promise<RecordedBuild | undefined> {
  for (const referrer of referrers.filter(mayBeProvenance)) {
    try {
      const found = await readRecord(source, subject, referrer);
      if (found !== undefined) return found;
    } catch (error) {
      if (!(error instanceof BimaError) || error.code === 'INTERRUPTED') throw error;
      reporter.debug(`${referrer.digest} is no record of a build: ${error.message}`);
    }
  }
  return undefined;
}

function mayBeProvenance(listed: Descriptor): boolean {
  const { mediaType, artifactType, annotations } = listed;
  const predicateType = annotations?.[predicateTypeAnnotation] ?? listedPredicateType(listed);
  const isStatement = artifactType === undefined || artifactType === statementMediaType;
  return (
    isManifestType(mediaType) &&
    (isStatement || isBundleReferrer(listed)) &&
    (predicateType === undefined || predicateType === predicateTypes.provenance)
  );
}

async function readRecord(
  source: Source,
  subject: Digest,
  referrer: Descriptor,
): Promise<RecordedBuild | undefined> {
  const { digest } = referrer;
  const manifest = parseManifest(await readDocument(source.open(referrer), source.name), digest);
  const payload = manifest.layers.find(({ mediaType }) =>
    [statementMediaType, bundleMediaType].includes(mediaType),
  );
  if (payload === undefined || manifest.subject?.digest !== subject) return undefined;
  const what = `statement ${payload.digest}`;
  const bytes = await readDocument(source.open(payload), source.name);
  const stated = payload.mediaType === bundleMediaType ? parseBundle(bytes, what).statement : bytes;
  const statement = parseStatement(stated, subject, what);
  return statement.predicateType === predicateTypes.provenance
    ? parseProvenance(statement.predicate, what)
    : undefined;
}

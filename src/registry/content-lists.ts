// What a repository holds: its tags, and the referrers of a manifest (distribution-spec, "Content Discovery").

import { BimaError } from '../errors.ts';
import { readDescriptor } from '../oci/descriptor.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { isStringArray } from '../oci/json.ts';
import { mediaTypes } from '../oci/media-types.ts';
import { paths } from './endpoints.ts';
import { readPages } from './pages.ts';
import { RegistryError } from './registry-error.ts';
import type { Session } from './session.ts';

/**
 * Every tag once, from all pages; none for a repository that isn't there.
 * @throws BimaError REGISTRY_PROTOCOL for an answer that is no list of tags
 */
export async function listTags(session: Session): Promise<readonly string[]> {
  const path = paths.tags(session.repository);
  const pages = (await readPages(session, path, 'application/json')) ?? [];
  const tags = pages.flatMap((page): readonly string[] => {
    // A repository without tags has null on some registries.
    if (page.tags === null || page.tags === undefined) return [];
    if (isStringArray(page.tags)) return page.tags;
    throw new BimaError('REGISTRY_PROTOCOL', `expected a list of tags from ${session.registry}, got none`);
  });
  return [...new Set(tags)];
}

/**
 * The manifests whose subject is the given one; undefined where the registry has no referrers API, so that only the
 * fallback tags tell.
 * @throws BimaError LAYOUT_INVALID for an answer that is no index
 */
export async function listReferrers(
  session: Session,
  digest: Digest,
): Promise<readonly Descriptor[] | undefined> {
  const pages = await readPages(session, paths.referrers(session.repository, digest), mediaTypes.index).catch(
    (error: unknown) => {
      const isUnknown = error instanceof RegistryError && [400, 405, 501].includes(error.status ?? 0);
      if (isUnknown) return undefined;
      throw error;
    },
  );
  return pages?.flatMap(({ manifests }) => {
    const what = `the referrers of ${digest}`;
    if (!Array.isArray(manifests)) throw new BimaError('LAYOUT_INVALID', `${what}: manifests is not a list`);
    return manifests.map((item, at) => readDescriptor(item, `${what}: manifests[${at}]`));
  });
}

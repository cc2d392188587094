// What a repository holds: its tags, and the referrers of a manifest (distribution-spec, "Content Discovery").

import { BimaError } from '../../core/errors.ts';
import { readDescriptor } from '../../core/oci/descriptor.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { isStringArray } from '../../core/oci/json.ts';
import type { JsonObject } from '../../core/oci/json.ts';
import { mediaTypes } from '../../core/oci/media-types.ts';
import { paths, tagsPerPage } from './paths.ts';
import { readPages } from './pages.ts';
import { RegistryError } from './registry-error.ts';
import type { Session } from './session.ts';

/** Registries that silently hold back the rest send pages with a round number of tags. */
const roundNumber = 50;

/**
 * Every tag once, from all pages; none for a repository that isn't there.
 * @throws BimaError REGISTRY_PROTOCOL for an answer that is no list of tags, and for a list that may not be whole
 */
export async function listTags(session: Session): Promise<readonly string[]> {
  const all = new Set<string>();
  const after = (page: JsonObject) => {
    const tags = tagsOf(page, session.registry);
    const before = all.size;
    for (const tag of tags) all.add(tag);
    const last = tags.at(-1);
    const isFull = tags.length >= tagsPerPage || tags.length % roundNumber === 0;
    // A registry that doesn't know the parameter gives the same page again.
    return last !== undefined && isFull && all.size > before
      ? paths.tags(session.repository, last)
      : undefined;
  };
  await readPages(session, paths.tags(session.repository), { accept: 'application/json', after });
  return [...all];
}

function tagsOf({ name, tags }: JsonObject, registry: string): readonly string[] {
  // A repository without tags has null on some registries, or its name alone.
  if (tags === null || (tags === undefined && typeof name === 'string')) return [];
  if (isStringArray(tags)) return tags;
  throw new BimaError('REGISTRY_PROTOCOL', `expected a list of tags from ${registry}, got none`);
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
  const pages = await readPages(session, paths.referrers(session.repository, digest), {
    accept: mediaTypes.index,
  }).catch((error: unknown) => {
    const isUnknown = error instanceof RegistryError && [400, 405, 501].includes(error.status ?? 0);
    if (isUnknown) return undefined;
    throw error;
  });
  return pages?.flatMap(({ manifests }) => {
    const what = `the referrers of ${digest}`;
    if (!Array.isArray(manifests)) throw new BimaError('LAYOUT_INVALID', `${what}: manifests is not a list`);
    return manifests.map((item, at) => readDescriptor(item, `${what}: manifests[${at}]`));
  });
}

// Referrers: keeping a manifest with a subject findable where the registry doesn't do so itself
// (distribution-spec, "Pushing Manifests with Subject" and "Referrers Tag Schema").

import { BimaError } from '../../core/errors.ts';
import { describeBytes } from '../../core/oci/descriptor.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { encodeJson } from '../../core/oci/json.ts';
import { parseIndex } from '../../core/oci/manifest.ts';
import type { Index } from '../../core/oci/manifest.ts';
import { isIndexType, mediaTypes } from '../../core/oci/media-types.ts';
import { readReferrer, referrersTag } from '../../core/oci/referrers.ts';
import { paths } from './paths.ts';
import { readManifest } from './manifest-read.ts';
import { confirmManifest } from './manifest-push.ts';
import type { ManifestBytes } from './manifest-push.ts';
import { isAnswer, RegistryError } from './registry-error.ts';
import { pushScope } from './scope.ts';
import type { Session } from './session.ts';

/** Rounds of reading the list and adding what it lacks, before it is an error that others keep overwriting it. */
const maxRounds = 10;

/** Milliseconds between writing the list and checking it: longer than any writer takes from reading to writing. */
const pause = 500;

/** Milliseconds to wait for further referrers of the run: all of them are written together. */
const gathering = 100;

/**
 * To be called after a manifest was pushed.
 * @param acknowledged the value of OCI-Subject
 */
export type KeepReferrer = (
  manifest: ManifestBytes,
  acknowledged: string | undefined,
  signal: AbortSignal | undefined,
) => Promise<void>;

/**
 * Keeps what one run pushes to a repository in the lists of its subjects. Does nothing for a manifest without a
 * subject, or when the registry keeps referrers: it must have said so, and answer for them too, since some have done
 * the one without the other.
 *
 * Few registries know If-Match, so that of two writers who have read the same list the second takes away what the first
 * has added. So everything of this run is written at once, and looked for again after a while, until it stays.
 */
export function createReferrerKeeper(session: Session): KeepReferrer {
  const lists = new Map<Digest, FallbackList>();
  return async (manifest, acknowledged, signal) => {
    const { subject, referrer } = readReferrer(manifest.descriptor, manifest.bytes);
    if (subject === undefined) return;
    if (acknowledged !== undefined && (await servesReferrers(session, subject, signal))) return;
    const list = lists.get(subject) ?? { subject, ours: new Map(), settling: undefined };
    lists.set(subject, list);
    list.ours.set(referrer.digest, referrer);
    list.settling ??= settle(session, list, signal).finally(() => (list.settling = undefined));
    await list.settling;
  };
}

interface FallbackList {
  readonly subject: Digest;
  /** Grows while the list is being written. */
  readonly ours: Map<Digest, Descriptor>;
  settling: Promise<void> | undefined;
}

async function settle(
  session: Session,
  { subject, ours }: FallbackList,
  signal: AbortSignal | undefined,
): Promise<void> {
  const tag = referrersTag(subject);
  await session.clock.sleep(gathering, signal);
  for (let round = 1; round <= maxRounds; round += 1) {
    const current = await readList(session, tag, signal);
    const there = new Set(current.manifests.map(({ digest }) => digest));
    const missing = [...ours.values()].filter(({ digest }) => !there.has(digest));
    if (missing.length === 0) return;
    if (round > 1) session.reporter.debug(`"${tag}" lacks ${missing.length} referrers, and is written again`);
    try {
      await writeList(session, tag, [...current.manifests, ...missing], current.etag, signal);
    } catch (error) {
      if (!(error instanceof RegistryError) || !isAnswer(error, 412)) throw error;
    }
    await session.clock.sleep(pause * (1 + session.clock.random() * round), signal);
  }
  throw new BimaError(
    'REGISTRY_REFUSED',
    `the tag "${tag}" of ${session.registry}/${session.repository} never kept the referrers that were added to it`,
    { hint: 'Others write to it all the time, or the registry forgets: push again when nobody else does.' },
  );
}

async function servesReferrers(
  session: Session,
  subject: Digest,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    const answer = await session.sendPatiently({
      method: 'GET',
      to: paths.referrers(session.repository, subject),
      headers: { accept: mediaTypes.index },
      scopes: session.readScopes,
      expected: [200],
      signal,
    });
    await answer.discard();
    return true;
  } catch (error) {
    if (error instanceof RegistryError && error.status !== undefined && error.status < 500) return false;
    throw error;
  }
}

async function readList(
  session: Session,
  tag: string,
  signal: AbortSignal | undefined,
): Promise<{ readonly manifests: readonly Descriptor[]; readonly etag: string | undefined }> {
  const current = await readManifest(session, tag, signal);
  if (current === undefined) return { manifests: [], etag: undefined };
  if (isIndexType(current.descriptor.mediaType))
    return { manifests: parseIndex(current.bytes, tag).manifests, etag: current.etag };
  throw new BimaError(
    'REGISTRY_REFUSED',
    `the tag "${tag}" of ${session.registry}/${session.repository} holds no index, so the referrer can't be added to it`,
    { hint: 'Remove that tag, or give what it holds another, and push again.' },
  );
}

async function writeList(
  session: Session,
  tag: string,
  manifests: readonly Descriptor[],
  etag: string | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const index: Index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests };
  const bytes = encodeJson(index);
  const { digest, mediaType } = describeBytes(mediaTypes.index, bytes);
  const answer = await session.sendPatiently({
    method: 'PUT',
    to: paths.manifest(session.repository, tag),
    headers: {
      'content-type': mediaType,
      // With If-Match nothing is lost at all.
      ...(etag === undefined ? {} : { 'if-match': etag }),
    },
    body: bytes,
    scopes: [pushScope(session.repository)],
    expected: [201, 200, 202],
    signal,
  });
  await answer.discard();
  // By its digest, since another writer may have taken the tag meanwhile.
  await confirmManifest(session, answer, digest, digest, signal);
}

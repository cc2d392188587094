// Referrers: keeping a manifest with a subject findable where the registry doesn't do so itself
// (distribution-spec, "Pushing Manifests with Subject" and "Referrers Tag Schema").

import { BimaError } from '../errors.ts';
import { describeBytes } from '../oci/descriptor.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { hexOf } from '../oci/digest.ts';
import type { Digest } from '../oci/digest.ts';
import { encodeJson } from '../oci/json.ts';
import { parseIndex, parseManifest } from '../oci/manifest.ts';
import type { Index } from '../oci/manifest.ts';
import { isIndexType, mediaTypes } from '../oci/media-types.ts';
import { paths } from './endpoints.ts';
import { readManifest } from './manifest-read.ts';
import type { ManifestBytes } from './manifest-push.ts';
import { isAnswer, RegistryError } from './registry-error.ts';
import { pushScope } from './scope.ts';
import type { Session } from './session.ts';

const maxRaces = 5;

/**
 * To be called after a manifest was pushed. Does nothing for one without a subject, or when the registry keeps
 * referrers: it must have said so, and answer for them too, since some have done the one without the other.
 * @param acknowledged the value of OCI-Subject
 */
export async function keepReferrer(
  session: Session,
  manifest: ManifestBytes,
  acknowledged: string | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { subject, referrer } = readReferrer(manifest);
  if (subject === undefined) return;
  if (acknowledged !== undefined && (await servesReferrers(session, subject, signal))) return;
  for (let race = 1; ; race += 1) {
    try {
      await addToFallback(session, subject, referrer, signal);
      return;
    } catch (error) {
      const isRace = error instanceof RegistryError && isAnswer(error, 412) && race < maxRaces;
      if (!isRace) throw error;
    }
  }
}

function readReferrer({ descriptor, bytes }: ManifestBytes): {
  subject: Digest | undefined;
  referrer: Descriptor;
} {
  const isIndex = isIndexType(descriptor.mediaType);
  const document = isIndex ? parseIndex(bytes, descriptor.digest) : parseManifest(bytes, descriptor.digest);
  const artifactType =
    document.artifactType ?? ('config' in document ? document.config.mediaType : undefined);
  return {
    subject: document.subject?.digest,
    referrer: {
      mediaType: descriptor.mediaType,
      digest: descriptor.digest,
      size: descriptor.size,
      ...(document.annotations === undefined ? {} : { annotations: document.annotations }),
      ...(artifactType === undefined ? {} : { artifactType }),
    },
  };
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

async function addToFallback(
  session: Session,
  subject: Digest,
  referrer: Descriptor,
  signal: AbortSignal | undefined,
): Promise<void> {
  const tag = `sha256-${hexOf(subject)}`;
  const current = await readManifest(session, tag, signal);
  if (current !== undefined && !isIndexType(current.descriptor.mediaType)) {
    throw new BimaError(
      'REGISTRY_REFUSED',
      `the tag "${tag}" of ${session.registry}/${session.repository} holds no index, so the referrer can't be added to it`,
      { hint: 'The image itself was pushed; remove that tag and push again.' },
    );
  }
  const known = current === undefined ? [] : parseIndex(current.bytes, tag).manifests;
  if (known.some(({ digest }) => digest === referrer.digest)) return;
  const index: Index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [...known, referrer] };
  const bytes = encodeJson(index);
  const answer = await session.sendPatiently({
    method: 'PUT',
    to: paths.manifest(session.repository, tag),
    headers: {
      'content-type': describeBytes(mediaTypes.index, bytes).mediaType,
      // Someone else may add a referrer of the same subject at the same time.
      ...(current?.etag === undefined ? {} : { 'if-match': current.etag }),
    },
    body: bytes,
    scopes: [pushScope(session.repository)],
    expected: [201, 200, 202],
    signal,
  });
  await answer.discard();
}

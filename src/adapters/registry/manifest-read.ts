// Reading manifests: what a tag or a digest stands for, and the bytes behind it (distribution-spec, "Pulling manifests").

import { BimaError } from '../../core/errors.ts';
import { maxDocumentSize } from '../../core/oci/blob.ts';
import { describeBytes } from '../../core/oci/descriptor.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import { isDigest } from '../../core/oci/digest.ts';
import { mediaTypes } from '../../core/oci/media-types.ts';
import { paths } from './paths.ts';
import { RegistryError } from './registry-error.ts';
import { headerOf, readUpTo } from './response.ts';
import { digestHeader } from './session.ts';
import type { Answer, Session } from './session.ts';

const accept = [
  mediaTypes.index,
  mediaTypes.manifest,
  mediaTypes.dockerManifestList,
  mediaTypes.dockerManifest,
].join(', ');

export interface ManifestDocument {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly etag: string | undefined;
}

/**
 * What a tag or digest stands for, by HEAD alone where the registry answers it fully. Undefined when there is
 * nothing, and in a push also when we aren't told: then the push itself will be.
 */
export async function describeManifest(
  session: Session,
  reference: string,
  signal?: AbortSignal,
): Promise<Descriptor | undefined> {
  const isPush = session.readScopes.some((scope) => scope.endsWith('push'));
  try {
    const answer = await session.sendPatiently({
      method: 'HEAD',
      to: paths.manifest(session.repository, reference),
      headers: { accept },
      scopes: session.readScopes,
      expected: [200, 404],
      signal,
    });
    await answer.discard();
    if (answer.status === 404) return undefined;
    const descriptor = descriptorOf(answer);
    if (descriptor !== undefined) return descriptor;
  } catch (error) {
    if (!(error instanceof RegistryError) || error.status === undefined || error.status >= 500) throw error;
    // The credentials don't allow a lookup, or the host rests: a GET would only fail in the same way.
    if (error.status === 401 || error.settled) throw error;
    // Artifactory answers so for a tag that isn't there.
    if (isPush && error.status === 403) return undefined;
    // A HEAD has no body that says why: the GET will tell, or even succeed.
  }
  return (await readManifest(session, reference, signal))?.descriptor;
}

/**
 * The bytes of a manifest or index, as many as they say and with the digest that they should have.
 * Undefined when there is none.
 * @throws BimaError DIGEST_MISMATCH, REGISTRY_PROTOCOL
 */
export async function readManifest(
  session: Session,
  reference: string,
  signal?: AbortSignal,
): Promise<ManifestDocument | undefined> {
  return session.retrying(
    async () => {
      const answer = await session.send({
        method: 'GET',
        to: paths.manifest(session.repository, reference),
        headers: { accept },
        scopes: session.readScopes,
        expected: [200, 404],
        signal,
      });
      if (answer.status === 404) {
        await answer.discard();
        return undefined;
      }
      const { bytes, whole } = await readUpTo(answer, maxDocumentSize, {
        method: 'GET',
        endpoint: answer.endpoint,
        clock: session.clock,
      });
      if (!whole) {
        throw new BimaError(
          'REGISTRY_PROTOCOL',
          `${answer.endpoint.shown}: expected a manifest of at most ${maxDocumentSize} bytes, got more`,
        );
      }
      const descriptor = describeBytes(mediaTypeOf(answer) ?? mediaTypes.manifest, bytes);
      const promised = isDigest(reference) ? reference : digestHeader(answer);
      if (promised?.startsWith('sha256:') === true && promised !== descriptor.digest) {
        throw new BimaError(
          'DIGEST_MISMATCH',
          `${answer.endpoint.shown}: expected content with ${session.quote(promised)}, got ${descriptor.digest}`,
          { hint: 'The registry, or something on the way, changed it.' },
        );
      }
      return { descriptor, bytes, etag: headerOf(answer.headers, 'etag') };
    },
    { signal },
  );
}

function descriptorOf(answer: Answer): Descriptor | undefined {
  const digest = digestHeader(answer);
  const size = Number(headerOf(answer.headers, 'content-length') ?? NaN);
  const mediaType = mediaTypeOf(answer);
  if (digest === undefined || !isDigest(digest) || mediaType === undefined) return undefined;
  return Number.isSafeInteger(size) && size > 0 ? { mediaType, digest, size } : undefined;
}

function mediaTypeOf({ headers }: Answer): string | undefined {
  const type = headerOf(headers, 'content-type')?.replace(/;.*$/s, '').trim().toLowerCase();
  return type === '' ? undefined : type;
}

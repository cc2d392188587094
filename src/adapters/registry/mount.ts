// Mounting: reusing a blob from another repository of the same registry (distribution-spec, end-11).

import type { Blob } from '../../core/oci/blob.ts';
import { BimaError } from '../../core/errors.ts';
import { isAborted } from '../../core/clock.ts';
import { paths } from './paths.ts';
import { lookForBlob, namesDigest } from './evidence.ts';
import { pullScope, pushScope } from './scope.ts';
import type { Session } from './session.ts';
import { readUploadSession } from './upload-session.ts';
import type { UploadSession } from './upload-session.ts';

/** Repositories that may have all blobs. One that fails once isn't tried again. */
export interface MountSources {
  readonly repositories: readonly string[];
  readonly refused: Set<string>;
}

/**
 * Tries one source, which may be the repository that the blob is known to be in. An upload session when the registry
 * has begun one instead, undefined when a plain upload has to be begun: a mount saves time, and no failure of it is
 * one of the push. Its token is its own, because many registries refuse the whole token when the source can't be read.
 */
export async function mountBlob(
  session: Session,
  { descriptor, heldBy }: Blob,
  { mounts, signal }: { readonly mounts: MountSources; readonly signal: AbortSignal | undefined },
): Promise<'mounted' | UploadSession | undefined> {
  const { digest } = descriptor;
  const known = heldBy?.registry === session.registry ? [heldBy.repository] : [];
  const source = [...mounts.repositories, ...known].find(
    (repository) => repository !== session.repository && !mounts.refused.has(repository),
  );
  if (source === undefined) return undefined;
  try {
    const answer = await session.send({
      method: 'POST',
      to: paths.mount(session.repository, digest, source),
      scopes: [pushScope(session.repository), pullScope(source)],
      expected: [201, 202],
      isOptional: true,
      signal,
    });
    await answer.discard();
    if (answer.status === 202) return readUploadSession(session, answer);
    if (namesDigest(answer, digest)) return 'mounted';
    if ((await lookForBlob(session, descriptor, signal)) === 'present') return 'mounted';
    session.reporter.debug(`${session.registry} says that it mounted ${digest}, and doesn't show it`);
  } catch (error) {
    if (isAborted(signal) || !(error instanceof BimaError)) throw error;
    mounts.refused.add(source);
    session.reporter.debug(`no mount from ${source}: ${error.message}`);
  }
  return undefined;
}

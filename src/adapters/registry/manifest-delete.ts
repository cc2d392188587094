// Deleting manifests and tags (distribution-spec, "Content Management").

import { paths } from './paths.ts';
import { appears } from './evidence.ts';
import { describeManifest } from './manifest-read.ts';
import { RegistryError } from './registry-error.ts';
import { deleteScope } from './scope.ts';
import type { Session } from './session.ts';

/**
 * Deletes a manifest by its digest, with all of its tags, or a tag alone.
 * @returns false when it was gone already
 * @throws RegistryError, also when it is said to be deleted and isn't; see {@link isUndeletable}
 */
export async function deleteManifest(session: Session, reference: string): Promise<boolean> {
  const { registry, repository } = session;
  try {
    const answer = await session.sendPatiently({
      method: 'DELETE',
      to: paths.manifest(repository, reference),
      scopes: [deleteScope(repository)],
      // The specification says 202; others occur too.
      expected: [202, 200, 204, 404],
    });
    await answer.discard();
    if (answer.status === 404) return false;
    const isGone = async () => (await describeManifest(session, reference)) === undefined;
    if (answer.status === 202 || (await appears(session, isGone, undefined))) return true;
    const { shown } = answer.endpoint;
    throw new RegistryError(
      'REGISTRY_PROTOCOL',
      `DELETE ${shown}: expected 202, got ${answer.status}, and it is still there`,
      { method: 'DELETE', url: shown, status: answer.status },
    );
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    const hint = hintFor(error, `${registry}/${repository}`);
    if (hint === undefined) throw error;
    throw new RegistryError(error.code, error.message, error, { hint, cause: error });
  }
}

/** True when the registry doesn't support such deletions, or has them disabled. */
export function isUndeletable(error: unknown): boolean {
  return (
    error instanceof RegistryError &&
    (error.status === 405 || error.status === 501 || error.codes.includes('UNSUPPORTED'))
  );
}

function hintFor(error: RegistryError, name: string): string | undefined {
  if (isUndeletable(error)) {
    return (
      'This registry deletes nothing by its API, or only after its operator has allowed it: ' +
      'distribution (registry:2 and 3) wants REGISTRY_STORAGE_DELETE_ENABLED=true.'
    );
  }
  if (error.status === 401 || error.status === 403)
    return `Log in as a user who may delete from ${name}: that is often a permission of its own.`;
  return undefined;
}

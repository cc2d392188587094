// Chooses how a repository is cleaned up: by GitHub's API for packages, or by the registry's own.

import { PackageStore } from '../usecases/cleanup/package-store.ts';
import { RegistryStore } from '../usecases/cleanup/registry-store.ts';
import type { ImageStore } from '../usecases/cleanup/store.ts';
import { BimaError } from '../core/errors.ts';
import { openPackage } from '../adapters/github/packages.ts';
import { formatReference } from '../core/oci/reference.ts';
import type { Reference } from '../core/oci/reference.ts';
import type { RegistryClient } from '../adapters/registry/client.ts';
import { systemClock } from '../core/clock.ts';
import { withGithub } from './github.ts';
import type { GithubAccess } from './github.ts';
import { isPackageRegistry } from './image-names.ts';

/** @param body called with undefined if there is no such package, or the token may not see it */
export async function withStore<T>(
  place: Pick<Reference, 'registry' | 'repository'>,
  world: GithubAccess & { readonly client: RegistryClient },
  body: (store: ImageStore | undefined) => Promise<T>,
): Promise<T> {
  const { registry, repository } = place;
  const { client, environment, signal, clock = systemClock } = world;
  const reader = client.repository(place);
  const writer = client.repository(place, { access: 'push' });
  if (!isPackageRegistry(registry, environment)) {
    if (registry === 'ghcr.io') throw elsewhere();
    return body(new RegistryStore({ reader, writer, clock, signal }));
  }
  const [owner = '', ...rest] = repository.split('/');
  if (rest.length === 0) {
    const name = formatReference(place);
    throw new BimaError('INPUT_INVALID', `expected ${registry}/<owner>/<name> for the image, got "${name}"`);
  }
  return withGithub(world, async (github) => {
    const found = await openPackage(github, owner, rest.join('/'));
    const store = found && new PackageStore({ package: found, reader, writer, clock, signal });
    return body(store);
  });
}

function elsewhere(): BimaError {
  return new BimaError(
    'INPUT_INVALID',
    'images of ghcr.io can be removed from a workflow of github.com only',
    {
      hint: "Only GitHub's API deletes them, and the token of another server means nothing there.",
    },
  );
}

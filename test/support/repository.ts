// A repository of a registry on this machine, as the client sees it.

import { parseReference } from '../../src/core/oci/reference.ts';
import { createRegistryClient } from '../../src/adapters/registry/client.ts';
import type { RepositoryAccess } from '../../src/adapters/registry/client.ts';
import type { Repository } from '../../src/adapters/registry/repository.ts';
import { silentReporter } from '../../src/core/reporter.ts';
import { createFastClock } from './fast-clock.ts';

export interface OpenRepository extends AsyncDisposable {
  readonly reader: Repository;
  readonly writer: Repository;
}

export interface User {
  readonly name: string;
  readonly password: string;
}

/** @param name `host/repository` */
export function openRepository(name: string, user?: User): OpenRepository {
  const reference = parseReference(name);
  const credential =
    user === undefined
      ? undefined
      : ({ kind: 'password', username: user.name, password: user.password } as const);
  const client = createRegistryClient({
    credentials: { find: () => Promise.resolve(credential) },
    reporter: silentReporter,
    clock: createFastClock(),
  });
  const open = (access: NonNullable<RepositoryAccess['access']>) => client.repository(reference, { access });
  return {
    reader: open('pull'),
    writer: open('push'),
    [Symbol.asyncDispose]: () => client.close(),
  };
}

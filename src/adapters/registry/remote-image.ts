// An image in a registry, opened for reading.

import { BimaError } from '../../core/errors.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import { formatReference, withDefaultTag } from '../../core/oci/reference.ts';
import type { Reference } from '../../core/oci/reference.ts';
import type { Source } from '../../core/oci/target.ts';
import type { RegistryClient } from './client.ts';

export interface RemoteImage {
  readonly source: Source;
  /** The manifest or index that the reference stands for. */
  readonly root: Descriptor;
}

/**
 * A digest wins over a tag beside it; without either it is `latest`.
 * @throws BimaError REGISTRY_NOT_FOUND, and what a registry's answers lead to
 */
export async function openRemoteImage(client: RegistryClient, reference: Reference): Promise<RemoteImage> {
  const full = withDefaultTag(reference);
  const source = client.repository(full);
  const root = await source.describe(full.digest ?? full.tag ?? 'latest');
  if (root === undefined) {
    throw new BimaError('REGISTRY_NOT_FOUND', `"${formatReference(full)}" does not exist`, {
      hint: 'Check its spelling and its tag.',
    });
  }
  return { source, root };
}

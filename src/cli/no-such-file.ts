// What is said before a name that is no file is looked for in a registry: it may have been meant as one.

import { stat } from 'node:fs/promises';
import { printable } from '../core/text.ts';
import { withDefaultTag } from '../core/oci/reference.ts';
import type { Reference } from '../core/oci/reference.ts';
import type { Terminal } from './terminal.ts';
import { archiveName } from './archive-name.ts';

/** Nothing for a name that says its registry, or that it is no file. */
export async function sayNoFile(name: string, reference: Reference, terminal: Terminal): Promise<void> {
  const isPlain = !name.includes('://') && !name.startsWith(`${reference.registry}/`);
  if (!isPlain) return;
  const { registry, repository } = reference;
  const archive = archiveName(withDefaultTag(reference));
  const isThere = await stat(archive).then(
    (stats) => stats.isFile(),
    () => false,
  );
  const meant = isThere ? ` ("${archive}" is one, maybe of this image)` : '';
  terminal.stderr(
    printable(`there is no file "${name}"${meant}: looking for ${repository} in the registry ${registry}`),
  );
}

// The numbers of users and groups, from the files of a stage.

import type { Owner } from '../containerfile/instruction.ts';
import { isNumeric, resolveOwner } from '../containerfile/owner.ts';
import type { Ids } from '../containerfile/owner.ts';
import { readAll } from '../oci/blob.ts';
import { resolve } from './rootfs.ts';
import type { Rootfs } from './rootfs.ts';

/** Larger than any real list of users. */
const maxSize = 4 * 1024 * 1024;

/** The numbers of an owner, or the name that the rootfs has no number for. */
export async function findOwner(rootfs: Rootfs, owner: Owner): Promise<Ids | { readonly missing: string }> {
  if (isNumeric(owner)) return resolveOwner(owner, '', '');
  return resolveOwner(owner, await readText(rootfs, '/etc/passwd'), await readText(rootfs, '/etc/group'));
}

async function readText(rootfs: Rootfs, path: string): Promise<string> {
  const file = resolve(rootfs, path);
  if (file === undefined || file.size > maxSize) return '';
  return Buffer.from(await readAll(file.open())).toString();
}

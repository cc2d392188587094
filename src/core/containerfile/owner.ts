// Users and groups, as `--chown` and USER name them, and their numbers in the files of an image.

import type { Owner } from './instruction.ts';

/** The numbers of an owner. */
export interface Ids {
  readonly uid: number;
  readonly gid: number;
}

/** The kernel keeps the last number, 2^32 - 1, for "no change". */
const maxId = 2 ** 32 - 2;

/** `user` or `user:group`, each a number or a name; undefined for anything else. A number alone is both. */
export function parseOwner(text: string): Owner | undefined {
  const [name = '', groupName, ...others] = text.split(':');
  const user = parseId(name);
  const group = groupName === undefined ? undefined : parseId(groupName);
  if (others.length > 0 || user === undefined || (groupName !== undefined && group === undefined))
    return undefined;
  if (group !== undefined) return { user, group };
  return typeof user === 'number' ? { user, group: user } : { user };
}

/** An owner as `parseOwner` reads it. */
export function formatOwner({ user, group }: Owner): string {
  return group === undefined ? String(user) : `${user}:${group}`;
}

/** True when nothing has to be looked up. */
export function isNumeric({ user, group }: Owner): boolean {
  return typeof user === 'number' && typeof group === 'number';
}

/**
 * The numbers, with names looked up; the name that is not there, if one isn't. A user without a group has its own
 * (passwd(5)).
 * @param passwd the text of `/etc/passwd`, @param group of `/etc/group`
 */
export function resolveOwner(
  owner: Owner,
  passwd: string,
  group: string,
): Ids | { readonly missing: string } {
  const user =
    typeof owner.user === 'number' ? [owner.user, owner.user] : findIds(passwd, owner.user, [2, 3]);
  const [uid, ownGroup] = user ?? [];
  if (uid === undefined || ownGroup === undefined) return { missing: String(owner.user) };
  if (owner.group === undefined || typeof owner.group === 'number')
    return { uid, gid: owner.group ?? ownGroup };
  const [gid] = findIds(group, owner.group, [2]) ?? [];
  return gid === undefined ? { missing: owner.group } : { uid, gid };
}

/** The name root stands for 0 in every image, with and without the files. */
function parseId(text: string): number | string | undefined {
  if (text === 'root') return 0;
  if (/^\d+$/.test(text)) return Number(text) <= maxId ? Number(text) : undefined;
  return /^[^\s/:]+$/.test(text) && !text.startsWith('-') ? text : undefined;
}

/** The numbers in these fields of the first line that begins with the name. */
function findIds(file: string, name: string, fields: readonly number[]): readonly number[] | undefined {
  const line = file.split('\n').find((text) => text.startsWith(`${name}:`));
  const parts = line?.split(':') ?? [];
  const ids = fields.map((field) => parts[field]?.trim() ?? '');
  return ids.every((id) => /^\d+$/.test(id) && Number(id) <= maxId) ? ids.map(Number) : undefined;
}

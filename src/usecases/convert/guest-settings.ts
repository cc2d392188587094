// The user and the command of a container image, as a guest needs them.

import { posix } from 'node:path';
import { parseOwner } from '../../core/containerfile/owner.ts';
import type { Problem } from '../../core/errors.ts';
import { findOwner } from '../../core/files/owners.ts';
import { resolve } from '../../core/files/rootfs.ts';
import type { BaseImage } from '../plan/base-image.ts';

/** The image's user as numbers, since urunc can't look up names in it. */
export async function userInNumbers(image: BaseImage): Promise<string | undefined> {
  const { values } = image;
  const owner = values.user === undefined ? undefined : parseOwner(values.user);
  if (owner === undefined || /^\d+(?::\d+)?$/.test(values.user ?? '')) return undefined;
  const ids = await findOwner(await image.rootfs(), owner);
  return 'missing' in ids ? undefined : `${ids.uid}:${ids.gid}`;
}

export function doubtsOfWords(words: readonly string[]): Problem[] {
  if (words.length > 0) return [];
  return [
    {
      code: 'LABEL_INVALID',
      message: 'expected a command in the image, got neither ENTRYPOINT nor CMD',
      hint: 'Name one at each start, or convert an image that has one.',
    },
  ];
}

/**
 * Without an init, the kernel starts the first word of the command itself. The check that it is an absolute path is
 * made for every image; this one is that the image has the file.
 */
export async function doubtsOfInit(image: BaseImage, words: readonly string[]): Promise<Problem[]> {
  const [first] = words;
  if (first === undefined) return doubtsOfWords(words);
  if (!first.startsWith('/') || resolve(await image.rootfs(), first) !== undefined) return [];
  return [
    {
      code: 'BINARY_INVALID',
      message: `expected the program "${first}", with which the command begins, in the image, which has none`,
      hint: 'Convert an image with the program, or with another command.',
    },
  ];
}

/** The file that PATH finds for a word without a slash; undefined for none. */
export async function findProgram(image: BaseImage, word: string): Promise<string | undefined> {
  if (word.includes('/')) return undefined;
  const rootfs = await image.rootfs();
  const folders = (image.values.env.PATH ?? usualPath).split(':');
  return folders
    .map((folder) => posix.join('/', folder, word))
    .find((path) => resolve(rootfs, path) !== undefined);
}

const usualPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

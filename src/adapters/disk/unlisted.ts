// Images in a layout that no index lists: the remains of a layout that another was copied over.

import { stat } from 'node:fs/promises';
import { BimaError } from '../../core/errors.ts';
import { maxDocumentSize } from '../../core/oci/blob.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { isObject } from '../../core/oci/json.ts';
import { readRegular } from '../filesystem/open-regular.ts';
import { isImageFolder, namesIn } from './image-folder.ts';
import { listBlobs, reachable } from './collect.ts';
import { openLayout } from './layout.ts';

/**
 * @param roots what the index of the layout lists; nothing is looked for when the path is no folder
 * @throws BimaError LAYOUT_INVALID when a manifest or an index among the blobs isn't reached from there
 */
export async function checkAllListed(path: string, roots: readonly Descriptor[]): Promise<void> {
  const names = await namesIn(path);
  if (names === undefined || isImageFolder(names)) return;
  const layout = await openLayout(path);
  const listed = await reachable(layout, roots);
  const others: Digest[] = [];
  for (const name of await listBlobs(layout)) {
    const digest: Digest = `sha256:${name}`;
    if (!listed.has(digest) && (await isDocumentFile(layout.blobPath(digest)))) others.push(digest);
  }
  const [first, ...more] = others;
  if (first === undefined) return;
  const also = more.length === 0 ? '' : ` and ${more.length} more`;
  throw new BimaError(
    'LAYOUT_INVALID',
    `"${path}" holds an image that its index doesn't list: ${first}${also}`,
    {
      hint: 'Several layouts lie over each other there: leave out merge-multiple of actions/download-artifact, so that each gets a folder of its own. If it is one that was built into again and again, build it into a new folder.',
    },
  );
}

/** Whether a blob is a manifest or an index, by its content alone. */
async function isDocumentFile(path: string): Promise<boolean> {
  const found = await stat(path);
  if (!found.isFile() || found.size > maxDocumentSize) return false;
  const bytes = Buffer.from(await readRegular(path, maxDocumentSize, { code: 'LAYOUT_INVALID' }));
  if (bytes[0] !== 0x7b) return false;
  try {
    const document: unknown = JSON.parse(bytes.toString());
    if (!isObject(document) || document.schemaVersion !== 2) return false;
    return isObject(document.config) || Array.isArray(document.manifests);
  } catch {
    return false;
  }
}

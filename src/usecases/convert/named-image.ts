// The name of the image to convert: a reference, or a path with or without a transport.

import { resolve } from 'node:path';
import { kindOfImages } from '../../adapters/disk/image-kind.ts';
import { BimaError } from '../../core/errors.ts';
import { localName } from '../../core/oci/image-name.ts';

/**
 * The name as FROM takes it. A path without a transport starts at the current directory.
 * @throws BimaError LAYOUT_INVALID for a path with a mistake
 */
export async function nameOfImage(text: string): Promise<string> {
  if (localName(text) !== undefined) return text;
  const kind = await kindOfImages(text);
  if (kind === 'images') return `oci:${resolve(text)}`;
  // No reference starts or ends like this.
  if (!/^[./~]|\.(?:tar|tgz|gz)$|\/$/.test(text)) return text;
  const what = kind === 'missing' ? 'does not exist' : 'holds no image';
  throw new BimaError('LAYOUT_INVALID', `"${text}" ${what}`);
}

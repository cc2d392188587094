// What a user says of a conversion, in one word each.

import { parseRootfsForm } from '../containerfile/rootfs-flag.ts';
import { BimaError } from '../errors.ts';
import { convertMonitors } from './guest-parts.ts';
import type { ConvertMonitor } from './guest-parts.ts';
import type { ConvertRootfs } from './convert-recipe.ts';

/** @param place where it was written, for errors. @throws BimaError INPUT_INVALID */
export function parseMonitor(text: string, place: string): ConvertMonitor {
  const found = convertMonitors.find((monitor) => monitor === text);
  if (found !== undefined) return found;
  const message = `expected ${convertMonitors.join(', ')} for ${place}, got "${text}"`;
  throw new BimaError('INPUT_INVALID', message, text === 'fc' ? { hint: 'Write firecracker.' } : {});
}

/** @param place where it was written, for errors. @throws BimaError INPUT_INVALID */
export function parseRootfs(text: string, place: string): ConvertRootfs {
  const form = text === 'container' ? ({ type: 'container' } as const) : parseRootfsForm(text);
  if (form !== undefined) return form;
  throw new BimaError('INPUT_INVALID', `expected container, initrd or block for ${place}, got "${text}"`, {
    hint: 'An initrd may have ",compression=gzip" or zstd behind it, a block image ",free=64M" or the like.',
  });
}

// `bima inspect`: what the images of a layout or an archive hold.

import { stat } from 'node:fs/promises';
import { BimaError } from '../errors.ts';
import { inspectImages } from '../inspect.ts';
import { openArchive } from '../layout/archive.ts';
import { openLayout } from '../layout/layout.ts';
import type { Options } from './args.ts';
import { formatImage } from './inspect-text.ts';
import { onePositional } from './options.ts';
import type { Terminal } from './run.ts';

export async function runInspect(
  positionals: readonly string[],
  options: Options,
  terminal: Terminal,
): Promise<number> {
  const path = onePositional('inspect', positionals, 'an OCI image layout or an archive of one');
  const found = await stat(path).catch((cause: unknown) => {
    throw new BimaError('LAYOUT_INVALID', `"${path}" does not exist`, { cause });
  });
  const source = await (found.isDirectory() ? openLayout(path) : openArchive(path));
  const { manifests } = await source.readIndex();
  const images = await inspectImages(source, manifests);
  if (options.flag('json')) terminal.stdout(JSON.stringify(images));
  else if (images.length === 0) terminal.stderr(`bima: "${path}" holds no image`);
  else terminal.stdout(images.map(formatImage).join('\n\n'));
  return 0;
}

// `bima inspect`: what the images of a layout or an archive hold.

import { inspectImages } from '../inspect.ts';
import type { Options } from './args.ts';
import { formatImage } from './inspect-text.ts';
import { onePositional } from './options.ts';
import type { Terminal } from './run.ts';
import { openSource } from './source.ts';

export async function runInspect(
  positionals: readonly string[],
  options: Options,
  terminal: Terminal,
): Promise<number> {
  const path = onePositional('inspect', positionals, 'an OCI image layout or an archive of one');
  const source = await openSource(path);
  const { manifests } = await source.readIndex();
  const images = await inspectImages(source, manifests);
  if (options.flag('json')) terminal.stdout(JSON.stringify(images));
  else if (images.length === 0) terminal.stderr(`bima: "${path}" holds no image`);
  else terminal.stdout(images.map(formatImage).join('\n\n'));
  return 0;
}

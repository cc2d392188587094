// `bima inspect`: what the images of a layout, an archive or a registry hold.

import { BimaError } from '../core/errors.ts';
import { inspectImages } from '../usecases/inspect.ts';
import type { InspectedImage } from '../usecases/inspect.ts';
import { rootsOf } from '../adapters/disk/choose-image.ts';
import { mustOpenNamed, openLocalImages } from '../adapters/disk/open.ts';
import { localName, parseImageName } from '../core/oci/image-name.ts';
import type { Options } from './args.ts';
import { formatImage } from './inspect-text.ts';
import { onePositional } from './options.ts';
import type { Terminal } from './terminal.ts';
import { terminalReporter } from './terminal-reporter.ts';

export async function runInspect(
  positionals: readonly string[],
  options: Options,
  terminal: Terminal,
): Promise<number> {
  const name = onePositional('inspect', positionals, 'a layout, an archive or a reference');
  const images = await inspectNamed(name, options, terminal);
  if (options.flag('json')) terminal.stdout(JSON.stringify(images));
  else if (images.length === 0) terminal.stderr(`bima: "${name}" holds no image`);
  else terminal.stdout(images.map(formatImage).join('\n\n'));
  return 0;
}

async function inspectNamed(name: string, options: Options, terminal: Terminal): Promise<InspectedImage[]> {
  if (localName(name) !== undefined) {
    const images = await mustOpenNamed(name);
    return inspectImages(images.source, await rootsOf(images));
  }
  const local = await openLocalImages(name);
  return local === undefined
    ? inspectRemote(name, options, terminal)
    : inspectImages(local.source, local.roots);
}

async function inspectRemote(name: string, options: Options, terminal: Terminal): Promise<InspectedImage[]> {
  // No reference starts or ends so; it is a path with a mistake.
  if (/^[./~]|\.(?:tar|tgz|gz)$|\/$/.test(name))
    throw new BimaError('LAYOUT_INVALID', `"${name}" does not exist`);
  const reference = parseImageName(name);
  const reporter = terminalReporter(terminal, options);
  const { openRemoteImage } = await import('../adapters/registry/remote-image.ts');
  const { withRegistryClient } = await import('./registry-options.ts');
  return withRegistryClient({ options, references: [reference], terminal, reporter }, async (client) => {
    const { source, root } = await openRemoteImage(client, reference);
    return inspectImages(source, [root]);
  });
}

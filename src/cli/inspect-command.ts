// `bima inspect`: what the images of a layout, an archive or a registry hold.

import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openReadable } from '../adapters/filesystem/readable-file.ts';
import { withTemporaryFolder } from '../adapters/filesystem/temporary.ts';
import { hasBytes } from '../core/unikernel/bytes.ts';
import { detectPlatform, headSize } from '../core/unikernel/binary.ts';
import { readRange } from '../core/unikernel/file-ranges.ts';
import { BimaError } from '../core/errors.ts';
import { inspectBinary, inspectImages } from '../usecases/inspect.ts';
import type { InspectedBinary, InspectedImage } from '../usecases/inspect.ts';
import { rootsOf } from '../adapters/disk/choose-image.ts';
import { mustOpenNamed, openLocalImages } from '../adapters/disk/open.ts';
import { localName, parseImageName } from '../core/oci/image-name.ts';
import type { Options } from './args.ts';
import { sayNoFile } from './no-such-file.ts';
import { formatBinary, formatImage } from './inspect-text.ts';
import { onePositional } from './options.ts';
import type { Terminal } from './terminal.ts';
import { terminalReporter } from './terminal-reporter.ts';

export async function runInspect(
  positionals: readonly string[],
  options: Options,
  terminal: Terminal,
): Promise<number> {
  const name = onePositional('inspect', positionals, 'a layout, an archive or a reference');
  const kernel = localName(name) === undefined ? await inspectKernel(name) : undefined;
  if (kernel !== undefined) {
    terminal.stdout(options.flag('json') ? JSON.stringify(kernel) : formatBinary(kernel).join('\n'));
    return 0;
  }
  const images = await withTemporaryFolder(join(tmpdir(), 'inspect'), (folder) =>
    inspectNamed(name, options, { terminal, folder }),
  );
  if (options.flag('json')) terminal.stdout(JSON.stringify(images));
  else if (images.length === 0) terminal.stderr(`bima: "${name}" holds no image`);
  else terminal.stdout(images.map(formatImage).join('\n\n'));
  return 0;
}

/** A file that is a kernel by its header, also one packed with gzip; undefined for an archive. */
async function inspectKernel(name: string): Promise<InspectedBinary | undefined> {
  const file = await openReadable(name);
  if (file === undefined) return undefined;
  const head = await readRange(file, 0, headSize);
  if (detectPlatform(head).platform === undefined && !hasBytes(head, 0, '\x1f\x8b')) return undefined;
  const found = await inspectBinary(name, file);
  return found.architecture === undefined ? undefined : found;
}

/** The terminal, and a folder for what is read from images. */
interface InspectWorld {
  readonly terminal: Terminal;
  readonly folder: string;
}

async function inspectNamed(name: string, options: Options, world: InspectWorld): Promise<InspectedImage[]> {
  if (localName(name) !== undefined) {
    const images = await mustOpenNamed(name);
    return inspectImages(images.source, await rootsOf(images), world.folder);
  }
  const local = await openLocalImages(name);
  return local === undefined
    ? inspectRemote(name, options, world)
    : inspectImages(local.source, local.roots, world.folder);
}

async function inspectRemote(
  name: string,
  options: Options,
  { terminal, folder }: InspectWorld,
): Promise<InspectedImage[]> {
  // No reference starts or ends so; it is a path with a mistake.
  if (/^[./~]|\.(?:tar|tgz|gz)$|\/$/.test(name))
    throw new BimaError('LAYOUT_INVALID', `"${name}" does not exist`);
  const reference = parseImageName(name);
  await sayNoFile(name, reference, terminal);
  const reporter = terminalReporter(terminal, options);
  const { openRemoteImage } = await import('../adapters/registry/remote-image.ts');
  const { withRegistryClient } = await import('./registry-options.ts');
  return withRegistryClient({ options, references: [reference], terminal, reporter }, async (client) => {
    const { source, root } = await openRemoteImage(client, reference);
    return inspectImages(source, [root], folder);
  });
}

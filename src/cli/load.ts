// `bima load`: the images of a layout or an archive go into containerd.

import { namedImages, renameImages } from '../layout/images.ts';
import { loadImage } from '../load.ts';
import { formatReference } from '../oci/reference.ts';
import type { Options } from './args.ts';
import { onePositional, readTags } from './options.ts';
import { describeContainerd, openForOptions } from './output-containerd.ts';
import type { Terminal } from './run.ts';
import { openSource } from './source.ts';
import { terminalReporter } from './terminal-reporter.ts';

export async function runLoad(
  positionals: readonly string[],
  options: Options,
  terminal: Terminal,
): Promise<number> {
  const path = onePositional('load', positionals, 'an OCI image layout or an archive of one');
  const tags = readTags(options.strings('tag'));
  const reporter = terminalReporter(terminal.stderr, {
    quiet: options.flag('quiet'),
    debug: options.flag('debug'),
  });
  const source = await openSource(path);
  const images = renameImages(namedImages(await source.readIndex()), tags, path);
  const containerd = await openForOptions(options, terminal);
  const results = [];
  for (const { descriptor, references } of images) {
    const imported = await loadImage(containerd, source, descriptor, references, reporter, terminal.signal);
    results.push({
      digest: descriptor.digest,
      tags: references.map(formatReference),
      containerd: { ...describeContainerd(containerd), ...imported },
    });
  }
  terminal.stdout(
    options.flag('json') ? JSON.stringify(results) : results.map(({ digest }) => digest).join('\n'),
  );
  return 0;
}

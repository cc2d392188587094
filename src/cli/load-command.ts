// `bima load`: the images of a layout or an archive go into containerd.

import { namedImages, renameImages } from '../adapters/disk/images.ts';
import { rootsOf } from '../adapters/disk/choose-image.ts';
import { mustOpenNamed } from '../adapters/disk/open.ts';
import { loadImage } from '../usecases/load.ts';
import type { Digest } from '../core/oci/digest.ts';
import { findReferrers, withoutReferrers } from '../core/oci/referrers.ts';
import { formatReference } from '../core/oci/reference.ts';
import type { Reference } from '../core/oci/reference.ts';
import type { Reporter } from '../core/reporter.ts';
import type { Options } from './args.ts';
import { onePositional, readTags } from './options.ts';
import { describeContainerd, openForOptions } from './output-containerd.ts';
import type { Terminal } from './terminal.ts';
import { terminalReporter } from './terminal-reporter.ts';

export async function runLoad(
  positionals: readonly string[],
  options: Options,
  terminal: Terminal,
): Promise<number> {
  const path = onePositional('load', positionals, 'an OCI image layout or an archive of one');
  const tags = readTags(options.strings('tag'));
  const reporter = terminalReporter(terminal, options);
  const results = await loadAll(path, tags, { options, terminal, reporter }).finally(() => {
    reporter.close();
  });
  terminal.stdout(
    options.flag('json') ? JSON.stringify(results) : results.map(({ digest }) => digest).join('\n'),
  );
  return 0;
}

interface LoadContext {
  readonly options: Options;
  readonly terminal: Terminal;
  readonly reporter: Reporter;
}

/** What `--json` prints. */
interface Loaded {
  readonly digest: Digest;
  readonly tags: readonly string[];
  readonly containerd: Readonly<Record<string, unknown>>;
}

async function loadAll(
  path: string,
  tags: readonly Reference[],
  { options, terminal, reporter }: LoadContext,
): Promise<Loaded[]> {
  const images = await mustOpenNamed(path);
  const { source } = images;
  const roots = await rootsOf(images);
  const named = renameImages(namedImages(await withoutReferrers(source, roots)), tags, path);
  const containerd = await openForOptions(options, terminal);
  const results: Loaded[] = [];
  for (const { descriptor, references } of named) {
    const { signal } = terminal;
    const referrers = await findReferrers(source, descriptor, roots);
    const imported = await loadImage(containerd, source, descriptor, references, reporter, signal, referrers);
    results.push({
      digest: descriptor.digest,
      tags: references.map(formatReference),
      containerd: { ...describeContainerd(containerd), ...imported },
    });
  }
  return results;
}

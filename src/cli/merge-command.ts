// `bima merge`: the images of layouts and archives become one index, which is handed on as a built image is.

import { BimaError } from '../core/errors.ts';
import { referrersIn } from '../adapters/disk/layout.ts';
import { withTemporaryLayout } from '../adapters/disk/publish.ts';
import { mergeLayouts } from '../usecases/merge.ts';
import type { Descriptor } from '../core/oci/descriptor.ts';
import { formatReference } from '../core/oci/reference.ts';
import { parseSourceDate } from '../core/source-date.ts';
import type { SignedImage } from '../usecases/attest/sign-image.ts';
import type { Options } from './args.ts';
import { readAnnotations, readNames } from './options.ts';
import { readOutput, readType } from './output.ts';
import type { Output } from './output.ts';
import { lazyRegistryClient } from './registry-options.ts';
import { prepareResultFiles, writeResultFiles } from './result-files.ts';
import { describeSigned, prepareToSign } from './signature.ts';
import type { Terminal } from './terminal.ts';
import { terminalReporter } from './terminal-reporter.ts';

export async function runMerge(
  paths: readonly string[],
  options: Options,
  terminal: Terminal,
): Promise<number> {
  if (paths.length === 0) {
    throw new BimaError('INPUT_INVALID', '"bima merge" requires at least 1 layout or archive, got none', {
      hint: 'See "bima merge --help".',
    });
  }
  const references = readNames(options);
  const annotations = readAnnotations(options);
  const reporter = terminalReporter(terminal, options);
  const client = lazyRegistryClient({ options, references, terminal, reporter });
  let root: Descriptor;
  let output: Output;
  let signed: SignedImage | undefined;
  try {
    output = await readOutput({ options, references, terminal, reporter, client });
    const { signal } = terminal;
    await output.check();
    await prepareResultFiles(options);
    const signing = await prepareToSign(options, terminal, reporter);
    root = await withTemporaryLayout(output.workPath, async (layout) => {
      const merged = await mergeLayouts(paths, layout, { annotations, reporter, signal });
      if (signing !== undefined) {
        const { signInLayout } = await import('./command-signing.ts');
        const referrers = await referrersIn(layout, merged);
        const created = parseSourceDate(terminal.environment.SOURCE_DATE_EPOCH);
        const image = { source: layout, root: merged, referrers, references, created };
        const pushed = readType(options) === 'registry' ? references : [];
        const openClient = () => client.open();
        signed = await signInLayout(layout, image, signing, { pushed, openClient, reporter, signal });
      }
      await output.write(layout, merged, []);
      return merged;
    });
  } finally {
    reporter.close();
    await client.close();
  }
  await writeResultFiles(options, { root, config: undefined, platforms: [], references });
  const result = {
    digest: root.digest,
    tags: references.map(formatReference),
    ...output.describe(),
    ...describeSigned(signed),
  };
  const print = output.isStream === true ? terminal.stderr : terminal.stdout;
  print(options.flag('json') ? JSON.stringify(result) : root.digest);
  return 0;
}

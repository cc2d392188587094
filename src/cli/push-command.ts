// `bima push`: an image of a layout or an archive to registries.

import { BimaError } from '../core/errors.ts';
import { chooseImage } from '../adapters/disk/choose-image.ts';
import { mustOpenNamed } from '../adapters/disk/open.ts';
import { findReferrers } from '../core/oci/referrers.ts';
import { parseImageName } from '../core/oci/image-name.ts';
import { formatReference, withDefaultTag } from '../core/oci/reference.ts';
import { pushImage, summarizePush } from '../usecases/push/push.ts';
import { withBlobs } from '../core/oci/with-blobs.ts';
import { parseSourceDate } from '../core/source-date.ts';
import type { SignedImage } from '../usecases/attest/sign-image.ts';
import type { Options } from './args.ts';
import { describePush } from './output-registry.ts';
import { checkRegistryOptions, withRegistryClient } from './registry-options.ts';
import { prepareResultFiles, writeResultFiles } from './result-files.ts';
import { describeSigned, prepareToSign } from './signature.ts';
import type { Terminal } from './terminal.ts';
import { terminalReporter } from './terminal-reporter.ts';

export async function runPush(
  positionals: readonly string[],
  options: Options,
  terminal: Terminal,
): Promise<number> {
  const [path, ...names] = positionals;
  if (path === undefined || names.length === 0) {
    throw new BimaError(
      'INPUT_INVALID',
      `"bima push" requires a layout or an archive and at least 1 reference, got ${positionals.length} arguments`,
      {
        hint: 'See "bima push --help".',
      },
    );
  }
  const references = names.map(parseImageName).map(withDefaultTag);
  checkRegistryOptions(options, references);
  await prepareResultFiles(options);
  const images = await mustOpenNamed(path);
  const root = await chooseImage(
    images,
    options.string('image') ?? images.image,
    'Name the one that is meant with --image.',
  );
  const reporter = terminalReporter(terminal, options);
  const signing = await prepareToSign(options, terminal, reporter);
  const referrers = await findReferrers(images.source, root, images.roots);
  let signed: SignedImage | undefined;
  const result = await withRegistryClient({ options, references, terminal, reporter }, async (client) => {
    if (signing === undefined)
      return pushImage(images.source, root, references, { client, reporter, referrers });
    const { signForCommand } = await import('./command-signing.ts');
    const { environment, signal } = terminal;
    const created = parseSourceDate(environment.SOURCE_DATE_EPOCH);
    const image = { source: images.source, root, referrers, references, created };
    const openClient = () => Promise.resolve(client);
    signed = await signForCommand(image, signing, { pushed: references, openClient, reporter, signal });
    const own = new Set(signed.referrers.map(({ digest }) => digest));
    return pushImage(withBlobs(images.source, signed.blobs), root, references, {
      client,
      reporter,
      referrers: [...referrers.filter(({ digest }) => !own.has(digest)), ...signed.referrers],
    });
  }).finally(() => {
    reporter.close();
  });
  reporter.info(summarizePush(result));
  await writeResultFiles(options, { root, config: undefined, platforms: [], references });
  const json = {
    digest: result.digest,
    tags: references.map(formatReference),
    pushed: describePush(result),
    ...describeSigned(signed),
  };
  terminal.stdout(options.flag('json') ? JSON.stringify(json) : result.digest);
  return 0;
}

// The output that is a push, and the summary of one.

import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BimaError } from '../errors.ts';
import { referrersIn } from '../layout/layout.ts';
import { withBlobs } from '../oci/with-blobs.ts';
import { openTaggedImage } from '../previous-images.ts';
import { pushImage, summarizePush } from '../push.ts';
import type { PushResult } from '../push.ts';
import type { Output, OutputContext } from './output.ts';
import { checkRegistryOptions } from './registry-options.ts';

/** A push to every `--tag`. */
export function registryOutput(context: OutputContext): Output {
  const { options, references, reporter } = context;
  if (references.length === 0) {
    throw new BimaError('INPUT_INVALID', 'expected --tag with the reference to push to, got none');
  }
  if (options.isGiven('dest')) {
    throw new BimaError('INPUT_INVALID', 'expected no --dest with a push: nothing is kept on disk');
  }
  checkRegistryOptions(options, references);
  let result: PushResult | undefined;
  return {
    workPath: join(tmpdir(), 'image'),
    check: () => Promise.resolve(),
    previous: async () => openTaggedImage(await context.client.open(), references),
    write: async (layout, image, elsewhere, openClient = () => context.client.open()) => {
      const source = withBlobs(layout, elsewhere);
      const referrers = await referrersIn(layout, image);
      result = await pushImage(source, image, references, {
        client: await openClient(),
        reporter,
        referrers,
        lookAtAll: options.flag('no-reuse'),
      });
      reporter.info(summarizePush(result));
    },
    describe: () => (result === undefined ? {} : { pushed: describePush(result) }),
  };
}

/** For `--json`: every reference, and whether it had to be pushed. */
export function describePush({ repositories }: PushResult): readonly unknown[] {
  return repositories.map(({ repository, references, blobs }) => ({
    repository,
    references,
    blobs: blobs.map(({ descriptor, stored }) => ({
      digest: descriptor.digest,
      size: descriptor.size,
      stored,
    })),
  }));
}

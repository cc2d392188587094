// The output that is a push, and the summary of one.

import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BimaError } from '../core/errors.ts';
import { referrersIn } from '../adapters/disk/layout.ts';
import { withBlobs } from '../core/oci/with-blobs.ts';
import { openTaggedImage } from '../usecases/layer-sources.ts';
import { pushImage, summarizePush } from '../usecases/push/push.ts';
import type { PushResult } from '../usecases/push/push.ts';
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
    write: async (layout, image, external, openClient = () => context.client.open()) => {
      const source = withBlobs(layout, external);
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

/** Every reference for `--json`, and whether it had to be pushed. */
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

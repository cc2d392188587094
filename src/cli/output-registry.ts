// The output that is a push, and the summary of one.

import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PreviousImages } from '../build/known-layers.ts';
import { BimaError } from '../errors.ts';
import { streamOf } from '../oci/blob.ts';
import { withDefaultTag } from '../oci/reference.ts';
import type { Reference } from '../oci/reference.ts';
import { withBlobs } from '../oci/with-blobs.ts';
import { pushImage, summarizePush } from '../push.ts';
import type { PushResult } from '../push.ts';
import type { RegistryClient } from '../registry/client.ts';
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
    previous: async () => openTagged(await context.client.open(), references),
    write: async (layout, image, elsewhere) => {
      const source = withBlobs(layout, elsewhere);
      result = await pushImage(source, image, references, { client: await context.client.open(), reporter });
      reporter.info(summarizePush(result));
    },
    describe: () => (result === undefined ? {} : { pushed: describePush(result) }),
  };
}

/** What the first of these references that is there stands for. */
async function openTagged(
  client: RegistryClient,
  references: readonly Reference[],
): Promise<PreviousImages | undefined> {
  for (const reference of references.map(withDefaultTag)) {
    if (reference.tag === undefined) continue;
    const repository = client.repository(reference, { access: 'push' });
    const document = await repository.read(reference.tag);
    if (document === undefined) continue;
    const { descriptor, bytes } = document;
    const source = withBlobs(repository, [{ descriptor, open: () => streamOf(bytes) }]);
    return { source, roots: [descriptor], isLocal: false };
  }
  return undefined;
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

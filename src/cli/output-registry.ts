// The output that is a push, and the summary of one.

import { pushImage } from '../push.ts';
import type { PushResult } from '../push.ts';
import { BimaError } from '../errors.ts';
import { formatSize } from '../reporter.ts';
import type { Reporter } from '../reporter.ts';
import type { Output, OutputContext } from './output.ts';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkRegistryOptions, withRegistryClient } from './registry-options.ts';

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
    write: (layout, image) =>
      withRegistryClient(context, async (client) => {
        result = await pushImage(layout, image, references, { client, reporter });
        reportPush(result, reporter);
      }),
    describe: () => (result === undefined ? {} : { pushed: describePush(result) }),
  };
}

/** One line with what travelled and what didn't have to. */
export function reportPush({ repositories }: PushResult, reporter: Reporter): void {
  const blobs = repositories.flatMap((repository) => repository.blobs);
  const parts = (['pushed', 'mounted', 'present'] as const).flatMap((how) => {
    const sizes = blobs.filter(({ stored }) => stored === how).map(({ descriptor }) => descriptor.size);
    if (sizes.length === 0) return [];
    const total = sizes.reduce((sum, size) => sum + size, 0);
    return [`${how === 'present' ? 'already there' : how} ${formatSize(total)}`];
  });
  reporter.info(parts.length === 0 ? 'nothing to push: the registry has this image' : parts.join(', '));
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

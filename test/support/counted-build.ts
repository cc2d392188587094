// A build that counts what it reads of the context, and what it compresses and stores.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { buildImage } from '../../src/usecases/build.ts';
import type { BuiltImage } from '../../src/usecases/build.ts';
import { parseCompression } from '../../src/adapters/layers/compression.ts';
import type { ContentRecords } from '../../src/adapters/layers/content-watch.ts';
import { planBuild } from '../../src/usecases/plan/plan.ts';
import type { LayerCache } from '../../src/adapters/disk/layer-cache.ts';
import { createLayout } from '../../src/adapters/disk/layout.ts';
import type { Layout } from '../../src/adapters/disk/layout.ts';
import { readDocument } from '../../src/core/oci/blob.ts';
import type { Blob } from '../../src/core/oci/blob.ts';
import type { LayerSource } from '../../src/core/oci/layer-source.ts';
import { silentReporter } from '../../src/core/reporter.ts';
import type { Reporter } from '../../src/core/reporter.ts';
import { temporaryFolder } from './folder.ts';

export interface CountedImage extends BuiltImage {
  readonly layout: Layout;
  /** Bytes of files of the context that were read. */
  readonly read: number;
  /** Layers that were compressed and stored. */
  readonly written: number;
  /** The manifest, as it is stored. */
  readonly bytes: string;
}

export interface CountedOptions {
  readonly compression?: string;
  readonly previous?: LayerSource;
  readonly cache?: LayerCache | undefined;
  readonly records?: ContentRecords;
  readonly reporter?: Reporter;
  readonly finished?: (layer: Blob) => void;
}

/** Builds a context into a layout of its own, and counts. */
export async function countedBuild(
  test: TestContext,
  context: string,
  options: CountedOptions = {},
): Promise<CountedImage> {
  const plan = await planBuild({ context, labels: [], strict: true }, () => undefined);
  let read = 0;
  let written = 0;
  const layers = plan.layers.map((layer) => ({
    ...layer,
    entries: layer.entries.map((entry) =>
      entry.type !== 'file'
        ? entry
        : {
            ...entry,
            open: async function* () {
              for await (const chunk of entry.open()) {
                read += chunk.length;
                yield chunk;
              }
            },
          },
    ),
  }));
  const folder = join(temporaryFolder(test), 'layout');
  mkdirSync(folder);
  const layout = await createLayout(folder);
  const counting: Layout = {
    ...layout,
    write: (stream) => {
      written += 1;
      return layout.write(stream);
    },
  };
  const { compression = 'gzip', previous, cache, records, finished, reporter = silentReporter } = options;
  const built = await buildImage(
    { ...plan, layers },
    counting,
    {
      compression: parseCompression(compression),
      annotations: {},
      annotationEncoding: 'plain',
      created: 0,
      ...{ previous, cache, records, finished },
    },
    reporter,
  );
  const bytes = Buffer.from(await readDocument(layout.open(built.manifest), 'it')).toString();
  return { ...built, layout, bytes, read, written };
}

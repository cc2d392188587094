// The outputs that are files: an archive, or a layout.

import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { BimaError } from '../errors.ts';
import { writeArchive } from '../layout/archive.ts';
import { checkDestination, publishLayout } from '../layout/publish.ts';
import { putMissingBlobs } from '../layout/put-blobs.ts';
import { withBlobs } from '../oci/with-blobs.ts';
import { openImagesAt } from '../previous-images.ts';
import type { Output, OutputContext } from './output.ts';

/** One tar archive, at `--dest` or named after the tag. */
export function archiveOutput({ options, references, terminal, reporter }: OutputContext): Output {
  const path = options.string('dest') ?? archiveName(options.strings('tag'));
  return {
    workPath: path,
    path,
    check: async () => {
      const found = await stat(path).catch(() => undefined);
      if (found?.isDirectory() !== true) return;
      throw new BimaError('OUTPUT_FAILED', `expected a file name for the archive, got the folder "${path}"`, {
        hint: `Name a file, for example --dest ${join(path, `${basename(resolve(path))}.tar`)}.`,
      });
    },
    previous: () => openImagesAt(path),
    write: async (layout, image, elsewhere) => {
      await writeArchive(withBlobs(layout, elsewhere), image, references, path, terminal.signal);
      reporter.info(`wrote the archive ${path}`);
    },
    describe: () => ({ archive: resolve(path) }),
  };
}

/** An OCI image layout, at `--dest`: a new folder, or one more image in a layout that is there. */
export function layoutOutput({ options, references, terminal, reporter }: OutputContext): Output {
  const path = options.string('dest');
  if (path === undefined) {
    throw new BimaError('INPUT_INVALID', 'expected --dest with the folder for the layout, got none');
  }
  return {
    workPath: path,
    path,
    check: async () => {
      await checkDestination(path);
    },
    previous: () => openImagesAt(path),
    write: async (layout, image, elsewhere) => {
      await putMissingBlobs(layout, elsewhere, path, terminal.signal);
      await publishLayout(layout, image, references, path);
      reporter.info(`wrote the layout ${path}`);
    },
    describe: () => ({ layout: resolve(path) }),
  };
}

/** As bima always named it: what stands after the last slash of the tag. */
function archiveName(tags: readonly string[]): string {
  const [tag] = tags;
  if (tag === undefined) {
    throw new BimaError('INPUT_INVALID', 'expected --tag or --dest for the name of the archive, got neither');
  }
  const name = tag.slice(tag.lastIndexOf('/') + 1);
  // Windows has no colons in file names.
  return process.platform === 'win32' ? name.replace(':', '-') : name;
}

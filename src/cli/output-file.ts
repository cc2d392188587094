// The outputs that are files: an archive, or a layout.

import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { BimaError } from '../core/errors.ts';
import { checkFileNames } from '../core/file-names.ts';
import { packArchive, writeArchive } from '../adapters/disk/archive.ts';
import { referrersIn } from '../adapters/disk/layout.ts';
import { findFileTarget, findFolderTarget } from '../adapters/filesystem/output-path.ts';
import type { FileTarget } from '../adapters/filesystem/output-path.ts';
import { checkDestination, publishLayout } from '../adapters/disk/publish.ts';
import { putMissingBlobs } from '../adapters/disk/put-blobs.ts';
import { outputErrors } from '../adapters/filesystem/temporary.ts';
import type { Reference } from '../core/oci/reference.ts';
import { withBlobs } from '../core/oci/with-blobs.ts';
import { openImagesAt } from '../usecases/layer-sources.ts';
import { archiveName } from './archive-name.ts';
import type { Options } from './args.ts';
import type { Output, OutputContext } from './output.ts';

/** One tar archive, at `--dest` or named after the tag; `-` and FIFOs get it as a stream. */
export function archiveOutput(context: OutputContext): Output {
  const { options, references, terminal, reporter } = context;
  const path = readDest(options) ?? archiveOf(references);
  if (isStandardOutput(path)) return standardOutput(path, context);
  checkFileNames(path, 'Name another file with --dest.');
  let target: FileTarget | undefined;
  return {
    path,
    get workPath() {
      return target?.type === 'fifo' ? join(tmpdir(), 'image') : (target?.path ?? path);
    },
    get isStream() {
      return target?.type === 'fifo';
    },
    check: async () => {
      target = await findFileTarget(path);
    },
    previous: async () => (target?.type === 'file' ? openImagesAt(path) : undefined),
    write: async (layout, image, external) => {
      const referrers = await referrersIn(layout, image);
      await writeArchive(withBlobs(layout, external), image, references, path, terminal.signal, referrers);
      reporter.info(`wrote the archive ${path}`);
    },
    describe: () => ({ archive: resolve(path) }),
  };
}

/** An archive on standard output. */
function standardOutput(path: string, { references, terminal, reporter }: OutputContext): Output {
  const { stdoutBytes } = terminal;
  return {
    workPath: join(tmpdir(), 'image'),
    isStream: true,
    check: () => {
      if (stdoutBytes !== undefined) return Promise.resolve();
      const message = `expected standard output to go into a file or a pipe with --dest ${path}, got a terminal`;
      throw new BimaError('INPUT_INVALID', message, {
        hint: 'Write for example bima build --tar --dest - . | docker load.',
      });
    },
    write: async (layout, image, external) => {
      const referrers = await referrersIn(layout, image);
      const archive = await packArchive(withBlobs(layout, external), image, references, referrers);
      await outputErrors(path, async () => stdoutBytes?.(archive));
      reporter.info('wrote the archive to standard output');
    },
    describe: () => ({ archive: path }),
  };
}

function isStandardOutput(path: string): boolean {
  return path === '-' || path === '/dev/stdout';
}

/** An OCI image layout, at `--dest`: a new folder, or one more image in a layout that is there. */
export function layoutOutput({ options, references, terminal, reporter }: OutputContext): Output {
  const path = readDest(options);
  if (path === undefined) {
    throw new BimaError('INPUT_INVALID', 'expected --dest with the folder for the layout, got none');
  }
  if (isStandardOutput(path)) {
    throw new BimaError('INPUT_INVALID', `expected --dest with the folder for the layout, got "${path}"`, {
      hint: 'A layout is a folder: an archive can be a stream, with --tar.',
    });
  }
  checkFileNames(path, 'Name another folder with --dest.');
  let target = path;
  return {
    path,
    get workPath() {
      return target;
    },
    check: async () => {
      target = await findFolderTarget(path);
      await checkDestination(path);
    },
    previous: () => openImagesAt(target),
    write: async (layout, image, external) => {
      await putMissingBlobs(layout, external, target, terminal.signal);
      await publishLayout(layout, image, references, target, terminal.signal);
      reporter.info(`wrote the layout ${path}`);
    },
    describe: () => ({ layout: resolve(path) }),
  };
}

/** @throws BimaError INPUT_INVALID for an empty one */
function readDest(options: Options): string | undefined {
  const path = options.string('dest');
  if (path === '') throw new BimaError('INPUT_INVALID', 'expected a path for --dest, got ""');
  return path;
}

/** Named after the first tag. */
function archiveOf([reference]: readonly Reference[]): string {
  if (reference === undefined) {
    throw new BimaError('INPUT_INVALID', 'expected --tag or --dest for the name of the archive, got neither');
  }
  return archiveName(reference);
}

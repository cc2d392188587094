// Uploads a layout or an archive as an artifact of the workflow run, with the library in its own bundle.

import { copyFile, link, readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { BimaError } from '../core/errors.ts';
import { cleanUp } from '../adapters/filesystem/patience.ts';
import { outputErrors } from '../adapters/filesystem/temporary.ts';
import type { Digest } from '../core/oci/digest.ts';
import { reasonOf, systemClock } from '../core/clock.ts';
import { artifactError, classifyFailure } from './artifact-failure.ts';
import type { ArtifactFailure } from './artifact-failure.ts';
import type { ArtifactLibrary } from './artifact-library.ts';
import { safeArtifactName } from './artifact-name.ts';
import { isOwnArtifact } from './artifact-owner.ts';
import { runUrl, serverUrl } from './page-urls.ts';
import { makeTemporaryFolder } from './run-folder.ts';
import type { Masking, World } from './world.ts';

export interface ArtifactRequest {
  /** The name, made safe here if it isn't yet. */
  readonly name: string;
  /** Absolute: the folder of a layout, or an archive. */
  readonly path: string;
  /** A layout becomes a zip without compression, an archive is uploaded as the one file that it is. */
  readonly form: 'layout' | 'tar';
  /** Days to keep it; the repository's setting if undefined. */
  readonly retentionDays?: number | undefined;
  /** Replaces an artifact of that name, whoever made it; a re-run replaces by itself what the same job made before. */
  readonly overwrite: boolean;
}

/** Signed queries are masked here; the library masks those that it logs by itself. */
export interface ArtifactWorld extends Pick<World, 'environment' | 'reporter' | 'clock'> {
  readonly runner: Masking;
  readonly signal?: AbortSignal;
}

export interface UploadedArtifact {
  readonly id: number;
  readonly url: string;
  /** Digest of the zip, or of the file that was uploaded as it is. */
  readonly digest: Digest;
}

const attempts = 4;
const firstWait = 2000;

/**
 * Uploads, with retries after broken connections.
 * @returns undefined where the server has no service for such artifacts, after a warning
 * @throws BimaError ARTIFACT_EXISTS or ARTIFACT_FAILED
 */
export async function uploadArtifact(
  request: ArtifactRequest,
  world: ArtifactWorld,
): Promise<UploadedArtifact | undefined> {
  const { environment, reporter } = world;
  const reason = missingService(environment) ?? (await upload(request, world));
  if (typeof reason !== 'string') {
    return { ...reason, url: `${runUrl(environment)}/artifacts/${reason.id}` };
  }
  reporter.warning({
    code: 'NOT_AVAILABLE',
    message: `no artifact was uploaded: ${reason}`,
    hint: 'The layout is there all the same: upload the folder of the "layout" output with what your server has for it.',
  });
  return undefined;
}

/** @returns why there is no service, if the server says so */
async function upload(
  request: ArtifactRequest,
  world: ArtifactWorld,
): Promise<Omit<UploadedArtifact, 'url'> | string> {
  const { form, path } = request;
  const name = safeArtifactName(request.name);
  if (name !== request.name) world.reporter.info(`the artifact is named "${name}"`);
  const { createArtifactLibrary } = await import('./artifact-library.ts');
  const folder = await makeTemporaryFolder(world.environment, 'bima-artifact-');
  try {
    const files = form === 'layout' ? await layoutFiles(path) : await tarFile(path, folder, name);
    return await uploadFiles({ ...request, name, files }, world, createArtifactLibrary());
  } finally {
    await cleanUp(folder);
  }
}

interface ArtifactFiles {
  readonly root: string;
  readonly paths: string[];
}

async function uploadFiles(
  { name, form, retentionDays, overwrite, files }: ArtifactRequest & { readonly files: ArtifactFiles },
  world: ArtifactWorld,
  library: ArtifactLibrary,
): Promise<Omit<UploadedArtifact, 'url'> | string> {
  const { environment, reporter, signal, clock = systemClock } = world;
  let mayBeOwn = Number(environment.GITHUB_RUN_ATTEMPT) > 1;
  for (let count = 1; ; count += 1) {
    const isOwn = mayBeOwn && (await isOwnArtifact(name, world));
    if (overwrite || isOwn) await remove(name, world, library);
    const uploading = library.uploadArtifact(name, files.paths, files.root, {
      ...(form === 'tar' ? { skipArchive: true } : { compressionLevel: 0 }),
      ...(retentionDays === undefined ? {} : { retentionDays }),
    });
    const result = await attempt(uploading, world);
    if ('value' in result) {
      const { id, digest } = result.value;
      if (id !== undefined && digest !== undefined) return { id, digest: `sha256:${digest}` };
      throw new BimaError('ARTIFACT_FAILED', `the service gave no number for the artifact "${name}"`);
    }
    const { failure } = result;
    if (failure.kind === 'missing') return `the server answers ${failure.text}`;
    const mayPass = failure.kind === 'passing' || failure.kind === 'refused';
    if (!mayPass || count === attempts) throw artifactError(name, failure, count);
    // This upload itself may have made it, before its connection broke.
    mayBeOwn ||= failure.created;
    const wait = firstWait * 2 ** (count - 1) * (0.5 + clock.random());
    reporter.info(`${failure.text}; uploading again in ${(wait / 1000).toFixed(1)} s`);
    await clock.sleep(wait, signal);
  }
}

/** Classifies a failure. An interruption is thrown at once, since the library can't be stopped. */
async function attempt<T>(
  work: Promise<T>,
  { signal, runner }: ArtifactWorld,
): Promise<{ readonly value: T } | { readonly failure: ArtifactFailure }> {
  const outcome = work.then(
    (value) => ({ value }),
    (error: unknown) => ({ failure: classifyFailure(error, runner.mask) }),
  );
  if (signal === undefined) return outcome;
  let stop: () => void = () => undefined;
  const stopped = new Promise<never>((_resolve, reject) => {
    stop = () => {
      reject(reasonOf(signal));
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([outcome, stopped]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Best effort: when this fails, the upload says that the name exists. */
async function remove(name: string, world: ArtifactWorld, library: ArtifactLibrary): Promise<void> {
  const result = await attempt(library.deleteArtifact(name), world);
  if ('failure' in result) world.reporter.debug(`no artifact was replaced: ${result.failure.text}`);
}

async function layoutFiles(path: string): Promise<ArtifactFiles> {
  const root = resolve(path);
  const names = await readdir(root, { recursive: true });
  const paths: string[] = [];
  for (const name of names.sort()) {
    const file = join(root, name);
    if ((await stat(file)).isFile()) paths.push(file);
  }
  return { root, paths };
}

/** The library names a single file's artifact after the file. */
async function tarFile(path: string, folder: string, name: string): Promise<ArtifactFiles> {
  const file = join(folder, name);
  await outputErrors(file, () => link(path, file).catch(() => copyFile(path, file)));
  return { root: folder, paths: [file] };
}

function missingService(environment: World['environment']): string | undefined {
  const server = new URL(serverUrl(environment)).hostname;
  // The library refuses all other servers (isGhes in its config.ts).
  if (server !== 'github.com' && !/\.(?:ghe\.com|localhost)$/.test(server))
    return `${server} has no such service`;
  const missing = ['ACTIONS_RESULTS_URL', 'ACTIONS_RUNTIME_TOKEN'].filter((name) => !environment[name]);
  return missing.length === 0 ? undefined : `the runner sets no ${missing.join(' and no ')}`;
}

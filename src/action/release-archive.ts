// The image's archive and its checksum on a release that is there already.

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BimaError } from '../core/errors.ts';
import type { Release } from '../adapters/github/release.ts';
import { writeArchive } from '../adapters/disk/archive.ts';
import { streamOf } from '../core/oci/blob.ts';
import type { Descriptor } from '../core/oci/descriptor.ts';
import { createDigester, digestOf, hexOf } from '../core/oci/digest.ts';
import type { Digest } from '../core/oci/digest.ts';
import { isObject } from '../core/oci/json.ts';
import { formatPlatform } from '../core/oci/platform.ts';
import type { Platform } from '../core/oci/platform.ts';
import { formatReference } from '../core/oci/reference.ts';
import type { Reference } from '../core/oci/reference.ts';
import type { Source } from '../core/oci/target.ts';
import { systemClock } from '../core/clock.ts';
import { gitTagOf, safeTag } from './event-tags.ts';
import type { WorkflowEvent } from './event.ts';
import { withGithub } from './github.ts';
import type { GithubAccess } from './github.ts';
import type { Inputs, ReleaseInputs } from './inputs.ts';
import { describeJob } from './maker.ts';
import type { World } from './world.ts';

const chunkSize = 256 * 1024;

export type ReleaseWorld = GithubAccess & Pick<World, 'event'>;

/**
 * The release of `release-tag`, of the event, or of the git tag that the run is about.
 * @throws BimaError INPUT_INVALID when there is no tag, GITHUB_NOT_FOUND when there is no release
 */
export async function openRelease(inputs: ReleaseInputs, world: ReleaseWorld): Promise<Release> {
  const { event, reporter } = world;
  const { findRelease, parseRepositoryName, readRelease } = await import('../adapters/github/release.ts');
  const repository = parseRepositoryName(event.repository);
  const { release } = event.payload;
  const isOfEvent = inputs.tag === undefined && event.name === 'release' && isObject(release);
  const id = isOfEvent && typeof release.id === 'number' ? release.id : undefined;
  const tag = inputs.tag ?? gitTagOf(event);
  if (id === undefined && tag === undefined) throw missingTag(event);
  const found = await withGithub(world, (github) =>
    id === undefined ? findRelease(github, repository, tag ?? '') : readRelease(github, repository, id),
  );
  reporter.info(`the image goes to the ${found.isDraft ? 'draft' : 'release'} "${found.tag}"`);
  return found;
}

function missingTag(event: WorkflowEvent): BimaError {
  return new BimaError(
    'INPUT_INVALID',
    `expected the input "release-tag", got none, and the event "${event.name}" names no git tag`,
    {
      hint: "Attach in runs for a tag alone, with release-asset: ${{ github.ref_type == 'tag' }}, or set release-tag.",
    },
  );
}

export interface ReleaseRequest {
  readonly release: Release;
  readonly source: Source;
  readonly root: Descriptor;
  readonly referrers?: readonly Descriptor[];
  /** The platforms are part of the file's name. */
  readonly facts: { readonly images: readonly { readonly platform: Platform }[] };
  readonly references: readonly Reference[];
  readonly inputs: Pick<Inputs, 'matrix'>;
}

/**
 * The archive holds the image under its names, but not as `latest`: another run for the same version, after a higher
 * one, must make the same bytes.
 * @returns where the archive can be downloaded
 * @throws BimaError as `attachAssets` does
 */
export async function attachToRelease(
  { release, source, root, referrers, facts, references, inputs }: ReleaseRequest,
  world: ReleaseWorld & Pick<World, 'folder'>,
): Promise<string> {
  const { environment, event, reporter, signal, folder } = world;
  const lasting = references.filter(({ tag }) => tag !== 'latest');
  const platforms = facts.images.map(({ platform }) => platform);
  const own = lasting.find(({ tag = '' }) => tag === safeTag(release.tag)) ?? lasting[0] ?? references[0];
  const repository = own?.repository ?? event.repository;
  const name = releaseAssetName(repository, release.tag, platforms, own?.tag);
  const label = releaseAssetLabel(own, platforms, describeJob(environment, inputs.matrix));
  const path = join(folder, 'release.tar');
  return reporter.group(`Attach to the release ${release.tag}`, async () => {
    const names = lasting.length > 0 ? lasting : references;
    await writeArchive(source, root, names, path, signal, referrers);
    return attachArchive({ path, name, label, release }, world);
  });
}

export interface ArchiveRequest {
  readonly path: string;
  /** The asset's. */
  readonly name: string;
  readonly label: string;
  readonly release: Release;
}

/** Uploads a file as it is, with a checksum beside it. @returns where it can be downloaded */
export async function attachArchive(
  { path, name, label, release }: ArchiveRequest,
  world: ReleaseWorld,
): Promise<string> {
  const [{ attachAssets }, { parseRepositoryName }] = await Promise.all([
    import('../adapters/github/release-assets.ts'),
    import('../adapters/github/release.ts'),
  ]);
  const { size } = await stat(path);
  const digest = await digestOfFile(path);
  // As shasum and sha256sum write and check it.
  const checksum = Buffer.from(`${hexOf(digest)}  ${name}\n`);
  const files = [
    {
      name,
      contentType: 'application/x-tar',
      size,
      digest,
      open: () => createReadStream(path, { highWaterMark: chunkSize }),
    },
    {
      name: `${name}.sha256`,
      contentType: 'text/plain',
      size: checksum.length,
      digest: digestOf(checksum),
      open: () => streamOf(checksum),
    },
  ];
  const { reporter, signal, clock = systemClock } = world;
  const repository = parseRepositoryName(world.event.repository);
  const [attached] = await withGithub(world, (github) =>
    attachAssets({ github, repository, release, label, reporter, clock, signal }, files),
  );
  return attached?.url ?? '';
}

/**
 * `<repo>_<version>_<os>_<arch>.oci.tar`: of `ghcr.io/owner/app` at `v1.2` it is `app_v1.2_linux_amd64.oci.tar`.
 * The word for several platforms is `multi`. Where the image's tag is another than the git tag, it is named as well,
 * or alone when it has the version in it: `app_v1.2-hvt_linux_amd64.oci.tar`, `app_v1.2_hvt_linux_amd64.oci.tar`.
 */
export function releaseAssetName(
  repository: string,
  gitTag: string,
  platforms: readonly Platform[],
  imageTag = safeTag(gitTag),
): string {
  const last = repository.slice(repository.lastIndexOf('/') + 1);
  const version = safeTag(gitTag);
  const hasVersion = imageTag.includes(version.replace(/^v(?=\d)/, ''));
  const names = hasVersion ? [last, imageTag] : [last, version, imageTag];
  const [platform, ...others] = platforms;
  const isOne = platform !== undefined && others.length === 0;
  const parts = isOne ? [platform.os, platform.architecture, platform.variant ?? ''] : ['multi'];
  const name = [...names, ...parts.filter((part) => part !== '')].join('_');
  // What GitHub would change by itself.
  return `${name.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^\.+/, '')}.oci.tar`;
}

/** What the release shows for the file: the image, its platforms, and the job that made it. */
export function releaseAssetLabel(
  image: Reference | undefined,
  platforms: readonly Platform[],
  maker: string,
): string {
  const name = image === undefined ? 'image' : formatReference(image);
  return `${name} for ${platforms.map(formatPlatform).join(', ')} (${maker})`;
}

async function digestOfFile(path: string): Promise<Digest> {
  const digester = createDigester();
  for await (const chunk of createReadStream(path, { highWaterMark: chunkSize }))
    digester.update(chunk as Uint8Array);
  return digester.digest();
}

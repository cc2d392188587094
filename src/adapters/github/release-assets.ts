// Files on a release: what is there is replaced only when all of the new ones have arrived whole.

import { BimaError } from '../../core/errors.ts';
import type { ByteStream } from '../../core/oci/blob.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { Reporter } from '../../core/reporter.ts';
import { formatSize } from '../../core/reporter.ts';
import type { Github, GithubClock } from './github-client.ts';
import { GithubError, isGithubStatus } from './github-error.ts';
import type { Release, RepositoryName } from './release.ts';

export interface AssetFile {
  /** Letters, digits, `.`, `_` and `-` only: GitHub replaces others by itself. */
  readonly name: string;
  readonly contentType: string;
  readonly size: number;
  readonly digest: Digest;
  /** A fresh stream of all bytes, each time it is called. */
  readonly open: () => ByteStream;
}

export interface AttachedAsset {
  readonly name: string;
  readonly url: string;
}

export interface AssetOptions {
  readonly github: Github;
  readonly repository: RepositoryName;
  readonly release: Release;
  /** Names the image and the job that attaches it: shown on the release page, and distinguishes own files from foreign ones. */
  readonly label: string;
  readonly reporter: Reporter;
  readonly clock: GithubClock;
  readonly signal: AbortSignal;
}

interface Asset {
  readonly id: number;
  readonly name: string;
  /** SHA-256 of its content; undefined on older servers. */
  readonly digest: string | undefined;
  readonly size: number;
  readonly isWhole: boolean;
  /** Empty for files that somebody attached without one; undefined on servers that keep none, such as Gitea. */
  readonly label: string | undefined;
  readonly url: string;
}

const attempts = 4;
/** Seconds. A longer wait is an error that says so. */
const maxWait = 60;

/**
 * Puts the files on the release, and takes the place of those that have their names. A file that is there with the
 * same digest stays. New content goes up under a name of its own first; only then the old files go, last file first,
 * and the new ones get their names in the order given: so that the last file, a checksum, never stands beside content
 * that is not its own, and an upload that fails takes nothing away. What has another label is never replaced.
 * @throws BimaError ASSET_EXISTS, GITHUB_DENIED, GITHUB_FAILED or DIGEST_MISMATCH
 */
export async function attachAssets(
  options: AssetOptions,
  files: readonly AssetFile[],
): Promise<AttachedAsset[]> {
  const { reporter, release } = options;
  const before = await listAssets(options);
  const wanted = files.map((file) => ({ file, old: before.find(({ name }) => name === file.name) }));
  const changed = wanted.filter(({ file, old }) => !isSame(old, file));
  for (const { file } of wanted.filter((one) => !changed.includes(one)))
    reporter.info(`${file.name} is on the release already`);
  if (changed.length > 0 && release.isImmutable) throw immutable(release);
  const foreign = changed.find(({ old }) => old !== undefined && old.label !== options.label);
  if (foreign?.old !== undefined) throw exists(release, foreign.old, options.label);
  // The remains of an interrupted upload hold nothing that could be lost.
  const isReplacing = changed.some(({ old }) => old?.isWhole === true);

  const placed = new Map<string, Asset>();
  for (const { file, old } of wanted) {
    const name = isReplacing ? temporaryName(file) : file.name;
    placed.set(file.name, isSame(old, file) ? old : await upload(options, file, name));
  }
  // Everything that can take long to fail is done by now.
  for (const { file, old } of changed.toReversed()) {
    if (old !== undefined && placed.get(file.name)?.id !== old.id) await remove(options, old);
  }
  const attached: AttachedAsset[] = [];
  for (const [name, asset] of placed) {
    const { url } = asset.name === name ? asset : await rename(options, asset, name);
    attached.push({ name, url });
  }
  const isLeft = ({ name }: Asset) => files.some((file) => isTemporaryName(name, file));
  const isOwn = ({ label }: Asset) => label === options.label;
  for (const asset of before.filter((one) => isOwn(one) && isLeft(one) && !hasId(placed, one)))
    await remove(options, asset);
  return attached;
}

function hasId(placed: ReadonlyMap<string, Asset>, { id }: Asset): boolean {
  return [...placed.values()].some((asset) => asset.id === id);
}

/** A name that depends on the content, so that a later run finds what an earlier one has left. */
function temporaryName({ name, digest }: AssetFile): string {
  return `${name}.${digest.slice('sha256:'.length, 'sha256:'.length + 12)}.new`;
}

function isTemporaryName(name: string, file: AssetFile): boolean {
  return name.startsWith(`${file.name}.`) && /^\.[0-9a-f]{12}\.new$/.test(name.slice(file.name.length));
}

/** False for a server that tells no digest: the file is replaced then. */
function isSame(asset: Asset | undefined, file: AssetFile): asset is Asset {
  return asset?.isWhole === true && asset.digest === file.digest && asset.size === file.size;
}

/** Uploads until the release has the file, whatever became of single attempts. */
async function upload(options: AssetOptions, file: AssetFile, name: string): Promise<Asset> {
  const { reporter, clock, signal } = options;
  for (let count = 1; ; count += 1) {
    const assets = await listAssets(options);
    const own = [name, temporaryName(file)];
    const there = assets.find((asset) => own.includes(asset.name) && isSame(asset, file));
    if (there !== undefined) return there;
    // Left by an attempt that broke off: GitHub's word for its state is "starter".
    const broken = assets.find((asset) => asset.name === name);
    if (broken !== undefined && broken.label !== options.label)
      throw exists(options.release, broken, options.label);
    if (broken !== undefined) await remove(options, broken);
    try {
      return await send(options, file, name);
    } catch (error) {
      const wait = waitAfter(error, count);
      if (wait === undefined || count === attempts) throw explain(error, options.release);
      const why = error instanceof GithubError ? error.message : String(error);
      reporter.info(`${why}; uploading again in ${wait} s`);
      await clock.sleep(wait * 1000, signal);
    }
  }
}

async function send(
  { github, release, label, reporter, ...options }: AssetOptions,
  file: AssetFile,
  name: string,
): Promise<Asset> {
  const started = options.clock.now();
  const { data }: { data: AssetData } = await github.request({
    method: 'POST',
    url: withParameters(release.uploadUrl),
    name,
    label,
    headers: { 'content-type': file.contentType, 'content-length': file.size },
    data: reported(file, reporter),
  });
  const asset = assetOf(data);
  const isWhole = asset.isWhole && asset.size === file.size && (asset.digest ?? file.digest) === file.digest;
  if (!isWhole) {
    await remove({ github, release, label, reporter, ...options }, asset);
    throw new BimaError(
      'DIGEST_MISMATCH',
      `expected the asset "${name}" with ${file.digest} and ${file.size} bytes, got ${asset.digest ?? 'no digest'} and ${asset.size} bytes`,
      { hint: 'The upload was damaged on its way, and was removed: run the job again.' },
    );
  }
  const seconds = (options.clock.now() - started) / 1000;
  reporter.info(`${name} ${formatSize(file.size)} uploaded in ${seconds.toFixed(1)} s`);
  return asset;
}

/** Gitea's address is no template. */
function withParameters(url: string): string {
  if (/\{[?&]/.test(url)) return url;
  return `${url}{${url.includes('?') ? '&' : '?'}name,label}`;
}

async function* reported({ name, size, open }: AssetFile, reporter: Reporter): AsyncGenerator<Uint8Array> {
  let done = 0;
  for await (const chunk of open()) {
    yield chunk;
    done += chunk.length;
    reporter.progress(name, done, size);
  }
}

/** Seconds until the next attempt; undefined for what no retry can cure. */
function waitAfter(error: unknown, count: number): number | undefined {
  if (!(error instanceof GithubError)) return undefined;
  const { status, retryAfter, reasons } = error;
  if (retryAfter !== undefined) return retryAfter <= maxWait ? retryAfter : undefined;
  const isPassing = status === undefined || status >= 500;
  // The name was free a moment ago: another attempt of our own arrived after all.
  return isPassing || reasons.includes('already_exists') ? 2 ** count : undefined;
}

async function rename(options: AssetOptions, asset: Asset, name: string): Promise<Asset> {
  const { github, repository, clock, signal } = options;
  for (let count = 1; ; count += 1) {
    try {
      const { data } = await github.rest.repos.updateReleaseAsset({
        ...repository,
        asset_id: asset.id,
        name,
      });
      return assetOf(data);
    } catch (error) {
      const isTaken = error instanceof GithubError && error.reasons.includes('already_exists');
      if (!isTaken || count === attempts) throw explain(error, options.release);
      await clock.sleep(1000 * count, signal);
    }
  }
}

async function remove({ github, repository, release }: AssetOptions, { id }: Asset): Promise<void> {
  try {
    await github.rest.repos.deleteReleaseAsset({ ...repository, asset_id: id });
  } catch (error) {
    // Already gone is fine.
    if (!isGithubStatus(error, 404)) throw explain(error, release);
  }
}

async function listAssets({ github, repository, release }: AssetOptions): Promise<Asset[]> {
  const assets = await github.paginate(github.rest.repos.listReleaseAssets, {
    ...repository,
    release_id: release.id,
    per_page: 100,
  });
  return assets.map(assetOf);
}

interface AssetData {
  readonly id: number;
  readonly name: string;
  readonly digest?: string | null;
  readonly size: number;
  readonly label?: string | null;
  /** Missing on Gitea, which shows no file before it is whole. */
  readonly state?: string;
  readonly browser_download_url: string;
}

function assetOf(data: AssetData): Asset {
  return {
    id: data.id,
    name: data.name,
    digest: data.digest ?? undefined,
    size: data.size,
    isWhole: data.state === undefined || data.state === 'uploaded',
    label: 'label' in data ? (data.label ?? '') : undefined,
    url: data.browser_download_url,
  };
}

function explain(error: unknown, release: Release): unknown {
  return error instanceof GithubError && /\bimmutable\b/i.test(error.message)
    ? immutable(release, error)
    : error;
}

function exists({ tag }: Release, { name, label }: Asset, own: string): BimaError {
  if (label === undefined) {
    return new BimaError(
      'ASSET_EXISTS',
      `the release "${tag}" has another file "${name}" already, and this server doesn't keep who made it: none is replaced`,
      {
        hint: "Remove the file on the release's page and run the job again, or name the image's tag differently.",
      },
    );
  }
  const maker = label === '' ? 'without a label that says who made it' : `labelled "${label}"`;
  return new BimaError(
    'ASSET_EXISTS',
    `the release "${tag}" has another file "${name}" already, ${maker}, and this one is "${own}"`,
    {
      hint: `Give each image a name or a tag of its own, or remove the file: gh release delete-asset "${tag}" "${name}"`,
    },
  );
}

function immutable({ tag }: Release, cause?: GithubError): BimaError {
  return new BimaError(
    'GITHUB_DENIED',
    `the release "${tag}" is published and immutable, and takes no more files`,
    {
      hint: 'Attach to a draft and publish last: gh release create --draft, this step, then gh release edit --draft=false.',
      cause,
    },
  );
}

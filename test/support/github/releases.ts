// Releases and drafts with their assets, and the git tags of the repository.

import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { notFound, problem } from './server.ts';
import type { GithubReply, GithubRequest, Route, Site } from './server.ts';
import { userOf } from './users.ts';

export interface StoredAsset {
  readonly id: number;
  name: string;
  label: string;
  /** `starter` until the bytes are there: what an upload leaves that broke off. */
  readonly state: 'uploaded' | 'starter';
  readonly size: number;
  readonly digest: string;
  readonly contentType: string;
  /** Of small files alone. */
  readonly content: string | undefined;
}

export interface StoredRelease {
  readonly id: number;
  readonly tag: string;
  readonly isDraft: boolean;
  readonly isPrerelease: boolean;
  isImmutable: boolean;
  assets: StoredAsset[];
}

export interface Releases {
  readonly routes: readonly Route[];
  /** By their names, on the only release. */
  readonly assets: Readonly<Record<string, StoredAsset>>;
  addRelease(release: Partial<Omit<StoredRelease, 'assets'>>): StoredRelease;
  addAsset(
    release: StoredRelease,
    name: string,
    content: string,
    state?: StoredAsset['state'],
    label?: string,
  ): StoredAsset;
  /** The next upload answers 502, and leaves a `starter`. */
  breakUpload(): void;
  /** Is called after each request that changed something, with the assets as they are then. */
  watch(see: (assets: readonly StoredAsset[]) => void): void;
}

export interface ReleasesOptions {
  /** The repository's git tags. */
  readonly tags?: readonly string[];
  /** False as of older servers, which tell no digests. */
  readonly digests?: boolean;
  /** Changes bytes on their way. */
  readonly damage?: boolean;
  /** As Gitea has them: no template for the upload, and of an asset neither state nor label nor digest. */
  readonly gitea?: boolean;
}

const date = '2024-05-01T12:00:00Z';
const base = '/repos/{owner}/{repo}/releases';
/** Files up to this size keep their content. */
const small = 64 * 1024;

/** @param repository `owner/name` */
export function createReleases(repository: string, options: ReleasesOptions = {}): Releases {
  const { tags = [], digests = true, damage = false, gitea = false } = options;
  const releases: StoredRelease[] = [];
  let last = 3000;
  let broken = 0;
  let see: (assets: readonly StoredAsset[]) => void = () => undefined;

  const showAsset = (asset: StoredAsset, release: StoredRelease, { apiUrl, htmlUrl }: Site) => {
    const place = release.isDraft ? `untagged-${release.id}` : release.tag;
    const shown = {
      id: asset.id,
      node_id: `RA_${asset.id}`,
      url: `${apiUrl}/repos/${repository}/releases/assets/${asset.id}`,
      browser_download_url: `${htmlUrl}/${repository}/releases/download/${place}/${asset.name}`,
      name: asset.name,
      label: asset.label,
      state: asset.state,
      content_type: asset.contentType,
      size: asset.size,
      digest: digests && asset.state === 'uploaded' ? asset.digest : null,
      download_count: 0,
      created_at: date,
      updated_at: date,
      uploader: userOf('github-actions[bot]'),
    };
    if (!gitea) return shown;
    const { id, name, size, browser_download_url } = shown;
    return { id, name, size, browser_download_url, created_at: date, download_count: 0, uuid: `uuid-${id}` };
  };
  const show = (release: StoredRelease, site: Site) => {
    const url = `${site.apiUrl}/repos/${repository}/releases/${release.id}`;
    return {
      url,
      html_url: `${site.htmlUrl}/${repository}/releases/tag/${release.tag}`,
      assets_url: `${url}/assets`,
      upload_url: `${site.uploadUrl}/repos/${repository}/releases/${release.id}/assets${gitea ? '' : '{?name,label}'}`,
      tarball_url: null,
      zipball_url: null,
      id: release.id,
      node_id: `RE_${release.id}`,
      tag_name: release.tag,
      target_commitish: 'main',
      name: release.tag,
      body: '',
      draft: release.isDraft,
      prerelease: release.isPrerelease,
      immutable: release.isImmutable,
      created_at: date,
      published_at: release.isDraft ? null : date,
      author: userOf('maria'),
      assets: release.assets.map((asset) => showAsset(asset, release, site)),
    };
  };

  const isHere = ({ params }: GithubRequest) => `${params.owner}/${params.repo}` === repository;
  /** Drafts are there for those alone who may write. */
  const visible = (request: GithubRequest) =>
    isHere(request)
      ? releases.filter(({ isDraft }) => !isDraft || request.token.permissions.contents === 'write')
      : [];
  const onRelease = <T>(request: GithubRequest, answer: (release: StoredRelease) => T) => {
    const release = visible(request).find(({ id }) => id === Number(request.params.release_id));
    return release === undefined ? notFound() : answer(release);
  };
  const onAsset = (
    request: GithubRequest,
    answer: (asset: StoredAsset, release: StoredRelease) => GithubReply,
  ) => {
    for (const release of visible(request)) {
      const asset = release.assets.find(({ id }) => id === Number(request.params.asset_id));
      if (asset === undefined) continue;
      return request.writes && release.isImmutable ? immutable() : answer(asset, release);
    }
    return notFound();
  };

  async function upload(request: GithubRequest, release: StoredRelease): Promise<GithubReply> {
    const { name = '', label = '' } = request.query;
    const { size, digest, content } = await receive(request.bytes, damage);
    if (release.isImmutable) return immutable();
    if (release.assets.some((asset) => asset.name === name)) return taken();
    const isBroken = broken > 0;
    broken -= isBroken ? 1 : 0;
    last += 1;
    const asset: StoredAsset = {
      id: last,
      name,
      label,
      state: isBroken ? 'starter' : 'uploaded',
      size: isBroken ? 0 : size,
      digest,
      contentType: request.bytes.headers['content-type'] ?? '',
      content,
    };
    release.assets = [...release.assets, asset];
    see(release.assets);
    return isBroken
      ? problem(502, 'Server Error')
      : { status: 201, body: showAsset(asset, release, request.site) };
  }

  return {
    get assets() {
      return Object.fromEntries((releases[0]?.assets ?? []).map((asset) => [asset.name, asset]));
    },
    addRelease(release) {
      last += 1;
      const added = {
        id: last,
        tag: 'v1.2.3',
        isDraft: false,
        isPrerelease: false,
        isImmutable: false,
        ...release,
      };
      releases.push({ ...added, assets: [] });
      return releases.at(-1) ?? { ...added, assets: [] };
    },
    addAsset(release, name, content, state = 'uploaded', label = '') {
      last += 1;
      const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
      const asset = {
        id: last,
        name,
        label,
        state,
        size: content.length,
        digest,
        contentType: 'text/plain',
        content,
      };
      release.assets = [...release.assets, asset];
      return asset;
    },
    breakUpload() {
      broken += 1;
    },
    watch(callback) {
      see = callback;
    },
    routes: [
      {
        method: 'GET',
        path: base,
        permissions: ['contents'],
        answer: (request) => ({ list: visible(request).map((release) => show(release, request.site)) }),
      },
      {
        method: 'GET',
        path: `${base}/tags/{tag}`,
        permissions: ['contents'],
        answer: (request) => {
          const found = visible(request).find(({ tag, isDraft }) => tag === request.params.tag && !isDraft);
          return found === undefined ? notFound() : { status: 200, body: show(found, request.site) };
        },
      },
      {
        method: 'GET',
        path: `${base}/{release_id}`,
        permissions: ['contents'],
        answer: (request) =>
          onRelease(request, (release) => ({ status: 200, body: show(release, request.site) })),
      },
      {
        method: 'GET',
        path: `${base}/{release_id}/assets`,
        permissions: ['contents'],
        answer: (request) =>
          onRelease(request, (release) => ({
            list: release.assets.map((asset) => showAsset(asset, release, request.site)),
          })),
      },
      {
        method: 'POST',
        path: `${base}/{release_id}/assets`,
        permissions: ['contents'],
        answer: (request) => onRelease(request, (release) => upload(request, release)),
      },
      {
        method: 'PATCH',
        path: `${base}/assets/{asset_id}`,
        permissions: ['contents'],
        answer: (request) =>
          onAsset(request, (asset, release) => {
            const { name } = request.body;
            if (release.assets.some((other) => other !== asset && other.name === name)) return taken();
            if (typeof name === 'string') asset.name = name;
            see(release.assets);
            return { status: 200, body: showAsset(asset, release, request.site) };
          }),
      },
      {
        method: 'DELETE',
        path: `${base}/assets/{asset_id}`,
        permissions: ['contents'],
        answer: (request) =>
          onAsset(request, (asset, release) => {
            release.assets = release.assets.filter((other) => other !== asset);
            see(release.assets);
            return { status: 204 };
          }),
      },
      {
        method: 'GET',
        path: '/repos/{owner}/{repo}/tags',
        permissions: ['contents'],
        answer: (request) =>
          isHere(request)
            ? { list: tags.map((name) => showTag(name, repository, request.site)) }
            : notFound(),
      },
    ],
  };
}

/** docs.github.com, "Upload a release asset", and what the service says besides. */
function taken(): GithubReply {
  return problem(422, 'Validation Failed', [
    { resource: 'ReleaseAsset', code: 'already_exists', field: 'name' },
  ]);
}

function immutable(): GithubReply {
  return problem(422, 'Cannot upload assets to an immutable release.');
}

function showTag(name: string, repository: string, { apiUrl }: Site): object {
  const sha = createHash('sha1').update(name).digest('hex');
  const url = `${apiUrl}/repos/${repository}`;
  return {
    name,
    node_id: `REF_${name}`,
    commit: { sha, url: `${url}/commits/${sha}` },
    zipball_url: `${url}/zipball/refs/tags/${name}`,
    tarball_url: `${url}/tarball/refs/tags/${name}`,
  };
}

async function receive(
  bytes: IncomingMessage,
  damage: boolean,
): Promise<{ size: number; digest: string; content: string | undefined }> {
  const hash = createHash('sha256');
  const kept: Buffer[] = [];
  let size = 0;
  for await (const chunk of bytes as AsyncIterable<Buffer>) {
    hash.update(damage && size === 0 ? chunk.map((byte) => byte ^ 1) : chunk);
    size += chunk.length;
    if (size <= small) kept.push(chunk);
  }
  const content = size <= small ? Buffer.concat(kept).toString() : undefined;
  return { size, digest: `sha256:${hash.digest('hex')}`, content };
}

// Packages of the kind `container`, on top of what a registry holds: every manifest in its store is a version.

import { createStore } from '../registry-store.ts';
import type { RegistryStore } from '../registry-store.ts';
import type { Digest } from '../../../src/core/oci/digest.ts';
import { notFound, problem } from './server.ts';
import type { GithubReply, GithubRequest, Route, Site } from './server.ts';
import { userOf } from './users.ts';

export interface PackageVersion {
  readonly id: number;
  readonly digest: Digest;
  readonly tags: readonly string[];
}

export interface Packages {
  readonly routes: readonly Route[];
  /** The newest first. */
  readonly versions: () => readonly PackageVersion[];
  /** Called before each DELETE of a version, as if somebody else were at work too. */
  onDelete: (version: PackageVersion) => void;
}

export interface PackagesOptions {
  readonly owner: string;
  readonly kind: 'orgs' | 'users';
  /** May hold slashes. */
  readonly name: string;
  /** Of the registry, where the package is `<owner>/<name>`; one of its own by default. */
  readonly store?: RegistryStore;
  /** Versions that were downloaded too often to be deleted. */
  readonly popular?: readonly Digest[];
  /** In how many lists a new version is not there yet. */
  readonly lag?: number;
  /** When all versions were pushed, such as `2024-05-01T12:00:00Z`. */
  readonly date?: string;
}

export function createPackages(options: PackagesOptions): Packages {
  const { owner, kind, name, store = createStore(), popular = [], lag = 0 } = options;
  const { date = '2024-05-01T12:00:00Z' } = options;
  const stored = store.repository(`${owner}/${name}`);
  /** Numbers of the versions, and in how many lists they still are not. */
  const seen = new Map<Digest, { readonly id: number; hidden: number }>();
  let last = 2000;
  const base = kind === 'orgs' ? '/orgs/{org}' : '/users/{username}';
  const own = `${base}/packages/{package_type}/{package_name}`;

  function versions(): (PackageVersion & { readonly isHidden: boolean })[] {
    for (const digest of stored.manifests.keys()) {
      if (seen.has(digest)) continue;
      last += 1;
      // What is there at the start has been there for long.
      seen.set(digest, { id: last, hidden: isStarted ? lag : 0 });
    }
    return [...stored.manifests.keys()]
      .map((digest) => {
        const { id = 0, hidden = 0 } = seen.get(digest) ?? {};
        const tags = [...stored.tags].filter(([, target]) => target === digest).map(([tag]) => tag);
        return { id, digest, tags, isHidden: hidden > 0 };
      })
      .sort((one, other) => other.id - one.id);
  }
  let isStarted = false;

  const isHere = ({ params }: GithubRequest) =>
    (params.org ?? params.username) === owner &&
    params.package_type === 'container' &&
    params.package_name === name &&
    stored.manifests.size > 0;
  const urlOf = ({ apiUrl }: Site) =>
    `${apiUrl}/${kind}/${owner}/packages/container/${encodeURIComponent(name)}`;
  const pageOf = ({ htmlUrl }: Site) => `${htmlUrl}/${kind}/${owner}/packages/container/package/${name}`;
  const show = ({ id, digest, tags }: PackageVersion, site: Site) => ({
    id,
    name: digest,
    url: `${urlOf(site)}/versions/${id}`,
    package_html_url: pageOf(site),
    html_url: `${pageOf(site)}/${id}`,
    created_at: date,
    updated_at: date,
    metadata: { package_type: 'container', container: { tags } },
  });
  const onVersion = (request: GithubRequest, answer: (version: PackageVersion) => GithubReply) => {
    const version = versions().find(({ id }) => id === Number(request.params.package_version_id));
    return isHere(request) && version !== undefined ? answer(version) : notFound();
  };

  function remove({ digest, tags }: PackageVersion): GithubReply {
    const tagged = versions().filter((version) => version.tags.length > 0);
    if (stored.manifests.size === 1 || (tags.length > 0 && tagged.length === 1)) {
      return problem(
        400,
        'You cannot delete the last tagged version of a package. You must delete the package instead.',
      );
    }
    if (popular.includes(digest)) {
      return problem(
        400,
        'Publicly visible package versions with more than 5000 downloads cannot be deleted. Contact GitHub support for further assistance.',
      );
    }
    stored.manifests.delete(digest);
    // What comes back is another version.
    seen.delete(digest);
    for (const tag of tags) stored.tags.delete(tag);
    return { status: 204 };
  }

  const packages: Packages = {
    versions,
    onDelete: () => undefined,
    routes: [
      {
        method: 'GET',
        path: own,
        permissions: ['packages'],
        answer: (request) =>
          isHere(request)
            ? {
                status: 200,
                body: {
                  id: 1000,
                  name,
                  package_type: 'container',
                  owner: userOf(owner),
                  version_count: stored.manifests.size,
                  visibility: 'public',
                  url: urlOf(request.site),
                  html_url: pageOf(request.site),
                  created_at: date,
                  updated_at: date,
                },
              }
            : notFound(),
      },
      {
        method: 'GET',
        path: `${own}/versions`,
        permissions: ['packages'],
        answer(request) {
          const all = versions();
          isStarted = true;
          for (const version of seen.values()) version.hidden = Math.max(0, version.hidden - 1);
          const shown = all.filter(({ isHidden }) => !isHidden);
          return isHere(request) ? { list: shown.map((version) => show(version, request.site)) } : notFound();
        },
      },
      {
        method: 'GET',
        path: `${own}/versions/{package_version_id}`,
        permissions: ['packages'],
        answer: (request) =>
          onVersion(request, (version) => ({ status: 200, body: show(version, request.site) })),
      },
      {
        method: 'DELETE',
        path: `${own}/versions/{package_version_id}`,
        permissions: ['packages'],
        answer: (request) =>
          onVersion(request, (version) => {
            packages.onDelete(version);
            return onVersion(request, remove);
          }),
      },
    ],
  };
  return packages;
}

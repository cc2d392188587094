// Packages of the kind `container` with their versions: listed and deleted.

import { notFound, problem } from './server.ts';
import type { GithubReply, GithubRequest, Route, Site } from './server.ts';

export interface PackageVersion {
  readonly id: number;
  readonly digest: string;
  readonly tags: readonly string[];
}

export interface Packages {
  readonly routes: readonly Route[];
  readonly versions: readonly PackageVersion[];
  /** As a push to the registry does it: a tag belongs to one version. */
  putVersion(digest: string, tags: readonly string[]): PackageVersion;
}

export interface PackagesOptions {
  readonly owner: string;
  readonly kind: 'orgs' | 'users';
  /** May hold slashes. */
  readonly name: string;
}

const date = '2024-05-01T12:00:00Z';

export function createPackages({ owner, kind, name }: PackagesOptions): Packages {
  let versions: PackageVersion[] = [];
  let last = 2000;
  const base = kind === 'orgs' ? '/orgs/{org}' : '/users/{username}';
  const all = `${base}/packages/{package_type}/{package_name}/versions`;

  const isHere = ({ params }: GithubRequest) =>
    (params.org ?? params.username) === owner &&
    params.package_type === 'container' &&
    params.package_name === name;
  const show = ({ id, digest, tags }: PackageVersion, { apiUrl, htmlUrl }: Site) => {
    const url = `${apiUrl}/${kind}/${owner}/packages/container/${encodeURIComponent(name)}`;
    return {
      id,
      name: digest,
      url: `${url}/versions/${id}`,
      package_html_url: `${htmlUrl}/${kind}/${owner}/packages/container/package/${name}`,
      created_at: date,
      updated_at: date,
      metadata: { package_type: 'container', container: { tags } },
    };
  };
  const onVersion = (request: GithubRequest, answer: (version: PackageVersion) => GithubReply) => {
    const version = versions.find(({ id }) => id === Number(request.params.package_version_id));
    return isHere(request) && version !== undefined ? answer(version) : notFound();
  };

  return {
    get versions() {
      return versions;
    },
    putVersion(digest, tags) {
      const known = versions.find((version) => version.digest === digest);
      last += 1;
      const version = {
        id: known?.id ?? last,
        digest,
        tags: [...new Set([...(known?.tags ?? []), ...tags])],
      };
      versions = [
        version,
        ...versions
          .filter((other) => other.digest !== digest)
          .map((other) => ({ ...other, tags: other.tags.filter((tag) => !tags.includes(tag)) })),
      ];
      return version;
    },
    routes: [
      {
        method: 'GET',
        path: all,
        permissions: ['packages'],
        answer: (request) =>
          isHere(request) ? { list: versions.map((version) => show(version, request.site)) } : notFound(),
      },
      {
        method: 'DELETE',
        path: `${all}/{package_version_id}`,
        permissions: ['packages'],
        answer: (request) =>
          onVersion(request, (version) => {
            // The package itself would have to go.
            if (versions.length === 1)
              return problem(400, 'You cannot delete the last version of a package.');
            versions = versions.filter((other) => other !== version);
            return { status: 204 };
          }),
      },
    ],
  };
}

// Container packages: the versions of an image on GitHub's registry, listed and deleted
// (docs.github.com, "REST API endpoints for packages").

import type { Github } from './github-client.ts';
import { isGithubStatus, GithubError } from './github-error.ts';

/** A manifest of the image. */
export interface PackageVersion {
  readonly id: number;
  /** The digest of the manifest. */
  readonly name: string;
  readonly tags: readonly string[];
  /** Time of the first push in milliseconds since 1970; NaN where GitHub doesn't say. */
  readonly pushed: number;
}

/** `refused` for what GitHub deletes for nobody, with its reason; `gone` when it was already deleted. */
export type VersionDeletion =
  { readonly outcome: 'deleted' | 'gone' } | { readonly outcome: 'refused'; readonly why: string };

export interface ContainerPackage {
  /** Lists all versions, from all pages. */
  versions(): Promise<readonly PackageVersion[]>;
  /** Reads one version; undefined when it is gone. */
  version(id: number): Promise<PackageVersion | undefined>;
  /** @throws GithubError when this token may not */
  deleteVersion(id: number): Promise<VersionDeletion>;
}

/**
 * Finds out whether the owner is an organization or a user.
 * @param name the package's, such as `app` or `group/app`
 * @returns undefined when neither has the package, or the token may not see it
 */
export async function openPackage(
  github: Github,
  owner: string,
  name: string,
): Promise<ContainerPackage | undefined> {
  const { packages } = github.rest;
  const common = { package_type: 'container', package_name: name } as const;
  const ofOrg = { ...common, org: owner };
  const ofUser = { ...common, username: owner };
  if (await isThere(packages.getPackageForOrganization(ofOrg))) {
    return createPackage({
      list: () => github.paginate(packages.getAllPackageVersionsForPackageOwnedByOrg, { ...ofOrg, ...pages }),
      read: (id) => packages.getPackageVersionForOrganization({ ...ofOrg, package_version_id: id }),
      remove: (id) => packages.deletePackageVersionForOrg({ ...ofOrg, package_version_id: id }),
    });
  }
  if (await isThere(packages.getPackageForUser(ofUser))) {
    return createPackage({
      list: () =>
        github.paginate(packages.getAllPackageVersionsForPackageOwnedByUser, { ...ofUser, ...pages }),
      read: (id) => packages.getPackageVersionForUser({ ...ofUser, package_version_id: id }),
      remove: (id) => packages.deletePackageVersionForUser({ ...ofUser, package_version_id: id }),
    });
  }
  return undefined;
}

/** GitHub's own page size, where it ignores the requested one. */
export const leastPerPage = 30;
const pages = { per_page: 100 } as const;

/** A version in GitHub's JSON. */
interface WireVersion {
  readonly id: number;
  readonly name: string;
  readonly created_at?: string;
  readonly metadata?: { readonly container?: { readonly tags: readonly string[] } };
}

interface Calls {
  readonly list: () => Promise<readonly WireVersion[]>;
  readonly read: (id: number) => Promise<{ readonly data: WireVersion }>;
  readonly remove: (id: number) => Promise<unknown>;
}

function createPackage({ list, read, remove }: Calls): ContainerPackage {
  const version = async (id: number) => {
    try {
      return parseVersion((await read(id)).data);
    } catch (error) {
      if (isGithubStatus(error, 404)) return undefined;
      throw error;
    }
  };
  return {
    versions: async () => (await list()).map(parseVersion),
    version,
    async deleteVersion(id) {
      try {
        await remove(id);
        return { outcome: 'deleted' };
      } catch (error) {
        const why = refusalOf(error);
        if (why !== undefined) return { outcome: 'refused', why };
        // GitHub says so too when the token may not delete.
        if (isGithubStatus(error, 404) && (await version(id)) === undefined) return { outcome: 'gone' };
        throw error;
      }
    },
  };
}

async function isThere(answer: Promise<unknown>): Promise<boolean> {
  try {
    await answer;
    return true;
  } catch (error) {
    if (isGithubStatus(error, 404)) return false;
    throw error;
  }
}

function parseVersion({ id, name, created_at: date = '', metadata }: WireVersion): PackageVersion {
  return { id, name, tags: metadata?.container?.tags ?? [], pushed: Date.parse(date) };
}

function refusalOf(error: unknown): string | undefined {
  if (!(error instanceof GithubError) || error.status === 404) return undefined;
  if (/\blast (?:tagged )?version of a package/i.test(error.message)) {
    return 'GitHub keeps the last tagged version of a package; delete the package itself, in its settings';
  }
  if (/\b5,?000 downloads\b/i.test(error.message)) {
    return 'GitHub deletes no public version with more than 5000 downloads; its support can';
  }
  return undefined;
}

// Finds an existing release by its number or its tag, drafts included. Never creates one.

import { BimaError } from '../../core/errors.ts';
import type { Github } from './github-client.ts';
import { isGithubStatus } from './github-error.ts';

export interface RepositoryName {
  readonly owner: string;
  readonly repo: string;
}

export interface Release {
  readonly id: number;
  readonly tag: string;
  readonly isDraft: boolean;
  /** Published, in a repository whose releases can't be changed any more then. */
  readonly isImmutable: boolean;
  /** A URI template (RFC 6570) for assets. */
  readonly uploadUrl: string;
}

/** @param fullName `owner/name` @throws BimaError INPUT_INVALID */
export function parseRepositoryName(fullName: string): RepositoryName {
  const [owner = '', repo = '', ...rest] = fullName.split('/');
  if (owner !== '' && repo !== '' && rest.length === 0) return { owner, repo };
  throw new BimaError('INPUT_INVALID', `expected GITHUB_REPOSITORY as owner/name, got "${fullName}"`);
}

/** @throws BimaError GITHUB_NOT_FOUND */
export async function readRelease(github: Github, repository: RepositoryName, id: number): Promise<Release> {
  const { data } = await github.rest.repos.getRelease({ ...repository, release_id: id });
  return releaseOf(data);
}

/**
 * The published release with this tag, or the one draft.
 * @throws BimaError GITHUB_NOT_FOUND when there is none, INPUT_INVALID for several drafts
 */
export async function findRelease(github: Github, repository: RepositoryName, tag: string): Promise<Release> {
  try {
    const { data } = await github.rest.repos.getReleaseByTag({ ...repository, tag });
    return releaseOf(data);
  } catch (error) {
    if (!isGithubStatus(error, 404)) throw error;
  }
  // Only the list has drafts, anywhere in it.
  const releases = await github.paginate(github.rest.repos.listReleases, { ...repository, per_page: 100 });
  const [found, ...others] = releases.filter((release) => release.tag_name === tag);
  if (found === undefined) {
    throw new BimaError(
      'GITHUB_NOT_FOUND',
      `"${repository.owner}/${repository.repo}" has no release and no draft with the tag "${tag}"`,
      {
        hint: `Make one before this step: gh release create "${tag}" --draft --verify-tag. Drafts are seen only with the permission "contents: write".`,
      },
    );
  }
  if (others.length === 0) return releaseOf(found);
  throw new BimaError('INPUT_INVALID', `expected one draft with the tag "${tag}", got ${others.length + 1}`, {
    hint: 'Delete those that are not wanted: an interrupted workflow may have left them.',
  });
}

function releaseOf(data: {
  id: number;
  tag_name: string;
  draft: boolean;
  immutable?: boolean | undefined;
  upload_url: string;
}): Release {
  return {
    id: data.id,
    tag: data.tag_name,
    isDraft: data.draft,
    isImmutable: data.immutable === true,
    uploadUrl: data.upload_url,
  };
}

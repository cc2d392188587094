// Finding the pull request that proposes a commit, where an event doesn't name it.

import type { Github } from './github-client.ts';

/** What a pull request proposes. */
export interface PullRequestHead {
  /** `owner/name` of where the commit is: a fork, perhaps. */
  readonly repository: string;
  readonly branch: string;
  readonly sha: string;
}

export interface FoundPullRequest {
  readonly number: number;
  /** The branch that it is to be merged into. */
  readonly baseBranch: string;
}

/**
 * The open pull requests of a repository whose newest commit is this one of this branch.
 * @param repository `owner/name`
 * @throws GithubError for what GitHub refuses
 */
export async function listPullRequests(
  github: Github,
  repository: string,
  head: PullRequestHead,
): Promise<FoundPullRequest[]> {
  const [owner = '', repo = ''] = repository.split('/');
  const [headOwner = ''] = head.repository.split('/');
  const all = await github.paginate(github.rest.pulls.list, {
    owner,
    repo,
    state: 'open',
    head: `${headOwner}:${head.branch}`,
    per_page: 100,
  });
  // GitHub leaves a filter out that it doesn't understand, and an owner may have several forks.
  return all
    .filter(({ state, head: { repo: from, sha, ref } }) => {
      const isSame = (from as typeof from | null)?.full_name === head.repository;
      return state === 'open' && isSame && ref === head.branch && sha === head.sha;
    })
    .map(({ number, base }) => ({ number, baseBranch: base.ref }));
}

// Pull requests: listed, with the filters that GitHub has for them.

import { notFound } from './server.ts';
import type { Route, Site } from './server.ts';
import { userOf } from './users.ts';

export interface PullRequest {
  readonly number: number;
  readonly state: 'open' | 'closed';
  /** `owner/name` of the fork, or of the repository itself. */
  readonly from: string;
  readonly branch: string;
  readonly sha: string;
  readonly base: string;
}

/** @param repository `owner/name`; @param requests is read anew for each answer */
export function createPulls(repository: string, requests: readonly PullRequest[]): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/repos/{owner}/{repo}/pulls',
      permissions: ['pull-requests'],
      answer({ params, query, site }) {
        if (`${params.owner}/${params.repo}` !== repository) return notFound();
        const { state = 'open', head = '' } = query;
        const found = requests.filter((request) => {
          const [owner = ''] = request.from.split('/');
          // A filter without a colon is left out.
          const isWanted = !head.includes(':') || head === `${owner}:${request.branch}`;
          return isWanted && (state === 'all' || state === request.state);
        });
        return { list: found.map((request) => show(request, repository, site)) };
      },
    },
    {
      method: 'GET',
      path: '/repos/{owner}/{repo}/pulls/{pull_number}',
      permissions: ['pull-requests'],
      answer({ params, site }) {
        const found = requests.find(({ number }) => String(number) === params.pull_number);
        if (`${params.owner}/${params.repo}` !== repository || found === undefined) return notFound();
        return { status: 200, body: { ...show(found, repository, site), ...counts } };
      },
    },
  ];
}

/** What only one pull request alone is shown with. */
const counts = {
  merged: false,
  mergeable: null,
  mergeable_state: 'unknown',
  merged_by: null,
  maintainer_can_modify: false,
  ...Object.fromEntries(
    ['comments', 'review_comments', 'commits', 'additions', 'deletions', 'changed_files'].map((key) => [
      key,
      1,
    ]),
  ),
};

const date = '2024-05-01T12:00:00Z';

function show(
  { number, state, from, branch, sha, base }: PullRequest,
  repository: string,
  site: Site,
): object {
  const api = `${site.apiUrl}/repos/${repository}`;
  const html = `${site.htmlUrl}/${repository}/pull/${number}`;
  const urls = {
    comments_url: `${api}/issues/${number}/comments`,
    commits_url: `${api}/pulls/${number}/commits`,
    review_comment_url: `${api}/pulls/comments{/number}`,
    review_comments_url: `${api}/pulls/${number}/comments`,
    statuses_url: `${api}/statuses/${sha}`,
    issue_url: `${api}/issues/${number}`,
    html_url: html,
    url: `${api}/pulls/${number}`,
  };
  return {
    ...urls,
    id: number + 1000,
    node_id: `PR_${number}`,
    diff_url: `${html}.diff`,
    patch_url: `${html}.patch`,
    number,
    state,
    locked: false,
    title: 'A change',
    user: userOf(from.split('/')[0] ?? ''),
    body: null,
    labels: [],
    milestone: null,
    created_at: date,
    updated_at: date,
    closed_at: null,
    merged_at: null,
    merge_commit_sha: null,
    assignee: null,
    head: side(from, branch, sha, site),
    base: side(repository, base, '860c1904a1ce19322e91ac35af1ab07466440c37', site),
    _links: Object.fromEntries(
      Object.entries({
        comments: urls.comments_url,
        commits: urls.commits_url,
        statuses: urls.statuses_url,
        html,
        issue: urls.issue_url,
        review_comments: urls.review_comments_url,
        review_comment: urls.review_comment_url,
        self: urls.url,
      }).map(([name, href]) => [name, { href }]),
    ),
    author_association: 'NONE',
    auto_merge: null,
  };
}

function side(name: string, ref: string, sha: string, site: Site): object {
  const [owner = ''] = name.split('/');
  return { label: `${owner}:${ref}`, ref, sha, user: userOf(owner), repo: repositoryOf(name, site) };
}

const linkNames =
  'archive assignees blobs branches collaborators comments commits compare contents contributors deployments downloads events forks git_commits git_refs git_tags hooks issue_comment issue_events issues keys labels languages merges milestones notifications pulls releases stargazers statuses subscribers subscription tags teams trees clone git mirror ssh svn';

function repositoryOf(fullName: string, { apiUrl, htmlUrl }: Site): object {
  const [owner = '', name = ''] = fullName.split('/');
  const url = `${apiUrl}/repos/${fullName}`;
  return {
    ...Object.fromEntries(linkNames.split(' ').map((link) => [`${link}_url`, `${url}/${link}`])),
    url,
    id: 1,
    node_id: 'R_1',
    name,
    full_name: fullName,
    owner: userOf(owner),
    private: false,
    html_url: `${htmlUrl}/${fullName}`,
    description: null,
    fork: true,
    default_branch: 'main',
    homepage: null,
    language: null,
    license: null,
    size: 1,
    ...Object.fromEntries(
      ['forks', 'open_issues', 'watchers', 'forks_count', 'open_issues_count', 'watchers_count'].map(
        (key) => [key, 0],
      ),
    ),
    stargazers_count: 0,
    has_downloads: true,
    has_issues: true,
    has_projects: true,
    has_wiki: true,
    has_pages: false,
    archived: false,
    disabled: false,
    pushed_at: date,
    created_at: date,
    updated_at: date,
  };
}

// Addresses of pages on the GitHub server of the run.

type Variables = Readonly<Record<string, string | undefined>>;

/** The page of the workflow run. */
export function runUrl(environment: Variables): string {
  return `${repositoryUrl(environment)}/actions/runs/${environment.GITHUB_RUN_ID ?? ''}`;
}

/** The page of a commit as a part of a pull request, whose commits may be in a fork. */
export function commitUrl(environment: Variables, number: number, sha: string): string {
  return `${repositoryUrl(environment)}/pull/${number}/commits/${sha}`;
}

function repositoryUrl({
  GITHUB_SERVER_URL = 'https://github.com',
  GITHUB_REPOSITORY = '',
}: Variables): string {
  return `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}`;
}

// The one comment that each image has on a pull request: written once, then kept up to date in its place.

import type { Github } from './client.ts';
import { isGithubStatus } from './failure.ts';

export interface CommentPlace {
  /** `owner/name`. */
  readonly repository: string;
  /** Of the pull request. */
  readonly number: number;
  /** `registry/repository`: another image has another comment. */
  readonly image: string;
}

interface Comment {
  readonly id: number;
  readonly author: string | undefined;
  readonly url: string;
  readonly body: string;
}

/** Whose token the job's own is. GitHub tells no such token who it is (GET /user is a 403), but for GraphQL. */
const jobAuthor = 'github-actions[bot]';

/**
 * Updates the image's comment, or makes it. Only what the token's own user wrote is touched, whatever others claim.
 * Of several, as jobs of one time can make them, the oldest stays.
 * @param text Markdown, at most 65,000 characters
 * @returns the address of the comment
 * @throws GithubError for what GitHub refuses
 */
export async function putComment(github: Github, place: CommentPlace, text: string): Promise<string> {
  const body = `${markerOf(place.image)}\n${text}`;
  const [oldest, ...others] = await ownComments(github, place);
  for (const { id } of others) await remove(github, place, id);
  const updated = oldest === undefined ? undefined : await update(github, place, oldest, body);
  return updated ?? create(github, place, body);
}

/**
 * Removes what {@link putComment} wrote for the image.
 * @returns how many comments went: 0 if there was none
 * @throws GithubError for what GitHub refuses
 */
export async function removeComment(github: Github, place: CommentPlace): Promise<number> {
  const comments = await ownComments(github, place);
  for (const { id } of comments) await remove(github, place, id);
  return comments.length;
}

/** The first line of a comment, which nobody sees. No name can end it early, or be the beginning of another's. */
export function markerOf(image: string): string {
  const name = encodeURIComponent(image)
    .replaceAll('%2F', '/')
    .replaceAll('%3A', ':')
    .replaceAll('--', '-%2D');
  return `<!-- bima-action preview: ${name} -->`;
}

/** The oldest first. */
async function ownComments(github: Github, place: CommentPlace, author?: string): Promise<Comment[]> {
  const marked = await markedComments(github, place);
  if (marked.length === 0) return [];
  const own = author ?? (await readAuthor(github));
  return marked.filter((comment) => comment.author === own).sort((one, other) => one.id - other.id);
}

async function markedComments(
  github: Github,
  { repository, number, image }: CommentPlace,
): Promise<Comment[]> {
  const marker = markerOf(image);
  const marked: Comment[] = [];
  const list = { ...splitName(repository), issue_number: number, per_page: 100 };
  for await (const { data } of github.paginate.iterator(github.rest.issues.listComments, list)) {
    for (const { id, user, html_url: url, body = '' } of data) {
      // The first line alone counts: what stands below it may quote anything.
      if (body.split(/\r?\n/, 1)[0] === marker) marked.push({ id, author: user?.login, url, body });
    }
  }
  return marked;
}

/** Whose name stands above what this token writes. */
async function readAuthor(github: Github): Promise<string> {
  const viewer = await unlessRefused(async () => {
    const { viewer } = await github.graphql<{ viewer?: { login?: string } }>('query { viewer { login } }');
    return viewer?.login;
  });
  const login =
    viewer ?? (await unlessRefused(async () => (await github.rest.users.getAuthenticated()).data.login));
  return login ?? jobAuthor;
}

/** What may pass is thrown: taking someone for another would make a second comment. */
async function unlessRefused<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    // GraphQL refuses with an error of its own, beside a status of 200.
    const isRefused = error instanceof Error && error.name === 'GraphqlResponseError';
    if (isRefused || [401, 403, 404].some((status) => isGithubStatus(error, status))) return undefined;
    throw error;
  }
}

/** Undefined when it's gone. */
async function update(
  github: Github,
  { repository }: CommentPlace,
  { id, url, body: before }: Comment,
  body: string,
): Promise<string | undefined> {
  if (before === body) return url;
  try {
    await github.rest.issues.updateComment({ ...splitName(repository), comment_id: id, body });
    return url;
  } catch (error) {
    if (isGithubStatus(error, 404)) return undefined;
    throw error;
  }
}

async function create(github: Github, place: CommentPlace, body: string): Promise<string> {
  const where = { ...splitName(place.repository), issue_number: place.number };
  const { data } = await github.rest.issues.createComment({ ...where, body });
  const { id, user, html_url: url } = data;
  // Another job may have done the same since we looked. Whoever was second sees both.
  const [oldest] = await ownComments(github, place, user?.login);
  if (oldest === undefined || oldest.id >= id) return url;
  const kept = await update(github, place, oldest, body);
  if (kept === undefined) return url;
  await remove(github, place, id);
  return kept;
}

async function remove(github: Github, { repository }: CommentPlace, id: number): Promise<void> {
  try {
    await github.rest.issues.deleteComment({ ...splitName(repository), comment_id: id });
  } catch (error) {
    if (!isGithubStatus(error, 404)) throw error;
  }
}

function splitName(repository: string): { readonly owner: string; readonly repo: string } {
  const [owner = '', repo = ''] = repository.split('/');
  return { owner, repo };
}

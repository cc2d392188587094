// The one comment that each image of a job has on a pull request: created once, then updated in place.

import type { Github } from './github-client.ts';
import { isGithubStatus } from './github-error.ts';

export interface CommentPlace {
  /** `owner/name`. */
  readonly repository: string;
  /** Number of the pull request. */
  readonly number: number;
  /** `registry/repository`: another image has another comment. */
  readonly image: string;
  /** Who writes it, such as a job and a step in words: another one has another comment, also about the same image. */
  readonly key: string;
}

interface Comment {
  readonly id: number;
  readonly author: string | undefined;
  readonly url: string;
  readonly body: string;
}

/** Author of comments by the job's own token. Only GraphQL tells such a token who it is: GET /user answers 403. */
const jobAuthor = 'github-actions[bot]';

/**
 * Updates the comment about the image under this key, or makes it. Only what the token's own user wrote is touched, whatever others claim.
 * Of several, which concurrent jobs can make, the oldest stays.
 * @param text Markdown, at most 65,000 characters
 * @returns the address of the comment
 * @throws GithubError for what GitHub refuses
 */
export async function putComment(github: Github, place: CommentPlace, text: string): Promise<string> {
  const marker = markerOf(place.image, place.key);
  const body = `${marker}\n${text}`;
  const [oldest, ...others] = await ownComments(github, place, (line) => line === marker);
  for (const { id } of others) await remove(github, place, id);
  const updated = oldest === undefined ? undefined : await update(github, place, oldest, body);
  return updated ?? create(github, place, marker, body);
}

/**
 * Removes what {@link putComment} wrote for the image, under whatever key.
 * @returns how many comments went: 0 if there was none
 * @throws GithubError for what GitHub refuses
 */
export async function removeComment(github: Github, place: Omit<CommentPlace, 'key'>): Promise<number> {
  const alone = markerOf(place.image);
  const start = alone.replace(/-->$/, 'by ');
  const isAbout = (line: string) => line === alone || (line.startsWith(start) && line.endsWith(' -->'));
  const comments = await ownComments(github, place, isAbout);
  for (const { id } of comments) await remove(github, place, id);
  return comments.length;
}

/**
 * The invisible first line of a comment. No name can end it early or be a prefix of another's.
 * @param key empty in the comments of older versions
 */
export function markerOf(image: string, key = ''): string {
  return `<!-- bima-action preview: ${encodeName(image)}${key === '' ? '' : ` by ${encodeName(key)}`} -->`;
}

/** Removes what could end a comment, and line breaks. */
function encodeName(name: string): string {
  return encodeURIComponent(name)
    .replaceAll('%2F', '/')
    .replaceAll('%3A', ':')
    .replaceAll('%20', ' ')
    .replaceAll('--', '-%2D');
}

type Marked = Omit<CommentPlace, 'key'>;

/** The comments with a marker, oldest first. @param isMarker tells by a comment's first line */
async function ownComments(
  github: Github,
  place: Marked,
  isMarker: (line: string) => boolean,
  author?: string,
): Promise<Comment[]> {
  const marked = await markedComments(github, place, isMarker);
  if (marked.length === 0) return [];
  const own = author ?? (await readAuthor(github));
  return marked.filter((comment) => comment.author === own).sort((one, other) => one.id - other.id);
}

async function markedComments(
  github: Github,
  { repository, number }: Marked,
  isMarker: (line: string) => boolean,
): Promise<Comment[]> {
  const marked: Comment[] = [];
  const list = { ...splitName(repository), issue_number: number, per_page: 100 };
  for await (const { data } of github.paginate.iterator(github.rest.issues.listComments, list)) {
    for (const { id, user, html_url: url, body = '' } of data) {
      // The first line alone counts: what stands below it may quote anything.
      const [line = ''] = body.split(/\r?\n/, 1);
      if (isMarker(line)) marked.push({ id, author: user?.login, url, body });
    }
  }
  return marked;
}

/** The login that GitHub shows on comments by this token. */
async function readAuthor(github: Github): Promise<string> {
  const viewer = await unlessRefused(async () => {
    const { viewer } = await github.graphql<{ viewer?: { login?: string } }>('query { viewer { login } }');
    return viewer?.login;
  });
  const login =
    viewer ?? (await unlessRefused(async () => (await github.rest.users.getAuthenticated()).data.login));
  return login ?? jobAuthor;
}

/** Transient failures are thrown: a wrong author would lead to a second comment. */
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

/** @returns undefined when the comment is gone */
async function update(
  github: Github,
  { repository }: Marked,
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

async function create(github: Github, place: Marked, marker: string, body: string): Promise<string> {
  const where = { ...splitName(place.repository), issue_number: place.number };
  const { data } = await github.rest.issues.createComment({ ...where, body });
  const { id, user, html_url: url } = data;
  // Another job may have done the same meanwhile. The second one sees both.
  const [oldest] = await ownComments(github, place, (line) => line === marker, user?.login);
  if (oldest === undefined || oldest.id >= id) return url;
  const kept = await update(github, place, oldest, body);
  if (kept === undefined) return url;
  await remove(github, place, id);
  return kept;
}

async function remove(github: Github, { repository }: Marked, id: number): Promise<void> {
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

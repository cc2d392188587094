// Comments on issues and pull requests: listed, written, changed and deleted.

import { notFound, problem } from './server.ts';
import type { GithubReply, GithubRequest, Route, Site } from './server.ts';
import { userOf } from './users.ts';

export interface Comment {
  readonly id: number;
  readonly issue: number;
  readonly author: string;
  body: string;
}

export interface Issues {
  readonly routes: readonly Route[];
  /** In the order in which they were written. */
  readonly comments: readonly Comment[];
  /** Writes a comment as somebody does in the browser. */
  addComment(issue: number, author: string, body: string): Comment;
}

const date = '2024-05-01T12:00:00Z';
const one = '/repos/{owner}/{repo}/issues/comments/{comment_id}';
const all = '/repos/{owner}/{repo}/issues/{issue_number}/comments';

/** @param repository `owner/name`; @param numbers of its issues and pull requests */
export function createIssues(repository: string, numbers: readonly number[]): Issues {
  const comments: Comment[] = [];
  let last = 1000;
  const addComment = (issue: number, author: string, body: string): Comment => {
    last += 1;
    const comment = { id: last, issue, author, body };
    comments.push(comment);
    return comment;
  };
  const isHere = ({ params }: GithubRequest) => `${params.owner}/${params.repo}` === repository;
  const show = ({ id, issue, author, body }: Comment, { apiUrl, htmlUrl }: Site) => ({
    id,
    node_id: `IC_${id}`,
    url: `${apiUrl}/repos/${repository}/issues/comments/${id}`,
    html_url: `${htmlUrl}/${repository}/pull/${issue}#issuecomment-${id}`,
    issue_url: `${apiUrl}/repos/${repository}/issues/${issue}`,
    user: userOf(author),
    created_at: date,
    updated_at: date,
    author_association: 'NONE',
    body,
  });
  const onIssue = (request: GithubRequest, answer: (issue: number) => GithubReply): GithubReply => {
    const issue = Number(request.params.issue_number);
    return isHere(request) && numbers.includes(issue) ? answer(issue) : notFound();
  };
  const onComment = (request: GithubRequest, answer: (comment: Comment) => GithubReply): GithubReply => {
    const comment = comments.find(({ id }) => id === Number(request.params.comment_id));
    return isHere(request) && comment !== undefined ? answer(comment) : notFound();
  };
  /** GitHub takes 65,536 characters. */
  const withText = (body: unknown, answer: (text: string) => GithubReply): GithubReply =>
    typeof body === 'string' && body !== '' && body.length <= 65_536
      ? answer(body)
      : problem(422, 'Validation Failed');

  const permissions = ['issues', 'pull-requests'] as const;
  return {
    comments,
    addComment,
    routes: [
      {
        method: 'GET',
        path: all,
        permissions,
        answer: (request) =>
          onIssue(request, (number) => ({
            list: comments
              .filter(({ issue }) => issue === number)
              .map((comment) => show(comment, request.site)),
          })),
      },
      {
        method: 'POST',
        path: all,
        permissions,
        answer: (request) =>
          onIssue(request, (issue) =>
            withText(request.body.body, (text) => ({
              status: 201,
              body: show(addComment(issue, request.token.login, text), request.site),
            })),
          ),
      },
      {
        method: 'PATCH',
        path: one,
        permissions,
        answer: (request) =>
          onComment(request, (comment) =>
            withText(request.body.body, (text) => {
              comment.body = text;
              return { status: 200, body: show(comment, request.site) };
            }),
          ),
      },
      {
        method: 'DELETE',
        path: one,
        permissions,
        answer: (request) =>
          onComment(request, (comment) => {
            comments.splice(comments.indexOf(comment), 1);
            return { status: 204 };
          }),
      },
    ],
  };
}

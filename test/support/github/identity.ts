// Who a token is: GET /user, which refuses the tokens of apps and jobs, and GraphQL's viewer, which doesn't.

import { problem } from './server.ts';
import type { GithubReply, Route, Token } from './server.ts';
import { userOf } from './users.ts';

/** The answer to GraphQL's one query that is known here. */
export function answerGraphql(
  token: Token | undefined,
  body: unknown,
): Exclude<GithubReply, { list: unknown }> {
  if (token === undefined) return problem(401, 'Bad credentials');
  const { query } = (body ?? {}) as { query?: unknown };
  if (String(query).replace(/\s+/g, ' ') !== 'query { viewer { login } }') {
    return { status: 200, body: { errors: [{ message: `can't answer ${String(query)}` }] } };
  }
  return { status: 200, body: { data: { viewer: { login: token.login } } } };
}

const date = '2024-05-01T12:00:00Z';

export const userRoute: Route = {
  method: 'GET',
  path: '/user',
  permissions: [],
  answer: ({ token }) =>
    token.login.endsWith('[bot]')
      ? problem(403, 'Resource not accessible by integration')
      : {
          status: 200,
          body: {
            ...userOf(token.login),
            user_view_type: 'public',
            name: null,
            company: null,
            blog: null,
            location: null,
            email: null,
            hireable: null,
            bio: null,
            public_repos: 1,
            public_gists: 0,
            followers: 0,
            following: 0,
            created_at: date,
            updated_at: date,
          },
        },
};

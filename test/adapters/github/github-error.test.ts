// GitHub's refusals as errors: code, words and the step to take, for each answer.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  githubError,
  githubFailure,
  GithubError,
  isGithubStatus,
} from '../../../src/adapters/github/github-error.ts';
import { HttpError } from '../../../src/adapters/http/http-error.ts';
import { BimaError } from '../../../src/core/errors.ts';

const token = 'ghs_secret';
const url = 'https://api.github.com/repos/own/app/contents/x?page=2';

/** As octokit throws it. */
function thrown(
  status: number | undefined,
  data?: unknown,
  headers: object | null = {},
  request: object = { method: 'GET', url },
) {
  const response = headers === null ? undefined : { headers, data };
  return Object.assign(new Error('octokit says'), { status, response, request });
}

function errorOf(error: unknown): GithubError {
  const found = githubError(error, token);
  assert.ok(found instanceof GithubError, String(found));
  return found;
}

function partsOf({ code, message, hint, status, reasons, retryAfter }: GithubError) {
  return { code, message, hint, status, reasons, retryAfter };
}

const readOnly = "the token of a fork's pull request, or of Dependabot, may only read.";
const contents = `Give the job "contents: write" under permissions; ${readOnly}`;

describe('an answer of GitHub', () => {
  const asked = 'GET https://api.github.com/repos/own/app/contents/x: GitHub answers';

  it('has its status, its words and its reasons', () => {
    const data = {
      message: 'Validation\n  Failed',
      errors: [
        'plain',
        { code: 'already_exists' },
        { code: 'custom', message: 'in words' },
        5,
        null,
        { code: 7 },
      ],
    };
    assert.deepEqual(partsOf(errorOf(thrown(422, data))), {
      code: 'GITHUB_FAILED',
      message: `${asked} 422: Validation Failed (plain, already_exists, in words)`,
      hint: undefined,
      status: 422,
      reasons: ['plain', 'already_exists', 'in words'],
      retryAfter: undefined,
    });
  });

  it('is cut where its words are too many, and has none where it has none', () => {
    assert.equal(
      errorOf(thrown(422, { message: 'x'.repeat(501) })).message,
      `${asked} 422: ${'x'.repeat(500)}`,
    );
    for (const data of [undefined, null, {}, { message: 5, errors: 'x' }, 'text'])
      assert.equal(errorOf(thrown(418, data)).message, `${asked} 418`);
  });

  it('never has the token', () => {
    const data = { message: `a ${token} b ${token}`, errors: [token] };
    const { message, reasons } = errorOf(thrown(422, data));
    assert.equal(message, `${asked} 422: a *** b *** (***)`);
    assert.equal(reasons.length, 1);
  });

  const verdicts: readonly [
    name: string,
    status: number,
    message: string,
    headers: object,
    code: string,
    hint: string | undefined,
    wait?: number,
  ][] = [
    [
      'a token that is none',
      401,
      '',
      {},
      'GITHUB_DENIED',
      'The token is not valid here: leave the input github-token out for that of the job.',
    ],
    [
      'a limit of the hour',
      403,
      '',
      { 'x-ratelimit-remaining': '0' },
      'GITHUB_FAILED',
      'GitHub takes no more requests for a while: run the job again later.',
      3600,
    ],
    [
      'a limit of the hour, as 429',
      429,
      '',
      { 'x-ratelimit-remaining': '0', 'retry-after': '5' },
      'GITHUB_FAILED',
      'GitHub takes no more requests for a while: run the job again later.',
      3600,
    ],
    [
      'another limit',
      403,
      'a secondary rate limit',
      { 'retry-after': '7' },
      'GITHUB_FAILED',
      'GitHub takes no more requests for a while: run the job again later.',
      7,
    ],
    [
      'another limit, in capitals',
      403,
      'API Rate Limit exceeded',
      {},
      'GITHUB_FAILED',
      'GitHub takes no more requests for a while: run the job again later.',
      60,
    ],
    [
      'a limit that says no number',
      429,
      '',
      { 'retry-after': 'soon' },
      'GITHUB_FAILED',
      'GitHub takes no more requests for a while: run the job again later.',
      60,
    ],
    [
      'no limit',
      403,
      'a crate limit',
      { 'x-ratelimit-remaining': '5', 'retry-after': '7' },
      'GITHUB_DENIED',
      contents,
    ],
    [
      'what is not there',
      404,
      '',
      { 'x-ratelimit-remaining': '0' },
      'GITHUB_NOT_FOUND',
      `GitHub says so also of what the token may not see. ${contents}`,
    ],
    [
      'what is gone',
      410,
      '',
      {},
      'GITHUB_NOT_FOUND',
      `GitHub says so also of what the token may not see. ${contents}`,
    ],
    ['what is wrong', 499, '', {}, 'GITHUB_FAILED', undefined],
    [
      'a problem of its own',
      500,
      '',
      {},
      'GITHUB_FAILED',
      'GitHub has a problem of its own: run the job again later.',
    ],
    [
      'an archive',
      403,
      'Repository was Archived so is read-only',
      {},
      'GITHUB_DENIED',
      'The repository is archived, and nobody can change anything in it: unarchive it in its settings.',
    ],
    ['no archive', 403, 'unarchived', {}, 'GITHUB_DENIED', contents],
    [
      'a lock',
      403,
      'issue is Locked',
      {},
      'GITHUB_DENIED',
      'Its conversation is locked: unlock it, or give a token of somebody who may write to the repository.',
    ],
    ['no lock', 403, 'clocked', {}, 'GITHUB_DENIED', contents],
    [
      'SAML',
      403,
      'organization SAML enforcement',
      {},
      'GITHUB_DENIED',
      'The organization wants single sign-on: authorize the token for it, or leave the input github-token out for that of the job.',
    ],
    [
      'SSO',
      403,
      'needs SSO',
      {},
      'GITHUB_DENIED',
      'The organization wants single sign-on: authorize the token for it, or leave the input github-token out for that of the job.',
    ],
    [
      'a header of SSO',
      403,
      'no',
      { 'x-github-sso': 'required; url=x' },
      'GITHUB_DENIED',
      'The organization wants single sign-on: authorize the token for it, or leave the input github-token out for that of the job.',
    ],
    [
      'a list of addresses',
      403,
      'the IP allow list',
      {},
      'GITHUB_DENIED',
      "The organization's IP allow list does not have this runner's address: add it, or use a runner that is on the list.",
    ],
    [
      'a block',
      403,
      'access blocked',
      {},
      'GITHUB_DENIED',
      'GitHub has blocked the account or the repository: its owner finds the reason in its settings.',
    ],
    [
      'a suspension',
      403,
      'was Suspended',
      {},
      'GITHUB_DENIED',
      'GitHub has blocked the account or the repository: its owner finds the reason in its settings.',
    ],
    [
      'a spammer',
      403,
      'is spammy',
      {},
      'GITHUB_DENIED',
      'GitHub has blocked the account or the repository: its owner finds the reason in its settings.',
    ],
    [
      'a switch',
      403,
      'Issues are Disabled',
      {},
      'GITHUB_DENIED',
      'It is switched off in the settings of the repository or the organization: switch it on there.',
    ],
  ];
  for (const [name, status, message, headers, code, hint, wait] of verdicts) {
    it(`is ${code} with ${status} for ${name}`, () => {
      const error = errorOf(thrown(status, { message }, headers));
      assert.deepEqual([error.code, error.hint, error.retryAfter], [code, hint, wait]);
    });
  }

  const places: readonly [path: string, permission: string][] = [
    ['/orgs/own/packages/container/app', ''],
    ['/repos/own/app/issues/5/comments', 'pull-requests: write'],
    ['/repos/own/app/pulls', 'pull-requests: write'],
    ['/repos/own/app/pullsx', 'contents: write'],
    ['/repos/own/issues', 'pull-requests: write'],
    ['/repos/own/app/releases', 'contents: write'],
  ];
  for (const [path, permission] of places) {
    it(`names the permission for ${path}`, () => {
      const request = { method: 'GET', url: `https://api.github.com${path}` };
      const { hint } = errorOf(thrown(403, {}, {}, request));
      assert.equal(
        hint,
        permission === ''
          ? `Give the job "packages: write", and the repository the Admin role in the package's "Manage Actions access"; ${readOnly}`
          : `Give the job "${permission}" under permissions; ${readOnly}`,
      );
    });
  }
});

describe('a request without an answer', () => {
  const again = 'Run the job again; behind a proxy check the proxy settings too.';

  it('has the words of what kept it from coming', () => {
    const failure = thrown(500, undefined, null);
    failure.cause = new BimaError('GITHUB_FAILED', `no way for ${token}`, { hint: 'Try this.' });
    assert.deepEqual(partsOf(errorOf(failure)), {
      code: 'GITHUB_FAILED',
      message: 'no way for ***',
      hint: 'Try this.',
      status: undefined,
      reasons: [],
      retryAfter: undefined,
    });
    failure.cause = new BimaError('GITHUB_FAILED', 'no way');
    assert.equal(errorOf(failure).hint, again);
  });

  it("has octokit's where nothing else is known", () => {
    const asked = 'GET https://api.github.com/repos/own/app/contents/x';
    for (const failure of [thrown(500, undefined, null), thrown(undefined, {}, {})]) {
      const { code, message, hint } = errorOf(failure);
      assert.deepEqual([code, message, hint], ['GITHUB_FAILED', `${asked}: octokit says`, again]);
    }
    const bare = thrown(404, { message: 'x' }, undefined);
    Object.assign(bare, { response: { data: { message: 'x' } } });
    assert.equal(errorOf(bare).message, `${asked}: GitHub answers 404: x`);
  });
});

describe('any other error', () => {
  it('stays as it is', () => {
    const own = Object.assign(new BimaError('INPUT_INVALID', 'x'), { request: { method: 'GET', url } });
    const others = [
      own,
      new TypeError('x'),
      'x',
      undefined,
      thrown(404, {}, {}, {}),
      thrown(404, {}, {}, { url: 5 }),
    ];
    for (const error of others) assert.equal(githubError(error, token), error);
    for (const error of [own, 'x', undefined]) assert.equal(githubFailure(error), error);
  });
});

describe('a failed exchange', () => {
  const settings =
    'Check GITHUB_API_URL and the proxy settings of the environment, or run the job again later.';
  const authority =
    'Check GITHUB_API_URL, or name the file of the authority that signed its certificate in NODE_EXTRA_CA_CERTS.';
  const of = (kind: 'tls' | 'connect', hint?: string) => {
    const cause = new Error('below');
    const failure = { kind, retry: 'no', reused: false } as const;
    const error = new HttpError('it failed', { method: 'GET', url, failure, hint }, { cause });
    return { cause, found: githubFailure(error) };
  };

  it('has advice about GitHub', () => {
    for (const [kind, hint, expected] of [
      ['connect', 'Mend it.', settings],
      ['connect', undefined, settings],
      ['tls', undefined, settings],
      ['tls', 'Mend it.', authority],
    ] as const) {
      const { cause, found } = of(kind, hint);
      assert.ok(found instanceof GithubError);
      assert.deepEqual(partsOf(found), {
        code: 'GITHUB_FAILED',
        message: 'it failed',
        hint: expected,
        status: undefined,
        reasons: [],
        retryAfter: undefined,
      });
      assert.equal(found.cause, cause);
    }
  });
});

describe('isGithubStatus', () => {
  it('holds for an answer of that status alone', () => {
    const error = new GithubError('GITHUB_FAILED', 'x', { status: 404 });
    assert.equal(isGithubStatus(error, 404), true);
    assert.equal(isGithubStatus(error, 403), false);
    assert.equal(isGithubStatus({ status: 404 }, 404), false);
  });
});

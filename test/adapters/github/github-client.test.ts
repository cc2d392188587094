// The client against GitHub's API on loopback: what it repeats, how long it waits, and what its errors say.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { withGithub } from '../../../src/action/github.ts';
import { BimaError } from '../../../src/core/errors.ts';
import type { Github } from '../../../src/adapters/github/github-client.ts';
import { GithubError } from '../../../src/adapters/github/github-error.ts';
import { streamOf } from '../../../src/core/oci/blob.ts';
import { silentReporter } from '../../../src/core/reporter.ts';
import { createFastClock } from '../../support/fast-clock.ts';
import type { FastClock } from '../../support/fast-clock.ts';
import { createIssues } from '../../support/github/issues.ts';
import type { Issues } from '../../support/github/issues.ts';
import { createPackages } from '../../support/github/packages.ts';
import { defaultToken, primaryLimit, secondaryLimit, startGithub } from '../../support/github/server.ts';
import type { GithubFault, GithubOptions, GithubServer, Token } from '../../support/github/server.ts';

interface Client {
  readonly server: GithubServer;
  readonly issues: Issues;
  readonly clock: FastClock;
  readonly lines: readonly string[];
  readonly use: <T>(body: (github: Github) => Promise<T>) => Promise<T>;
}

async function start(test: TestContext, options: Partial<GithubOptions> = {}): Promise<Client> {
  const issues = createIssues('owner/app', [5]);
  const packages = createPackages({ owner: 'owner', kind: 'orgs', name: 'app' });
  const server = await startGithub(test, { routes: [...issues.routes, ...packages.routes], ...options });
  const clock = createFastClock();
  const lines: string[] = [];
  const reporter = { ...silentReporter, info: (line: string) => lines.push(line) };
  const access = {
    token: defaultToken,
    environment: server.environment,
    reporter,
    signal: test.signal,
    clock,
  };
  return { server, issues, clock, lines, use: (body) => withGithub(access, body) };
}

const repository = { owner: 'owner', repo: 'app' };
const issue = { ...repository, issue_number: 5 };
const list = (github: Github) => github.rest.issues.listComments(issue);
const comment = (github: Github) => github.rest.issues.createComment({ ...issue, body: 'text' });

async function failureOf(work: Promise<unknown>): Promise<GithubError> {
  const error: unknown = await work.then(
    () => assert.fail('it succeeded'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof GithubError, String(error));
  assert.ok(!`${error.message} ${error.hint ?? ''}`.includes(defaultToken));
  return error;
}

/** With a date as HTTP allows it, by a server whose clock is years away from ours. */
function limitUntil(seconds: number) {
  const date = Date.parse('2031-05-01T12:00:00Z');
  const limit = secondaryLimit(0);
  const http = (time: number) => new Date(time).toUTCString();
  return { ...limit, headers: { date: http(date), 'retry-after': http(date + seconds * 1000) } };
}

describe('a client of GitHub', () => {
  for (const enterprise of [false, true]) {
    it(`keeps state there${enterprise ? ', also on GitHub Enterprise Server' : ''}`, async (test) => {
      const { issues, use } = await start(test, { enterprise });
      await use(async (github) => {
        const { data } = await comment(github);
        assert.equal(data.user?.login, 'github-actions[bot]');
        await github.rest.issues.updateComment({ ...repository, comment_id: data.id, body: 'changed' });
        assert.deepEqual(
          issues.comments.map(({ body }) => body),
          ['changed'],
        );
        await github.rest.issues.deleteComment({ ...repository, comment_id: data.id });
      });
      assert.deepEqual(issues.comments, []);
    });
  }

  it('reads every page', async (test) => {
    const { issues, server, use } = await start(test);
    for (let count = 0; count < 205; count += 1) issues.addComment(5, 'somebody', `${count}`);
    const found = await use((github) =>
      github.paginate(github.rest.issues.listComments, { ...issue, per_page: 100 }),
    );
    assert.deepEqual(
      found.map(({ body }) => body),
      issues.comments.map(({ body }) => body),
    );
    assert.equal(server.calls.length, 3);
  });

  it('leaves time between requests that write', async (test) => {
    const { clock, use } = await start(test);
    await use(async (github) => {
      await comment(github);
      await comment(github);
    });
    const slept = clock.sleeps.reduce((sum, one) => sum + one, 0);
    assert.ok(slept > 2000 && slept <= 3000, `${slept}`);
  });

  const onList = { method: 'GET', path: '/comments' };
  const onPost = { method: 'POST', path: '/comments' };
  const passing: readonly (readonly [name: string, fault: GithubFault, sleeps: readonly number[]])[] = [
    ['a 502', { ...onList, reply: { status: 502 } }, [1000]],
    ['two of them', { ...onList, times: 2, reply: { status: 503 } }, [1000, 4000]],
    ['a broken connection', { ...onList, reply: 'reset' }, [1000]],
    ['a secondary rate limit', { ...onList, reply: secondaryLimit(30) }, [30_000]],
    ['one that answers 429', { ...onList, times: 2, reply: secondaryLimit(5, 429) }, [5000, 5000]],
    ['a secondary rate limit of a POST', { ...onPost, reply: secondaryLimit(7) }, [7000]],
    ['a secondary rate limit until a date', { ...onList, reply: limitUntil(9) }, [9000]],
    ['one whose date is over', { ...onList, reply: limitUntil(-5) }, [1000]],
  ];
  for (const [name, fault, sleeps] of passing) {
    it(`gets over ${name}`, async (test) => {
      const { server, clock, lines, issues, use } = await start(test);
      server.addFault(fault);
      await use(async (github) => (fault.method === 'GET' ? list(github) : comment(github)));
      assert.deepEqual(clock.sleeps, sleeps);
      assert.equal(lines.length, sleeps.length);
      assert.equal(issues.comments.length, fault.method === 'GET' ? 0 : 1);
    });
  }

  it('gets over a primary rate limit that ends soon', async (test) => {
    const { server, clock, use } = await start(test);
    server.addFault({ ...onList, reply: primaryLimit(Math.floor(Date.now() / 1000) + 20) });
    await use(list);
    const [slept = 0] = clock.sleeps;
    assert.ok(slept >= 19_000 && slept <= 22_000, `${slept}`);
  });

  const lasting: readonly (readonly [name: string, fault: GithubFault, calls: number])[] = [
    ['a server that stays down', { ...onList, times: 9, reply: { status: 502 } }, 3],
    ['a rate limit that stays', { ...onList, times: 9, reply: secondaryLimit(1) }, 3],
    ['a limit that lasts too long', { ...onList, reply: secondaryLimit(61) }, 1],
    ['the end of an hour', { ...onList, reply: primaryLimit(Math.floor(Date.now() / 1000) + 1800) }, 1],
    [
      'a 502 after a POST, which may have had its effect',
      { ...onPost, reply: { status: 502 }, after: true },
      1,
    ],
    ['a broken connection after a POST', { ...onPost, reply: 'reset', after: true }, 1],
  ];
  for (const [name, fault, calls] of lasting) {
    it(`gives up on ${name}`, async (test) => {
      const { server, use } = await start(test);
      server.addFault(fault);
      const error = await failureOf(
        use(async (github) => (fault.method === 'GET' ? list(github) : comment(github))),
      );
      assert.equal(error.code, 'GITHUB_FAILED');
      assert.equal(server.calls.length, calls);
    });
  }

  const reader: Token = { login: 'github-actions[bot]', permissions: { contents: 'read', issues: 'read' } };
  const refusals: readonly (readonly [
    name: string,
    options: Partial<GithubOptions>,
    body: (github: Github) => Promise<unknown>,
    code: string,
    hint: RegExp,
  ])[] = [
    ['a token nobody knows', { tokens: {} }, list, 'GITHUB_DENIED', /token is not valid/],
    [
      'a missing permission',
      { tokens: { ghs_test: reader } },
      comment,
      'GITHUB_DENIED',
      /"pull-requests: write"/,
    ],
    [
      'a missing permission for packages',
      { tokens: { ghs_test: reader } },
      (github) =>
        github.rest.packages.deletePackageVersionForOrg({
          org: 'owner',
          package_type: 'container',
          package_name: 'app',
          package_version_id: 1,
        }),
      'GITHUB_DENIED',
      /"packages: write".*Manage Actions access/,
    ],
    [
      'what may not be seen',
      { tokens: { ghs_test: { login: 'x', permissions: {} } }, isPrivate: true },
      list,
      'GITHUB_NOT_FOUND',
      /may not see/,
    ],
    [
      'what is not there',
      {},
      (github) => github.rest.issues.listComments({ ...issue, issue_number: 6 }),
      'GITHUB_NOT_FOUND',
      /may not see/,
    ],
  ];
  for (const [name, options, body, code, hint] of refusals) {
    it(`explains ${name}`, async (test) => {
      const { server, use } = await start(test, options);
      const error = await failureOf(use(body));
      assert.equal(error.code, code);
      assert.match(error.hint ?? '', hint);
      assert.equal(server.calls.length, 1);
    });
  }

  const words: readonly (readonly [message: string, hint: RegExp])[] = [
    ['Unable to create comment because issue is locked.', /^Its conversation is locked: unlock it/],
    ['RepositoryName was archived so is read-only.', /archived/],
    [
      'Resource protected by organization SAML enforcement. You must grant your token access.',
      /single sign-on/,
    ],
    [
      'Although you appear to have the correct authorization credentials, the `acme` organization has an IP allow list enabled, and 192.0.2.1 is not permitted to access this resource.',
      /allow list/,
    ],
    ['RepositoryName access blocked', /blocked/],
    ['GitHub Packages is disabled for this organization.', /switched off/],
    ['Resource not accessible by integration', /"pull-requests: write"/],
    ['Must have admin rights to RepositoryName.', /"pull-requests: write"/],
  ];
  for (const [message, hint] of words) {
    it(`tells apart why it is refused: ${message.slice(0, 60)}`, async (test) => {
      const { server, use } = await start(test);
      server.addFault({ ...onPost, reply: { status: 403, body: { message } } });
      const error = await failureOf(use(comment));
      assert.equal(error.code, 'GITHUB_DENIED');
      assert.match(error.hint ?? '', hint);
      assert.equal(error.message.includes(message), true);
      assert.equal(server.calls.length, 1);
    });
  }

  it('says the token nowhere, however often an answer does', async (test) => {
    const { server } = await start(test);
    const debugged: string[] = [];
    const reporter = { ...silentReporter, debug: (line: string) => void debugged.push(line) };
    const access = {
      token: defaultToken,
      environment: server.environment,
      reporter,
      signal: test.signal,
      clock: createFastClock(),
    };
    const twice = `${defaultToken} and ${defaultToken}`;
    // Octokit says where it reads of an address that will go.
    const link = `<https://example.com/${defaultToken}/${defaultToken}>; rel="deprecation"`;
    const headers = { deprecation: 'Sat, 01 Jan 2028 00:00:00 GMT', sunset: 'soon', link };
    server.addFault({
      ...onList,
      reply: { status: 422, headers, body: { message: twice, errors: [twice] } },
    });
    const error = await failureOf(withGithub(access, list));
    assert.match(error.message, /\*\*\* and \*\*\* \(\*\*\* and \*\*\*\)$/);
    assert.ok(
      debugged.some((line) => line.includes('example.com/***/***')),
      debugged.join('\n'),
    );
    assert.ok(!debugged.join('\n').includes(defaultToken));
  });

  it('asks for a token', async (test) => {
    const access = { token: undefined, environment: {}, reporter: silentReporter, signal: test.signal };
    await assert.rejects(
      withGithub(access, list),
      (error) => error instanceof BimaError && error.code === 'INPUT_INVALID',
    );
  });

  it('explains a server that is not there', async (test) => {
    const clock = createFastClock();
    const environment = { GITHUB_API_URL: 'http://127.0.0.1:9' };
    const access = { token: defaultToken, environment, reporter: silentReporter, signal: test.signal, clock };
    const error = await failureOf(withGithub(access, list));
    assert.equal(error.code, 'GITHUB_FAILED');
    assert.match(error.message, /^GET http:\/\/127\.0\.0\.1:9\/repos\/owner\/app\/.*can't be reached/);
    assert.match(error.hint ?? '', /GITHUB_API_URL/);
  });

  it('ends a wait with the signal', async (test) => {
    const { server } = await start(test);
    server.addFault({ ...onList, reply: secondaryLimit(60) });
    const interrupt = new AbortController();
    const reporter = {
      ...silentReporter,
      info: () => {
        interrupt.abort();
      },
    };
    const access = {
      token: defaultToken,
      environment: server.environment,
      reporter,
      signal: interrupt.signal,
    };
    await assert.rejects(withGithub(access, list), { name: 'AbortError' });
  });

  it('ends a request that nobody answers with the signal', { timeout: 20_000 }, async (test) => {
    const interrupt = new AbortController();
    let asked: Promise<unknown> = Promise.resolve();
    const closed = new Promise<void>((done) => {
      const silent = createServer((request) => {
        request.socket.on('close', done);
        interrupt.abort();
      });
      silent.listen(0, '127.0.0.1', () => {
        const { port } = silent.address() as AddressInfo;
        const environment = { GITHUB_API_URL: `http://127.0.0.1:${port}` };
        const access = {
          token: defaultToken,
          environment,
          reporter: silentReporter,
          signal: interrupt.signal,
        };
        asked = withGithub(access, list);
        asked.catch(() => undefined);
      });
      test.after(() => silent.close());
    });
    await closed;
    await assert.rejects(asked, { name: 'AbortError' });
  });

  it('follows a repository that was renamed', async (test) => {
    const { server, use } = await start(test);
    const location = `${server.apiUrl}/repos/owner/app/issues/5/comments`;
    server.addFault({ ...onPost, reply: { status: 307, headers: { location } } });
    await use(comment);
    assert.deepEqual(server.calls, Array(2).fill('POST /repos/owner/app/issues/5/comments'));
  });

  it('follows nobody to another server', async (test) => {
    const { server, use } = await start(test);
    server.addFault({
      ...onList,
      times: 9,
      reply: { status: 302, headers: { location: 'http://127.0.0.1:9/' } },
    });
    const error = await failureOf(use(list));
    assert.match(error.message, /redirect that is not followed/);
  });
});

describe("GitHub's API on loopback", () => {
  const wrong: readonly (readonly [
    name: string,
    request: (github: Github) => Promise<unknown>,
    says: RegExp,
  ])[] = [
    ['a path', (github) => github.request('GET /repos/owner/app/issue/5/comments'), /nobody answers this/],
    ['a verb', (github) => github.request('PUT /repos/owner/app/issues/5/comments'), /nobody answers this/],
    [
      'a query',
      (github) => github.request('GET /repos/owner/app/issues/5/comments', { pages: 2 }),
      /query.*pages/,
    ],
    [
      'the type of one',
      (github) => github.request('GET /repos/owner/app/issues/5/comments', { page: 'x' }),
      /query/,
    ],
    [
      'a field',
      (github) => github.request('POST /repos/owner/app/issues/5/comments', { body: 'x', x: 1 }),
      /body/,
    ],
    ['a missing field', (github) => github.request('POST /repos/owner/app/issues/5/comments', {}), /body/],
  ];
  for (const [name, request, says] of wrong) {
    it(`notices ${name} that GitHub doesn't have`, async (test) => {
      const { server, use } = await start(test);
      await use((github) => request(github).catch(() => undefined));
      assert.match(server.takeViolations().join('\n'), says);
    });
  }

  it('notices an answer that is not as GitHub describes it', async (test) => {
    const route = {
      method: 'GET',
      path: '/repos/{owner}/{repo}/issues/{issue_number}/comments',
      permissions: ['issues'],
      answer: () => ({ list: [{ id: 1, invented: true }] }),
    } as const;
    const { server, use } = await start(test, { routes: [route] });
    await use(list);
    assert.match(server.takeViolations().join('\n'), /answer 200: .*invented/);
  });
});

describe('what a client of GitHub says while it waits', () => {
  const onList = { method: 'GET', path: '/comments' };
  const waits: readonly (readonly [fault: GithubFault, lines: readonly string[]])[] = [
    [{ ...onList, reply: { status: 502 } }, ['GitHub answers 502; asking again in 1 s']],
    [
      { ...onList, times: 2, reply: 'reset' },
      ['no answer from GitHub; asking again in 1 s', 'no answer from GitHub; asking again in 4 s'],
    ],
    [{ ...onList, reply: secondaryLimit(60) }, ['GitHub asks to wait (rate limit); asking again in 60 s']],
    [
      { method: 'DELETE', path: '/comments', reply: { status: 500 } },
      ['GitHub answers 500; asking again in 1 s'],
    ],
    [
      { method: 'PATCH', path: '/comments', reply: { status: 503 } },
      ['GitHub answers 503; asking again in 1 s'],
    ],
  ];
  for (const [fault, lines] of waits) {
    it(`is ${lines.join(' and ')} to ${fault.method}`, async (test) => {
      const { server, issues, use, ...told } = await start(test);
      const { id } = issues.addComment(5, 'x', 'text');
      server.addFault(fault);
      await use(async (github) => {
        if (fault.method === 'GET') await list(github);
        else if (fault.method === 'DELETE')
          await github.rest.issues.deleteComment({ ...repository, comment_id: id });
        else await github.rest.issues.updateComment({ ...repository, comment_id: id, body: 'new' });
      });
      assert.deepEqual(told.lines, lines);
      assert.equal(server.calls.length, lines.length + 1);
    });
  }
});

describe('a request that is not repeated', () => {
  const onList = { method: 'GET', path: '/comments' };

  for (const status of [400, 422, 499]) {
    it(`is one with the answer ${status}`, async (test) => {
      const { server, lines, use } = await start(test);
      server.addFault({ ...onList, times: 9, reply: { status } });
      assert.equal((await failureOf(use(list))).status, status);
      assert.deepEqual([server.calls.length, lines.length], [1, 0]);
    });
  }

  it('is one that says so, and one with a stream', async (test) => {
    const { server, use } = await start(test);
    server.addFault({ ...onList, times: 9, reply: { status: 502 } });
    await failureOf(use((github) => github.rest.issues.listComments({ ...issue, request: { retries: 0 } })));
    assert.equal(server.calls.length, 1);
    for (const reply of [{ status: 502 }, secondaryLimit(5)] as const) {
      const before: number = server.calls.length;
      server.addFault({ method: 'PUT', path: '/upload', times: 9, reply });
      const send = (github: Github) =>
        github.request({
          method: 'PUT',
          url: '/upload',
          headers: { 'content-length': 4, 'content-type': 'text/plain' },
          data: streamOf(Buffer.from('text')),
        });
      await failureOf(use(send));
      assert.equal(server.calls.length, before + 1);
    }
  });

  it('is one after an interruption, which is never sent', async (test) => {
    const { server } = await start(test);
    const reason = new Error('interrupted');
    const access = {
      ...{ token: defaultToken, environment: server.environment, reporter: silentReporter },
      signal: AbortSignal.abort(reason),
    };
    await assert.rejects(withGithub(access, list), (error) => error === reason);
    assert.deepEqual(server.calls, []);
  });

  it('counts anew for each request', async (test) => {
    const { server, clock, use } = await start(test);
    await use(async (github) => {
      for (let count = 0; count < 2; count += 1) {
        server.addFault({ ...onList, times: 2, reply: { status: 502 } });
        await list(github);
      }
    });
    assert.deepEqual(clock.sleeps, [1000, 4000, 1000, 4000]);
    assert.equal(server.calls.length, 6);
  });
});

describe('requests that write', () => {
  it('keep a second between them, also those that are made at once, and others do not wait', async (test) => {
    const { clock, use, issues } = await start(test);
    await use(async (github) => {
      await Promise.all([comment(github), comment(github), comment(github)]);
      await list(github);
      await list(github);
    });
    assert.equal(issues.comments.length, 3);
    const waits = clock.sleeps.filter((wait) => wait > 0);
    assert.ok(waits.length >= 2, waits.join());
    for (const wait of waits) assert.ok(wait <= 9000, `${wait}`);
  });
});

// The sticky comment against GitHub's API on loopback: what stands on the pull request in the end.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import fc from 'fast-check';
import { withGithub } from '../../../src/action/github.ts';
import { markerOf, putComment, removeComment } from '../../../src/adapters/github/comment.ts';
import { silentReporter } from '../../../src/core/reporter.ts';
import { createFastClock } from '../../support/fast-clock.ts';
import type { FastClock } from '../../support/fast-clock.ts';
import { userRoute } from '../../support/github/identity.ts';
import { createIssues } from '../../support/github/issues.ts';
import type { Issues } from '../../support/github/issues.ts';
import { notFound, problem, secondaryLimit, startGithub } from '../../support/github/server.ts';
import type { GithubServer, Token } from '../../support/github/server.ts';

const write = { 'pull-requests': 'write' } as const;
const tokens: Readonly<Record<string, Token>> = {
  job: { login: 'github-actions[bot]', permissions: write },
  app: { login: 'preview-app[bot]', permissions: write },
  person: { login: 'maria', permissions: write },
  reader: { login: 'github-actions[bot]', permissions: { 'pull-requests': 'read' } },
};
const image = 'ghcr.io/owner/app';
const key = 'ci.yml, job image, step one';
const place = { repository: 'owner/app', number: 5, image, key };

interface Site {
  readonly server: GithubServer;
  readonly issues: Issues;
  readonly clock: FastClock;
  readonly put: (text: string, options?: { image?: string; key?: string; token?: string }) => Promise<string>;
  readonly remove: (options?: { image?: string; token?: string }) => Promise<number>;
  /** Author and text of each comment, without the marker. */
  readonly shown: () => readonly string[];
}

async function start(test: TestContext, enterprise = false): Promise<Site> {
  const issues = createIssues('owner/app', [5, 6]);
  const server = await startGithub(test, { routes: [...issues.routes, userRoute], tokens, enterprise });
  const clock = createFastClock();
  const access = { environment: server.environment, reporter: silentReporter, signal: test.signal, clock };
  const at = (name = image) => ({ ...place, image: name });
  return {
    server,
    issues,
    clock,
    put: (text, { image: name, key: own = key, token = 'job' } = {}) =>
      withGithub({ ...access, token }, (github) => putComment(github, { ...at(name), key: own }, text)),
    remove: ({ image: name, token = 'job' } = {}) =>
      withGithub({ ...access, token }, (github) => removeComment(github, at(name))),
    shown: () =>
      issues.comments.map(({ author, body }) => `${author}: ${body.split('\n').slice(1).join('\n') || body}`),
  };
}

describe('putComment', () => {
  for (const [token, { login }] of Object.entries(tokens).slice(0, 3)) {
    it(`makes one comment as ${login}, keeps it up to date, and removes it`, async (test) => {
      const { put, remove, shown, issues } = await start(test);
      const first = await put('one', { token });
      assert.equal(first, `https://github.com/owner/app/pull/5#issuecomment-${issues.comments[0]?.id}`);
      assert.equal(await put('two', { token }), first);
      assert.equal(await put('two', { token }), first);
      assert.deepEqual(shown(), [`${login}: two`]);
      assert.equal(await remove({ token }), 1);
    });
  }

  it('does the same on GitHub Enterprise Server', async (test) => {
    const { put, shown } = await start(test, true);
    await put('one');
    await put('two');
    assert.deepEqual(shown(), ['github-actions[bot]: two']);
  });

  it('keeps one comment for each leg of a matrix and each step, and removes all of them', async (test) => {
    const { put, remove, shown, issues } = await start(test);
    const keys = ['ci.yml, job image ({"a":1})', 'ci.yml, job image ({"a":2})', `${key} two`, key];
    issues.addComment(5, 'github-actions[bot]', `${markerOf(image)}\nof an older version`);
    issues.addComment(5, 'github-actions[bot]', `${markerOf(`${image}-arm`, key)}\nof another image`);
    for (const text of ['old', 'new']) for (const own of keys) await put(`${own}: ${text}`, { key: own });
    const others = ['of an older version', 'of another image'];
    assert.deepEqual(
      shown(),
      [...others, ...keys.map((own) => `${own}: new`)].map((text) => `github-actions[bot]: ${text}`),
    );
    assert.equal(await remove(), 5);
    assert.deepEqual(shown(), ['github-actions[bot]: of another image']);
  });

  it('keeps one comment for each image, also when a name begins with the other', async (test) => {
    const { put, shown } = await start(test);
    const names = [image, `${image}-arm`, `${image}/arm`, 'quay.io/owner/app'];
    for (const text of ['old', 'new'])
      for (const name of names) await put(`${text} ${name}`, { image: name });
    assert.deepEqual(
      shown(),
      names.map((name) => `github-actions[bot]: new ${name}`),
    );
  });

  const foreign: [name: string, author: string, body: string][] = [
    ['a comment of somebody else with its marker', 'mallory', `${markerOf(image, key)}\nmine`],
    ['one of a bot with another name', 'github-actions-fake[bot]', `${markerOf(image, key)}\nmine`],
    ['one of a user whose name is that of the bot', 'github-actions', `${markerOf(image, key)}\nmine`],
    ['an own comment that quotes the marker', 'github-actions[bot]', `look:\n${markerOf(image, key)}`],
    ['an own comment with more on its first line', 'github-actions[bot]', `${markerOf(image, key)} x\nmine`],
  ];
  for (const [name, author, body] of foreign) {
    it(`leaves alone ${name}`, async (test) => {
      const { issues, put, remove } = await start(test);
      issues.addComment(5, author, body);
      await put('one');
      await put('two');
      assert.deepEqual(
        issues.comments.map((comment) => comment.body),
        [body, `${markerOf(image, key)}\ntwo`],
      );
      assert.equal(await remove(), 1);
      assert.deepEqual(
        issues.comments.map((comment) => comment.body),
        [body],
      );
    });
  }

  it('leaves the comments of other pull requests alone', async (test) => {
    const { issues, put } = await start(test);
    issues.addComment(6, 'github-actions[bot]', `${markerOf(image, key)}\nsix`);
    await put('five');
    assert.deepEqual(
      issues.comments.map(({ issue }) => issue),
      [6, 5],
    );
    assert.match(issues.comments[0]?.body ?? '', /six$/);
  });

  it('finds it behind any number of others, and with the line ends of a browser', async (test) => {
    const { issues, put, server } = await start(test);
    for (let count = 0; count < 250; count += 1) issues.addComment(5, 'maria', `no ${count}`);
    issues.addComment(5, 'github-actions[bot]', `${markerOf(image, key)}\r\nedited by hand`);
    await put('new');
    assert.equal(issues.comments.length, 251);
    assert.match(issues.comments.at(-1)?.body ?? '', /\nnew$/);
    assert.equal(server.calls.filter((call) => call.includes('/comments?')).length, 3);
  });

  it('removes what is there twice, and keeps the oldest', async (test) => {
    const { issues, put, shown } = await start(test);
    const body = `${markerOf(image, key)}\nold`;
    const { id } = issues.addComment(5, 'github-actions[bot]', body);
    issues.addComment(5, 'github-actions[bot]', body);
    await put('new');
    assert.deepEqual(shown(), ['github-actions[bot]: new']);
    assert.equal(issues.comments[0]?.id, id);
  });

  it('leaves one comment when several jobs make it at once', async (test) => {
    const { put, shown, issues } = await start(test);
    const texts = ['one', 'two', 'three', 'four'];
    const urls = await Promise.all(texts.map((text) => put(text)));
    assert.equal(shown().length, 1);
    for (const url of urls) assert.ok(url.endsWith(`-${issues.comments[0]?.id}`), url);
    await put('later');
    assert.deepEqual(shown(), ['github-actions[bot]: later']);
  });

  it('makes a new one when the old one goes meanwhile', async (test) => {
    const { put, server, shown } = await start(test);
    await put('one');
    server.addFault({ method: 'PATCH', path: '/comments/', reply: notFound() });
    await put('two');
    // The next look finds both, of which the older stays.
    assert.deepEqual(shown(), ['github-actions[bot]: two']);
  });

  it('knows the user of the job without GraphQL too', async (test) => {
    const { put, server, shown } = await start(test);
    for (const [token, reply] of [
      ['job', notFound()],
      ['job', problem(403, 'Forbidden')],
      ['job', { status: 200, body: { errors: [{ message: 'no' }] } }],
      ['person', notFound()],
    ] as const) {
      server.addFault({ method: 'POST', path: '/graphql', reply });
      await put('one', { token });
      server.addFault({ method: 'POST', path: '/graphql', reply });
      await put('two', { token });
    }
    assert.deepEqual(shown(), ['github-actions[bot]: two', 'maria: two']);
  });

  it('writes nothing when it can not tell whose comment it finds', async (test) => {
    const { put, server, shown } = await start(test);
    await put('one');
    server.addFault({ method: 'POST', path: '/graphql', reply: { status: 502 } });
    await assert.rejects(put('two'), { code: 'GITHUB_FAILED' });
    assert.deepEqual(shown(), ['github-actions[bot]: one']);
  });

  it('waits when GitHub asks it to', async (test) => {
    const { put, server, shown, clock } = await start(test);
    server.addFault({ method: 'POST', path: '/comments', reply: secondaryLimit(7) });
    await put('one');
    server.addFault({ method: 'PATCH', path: '/comments', reply: secondaryLimit(9, 429) });
    await put('two');
    assert.deepEqual(shown(), ['github-actions[bot]: two']);
    assert.ok(clock.sleeps.includes(7000) && clock.sleeps.includes(9000), clock.sleeps.join());
  });

  it('says which permission is missing', async (test) => {
    const { put, issues } = await start(test);
    for (const body of [undefined, `${markerOf(image, key)}\nold`]) {
      if (body !== undefined) issues.addComment(5, 'github-actions[bot]', body);
      await assert.rejects(put('new', { token: 'reader' }), {
        code: 'GITHUB_DENIED',
        hint: /pull-requests: write/,
      });
    }
  });
});

describe('removeComment', () => {
  it('removes all of one image, and no other', async (test) => {
    const { put, remove, shown, issues } = await start(test);
    await put('one');
    issues.addComment(5, 'github-actions[bot]', `${markerOf(image)}\ntwice`);
    await put('other', { image: `${image}-arm` });
    assert.equal(await remove(), 2);
    assert.deepEqual(shown(), ['github-actions[bot]: other']);
    assert.equal(await remove(), 0);
  });

  it('takes it well when it is gone already', async (test) => {
    const { put, remove, server } = await start(test);
    await put('one');
    server.addFault({ method: 'DELETE', path: '/comments', after: true, reply: notFound() });
    assert.equal(await remove(), 1);
  });
});

describe('markerOf', () => {
  it('is one comment of HTML for any name, and another for each', () => {
    const unit = fc.constantFrom('-', '>', '<', '!', 'a', '/', ':', ' ', '\n', '%', '2D');
    const name = fc.array(unit, { maxLength: 8 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(name, name, (one, other) => {
        assert.match(markerOf(one), /^<!-- (?:(?!--|>|<)[^\n])* -->$/);
        assert.equal(markerOf(one) === markerOf(other), one === other);
        assert.ok(one === other || !markerOf(one).startsWith(markerOf(other)));
      }),
      { numRuns: 2000 },
    );
  });

  it('can be read', () => {
    assert.equal(markerOf('localhost:5000/a/b_c'), '<!-- bima-action preview: localhost:5000/a/b_c -->');
  });
});

describe('the marker of a comment', () => {
  it('has the image and the key, with what could end it written in another way', () => {
    assert.equal(markerOf('a.example/b'), '<!-- bima-action preview: a.example/b -->');
    assert.equal(
      markerOf('a.example:5000/b', 'job x'),
      '<!-- bima-action preview: a.example:5000/b by job x -->',
    );
    assert.equal(markerOf('a--b---c', '--> x'), '<!-- bima-action preview: a-%2Db-%2D-c by -%2D%3E x -->');
    assert.equal(markerOf('a%2Fb', 'c\nd'), '<!-- bima-action preview: a%252Fb by c%0Ad -->');
  });

  it('is found by its start only where it is whole', async (test) => {
    const { issues, remove } = await start(test);
    const author = 'github-actions[bot]';
    const whole = markerOf(image, 'k');
    const left = [
      whole.replace(' -->', ''),
      whole.replace(' by ', ' '),
      `x${whole}`,
      `${markerOf(image)} x`,
      markerOf(`${image}x`),
      markerOf(`${image}x`, 'k'),
    ];
    for (const line of [...left, whole, markerOf(image)]) issues.addComment(5, author, `${line}\ntext`);
    assert.equal(await remove(), 2);
    assert.deepEqual(
      issues.comments.map(({ body }) => body),
      left.map((line) => `${line}\ntext`),
    );
  });
});

describe('a comment', () => {
  const author = 'github-actions[bot]';

  it('asks nobody who it is where there is none', async (test) => {
    const { remove, server, put } = await start(test);
    assert.equal(await remove(), 0);
    assert.deepEqual(server.calls, ['GET /repos/owner/app/issues/5/comments?per_page=100']);
    await put('one');
    assert.ok(!server.calls.some((call) => call.includes('graphql') || call.includes('/user')));
  });

  it('is left as it is where nothing has changed', async (test) => {
    const { put, server } = await start(test);
    const url = await put('one');
    const before = server.calls.length;
    assert.equal(await put('one'), url);
    assert.ok(server.calls.slice(before).every((call) => !call.startsWith('PATCH')));
  });

  it('is asked about in other ways only where GraphQL says nobody', async (test) => {
    const { put, server, issues } = await start(test);
    issues.addComment(5, author, `${markerOf(image, key)}\nold`);
    server.addFault({ method: 'POST', path: '/graphql', reply: { status: 200, body: { data: {} } } });
    server.addFault({ method: 'GET', path: '/user', reply: problem(401, 'no') });
    await put('new');
    assert.equal(issues.comments.length, 1);
    assert.equal(server.calls.filter((call) => call === 'GET /user').length, 1);
    server.addFault({ method: 'POST', path: '/graphql', reply: problem(404, 'no') });
    server.addFault({ method: 'GET', path: '/user', reply: { status: 200, body: { login: author } } });
    await put('newer');
    assert.deepEqual(
      issues.comments.map(({ body }) => body),
      [`${markerOf(image, key)}\nnewer`],
    );
  });

  it('is not written where that can not be told', async (test) => {
    const { put, server, issues } = await start(test);
    issues.addComment(5, author, `${markerOf(image, key)}\nold`);
    server.addFault({ method: 'POST', path: '/graphql', reply: problem(403, 'no') });
    server.addFault({ method: 'GET', path: '/user', reply: problem(422, 'no') });
    await assert.rejects(put('new'), { status: 422 });
    assert.equal(issues.comments[0]?.body, `${markerOf(image, key)}\nold`);
  });

  it('is an error where it can not be changed or removed', async (test) => {
    const { put, remove, server } = await start(test);
    await put('one');
    server.addFault({ method: 'PATCH', path: '/comments/', reply: problem(422, 'no') });
    await assert.rejects(put('two'), { status: 422 });
    server.addFault({ method: 'DELETE', path: '/comments/', reply: problem(422, 'no') });
    await assert.rejects(remove(), { status: 422 });
  });

  it('of another job that was first takes the text of this one', async (test) => {
    const { put, server, issues } = await start(test);
    const older = issues.addComment(5, author, `${markerOf(image, key)}\nolder`);
    // As if it had not been there yet.
    server.addFault({ method: 'GET', path: '/comments', reply: { status: 200, body: [] } });
    const url = await put('new');
    assert.ok(url.endsWith(`-${older.id}`), url);
    assert.deepEqual(
      issues.comments.map(({ id, body }) => [id, body]),
      [[older.id, `${markerOf(image, key)}\nnew`]],
    );
  });

  it('stays beside one that goes while it takes the text', async (test) => {
    const { put, server, issues } = await start(test);
    const older = issues.addComment(5, author, `${markerOf(image, key)}\nolder`);
    server.addFault({ method: 'GET', path: '/comments', reply: { status: 200, body: [] } });
    server.addFault({ method: 'PATCH', path: '/comments/', reply: notFound() });
    const url = await put('new');
    assert.ok(!url.endsWith(`-${older.id}`), url);
    assert.equal(issues.comments.length, 2);
  });

  it('without a text is none of ours', async (test) => {
    const { put, server, issues } = await start(test);
    const body = [
      { id: 1, html_url: 'x' },
      { id: 2, html_url: 'y', user: null, body: markerOf(image, key) },
    ];
    server.addFault({ method: 'GET', path: '/comments', reply: { status: 200, body } });
    await put('new');
    assert.equal(issues.comments.length, 1);
  });
});

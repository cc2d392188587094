// Which pull requests a cleanup is for, and since when they are open.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { previewsFor } from '../../src/action/preview.ts';
import type { Problem } from '../../src/core/errors.ts';
import { silentReporter } from '../../src/core/reporter.ts';
import type { Previews } from '../../src/usecases/cleanup/brought.ts';
import { eventFixture } from '../support/events.ts';
import { createFastClock } from '../support/fast-clock.ts';
import { createPulls } from '../support/github/pulls.ts';
import { defaultToken, startGithub } from '../support/github/server.ts';

interface Asked {
  readonly event?: string;
  readonly tags: readonly string[];
  readonly needsDates?: boolean;
  readonly createdAt?: unknown;
  readonly server?: string;
}

/** @returns the numbers of the pages, with what is known of each, and what GitHub was asked */
async function ask(
  test: TestContext,
  { event = 'push', tags, needsDates = false, createdAt, server }: Asked,
) {
  const repository = 'Nubificus/Redis-Unikernel';
  const request = {
    state: 'open',
    branch: 'b',
    sha: '0'.repeat(40),
    base: 'main',
    from: repository,
  } as const;
  const github = await startGithub(test, { routes: createPulls(repository, [{ ...request, number: 5 }]) });
  if (createdAt !== undefined)
    github.addFault({
      method: 'GET',
      path: '/pulls/',
      reply: { status: 200, body: { created_at: createdAt } },
    });
  const warnings: Problem[] = [];
  const reporter = { ...silentReporter, warning: (problem: Problem) => void warnings.push(problem) };
  const previews: Previews = await previewsFor(
    { tags, needsDates },
    {
      event: await eventFixture(event),
      environment: { ...github.environment, GITHUB_SERVER_URL: server ?? 'https://github.com' },
      token: defaultToken,
      reporter,
      signal: test.signal,
      clock: createFastClock(),
    },
  );
  return { previews, warnings, calls: github.calls };
}

const page = (number: number) => `https://github.com/nubificus/redis-unikernel/pull/${number}`;

describe('previewsFor', () => {
  const named: [tags: readonly string[], numbers: readonly number[]][] = [
    [['pr-5'], [5]],
    [['pr-5-arm64', 'pr-5'], [5]],
    [
      ['pr-5', 'pr-16-x'],
      [5, 16],
    ],
    [['pr-05', 'pr-0', 'pr-', 'xpr-5', 'pr-5x', 'pr-5.1', 'v1'], []],
    [[], []],
  ];
  for (const [tags, numbers] of named) {
    it(`is for ${numbers.join(' and ') || 'none'} with the tags ${tags.join(' ') || 'of nothing'}`, async (test) => {
      const { previews, calls } = await ask(test, { tags });
      assert.deepEqual(
        [...previews],
        numbers.map((number) => [page(number), undefined]),
      );
      assert.deepEqual(calls, []);
    });
  }

  it("is for the event's own pull request, and asks nobody when that was opened if the event says so", async (test) => {
    const { previews } = await ask(test, { event: 'pull-request-closed', tags: ['pr-5'] });
    assert.deepEqual([...previews.keys()], [page(15), page(5)]);
  });

  it('asks GitHub for a date where one is needed', async (test) => {
    const createdAt = '2024-05-01T10:00:00Z';
    const { previews, warnings, calls } = await ask(test, { tags: ['pr-5'], needsDates: true, createdAt });
    assert.deepEqual([...previews], [[page(5), Date.parse(createdAt)]]);
    assert.equal(calls.length, 1);
    assert.deepEqual(warnings, []);
  });

  it('knows no date that is none', async (test) => {
    for (const createdAt of ['soon', 5, null]) {
      const { previews } = await ask(test, { tags: ['pr-5'], needsDates: true, createdAt });
      assert.deepEqual([...previews], [[page(5), undefined]]);
    }
  });

  it('warns when GitHub does not say, and goes on', async (test) => {
    const { previews, warnings } = await ask(test, { tags: ['pr-404'], needsDates: true });
    assert.deepEqual([...previews], [[page(404), undefined]]);
    assert.equal(warnings.length, 1);
    assert.match(
      warnings[0]?.message ?? '',
      /^when pull request 404 was opened isn't known, so that only its tags go: /,
    );
    assert.equal(warnings[0]?.hint, 'Give the job the permission pull-requests: read.');
  });

  it('tells servers apart, however they are written', async (test) => {
    for (const server of ['https://GIT.example.com', 'https://git.example.com//']) {
      const { previews } = await ask(test, { tags: ['pr-5'], server });
      assert.deepEqual([...previews.keys()], ['https://git.example.com/nubificus/redis-unikernel/pull/5']);
    }
    const { previews } = await ask(test, { tags: ['pr-5'], server: '' });
    assert.deepEqual([...previews.keys()], [page(5)]);
  });
});

describe('the dates of previews', () => {
  const bare = { name: 'push', ref: '', repository: 'Own/App', actor: '', payload: {} };
  const pages = (number: number) => `https://github.com/own/app/pull/${number}`;

  async function find(test: TestContext, payload: object, tags: readonly string[], needsDates: boolean) {
    const github = await startGithub(test, { routes: [] });
    const access = {
      ...{ environment: { GITHUB_API_URL: github.apiUrl }, token: undefined, reporter: silentReporter },
      ...{ signal: test.signal, event: { ...bare, payload: { ...payload } } },
    };
    const previews = await previewsFor({ tags, needsDates }, access);
    return { previews: [...previews], calls: github.calls };
  }

  it('are in the event for its own, whether or not they are needed', async (test) => {
    const payload = { pull_request: { number: 5, created_at: '2024-05-01T10:00:00Z' } };
    for (const needsDates of [true, false]) {
      const { previews, calls } = await find(test, payload, ['pr-5-x'], needsDates);
      assert.deepEqual(previews, [[pages(5), Date.parse('2024-05-01T10:00:00Z')]]);
      assert.deepEqual(calls, []);
    }
  });

  it('are none in an event that has none for it', async (test) => {
    for (const created_at of [undefined, 7, 'soon']) {
      const { previews } = await find(test, { pull_request: { number: 5, created_at } }, ['pr-6'], false);
      assert.deepEqual(previews, [
        [pages(5), undefined],
        [pages(6), undefined],
      ]);
    }
  });

  it('are none without a token, and none of another pull request', async (test) => {
    const payload = { pull_request: { number: 5, created_at: '2024-05-01T10:00:00Z' } };
    const { previews, calls } = await find(test, payload, ['pr-7'], true);
    assert.deepEqual(previews, [
      [pages(5), Date.parse('2024-05-01T10:00:00Z')],
      [pages(7), undefined],
    ]);
    assert.deepEqual(calls, []);
  });

  it('are not waited for after an interruption', async (test) => {
    const github = await startGithub(test, { routes: [] });
    const access = {
      ...{
        environment: { GITHUB_API_URL: github.apiUrl },
        token: 'x',
        reporter: silentReporter,
        event: bare,
      },
      signal: AbortSignal.abort(new Error('interrupted')),
    };
    await assert.rejects(previewsFor({ tags: ['pr-7'], needsDates: true }, access), /interrupted/);
  });
});

// The cleanup as a step in this process: what goes from a registry and from GitHub's packages, and what is told of it.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { readCleanupInputs } from '../../src/action/cleanup-inputs.ts';
import { runCleanup } from '../../src/action/cleanup-run.ts';
import { BimaError } from '../../src/core/errors.ts';
import { markerOf } from '../../src/adapters/github/comment.ts';
import { makeAuthority, makeServerCertificate } from '../support/certificates.ts';
import { startConnectProxy } from '../support/connect-proxy.ts';
import { eventFixture } from '../support/events.ts';
import { createFastClock } from '../support/fast-clock.ts';
import { temporaryFolder } from '../support/folder.ts';
import { createIssues } from '../support/github/issues.ts';
import type { Issues } from '../support/github/issues.ts';
import { createPackages } from '../support/github/packages.ts';
import { createPulls } from '../support/github/pulls.ts';
import { defaultToken, problem, startGithub } from '../support/github/server.ts';
import type { GithubServer } from '../support/github/server.ts';
import { recorded } from '../support/recorded.ts';
import type { Recorded } from '../support/recorded.ts';
import { startRegistry } from '../support/registry.ts';
import type { Registry, RegistryOptions } from '../support/registry.ts';
import { createStore } from '../support/registry-store.ts';
import { sampleImage, storeImage } from '../support/sample-image.ts';
import { basicAuth } from '../support/token-server.ts';
import { unlessInstalled } from '../support/tools.ts';
import { markedFor } from '../usecases/cleanup/scene.ts';

type Given = Readonly<Record<string, string>>;

const slug = 'Nubificus/Redis-Unikernel';

interface Site {
  readonly registry: Registry;
  readonly issues: Issues;
  readonly github: GithubServer;
  /** A step with these inputs, for the event that closes pull request 15 unless another one is named. */
  readonly clean: (given: Given, more?: More) => Promise<Outcome>;
}

interface More {
  readonly event?: string;
  readonly signal?: AbortSignal;
  readonly hasToken?: boolean;
}

interface Outcome extends Omit<Recorded, 'runner' | 'reporter'> {
  readonly error: unknown;
  readonly deleted: unknown;
  readonly skipped: unknown;
}

async function start(test: TestContext, options: RegistryOptions = {}): Promise<Site> {
  const registry = await startRegistry({ deletes: 'digests', ...options });
  test.after(() => registry.close());
  const issues = createIssues(slug, [15, 7]);
  const github = await startGithub(test, { routes: issues.routes });
  return { registry, issues, github, clean: cleanerOf(test, github.environment) };
}

function cleanerOf(test: TestContext, environment: Given): Site['clean'] {
  return async (given, { event = 'pull-request-closed', signal = test.signal, hasToken = true } = {}) => {
    const { runner, reporter, ...told } = recorded();
    const error: unknown = await runCleanup(
      readCleanupInputs((name) => given[name] ?? ''),
      {
        environment: { HOME: '/nowhere', ...environment },
        event: await eventFixture(event),
        token: hasToken ? defaultToken : undefined,
        clock: createFastClock(),
        ...{ runner, reporter, signal },
      },
    ).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    const parse = (text: string | undefined) =>
      text === undefined ? undefined : (JSON.parse(text) as unknown);
    const { deleted, skipped } = told.outputs;
    return { ...told, error, deleted: parse(deleted), skipped: parse(skipped) };
  };
}

/** An image of a pull request. */
function preview(site: Pick<Site, 'registry'>, repository: string, tag: string, mark = 15): string {
  const annotations = markedFor(`https://github.com/${slug.toLowerCase()}/pull/${mark}`);
  const image = sampleImage({ seed: `${repository} ${tag}`, layers: [100], annotations });
  storeImage(site.registry.store, repository, image, tag);
  return image.root.digest;
}

describe('a cleanup of a registry', () => {
  it('removes what the closed pull request has, and tells of all of it', async (test) => {
    const site = await start(test);
    const digest = preview(site, 'own/app', 'pr-15');
    preview(site, 'own/app', 'pr-16', 16);
    const name = `${site.registry.host}/own/app`;
    const { error, deleted, skipped, summaries, titles, lines, warnings } = await site.clean({ image: name });
    assert.equal(error, undefined);
    assert.deepEqual(Object.keys(site.registry.store.tags('own/app')), ['pr-16']);
    assert.deepEqual(deleted, [{ name, digest, tags: ['pr-15'] }]);
    assert.deepEqual(skipped, []);
    assert.deepEqual(summaries, [`- deleted \` ${name}@${digest.slice(0, 19)} \`, \` pr-15 \`\n\n`]);
    assert.deepEqual(titles, [`Clean up ${name}`]);
    assert.deepEqual(warnings, []);
    assert.ok(!lines.some((line) => line.startsWith('stays')));
    assert.deepEqual(site.github.calls, []);
    site.registry.assertRules();
  });

  it('only looks when it is told to', async (test) => {
    const site = await start(test);
    const digest = preview(site, 'own/app', 'pr-15');
    const name = `${site.registry.host}/own/app`;
    const given = { image: name, 'dry-run': 'true', 'delete-comment': 'true' };
    const { deleted, skipped, summaries, titles, lines } = await site.clean(given);
    assert.deepEqual(Object.keys(site.registry.store.tags('own/app')), ['pr-15']);
    assert.deepEqual([deleted, skipped], [[{ name, digest, tags: ['pr-15'] }], []]);
    assert.match(summaries.join(), /^- would be deleted /);
    assert.deepEqual(titles, [`Look at ${name}`]);
    assert.equal(lines.at(-1), 'would delete the comment on pull request 15, if there is one');
    assert.deepEqual(site.github.calls, []);
  });

  it('goes through every repository that the tags name, and says what stays', async (test) => {
    const site = await start(test);
    const [one, two] = [`${site.registry.host}/own/one`, `${site.registry.host}/own/two`];
    const first = preview(site, 'own/one', 'pr-15');
    const second = preview(site, 'own/two', 'pr-15-arm64');
    const tags = `${one}:pr-15 ${two}:pr-15-arm64 ${one}:pr-15-gone`;
    const { deleted, skipped, titles, lines, summaries } = await site.clean({ tags, summary: 'false' });
    assert.deepEqual(titles, [`Clean up ${one}`, `Clean up ${two}`]);
    assert.deepEqual(deleted, [
      { name: one, digest: first, tags: ['pr-15'] },
      { name: two, digest: second, tags: ['pr-15-arm64'] },
    ]);
    assert.deepEqual(skipped, [{ name: one, tags: ['pr-15-gone'], why: 'there is no such tag' }]);
    assert.deepEqual(
      lines.filter((line) => line.startsWith('stays: ')),
      [`stays: ${one} (pr-15-gone), there is no such tag`],
    );
    assert.deepEqual(summaries, []);
  });

  it('asks GitHub for no dates, which no registry has', async (test) => {
    const site = await start(test);
    preview(site, 'own/app', 'pr-7', 7);
    const image = `${site.registry.host}/own/app`;
    const { error, titles } = await site.clean({ image, tags: 'pr-7' }, { event: 'workflow-dispatch' });
    assert.deepEqual([error, titles], [undefined, [`Clean up ${image}`]]);
    assert.deepEqual(site.registry.store.tags('own/app'), {});
    assert.deepEqual(site.github.calls, []);
  });

  it('touches no protected tag, unless it may', async (test) => {
    const site = await start(test);
    preview(site, 'own/app', 'v1');
    const given = { image: `${site.registry.host}/own/app`, tags: 'v1' };
    const { error, outputs } = await site.clean(given);
    assert.ok(error instanceof BimaError && error.code === 'INPUT_INVALID');
    assert.match(error.message, /"v1", which is a version/);
    assert.deepEqual([outputs, site.registry.requests], [{}, []]);
    const allowed = await site.clean({ ...given, 'allow-protected': 'true' });
    assert.equal(allowed.error, undefined);
    assert.deepEqual(site.registry.store.tags('own/app'), {});
  });

  it('tells what went until a later step failed', async (test) => {
    const site = await start(test, {
      intercept: ({ path }) => (path.includes('/own/two/') ? { status: 403 } : undefined),
    });
    const [one, two] = [`${site.registry.host}/own/one`, `${site.registry.host}/own/two`];
    preview(site, 'own/one', 'pr-15');
    const given = { tags: `${one}:pr-15 ${two}:pr-15`, 'delete-comment': 'true' };
    const { error, deleted, summaries } = await site.clean(given);
    assert.ok(error instanceof BimaError && error.code === 'REGISTRY_DENIED');
    assert.equal((deleted as unknown[]).length, 1);
    assert.equal(summaries.length, 1);
    assert.deepEqual(site.github.calls, []);
  });

  it('is asked for tags by an event that closes nothing', async (test) => {
    const { clean, registry } = await start(test);
    const { error } = await clean({ image: `${registry.host}/own/app` }, { event: 'push' });
    assert.ok(error instanceof BimaError && error.code === 'INPUT_INVALID');
    assert.deepEqual(registry.requests, []);
  });
});

describe('the comment of a closed pull request', () => {
  const author = 'github-actions[bot]';

  it('goes with the images that it is about', async (test) => {
    const { clean, registry, issues } = await start(test);
    const [one, two] = [`${registry.host}/own/one`, `${registry.host}/own/two`];
    issues.addComment(15, author, `${markerOf(one)}\nx`);
    const other = issues.addComment(15, author, `${markerOf('quay.io/own/app')}\nx`);
    const tags = `${one}:pr-15 ${two}:pr-15`;
    const { lines, warnings, titles } = await clean({ tags, 'delete-comment': 'true' });
    assert.deepEqual(issues.comments, [other]);
    assert.deepEqual(lines.slice(-2), [`deleted the comment about ${one}`, `no comment about ${two}`]);
    assert.deepEqual(warnings, []);
    assert.equal(titles.length, 2);
  });

  it('is that of the tag where the event is about none', async (test) => {
    const { clean, registry, issues } = await start(test);
    const image = `${registry.host}/own/app`;
    issues.addComment(7, author, `${markerOf(image)}\nx`);
    await clean({ image, tags: 'pr-7', 'delete-comment': 'true' }, { event: 'workflow-dispatch' });
    assert.deepEqual(issues.comments, []);
  });

  it('stays when nobody asks, and with a warning when GitHub refuses', async (test) => {
    const { clean, registry, issues, github } = await start(test);
    const image = `${registry.host}/own/app`;
    issues.addComment(15, author, `${markerOf(image)}\nx`);
    await clean({ image });
    assert.equal(issues.comments.length, 1);
    github.addFault({ method: 'DELETE', path: '/comments/', reply: problem(403, 'no') });
    const { error, warnings } = await clean({ image, 'delete-comment': 'true' });
    assert.equal(error, undefined);
    assert.deepEqual(
      warnings.map(({ code }) => code),
      ['GITHUB_DENIED'],
    );
    assert.match(warnings[0]?.message ?? '', /^the comment was not deleted: DELETE .*GitHub answers 403/);
    assert.match(warnings[0]?.hint ?? '', /pull-requests: write/);
    const without = await clean({ image, 'delete-comment': 'true' }, { hasToken: false });
    assert.deepEqual(
      without.warnings.map(({ message }) => message),
      ['the comment was not deleted: expected the input "github-token", got none'],
    );
    github.addFault({ method: 'DELETE', path: '/comments/', reply: problem(422, 'no') });
    const { warnings: plain } = await clean({ image, 'delete-comment': 'true' });
    assert.equal(plain.length, 1);
    assert.ok(plain[0] !== undefined && !('hint' in plain[0]));
  });
});

describe('a cleanup of packages', { skip: unlessInstalled('openssl') }, () => {
  const name = 'ghcr.io/nubificus/redis-unikernel';

  /** ghcr.io behind a proxy, and GitHub's API over the same content. */
  async function startGhcr(test: TestContext) {
    const folder = temporaryFolder(test);
    const tls = makeServerCertificate(folder, makeAuthority(folder), { names: 'DNS:ghcr.io' });
    const content = createStore();
    const auth = basicAuth('maria', defaultToken);
    const registry = await startRegistry({ store: content, tls, auth });
    const proxy = await startConnectProxy({
      hosts: { 'ghcr.io:443': Number(new URL(registry.origin).port) },
    });
    const before = process.env.HTTPS_PROXY;
    process.env.HTTPS_PROXY = proxy.origin;
    test.after(async () => {
      if (before === undefined) delete process.env.HTTPS_PROXY;
      else process.env.HTTPS_PROXY = before;
      await Promise.all([registry.close(), proxy.close()]);
    });
    const packages = createPackages({
      ...{ owner: 'nubificus', kind: 'orgs', name: 'redis-unikernel', store: content },
      date: '2024-06-01T00:00:00Z',
    });
    const request = {
      number: 15,
      state: 'closed',
      branch: 'main',
      sha: '0'.repeat(40),
      base: 'main',
    } as const;
    const pulls = createPulls(slug, [{ ...request, from: slug }]);
    const others = createPackages({ owner: 'maria', kind: 'users', name: 'other' });
    const github = await startGithub(test, { routes: [...packages.routes, ...others.routes, ...pulls] });
    const { environment } = github;
    const clean = cleanerOf(test, {
      ...environment,
      GITHUB_SERVER_URL: 'https://github.com',
      GITHUB_ACTOR: 'maria',
    });
    const unverified = (given: Given, more?: More) => clean({ 'tls-verify': 'false', ...given }, more);
    return { registry, github, clean: unverified };
  }

  it('deletes by the API, and never by the registry', async (test) => {
    const site = await startGhcr(test);
    const digest = preview(site, 'nubificus/redis-unikernel', 'pr-15');
    preview(site, 'nubificus/redis-unikernel', 'main', 1);
    const event = 'workflow-dispatch';
    const { error, deleted, skipped, titles } = await site.clean({ image: name, tags: 'pr-15' }, { event });
    assert.equal(error, undefined);
    assert.deepEqual(deleted, [{ name, digest, tags: ['pr-15'] }]);
    assert.deepEqual(skipped, []);
    assert.deepEqual(titles, [`Clean up ${name}`]);
    assert.equal(site.registry.count('DELETE', /./), 0);
    assert.ok(site.github.calls.some((call) => call.startsWith('GET /repos/') && call.includes('/pulls/15')));
  });

  it('warns where there is no package, and lists its tags as skipped', async (test) => {
    const { clean, registry } = await startGhcr(test);
    const { error, deleted, skipped, warnings, lines } = await clean({
      image: name,
      tags: 'pr-15 pr-15-arm64',
    });
    assert.equal(error, undefined);
    const why = 'there is no such package';
    assert.deepEqual(deleted, []);
    assert.deepEqual(skipped, [
      { name, tags: ['pr-15'], why },
      { name, tags: ['pr-15-arm64'], why },
    ]);
    assert.deepEqual(warnings, [
      {
        code: 'GITHUB_NOT_FOUND',
        message: `there is no package ${name}, or the token may not see it`,
        hint:
          'If there is one, give the job "packages: write", and this repository the role Admin under ' +
          '"Manage Actions access" in its settings.',
      },
    ]);
    assert.equal(lines.length, 2);
    assert.deepEqual(registry.requests, []);
  });
});

describe('a cleanup of ghcr.io', () => {
  it('needs an owner and a name', async (test) => {
    const clean = cleanerOf(test, { GITHUB_SERVER_URL: 'https://github.com' });
    const { error } = await clean({ image: 'ghcr.io/app' });
    assert.ok(error instanceof BimaError);
    assert.deepEqual(error.problems, [
      {
        code: 'INPUT_INVALID',
        message: 'expected ghcr.io/<owner>/<name> for the image, got "ghcr.io/app"',
      },
    ]);
  });

  it('is none from another server', async (test) => {
    const clean = cleanerOf(test, { GITHUB_SERVER_URL: 'https://git.example' });
    const { error } = await clean({ image: 'ghcr.io/own/app' });
    assert.ok(error instanceof BimaError);
    assert.deepEqual(error.problems, [
      {
        code: 'INPUT_INVALID',
        message: 'images of ghcr.io can be removed from a workflow of github.com only',
        hint: "Only GitHub's API deletes them, and the token of another server means nothing there.",
      },
    ]);
  });
});

// The comment of a run, with GitHub's API and a registry on loopback.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { commentForWorkflow } from '../../src/action/preview-comment.ts';
import type { CommentRequest, CommentWorld } from '../../src/action/preview-comment.ts';
import { readFacts } from '../../src/action/image-facts.ts';
import { readInputs } from '../../src/action/inputs.ts';
import { pullRequestOnce } from '../../src/action/find-pull-request.ts';
import type { Problem } from '../../src/core/errors.ts';
import { uruncKeys } from '../../src/core/unikernel/urunc-annotations.ts';
import { formatReference, parseReference } from '../../src/core/oci/reference.ts';
import { silentReporter } from '../../src/core/reporter.ts';
import { eventFixture } from '../support/events.ts';
import { createIssues } from '../support/github/issues.ts';
import { createPulls } from '../support/github/pulls.ts';
import type { PullRequest } from '../support/github/pulls.ts';
import { problem, startGithub } from '../support/github/server.ts';
import type { GithubServer, Token } from '../support/github/server.ts';
import { startRegistry } from '../support/registry.ts';
import type { Registry, RegistryOptions } from '../support/registry.ts';
import { sampleImage, storeImage } from '../support/sample-image.ts';

const repository = 'Nubificus/Redis-Unikernel';
const sha = '55c1f5b2e7d2c2f0d5c1a9a0f5c8d8a07c31b9aa';
const image = sampleImage({ seed: 'preview', architectures: ['amd64', 'arm64'], layers: [9000] });

/** The pull request of a fork that the event `workflow-run-fork` doesn't name. */
const forkRequest: PullRequest = {
  number: 15,
  state: 'open',
  from: 'someone/Redis-Unikernel',
  branch: 'main',
  sha,
  base: 'release/1.x',
};

interface Outcome {
  readonly url: string | undefined;
  readonly bodies: readonly string[];
  readonly warnings: readonly Problem[];
  readonly lines: readonly string[];
  readonly debug: readonly string[];
}

interface Setting {
  readonly server: GithubServer;
  readonly registry: Registry;
  readonly run: (event: string, more?: Partial<CommentRequest & CommentWorld>) => Promise<Outcome>;
}

interface Options {
  readonly pulls?: readonly PullRequest[];
  readonly permissions?: Token['permissions'];
  readonly registry?: RegistryOptions;
}

async function start(test: TestContext, options: Options = {}): Promise<Setting> {
  const registry = await startRegistry(options.registry);
  test.after(() => registry.close());
  const issues = createIssues(repository, [15, 16]);
  const pulls = createPulls(repository, options.pulls ?? []);
  const permissions = options.permissions ?? { 'pull-requests': 'write' };
  const server = await startGithub(test, {
    routes: [...issues.routes, ...pulls],
    tokens: { job: { login: 'github-actions[bot]', permissions } },
  });
  const read = await readFacts(image.source, image.root);
  const labels = { [uruncKeys.unikernelType]: 'unikraft' };
  const facts = { ...read, images: read.images.map((one) => ({ ...one, labels })) };
  const run = async (event: string, more: Partial<CommentRequest & CommentWorld> = {}): Promise<Outcome> => {
    const [warnings, lines, debug]: [Problem[], string[], string[]] = [[], [], []];
    const request: CommentRequest = {
      facts,
      references: [parseReference(`${registry.host}/own/app:pr-15`)],
      isPushed: true,
      artifact: undefined,
      inputs: readInputs((name) => (name === 'github-token' ? 'job' : ''), {}),
      ...more,
    };
    const world = {
      token: 'job',
      event: await eventFixture(event),
      environment: {
        ...server.environment,
        GITHUB_REPOSITORY: repository,
        GITHUB_RUN_ID: '7',
        HOME: '/nowhere',
      },
      runner: { mask: () => undefined },
      reporter: {
        ...silentReporter,
        info: (line: string) => lines.push(line),
        debug: (line: string) => debug.push(line),
        warning: (warning: Problem) => warnings.push(warning),
      },
      signal: test.signal,
      ...more,
    };
    const pullRequest = pullRequestOnce(world.event, world);
    const url = await commentForWorkflow(request, { ...world, pullRequest });
    return { url, warnings, lines, debug, bodies: issues.comments.map(({ body }) => body) };
  };
  return { server, registry, run };
}

describe('commentForWorkflow', () => {
  it('shows the image beside that of the base branch', async (test) => {
    const { run, registry } = await start(test);
    const base = sampleImage({ seed: 'base', layers: [5000] });
    storeImage(registry.store, 'own/app', base, 'main');
    const { url, bodies, warnings } = await run('pull-request');
    const [body = '', ...others] = bodies;
    assert.deepEqual([others, warnings], [[], []]);
    assert.match(url ?? '', /^https:\/\/github\.com\/Nubificus\/Redis-Unikernel\/pull\/15#issuecomment-\d+$/);
    assert.ok(body.startsWith(`<!-- bima-action preview: ${registry.host}/own/app -->\n`));
    assert.ok(body.includes(`${registry.host}/own/app@${image.root.digest}`));
    // The commit of the pull request, not that of its merge.
    assert.ok(body.includes(`https://github.com/${repository}/pull/15/commits/${sha}`));
    assert.ok(body.includes(`https://github.com/${repository}/actions/runs/7)`));
    assert.match(body, /linux\/amd64.*, 9\.0 kB \(\+4\.0 kB, \+\d\d\.\d %\)/);
    assert.match(body, /linux\/arm64.*, 9\.0 kB$/m);
    assert.ok(
      body.includes(`nerdctl run --rm --runtime io.containerd.urunc.v2 ${registry.host}/own/app:pr-15`),
    );
    assert.ok(
      registry.requests.every(
        ({ path }) => !path.includes('/blobs/') || path.includes(base.configs[0]?.digest ?? ''),
      ),
    );
  });

  it('is updated by the next run, also that of another event', async (test) => {
    const { run } = await start(test);
    const first = await run('pull-request');
    const second = await run('workflow-run-pull-request', {
      isPushed: false,
      artifact: { name: 'x', url: 'https://x.example/' },
    });
    assert.equal(second.url, first.url);
    assert.equal(second.bodies.length, 1);
    assert.match(second.bodies[0] ?? '', /not pushed/);
  });

  const unreadable: [name: string, options: RegistryOptions][] = [
    ['is not there', {}],
    ['may not be read', { auth: { challenge: () => ['Basic realm="x"'], allows: () => false } }],
    ['can not be understood', { intercept: () => ({ status: 200, body: 'what?' }) }],
    ['is refused', { intercept: () => ({ status: 404 }) }],
  ];
  for (const [name, options] of unreadable) {
    it(`leaves the change out when the base branch's image ${name}`, async (test) => {
      const { run } = await start(test, { registry: options });
      const { bodies, warnings, debug } = await run('pull-request');
      assert.deepEqual(warnings, []);
      assert.match(bodies[0] ?? '', /9\.0 kB$/m);
      assert.doesNotMatch(bodies[0] ?? '', /%|against/);
      assert.ok(
        debug.some((line) => /no change in size.*own\/app:main/.test(line)),
        debug.join('\n'),
      );
    });
  }

  it('gives no registry a password that may be for another', async (test) => {
    const { run, registry } = await start(test);
    const given = new Map([
      ['github-token', 'job'],
      ['username', 'me'],
      ['password', 'secret'],
    ]);
    const references = [`${registry.host}/own/app:1`, 'quay.example/own/app:1'].map(parseReference);
    const inputs = readInputs((name) => given.get(name) ?? '', {});
    const { url, warnings } = await run('pull-request', { references, inputs });
    assert.match(url ?? '', /\/pull\/15#/);
    assert.deepEqual([warnings, registry.requests], [[], []]);
  });

  it("finds a fork's pull request by its commit", async (test) => {
    const others: PullRequest[] = [
      { ...forkRequest, number: 1, state: 'closed' },
      { ...forkRequest, number: 2, sha: sha.replace('5', '6') },
      { ...forkRequest, number: 3, branch: 'other' },
      { ...forkRequest, number: 4, from: 'someone/Another-Fork' },
      { ...forkRequest, number: 5, from: 'mallory/Redis-Unikernel' },
    ];
    const { run, registry } = await start(test, { pulls: [...others, forkRequest] });
    storeImage(registry.store, 'own/app', sampleImage({ layers: [100] }), 'release-1.x');
    const { url, bodies, warnings } = await run('workflow-run-fork');
    assert.deepEqual(warnings, []);
    assert.match(url ?? '', /\/pull\/15#/);
    assert.ok(bodies[0]?.includes(`/pull/15/commits/${sha}`));
    assert.match(bodies[0] ?? '', /against .*release-1\.x/);
  });

  const unfit: [name: string, pulls: readonly PullRequest[], message: RegExp][] = [
    ['was closed', [{ ...forkRequest, state: 'closed' }], /no open pull request/],
    ['has newer commits', [{ ...forkRequest, sha: sha.replace('5', '6') }], /no open pull request/],
    ['is one of two', [forkRequest, { ...forkRequest, number: 16, base: 'main' }], /#15, #16/],
  ];
  for (const [name, pulls, message] of unfit) {
    it(`warns when a fork's pull request ${name}`, async (test) => {
      const { run } = await start(test, { pulls });
      const { url, bodies, warnings } = await run('workflow-run-fork');
      assert.deepEqual([url, bodies], [undefined, []]);
      assert.equal(warnings.length, 1);
      assert.equal(warnings[0]?.code, 'GITHUB_NOT_FOUND');
      assert.match(warnings[0].message, message);
    });
  }

  const silent: [name: string, event: string, more: Partial<CommentRequest & CommentWorld>, line: RegExp][] =
    [
      ['a push', 'push', {}, /"push" is about no pull request/],
      ['a release', 'release', {}, /"release" is about no pull request/],
      ['a run that a push started', 'workflow-run', {}, /"workflow_run" is about no pull request/],
      ['an image that is nowhere', 'pull-request', { isPushed: false }, /neither pushed nor uploaded/],
    ];
  for (const [name, event, more, line] of silent) {
    it(`says why there is none for ${name}, and asks nobody`, async (test) => {
      const { run, server } = await start(test);
      const { url, lines, warnings } = await run(event, more);
      assert.deepEqual([url, warnings, server.calls], [undefined, [], []]);
      assert.ok(
        lines.some((text) => line.test(text)),
        lines.join('\n'),
      );
    });
  }

  for (const [event, isFork] of [
    ['pull-request', false],
    ['pull-request-fork', true],
  ] as const) {
    it(`warns which permission is missing for ${event}`, async (test) => {
      const { run } = await start(test, { permissions: { 'pull-requests': 'read' } });
      const { url, warnings } = await run(event);
      assert.equal(url, undefined);
      assert.equal(warnings.length, 1);
      assert.equal(warnings[0]?.code, 'GITHUB_DENIED');
      assert.match(warnings[0].message, /^no comment was written: .*403/);
      assert.match(warnings[0].hint ?? '', /pull-requests: write/);
      assert.equal((warnings[0].hint ?? '').includes('preview-push.yml'), isFork);
    });
  }

  it('comments for a fork where the run has the rights of the repository', async (test) => {
    const { run } = await start(test);
    const event = { ...(await eventFixture('pull-request-fork')), name: 'pull_request_target' };
    const { url, warnings } = await run('pull-request-fork', { event });
    assert.match(url ?? '', /\/pull\/15#/);
    assert.deepEqual(warnings, []);
  });

  it('warns when GitHub fails, or there is no token', async (test) => {
    const { run, server } = await start(test);
    server.addFault({ method: 'POST', path: '/comments', reply: problem(500, 'Oh') });
    const down = await run('pull-request');
    assert.deepEqual([down.url, down.warnings.map(({ code }) => code)], [undefined, ['GITHUB_FAILED']]);
    const without = await run('pull-request', { token: undefined });
    assert.deepEqual([without.url, without.warnings.map(({ code }) => code)], [undefined, ['INPUT_INVALID']]);
  });

  it('ends at once when the run is interrupted', async (test) => {
    const { run } = await start(test);
    const signal = AbortSignal.abort(new Error('interrupted'));
    await assert.rejects(run('pull-request', { signal }), /interrupted/);
  });
});

describe('what a comment is made of', () => {
  /** The event of a pull request, whose part of the payload is changed. */
  async function requestEvent(change: object, name = 'pull-request') {
    const event = await eventFixture(name);
    const request = { ...(event.payload.pull_request as object), ...change };
    return { ...event, payload: { ...event.payload, pull_request: request } };
  }

  const commits: readonly [sha: unknown, isShown: boolean][] = [
    ['a'.repeat(40), true],
    ['a'.repeat(64), true],
    ['a'.repeat(39), false],
    ['a'.repeat(65), false],
    [`${'a'.repeat(40)}x`, false],
    [`x${'a'.repeat(40)}`, false],
    ['A'.repeat(40), false],
    [undefined, false],
  ];
  for (const [sha, isShown] of commits) {
    it(`is ${isShown ? '' : 'not '}the commit ${String(sha).slice(0, 50)}`, async (test) => {
      const { run } = await start(test);
      const event = await requestEvent({ head: { sha, repo: { full_name: repository } } });
      const [body = ''] = (await run('pull-request', { event })).bodies;
      assert.equal(body.includes('/pull/15/commits/'), isShown);
      assert.equal(body.includes('**Preview image**, pushed by'), !isShown);
    });
  }

  it('is the image that somebody has read already, asked for by the name of the base branch', async (test) => {
    const { run, registry } = await start(test);
    const asked: string[] = [];
    const readBase: CommentRequest['readBase'] = (reference) => {
      asked.push(formatReference(reference));
      return Promise.resolve({ reference, images: [] });
    };
    const { bodies } = await run('pull-request', { readBase });
    assert.deepEqual(asked, [`${registry.host}/own/app:main`]);
    assert.match(bodies[0] ?? '', /changes are against .*own\/app:main `/);
    const event = await requestEvent({ base: undefined });
    await run('pull-request', { readBase, event });
    assert.equal(asked.length, 1);
  });

  it('is what is known of the boot and the signature', async (test) => {
    const { run } = await start(test);
    const boots = [{ platform: { os: 'linux', architecture: 'amd64' }, text: 'booted' }];
    const { bodies, lines, url } = await run('pull-request', { boots, signature: { identity: 'me' } });
    assert.match(bodies[0] ?? '', /^- Boot test of .*: ` booted `\n- Signed by ` me `$/m);
    assert.equal(lines.at(-1), `the comment is ${url}`);
  });

  it('is nothing for an image without a name', async (test) => {
    const { run, server } = await start(test);
    const { url, lines } = await run('pull-request', { references: [] });
    assert.equal(url, undefined);
    assert.deepEqual(lines, ['no comment: the event "pull_request" is about no pull request']);
    assert.deepEqual(server.calls, []);
  });

  it('is a warning with all that helps', async (test) => {
    const { run, server } = await start(test);
    const fork = await requestEvent({}, 'pull-request-fork');
    server.addFault({ method: 'POST', path: '/comments', reply: problem(422, 'no') });
    const { warnings } = await run('pull-request-fork', { event: fork });
    const [warning] = warnings;
    assert.equal(warning?.code, 'GITHUB_FAILED');
    assert.ok(!('hint' in warning), 'nothing is known to help');
    server.addFault({ method: 'POST', path: '/comments', reply: problem(403, 'no') });
    const denied = await run('pull-request-fork', { event: fork });
    assert.match(
      denied.warnings[0]?.hint ?? '',
      /only read\. docs\/workflows\/preview-push\.yml shows a safe way for forks\.$/,
    );
    server.addFault({ method: 'POST', path: '/comments', reply: problem(403, 'no') });
    const target = await run('pull-request-fork', { event: { ...fork, name: 'pull_request_target' } });
    assert.doesNotMatch(target.warnings[0]?.hint ?? '', /preview-push/);
  });

  it('is in one group', async (test) => {
    const { run } = await start(test);
    const titles: string[] = [];
    const reporter = {
      ...silentReporter,
      group: <T>(title: string, body: () => Promise<T>) => {
        titles.push(title);
        return body();
      },
    };
    await run('pull-request', { reporter });
    assert.deepEqual(titles, ['Comment on the pull request']);
  });
});

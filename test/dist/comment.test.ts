// Steps that comment on a pull request, as the runner starts them, with GitHub's API and a registry on loopback.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { openLayout } from '../../src/adapters/disk/layout.ts';
import { readDocument } from '../../src/core/oci/blob.ts';
import { isObject, parseJsonObject } from '../../src/core/oci/json.ts';
import { mustRunAction, runAction } from '../support/action.ts';
import type { ActionOptions } from '../support/action.ts';
import { createIssues } from '../support/github/issues.ts';
import type { Issues } from '../support/github/issues.ts';
import { createPulls } from '../support/github/pulls.ts';
import type { PullRequest } from '../support/github/pulls.ts';
import { startGithub } from '../support/github/server.ts';
import type { GithubServer, Token } from '../support/github/server.ts';
import { recipeSteps } from '../support/recipe.ts';
import { startRegistry } from '../support/registry.ts';
import type { Registry } from '../support/registry.ts';
import { sampleContainerfile, sampleContext } from '../support/sample.ts';

const repository = 'Nubificus/Redis-Unikernel';
const token = 'ghs_verySecretToken';
const forkRequest: PullRequest = {
  number: 15,
  state: 'open',
  from: 'someone/Redis-Unikernel',
  branch: 'main',
  sha: '55c1f5b2e7d2c2f0d5c1a9a0f5c8d8a07c31b9aa',
  base: 'main',
};

interface Setting {
  readonly registry: Registry;
  readonly issues: Issues;
  readonly server: GithubServer;
  /** What a step of this job has, before its own inputs. */
  readonly options: (event: string, inputs: Readonly<Record<string, string>>) => ActionOptions;
}

async function start(
  test: TestContext,
  permissions: Token['permissions'],
  pulls: readonly PullRequest[] = [],
): Promise<Setting> {
  const registry = await startRegistry();
  test.after(() => registry.close());
  const issues = createIssues(repository, [15]);
  const server = await startGithub(test, {
    routes: [...issues.routes, ...createPulls(repository, pulls)],
    tokens: { [token]: { login: 'github-actions[bot]', permissions } },
  });
  const options = (event: string, inputs: Readonly<Record<string, string>>) => ({
    event,
    inputs: { ...recipeSteps(event.startsWith('workflow-run') ? 'preview-push' : 'preview')[0]?.inputs(), 'github-token': token, ...inputs },
    env: server.environment,
  });
  return { registry, issues, server, options };
}

const write = { 'pull-requests': 'write' } as const;

describe('a step that comments', () => {
  it('keeps one comment for each image of a matrix, and shows the change against the base branch', async (test) => {
    const { registry, issues, options } = await start(test, write);
    const context = sampleContext(test);
    const images = ['one', 'two'].map((name) => `${registry.host}/own/${name}`);
    for (const image of images) {
      await mustRunAction(test, { event: 'push', inputs: { context, image, push: 'true' } });
    }
    writeFileSync(join(context, 'redis.conf'), 'maxmemory 64mb\n'.repeat(1000));
    const urls = [];
    for (const image of [...images, ...images]) {
      const { outputs } = await mustRunAction(test, options('pull-request', { context, image }));
      urls.push(outputs['comment-url'] ?? '');
    }
    assert.deepEqual(urls.slice(2), urls.slice(0, 2));
    assert.equal(new Set(urls).size, 2);
    assert.equal(issues.comments.length, 2);
    for (const [position, { body }] of issues.comments.entries()) {
      assert.ok(body.includes(`nerdctl run --rm --runtime io.containerd.urunc.v2 ${images[position]}:pr-15 \``));
      assert.ok(body.includes('` rumprun ` on ` hvt `'));
      assert.match(body, /\(\+\d+ B, \+\d+\.\d %\)/);
      assert.ok(body.includes(`against \` ${images[position]}:main \``));
    }
  });

  it("pushes and shows a fork's image under the number that GitHub gives", async (test) => {
    const { registry, issues, server, options } = await start(test, write, [forkRequest]);
    const labels = sampleContainerfile.replace('"rumprun"', `'@octocat <img src=x> #1'`);
    const context = sampleContext(test);
    writeFileSync(join(context, 'Containerfile'), labels);
    const build = await mustRunAction(test, { event: 'pull-request-fork', inputs: { context, 'oci-layout': 'layout' } });
    const inputs = { 'from-layout': build.outputs.layout ?? '', image: `${registry.host}/own/app` };
    const { outputs, log } = await mustRunAction(test, options('workflow-run-fork', inputs));
    assert.equal(outputs.image, `${registry.host}/own/app:pr-15`);
    const layout = await openLayout(build.outputs.layout ?? '');
    const [built] = (await layout.readIndex()).manifests;
    assert.ok(built);
    assert.equal(built.digest, build.outputs.digest);
    const pushed = registry.store.repository('own/app').manifests.get(`sha256:${outputs.digest?.slice(7) ?? ''}`);
    const { annotations, ...document } = parseJsonObject(pushed?.bytes ?? Buffer.alloc(0), 'what was pushed');
    const before = parseJsonObject(await readDocument(layout.open(built), 'the layout'), 'what was built');
    const mark = `${server.environment.GITHUB_SERVER_URL ?? ''}/nubificus/redis-unikernel/pull/15`;
    assert.deepEqual(
      { ...document, annotations },
      { ...before, annotations: { ...(isObject(before.annotations) ? before.annotations : {}), 'com.nubificus.bima.pull-request': mark } },
    );
    assert.equal(registry.store.tags('own/app')['pr-15'], outputs.digest);
    assert.equal(issues.comments.length, 1);
    assert.ok(issues.comments[0]?.body.includes('` @octocat <img src=x> #1 ` on ` hvt `'));
    const bare = log.split('\n').filter((line) => line.includes(token) && !line.startsWith('::add-mask::'));
    assert.deepEqual(bare, []);
  });

  it("fails when a fork's pull request has newer commits, and pushes nothing", async (test) => {
    const outdated = { ...forkRequest, sha: '0'.repeat(40) };
    const { registry, issues, options } = await start(test, write, [outdated]);
    const inputs = { 'from-layout': sampleContext(test), image: `${registry.host}/own/app` };
    const { code, annotations } = await runAction(test, options('workflow-run-fork', inputs));
    assert.equal(code, 1);
    assert.match(annotations[0]?.message ?? '', /^GITHUB_NOT_FOUND: no open pull request/);
    assert.deepEqual([registry.requests, issues.comments], [[], []]);
  });

  it('succeeds with a warning when it may not comment', async (test) => {
    const { registry, options } = await start(test, {});
    const inputs = { context: sampleContext(test), image: `${registry.host}/own/app` };
    const { outputs, annotations } = await mustRunAction(test, options('pull-request', inputs));
    assert.equal(outputs.pushed, 'true');
    assert.equal(outputs['comment-url'], undefined);
    assert.equal(annotations.length, 1);
    assert.equal(annotations[0]?.severity, 'warning');
    assert.match(annotations[0].message, /^GITHUB_DENIED: no comment was written: [^]*pull-requests: write/);
  });

  it('asks GitHub nothing when no comment is wanted', async (test) => {
    const { registry, server, options } = await start(test, write);
    const inputs = { context: sampleContext(test), image: `${registry.host}/own/app`, 'pr-comment': 'false' };
    await mustRunAction(test, options('pull-request', inputs));
    assert.deepEqual(server.calls, []);
  });
});

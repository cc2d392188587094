// Where the action pushes to, and where it doesn't, as a runner starts it: every request goes to a registry on loopback.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { mustRunAction, runAction } from '../support/action.ts';
import type { FinishedAction } from '../support/action.ts';
import { createIssues } from '../support/github/issues.ts';
import { startGithub } from '../support/github/server.ts';
import { startRegistry } from '../support/registry.ts';
import type { Registry } from '../support/registry.ts';
import { sampleContext } from '../support/sample.ts';

const image = 'nubificus/redis-unikernel';

interface Site {
  readonly registry: Registry;
  readonly inputs: Readonly<Record<string, string>>;
}

async function start(test: TestContext): Promise<Site> {
  const registry = await startRegistry();
  test.after(() => registry.close());
  return { registry, inputs: { context: sampleContext(test), push: 'true' } };
}

function errorOf({ code, annotations }: FinishedAction): string {
  assert.equal(code, 1);
  return annotations.map(({ message }) => message).join('\n');
}

describe('a step that is told half a name', () => {
  it('pushes a bare tag to the registry that the credentials are for', async (test) => {
    const { registry, inputs } = await start(test);
    const login = { registry: registry.host, username: 'u', password: 'p w' };
    const { outputs } = await mustRunAction(test, { inputs: { ...inputs, ...login, tags: '1' } });
    assert.equal(outputs.tags, `${registry.host}/${image}:1`);
    assert.deepEqual(Object.keys(registry.store.tags(image)), ['1']);
  });

  it('pushes a name with a tag there, too', async (test) => {
    const { registry, inputs } = await start(test);
    const given = { ...inputs, registry: registry.host, tags: 'acme/app:1' };
    const { outputs } = await mustRunAction(test, { inputs: given });
    assert.equal(outputs.tags, `${registry.host}/acme/app:1`);
    assert.deepEqual(Object.keys(registry.store.tags('acme/app')), ['1']);
  });

  const rows: [name: string, tags: string, hint: string][] = [
    ["a branch's name", 'feature/login', 'feature-login'],
    ['what github.ref_name is on a pull request', '7/merge', 'pr-7'],
    ['a name of Docker Hub beside an image elsewhere', 'acme/app:1', 'docker.io/acme/app:1'],
  ];
  for (const [name, tags, hint] of rows) {
    it(`asks nobody, and says how to write ${name}`, async (test) => {
      const { registry, inputs } = await start(test);
      const given = { ...inputs, image: `${registry.host}/acme/app`, tags };
      const finished = await runAction(test, { inputs: given });
      const text = errorOf(finished);
      assert.match(text, /^REFERENCE_INVALID: /);
      assert.ok(text.includes(hint), text);
      assert.equal(finished.outputs.digest, undefined);
      assert.deepEqual(registry.requests, []);
    });
  }

  for (const repository of ['Acme-/app', 'Acme/.github']) {
    it(`asks for the image where the repository is ${repository}`, async (test) => {
      const { inputs } = await start(test);
      const env = { GITHUB_REPOSITORY: repository };
      assert.match(errorOf(await runAction(test, { inputs, env })), /^INPUT_INVALID: expected the input "image"/);
    });
  }
});

describe('a step for an event', () => {
  for (const push of ['true', 'auto']) {
    it(`builds for the merge queue, and pushes only to tags that are given: push ${push}`, async (test) => {
      const { registry, inputs } = await start(test);
      const given = { ...inputs, push, registry: registry.host };
      const { outputs, log } = await mustRunAction(test, { event: 'merge-group', inputs: given });
      assert.equal(outputs.pushed, 'false');
      assert.match(outputs.digest ?? '', /^sha256:/);
      assert.match(log, /^not pushing: this is a build for the merge queue/m);
      assert.deepEqual(registry.requests, []);
      await mustRunAction(test, { event: 'merge-group', inputs: { ...given, tags: 'queue' } });
      assert.deepEqual(Object.keys(registry.store.tags(image)), ['queue']);
    });
  }

  for (const event of ['issue-comment', 'issues', 'delete', 'check-suite']) {
    it(`pushes nothing to main for ${event}`, async (test) => {
      const { registry, inputs } = await start(test);
      const finished = await runAction(test, { event, inputs: { ...inputs, registry: registry.host } });
      assert.match(errorOf(finished), /^INPUT_INVALID: .*is no build of a branch or tag/);
      assert.deepEqual(registry.requests, []);
    });
  }

  for (const branch of ['latest', 'v1.2.3', 'pr-5', `sha256-${'0'.repeat(64)}`]) {
    it(`leaves the tag ${branch.slice(0, 12)} alone in a branch of that name`, async (test) => {
      const { registry, inputs } = await start(test);
      const env = { GITHUB_REF: `refs/heads/${branch}` };
      const finished = await runAction(test, { inputs: { ...inputs, registry: registry.host }, env });
      assert.match(errorOf(finished), /^INPUT_INVALID: .*not the branch "/);
      assert.deepEqual(registry.requests, []);
    });
  }

  it('is about the pull request that is commented on', async (test) => {
    const { registry, inputs } = await start(test);
    const issues = createIssues('Nubificus/Redis-Unikernel', [15]);
    const tokens = { ghs_comment: { login: 'github-actions[bot]', permissions: { 'pull-requests': 'write' } } } as const;
    const server = await startGithub(test, { routes: issues.routes, tokens });
    const given = { ...inputs, registry: registry.host, 'github-token': 'ghs_comment', 'pr-comment': 'true' };
    const { outputs } = await mustRunAction(test, {
      event: 'issue-comment-pull-request',
      inputs: given,
      env: server.environment,
    });
    assert.equal(outputs.tags, `${registry.host}/${image}:pr-15`);
    assert.deepEqual(issues.comments.map(({ issue }) => issue), [15]);
  });
});

// The workflows of the documentation do what their first line says: the steps of this action, with a registry, GitHub's
// API and the service for artifacts on loopback.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { parse } from 'yaml';
import { predicateTypes } from '../../src/core/trust/in-toto-statement.ts';
import { actionBundle, cleanupBundle, mustRunAction } from '../support/action.ts';
import type { FinishedAction } from '../support/action.ts';
import { readEventFixture } from '../support/events.ts';
import { temporaryFolder } from '../support/folder.ts';
import { createIssues } from '../support/github/issues.ts';
import { createPulls } from '../support/github/pulls.ts';
import { createReleases } from '../support/github/releases.ts';
import { startGithub } from '../support/github/server.ts';
import { recipeSteps } from '../support/recipe.ts';
import type { RecipeStep } from '../support/recipe.ts';
import { startRegistry } from '../support/registry.ts';
import type { Registry } from '../support/registry.ts';
import { startResultsServer } from '../support/results-server.ts';
import { sampleContext } from '../support/sample.ts';
import { bundlesAbout } from '../support/signed-image.ts';
import { startSigstore } from '../support/sigstore/sigstore.ts';
import { unlessInstalled } from '../support/tools.ts';

const repository = 'Nubificus/Redis-Unikernel';
const image = 'nubificus/redis-unikernel';

/** The pull request of a fork that the event `workflow-run-fork` doesn't name. */
const forkRequest = {
  number: 15,
  state: 'open',
  from: 'someone/Redis-Unikernel',
  branch: 'main',
  sha: '55c1f5b2e7d2c2f0d5c1a9a0f5c8d8a07c31b9aa',
  base: 'main',
} as const;
const hello = join(import.meta.dirname, '../../examples/hello');

interface Site {
  readonly registry: Registry;
  readonly tags: () => string[];
  readonly comments: () => number;
  readonly assets: () => string[];
  /** What GitHub's API was asked, as `GET /repos/…`. */
  readonly calls: () => readonly string[];
  /** Runs a step of a recipe: its `registry` is the one on loopback, unless a tag names another. */
  readonly run: (recipe: string, event: string, more?: More) => Promise<FinishedAction>;
}

interface More {
  /** Of the workflow; that of the recipes by default. */
  readonly folder?: string;
  readonly step?: number;
  readonly inputs?: Readonly<Record<string, string>>;
  readonly values?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
}

async function start(test: TestContext): Promise<Site> {
  const registry = await startRegistry({ deletes: 'digests' });
  test.after(() => registry.close());
  const issues = createIssues(repository, [15]);
  const releases = createReleases(repository, { tags: ['v1.2.3'] });
  releases.addRelease({ tag: 'v1.2.3', isDraft: true });
  const recipes = readdirSync(join(import.meta.dirname, '../../docs/workflows')).map((file) => file.slice(0, -4));
  const tokenOf = (recipe: string, { permissions }: RecipeStep, step: number) =>
    [`ghs_${recipe}_${step}`, { login: 'github-actions[bot]', permissions }] as const;
  const tokens = [
    ...recipes.flatMap((recipe) => recipeSteps(recipe).map((found, step) => tokenOf(recipe, found, step))),
    ...recipeSteps('image', '.github/workflows').map((found, step) => tokenOf('image', found, step)),
  ];
  const server = await startGithub(test, {
    routes: [...issues.routes, ...releases.routes, ...createPulls(repository, [forkRequest])],
    tokens: Object.fromEntries(tokens),
  });
  const context = sampleContext(test);
  const sigstore = await startSigstore();
  test.after(() => sigstore[Symbol.asyncDispose]());
  const trust = join(temporaryFolder(test), 'trust.json');
  writeFileSync(trust, JSON.stringify(sigstore.trustConfiguration));
  return {
    registry,
    tags: () => Object.keys(registry.store.tags(image)).sort(),
    comments: () => issues.comments.length,
    assets: () => Object.keys(releases.assets),
    calls: () => server.calls,
    run: (recipe, event, { folder, step = 0, inputs = {}, values = {}, env = {} } = {}) => {
      const name = readEventFixture(event).env.GITHUB_EVENT_NAME;
      const known = { "github.event_name == 'push'": String(name === 'push'), ...values };
      const { isCleanup, ...own } = recipeSteps(recipe, folder)[step] ?? assert.fail(`${recipe} has no such step`);
      const written = own.inputs(known);
      const source = isCleanup || written['from-layout'] !== undefined ? {} : { context };
      const common = { ...source, registry: registry.host, 'github-token': `ghs_${recipe}_${step}` };
      // What has the permission gets an identity, and signs with the sigstore on loopback.
      const isSigner = own.permissions['id-token'] === 'write' && written.attest !== undefined;
      const signing = isSigner ? { 'attest-trust-config': trust } : {};
      const identity = isSigner ? sigstore.issuer.environment() : {};
      return mustRunAction(test, {
        event,
        bundle: isCleanup ? cleanupBundle : actionBundle,
        inputs: { ...common, ...written, ...signing, ...inputs },
        env: { ...server.environment, ...identity, ...env },
      });
    },
  };
}

function firstLines(recipe: string): string {
  const text = readFileSync(join(import.meta.dirname, `../../docs/workflows/${recipe}.yml`), 'utf8');
  return text.slice(0, text.indexOf('\nname: '));
}

function partition(items: readonly string[], fits: (item: string) => boolean): [string[], string[]] {
  return [items.filter(fits), items.filter((item) => !fits(item))];
}

/** With one bundle for each kind of statement. */
async function assertSigned({ registry }: Site, digest = ''): Promise<void> {
  const bundles = await bundlesAbout(`${registry.host}/${image}`, digest);
  assert.deepEqual(bundles.map(({ predicateType }) => predicateType).sort(), Object.values(predicateTypes).sort());
}

describe('the recipes', () => {
  const rows: [recipe: string, event: string, tags: string[]][] = [
    ['build-and-push', 'push', ['main']],
    ['build-and-push', 'tag', ['latest', 'v1.2.3']],
    ['build-and-push', 'pull-request', []],
    ['build-and-push', 'pull-request-fork', []],
    ['preview', 'pull-request', ['pr-15']],
    ['preview', 'pull-request-fork', []],
    ['sign', 'tag', ['latest', 'v1.2.3']],
    ['attest', 'tag', ['latest', 'v1.2.3']],
    ['release', 'tag', ['latest', 'v1.2.3']],
  ];
  for (const [recipe, event, tags] of rows) {
    it(`push ${tags.join(' and ') || 'nothing'}: ${recipe}.yml for ${event}`, async (test) => {
      const site = await start(test);
      const { outputs } = await site.run(recipe, event);
      // The bill of materials is listed under a tag that is named after the image.
      const [lists, names] = partition(site.tags(), (tag) => tag.startsWith('sha256-'));
      assert.deepEqual(names, tags);
      assert.equal(lists.length, outputs.sbom === undefined ? 0 : 1);
      assert.equal(outputs.pushed, String(tags.length > 0));
      assert.match(outputs.digest ?? '', /^sha256:/);
      assert.equal(site.comments(), recipe === 'preview' && tags.length > 0 ? 1 : 0);
      assert.equal(site.assets().length, recipe === 'release' ? 2 : 0);
      assert.equal(outputs.sbom !== undefined, recipe === 'release' || recipe === 'attest');
    });
  }

  it('sign with the identity of the workflow: attest.yml', async (test) => {
    const site = await start(test);
    const { outputs } = await site.run('attest', 'tag');
    await assertSigned(site, outputs.digest);
  });

  for (const recipe of ['sign', 'attest']) {
    it(`make what they vouch for, and name exactly who does: ${recipe}.yml`, async (test) => {
      const site = await start(test);
      await site.run('build-and-push', 'tag');
      const again = await site.run('build-and-push', 'tag');
      assert.match(again.log, /, there already$/m);
      const { log } = await site.run(recipe, 'tag');
      assert.doesNotMatch(log, /, there already$/m);
      const identity = /identity https:\/\/github\.com\/<owner>\/<repository>\/\.github\/workflows\/<file>\.yml@refs\/tags\/<tag>/;
      assert.match(firstLines(recipe), identity);
      assert.doesNotMatch(firstLines(recipe), /regexp|--owner/);
    });
  }

  it('sign and push what an earlier job has made: the reusable workflow, with its defaults', async (test) => {
    const site = await start(test);
    const file = join(import.meta.dirname, '../../.github/workflows/image.yml');
    const { on } = parse(readFileSync(file, 'utf8')) as {
      on: { workflow_call: { inputs: Record<string, { default: unknown }> } };
    };
    const defaults = Object.entries(on.workflow_call.inputs).map(
      ([name, { default: value }]) => [`inputs.${name}`, String(value)] as const,
    );
    const secrets = { 'secrets.username': '', 'secrets.password': '' };
    const given = { 'inputs.context': hello, 'inputs.platforms': 'linux/amd64', 'inputs.registry': site.registry.host };
    const values = { ...Object.fromEntries(defaults), ...secrets, ...given };
    const attests = { "inputs.push == 'auto' && 'auto' || 'true'": 'true' };
    const { outputs } = await site.run('image', 'tag', {
      folder: '.github/workflows',
      values: { ...values, ...attests },
    });
    const [lists, names] = partition(site.tags(), (tag) => tag.startsWith('sha256-'));
    assert.deepEqual(names, ['latest', 'v1.2.3']);
    assert.equal(lists.length, 1);
    for (const name of ['sbom', 'provenance', 'bundle-path', 'ref', 'digest', 'image'])
      assert.ok(outputs[name], name);
    await assertSigned(site, outputs.digest);
  });

  it('push an index of all platforms: platforms.yml', async (test) => {
    const site = await start(test);
    const values = {
      'github.ref_name': 'main',
      'github.server_url': 'https://github.com',
      'github.repository': repository,
    };
    const { outputs } = await site.run('platforms', 'push', { values, inputs: { context: hello } });
    const { 'bima.platforms': platforms } = JSON.parse(outputs.metadata ?? '') as Record<string, unknown>;
    assert.deepEqual(platforms, ['linux/amd64', 'linux/arm64']);
    assert.deepEqual(site.tags(), ['main']);
  });

  it('boot the image before they push it: boot-test.yml', { skip: unlessInstalled('qemu-system-x86_64') }, async (test) => {
    const site = await start(test);
    const values = { "github.event_name == 'push'": 'true' };
    const inputs = { context: hello, platforms: 'linux/amd64' };
    const { log } = await site.run('boot-test', 'push', { values, inputs, env: { BIMA_ACCEL: 'tcg' } });
    assert.match(log, /^the image for linux\/amd64 booted on qemu/m);
    assert.deepEqual(site.tags(), ['main']);
  });

  it('merge what the jobs made, and tag it once: matrix-and-merge.yml', async (test) => {
    const site = await start(test);
    await using results = await startResultsServer();
    const layouts = [];
    for (const architecture of ['amd64', 'arm64']) {
      const values = { 'matrix.architecture': architecture };
      const inputs = { context: hello };
      const built = await site.run('matrix-and-merge', 'push', { values, inputs, env: results.environment });
      layouts.push(built.outputs.layout ?? '');
    }
    assert.deepEqual([...results.artifacts.keys()], ['image-amd64', 'image-arm64']);
    assert.deepEqual(site.tags(), []);
    const values = { 'matrix.architecture': '' };
    const inputs = { 'from-layout': layouts.join('\n') };
    const { outputs } = await site.run('matrix-and-merge', 'push', { step: 1, values, inputs });
    const { 'bima.platforms': platforms } = JSON.parse(outputs.metadata ?? '') as Record<string, unknown>;
    assert.deepEqual(platforms, ['linux/amd64', 'linux/arm64']);
    assert.deepEqual(site.tags(), ['main']);
  });

  it('only hand on what a fork has built: preview-build.yml', async (test) => {
    const site = await start(test);
    await using results = await startResultsServer();
    await site.run('preview-build', 'pull-request-fork', { env: results.environment });
    assert.deepEqual([...results.artifacts.keys()], ['preview']);
    assert.deepEqual([site.registry.requests, site.comments()], [[], 0]);
  });

  it("push and remove a fork's preview, for which GitHub is asked once: preview-push.yml, preview-cleanup.yml", async (test) => {
    const site = await start(test);
    await using results = await startResultsServer();
    const built = await site.run('preview-build', 'pull-request-fork', { env: results.environment });
    const inputs = { 'from-layout': built.outputs.layout ?? '' };
    const { outputs } = await site.run('preview-push', 'workflow-run-fork', { inputs });
    assert.equal(outputs.image, `${site.registry.host}/${image}:pr-15`);
    assert.deepEqual([site.tags(), site.comments()], [['pr-15'], 1]);
    const lookups = site.calls().filter((call) => call.startsWith(`GET /repos/${repository}/pulls`));
    assert.equal(lookups.length, 1);
    const cleaned = await site.run('preview-cleanup', 'pull-request-closed');
    assert.deepEqual(JSON.parse(cleaned.outputs.skipped ?? ''), []);
    assert.deepEqual([site.tags(), site.comments()], [[], 0]);
    assert.deepEqual(Object.keys(site.registry.store.repository(image).manifests), []);
  });

  it('take names and labels from docker/metadata-action: metadata.yml', async (test) => {
    const site = await start(test);
    const values = {
      'steps.meta.outputs.tags': `${site.registry.host}/own/app:1.2.3\n${site.registry.host}/own/app:1.2`,
      'steps.meta.outputs.labels': 'org.opencontainers.image.title=app',
      'steps.meta.outputs.annotations': 'manifest:org.opencontainers.image.title=app',
    };
    await site.run('metadata', 'tag', { values });
    assert.deepEqual(Object.keys(site.registry.store.tags('own/app')).sort(), ['1.2', '1.2.3']);
  });

  it('push nothing before the image is booted: containerd.yml', async (test) => {
    const site = await start(test);
    await using results = await startResultsServer();
    const { outputs } = await site.run('containerd', 'push', { env: results.environment });
    assert.equal(outputs.image, 'example.com/unikernel:test');
    assert.deepEqual([...results.artifacts.keys()], ['image']);
    assert.deepEqual(site.registry.requests, []);
  });
});

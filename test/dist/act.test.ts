// The workflows of the documentation, as they are written, on a runner: act, in namespaces of its own (`npm run test:act`).
// Only what isn't of this project is replaced: by the actions and programs in test/fixtures/runner.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { parseDigest } from '../../src/core/oci/digest.ts';
import { skipWithoutAct, startRunner } from '../support/act.ts';
import type { FinishedRun, RunMore } from '../support/act.ts';
import { startContainerd } from '../support/containerd.ts';
import { readTag } from '../support/docker-registry.ts';
import type { RunningServer } from '../support/docker-registry.ts';
import { temporaryFolder } from '../support/folder.ts';
import { createIssues } from '../support/github/issues.ts';
import type { Issues } from '../support/github/issues.ts';
import { createPackages } from '../support/github/packages.ts';
import type { Packages } from '../support/github/packages.ts';
import { createPulls } from '../support/github/pulls.ts';
import { createReleases } from '../support/github/releases.ts';
import type { Releases } from '../support/github/releases.ts';
import { defaultToken, startGithub } from '../support/github/server.ts';
import { createStore } from '../support/registry-store.ts';
import type { RegistryStore } from '../support/registry-store.ts';
import { startSigstore } from '../support/sigstore/sigstore.ts';
import { unlessInstalled, unlessMountingWith } from '../support/tools.ts';

const repository = 'Nubificus/Redis-Unikernel';
const image = 'nubificus/redis-unikernel';
const hello = join(import.meta.dirname, '../../examples/hello');
const digestPattern = /^sha256:[0-9a-f]{64}$/;

/** The pull request of a fork that the event `workflow-run-fork` doesn't name. */
const forkRequest = {
  number: 15,
  state: 'open',
  from: 'someone/Redis-Unikernel',
  branch: 'main',
  sha: '55c1f5b2e7d2c2f0d5c1a9a0f5c8d8a07c31b9aa',
  base: 'main',
} as const;

/** @param recipe the name of one, or the path of another workflow */
type Run = (recipe: string, event: string, more?: RunMore) => Promise<FinishedRun>;

interface Site {
  readonly registry: RunningServer;
  readonly issues: Issues;
  readonly releases: Releases;
  /** GitHub's list of what is in the registry, which a test fills. */
  readonly packages: Packages;
  readonly store: RegistryStore;
  /** Runs a workflow to its end, which must be a success. */
  readonly run: Run;
  readonly tryToRun: Run;
}

const makefile = 'all:\n\tcp kernels/hello-* .\n\tcp kernels/hello-amd64 app.elf\n';

const containerfile = readFileSync(join(hello, 'Containerfile'), 'utf8');
const withVersion = { Containerfile: containerfile.replace('FROM scratch', 'FROM scratch\nARG VERSION') };

async function start(
  test: TestContext,
  files: Readonly<Record<string, string>> = {},
  defaults: Readonly<Record<string, string>> = {},
): Promise<Site> {
  const issues = createIssues(repository, [15]);
  const releases = createReleases(repository, { tags: ['v1.2.3'] });
  releases.addRelease({ tag: 'v1.2.3', isDraft: true });
  const store = createStore();
  const [owner = '', name = ''] = image.split('/');
  const packages = createPackages({ owner, name, kind: 'orgs', store });
  const github = await startGithub(test, {
    routes: [
      ...issues.routes,
      ...releases.routes,
      ...packages.routes,
      ...createPulls(repository, [forkRequest]),
    ],
  });
  const { registry, run } = await startRunner(test, {
    files: {
      Containerfile: containerfile,
      Makefile: makefile,
      'kernels/hello-amd64': readFileSync(join(hello, 'hello-amd64')),
      'kernels/hello-arm64': readFileSync(join(hello, 'hello-arm64')),
      ...files,
    },
    token: defaultToken,
    defaults,
    env: { ...github.environment, GITHUB_GRAPHQL_URL: `${github.apiUrl}/graphql` },
  });
  const tryToRun: Run = (recipe, event, more) =>
    run(recipe.endsWith('.yml') ? recipe : `docs/workflows/${recipe}.yml`, event, more);
  const mustRun: Run = async (...args) => {
    const finished = await tryToRun(...args);
    assert.equal(finished.code, 0, finished.log);
    return finished;
  };
  return { registry, issues, releases, packages, store, run: mustRun, tryToRun };
}

/** With sigstore's stand-ins: a workflow of the documentation leaves nobody a choice of whom to sign with. */
async function startSigning(test: TestContext, files: Readonly<Record<string, string>> = {}) {
  const sigstore = await startSigstore();
  test.after(() => sigstore[Symbol.asyncDispose]());
  const trust = join(temporaryFolder(test), 'trust.json');
  writeFileSync(trust, JSON.stringify(sigstore.trustConfiguration));
  const site = await start(test, files, { 'attest-trust-config': trust });
  const signAndRun = (recipe: string, event: string) =>
    site.run(recipe, event, { env: sigstore.issuer.environment() });
  return { ...site, signAndRun };
}

/** The tags of the image, without those that list what is attached to one. */
function tagsOf({ folder }: RunningServer, name = image): string[] {
  const tags = join(folder, 'data/docker/registry/v2/repositories', name, '_manifests/tags');
  try {
    return readdirSync(tags)
      .filter((tag) => !tag.startsWith('sha256-'))
      .sort();
  } catch {
    return [];
  }
}

/** What the bundles say that are attached to a tag's image, sorted: from the registry's files, by the tag that lists them. */
function predicatesAbout(registry: RunningServer, tag: string): (string | undefined)[] {
  const list = readTag(registry, image, (readTag(registry, image, tag) ?? '').replace(':', '-')) ?? '';
  const hex = list.slice('sha256:'.length);
  const blob = join(registry.folder, 'data/docker/registry/v2/blobs/sha256', hex.slice(0, 2), hex, 'data');
  const { manifests } = JSON.parse(readFileSync(blob, 'utf8')) as {
    manifests: { annotations?: Readonly<Record<string, string>> }[];
  };
  return manifests
    .map(({ annotations }) => annotations?.['dev.sigstore.bundle.predicateType'])
    .filter((type) => type !== undefined)
    .sort();
}

describe('the workflows of the documentation, under act', { skip: skipWithoutAct }, () => {
  it('build-and-push: a push, with outputs, a summary and a post step', async (test) => {
    const { registry, run } = await start(test);
    const { outputs, summaries, annotations, calls, log } = await run('build-and-push', 'push');
    assert.deepEqual(tagsOf(registry), ['main']);
    const { digest = '', ref = '', pushed, version } = outputs('image');
    assert.match(digest, digestPattern);
    assert.equal(ref, `ghcr.io/${image}@${digest}`);
    assert.deepEqual([pushed, version], ['true', 'main']);
    assert.match(log, new RegExp(`^The image is ${ref}$`, 'm'));
    assert.equal(summaries.length, 1);
    assert.match(summaries[0] ?? '', new RegExp(digest.slice('sha256:'.length)));
    assert.deepEqual(annotations, []);
    assert.deepEqual(calls, ['action.cjs leaves 1', 'post.cjs leaves 0']);
  });

  it('build-and-push: an error that says where, no tag, and a post step all the same', async (test) => {
    const { registry, tryToRun } = await start(test, { Containerfile: 'FROM scratch\nCOPY missing /x\n' });
    const { code, annotations, summaries, calls } = await tryToRun('build-and-push', 'push');
    assert.equal(code, 1);
    const found = annotations.find(({ message }) => message.startsWith('CONTEXT_PATH: '));
    assert.deepEqual([found?.severity, found?.file], ['error', 'Containerfile']);
    assert.match(summaries[0] ?? '', /^\*\*No image\*\*/);
    assert.deepEqual(tagsOf(registry), []);
    assert.deepEqual(calls, ['action.cjs leaves 1', 'post.cjs leaves 0']);
  });

  const rows: [recipe: string, event: string, tags: string[]][] = [
    ['build-and-push', 'tag', ['latest', 'v1.2.3']],
    ['build-and-push', 'pull-request', []],
    ['build-and-push', 'pull-request-fork', []],
    ['platforms', 'push', ['main']],
    ['preview', 'pull-request', ['pr-15']],
    ['preview', 'pull-request-fork', []],
  ];
  for (const [recipe, event, tags] of rows) {
    it(`${recipe}: ${tags.join(' and ') || 'no tag'} for ${event}`, async (test) => {
      const { registry, issues, run } = await start(test, recipe === 'platforms' ? withVersion : {});
      const { annotations } = await run(recipe, event);
      assert.deepEqual(tagsOf(registry), tags);
      assert.equal(issues.comments.length, recipe === 'preview' && tags.length > 0 ? 1 : 0);
      assert.deepEqual(annotations, []);
    });
  }

  it('sign: cosign is given what was pushed, by digest', async (test) => {
    const { registry, run } = await start(test);
    const { outputs, calls } = await run('sign', 'tag');
    assert.deepEqual(tagsOf(registry), ['latest', 'v1.2.3']);
    assert.ok(calls.includes(`cosign sign --yes ${outputs('image').ref}`), calls.join('\n'));
  });

  it('attest: signed, with where it comes from and its bill of materials', async (test) => {
    const { registry, signAndRun } = await startSigning(test);
    const { calls } = await signAndRun('attest', 'tag');
    assert.deepEqual(tagsOf(registry), ['latest', 'v1.2.3']);
    assert.deepEqual(predicatesAbout(registry, 'v1.2.3'), [
      'https://sigstore.dev/cosign/sign/v1',
      'https://slsa.dev/provenance/v1',
      'https://spdx.dev/Document',
    ]);
    assert.equal(calls.at(-1), 'post.cjs leaves 0');
  });

  it('metadata: to Docker Hub, by a login that another action left', async (test) => {
    const { registry, run } = await start(test);
    await run('metadata', 'tag');
    assert.deepEqual(tagsOf(registry), ['1.2', '1.2.3']);
  });

  it('release: assets first, then published as the latest', async (test) => {
    const { registry, releases, run } = await start(test);
    const { calls } = await run('release', 'tag');
    assert.deepEqual(tagsOf(registry), ['latest', 'v1.2.3']);
    assert.equal(Object.keys(releases.assets).length, 2);
    const edit = 'gh release edit v1.2.3 --draft=false --prerelease=false --latest=true';
    assert.equal(calls.filter((call) => call.startsWith('gh ')).at(-1), edit);
  });

  it('boot-test: boots before it pushes', { skip: unlessInstalled('qemu-system-x86_64') }, async (test) => {
    const { registry, run } = await start(test);
    const { log } = await run('boot-test', 'push', { env: { BIMA_ACCEL: 'tcg' } });
    assert.match(log, /^the image for linux\/amd64 booted on qemu/m);
    assert.deepEqual(tagsOf(registry), ['main']);
  });
});

describe('workflows of several jobs, under act', { skip: skipWithoutAct }, () => {
  it('matrix-and-merge: an index of what the jobs of a matrix uploaded', async (test) => {
    const { registry, run } = await start(test);
    const { outputs } = await run('matrix-and-merge', 'push');
    assert.deepEqual(tagsOf(registry), ['main']);
    const { metadata = '' } = outputs('1');
    const { 'bima.platforms': platforms } = JSON.parse(metadata) as Record<string, unknown>;
    assert.deepEqual(platforms, ['linux/amd64', 'linux/arm64']);
  });

  it("preview-build, preview-push, preview-cleanup: a fork's image until the end of its pull request", async (test) => {
    const site = await start(test);
    const { registry, issues, store, packages } = site;
    // The run that the event of the next workflow names.
    await site.run('preview-build', 'pull-request-fork', { env: { GITHUB_RUN_ID: '2188815000' } });
    assert.deepEqual([tagsOf(registry), issues.comments], [[], []]);
    const { outputs } = await site.run('preview-push', 'workflow-run-fork');
    const { digest = '' } = outputs('1');
    assert.deepEqual([tagsOf(registry), issues.comments.length], [['pr-15'], 1]);
    const main = await site.run('build-and-push', 'push');
    // GitHub's list of the package.
    const { manifests, tags } = store.repository(image);
    for (const [tag, text] of [['main', main.outputs('image').digest ?? ''], ['pr-15', digest]] as const) {
      manifests.set(parseDigest(text), { mediaType: 'application/json', bytes: Buffer.alloc(0) });
      tags.set(tag, parseDigest(text));
    }
    const cleaned = await site.run('preview-cleanup', 'pull-request-closed');
    assert.equal(issues.comments.length, 0, cleaned.log);
    assert.deepEqual(packages.versions().map((version) => version.tags), [['main']], cleaned.log);
    assert.match(cleaned.outputs('0').deleted ?? '', /pr-15/);
  });

  it('containerd: built on one machine, in the containerd of another', { skip: unlessMountingWith('ctr') }, async (test) => {
    const { registry, run } = await start(test);
    const { ctr, address } = await startContainerd(test);
    const { calls } = await run('containerd', 'push', { env: { CONTAINERD_ADDRESS: address } });
    assert.match(await ctr('image', 'ls', '-q'), /^example\.com\/unikernel:test$/m);
    const nerdctl = 'nerdctl run --rm --runtime io.containerd.urunc.v2 example.com/unikernel:test';
    assert.ok(calls.includes(nerdctl), calls.join('\n'));
    assert.deepEqual(tagsOf(registry), []);
  });

  it("reusable: the project's own workflow, with what the job before it made", async (test) => {
    const files = { Containerfile: containerfile.replace(/hello-\S+/, 'app.elf') };
    const { registry, signAndRun } = await startSigning(test, files);
    const { outputs } = await signAndRun('reusable', 'tag');
    assert.deepEqual(tagsOf(registry), ['latest', 'v1.2.3']);
    for (const name of ['sbom', 'provenance', 'bundle-path', 'ref', 'digest', 'image']) assert.ok(outputs('image')[name], name);
  });
});

describe('every recipe', () => {
  it('is run by this suite', () => {
    const suite = readFileSync(import.meta.filename, 'utf8');
    const recipes = readdirSync(join(import.meta.dirname, '../../docs/workflows')).map((file) => file.slice(0, -4));
    const missing = recipes.filter((recipe) => !suite.includes(`'${recipe}'`));
    assert.deepEqual(missing, []);
  });
});

describe('the other actions, under act', { skip: skipWithoutAct }, () => {
  it('setup: bima on the PATH of the steps after it', async (test) => {
    const { run } = await start(test);
    const { log, outputs } = await run('test/fixtures/runner/setup.yml', 'push');
    const { version = '' } = outputs('bima');
    assert.match(version, /^\d+\.\d+\.\d+/);
    assert.ok(log.split('\n').includes(`bima version ${version}`), log);
  });
});

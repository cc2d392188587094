// The committed bundle of the cleanup, started as a runner starts it: where ghcr.io and GitHub's API are servers of the
// test over the same content, and against Debian's docker-registry.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { parse } from 'yaml';
import type { CleanupRecord } from '../../src/usecases/cleanup/cleanup.ts';
import { markerOf } from '../../src/adapters/github/comment.ts';
import type { Digest } from '../../src/core/oci/digest.ts';
import { cleanupBundle, mustRunAction, runAction } from '../support/action.ts';
import type { ActionOptions, FinishedAction } from '../support/action.ts';
import { makeAuthority, makeServerCertificate } from '../support/certificates.ts';
import { startConnectProxy } from '../support/connect-proxy.ts';
import { readTag, startDockerRegistry } from '../support/docker-registry.ts';
import { temporaryFolder } from '../support/folder.ts';
import { createIssues } from '../support/github/issues.ts';
import type { Issues } from '../support/github/issues.ts';
import { createPackages } from '../support/github/packages.ts';
import type { Packages } from '../support/github/packages.ts';
import { markedFor } from '../usecases/cleanup/scene.ts';
import { createPulls } from '../support/github/pulls.ts';
import { defaultToken, problem, startGithub } from '../support/github/server.ts';
import type { GithubServer } from '../support/github/server.ts';
import { startRegistry } from '../support/registry.ts';
import type { Registry } from '../support/registry.ts';
import { createStore } from '../support/registry-store.ts';
import type { RegistryStore } from '../support/registry-store.ts';
import { sampleContext } from '../support/sample.ts';
import { sampleImage, storeImage, writeSampleLayout } from '../support/sample-image.ts';
import { basicAuth } from '../support/token-server.ts';
import { unlessInstalled } from '../support/tools.ts';

const repository = 'Nubificus/Redis-Unikernel';
const name = 'nubificus/redis-unikernel';
const event = 'pull-request-closed';

interface Ghcr {
  readonly content: RegistryStore;
  readonly registry: Registry;
  readonly github: GithubServer;
  readonly issues: Issues;
  /** The page of a pull request. */
  readonly mark: (number: number) => string;
  readonly packages: Packages;
  readonly clean: (options?: Partial<ActionOptions>) => Promise<FinishedAction>;
}

/** ghcr.io over TLS behind a proxy, as far as the step can tell. */
async function startGhcr(test: TestContext, pushed?: string): Promise<Ghcr> {
  const folder = temporaryFolder(test);
  const authority = makeAuthority(folder);
  const tls = makeServerCertificate(folder, authority, { names: 'DNS:ghcr.io' });
  const content = createStore();
  const auth = basicAuth('maria', defaultToken);
  const registry = await startRegistry({ store: content, tls, auth });
  const proxy = await startConnectProxy({ hosts: { 'ghcr.io:443': Number(new URL(registry.origin).port) } });
  const packages = createPackages({
    owner: 'nubificus',
    kind: 'orgs',
    name: 'redis-unikernel',
    store: content,
    ...(pushed === undefined ? {} : { date: pushed }),
  });
  const request = { number: 15, state: 'closed', branch: 'main', sha: '0'.repeat(40), base: 'main' } as const;
  const pulls = createPulls(repository, [{ ...request, from: repository }]);
  const others = createPackages({ owner: 'maria', kind: 'users', name: 'other' });
  const issues = createIssues(repository, [15]);
  const github = await startGithub(test, { routes: [...packages.routes, ...others.routes, ...issues.routes, ...pulls] });
  test.after(() => Promise.all([registry.close(), proxy.close()]));
  return {
    content,
    registry,
    github,
    issues,
    packages,
    mark: (number) => `${github.environment.GITHUB_SERVER_URL ?? ''}/${name}/pull/${number}`,
    clean: ({ inputs, ...more } = {}) =>
      runAction(test, {
        bundle: cleanupBundle,
        event,
        inputs: { 'github-token': defaultToken, ...inputs },
        env: {
          ...github.environment,
          HTTPS_PROXY: proxy.origin,
          NODE_EXTRA_CA_CERTS: authority.certFile,
          NODE_OPTIONS: '',
        },
        ...more,
      }),
  };
}

/** As main pushes it. */
function add(content: RegistryStore, seed: string, ...tags: readonly string[]): Digest {
  return addMarked(content, seed, undefined, ...tags);
}

/** @param mark the page of the pull request whose preview it is */
function addMarked(
  content: RegistryStore,
  seed: string,
  mark: string | undefined,
  ...tags: readonly string[]
): Digest {
  const annotations = markedFor(mark);
  const image = sampleImage({ seed, layers: [100], annotations });
  storeImage(content, name, image);
  for (const tag of tags) content.repository(name).tags.set(tag, image.root.digest);
  return image.root.digest;
}

function records(text: string | undefined): CleanupRecord[] {
  return JSON.parse(text ?? '') as CleanupRecord[];
}

function assertDone(finished: FinishedAction): void {
  assert.equal(finished.code, 0, finished.log);
}

describe('the step that cleans up', { skip: unlessInstalled('openssl') }, () => {
  it('leaves the image of another pull request with the same content', async (test) => {
    const { content, registry, mark, clean } = await startGhcr(test);
    const shared = addMarked(content, 'shared', mark(15), 'pr-15', 'pr-16');
    const finished = await clean();
    assertDone(finished);
    assert.deepEqual(content.tags(name), { 'pr-16': shared });
    assert.ok(content.pull(name, 'pr-16').length > 1);
    assert.deepEqual([...content.repository(name).manifests.keys()], [shared]);
    assert.deepEqual(records(finished.outputs.deleted).map(({ tags }) => tags), [['pr-15']]);
    assert.match(records(finished.outputs.skipped)[0]?.why ?? '', /tag "pr-16" needs it/);
    assert.equal(registry.count('DELETE', /./), 0);
    registry.assertRules();
  });

  it('takes the tag alone from an older build of main that a pull request reproduces', async (test) => {
    const { content, mark, clean } = await startGhcr(test);
    const older = add(content, 'older', 'pr-15');
    add(content, 'newer', 'main');
    const listed = addMarked(content, 'listed', mark(15), 'pr-15-arm64');
    const finished = await clean({ inputs: { tags: 'pr-15 pr-15-arm64' } });
    assertDone(finished);
    assert.deepEqual(Object.keys(content.tags(name)), ['main']);
    assert.ok(content.repository(name).manifests.has(older));
    assert.ok(!content.repository(name).manifests.has(listed));
    assert.match(records(finished.outputs.skipped)[0]?.why ?? '', /nothing shows/);
  });

  it('deletes nothing older than the pull request, whatever its mark says', async (test) => {
    const { content, mark, clean } = await startGhcr(test, '2024-05-01T09:59:59Z');
    const older = addMarked(content, 'older', mark(15), 'pr-15');
    add(content, 'latest', 'latest');
    const finished = await clean();
    assertDone(finished);
    assert.deepEqual(Object.keys(content.tags(name)), ['latest']);
    assert.ok(content.repository(name).manifests.has(older));
    assert.match(records(finished.outputs.skipped)[0]?.why ?? '', /older than the pull request/);
  });

  for (const isKnown of [true, false]) {
    it(`asks when a pull request was opened that the event isn't about, ${isKnown ? 'and' : 'in vain'}`, async (test) => {
      const { content, github, mark, clean } = await startGhcr(test);
      const closed = addMarked(content, 'closed', mark(15), 'pr-15');
      add(content, 'latest', 'latest');
      if (!isKnown) {
        const reply = problem(403, 'Resource not accessible by integration');
        github.addFault({ method: 'GET', path: '/pulls/15', reply });
      }
      const finished = await clean({ event: 'workflow-dispatch', inputs: { tags: 'pr-15' } });
      assertDone(finished);
      assert.deepEqual(Object.keys(content.tags(name)), ['latest']);
      assert.equal(content.repository(name).manifests.has(closed), !isKnown);
      if (!isKnown) assert.match(finished.annotations[0]?.message ?? '', /only its tags go.*\n.*pull-requests: read/s);
    });
  }

  it('removes image and comment, and says so', async (test) => {
    const { content, issues, mark, clean } = await startGhcr(test);
    add(content, 'latest', 'latest');
    const closed = addMarked(content, 'closed', mark(15), 'pr-15');
    issues.addComment(15, 'github-actions[bot]', `${markerOf(`ghcr.io/${name}`)}\ntext`);
    const theirs = issues.addComment(15, 'maria', `${markerOf(`ghcr.io/${name}`)}\ntext`);
    const finished = await clean({ inputs: { 'delete-comment': 'true' } });
    assertDone(finished);
    assert.deepEqual(Object.keys(content.tags(name)), ['latest']);
    assert.deepEqual(issues.comments, [theirs]);
    const { outputs, summary, log, annotations, commands } = finished;
    assert.deepEqual(records(outputs.deleted), [{ name: `ghcr.io/${name}`, digest: closed, tags: ['pr-15'] }]);
    assert.deepEqual(records(outputs.skipped), []);
    assert.match(log, /^bima \d/m);
    assert.match(summary, new RegExp(`deleted .*${closed.slice(7, 19)}`));
    assert.deepEqual(annotations, []);
    const shown = log.replaceAll(/^::add-mask::.*$/gm, '');
    assert.ok(!shown.includes(defaultToken));
    assert.ok(commands.some((command) => command.name === 'add-mask' && command.data === defaultToken));
  });

  it('only looks, when told so', async (test) => {
    const { content, github, issues, mark, clean } = await startGhcr(test);
    add(content, 'latest', 'latest');
    addMarked(content, 'closed', mark(15), 'pr-15');
    issues.addComment(15, 'github-actions[bot]', `${markerOf(`ghcr.io/${name}`)}\ntext`);
    const before = content.tags(name);
    const finished = await clean({ inputs: { 'dry-run': 'true', 'delete-comment': 'true', summary: 'false' } });
    assertDone(finished);
    assert.deepEqual(content.tags(name), before);
    assert.equal(records(finished.outputs.deleted).length, 1);
    assert.ok(github.calls.every((call) => call.startsWith('GET ')));
    assert.equal(finished.summary, '');
  });

  it('fails and deletes nothing when a manifest is not what its digest says', async (test) => {
    const { content, github, clean } = await startGhcr(test);
    const other = add(content, 'other', 'other');
    add(content, 'closed', 'pr-15');
    content.repository(name).manifests.set(other, { mediaType: 'application/json', bytes: Buffer.from('{}') });
    const finished = await clean();
    assert.equal(finished.code, 1);
    assert.match(finished.annotations[0]?.message ?? '', /^CLEANUP_UNSAFE: .*\nNothing is deleted/);
    assert.equal(finished.outputs.deleted, '[]');
    assert.ok(github.calls.every((call) => call.startsWith('GET ')));
  });

  it('warns where there is no package', async (test) => {
    const { clean } = await startGhcr(test);
    const finished = await clean();
    assertDone(finished);
    assert.match(finished.annotations[0]?.message ?? '', /^GITHUB_NOT_FOUND: .*\n.*role Admin/);
    assert.deepEqual(
      records(finished.outputs.skipped).map(({ tags }) => tags),
      [['pr-15']],
    );
  });

  const refused: readonly (readonly [title: string, inputs: Record<string, string>, message: RegExp])[] = [
    ['latest', { tags: 'latest' }, /"latest", which is what everybody gets/],
    ['a version', { tags: 'v1.2' }, /"v1.2", which is a version/],
    ['the default branch', { tags: 'pr-15 main' }, /"main", which is the default branch's/],
    ['a signature', { tags: `sha256-${'0'.repeat(64)}.sig` }, /of signatures/],
    ['no boolean', { 'dry-run': 'maybe' }, /"dry-run"/],
    ['an image with a tag', { image: 'ghcr.io/a/b:c' }, /"image"/],
    ['a name without an owner', { image: 'ghcr.io/app' }, /<owner>\/<name>/],
  ];
  for (const [title, inputs, message] of refused) {
    it(`refuses ${title}`, async (test) => {
      const finished = await runAction(test, { bundle: cleanupBundle, event, inputs });
      assert.equal(finished.code, 1);
      assert.match(finished.annotations[0]?.message ?? '', /^INPUT_INVALID/);
      assert.match(finished.annotations[0]?.message ?? '', message);
    });
  }

  for (const other of ['pull-request', 'push', 'workflow-dispatch']) {
    it(`wants tags for the event ${other}`, async (test) => {
      const finished = await runAction(test, { bundle: cleanupBundle, event: other });
      assert.equal(finished.code, 1);
      assert.match(finished.annotations[0]?.message ?? '', /expected the input "tags".*\n.*types: \[closed\]/);
    });
  }

  it('sets the outputs that its file declares', async (test) => {
    const { content, clean } = await startGhcr(test);
    add(content, 'latest', 'latest');
    const { outputs } = await clean();
    const declared = parse(readFileSync('cleanup/action.yml', 'utf8')) as { outputs: Record<string, unknown> };
    assert.deepEqual(Object.keys(outputs).sort(), Object.keys(declared.outputs).sort());
  });
});

describe('the step that cleans up docker-registry', { skip: unlessInstalled('docker-registry', 'skopeo') }, () => {
  it('takes the tags that are given, and leaves what other tags need', async (test) => {
    await using registry = await startDockerRegistry({ basic: { name: 'robot', password: 'correct horse' } });
    const login = ['--dest-creds', 'robot:correct horse', '--dest-tls-verify=false'];
    const image = `${registry.host}/team/app`;
    const sample = sampleImage();
    const annotations = markedFor('https://github.com/nubificus/redis-unikernel/pull/7');
    const own = sampleImage({ seed: 'own', annotations });
    for (const tag of ['pr-5', 'pr-6', 'pr-7', 'latest']) {
      const folder = join(temporaryFolder(test), 'layout');
      writeSampleLayout(folder, { latest: sampleImage({ seed: 'latest' }), 'pr-7': own }[tag] ?? sample, tag);
      execFileSync('skopeo', ['copy', '--quiet', ...login, `oci:${folder}:${tag}`, `docker://${image}:${tag}`]);
    }
    const inputs = { image, username: 'robot', password: 'correct horse' };
    const finished = await runAction(test, {
      bundle: cleanupBundle,
      event: 'workflow-dispatch',
      inputs: { ...inputs, tags: 'pr-5' },
    });
    assertDone(finished);
    assert.equal(readTag(registry, 'team/app', 'pr-5'), undefined);
    assert.equal(readTag(registry, 'team/app', 'pr-6'), sample.root.digest);
    const from = ['--src-creds', 'robot:correct horse', '--src-tls-verify=false'];
    for (const tag of ['pr-6', 'latest']) {
      const to = join(temporaryFolder(test), 'copy');
      execFileSync('skopeo', ['copy', '--quiet', ...from, `docker://${image}:${tag}`, `dir:${to}`]);
    }
    const all = await runAction(test, {
      bundle: cleanupBundle,
      inputs: { ...inputs, tags: 'pr-6, pr-7, latest', 'allow-protected': 'true' },
    });
    assertDone(all);
    const deleted = records(all.outputs.deleted);
    assert.deepEqual(
      deleted.map(({ tags, why }) => [tags, why?.replace(/:.*/, '')]),
      [
        [['latest'], 'only the tag'],
        [['pr-6'], 'only the tag'],
        [['pr-7'], undefined],
      ],
    );
    assert.deepEqual(['pr-6', 'pr-7', 'latest'].map((tag) => readTag(registry, 'team/app', tag)), Array(3).fill(undefined));
    const inspect = (digest: Digest) =>
      execFileSync('skopeo', ['inspect', '--raw', '--creds', 'robot:correct horse', '--tls-verify=false', `docker://${image}@${digest}`], { stdio: 'pipe' });
    assert.ok(inspect(sample.root.digest).length > 0);
    assert.throws(() => inspect(own.root.digest), /manifest unknown/);
    assert.ok(!all.log.replaceAll(/^::add-mask::.*$/gm, '').includes('correct horse'));
  });
});

describe('a preview that is pushed and cleaned up', () => {
  it('leaves what main has made of the same files, before and after', async (test) => {
    await using registry = await startRegistry({ deletes: 'digests' });
    const { store } = registry;
    const image = `${registry.host}/own/app`;
    const context = sampleContext(test);
    const push = async (from: string, tags?: string) => {
      const given = tags === undefined ? {} : { tags };
      const inputs = { context, image, push: 'true', ...given };
      const { outputs } = await mustRunAction(test, { event: from, inputs });
      return outputs.digest ?? '';
    };
    const before = await push('push');
    const preview = await push('pull-request');
    const leg = await push('pull-request', 'pr-15-amd64 pr-15');
    const after = await push('push', 'v1');
    assert.equal(before, after);
    assert.equal(preview, leg);
    assert.notEqual(preview, before);
    // As if both were deployed by their digest, and nobody but the pull request had tags.
    for (const tag of ['main', 'v1']) store.repository('own/app').tags.delete(tag);
    const finished = await mustRunAction(test, {
      bundle: cleanupBundle,
      event,
      inputs: { image, tags: 'pr-15 pr-15-amd64' },
    });
    assert.deepEqual([...store.repository('own/app').manifests.keys()], [before]);
    assert.deepEqual(store.tags('own/app'), {});
    assert.deepEqual(
      records(finished.outputs.deleted).map(({ digest, tags }) => [digest, tags]),
      [[preview, ['pr-15', 'pr-15-amd64']]],
    );
    registry.assertRules();
  });

  it('never was one when the pull request was merged', async (test) => {
    await using registry = await startRegistry();
    const context = sampleContext(test);
    const inputs = { context, image: `${registry.host}/own/app`, push: 'true', tags: 'v1' };
    const digests = [];
    for (const from of ['push', event]) {
      digests.push((await mustRunAction(test, { event: from, inputs })).outputs.digest);
    }
    assert.equal(digests[0], digests[1]);
  });

  for (const from of ['pull-request', 'workflow-run-pull-request'] as const) {
    it(`adds nothing to the image of somebody else, on ${from}`, async (test) => {
      await using registry = await startRegistry();
      const { store } = registry;
      const main = sampleImage({ seed: 'main' });
      storeImage(store, 'own/app', main, 'main');
      const before = [...store.repository('own/app').manifests.keys()];
      const folder = join(temporaryFolder(test), 'layout');
      writeSampleLayout(folder, sampleImage({ architectures: ['amd64', 'arm64'], subject: main.root }), 'sbom');
      const inputs = { 'from-layout': folder, image: `${registry.host}/own/app`, push: 'true', tags: 'pr-15' };
      const finished = await runAction(test, { event: from, inputs });
      assert.equal(finished.code, 1);
      assert.match(finished.annotations[0]?.message ?? '', /expected the subject of "sha256:.*in the image of the pull request/);
      assert.deepEqual(store.tags('own/app'), { main: main.root.digest });
      assert.deepEqual([...store.repository('own/app').manifests.keys()], before);
    });
  }
});

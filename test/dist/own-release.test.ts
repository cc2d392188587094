// A release of bima itself, as pushing a tag makes it: the steps of release.yml, with GitHub's programs replaced by ones that
// say what they were asked. A release candidate is one like any other, and moves neither `v1` nor `latest`.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { parse } from 'yaml';
import { predicateTypes } from '../../src/core/trust/in-toto-statement.ts';
import { mustRunAction } from '../support/action.ts';
import { indexLayout } from '../support/base-image.ts';
import { readEventFixture } from '../support/events.ts';
import { temporaryFolder } from '../support/folder.ts';
import { createReleases } from '../support/github/releases.ts';
import { defaultToken, startGithub } from '../support/github/server.ts';
import { recipeSteps } from '../support/recipe.ts';
import { startRegistry } from '../support/registry.ts';
import { bundlesAbout } from '../support/signed-image.ts';
import { startSigstore } from '../support/sigstore/sigstore.ts';

const root = resolve(import.meta.dirname, '../..');
const skip = process.platform === 'win32' && 'needs a shell';

interface Step {
  readonly name?: string;
  readonly run?: string;
  readonly if?: string;
}

const { on, jobs } = parse(readFileSync(join(root, '.github/workflows/release.yml'), 'utf8')) as {
  readonly on: { readonly push: { readonly tags: readonly string[] } };
  readonly jobs: Readonly<Record<string, { readonly needs?: string | string[]; readonly steps: readonly Step[] }>>;
};
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

function scriptOf(job: string, name: RegExp): string {
  const step = jobs[job]?.steps.find((found) => name.test(found.name ?? found.run ?? ''));
  return step?.run ?? assert.fail(`${job} has no step ${String(name)}`);
}

/** GitHub's pattern: a set and its repetition as in regular expressions, `*` for all but a slash. */
function matches(pattern: string, tag: string): boolean {
  const expression = pattern.replaceAll('.', '\\.').replace(/\*$/, '[^/]*');
  return new RegExp(`^${expression}$`).test(tag);
}

/** Runs a script as a step does, in a folder; what `gh` and `npm` are asked is printed. */
function runStep(script: string, cwd: string, tag: string) {
  const fakes = 'gh() { echo "gh $*"; }; npm() { echo "npm $*"; }';
  const env = { ...process.env, TAG: tag, GITHUB_REPOSITORY: 'nubificus/bima-action', GITHUB_SHA: 'c0ffee' };
  return spawnSync('bash', ['-e', '-o', 'pipefail', '-c', `${fakes}\n${script}`], { cwd, env, encoding: 'utf8' });
}

/** A checkout as far as the steps look into it, with what earlier jobs have handed over. */
function checkout(test: TestContext): string {
  const folder = temporaryFolder(test);
  for (const name of ['dist', 'scripts', 'setup', 'cleanup', 'action.yml', 'package.json'])
    cpSync(join(root, name), join(folder, name), { recursive: true });
  cpSync(join(root, 'dist'), join(folder, 'rebuilt'), { recursive: true });
  mkdirSync(join(folder, 'image'));
  writeFileSync(join(folder, 'image/bima-image.oci.tar'), 'archive');
  return folder;
}

/** The files that a runner runs, and those that say so. */
function filesOfRunner(): string[] {
  return ['.', 'setup', 'cleanup'].flatMap((folder) => {
    const file = join(folder, 'action.yml');
    const { runs } = parse(readFileSync(join(root, file), 'utf8')) as { runs: { main: string; pre?: string; post?: string } };
    const run = [runs.main, runs.pre, runs.post].filter((path) => path !== undefined);
    return [file, ...run.map((path) => join(folder, path))];
  });
}

describe('release.yml', { skip }, () => {
  it('starts for versions and release candidates, and for no other tag', () => {
    const starts = (tag: string) => on.push.tags.some((pattern) => matches(pattern, tag));
    for (const tag of ['v1.0.0', 'v1.0.0-rc.1', 'v10.20.30', `v${version}`]) assert.ok(starts(tag), tag);
    for (const tag of ['v1', 'v1.0', 'main', '1.0.0', 'v1.0.0/x']) assert.ok(!starts(tag), tag);
  });

  it('goes on only if the tag is the version of package.json', () => {
    const script = scriptOf('check', /The tag is the version/);
    assert.equal(runStep(script, root, `v${version}`).status, 0);
    assert.notEqual(runStep(script, root, 'v0.0.1').status, 0);
    assert.notEqual(runStep(script, root, version).status, 0);
  });

  it('goes on only if dist is what the sources build', (test) => {
    const folder = checkout(test);
    const script = scriptOf('release', /What is committed/);
    assert.equal(runStep(script, folder, 'v1.0.0').status, 0);
    writeFileSync(join(folder, 'rebuilt/action.cjs'), 'other');
    assert.notEqual(runStep(script, folder, 'v1.0.0').status, 0);
  });

  for (const tag of [`v${version}`, 'v1.0.0']) {
    it(`has a checksum of each file that users run: ${tag}`, (test) => {
      const folder = checkout(test);
      const made = runStep(scriptOf('release', /The files of the release/), folder, tag);
      assert.equal(made.status, 0, made.stderr);
      const release = join(folder, 'release');
      const listed = new Map(
        readFileSync(join(release, 'checksums.txt'), 'utf8')
          .trim()
          .split('\n')
          .map((line) => [line.slice(66), line.slice(0, 64)] as const),
      );
      for (const file of [...filesOfRunner(), 'dist/cli.cjs', 'dist/deflate.wasm', 'dist/artifact.cjs'])
        assert.equal(listed.get(file), sha256(join(root, file)), file);
      // In a checkout, as the documentation has it, and beside the assets.
      for (const cwd of [root, release]) {
        const check = ['--check', '--quiet', '--ignore-missing', join(release, 'checksums.txt')];
        execFileSync('sha256sum', check, { cwd, stdio: 'pipe' });
      }
      const assets = ['', '.cjs', '.licences.txt', '.oci.tar'].map((ending) => `bima-${tag}${ending}`);
      for (const asset of assets) assert.equal(listed.get(asset), sha256(join(release, asset)), asset);
      // Where no package.json says what a file without an ending is, as on the PATH.
      const program = join(temporaryFolder(test), 'bima');
      cpSync(join(release, `bima-${tag}`), program);
      const said = execFileSync(program, ['--version'], { encoding: 'utf8' });
      assert.equal(said, `bima version ${version}\n`);
    });
  }

  it('publishes a draft when it is whole, a release candidate as a prerelease', (test) => {
    const folder = checkout(test);
    const script = scriptOf('release', /A draft with all files/);
    runStep(scriptOf('release', /The files of the release/), folder, 'v1.0.0-rc.1');
    const [create = '', edit] = runStep(script, folder, 'v1.0.0-rc.1').stdout.split('\n');
    assert.match(create, /^gh release create v1\.0\.0-rc\.1 --draft --verify-tag .*--prerelease release\/bima-/);
    assert.match(create, /release\/checksums\.txt/);
    assert.equal(edit, 'gh release edit v1.0.0-rc.1 --draft=false');
    assert.doesNotMatch(runStep(script, folder, 'v1.0.0').stdout, /prerelease/);
  });

  it('moves the tag of the major version for a version alone', (test) => {
    const step = jobs.release?.steps.find(({ name }) => name === 'The tag of the major version');
    assert.equal(step?.if, "${{ !contains(github.ref_name, '-') }}");
    const said = runStep(step.run ?? '', temporaryFolder(test), 'v1.2.3').stdout;
    assert.match(said, /git\/refs\/tags\/v1 --raw-field sha=c0ffee --field force=true/);
  });

  it('publishes a release candidate to npm as next, where that is turned on', (test) => {
    const folder = temporaryFolder(test);
    const script = scriptOf('npm', /npm publish/);
    assert.match(runStep(script, folder, 'v1.0.0-rc.1').stdout, /^npm publish .*--tag next$/m);
    assert.match(runStep(script, folder, 'v1.0.0').stdout, /^npm publish .*--tag latest$/m);
  });

  it('waits for the tests, the bundles and the image before anything is published', () => {
    assert.deepEqual(jobs.image?.needs, ['check', 'rebuild']);
    assert.equal(jobs.release?.needs, 'image');
    assert.equal(jobs.npm?.needs, 'release');
  });

  const images: [tag: string, tags: string[]][] = [
    ['v1.0.0-rc.1', ['v1.0.0-rc.1']],
    ['v1.2.3', ['latest', 'v1.2.3']],
  ];
  for (const [tag, tags] of images) {
    it(`pushes bima's own image as ${tags.join(' and ')} for ${tag}`, async (test) => {
      const registry = await startRegistry();
      test.after(() => registry.close());
      const releases = createReleases('Nubificus/Redis-Unikernel', { tags: [tag] });
      const server = await startGithub(test, { routes: releases.routes });
      await using sigstore = await startSigstore();
      const workspace = temporaryFolder(test);
      const trust = join(workspace, 'trust.json');
      writeFileSync(trust, JSON.stringify(sigstore.trustConfiguration));
      const base = join(workspace, 'base');
      const config = { Env: ['PATH=/usr/local/bin:/bin'], Cmd: ['node'] };
      const layers = [[{ path: 'usr/local/bin/node', content: 'node', mode: 0o755 }]];
      await indexLayout(
        base,
        ['amd64', 'arm64'].map((architecture) => ({ architecture, config, layers })),
      );
      for (const name of ['dist', 'scripts', 'LICENSE'])
        cpSync(join(root, name), join(workspace, name), { recursive: true });
      const [step = assert.fail('no step')] = recipeSteps('release', '.github/workflows');
      const inputs = step.inputs({ 'github.repository_owner': 'nubificus' });
      const [from = ''] = /(?<=^FROM )\S+/m.exec(readFileSync(join(root, 'scripts/image.Containerfile'), 'utf8')) ?? [];
      const { outputs, summary } = await mustRunAction(test, {
        event: 'tag',
        workspace,
        inputs: {
          ...inputs,
          image: `${registry.host}/nubificus/bima`,
          'build-contexts': `${from}=oci:base`,
          'github-token': defaultToken,
          'attest-trust-config': trust,
        },
        env: { ...eventOf(tag), ...server.environment, ...sigstore.issuer.environment() },
      });
      const names = Object.keys(registry.store.tags('nubificus/bima')).filter((name) => !name.startsWith('sha256-'));
      assert.deepEqual(names.sort(), tags);
      assert.match(outputs.digest ?? '', /^sha256:/);
      assert.ok(existsSync(join(workspace, 'bima-image.oci.tar')));
      assert.match(summary, /docker run --rm /);
      const { 'bima.platforms': platforms } = JSON.parse(outputs.metadata ?? '') as Record<string, unknown>;
      assert.deepEqual(platforms, ['linux/amd64', 'linux/arm64']);
      const bundles = await bundlesAbout(`${registry.host}/nubificus/bima`, outputs.digest ?? '');
      assert.deepEqual(bundles.map(({ predicateType }) => predicateType).sort(), Object.values(predicateTypes).sort());
      const { permissions } = step;
      assert.deepEqual([permissions['id-token'], permissions.attestations], ['write', 'write']);
    });
  }
});

describe("bima's own image", () => {
  it('has every file that the package has', () => {
    const { files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { files: string[] };
    const text = readFileSync(join(root, 'scripts/image.Containerfile'), 'utf8');
    for (const file of files.filter((name) => name.startsWith('dist/'))) assert.ok(text.includes(` ${file} `), file);
  });
});

function eventOf(tag: string): Record<string, string> {
  const { env } = readEventFixture('tag');
  return { ...env, GITHUB_REF: `refs/tags/${tag}`, GITHUB_REF_NAME: tag };
}

function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

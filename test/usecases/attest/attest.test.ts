// Statements of a build: what they are about, what they say, and the traps of trust.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { run } from '../../../src/cli/run.ts';
import type { Digest } from '../../../src/core/oci/digest.ts';
import { referrersTag } from '../../../src/core/oci/referrers.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { startRegistry } from '../../support/registry.ts';
import type { Registry } from '../../support/registry.ts';
import { runInputs } from '../../support/run-inputs.ts';
import { sampleContext } from '../../support/sample.ts';

interface Manifest {
  readonly artifactType?: string;
  readonly subject?: { readonly digest: Digest };
  readonly layers?: readonly { readonly digest: Digest }[];
  readonly manifests?: readonly { readonly digest: Digest }[];
  readonly annotations?: Readonly<Record<string, string>>;
}

interface StatementDocument {
  readonly subject: readonly { readonly name: string; readonly digest: { readonly sha256: string } }[];
  readonly predicateType: string;
  readonly predicate: {
    readonly buildDefinition: {
      readonly resolvedDependencies: readonly { readonly uri?: string; readonly digest: object }[];
      readonly internalParameters: { readonly workflow: Readonly<Record<string, string>> };
    };
    readonly runDetails: {
      readonly builder: { readonly id: string; readonly version: Readonly<Record<string, string>> };
      readonly byproducts: readonly { readonly name: string; readonly digest: { readonly sha256: string } }[];
    };
    readonly files: readonly { readonly fileName: string }[];
  };
}

const repository = 'a/b';

async function build(...args: readonly string[]): Promise<Digest> {
  const [out, lines]: [string[], string[]] = [[], []];
  const code = await run(['build', ...args], {
    environment: {},
    stdout: (line) => out.push(line),
    stderr: (line) => lines.push(line),
    stdin: () => Promise.resolve(''),
    home: '/nowhere',
    signal: new AbortController().signal,
  });
  assert.equal(code, 0, lines.join('\n'));
  return out.join('') as Digest;
}

function manifestOf(registry: Registry, digest: Digest | undefined): Manifest {
  const stored = registry.store.repository(repository).manifests.get(digest ?? 'sha256:');
  return JSON.parse(String(stored?.bytes)) as Manifest;
}

/** By what they are about, with the manifest of each. */
function statementsIn(
  registry: Registry,
): Map<Digest, { statement: StatementDocument; manifest: Manifest }[]> {
  const { manifests, blobs } = registry.store.repository(repository);
  const found = new Map<Digest, { statement: StatementDocument; manifest: Manifest }[]>();
  for (const digest of manifests.keys()) {
    const manifest = manifestOf(registry, digest);
    if (manifest.subject === undefined) continue;
    assert.equal(manifest.artifactType, 'application/vnd.in-toto+json');
    const bytes = blobs.get(manifest.layers?.[0]?.digest ?? 'sha256:')?.bytes;
    const statement = JSON.parse(String(bytes)) as StatementDocument;
    assert.deepEqual(
      statement.subject.map((one) => `sha256:${one.digest.sha256}`),
      [manifest.subject.digest],
      'the statement is about the subject of its manifest',
    );
    assert.equal(manifest.annotations?.['in-toto.io/predicate-type'], statement.predicateType);
    const others = found.get(manifest.subject.digest) ?? [];
    found.set(manifest.subject.digest, [...others, { statement, manifest }]);
  }
  return found;
}

function typesOf(statements: readonly { statement: StatementDocument }[] | undefined): string[] {
  return (statements ?? []).map(({ statement }) => statement.predicateType).sort();
}

const both = ['https://slsa.dev/provenance/v1', 'https://spdx.dev/Document'];

function attested(test: TestContext): string[] {
  const folder = temporaryFolder(test);
  return ['--sbom', join(folder, 's.json'), '--provenance', join(folder, 'p.json')];
}

describe('the statements of a build', () => {
  it('are about the index and each image in it', async (test) => {
    await using registry = await startRegistry({ referrers: true });
    const context = sampleContext(test);
    const platforms = '--platform=linux/amd64,linux/amd64/v2';
    const args = ['--push', '-t', `${registry.host}/${repository}:1`, ...attested(test)];
    const digest = await build(...args, platforms, context);
    const images = manifestOf(registry, digest).manifests?.map((entry) => entry.digest) ?? [];
    assert.equal(images.length, 2);
    const found = statementsIn(registry);
    assert.deepEqual(new Set(found.keys()), new Set([digest, ...images]));
    for (const statements of found.values()) assert.deepEqual(typesOf(statements), both);
    registry.assertRules();
  });

  it('list the SHA-256 of each packed file, and the versions of what packed it', async (test) => {
    const context = sampleContext(test);
    const path = join(temporaryFolder(test), 'p.json');
    await build('-o', 'oci', '--dest', join(context, '../l'), '--provenance', path, context);
    const { predicate } = JSON.parse(readFileSync(path, 'utf8')) as StatementDocument;
    const sums = new Map(predicate.runDetails.byproducts.map(({ name, digest }) => [name, digest.sha256]));
    const sumOf = (name: string) =>
      createHash('sha256')
        .update(readFileSync(join(context, name)))
        .digest('hex');
    assert.deepEqual([...sums.keys()], ['/conf/redis.conf', '/unikernel/test-redis.hvt', '/urunc.json']);
    assert.equal(sums.get('/conf/redis.conf'), sumOf('redis.conf'));
    assert.equal(sums.get('/unikernel/test-redis.hvt'), sumOf('test-redis.hvt'));
    const { version } = predicate.runDetails.builder;
    assert.deepEqual(Object.keys(version), ['bima', 'node', 'compressor']);
    assert.equal(version.node, process.versions.node);
  });

  it('change no digest of an image', async (test) => {
    const context = sampleContext(test);
    const dest = (name: string) => ['-o', 'oci', '--dest', join(context, '..', name)];
    const plain = await build(...dest('plain'), context);
    assert.equal(await build(...dest('attested'), ...attested(test), context), plain);
  });
});

describe('the traps of trust', () => {
  it("1 and 5 don't exist for statements that nobody signs: nothing is sent but to the registry", async (test) => {
    await using registry = await startRegistry({ referrers: true });
    const context = sampleContext(test);
    await build('--push', '-t', `${registry.host}/${repository}:1`, ...attested(test), context);
    assert.ok(registry.requests.every(({ path }) => path.startsWith('/v2/')));
  });

  it('2: a statement is no bundle, which would have cosign take it for a signature', async (test) => {
    await using registry = await startRegistry({ referrers: true });
    await build('--push', '-t', `${registry.host}/${repository}:1`, ...attested(test), sampleContext(test));
    for (const statements of statementsIn(registry).values()) {
      for (const { manifest } of statements) assert.doesNotMatch(JSON.stringify(manifest), /sigstore/);
    }
  });

  for (const referrers of [true, false]) {
    const how = referrers ? 'the referrers API' : 'the fallback tag';
    it(`7: the same image again piles up nothing, with ${how}`, async (test) => {
      await using registry = await startRegistry({ referrers });
      const args = [
        '--push',
        '-t',
        `${registry.host}/${repository}:1`,
        ...attested(test),
        sampleContext(test),
      ];
      const digest = await build(...args);
      const stored = () => {
        const { manifests, blobs, tags } = registry.store.repository(repository);
        const isList = (manifest: Digest) => manifestOf(registry, manifest).manifests !== undefined;
        return {
          manifests: [...manifests.keys()].filter((one) => !isList(one)).sort(),
          blobs: [...blobs.keys()].sort(),
          listed: referrers ? [] : manifestOf(registry, tags.get(referrersTag(digest))).manifests,
        };
      };
      const before = stored();
      await build(...args);
      await build(...args, '--no-reuse');
      assert.deepEqual(stored(), before);
      assert.equal(before.manifests.length, 3);
    });
  }

  it('a failure at any request leaves the tag where it was', async (test) => {
    const context = sampleContext(test);
    const args = attested(test);
    const push = async (failing: number) => {
      let count = 0;
      await using registry = await startRegistry({
        intercept: () => (++count === failing ? { status: 403, body: '{}' } : undefined),
      });
      const built = await build('--push', '-t', `${registry.host}/${repository}:1`, ...args, context).then(
        () => true,
        () => false,
      );
      const { tags } = registry.store.repository(repository);
      const moved = tags.get('1');
      if (moved !== undefined) {
        // Who pulls the tag finds all that belongs to it.
        assert.deepEqual(typesOf(statementsIn(registry).get(moved)), both);
        const list = manifestOf(registry, tags.get(referrersTag(moved)));
        assert.equal(list.manifests?.length, 2);
      }
      return { built, moved: moved !== undefined, count };
    };
    const whole = await push(Infinity);
    assert.ok(whole.built && whole.moved);
    let failures = 0;
    for (let failing = 1; failing <= whole.count; failing++) {
      const { built, moved } = await push(failing);
      if (built) assert.ok(moved);
      else failures += 1;
    }
    assert.ok(failures > whole.count / 2, `${failures} of ${whole.count}`);
  });
});

describe('the statements of a workflow', () => {
  const environment = {
    GITHUB_SERVER_URL: 'https://github.com',
    GITHUB_REPOSITORY: 'own/app',
    GITHUB_REF: 'refs/heads/main',
    GITHUB_SHA: 'd'.repeat(40),
    GITHUB_WORKFLOW_REF: 'own/app/.github/workflows/image.yml@refs/heads/main',
    GITHUB_EVENT_NAME: 'push',
    GITHUB_RUN_ID: '4711',
  };
  const inputsFor = (registry: Registry, context: string) => ({
    ...{ context, push: 'true', tags: `${registry.host}/${repository}:1`, sbom: 'true', provenance: 'true' },
    ...{ reuse: 'true', strict: 'true', fill: 'true' },
  });

  it('name the workflow and the commit, and nothing of the run', async (test) => {
    await using registry = await startRegistry({ referrers: true });
    const outputs = await runInputs(test, inputsFor(registry, sampleContext(test)), environment);
    const [first] =
      statementsIn(registry)
        .get(outputs.digest as Digest)
        ?.filter(({ statement }) => statement.predicateType === both[0]) ?? [];
    assert.ok(first !== undefined);
    const { buildDefinition, runDetails } = first.statement.predicate;
    assert.equal(runDetails.builder.id, `https://github.com/${environment.GITHUB_WORKFLOW_REF}`);
    assert.deepEqual(buildDefinition.resolvedDependencies, [
      {
        name: 'source',
        uri: 'git+https://github.com/own/app@refs/heads/main',
        digest: { gitCommit: environment.GITHUB_SHA },
      },
    ]);
    assert.equal(buildDefinition.internalParameters.workflow.event_name, 'push');
    assert.doesNotMatch(JSON.stringify(first.statement), /4711/);
    assert.equal(readFileSync(outputs.provenance ?? '', 'utf8'), JSON.stringify(first.statement));
    assert.match(readFileSync(outputs.sbom ?? '', 'utf8'), /SPDX-2\.3/);
  });

  it('are about the very image of a pull request that is pushed, and carry its mark', async (test) => {
    await using registry = await startRegistry({ referrers: true });
    const context = sampleContext(test);
    await runInputs(test, inputsFor(registry, context), environment, 'pull-request');
    const { tags } = registry.store.repository(repository);
    const found = statementsIn(registry);
    const pushed = tags.get('1');
    assert.deepEqual([...found.keys()], [pushed]);
    const statements = found.get(pushed ?? 'sha256:') ?? [];
    assert.deepEqual(typesOf(statements), both);
    for (const { manifest } of statements)
      assert.match(manifest.annotations?.['com.nubificus.bima.pull-request'] ?? '', /\/pull\/\d+$/);
    const [out]: string[][] = [[]];
    const code = await run(['verify', '--source', context, `${registry.host}/${repository}:1`], {
      environment: {},
      stdout: (line) => out?.push(line),
      stderr: () => undefined,
      stdin: () => Promise.resolve(''),
      home: '/nowhere',
      signal: new AbortController().signal,
    });
    assert.equal(code, 0, out?.join('\n'));
  });

  it('of layouts that were built elsewhere stay theirs', async (test) => {
    await using registry = await startRegistry({ referrers: true });
    const layout = join(temporaryFolder(test), 'layout');
    const context = sampleContext(test);
    const digest = await build('-o', 'oci', '--dest', layout, ...attested(test), context);
    const inputs = { 'from-layout': layout, push: 'true', tags: `${registry.host}/${repository}:1` };
    await runInputs(test, { ...inputs, provenance: 'true' }, environment);
    const found = statementsIn(registry);
    assert.deepEqual(typesOf(found.get(digest)), both);
    const [provenance] =
      found.get(digest)?.filter(({ statement }) => statement.predicateType === both[0]) ?? [];
    assert.match(provenance?.statement.predicate.runDetails.builder.id ?? '', /#command-line$/);
  });
});

// What the statements of a workflow say of itself, for all that a runner may or may not say.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { prepareAttestations } from '../../src/action/attestations.ts';
import { readInputs } from '../../src/action/inputs.ts';
import { parseReference } from '../../src/core/oci/reference.ts';
import { commandLineBuilder } from '../../src/core/trust/provenance.ts';
import type { PreparedSigning } from '../../src/usecases/attest/prepare-signing.ts';
import { localImages } from '../support/build.ts';
import { temporaryFolder } from '../support/folder.ts';
import { runInputs } from '../support/run-inputs.ts';
import { sampleImage } from '../support/sample-image.ts';
import { sampleContext } from '../support/sample.ts';

const sha = 'd'.repeat(40);
const other = 'e'.repeat(40);

interface Said {
  readonly builder: string;
  readonly source: object | undefined;
  readonly workflow: object | undefined;
}

async function build(
  test: TestContext,
  context: string,
  wanted: Readonly<Record<string, string>>,
  environment: Readonly<Record<string, string>>,
) {
  const given = {
    ...{ context, push: 'false', tags: 'registry.example/own/app:1', strict: 'true', ...wanted },
    'oci-layout': join(temporaryFolder(test), 'layout'),
  };
  return runInputs(test, given, environment);
}

/** What the provenance of a build says of the run. @param head the commit that is checked out, if one is */
async function saidBy(
  test: TestContext,
  environment: Readonly<Record<string, string>>,
  head?: string,
): Promise<Said> {
  const context = sampleContext(test);
  if (head !== undefined) {
    mkdirSync(join(context, '.git'));
    writeFileSync(join(context, '.git/HEAD'), `${head}\n`);
  }
  const outputs = await build(test, context, { provenance: 'true' }, environment);
  const { predicate } = JSON.parse(readFileSync(outputs.provenance ?? '', 'utf8')) as {
    predicate: {
      buildDefinition: {
        internalParameters?: { workflow?: object };
        resolvedDependencies?: readonly { name?: string }[];
      };
      runDetails: { builder: { id: string } };
    };
  };
  const { buildDefinition, runDetails } = predicate;
  return {
    builder: runDetails.builder.id,
    source: buildDefinition.resolvedDependencies?.find(({ name }) => name === 'source'),
    workflow: buildDefinition.internalParameters?.workflow,
  };
}

const full = {
  GITHUB_SERVER_URL: 'https://github.example/',
  GITHUB_REPOSITORY: 'own/app',
  GITHUB_REF: 'refs/heads/main',
  GITHUB_SHA: sha,
  GITHUB_WORKFLOW_REF: 'own/app/.github/workflows/image.yml@refs/heads/main',
  GITHUB_RUN_ID: '4711',
  GITHUB_RUN_ATTEMPT: '2',
  GITHUB_WORKFLOW_SHA: '',
};

describe('the provenance of a workflow', () => {
  it('names its own server, and nothing that differs between two runs', async (test) => {
    const { builder, source, workflow } = await saidBy(test, full);
    assert.equal(builder, 'https://github.example/own/app/.github/workflows/image.yml@refs/heads/main');
    const uri = 'git+https://github.example/own/app@refs/heads/main';
    assert.deepEqual(source, { name: 'source', uri, digest: { gitCommit: sha } });
    assert.deepEqual(workflow, {
      ref: 'refs/heads/main',
      repository: 'own/app',
      workflow_ref: full.GITHUB_WORKFLOW_REF,
    });
  });

  it('is made only where it is asked for', async (test) => {
    const outputs = await build(test, sampleContext(test), { sbom: 'true' }, full);
    assert.ok(outputs.sbom !== undefined);
    assert.equal(outputs.provenance, undefined);
  });

  it('has github.com for a server that is not named', async (test) => {
    const { builder, source } = await saidBy(test, { ...full, GITHUB_SERVER_URL: '', GITHUB_REF: '' });
    assert.match(builder, /^https:\/\/github\.com\/own\/app\//);
    const uri = 'git+https://github.com/own/app';
    assert.deepEqual(source, { name: 'source', uri, digest: { gitCommit: sha } });
  });

  it('names the commit that is checked out, and no place for it where it is not that of the event', async (test) => {
    assert.deepEqual((await saidBy(test, full, other)).source, {
      name: 'source',
      digest: { gitCommit: other },
    });
    const { source } = await saidBy(test, full, sha);
    assert.match(JSON.stringify(source), /"uri":/);
  });

  it('claims no workflow, place or commit where a runner names none', async (test) => {
    const { builder, source, workflow } = await saidBy(test, {});
    assert.equal(builder, commandLineBuilder);
    assert.equal(source, undefined);
    assert.deepEqual(workflow ?? {}, {});
    const placeless = await saidBy(test, { GITHUB_SHA: sha });
    assert.deepEqual(placeless.source, { name: 'source', digest: { gitCommit: sha } });
  });
});

describe('the statements about an image that was built elsewhere', () => {
  const image = sampleImage({ layers: [] });
  const ready: PreparedSigning = {
    kind: 'ready',
    withSigner: () => Promise.reject(new Error('nothing is signed yet')),
  };

  /** The kinds of statements, undefined for none. */
  async function typesFor(
    test: TestContext,
    given: Readonly<Record<string, string>>,
    signing?: PreparedSigning,
  ) {
    const inputs = readInputs((name) => given[name] ?? '', {});
    const references = [parseReference('registry.example/own/app:1')];
    const world = {
      environment: { GITHUB_REPOSITORY_OWNER: 'somebody' },
      folder: temporaryFolder(test),
      signal: test.signal,
      images: localImages(test, '.'),
    };
    const make = await prepareAttestations({ inputs, references, signing }, undefined, world);
    if (make === undefined) return undefined;
    const { statements, referrers, sbom = '' } = await make(image.source, image.root);
    return {
      types: statements.map(({ predicateType }) => predicateType),
      isAttached: referrers.length > 0,
      sbom: String(sbom),
    };
  }

  const layout = { 'from-layout': 'layout', push: 'false' };

  it('are none when nobody asks for any, and no provenance, which is that of another run', async (test) => {
    assert.equal(await typesFor(test, layout), undefined);
    assert.equal(await typesFor(test, { ...layout, provenance: 'true' }), undefined);
    assert.equal(await typesFor(test, layout, { kind: 'impossible', why: 'a fork' }), undefined);
  });

  it('are a bill of materials that names the owner', async (test) => {
    const made = await typesFor(test, { ...layout, sbom: 'true' });
    assert.deepEqual(made?.types, ['https://spdx.dev/Document']);
    assert.ok(made.isAttached);
    assert.match(made.sbom, /Organization: somebody/);
  });

  it('wait for the signer, with one that says nothing but that the image is signed', async (test) => {
    const made = await typesFor(test, { ...layout, sbom: 'true' }, ready);
    assert.deepEqual([...(made?.types ?? [])].sort(), [
      'https://sigstore.dev/cosign/sign/v1',
      'https://spdx.dev/Document',
    ]);
    assert.equal(made?.isAttached, false);
  });
});

describe('all that a provenance says of its run', () => {
  it('is what the runner names, and with what it was built', async (test) => {
    const environment = {
      ...full,
      GITHUB_SERVER_URL: 'https://github.example//',
      GITHUB_EVENT_NAME: 'push',
      GITHUB_REPOSITORY_ID: '7',
      GITHUB_REPOSITORY_OWNER_ID: '8',
      RUNNER_ENVIRONMENT: 'self-hosted',
      GITHUB_WORKFLOW_SHA: other,
    };
    const outputs = await build(test, sampleContext(test), { provenance: 'true' }, environment);
    const { predicate } = JSON.parse(readFileSync(outputs.provenance ?? '', 'utf8')) as {
      predicate: {
        buildDefinition: { internalParameters: { workflow: object } };
        runDetails: { builder: { id: string; version: Readonly<Record<string, string>> } };
      };
    };
    assert.deepEqual(predicate.buildDefinition.internalParameters.workflow, {
      event_name: 'push',
      ref: 'refs/heads/main',
      repository: 'own/app',
      repository_id: '7',
      repository_owner_id: '8',
      runner_environment: 'self-hosted',
      workflow_ref: full.GITHUB_WORKFLOW_REF,
      workflow_sha: other,
    });
    const { id, version } = predicate.runDetails.builder;
    assert.equal(id, `https://github.example/${full.GITHUB_WORKFLOW_REF}`);
    const { version: own } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    const { bima, node, compressor, ...others } = version;
    assert.deepEqual([bima, node, others], [own, process.versions.node, {}]);
    assert.match(compressor ?? '', /\w/);
  });

  it('is no compressor where nothing is compressed', async (test) => {
    const outputs = await build(test, sampleContext(test), { provenance: 'true', compression: 'none' }, full);
    const { predicate } = JSON.parse(readFileSync(outputs.provenance ?? '', 'utf8')) as {
      predicate: { runDetails: { builder: { version: object } } };
    };
    assert.deepEqual(Object.keys(predicate.runDetails.builder.version).sort(), ['bima', 'node']);
  });

  it('is no bill of materials, whose date is the one that is given', async (test) => {
    const outputs = await build(
      test,
      sampleContext(test),
      { sbom: 'true' },
      { SOURCE_DATE_EPOCH: '1000000000' },
    );
    const sbom = JSON.parse(readFileSync(outputs.sbom ?? '', 'utf8')) as {
      creationInfo: { created: string; creators: readonly string[] };
    };
    assert.equal(sbom.creationInfo.created, '2001-09-09T01:46:40Z');
    const { version: own } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    assert.deepEqual(sbom.creationInfo.creators, [`Tool: bima-${own}`]);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JsonObject } from '../../../src/core/oci/json.ts';
import type { CertificateIdentity } from '../../../src/core/trust/certificate-identity.ts';
import { compareProvenance } from '../../../src/core/trust/compare-provenance.ts';

const repository = 'https://github.com/owner/app';
const builder = `${repository}/.github/workflows/image.yml@refs/heads/main`;
const called = 'https://github.com/tools/build/.github/workflows/image.yml@refs/tags/v1';
const [commit, other] = ['a'.repeat(40), 'b'.repeat(40)];

const identity: CertificateIdentity = {
  subject: builder,
  issuer: 'https://token.actions.githubusercontent.com',
  claims: {
    buildConfigUri: `${repository}/.github/workflows/start.yml@refs/heads/main`,
    buildSignerUri: called,
    sourceRepositoryUri: repository,
    sourceRepositoryDigest: commit,
  },
  notBefore: 0,
  notAfter: 0,
  publicKey: new Uint8Array(),
};

/** What SLSA v1 calls them. */
function provenance(id: unknown, ...resolvedDependencies: readonly unknown[]): JsonObject {
  return { buildDefinition: { resolvedDependencies }, runDetails: { builder: { id } } };
}

const source = (uri: unknown, gitCommit: unknown = commit) => ({ uri, digest: { gitCommit } });
const uri = `git+${repository}@refs/heads/main`;

type Case = [
  name: string,
  predicate: JsonObject,
  compared: readonly string[],
  ...differences: readonly (readonly [what: string, expected: string, found: string])[],
];

const cases: readonly Case[] = [
  ['says nothing', {}, []],
  ['has things of other types', { buildDefinition: 1, runDetails: 'x' }, []],
  ['has a builder that is no object', { runDetails: { builder: 'x' } }, []],
  ['has dependencies that are no list', { buildDefinition: { resolvedDependencies: source(uri) } }, []],
  ['names the workflow that was signed for', provenance(builder), ['builder']],
  ['names the workflow that signed', provenance(called), ['builder']],
  ['names the workflow that was started', provenance(identity.claims.buildConfigUri), ['builder']],
  ['names a program as the builder', provenance('https://github.com/actions/runner'), []],
  ['names a builder that is no text', provenance(1), []],
  ['names a file that only looks like a workflow', provenance(`x${builder}x`), []],
  ['names a workflow without its ref', provenance(builder.split('@')[0]), []],
  ['names a builder by http', provenance(builder.replace('https', 'http')), []],
  [
    'names another workflow',
    provenance(`${repository}/.github/workflows/x.yml@refs/heads/main`),
    ['builder'],
    ["the provenance's builder", builder, `${repository}/.github/workflows/x.yml@refs/heads/main`],
  ],
  ['names repository and commit', provenance(undefined, source(uri)), ['repository', 'commit']],
  ['has no ref', provenance(undefined, source(`git+${repository}`)), ['repository', 'commit']],
  [
    'has the address to clone',
    provenance(undefined, source(`git+${repository}.git`)),
    ['repository', 'commit'],
  ],
  [
    'has the address to clone, with a ref',
    provenance(undefined, source(`git+${repository}.git@refs/tags/v1.git`)),
    ['repository', 'commit'],
  ],
  [
    'writes the repository in capitals',
    provenance(undefined, source('git+https://github.com/Owner/APP@x')),
    ['repository', 'commit'],
  ],
  [
    'names another repository',
    provenance(undefined, source(`git+${repository}-2@x`)),
    ['repository', 'commit'],
    ["the provenance's repository", repository, `${repository}-2`],
  ],
  [
    'names another commit',
    provenance(undefined, source(uri, other)),
    ['repository', 'commit'],
    ["the provenance's commit", commit, other],
  ],
  ['has the commit alone', provenance(undefined, source(undefined)), ['commit']],
  [
    'has another commit alone, which may have been checked out',
    provenance(undefined, source(undefined, other)),
    [],
  ],
  ['has an address of another kind', provenance(undefined, source(`${repository}@x`)), ['commit']],
  ['has an address by http', provenance(undefined, source('git+http://github.com/owner/app')), ['commit']],
  ['has an address that is no text', provenance(undefined, source(1, other)), []],
  [
    'has submodules behind the source',
    provenance(undefined, source(uri), source('git+https://github.com/a/b', other)),
    ['repository', 'commit'],
  ],
  [
    'has images before the source',
    provenance(undefined, 'x', { uri: 'pkg:oci/a' }, { digest: { sha256: '0' } }, source(uri, other)),
    ['repository', 'commit'],
    ["the provenance's commit", commit, other],
  ],
];

describe('a provenance beside the certificate', () => {
  for (const [name, predicate, compared, ...differences] of cases) {
    it(`that ${name}`, () => {
      assert.deepEqual(compareProvenance(predicate, identity), {
        compared,
        differences: differences.map(([what, expected, found]) => ({ what, expected, found })),
      });
    });
  }

  it('that says more than the certificate does', () => {
    const { differences } = compareProvenance(provenance(undefined, source(uri)), {
      ...identity,
      claims: {},
    });
    assert.deepEqual(differences, [
      { what: "the provenance's repository", expected: 'none', found: repository },
      { what: "the provenance's commit", expected: 'none', found: commit },
    ]);
  });
});

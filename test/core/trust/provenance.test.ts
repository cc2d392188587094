import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BimaError } from '../../../src/core/errors.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import type { JsonObject } from '../../../src/core/oci/json.ts';
import { recordArguments, recordContexts } from '../../../src/core/trust/build-record.ts';
import type { BuildRecord } from '../../../src/core/trust/build-record.ts';
import { buildType, encodeProvenance, parseProvenance } from '../../../src/core/trust/provenance.ts';
import type { ProvenanceFacts } from '../../../src/core/trust/provenance.ts';
import { isSecretArgument } from '../../../src/core/trust/secret-arguments.ts';

const digest = digestOf(Buffer.from('x'));
const hex = digest.slice('sha256:'.length);
const record: BuildRecord = {
  containerfile: { path: 'docker/Containerfile', digest },
  target: 'app',
  platforms: ['linux/amd64', 'linux/arm64'],
  labels: [{ key: 'a', value: 'b' }],
  annotations: ['index:i=1'],
  annotationEncoding: 'plain',
  buildArguments: { V: '1' },
  withheldArguments: ['API_TOKEN'],
  buildContexts: { tools: 'docker-image://ghcr.io/a/tools:1', local: null },
  strict: true,
  fill: false,
  compression: 'gzip:2',
  sourceDate: 1_700_000_000,
  leftOut: ['image.tar'],
};
const facts: ProvenanceFacts = {
  record,
  materials: [
    { type: 'image', name: 'alpine:3', digest },
    { type: 'image', name: 'oci:base:1', digest },
    { type: 'file', name: 'https://example.com/a.tar', digest },
  ],
  source: { uri: 'git+https://github.com/a/b@refs/heads/main', commit: '0'.repeat(40) },
  builder: { id: 'https://github.com/a/b/.github/workflows/c.yml@refs/heads/main', versions: { bima: '1' } },
  workflow: { event_name: 'push' },
};

describe('a provenance', () => {
  it('is what SLSA v1 and docs/verify.md say', () => {
    const packed = [
      { path: 'app', sha256: hex },
      { platform: 'linux/amd64', path: 'b', sha256: hex },
    ];
    assert.deepEqual(encodeProvenance(facts, packed), {
      buildDefinition: {
        buildType: 'https://github.com/nubificus/bima-action/blob/main/docs/verify.md#build-type-1',
        externalParameters: record,
        internalParameters: { workflow: { event_name: 'push' } },
        resolvedDependencies: [
          {
            name: 'source',
            uri: 'git+https://github.com/a/b@refs/heads/main',
            digest: { gitCommit: '0'.repeat(40) },
          },
          {
            name: 'alpine:3',
            uri: `pkg:oci/alpine@sha256%3A${hex}?repository_url=docker.io/library/alpine&tag=3`,
            digest: { sha256: hex },
          },
          { name: 'oci:base:1', digest: { sha256: hex } },
          { uri: 'https://example.com/a.tar', digest: { sha256: hex } },
        ],
      },
      runDetails: {
        builder: { id: facts.builder.id, version: { bima: '1' } },
        byproducts: [
          { name: '/app', digest: { sha256: hex } },
          { name: '/b', digest: { sha256: hex }, annotations: { platform: 'linux/amd64' } },
        ],
      },
    });
  });

  it('has no field for what is not known', () => {
    const bare: ProvenanceFacts = { record, materials: [], builder: facts.builder };
    assert.deepEqual(encodeProvenance(bare, []), {
      buildDefinition: {
        buildType,
        externalParameters: record,
        internalParameters: {},
        resolvedDependencies: [],
      },
      runDetails: { builder: { id: facts.builder.id, version: { bima: '1' } }, byproducts: [] },
    });
    const found = encodeProvenance({ ...bare, source: { commit: 'c' } }, []).buildDefinition;
    assert.deepEqual((found as JsonObject).resolvedDependencies, [
      { name: 'source', digest: { gitCommit: 'c' } },
    ]);
    assert.deepEqual(parseProvenance(encodeProvenance(bare, []), 'it'), {
      record,
      images: new Map(),
      builder: facts.builder.id,
    });
  });

  it('has the address of an image where that has one', () => {
    const uriOf = (name: string) => {
      const materials = [{ type: 'image', name, digest }] as const;
      const { resolvedDependencies } = encodeProvenance({ ...facts, source: undefined, materials }, [])
        .buildDefinition as { resolvedDependencies: readonly JsonObject[] };
      return resolvedDependencies[0]?.uri;
    };
    const at = (name: string, place: string) => `pkg:oci/${name}@sha256%3A${hex}?repository_url=${place}`;
    assert.equal(uriOf(`ghcr.io/a/b/c@${digest}`), at('c', 'ghcr.io/a/b/c'));
    assert.equal(uriOf('localhost:5000/a:1'), at('a', 'localhost%3A5000/a&tag=1'));
    assert.equal(uriOf('oci:base:1'), undefined);
    assert.equal(uriOf('UPPER CASE'), undefined);
  });

  it('of a build on images takes those that it can name, and the first commit', () => {
    const dependencies = [
      'x',
      { digest: { sha256: hex } },
      { name: 1, digest: { sha256: hex } },
      { name: 'bare' },
      { name: 'short', digest: { sha256: 'ab' } },
      { name: 'a', digest: { sha256: hex } },
      { name: 'source', digest: { gitCommit: 'one', sha256: hex } },
      { name: 'tool', digest: { gitCommit: 'two' } },
    ];
    const read = (details: unknown, resolvedDependencies: unknown = dependencies) => {
      const buildDefinition = { buildType, externalParameters: record, resolvedDependencies };
      const found = parseProvenance({ buildDefinition, runDetails: details }, 'it');
      return found && [[...found.images], found.commit, found.builder];
    };
    assert.deepEqual(read({ builder: { id: 'b' } }), [[['a', digest]], 'one', 'b']);
    assert.deepEqual(read({ builder: { id: 1 } }, 'x'), [[], undefined, 'unknown']);
    assert.deepEqual(read({ builder: 'b' }, []), [[], undefined, 'unknown']);
    assert.deepEqual(read('x', []), [[], undefined, 'unknown']);
    assert.equal(parseProvenance({ buildDefinition: buildType }, 'it'), undefined);
  });

  it('gives a rebuild everything back, and no download as an image', () => {
    const found = parseProvenance(encodeProvenance(facts, []), 'it');
    assert.deepEqual(found?.record, record);
    assert.deepEqual(
      [...found.images],
      [
        ['alpine:3', digest],
        ['oci:base:1', digest],
      ],
    );
    assert.equal(found.commit, facts.source?.commit);
    assert.equal(found.builder, facts.builder.id);
  });

  it('of another builder is none for us', () => {
    assert.equal(parseProvenance({ buildDefinition: { buildType: 'https://other' } }, 'it'), undefined);
    assert.equal(parseProvenance({}, 'it'), undefined);
  });

  const wrong: readonly (readonly [string, JsonObject])[] = [
    ['containerfile', { containerfile: 1 }],
    ['containerfile.digest', { containerfile: { digest: 'x' } }],
    ['containerfile.path', { containerfile: { digest, path: '../x' } }],
    ['containerfile.path', { containerfile: { digest, path: '/etc/passwd' } }],
    ['containerfile.path', { containerfile: { digest, path: 'C:\\x' } }],
    ['containerfile.path', { containerfile: { digest, path: 'a\\..\\..\\x' } }],
    ['leftOut', { leftOut: ['a/../../b'] }],
    ['platforms', { platforms: 'linux/amd64' }],
    ['labels', { labels: [{ key: 1, value: '' }] }],
    ['buildArguments', { buildArguments: { a: 1 } }],
    ['sourceDate', { sourceDate: -1 }],
    ['sourceDate', { sourceDate: '1' }],
    ['strict', { strict: 'true' }],
    ['buildContexts', { buildContexts: { a: 1 } }],
  ];
  for (const [field, change] of wrong) {
    it(`with a wrong ${field} is refused: ${JSON.stringify(change)}`, () => {
      const predicate = { buildDefinition: { buildType, externalParameters: { ...record, ...change } } };
      assert.throws(
        () => parseProvenance(predicate, 'it'),
        (error) => error instanceof BimaError && error.message.endsWith(`no valid "${field}"`),
      );
    });
  }
});

describe('build arguments in a record', () => {
  const secret = [
    ...[
      'API_TOKEN',
      'token',
      'GITHUB_PAT',
      'NPM_AUTH',
      'DB_PASSWORD',
      'PASSWD',
      'AWS_SECRET_ACCESS_KEY',
      'SSH_KEYS',
    ],
    ...['CREDENTIALS', 'apikey', 'MY_API_KEY', 'PASSPHRASE'],
  ];
  const plain = ['VERSION', 'KEYBOARD', 'MONKEY', 'AUTHOR', 'TOKENIZER', 'PUBLIC_KEY', 'PATCH', 'TARGETARCH'];
  it('have no value where their name says that it is a secret', () => {
    assert.deepEqual(
      secret.filter((name) => !isSecretArgument(name, 'x')),
      [],
    );
    assert.deepEqual(
      plain.filter((name) => isSecretArgument(name, 'x')),
      [],
    );
  });

  it('have no value where that is a URL with a password', () => {
    assert.ok(isSecretArgument('PROXY', 'http://user:pass@host:80/x'));
    assert.ok(!isSecretArgument('PROXY', 'http://host:80/x@y'));
    assert.ok(!isSecretArgument('PROXY', 'http://user@host/'));
  });

  it('are sorted into two parts', () => {
    const given = new Map([
      ['V', '1'],
      ['MY_TOKEN', 'hunter2'],
      ['A', '2'],
    ]);
    assert.deepEqual(recordArguments(given), {
      buildArguments: { A: '2', V: '1' },
      withheldArguments: ['MY_TOKEN'],
    });
  });

  it('beside contexts, of which folders stay unnamed', () => {
    const contexts = new Map([
      ['a', '/home/me/a'],
      ['b', 'docker-image://x/y:1'],
      ['c', 'oci:/home/me/c'],
    ]);
    assert.deepEqual(recordContexts(contexts), { a: null, b: 'docker-image://x/y:1', c: null });
  });
});

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

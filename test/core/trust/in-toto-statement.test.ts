import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeBytes } from '../../../src/core/oci/descriptor.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { BimaError } from '../../../src/core/errors.ts';
import { parseManifest } from '../../../src/core/oci/manifest.ts';
import { readAll } from '../../../src/core/oci/blob.ts';
import { encodeStatementManifest } from '../../../src/core/trust/statement-manifest.ts';
import {
  encodeStatement,
  parseSignedStatement,
  parseStatement,
  predicateTypes,
} from '../../../src/core/trust/in-toto-statement.ts';

const image = describeBytes('application/vnd.oci.image.manifest.v1+json', Buffer.from('image'));
const statement = {
  subject: { name: 'ghcr.io/a/b', digest: image.digest },
  predicateType: predicateTypes.spdx,
  predicate: { spdxVersion: 'SPDX-2.3' },
};
const golden =
  '{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"ghcr.io/a/b","digest":{"sha256":"6105d6cc76af400325e94d588ce511be5bfdbb73b437dc51eca43917d7a43e3d"}}],"predicateType":"https://spdx.dev/Document","predicate":{"spdxVersion":"SPDX-2.3"}}';

function refused(text: string): string {
  try {
    parseStatement(Buffer.from(text), image.digest, 'it');
  } catch (error) {
    assert.ok(error instanceof BimaError);
    assert.equal(error.code, 'LAYOUT_INVALID');
    return error.message;
  }
  return assert.fail('it was taken');
}

describe('a statement', () => {
  it('has the fields of in-toto v1, in the same order each time', () => {
    assert.equal(String(encodeStatement(statement)), golden);
  });

  it('is read back, also among several subjects', () => {
    const { predicateType, predicate } = parseStatement(encodeStatement(statement), image.digest, 'it');
    assert.deepEqual([predicateType, predicate], [statement.predicateType, statement.predicate]);
    const several = golden.replace('"subject":[', '"subject":[{"name":"x","digest":{"sha256":"0"}},');
    parseStatement(Buffer.from(several), image.digest, 'it');
  });

  it('is refused for another subject, and for anything else than a statement', () => {
    assert.match(refused(golden.replace('6105', '6106')), /expected a statement about sha256:6105/);
    assert.match(refused(golden.replace('"sha256"', '"sha512"')), /about/);
    assert.match(refused(golden.replace('Statement/v1', 'Statement/v0.1')), /expected an in-toto statement/);
    assert.match(refused('{}'), /expected an in-toto statement/);
    assert.match(refused('[]'), /not a JSON object/);
    assert.match(refused('{'), /not valid JSON/);
  });

  it('is refused with what it is about', () => {
    const about = (...subjects: readonly unknown[]) => {
      const hex = 'f'.repeat(64);
      const text = JSON.stringify({
        _type: 'https://in-toto.io/Statement/v1',
        predicateType: 'x',
        predicate: {},
        subject: subjects,
      });
      return refused(text.replaceAll('HEX', hex));
    };
    const expected = `it: expected a statement about ${image.digest}, got one about`;
    assert.equal(about(), `${expected} nothing`);
    assert.equal(about({ digest: { sha256: 'HEX' } }), `${expected} sha256:${'f'.repeat(64)}`);
    assert.equal(about('x', { digest: 1 }, { digest: { sha256: 1 } }, null), `${expected} nothing`);
    assert.equal(about({ digest: { sha256: '"\u001b' } }), `${expected} sha256:\\"\\u001b`);
    const whole = JSON.parse(golden) as object;
    assert.equal(refused(JSON.stringify({ ...whole, subject: 'x' })), `${expected} nothing`);
  });

  it('is refused without a predicate, or a type of one', () => {
    const whole = JSON.parse(golden) as object;
    for (const part of [
      { predicate: 'x' },
      { predicate: undefined },
      { predicateType: 1 },
      { _type: undefined },
    ])
      assert.equal(
        refused(JSON.stringify({ ...whole, ...part })),
        'it: expected an in-toto statement, got something else',
      );
  });

  it('may be of version 0.1 where it is signed, and of no other', () => {
    const older = golden.replace('Statement/v1', 'Statement/v0.1');
    for (const text of [golden, older]) {
      const { predicateType, predicate } = parseSignedStatement(Buffer.from(text), image.digest, 'it');
      assert.deepEqual([predicateType, predicate], [statement.predicateType, statement.predicate]);
    }
    for (const text of [older.replace('6105', '6106'), older.replace('v0.1', 'v0.2')])
      assert.throws(() => parseSignedStatement(Buffer.from(text), image.digest, 'it'), {
        code: 'LAYOUT_INVALID',
      });
  });

  it('names the SBOM without a version, which cosign and BuildKit look for', () => {
    assert.equal(predicateTypes.spdx, 'https://spdx.dev/Document');
  });
});

describe('the manifest of a statement', () => {
  const made = encodeStatementManifest(
    { ...image, annotations: { a: 'b' } },
    predicateTypes.spdx,
    Buffer.from(golden),
  );

  it('refers to the image by a bare descriptor, and is found by its type', async () => {
    const bytes = await readAll(made.blobs.at(-1)?.open() ?? assert.fail());
    const manifest = parseManifest(bytes, 'it');
    assert.deepEqual(manifest.subject, image);
    assert.equal(manifest.artifactType, 'application/vnd.in-toto+json');
    assert.equal(manifest.config.digest, digestOf(Buffer.from('{}')));
    assert.deepEqual(made.referrer, {
      ...describeBytes('application/vnd.oci.image.manifest.v1+json', bytes),
      artifactType: 'application/vnd.in-toto+json',
      annotations: { 'in-toto.io/predicate-type': 'https://spdx.dev/Document' },
    });
    assert.equal(manifest.layers[0]?.digest, digestOf(Buffer.from(golden)));
  });

  it('comes after everything that it names', () => {
    assert.equal(made.blobs.length, 3);
    assert.equal(made.blobs.at(-1)?.descriptor.digest, made.referrer.digest);
  });
});

// Who signed an image: what is accepted and refused with a key, and what the best reason for a failure is.

import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { describe, it } from 'node:test';
import { openSigningTools } from '../../../src/adapters/sigstore/signing-service.ts';
import { BimaError } from '../../../src/core/errors.ts';
import type { ErrorCode } from '../../../src/core/errors.ts';
import type { Digest } from '../../../src/core/oci/digest.ts';
import { silentReporter } from '../../../src/core/reporter.ts';
import { encodeStatement, predicateTypes } from '../../../src/core/trust/in-toto-statement.ts';
import { readSigningKey } from '../../../src/core/trust/signing-key.ts';
import { keySignerOf } from '../../../src/usecases/attest/run-signer.ts';
import { failureOf, signerOf, verifySignatures } from '../../../src/usecases/verify/verify-signatures.ts';
import type {
  AcceptedStatement,
  RefusedBundle,
  Trust,
} from '../../../src/usecases/verify/verify-signatures.ts';
import { newKey } from '../../support/signed-image.ts';

const image: Digest = `sha256:${'a'.repeat(64)}`;
const other: Digest = `sha256:${'b'.repeat(64)}`;
const manifest: Digest = `sha256:${'c'.repeat(64)}`;

function statement(about: Digest = image, predicateType: string = predicateTypes.signature): Uint8Array {
  return encodeStatement({ subject: { name: 'x', digest: about }, predicateType, predicate: { a: 1 } });
}

async function sign(pem: string, bytes: Uint8Array): Promise<Uint8Array> {
  const tools = openSigningTools({ reporter: silentReporter });
  try {
    return await keySignerOf(readSigningKey(pem, undefined), tools, undefined).sign(bytes);
  } finally {
    await tools.close();
  }
}

function trustIn(pem: string): Trust {
  return { kind: 'key', key: createPublicKey(pem), roots: [] };
}

describe('bundles that are held against a key', () => {
  it('are accepted with what they say, each by itself', async () => {
    const pem = newKey();
    const bundles = [
      { manifest, bytes: await sign(pem, statement()) },
      { manifest: other, bytes: await sign(newKey(), statement()) },
    ];
    const report = await verifySignatures(image, bundles, trustIn(pem));
    assert.equal(report.image, image);
    const [accepted] = report.accepted;
    assert.ok(accepted !== undefined && report.accepted.length === 1);
    assert.deepEqual(
      [accepted.manifest, accepted.predicateType, accepted.predicate, accepted.provenance],
      [manifest, predicateTypes.signature, { a: 1 }, undefined],
    );
    assert.match(signerOf(accepted.signedBy), /^key /);
    assert.deepEqual(
      report.refused.map((one) => [one.manifest, one.kind, one.signer, one.error.code, one.differences]),
      [[other, 'invalid', undefined, 'SIGNATURE_INVALID', []]],
    );
    assert.equal(failureOf(report), undefined);
  });

  it('are refused where they are about another image, by whoever signed them', async () => {
    const pem = newKey();
    const { accepted, refused } = await verifySignatures(
      image,
      [{ manifest, bytes: await sign(pem, statement(other)) }],
      trustIn(pem),
    );
    assert.deepEqual(accepted, []);
    assert.match(refused[0]?.signer ?? '', /^key /);
    assert.equal(refused[0]?.error.code, 'SIGNATURE_INVALID');
    assert.match(
      refused[0].error.hint ?? '',
      /^The signature is of another image, and was put beside this one/,
    );
  });

  it('are refused where they are none, with what to do', async () => {
    const { refused } = await verifySignatures(
      image,
      [{ manifest, bytes: Buffer.from('{}') }],
      trustIn(newKey()),
    );
    assert.deepEqual(
      refused.map(({ kind, error }) => [kind, error.code, error.hint]),
      [
        [
          'invalid',
          'SIGNATURE_INVALID',
          'The signature proves nothing. If you made it, sign the image again; otherwise do not use the image.',
        ],
      ],
    );
    assert.match(refused[0]?.error.message ?? '', new RegExp(`^bundle ${manifest}: `));
  });

  it('are refused by who wants a workflow', async () => {
    const pem = newKey();
    const trust: Trust = {
      kind: 'certificate',
      expected: {},
      roots: () => Promise.reject(new Error('it was asked for')),
    } as unknown as Trust;
    const { refused } = await verifySignatures(
      image,
      [{ manifest, bytes: await sign(pem, statement()) }],
      trust,
    );
    assert.deepEqual(
      refused.map(({ error }) => [error.code, error.message, error.hint]),
      [
        [
          'SIGNATURE_INVALID',
          'expected a signature of a workflow, got one with a key',
          'Verify it with --key FILE, the public key of whoever signs it.',
        ],
      ],
    );
  });
});

describe('the failure of a verification', () => {
  const accepted = (predicateType: string) => ({ predicateType }) as unknown as AcceptedStatement;
  const refused = (kind: RefusedBundle['kind'], code: ErrorCode = 'SIGNATURE_INVALID'): RefusedBundle => ({
    manifest,
    kind,
    error: new BimaError(code, kind),
    differences: [],
  });

  it('is none with a signature or a provenance, whatever is beside it', () => {
    for (const type of [predicateTypes.signature, predicateTypes.provenance]) {
      const all = [accepted(predicateTypes.spdx), accepted(type)];
      assert.equal(failureOf({ image, accepted: all, refused: [refused('invalid')] }), undefined);
    }
  });

  it('is that of what nobody could judge, then of another signer, then of the first', () => {
    const all = [refused('invalid'), refused('signer'), refused('unknown')];
    const of = (list: readonly RefusedBundle[], also: readonly AcceptedStatement[] = []) =>
      failureOf({ image, accepted: also, refused: list })?.message;
    assert.equal(of(all), 'unknown');
    assert.equal(of(all.slice(0, 2)), 'signer');
    assert.equal(of(all.slice(0, 1), [accepted(predicateTypes.spdx)]), 'invalid');
  });

  it('is that there is none', () => {
    const missing = (got: string) => `expected a signature of ${image}, or a signed provenance, got ${got}`;
    const none = failureOf({ image, accepted: [], refused: [] });
    assert.deepEqual([none?.code, none?.message], ['SIGNATURE_MISSING', missing('none')]);
    assert.match(none?.hint ?? '', /^Sign it where it is built: with `attest: true`/);
    const other = failureOf({ image, accepted: [accepted(predicateTypes.spdx)], refused: [] });
    assert.equal(other?.message, missing(`only a statement of the type "${predicateTypes.spdx}"`));
  });
});

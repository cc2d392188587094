// Statements about an image: which there are, what is signed anew, and what is taken over.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Repository } from '../../../src/adapters/registry/repository.ts';
import type { SigningOptions } from '../../../src/adapters/sigstore/signing-service.ts';
import { BimaError } from '../../../src/core/errors.ts';
import type { ErrorCode } from '../../../src/core/errors.ts';
import { readAll } from '../../../src/core/oci/blob.ts';
import type { Descriptor } from '../../../src/core/oci/descriptor.ts';
import { hexOf } from '../../../src/core/oci/digest.ts';
import type { Digest } from '../../../src/core/oci/digest.ts';
import { encodeJson } from '../../../src/core/oci/json.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import { parseReference } from '../../../src/core/oci/reference.ts';
import { silentReporter } from '../../../src/core/reporter.ts';
import { encodeBundleManifest } from '../../../src/core/trust/bundle-manifest.ts';
import {
  encodeStatement,
  predicateTypes,
  statementMediaType,
} from '../../../src/core/trust/in-toto-statement.ts';
import type { ProvenanceFacts } from '../../../src/core/trust/provenance.ts';
import { bundleMediaType } from '../../../src/core/trust/sigstore-bundle.ts';
import { attestImage } from '../../../src/usecases/attest/attest.ts';
import type { AttestOptions, ImageStatement } from '../../../src/usecases/attest/attest.ts';
import { findOwnBundles } from '../../../src/usecases/attest/own-bundles.ts';
import { prepareSigning } from '../../../src/usecases/attest/prepare-signing.ts';
import type { SigningWish } from '../../../src/usecases/attest/prepare-signing.ts';
import type { RunSigner } from '../../../src/usecases/attest/run-signer.ts';
import { signImage, warnOfOldSignatures } from '../../../src/usecases/attest/sign-image.ts';
import { packTar } from '../../support/base-image.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { MemoryStore } from '../../support/memory-store.ts';
import { notingReporter } from '../../support/noting-reporter.ts';
import { sampleImage } from '../../support/sample-image.ts';
import { newKey } from '../../support/signed-image.ts';

const tars = [
  await packTar([{ path: 'base', content: 'b' }]),
  await packTar([{ path: 'own', content: 'o' }]),
];
const one = sampleImage({ tars });
const two = sampleImage({ tars, architectures: ['amd64', 'arm64'], seed: 'two' });
const facts: ProvenanceFacts = {
  record: {
    containerfile: { digest: one.root.digest },
    platforms: [],
    labels: [],
    annotations: [],
    annotationEncoding: 'plain',
    buildArguments: {},
    withheldArguments: [],
    buildContexts: {},
    strict: true,
    fill: true,
    compression: 'gzip:2',
    sourceDate: 0,
    leftOut: [],
  },
  materials: [],
  builder: { id: 'https://builder.example', versions: {} },
};

interface Read {
  readonly subject: readonly { readonly name: string; readonly digest: { readonly sha256: string } }[];
  readonly predicateType: string;
  readonly predicate: {
    readonly runDetails?: {
      readonly byproducts: readonly { readonly name: string; readonly annotations?: object }[];
    };
  };
}

const read = (bytes: Uint8Array) => JSON.parse(Buffer.from(bytes).toString()) as Read;

async function attest(image: typeof one, options: Partial<AttestOptions> = {}) {
  return attestImage(image.source, image.root, { references: [], created: 0, ...options });
}

describe('the statements about an image', () => {
  const sbom = { toolVersion: '1' };

  it('are those that are asked for, of the root first', async () => {
    const none = await attest(one);
    assert.deepEqual(none, { statements: [], referrers: [], blobs: [] });
    const all = await attest(two, { sbom, provenance: facts, isToBeSigned: true });
    const types = [predicateTypes.signature, predicateTypes.spdx, predicateTypes.provenance];
    assert.deepEqual(
      all.statements.map(({ about, predicateType }) => [about.digest, predicateType]),
      [two.root, ...two.manifests].flatMap(({ digest }) => types.map((type) => [digest, type])),
    );
    // They wait for the signer.
    assert.deepEqual([all.referrers, all.blobs], [[], []]);
    assert.deepEqual(all.provenance, all.statements[2]?.bytes);
    assert.deepEqual(read(all.statements[0]?.bytes ?? Buffer.from('{}')).predicate, {});
    const rootSbom = JSON.parse(Buffer.from(all.sbom ?? '{}').toString()) as { spdxVersion: string };
    assert.equal(rootSbom.spdxVersion, 'SPDX-2.3');
  });

  it('are attached as they are where nobody signs them, each manifest after what it names', async () => {
    const { statements, referrers, blobs } = await attest(one, { provenance: facts });
    assert.equal(statements.length, 1);
    assert.deepEqual(
      referrers.map(({ artifactType, mediaType }) => [artifactType, mediaType]),
      [[statementMediaType, mediaTypes.manifest]],
    );
    assert.deepEqual(blobs.at(-1)?.descriptor.digest, referrers[0]?.digest);
    assert.equal(blobs.length, 3);
  });

  it('are named after the first reference, or just an image', async () => {
    const references = ['ghcr.io/a/b:1', 'quay.io/c/d:2'].map(parseReference);
    const named = await attest(one, { isToBeSigned: true, references });
    assert.deepEqual(read(named.statements[0]?.bytes ?? Buffer.from('{}')).subject, [
      { name: 'ghcr.io/a/b', digest: { sha256: hexOf(one.root.digest) } },
    ]);
    const plain = await attest(one, { isToBeSigned: true });
    assert.equal(read(plain.statements[0]?.bytes ?? Buffer.from('{}')).subject[0]?.name, 'image');
  });

  it('list what was packed, with the platform where there are several', async () => {
    const byproducts = ({ bytes }: ImageStatement) =>
      read(bytes).predicate.runDetails?.byproducts.map(({ name, annotations }) => [name, annotations]);
    const plain = await attest(one, { provenance: facts });
    assert.deepEqual(plain.statements.map(byproducts), [
      [
        ['/base', undefined],
        ['/own', undefined],
      ],
    ]);
    const index = await attest(two, { provenance: facts, baseLayers: new Map([['linux/arm64', 1]]) });
    assert.deepEqual(index.statements.map(byproducts), [
      [
        ['/base', { platform: 'linux/amd64' }],
        ['/own', { platform: 'linux/amd64' }],
        ['/own', { platform: 'linux/arm64' }],
      ],
      [
        ['/base', undefined],
        ['/own', undefined],
      ],
      [['/own', undefined]],
    ]);
  });

  it('list 50,000 files at most', async () => {
    const many = async (count: number) => {
      const tar = await packTar(Array.from({ length: count }, (_, at) => ({ path: `${at}` })));
      const { statements } = await attest(sampleImage({ tars: [tar] }), { provenance: facts });
      return read(statements[0]?.bytes ?? Buffer.from('{}')).predicate.runDetails?.byproducts.length;
    };
    assert.deepEqual([await many(50_000), await many(50_001)], [50_000, 0]);
  });
});

/** A bundle of the statement, as a key signs one. */
function bundleOf(statement: Uint8Array, signature = 'eA=='): Uint8Array {
  return encodeJson({
    mediaType: bundleMediaType,
    verificationMaterial: { publicKey: { hint: 'x' } },
    dsseEnvelope: {
      payload: Buffer.from(statement).toString('base64'),
      payloadType: statementMediaType,
      signatures: [{ sig: signature }],
    },
  });
}

function signer(
  isOwn: (bundle: Uint8Array) => boolean = () => true,
): RunSigner & { readonly signed: Uint8Array[] } {
  const signed: Uint8Array[] = [];
  return {
    signed,
    identity: 'somebody',
    sign: (statement) => {
      signed.push(statement);
      return Promise.resolve(bundleOf(statement, 'bmV3'));
    },
    isOwn: (bundle) => Promise.resolve(isOwn(bundle)),
  };
}

function statementOf(type: string, about: Descriptor = one.root, name = 'x'): ImageStatement {
  const bytes = encodeStatement({
    subject: { name, digest: about.digest },
    predicateType: type,
    predicate: { type },
  });
  return { about, predicateType: type, bytes };
}

async function place(
  bundles: readonly { readonly statement: ImageStatement; readonly bytes?: Uint8Array }[],
) {
  const source = new MemoryStore();
  const referrers: Descriptor[] = [];
  for (const { statement, bytes = bundleOf(statement.bytes) } of bundles) {
    const { referrer, blobs } = encodeBundleManifest(statement.about, statement.predicateType, bytes, 0);
    for (const { descriptor, open } of blobs) source.blobs.set(descriptor.digest, await readAll(open()));
    referrers.push(referrer);
  }
  const asked: Digest[] = [];
  const referrersOf = (subject: Digest) => {
    asked.push(subject);
    return Promise.resolve(referrers);
  };
  return { source, referrers, referrersOf, asked };
}

describe('bundles of an earlier run', () => {
  const [a, b] = [statementOf('https://example.com/a'), statementOf('https://example.com/b')];

  it('are found for what they say, with all that attaches them', async () => {
    const where = await place([{ statement: a }, { statement: b }]);
    const found = await findOwnBundles([a, b], signer(), { place: where, reporter: silentReporter });
    const attached = found.get(a);
    assert.ok(attached !== undefined && found.size === 2);
    const { blobs, ...rest } = attached;
    assert.deepEqual(rest, {
      about: one.root,
      predicateType: a.predicateType,
      bundle: bundleOf(a.bytes),
      referrer: where.referrers[0],
    });
    assert.deepEqual(blobs.at(-1)?.descriptor.digest, where.referrers[0]?.digest);
    assert.equal(blobs.length, 3);
    assert.deepEqual(where.asked, [one.root.digest]);
  });

  it('count under another name of the image, and not for another statement', async () => {
    const renamed = statementOf(a.predicateType, one.root, 'another name');
    const where = await place([{ statement: renamed }]);
    const found = await findOwnBundles([a], signer(), { place: where, reporter: silentReporter });
    assert.equal(found.size, 1);
    const other = {
      ...a,
      bytes: encodeStatement({
        subject: { name: 'x', digest: one.root.digest },
        predicateType: a.predicateType,
        predicate: { other: 1 },
      }),
    };
    assert.equal(
      (await findOwnBundles([other], signer(), { place: where, reporter: silentReporter })).size,
      0,
    );
  });

  it('are the latest of several, and none of another signer, which is told', async () => {
    const bundles = ['b25l', 'dHdv'].map((signature) => ({
      statement: a,
      bytes: bundleOf(a.bytes, signature),
    }));
    const where = await place(bundles);
    const latest = await findOwnBundles([a], signer(), { place: where, reporter: silentReporter });
    assert.deepEqual(latest.get(a)?.bundle, bundles[1]?.bytes);
    const reporter = notingReporter();
    const isFirst = (bundle: Uint8Array) => Buffer.from(bundle).equals(bundles[0]?.bytes ?? Buffer.alloc(0));
    const first = await findOwnBundles([a], signer(isFirst), { place: where, reporter });
    assert.deepEqual(first.get(a)?.bundle, bundles[0]?.bytes);
    assert.deepEqual(reporter.debugged, [
      `${where.referrers[1]?.digest} is of another signer, or does not verify: it is not taken over`,
    ]);
  });

  it('are not looked for in what is listed as something else', async () => {
    const where = await place([{ statement: a }]);
    const [listed] = where.referrers;
    assert.ok(listed !== undefined);
    const others: Descriptor[] = [
      { ...listed, mediaType: mediaTypes.index },
      { ...listed, artifactType: 'application/x' },
      { ...listed, annotations: { 'dev.sigstore.bundle.predicateType': b.predicateType } },
    ];
    const reporter = notingReporter();
    const elsewhere = { source: where.source, referrersOf: () => Promise.resolve(others) };
    assert.equal((await findOwnBundles([a], signer(), { place: elsewhere, reporter })).size, 0);
    assert.deepEqual([where.source.opened, reporter.debugged], [[], []]);
    const { mediaType, digest, size, artifactType } = listed;
    const bare = { mediaType, digest, size, ...(artifactType === undefined ? {} : { artifactType }) };
    const untyped = { source: where.source, referrersOf: () => Promise.resolve([bare]) };
    assert.equal((await findOwnBundles([a], signer(), { place: untyped, reporter })).size, 1);
  });

  it('are among the last hundred of the list', async () => {
    const noise = Array.from({ length: 100 }, (_, at) => ({
      statement: a,
      bytes: bundleOf(b.bytes, Buffer.from(`${at}`).toString('base64')),
    }));
    for (const [more, size] of [
      [noise.slice(1), 1],
      [noise, 0],
    ] as const) {
      const where = await place([{ statement: a }, ...more]);
      assert.equal(
        (await findOwnBundles([a], signer(), { place: where, reporter: silentReporter })).size,
        size,
      );
    }
  });

  const codes: [code: ErrorCode, isTold: boolean][] = [
    ['DIGEST_MISMATCH', true],
    ['LAYOUT_INVALID', true],
    ['REGISTRY_NOT_FOUND', true],
    ['SIGNATURE_INVALID', true],
    ['REGISTRY_DENIED', false],
  ];
  for (const [code, isTold] of codes)
    it(`are ${isTold ? 'passed over, which is told' : 'a failure'}: ${code}`, async () => {
      const { referrers } = await place([{ statement: a }]);
      const source = {
        name: 'x',
        open: () => {
          throw new BimaError(code, 'no');
        },
      };
      const reporter = notingReporter();
      const found = findOwnBundles([a], signer(), {
        place: { source, referrersOf: () => Promise.resolve(referrers) },
        reporter,
      });
      if (!isTold) {
        await assert.rejects(found, { code });
        return;
      }
      assert.equal((await found).size, 0);
      assert.deepEqual(reporter.debugged, [`${referrers[0]?.digest} is no bundle to take over: no`]);
    });
});

describe('an image that is signed', () => {
  const statements = [statementOf('https://example.com/a'), statementOf('https://example.com/b')];

  it('has each statement signed once, in their order', async () => {
    const own = signer();
    const reporter = notingReporter();
    const signed = await signImage(statements, { signer: own, places: [], created: 7, reporter });
    assert.deepEqual(
      own.signed,
      statements.map(({ bytes }) => bytes),
    );
    assert.equal(signed.identity, 'somebody');
    assert.deepEqual(
      signed.bundles.map(({ predicateType, isNew, about }) => [predicateType, isNew, about]),
      statements.map(({ predicateType }) => [predicateType, true, one.root]),
    );
    assert.deepEqual(
      signed.referrers,
      signed.bundles.map(({ referrer }) => referrer),
    );
    assert.deepEqual(
      signed.blobs,
      signed.bundles.flatMap(({ blobs }) => blobs),
    );
    assert.equal(
      signed.referrers[0]?.annotations?.['org.opencontainers.image.created'],
      '1970-01-01T00:00:07Z',
    );
    assert.deepEqual(reporter.said, ['signed 2 statements as somebody']);
  });

  it('has those taken over that are there, in any of the places', async () => {
    const [a, b] = statements;
    assert.ok(a !== undefined && b !== undefined);
    const [first, second] = [
      await place([{ statement: a }]),
      await place([{ statement: a }, { statement: b }]),
    ];
    const own = signer();
    const reporter = notingReporter();
    const options = { signer: own, created: 0, reporter };
    const half = await signImage(statements, { ...options, places: [first] });
    assert.deepEqual(
      half.bundles.map(({ isNew }) => isNew),
      [false, true],
    );
    assert.deepEqual(own.signed, [b.bytes]);
    const all = await signImage(statements, { ...options, places: [first, second] });
    assert.deepEqual(
      all.bundles.map(({ isNew }) => isNew),
      [false, false],
    );
    assert.deepEqual(all.bundles[0]?.bundle, bundleOf(a.bytes));
    await signImage([a], { ...options, places: [] });
    await signImage([a], { ...options, places: [first] });
    assert.deepEqual(reporter.said, [
      'signed 1 of 2 statements as somebody; the others had been signed before',
      '2 statements had been signed by somebody before',
      'signed 1 statement as somebody',
      '1 statement had been signed by somebody before',
    ]);
  });

  it('is none where that is interrupted', async () => {
    const reason = new Error('enough');
    const own = signer();
    await assert.rejects(
      signImage(statements, {
        signer: own,
        places: [],
        created: 0,
        reporter: silentReporter,
        signal: AbortSignal.abort(reason),
      }),
      reason,
    );
    assert.deepEqual(own.signed, []);
  });
});

describe('signatures of before', () => {
  it('are warned of where no bundle was beside them', async () => {
    const [old, mixed, plain] = ['1', '2', '3'].map((letter): Digest => `sha256:${letter.repeat(64)}`);
    assert.ok(old !== undefined && mixed !== undefined && plain !== undefined);
    const bundle = { ...one.root, artifactType: bundleMediaType };
    const asked: string[] = [];
    const repository = {
      name: 'ghcr.io/a/b',
      describe: (tag: string) => {
        asked.push(tag);
        return Promise.resolve(tag.includes('3') ? undefined : one.root);
      },
      referrers: (digest: Digest) => Promise.resolve(digest === mixed ? [bundle] : []),
      read: () => Promise.resolve(undefined),
    } as unknown as Repository;
    const reporter = notingReporter();
    await warnOfOldSignatures(repository, [old, mixed, plain, old], reporter);
    assert.deepEqual(
      asked,
      [old, mixed, plain].map((digest) => `sha256-${hexOf(digest)}.sig`),
    );
    assert.deepEqual(reporter.warned, [
      {
        code: 'SIGNATURE_HIDDEN',
        message: `cosign 3 no longer finds the signature "sha256-${'1'.repeat(64)}.sig" of ghcr.io/a/b, now that bundles are beside it`,
        hint: 'Who verifies that signature has to verify the new ones (docs/sign.md), or to call cosign with --new-bundle-format=false.',
      },
    ]);
  });
});

describe('the preparation of a signature', () => {
  const tools: SigningOptions = { reporter: silentReporter };
  const wish: SigningWish = {
    mode: 'true',
    remedy: 'do this',
    whyNot: 'because of that',
    loadTrust: () => Promise.reject(new Error('it was asked for')),
  };

  it('says at once that there is nothing to sign with, unless it is only tried', async () => {
    await assert.rejects(prepareSigning(wish, {}, tools), {
      code: 'SIGNING_TOKEN_MISSING',
      message: 'nothing to sign with: because of that',
      hint: 'do this',
    });
    assert.deepEqual(await prepareSigning({ ...wish, mode: 'auto' }, {}, tools), {
      kind: 'impossible',
      why: 'because of that',
    });
  });

  it('needs nothing but the key, where there is one', async () => {
    const prepared = await prepareSigning({ ...wish, key: { pem: newKey() } }, {}, tools);
    assert.ok(prepared.kind === 'ready');
    const identity = await prepared.withSigner((own) => Promise.resolve(own.identity));
    assert.match(identity, /key/);
    const [statement] = [statementOf('https://example.com/a')];
    const bundle = await prepared.withSigner((own) => own.sign(statement.bytes));
    const about = { image: one.root.digest, predicateType: statement.predicateType };
    assert.equal(await prepared.withSigner((own) => own.isOwn(bundle, about)), true);
    assert.equal(await prepared.withSigner((own) => own.isOwn(bundleOf(statement.bytes), about)), false);
    await assert.rejects(prepareSigning({ ...wish, key: { pem: 'no key' } }, {}, tools), {
      code: 'SIGNING_KEY_INVALID',
    });
  });

  it('loads whom to trust only when it signs with an identity', async () => {
    const environment = {
      ACTIONS_ID_TOKEN_REQUEST_URL: 'https://x.example/',
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'x',
    };
    const prepared = await prepareSigning(wish, environment, tools);
    assert.ok(prepared.kind === 'ready');
    await assert.rejects(
      prepared.withSigner(() => Promise.resolve()),
      { message: 'it was asked for' },
    );
  });

  it('reads a trust configuration before anything else', async (test) => {
    const folder = temporaryFolder(test, { broken: 'x' });
    await assert.rejects(prepareSigning({ ...wish, trustPath: join(folder, 'none') }, {}, tools), {
      code: 'INPUT_INVALID',
      message: new RegExp(`the trust configuration "${join(folder, 'none')}"`),
    });
    await assert.rejects(
      prepareSigning({ ...wish, mode: 'auto', trustPath: join(folder, 'broken') }, {}, tools),
      {
        code: 'TRUST_CONFIGURATION_INVALID',
      },
    );
  });
});

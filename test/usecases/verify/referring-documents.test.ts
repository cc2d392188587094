// Records and signature bundles among what refers to an image: which are looked at, taken, and passed over.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BimaError } from '../../../src/core/errors.ts';
import type { ErrorCode } from '../../../src/core/errors.ts';
import type { Descriptor } from '../../../src/core/oci/descriptor.ts';
import type { Digest } from '../../../src/core/oci/digest.ts';
import { encodeJson } from '../../../src/core/oci/json.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import type { Source } from '../../../src/core/oci/target.ts';
import type { BuildRecord } from '../../../src/core/trust/build-record.ts';
import { encodeBundleManifest } from '../../../src/core/trust/bundle-manifest.ts';
import {
  encodeStatement,
  predicateTypes,
  statementMediaType,
} from '../../../src/core/trust/in-toto-statement.ts';
import { encodeProvenance } from '../../../src/core/trust/provenance.ts';
import { bundleMediaType } from '../../../src/core/trust/sigstore-bundle.ts';
import { encodeStatementManifest } from '../../../src/core/trust/statement-manifest.ts';
import type { StatementManifest } from '../../../src/core/trust/statement-manifest.ts';
import { readAll } from '../../../src/core/oci/blob.ts';
import type { Repository } from '../../../src/adapters/registry/repository.ts';
import { findBundles } from '../../../src/usecases/verify/find-bundles.ts';
import {
  findRecord,
  listLocalReferrers,
  listRemoteReferrers,
} from '../../../src/usecases/verify/find-record.ts';
import { MemoryStore } from '../../support/memory-store.ts';
import { notingReporter } from '../../support/noting-reporter.ts';

const digestOfImage: Digest = `sha256:${'1'.repeat(64)}`;
const image: Descriptor = { mediaType: mediaTypes.manifest, digest: digestOfImage, size: 5 };
const other: Descriptor = { ...image, digest: `sha256:${'2'.repeat(64)}` };

const record: BuildRecord = {
  containerfile: { path: 'Containerfile', digest: digestOfImage },
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
};

function provenance(builder: string, about = image): Uint8Array {
  const predicate = encodeProvenance({ record, materials: [], builder: { id: builder, versions: {} } }, []);
  const subject = { name: 'x', digest: about.digest };
  return encodeStatement({ subject, predicateType: predicateTypes.provenance, predicate });
}

function bundleOf(statement: Uint8Array): Uint8Array {
  return encodeJson({
    mediaType: bundleMediaType,
    verificationMaterial: { publicKey: { hint: 'x' }, tlogEntries: [] },
    dsseEnvelope: {
      payload: Buffer.from(statement).toString('base64'),
      payloadType: statementMediaType,
      signatures: [{ sig: 'eA==' }],
    },
  });
}

/** Stores what a manifest needs. @returns the manifest as a list of referrers shows it */
async function store(source: MemoryStore, { referrer, blobs }: StatementManifest): Promise<Descriptor> {
  for (const { descriptor, open } of blobs) source.blobs.set(descriptor.digest, await readAll(open()));
  return referrer;
}

function plain(source: MemoryStore, document: object): Descriptor {
  const config = source.add('application/vnd.oci.empty.v1+json', Buffer.from('{}'));
  return source.add(
    mediaTypes.manifest,
    encodeJson({ schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers: [], ...document }),
  );
}

describe('the record of a build', () => {
  const find = async (source: Source, referrers: readonly Descriptor[]) => {
    const reporter = notingReporter();
    const found = await findRecord(source, image.digest, referrers, reporter);
    return { builder: found?.builder, said: reporter.debugged };
  };
  const statement = (builder: string, type: string = predicateTypes.provenance, about = image) =>
    encodeStatementManifest(about, type, provenance(builder, about));

  it('is the first that is about the image, as it is or in a bundle', async () => {
    const source = new MemoryStore();
    const first = await store(source, statement('first'));
    const signed = await store(
      source,
      encodeBundleManifest(image, predicateTypes.provenance, bundleOf(provenance('signed')), 0),
    );
    assert.deepEqual(await find(source, [first, signed]), { builder: 'first', said: [] });
    assert.deepEqual(await find(source, [signed, first]), { builder: 'signed', said: [] });
    assert.deepEqual(await find(source, []), { builder: undefined, said: [] });
  });

  it('is looked for where a list shows no types, too', async () => {
    const source = new MemoryStore();
    const { mediaType, digest, size } = await store(source, statement('bare'));
    const bare = { mediaType, digest, size };
    assert.equal((await find(source, [bare])).builder, 'bare');
  });

  it('is not looked for in what a list shows to be something else', async () => {
    const source = new MemoryStore();
    const good = await store(source, statement('good'));
    const others: Descriptor[] = [
      await store(source, statement('sbom', predicateTypes.spdx)),
      { ...good, mediaType: mediaTypes.index },
      { ...good, artifactType: 'application/x' },
      {
        ...good,
        artifactType: bundleMediaType,
        annotations: { 'dev.sigstore.bundle.predicateType': predicateTypes.signature },
      },
    ];
    source.opened.length = 0;
    assert.deepEqual(await find(source, others), { builder: undefined, said: [] });
    assert.deepEqual(source.opened, []);
  });

  it('is passed over where it is about something else, or of another type', async () => {
    const source = new MemoryStore();
    const spdx = encodeStatement({
      subject: { name: 'x', digest: image.digest },
      predicateType: predicateTypes.spdx,
      predicate: {},
    });
    const all = [
      await store(source, statement('other', predicateTypes.provenance, other)),
      await store(source, encodeStatementManifest(image, predicateTypes.provenance, spdx)),
      plain(source, { subject: image }),
    ];
    assert.deepEqual(await find(source, all), { builder: undefined, said: [] });
  });

  it('is passed over where it can not be read, which is told, and others are looked at', async () => {
    const source = new MemoryStore();
    const lying = await store(
      source,
      encodeStatementManifest(image, predicateTypes.provenance, provenance('x', other)),
    );
    const broken = source.add(mediaTypes.manifest, Buffer.from('{'));
    const good = await store(source, statement('good'));
    const { builder, said } = await find(source, [lying, broken, good]);
    assert.equal(builder, 'good');
    assert.equal(said.length, 2);
    assert.match(said[0] ?? '', new RegExp(`^${lying.digest} is no record of a build: statement sha256:`));
    assert.match(
      said[1] ?? '',
      new RegExp(`^${broken.digest} is no record of a build: ${broken.digest} is not valid`),
    );
  });

  it('is not looked for any more when that is interrupted, or something else is wrong', async () => {
    const failing = (error: Error): Source => ({
      name: 'x',
      open: () => {
        throw error;
      },
    });
    for (const error of [new BimaError('INTERRUPTED', 'enough'), new TypeError('oops')])
      await assert.rejects(find(failing(error), [image]), error);
    assert.equal(
      (await find(failing(new BimaError('REGISTRY_NOT_FOUND', 'gone')), [image])).builder,
      undefined,
    );
  });
});

describe('signature bundles', () => {
  const find = async (source: Source, referrers: readonly Descriptor[]) => {
    const reporter = notingReporter();
    const bundles = await findBundles(source, image.digest, referrers, reporter);
    return { found: bundles.map(({ manifest }) => manifest), bundles, reporter };
  };
  const signed = (text: string, about = image) =>
    encodeBundleManifest(about, predicateTypes.signature, Buffer.from(text), 0);

  it('are those of the image, in the order of the list, with their bytes', async () => {
    const source = new MemoryStore();
    const one = await store(source, signed('one'));
    const two = await store(source, signed('two'));
    const foreign = await store(source, signed('foreign', other));
    const statement = await store(
      source,
      encodeStatementManifest(image, predicateTypes.provenance, provenance('x')),
    );
    const { bundles, reporter } = await find(source, [two, foreign, statement, one]);
    assert.deepEqual(
      bundles.map(({ manifest, bytes }) => [manifest, Buffer.from(bytes).toString()]),
      [
        [two.digest, 'two'],
        [one.digest, 'one'],
      ],
    );
    assert.deepEqual([reporter.debugged, reporter.warned], [[], []]);
  });

  it('are of any version, and of lists that show no type', async () => {
    const source = new MemoryStore();
    const { mediaType, digest, size } = await store(source, signed('bare'));
    const bare = { mediaType, digest, size };
    const older = 'application/vnd.dev.sigstore.bundle+json;version=0.2';
    const layers = [source.add(older, Buffer.from('older'))];
    const old = { ...plain(source, { subject: image, layers }), artifactType: older };
    assert.deepEqual((await find(source, [bare, old])).found, [bare.digest, old.digest]);
  });

  it('are not looked for in other kinds', async () => {
    const source = new MemoryStore();
    const good = await store(source, signed('good'));
    const others = [
      { ...good, mediaType: mediaTypes.index },
      ...[
        'application/vnd.dev.sigstore.bundles',
        'application/x',
        'x application/vnd.dev.sigstore.bundle+json',
      ].map((artifactType) => ({ ...good, artifactType })),
    ];
    source.opened.length = 0;
    assert.deepEqual((await find(source, others)).found, []);
    assert.deepEqual(source.opened, []);
    const layers = [source.add('application/vnd.dev.sigstore.bundles', Buffer.from('x'))];
    assert.deepEqual((await find(source, [plain(source, { subject: image, layers })])).found, []);
    assert.deepEqual(
      (await find(source, [plain(source, { layers: [source.add(bundleMediaType, Buffer.from('y'))] })]))
        .found,
      [],
    );
  });

  it('are the last 200 of more, and that is said', async () => {
    const source = new MemoryStore();
    const all: Descriptor[] = [];
    for (let at = 0; at < 201; at++) all.push(await store(source, signed(`${at}`)));
    const most = await find(source, all.slice(0, 200));
    assert.deepEqual([most.found.length, most.reporter.warned], [200, []]);
    const { found, reporter } = await find(source, all);
    assert.deepEqual(
      found,
      all.slice(1).map(({ digest }) => digest),
    );
    assert.deepEqual(reporter.warned, [
      {
        code: 'SIGNATURE_INVALID',
        message: '201 manifests that refer to the image may be signatures; the last 200 are looked at',
      },
    ]);
  });

  const codes: [code: ErrorCode, isTold: boolean][] = [
    ['DIGEST_MISMATCH', true],
    ['LAYOUT_INVALID', true],
    ['NOT_AVAILABLE', true],
    ['REGISTRY_NOT_FOUND', true],
    ['REGISTRY_DENIED', false],
    ['INTERRUPTED', false],
  ];
  for (const [code, isTold] of codes) {
    it(`are ${isTold ? 'passed over, which is told' : 'a failure'}: ${code}`, async () => {
      const good = new MemoryStore();
      const fine = await store(good, signed('fine'));
      const source: Source = {
        name: 'x',
        open: (descriptor) => {
          if (descriptor.digest === other.digest) throw new BimaError(code, 'no');
          return good.open(descriptor);
        },
      };
      const listed = { ...other, artifactType: bundleMediaType };
      if (!isTold) {
        await assert.rejects(find(source, [listed, fine]), { code });
        return;
      }
      const { found, reporter } = await find(source, [listed, fine]);
      assert.deepEqual(found, [fine.digest]);
      assert.deepEqual(reporter.debugged, [`${other.digest} is no signature: no`]);
    });
  }

  it('are not passed over for a mistake of ours', async () => {
    const source: Source = {
      name: 'x',
      open: () => {
        throw new TypeError('oops');
      },
    };
    await assert.rejects(find(source, [image]), TypeError);
  });
});

describe('what refers to an image', () => {
  function repository(
    listed: readonly Descriptor[] | undefined,
    tagged?: { mediaType: string; bytes: Uint8Array },
  ) {
    const asked: string[] = [];
    const fake = {
      referrers: (subject: string) => {
        asked.push(subject);
        return Promise.resolve(listed);
      },
      read: (tag: string) => {
        asked.push(tag);
        if (tagged === undefined) return Promise.resolve(undefined);
        const { mediaType, bytes } = tagged;
        return Promise.resolve({ descriptor: { ...image, mediaType }, bytes });
      },
    };
    return { asked, fake: fake as unknown as Repository };
  }
  const index = (...manifests: readonly Descriptor[]) => ({
    mediaType: mediaTypes.index,
    bytes: encodeJson({ schemaVersion: 2, mediaType: mediaTypes.index, manifests }),
  });

  it('is what a registry lists, and what the tag in place of the list has, each once', async () => {
    const third = { ...other, digest: `sha256:${'3'.repeat(64)}` } as const;
    const { asked, fake } = repository([image, other], index(other, third));
    assert.deepEqual(await listRemoteReferrers(fake, image.digest), [image, other, third]);
    assert.deepEqual(asked, [image.digest, `sha256-${'1'.repeat(64)}`]);
  });

  it('is nothing where there is neither, or the tag stands for an image', async () => {
    assert.deepEqual(await listRemoteReferrers(repository(undefined).fake, image.digest), []);
    const taken = repository([], { mediaType: mediaTypes.manifest, bytes: Buffer.from('{}') });
    assert.deepEqual(await listRemoteReferrers(taken.fake, image.digest), []);
    assert.deepEqual(await listRemoteReferrers(repository(undefined, index(other)).fake, image.digest), [
      other,
    ]);
  });

  it('is on disk what the layout lists besides', async () => {
    const source = new MemoryStore();
    const subject = plain(source, {});
    const referring = plain(source, { subject, artifactType: 'application/x' });
    const roots = [subject, referring, plain(source, { annotations: { a: 'b' } })];
    assert.deepEqual(await listLocalReferrers({ source, roots }, subject), [referring]);
  });
});

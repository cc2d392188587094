// `bima verify --repo` and `--key`: who signed an image, as a sigstore, a signer and a registry of the tests have it.

import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { run } from '../../src/cli/run.ts';
import { digestOf, parseDigest } from '../../src/core/oci/digest.ts';
import type { Digest } from '../../src/core/oci/digest.ts';
import { isObject } from '../../src/core/oci/json.ts';
import type { JsonObject } from '../../src/core/oci/json.ts';
import { preAuthenticationEncoding } from '../../src/core/trust/dsse.ts';
import { encodeStatement, predicateTypes } from '../../src/core/trust/in-toto-statement.ts';
import { temporaryFolder } from '../support/folder.ts';
import { startRegistry } from '../support/registry.ts';
import type { Claims } from '../support/sigstore/issuer.ts';
import { signForTest } from '../support/sigstore/sign.ts';
import { startSigstore } from '../support/sigstore/sigstore.ts';
import type { Sigstore } from '../support/sigstore/sigstore.ts';
import { sampleContext } from '../support/sample.ts';

const bundleType = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const workflow = 'https://github.com/owner/app/.github/workflows/image.yml@refs/heads/main';
const commit = '1234567890123456789012345678901234567890';

type Registry = Awaited<ReturnType<typeof startRegistry>>;

interface Printed {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function bima(...args: readonly string[]): Promise<Printed> {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await run(args, {
    environment: {},
    stdout: (line) => out.push(line),
    stderr: (line) => err.push(line),
    stdin: () => Promise.resolve(''),
    home: '/nowhere',
    signal: new AbortController().signal,
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

function statementOf(digest: Digest, predicateType: string, predicate: JsonObject = {}): Uint8Array {
  return encodeStatement({ subject: { name: 'app', digest }, predicateType, predicate });
}

describe('bima verify of signatures', () => {
  let sigstore: Sigstore;
  let registry: Registry;
  let trust: readonly string[];
  let folder: string;
  let context: string;

  before(async () => {
    sigstore = await startSigstore();
    registry = await startRegistry({ referrers: true });
  });
  after(async () => {
    await sigstore[Symbol.asyncDispose]();
    await registry[Symbol.asyncDispose]();
  });

  /** An image of its own for each test, by another label. */
  async function push(test: TestContext, repository: string): Promise<Digest> {
    folder = temporaryFolder(test);
    context = sampleContext(test);
    const root = join(folder, 'root.json');
    writeFileSync(root, JSON.stringify(sigstore.trustedRoot));
    trust = ['--trusted-root', root, '--issuer', sigstore.issuer.url];
    const args = [
      'build',
      '--push',
      '--label',
      `org.example=${repository}`,
      '-t',
      nameOf(repository),
      context,
    ];
    const { code, out, err } = await bima(...args);
    assert.equal(code, 0, err);
    return parseDigest(out);
  }

  const nameOf = (repository: string) => `${registry.host}/${repository}:1`;

  const verify = (repository: string, ...args: readonly string[]) =>
    bima('verify', ...trust, ...args, nameOf(repository));

  /** Puts a bundle beside an image, as anybody may who can push. */
  async function attach(repository: string, image: Digest, bundle: Uint8Array): Promise<void> {
    const size = registry.store.repository(repository).manifests.get(image)?.bytes.length ?? 0;
    const config = Buffer.from('{}');
    for (const blob of [bundle, config]) {
      const start = await fetch(`http://${registry.host}/v2/${repository}/blobs/uploads/`, {
        method: 'POST',
      });
      const place = new URL(start.headers.get('location') ?? '', `http://${registry.host}`);
      place.searchParams.set('digest', digestOf(blob));
      const headers = { 'content-type': 'application/octet-stream' };
      const put = await fetch(place, { method: 'PUT', body: Uint8Array.from(blob), headers });
      assert.equal(put.status, 201);
    }
    const describe = (mediaType: string, bytes: Uint8Array) => ({
      mediaType,
      digest: digestOf(bytes),
      size: bytes.length,
    });
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType,
        artifactType: bundleType,
        config: describe('application/vnd.oci.empty.v1+json', config),
        layers: [describe(bundleType, bundle)],
        subject: { mediaType, digest: image, size },
      }),
    );
    const url = `http://${registry.host}/v2/${repository}/manifests/${digestOf(manifest)}`;
    const put = await fetch(url, {
      method: 'PUT',
      headers: { 'content-type': mediaType },
      body: Uint8Array.from(manifest),
    });
    assert.equal(put.status, 201, await put.text());
  }

  async function signed(
    test: TestContext,
    repository: string,
    claims: Claims = {},
    predicateType: string = predicateTypes.signature,
    predicate: JsonObject = {},
  ): Promise<Digest> {
    const image = await push(test, repository);
    const bundle = await signForTest(statementOf(image, predicateType, predicate), sigstore, { claims });
    await attach(repository, image, bundle);
    return image;
  }

  it('says who signed, from what, when, and what was checked', async (test) => {
    const image = await signed(test, 'good/plain');
    const { code, out, err } = await verify('good/plain', '--repo', 'owner/app');
    assert.equal(code, 0, out + err);
    const lines = out.split('\n');
    assert.equal(lines[0], `VERIFIED ${image}`);
    assert.equal(lines[1], `signed by ${workflow}`);
    assert.equal(lines[2], `from commit ${commit} of https://github.com/owner/app (refs/heads/main)`);
    assert.match(
      lines[3] ?? '',
      /^in a run for the event push on a github-hosted runner: https:.*\/runs\/42/,
    );
    assert.match(lines[4] ?? '', /^at 20\d\d-\d\d-\d\dT[\d:]+Z$/);
    assert.equal(lines[5], 'statements: signature');
    assert.equal(
      lines[6],
      'checked: signature, certificate, certificate log, log entry, timestamp, identity',
    );
    assert.match(lines[7] ?? '', /--workflow \.github\/workflows\/image\.yml --ref refs\/heads\/main$/);
    const exact = ['--workflow', 'image.yml', '--ref', 'main'];
    const narrow = await verify('good/plain', '--repo', 'Owner/App', ...exact);
    assert.equal(narrow.code, 0, narrow.err);
    assert.doesNotMatch(narrow.out, /any other would do/);
  });

  it('prints the same as JSON', async (test) => {
    const image = await signed(test, 'good/json');
    const { code, out } = await verify('good/json', '--repo', 'owner/app', '--json');
    assert.equal(code, 0);
    const { verified, digest, signatures } = JSON.parse(out) as JsonObject;
    const [first] = Array.isArray(signatures) ? (signatures as unknown[]) : [];
    assert.ok(isObject(first));
    assert.deepEqual([verified, digest], [true, image]);
    assert.deepEqual([first.signer, first.sourceRepositoryDigest], [workflow, commit]);
    const other = await verify('good/json', '--repo', 'owner/other', '--json');
    assert.equal(other.code, 7);
    const refusal = JSON.parse(other.out) as JsonObject;
    assert.equal(refusal.verified, false);
    assert.equal(isObject(refusal.error) && refusal.error.code, 'SIGNER_UNEXPECTED');
  });

  it('finds signatures by the fallback tag', async (test) => {
    await using plain = await startRegistry({ referrers: false });
    const usual = registry;
    registry = plain;
    try {
      const image = await signed(test, 'good/fallback');
      const manifests = [...plain.store.repository('good/fallback').manifests.entries()].filter(
        ([, { bytes }]) => String(bytes).includes('"subject"'),
      );
      const mediaType = 'application/vnd.oci.image.manifest.v1+json';
      const index = {
        schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.index.v1+json',
        manifests: manifests.map(([digest, { bytes }]) => ({
          ...{ mediaType, digest, size: bytes.length, artifactType: bundleType },
        })),
      };
      const put = await fetch(`http://${plain.host}/v2/good/fallback/manifests/${image.replace(':', '-')}`, {
        method: 'PUT',
        headers: { 'content-type': index.mediaType },
        body: JSON.stringify(index),
      });
      assert.equal(put.status, 201);
      const { code, err } = await verify('good/fallback', '--repo', 'owner/app');
      assert.equal(code, 0, err);
    } finally {
      registry = usual;
    }
  });

  it('says that an image is not signed', async (test) => {
    await push(test, 'none/plain');
    const { code, out, err } = await verify('none/plain', '--repo', 'owner/app');
    assert.equal(code, 6, err);
    assert.match(out, /^NOT VERIFIED sha256:/);
    assert.match(err, /expected a signature of sha256:.*got none/);
    assert.match(err, /attest: true/);
  });

  it('tells a bill of materials from a signature', async (test) => {
    await signed(test, 'none/sbom', {}, predicateTypes.spdx, { spdxVersion: 'SPDX-2.3' });
    const { code, err } = await verify('none/sbom', '--repo', 'owner/app');
    assert.equal(code, 6);
    assert.match(err, /only a statement of the type "https:\/\/spdx\.dev\/Document"/);
  });

  it('takes statements of version 0.1, which cosign attest makes', async (test) => {
    const [image, other] = [await push(test, 'good/older'), parseDigest(`sha256:${'a'.repeat(64)}`)];
    const older = (about: Digest) =>
      Buffer.from(
        String(Buffer.from(statementOf(about, predicateTypes.signature))).replace(
          'in-toto.io/Statement/v1',
          'in-toto.io/Statement/v0.1',
        ),
      );
    await attach('good/older', image, await signForTest(older(image), sigstore));
    const { code, out, err } = await verify('good/older', '--repo', 'owner/app');
    assert.equal(code, 0, out + err);
    const moved = await push(test, 'bad/older');
    await attach('bad/older', moved, await signForTest(older(other), sigstore));
    assert.equal((await verify('bad/older', '--repo', 'owner/app')).code, 8);
  });

  it('refuses a bundle that was moved from another image', async (test) => {
    const other = parseDigest(`sha256:${'a'.repeat(64)}`);
    const image = await push(test, 'bad/moved');
    await attach(
      'bad/moved',
      image,
      await signForTest(statementOf(other, predicateTypes.signature), sigstore),
    );
    const { code, err } = await verify('bad/moved', '--repo', 'owner/app');
    assert.equal(code, 8);
    assert.match(err, new RegExp(`expected a statement about ${image}, got one about ${other}`));
    assert.match(err, /of another image/);
  });

  const identities: readonly (readonly [string, Claims, readonly string[], RegExp])[] = [
    [
      'another repository',
      {
        repository: 'owner/other',
        workflow_ref: 'owner/other/.github/workflows/image.yml@refs/heads/main',
        job_workflow_ref: 'owner/other/.github/workflows/image.yml@refs/heads/main',
      },
      [],
      /repository: expected https:\/\/github\.com\/owner\/app, got https:\/\/github\.com\/owner\/other/,
    ],
    [
      'a repository whose name only begins like it',
      {
        repository: 'owner/app-evil',
        workflow_ref: 'owner/app-evil/.github/workflows/image.yml@refs/heads/main',
        job_workflow_ref: 'owner/app-evil/.github/workflows/image.yml@refs/heads/main',
      },
      [],
      /got https:\/\/github\.com\/owner\/app-evil/,
    ],
    [
      'a pull request',
      {
        event_name: 'pull_request',
        ref: 'refs/pull/7/merge',
        workflow_ref: 'owner/app/.github/workflows/image.yml@refs/pull/7/merge',
        job_workflow_ref: 'owner/app/.github/workflows/image.yml@refs/pull/7/merge',
      },
      [],
      /event: expected one that is no pull request, got pull_request/,
    ],
    ['a pull request on its target', { event_name: 'pull_request_target' }, [], /got pull_request_target/],
    [
      'a branch that was not named',
      {
        ref: 'refs/heads/feature',
        workflow_ref: 'owner/app/.github/workflows/image.yml@refs/heads/feature',
        job_workflow_ref: 'owner/app/.github/workflows/image.yml@refs/heads/feature',
      },
      [],
      /ref: expected the branch main or master, or a tag, got refs\/heads\/feature[\s\S]*--ref refs\/heads\/feature/,
    ],
    [
      'another workflow',
      {},
      ['--workflow', 'release.yml'],
      /workflow: expected \.github\/workflows\/release\.yml/,
    ],
    ['another ref', {}, ['--ref', 'v1'], /ref: expected v1, got refs\/heads\/main/],
    [
      'a reusable workflow of elsewhere',
      { job_workflow_ref: 'builders/all/.github/workflows/image.yml@refs/tags/v1' },
      [],
      /signing workflow: expected one of https:\/\/github\.com\/owner\/app.*--signer-workflow builders\/all/s,
    ],
    [
      'another version of the reusable workflow',
      { job_workflow_ref: 'builders/all/.github/workflows/image.yml@refs/tags/v1' },
      ['--signer-workflow', 'builders/all/.github/workflows/image.yml@refs/tags/v2'],
      /@refs\/tags\/v2, got https/,
    ],
  ];
  for (const [index, [name, claims, args, message]] of identities.entries()) {
    it(`refuses ${name}`, async (test) => {
      const repository = `signer/n${index}`;
      await signed(test, repository, claims);
      const { code, out, err } = await verify(repository, '--repo', 'owner/app', ...args);
      assert.equal(code, 7, out + err);
      assert.match(err, message);
    });
  }

  it('takes what was named in place of the defaults', async (test) => {
    const reusable = 'builders/all/.github/workflows/image.yml';
    const claims = { job_workflow_ref: `${reusable}@refs/tags/v1` };
    await signed(test, 'good/reusable', claims);
    for (const named of [`${reusable}@refs/tags/v1`, `${reusable}@v1`, reusable]) {
      const { code, err } = await verify('good/reusable', '--repo', 'owner/app', '--signer-workflow', named);
      assert.equal(code, 0, err);
    }
    const ref = 'refs/pull/7/merge';
    const preview = `owner/app/.github/workflows/image.yml@${ref}`;
    await signed(test, 'good/preview', {
      ...{ event_name: 'pull_request', ref, workflow_ref: preview, job_workflow_ref: preview },
    });
    assert.equal((await verify('good/preview', '--repo', 'owner/app', '--ref', ref)).code, 0);
  });

  it('refuses an issuer that was not named', async (test) => {
    await signed(test, 'signer/issuer');
    const root = trust.slice(0, 2);
    const { code, err } = await bima('verify', ...root, '--repo', 'owner/app', nameOf('signer/issuer'));
    assert.equal(code, 7);
    assert.match(err, /issuer of the identity: expected https:\/\/token\.actions\.githubusercontent\.com/);
  });

  it('refuses a changed statement, another sigstore, and what no log has', async (test) => {
    const image = await push(test, 'bad/changed');
    const statement = statementOf(parseDigest(`sha256:${'b'.repeat(64)}`), predicateTypes.signature);
    const change = (bundle: JsonObject): JsonObject => {
      const envelope = isObject(bundle.dsseEnvelope) ? bundle.dsseEnvelope : assert.fail();
      const payload = Buffer.from(statementOf(image, predicateTypes.signature)).toString('base64');
      return { ...bundle, dsseEnvelope: { ...envelope, payload } };
    };
    await attach('bad/changed', image, await signForTest(statement, sigstore, { change }));
    const changed = await verify('bad/changed', '--repo', 'owner/app');
    assert.equal(changed.code, 8, changed.err);

    const unlogged = await push(test, 'bad/unlogged');
    const strip = (bundle: JsonObject): JsonObject => ({
      ...bundle,
      verificationMaterial: {
        ...(isObject(bundle.verificationMaterial) ? bundle.verificationMaterial : {}),
        tlogEntries: [],
      },
    });
    const plain = statementOf(unlogged, predicateTypes.signature);
    await attach('bad/unlogged', unlogged, await signForTest(plain, sigstore, { change: strip }));
    const noLog = await verify('bad/unlogged', '--repo', 'owner/app');
    assert.equal(noLog.code, 8);
    assert.match(noLog.err, /no trusted transparency log has the signature/);

    await using other = await startSigstore();
    const foreign = await push(test, 'bad/foreign');
    await attach(
      'bad/foreign',
      foreign,
      await signForTest(statementOf(foreign, predicateTypes.signature), other),
    );
    const refused = await verify('bad/foreign', '--repo', 'owner/app');
    assert.equal(refused.code, 8);
    assert.match(refused.err, /no trusted authority says when it was signed/);
  });

  it('lets bundles that do not hold take nothing from one that does', async (test) => {
    const image = await push(test, 'good/crowded');
    const statement = statementOf(image, predicateTypes.signature);
    await attach('good/crowded', image, Buffer.from('{"mediaType":'));
    await attach('good/crowded', image, Buffer.from(JSON.stringify({ mediaType: bundleType })));
    const claims = {
      repository: 'mallory/app',
      workflow_ref: 'mallory/app/.github/workflows/x.yml@refs/heads/main',
      job_workflow_ref: 'mallory/app/.github/workflows/x.yml@refs/heads/main',
    };
    await attach('good/crowded', image, await signForTest(statement, sigstore, { claims }));
    await attach('good/crowded', image, await signForTest(statement, sigstore));
    const { code, out, err } = await verify('good/crowded', '--repo', 'owner/app');
    assert.equal(code, 0, err);
    assert.match(out, /not counted: .*a signature of https:\/\/github\.com\/mallory\/app/);
  });

  it('holds a provenance against the certificate of its signer', async (test) => {
    const predicate = (uri: string, gitCommit: string, id = workflow): JsonObject => ({
      buildDefinition: { buildType: 'x', resolvedDependencies: [{ uri, digest: { gitCommit } }] },
      runDetails: { builder: { id } },
    });
    const uri = 'git+https://github.com/owner/app@refs/heads/main';
    await signed(test, 'good/provenance', {}, predicateTypes.provenance, predicate(uri, commit));
    const good = await verify('good/provenance', '--repo', 'owner/app');
    assert.equal(good.code, 0, good.err);
    assert.match(good.out, /the provenance names the same builder, repository, commit/);
    const wrong: readonly (readonly [string, JsonObject, RegExp])[] = [
      ['commit', predicate(uri, '0'.repeat(40)), /the provenance's commit: expected 1234/],
      [
        'repository',
        predicate('git+https://github.com/a/b', commit),
        /the provenance's repository: expected/,
      ],
      [
        'builder',
        predicate(uri, commit, workflow.replace('image', 'other')),
        /the provenance's builder: expected/,
      ],
    ];
    for (const [name, document, message] of wrong) {
      await signed(test, `bad/${name}`, {}, predicateTypes.provenance, document);
      const { code, err } = await verify(`bad/${name}`, '--repo', 'owner/app');
      assert.equal(code, 8);
      assert.match(err, message);
    }
  });

  describe('with a key', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

    const keyBundle = (image: Digest, key: KeyObject, hash: string | null = 'sha256'): Uint8Array => {
      const statement = statementOf(image, predicateTypes.signature);
      const type = 'application/vnd.in-toto+json';
      const sig = sign(hash, preAuthenticationEncoding(type, statement), key).toString('base64');
      return Buffer.from(
        JSON.stringify({
          mediaType: bundleType,
          verificationMaterial: { publicKey: { hint: 'x' }, tlogEntries: [] },
          dsseEnvelope: {
            payload: Buffer.from(statement).toString('base64'),
            payloadType: type,
            signatures: [{ sig, keyid: '' }],
          },
        }),
      );
    };

    const keyFile = (key: KeyObject): string => {
      const pem = key.export({ type: 'spki', format: 'pem' }).toString();
      const path = join(folder, `${createHash('sha256').update(pem).digest('hex').slice(0, 8)}.pub`);
      writeFileSync(path, pem);
      return path;
    };

    it('needs no sigstore, and says what it did not check', async (test) => {
      for (const [index, pair] of [
        { publicKey, privateKey },
        generateKeyPairSync('ed25519'),
        generateKeyPairSync('rsa', { modulusLength: 2048 }),
      ].entries()) {
        const repository = `key/good${index}`;
        const image = await push(test, repository);
        const hash = pair.privateKey.asymmetricKeyType === 'ed25519' ? null : 'sha256';
        await attach(repository, image, keyBundle(image, pair.privateKey, hash));
        const { code, out, err } = await bima('verify', '--key', keyFile(pair.publicKey), nameOf(repository));
        assert.equal(code, 0, err);
        assert.match(out, /^VERIFIED .*\nsigned by key sha256:[0-9a-f]{64}\n/);
        assert.match(out, /not checked: a transparency log, the time, from what source/);
      }
    });

    it('refuses another key, and asks for a log entry where a trusted root has a log', async (test) => {
      const image = await push(test, 'key/other');
      await attach('key/other', image, keyBundle(image, privateKey));
      const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const refused = await bima('verify', '--key', keyFile(other.publicKey), nameOf('key/other'));
      assert.equal(refused.code, 8);
      assert.match(refused.err, /was not made with the key sha256:/);
      const root = trust.slice(0, 2);
      const noLog = await bima('verify', ...root, '--key', keyFile(publicKey), nameOf('key/other'));
      assert.equal(noLog.code, 8);
      assert.match(noLog.err, /no trusted transparency log has the signature/);
      const workflowWanted = await verify('key/other', '--repo', 'owner/app');
      assert.equal(workflowWanted.code, 8);
      assert.match(workflowWanted.err, /got one with a key[\s\S]*--key FILE/);
    });
  });

  it('rebuilds from what was signed, and tells both', async (test) => {
    const image = await signed(test, 'good/source');
    const label = ['--label', 'org.example=good/source'];
    const { code, out, err } = await verify(
      'good/source',
      '--repo',
      'owner/app',
      '--source',
      context,
      ...label,
    );
    assert.equal(code, 0, err);
    assert.match(out, new RegExp(`^VERIFIED ${image}\n[\\s\\S]*\nREPRODUCED ${image}$`));
    const json = await verify('good/source', '--json', '--repo', 'owner/app', '--source', context, ...label);
    const { verified, reproduced } = JSON.parse(json.out) as JsonObject;
    assert.deepEqual([verified, reproduced], [true, true]);
    const different = await verify('good/source', '--repo', 'owner/app', '--source', context);
    assert.equal(different.code, 3);
  });

  const usage: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['nothing to verify by', [], /expected --source, --repo or --key/],
    ['a repository and a key', ['--repo', 'a/b', '--key', 'x'], /got both/],
    ['no repository', ['--repo', 'a'], /--repo: expected owner\/name/],
    ['a workflow without its repository', ['--workflow', 'x.yml'], /expected --repo with --workflow/],
    [
      'a root for nothing',
      ['--trusted-root', 'x', '--source', '.'],
      /expected --repo or --key with --trusted-root/,
    ],
    [
      'a path that is no workflow',
      ['--repo', 'a/b', '--workflow', 'src/x.yml'],
      /a workflow of the repository/,
    ],
    [
      'half a signing workflow',
      ['--repo', 'a/b', '--signer-workflow', 'x.yml'],
      /a workflow with its repository/,
    ],
    ['a label without a source', ['--repo', 'a/b', '--label', 'a=b'], /expected --source with --label/],
    ['a missing key', ['--key', '/nowhere/x.pub'], /--key "\/nowhere\/x\.pub"/],
  ];
  for (const [name, args, message] of usage) {
    it(`is told of ${name}`, async () => {
      const { code, err } = await bima('verify', ...args, 'localhost:1/a/b:1');
      assert.equal(code, 2, err);
      assert.match(err, message);
    });
  }
});

// Pushes to Debian's docker-registry, as it is and behind each kind of door; skopeo reads what was pushed.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { readDocument } from '../../../src/core/oci/blob.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { parseReference } from '../../../src/core/oci/reference.ts';
import { pushImage } from '../../../src/usecases/push/push.ts';
import type { PushResult } from '../../../src/usecases/push/push.ts';
import { createRegistryClient } from '../../../src/adapters/registry/client.ts';
import type { RegistryOptions as ClientOptions } from '../../../src/adapters/registry/client.ts';
import { openRemoteImage } from '../../../src/adapters/registry/remote-image.ts';
import { makeAuthority, makeServerCertificate } from '../../support/certificates.ts';
import {
  readTag,
  startDockerRegistry,
  startNginx,
  storedFromAnother,
} from '../../support/docker-registry.ts';
import { createTranscript } from '../../support/fault-run.ts';
import { sampleImage, writeSampleLayout } from '../../support/sample-image.ts';
import type { SampleImage } from '../../support/sample-image.ts';
import { startTokenServer } from '../../support/token-server.ts';
import { unlessInstalled } from '../../support/tools.ts';

const run = promisify(execFile);
const user = { name: 'robot', password: 'correct horse' };
const needs = unlessInstalled('docker-registry', 'skopeo');

let folder = '';
let made = 0;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'bima-docker-registry-'));
});
after(() => {
  rmSync(folder, { recursive: true, force: true });
});
const newFolder = () => join(folder, String(made++));

interface Target {
  readonly client?: Partial<ClientOptions>;
  readonly anonymous?: boolean;
  /** Options for skopeo, before the reference. */
  readonly skopeo?: readonly string[];
}

function createClient({ client = {}, anonymous = false }: Target) {
  const transcript = createTranscript();
  const created = createRegistryClient({
    credentials: {
      find: () =>
        Promise.resolve(
          anonymous ? undefined : { kind: 'password', username: user.name, password: user.password },
        ),
    },
    reporter: transcript.reporter,
    ...client,
  });
  return { client: created, transcript, [Symbol.asyncDispose]: () => created.close() };
}

async function push(image: SampleImage, references: readonly string[], target: Target): Promise<PushResult> {
  await using own = createClient(target);
  const { client, transcript } = own;
  const { reporter } = transcript;
  const parsed = references.map(parseReference);
  const result = await pushImage(image.source, image.root, parsed, { client, reporter });
  transcript.assertClean([user.password, Buffer.from(`${user.name}:${user.password}`).toString('base64')]);
  return result;
}

/** Copies an image out of the registry with skopeo and compares every byte with what was pushed. */
async function assertSkopeoReads(
  reference: string,
  image: SampleImage,
  options: readonly string[],
): Promise<void> {
  const { stdout } = await run('skopeo', ['inspect', '--raw', ...options, `docker://${reference}`]);
  assert.equal(digestOf(Buffer.from(stdout)), image.root.digest);
  const copy = newFolder();
  const source = options.map((option) => option.replace(/^--/, '--src-'));
  await run('skopeo', ['copy', '--quiet', '--all', ...source, `docker://${reference}`, `dir:${copy}`]);
  const found = new Set(
    readdirSync(copy)
      .filter((name) => name !== 'version')
      .map((name) => digestOf(readFileSync(join(copy, name)))),
  );
  assert.deepEqual(found, new Set(image.blobs.keys()));
}

const plain = ['--tls-verify=false'];
const login = ['--tls-verify=false', `--creds=${user.name}:${user.password}`];

describe('docker-registry without a login', { skip: needs }, () => {
  it('takes an image and an index, and skopeo reads both', async () => {
    await using registry = await startDockerRegistry();
    for (const architectures of [['amd64'], ['amd64', 'arm64']]) {
      const image = sampleImage({ layers: [300_000, 20], architectures });
      const reference = `${registry.host}/team/app${architectures.length}:v1`;
      const result = await push(image, [reference], { anonymous: true });
      assert.equal(result.digest, image.root.digest);
      await assertSkopeoReads(reference, image, plain);
    }
  });

  it('says what is there already', async () => {
    await using registry = await startDockerRegistry();
    const image = sampleImage();
    const reference = `${registry.host}/team/app:v1`;
    await push(image, [reference], {});
    const again = await push(image, [reference], {});
    assert.deepEqual(
      again.repositories.flatMap(({ references }) => references.map(({ stored }) => stored)),
      ['present'],
    );
  });

  it('mounts into a second repository, and takes several tags', async () => {
    await using registry = await startDockerRegistry();
    const image = sampleImage({ layers: [5000] });
    const references = ['team/app:v1', 'team/app:latest', 'other/app:v1'].map(
      (name) => `${registry.host}/${name}`,
    );
    const result = await push(image, references, {});
    const stored = result.repositories[1]?.blobs.map((blob) => blob.stored);
    assert.deepEqual(stored, [storedFromAnother, storedFromAnother]);
    for (const reference of references) await assertSkopeoReads(reference, image, plain);
    assert.equal(readTag(registry, 'other/app', 'v1'), image.root.digest);
  });

  it('takes an empty layer and chunks', async () => {
    await using registry = await startDockerRegistry();
    const image = sampleImage({ layers: [50_000, 40_000] });
    const reference = `${registry.host}/team/app:v1`;
    await push(image, [reference], { client: { chunkSize: 10_000 } });
    await assertSkopeoReads(reference, image, plain);
    const empty = sampleImage({ rawLayers: [Buffer.alloc(0)] });
    await push(empty, [`${registry.host}/team/empty:v1`], {});
    assert.equal(readTag(registry, 'team/empty', 'v1'), empty.root.digest);
  });

  it('is read back: what skopeo pushed', async () => {
    await using registry = await startDockerRegistry();
    for (const architectures of [['amd64'], ['amd64', 'arm64']]) {
      const image = sampleImage({ layers: [90_000], architectures });
      const layout = newFolder();
      writeSampleLayout(layout, image, 'v1');
      const reference = `${registry.host}/skopeo/app${architectures.length}:v1`;
      await run('skopeo', [
        'copy',
        '--quiet',
        '--all',
        '--dest-tls-verify=false',
        `oci:${layout}:v1`,
        `docker://${reference}`,
      ]);
      await using own = createClient({ anonymous: true });
      const { source, root } = await openRemoteImage(own.client, parseReference(reference));
      assert.deepEqual(
        { digest: root.digest, size: root.size },
        { digest: image.root.digest, size: image.root.size },
      );
      for (const [digest, blob] of image.blobs) {
        const bytes = await readDocument(source.open(blob.descriptor), reference);
        assert.equal(digestOf(bytes), digest);
      }
    }
  });
});

describe(
  'docker-registry with a login',
  { skip: unlessInstalled('docker-registry', 'skopeo', 'htpasswd') },
  () => {
    it('by Basic', async () => {
      await using registry = await startDockerRegistry({ basic: user });
      const image = sampleImage();
      const reference = `${registry.host}/team/app:v1`;
      await push(image, [reference], {});
      await assertSkopeoReads(reference, image, login);
      await assert.rejects(push(image, [`${registry.host}/team/app:v2`], { anonymous: true }), {
        code: 'REGISTRY_UNAUTHORIZED',
      });
      assert.equal(readTag(registry, 'team/app', 'v2'), undefined);
    });
  },
);

describe(
  'docker-registry with tokens',
  { skip: unlessInstalled('docker-registry', 'skopeo', 'openssl') },
  () => {
    for (const kind of ['rsa', 'ec'] as const) {
      it(`signed with ${kind === 'rsa' ? 'RS256' : 'ES256'}`, async () => {
        const signer = makeAuthority(folder, `signer-${kind}`, kind);
        await using tokens = await startTokenServer({ user, signingKey: signer.key });
        await using registry = await startDockerRegistry({
          token: { realm: tokens.realm, certFile: signer.certFile },
        });
        const image = sampleImage({ layers: [9000, 8000, 7000, 6000] });
        const references = ['team/app:v1', 'other/app:v1'].map((name) => `${registry.host}/${name}`);
        await push(image, references, {});
        assert.deepEqual(tokens.violations, []);
        assert.ok(tokens.requests.length <= 3, `${tokens.requests.length} tokens`);
        for (const reference of references) await assertSkopeoReads(reference, image, login);
      });
    }

    it('that do not grant the push', async () => {
      const signer = makeAuthority(folder, 'signer-pull');
      const grant = () => [{ repository: 'team/app', actions: ['pull'] }];
      await using tokens = await startTokenServer({ user, signingKey: signer.key, grant });
      await using registry = await startDockerRegistry({
        token: { realm: tokens.realm, certFile: signer.certFile },
      });
      await assert.rejects(push(sampleImage(), [`${registry.host}/team/app:v1`], {}), /push|denied|401/);
      assert.equal(readTag(registry, 'team/app', 'v1'), undefined);
    });
  },
);

describe(
  'docker-registry over TLS',
  { skip: unlessInstalled('docker-registry', 'skopeo', 'openssl') },
  () => {
    it('with a private authority', async () => {
      const authority = makeAuthority(folder, 'ca');
      const certificate = makeServerCertificate(folder, authority);
      await using registry = await startDockerRegistry({ tls: certificate });
      const image = sampleImage();
      const reference = `${registry.host}/team/app:v1`;
      await assert.rejects(push(image, [reference], {}), { code: 'REGISTRY_UNREACHABLE' });
      assert.equal(readTag(registry, 'team/app', 'v1'), undefined);
      await push(image, [reference], { client: { ca: authority.cert } });
      await assertSkopeoReads(reference, image, plain);
    });
  },
);

describe(
  'docker-registry behind nginx',
  { skip: unlessInstalled('docker-registry', 'skopeo', 'nginx') },
  () => {
    it('with a limit on bodies: in chunks', async () => {
      await using registry = await startDockerRegistry();
      await using proxy = await startNginx({ upstream: registry.host, bodyLimit: '1m' });
      const image = sampleImage({ layers: [3_000_000, 100] });
      const reference = `${proxy.host}/team/app:v1`;
      await push(image, [reference], {});
      await assertSkopeoReads(reference, image, plain);
    });

    it('with a limit that leaves no way', async () => {
      await using registry = await startDockerRegistry();
      await using proxy = await startNginx({ upstream: registry.host, bodyLimit: '4k' });
      const reference = `${proxy.host}/team/app:v1`;
      const large = sampleImage({ layers: [3_000_000] });
      await assert.rejects(push(large, [reference], {}), { code: 'REGISTRY_REFUSED' });
      assert.equal(readTag(registry, 'team/app', 'v1'), undefined);
    });
  },
);

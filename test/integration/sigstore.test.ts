// Statements signed here, and what the programs of sigstore itself make of them.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createKeySigner } from '../../src/adapters/sigstore/key-signer.ts';
import { createKeylessSigner } from '../../src/adapters/sigstore/keyless-signer.ts';
import { openSigningTools } from '../../src/adapters/sigstore/signing-service.ts';
import type { SigningTools } from '../../src/adapters/sigstore/signing-service.ts';
import { findIdentitySource } from '../../src/adapters/sigstore/workflow-token.ts';
import { silentReporter } from '../../src/core/reporter.ts';
import { encodeStatement, predicateTypes } from '../../src/core/trust/in-toto-statement.ts';
import { readSigningKey } from '../../src/core/trust/signing-key.ts';
import type { Signer } from '../../src/core/trust/signer.ts';
import { readTrustConfiguration } from '../../src/core/trust/trust-configuration.ts';
import {
  sigstoreProgram,
  skipWithoutSigstore,
  startRealSigstore,
} from '../support/sigstore/real-services.ts';
import type { Claims, Issuer } from '../support/sigstore/issuer.ts';
import { signForTest } from '../support/sigstore/sign.ts';
import { startSigstore } from '../support/sigstore/sigstore.ts';
import type { SigstoreDocuments, SigstoreOptions } from '../support/sigstore/sigstore.ts';

const content = 'what is signed';
const digest = `sha256:${createHash('sha256').update(content).digest('hex')}` as const;
const workflow = 'https://github.com/owner/app/.github/workflows/image.yml@refs/heads/main';
const predicateType = predicateTypes.signature;

/** A sigstore, ours or the real one. */
interface Services extends SigstoreDocuments {
  readonly issuer: Issuer;
}

interface Asked {
  readonly bundle: Uint8Array;
  readonly services: Services;
  readonly identity?: string;
  readonly issuerUrl?: string;
  readonly type?: string;
  readonly content?: string;
}

describe('cosign', { skip: skipWithoutSigstore }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'bima-test-'));
  let tools: SigningTools;
  let real: Awaited<ReturnType<typeof startRealSigstore>>;
  before(async () => {
    tools = openSigningTools({ reporter: silentReporter });
    real = await startRealSigstore(folder);
  });
  after(async () => {
    await tools.close();
    await real[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  const statement = encodeStatement({ subject: { name: 'x', digest }, predicateType, predicate: {} });

  const signerOf = (services: Services, claims: Claims = {}): Promise<Signer> => {
    const source = findIdentitySource(services.issuer.environment(claims)) ?? assert.fail();
    return createKeylessSigner(source, readTrustConfiguration(services.trustConfiguration, 'trust'), tools);
  };

  /** Empty when cosign believes it, or else what it says. */
  const cosign = ({ bundle, services, ...asked }: Asked): string => {
    const write = (name: string, bytes: string | Uint8Array) => {
      const path = join(folder, name);
      writeFileSync(path, bytes);
      return path;
    };
    const { status, stderr } = spawnSync(
      sigstoreProgram('cosign'),
      [
        'verify-blob-attestation',
        ...['--bundle', write('bundle.json', bundle)],
        ...['--trusted-root', write('root.json', JSON.stringify(services.trustedRoot))],
        ...['--certificate-identity', asked.identity ?? workflow],
        ...['--certificate-oidc-issuer', asked.issuerUrl ?? services.issuer.url],
        ...['--type', asked.type ?? predicateType],
        write('content', asked.content ?? content),
      ],
      { encoding: 'utf8' },
    );
    return status === 0 ? '' : stderr;
  };

  it('believes what its own services signed for us', async () => {
    const signer = await signerOf(real);
    assert.equal(signer.identity, workflow);
    const bundles = await Promise.all(Array.from({ length: 3 }, () => signer.sign(statement)));
    for (const bundle of bundles) assert.equal(cosign({ bundle, services: real }), '');
  });

  it('believes what the services of the tests signed', async () => {
    await using services = await startSigstore();
    const bundle = await (await signerOf(services)).sign(statement);
    assert.equal(cosign({ bundle, services }), '');
  });

  it('refuses another content, another identity, another issuer, another type', async () => {
    const bundle = await (await signerOf(real)).sign(statement);
    const asked = { bundle, services: real };
    assert.match(cosign({ ...asked, content: 'something else' }), /digest/);
    assert.match(
      cosign({ ...asked, identity: workflow.replace('main', 'other') }),
      /no matching CertificateIdentity/,
    );
    assert.match(
      cosign({ ...asked, issuerUrl: 'https://elsewhere.example' }),
      /no matching CertificateIdentity/,
    );
    assert.match(cosign({ ...asked, type: predicateTypes.provenance }), /predicate type/);
    const other = await (
      await signerOf(real, { job_workflow_ref: 'owner/app/x.yml@refs/heads/main' })
    ).sign(statement);
    assert.match(cosign({ ...asked, bundle: other }), /no matching CertificateIdentity/);
  });

  it('refuses a changed statement', async () => {
    const bundle = await (await signerOf(real)).sign(statement);
    const text = Buffer.from(bundle).toString();
    const payload = /"payload":"([^"]+)"/.exec(text)?.[1] ?? assert.fail();
    const changed = Buffer.from(payload, 'base64').toString().replace('"name":"x"', '"name":"y"');
    const forged = text.replace(payload, Buffer.from(changed).toString('base64'));
    assert.match(cosign({ bundle: Buffer.from(forged), services: real }), /failed to verify log inclusion/);
  });

  const variants: readonly (readonly [string, SigstoreOptions, RegExp])[] = [
    ['a certificate whose time was over', { certificateAge: 3600_000 }, /certificate|expired/],
    ['a certificate that no log has seen', { isUnlogged: true }, /SCT|signed certificate timestamp/i],
    ['a signature that no log has', { hasNoLog: true }, /log/],
  ];
  for (const [name, options, expected] of variants)
    it(`refuses ${name}`, async () => {
      await using services = await startSigstore(options);
      // Our own signer would refuse some of these.
      const bundle = await signForTest(statement, services);
      assert.match(cosign({ bundle, services }), expected);
    });

  it('believes what a key of ours signed, with the log and without', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key = readSigningKey(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    const write = (name: string, bytes: string | Uint8Array) => {
      const path = join(folder, name);
      writeFileSync(path, bytes);
      return path;
    };
    const pemPath = write('key.pub', publicKey.export({ type: 'spki', format: 'pem' }).toString());
    const trust = readTrustConfiguration(real.trustConfiguration, 'trust');
    const root = write('root.json', JSON.stringify(real.trustedRoot));
    const ways: readonly (readonly [Signer, readonly string[]])[] = [
      [createKeySigner(key, tools, trust), ['--trusted-root', root]],
      [createKeySigner(key, tools), ['--insecure-ignore-tlog']],
    ];
    for (const [signer, options] of ways) {
      const bundle = write('bundle.json', await signer.sign(statement));
      const verification = [
        'verify-blob-attestation',
        '--key',
        pemPath,
        '--bundle',
        bundle,
        '--type',
        predicateType,
      ];
      const { status, stderr } = spawnSync(
        sigstoreProgram('cosign'),
        [...verification, ...options, write('content', content)],
        { encoding: 'utf8' },
      );
      assert.equal(status, 0, stderr);
    }
  });
});

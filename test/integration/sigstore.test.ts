// Statements signed here, and what the programs of sigstore itself make of them.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { createKeySigner } from '../../src/adapters/sigstore/key-signer.ts';
import { createKeylessSigner } from '../../src/adapters/sigstore/keyless-signer.ts';
import { openSigningTools } from '../../src/adapters/sigstore/signing-service.ts';
import type { SigningTools } from '../../src/adapters/sigstore/signing-service.ts';
import { findIdentitySource } from '../../src/adapters/sigstore/workflow-token.ts';
import { isObject } from '../../src/core/oci/json.ts';
import type { JsonObject } from '../../src/core/oci/json.ts';
import { silentReporter } from '../../src/core/reporter.ts';
import { encodeStatement, predicateTypes } from '../../src/core/trust/in-toto-statement.ts';
import { readSigningKey } from '../../src/core/trust/signing-key.ts';
import type { Signer } from '../../src/core/trust/signer.ts';
import { readTrustConfiguration } from '../../src/core/trust/trust-configuration.ts';
import { startDockerRegistry } from '../support/docker-registry.ts';
import { getManifest, getReferrers, putReferrer } from '../support/registry-requests.ts';
import type { RegistryPlace } from '../support/registry-requests.ts';
import { startRegistry } from '../support/registry.ts';
import { mustRunCommand, runCommand } from '../support/run-command.ts';
import { sampleContext } from '../support/sample.ts';
import type { Claims, Issuer } from '../support/sigstore/issuer.ts';
import { requestOf, sendToLog, wrongRequests } from '../support/sigstore/log-requests.ts';
import { judge, sigstoreProgram, unlessInSigstore } from '../support/sigstore/programs.ts';
import type { Verdict } from '../support/sigstore/programs.ts';
import { skipWithoutSigstore, startRealSigstore } from '../support/sigstore/real-services.ts';
import { signForTest } from '../support/sigstore/sign.ts';
import { startSigstore } from '../support/sigstore/sigstore.ts';
import type { SigstoreDocuments, SigstoreOptions } from '../support/sigstore/sigstore.ts';
import { unlessInstalled } from '../support/tools.ts';

const content = 'what is signed';
const digest = `sha256:${createHash('sha256').update(content).digest('hex')}` as const;
const workflow = 'https://github.com/owner/app/.github/workflows/image.yml@refs/heads/main';
const predicateType = predicateTypes.signature;

/** A sigstore, ours or the real one. */
interface Services extends SigstoreDocuments {
  readonly issuer: Issuer;
}

type StartedRegistry = AsyncDisposable & { readonly host: string };

interface Asked {
  readonly bundle: Uint8Array;
  readonly services: Services;
  readonly identity?: string;
  readonly issuerUrl?: string;
  readonly type?: string;
  readonly content?: string;
}

/** What nobody should believe; the signer of src refuses to make it. */
const variants: readonly Variant[] = [
  {
    name: 'a certificate whose time was over',
    options: { certificateAge: 3600_000 },
    cosignSays: /leaf certificate verification failed/,
    pythonSays: /cert is not valid at validation time/,
  },
  {
    name: 'a certificate that no log has seen',
    options: { isUnlogged: true },
    cosignSays: /SCT|signed certificate timestamp/i,
    pythonSays: /failed to verify SCT/,
  },
  {
    name: 'a signature that no log has',
    change: (bundle) => changeMaterial(bundle, { tlogEntries: [] }),
    cosignSays: /not enough verified log entries/,
    pythonSays: /expected exactly one log entry/,
  },
  {
    name: 'a signature without a timestamp',
    change: (bundle) => changeMaterial(bundle, { timestampVerificationData: {} }),
    cosignSays: /threshold not met for verified signed timestamps/,
    pythonSays: /inclusion promise or signed timestamp/,
  },
  {
    name: 'a log that nobody knows',
    options: { hasNoLog: true },
    cosignSays: /log/,
    pythonSays: /no transparency log/,
  },
];

interface Variant {
  readonly name: string;
  readonly options?: SigstoreOptions;
  readonly change?: (bundle: JsonObject) => JsonObject;
  readonly cosignSays: RegExp;
  readonly pythonSays: RegExp;
}

describe('sigstore itself', { skip: skipWithoutSigstore }, () => {
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

  it('has a log that answers as the one of the tests does', async () => {
    const bundle = await (await signerOf(real)).sign(statement);
    const body = /"canonicalizedBody":"([^"]+)"/.exec(Buffer.from(bundle).toString())?.[1] ?? assert.fail();
    const request = requestOf(Buffer.from(body, 'base64'));
    for (const wrong of wrongRequests(request)) {
      const { status } = await sendToLog(real.logUrl, wrong);
      assert.equal(status, 400, JSON.stringify(wrong));
    }
    const again = await sendToLog(real.logUrl, request);
    assert.equal(again.status, 409);
    assert.match(again.headers.get('x-log-index') ?? '', /^\d+$/);
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
    assert.match(cosign({ bundle: forge(bundle), services: real }), /failed to verify log inclusion/);
  });

  for (const { name, options, change, cosignSays } of variants)
    it(`refuses ${name}`, async () => {
      await using services = await startSigstore(options);
      const bundle = await signForTest(statement, services, { change });
      assert.match(cosign({ bundle, services }), cosignSays);
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

  /** The command's, where it pushes a signed index of two images. */
  const push = async (place: RegistryPlace, services: Services, context: string): Promise<string> => {
    const trust = join(folder, 'trust.json');
    writeFileSync(trust, JSON.stringify(services.trustConfiguration));
    const { stdout } = await mustRunCommand(
      [
        'build',
        ...['--push', '-t', `${place.host}/${place.repository}:1`, '--platform', 'linux/amd64,linux/arm64'],
        ...['--attest', '--trust-config', trust],
        ...['--sbom', join(folder, 'sbom.json'), '--provenance', join(folder, 'provenance.json')],
        context,
      ],
      { env: services.issuer.environment() },
    );
    return stdout.trim();
  };

  interface AskedOfImage {
    readonly place: RegistryPlace;
    readonly reference: string;
    readonly services: Services;
    readonly identity?: string;
    readonly issuerUrl?: string;
    /** None: that it is signed. */
    readonly type?: string;
  }

  const judgeImage = ({ place, reference, services, ...asked }: AskedOfImage): Promise<Verdict> => {
    const root = join(folder, 'root.json');
    writeFileSync(root, JSON.stringify(services.trustedRoot));
    return judge('cosign', [
      ...(asked.type === undefined ? ['verify'] : ['verify-attestation', '--type', asked.type]),
      ...['--allow-http-registry', '--trusted-root', root],
      ...['--certificate-identity', asked.identity ?? workflow],
      ...['--certificate-oidc-issuer', asked.issuerUrl ?? services.issuer.url],
      `${place.host}/${place.repository}${reference}`,
    ]);
  };

  const checkImages = async (host: string, context: string): Promise<RegistryPlace> => {
    const place = { host, repository: 'owner/app' };
    const digest = await push(place, real, context);
    const { document } = (await getManifest(place, '1')) ?? assert.fail();
    const children = Array.isArray(document.manifests) ? document.manifests.filter(isObject) : [];
    assert.equal(children.length, 2);
    const asked = { place, services: real };
    for (const one of [':1', `@${digest}`, ...children.map((child) => `@${String(child.digest)}`)]) {
      const plain = await judgeImage({ ...asked, reference: one });
      assert.ok(plain.isAccepted, plain.said);
      for (const type of [predicateTypes.signature, predicateTypes.provenance, predicateTypes.spdx]) {
        const verdict = await judgeImage({ ...asked, reference: one, type });
        assert.ok(verdict.isAccepted, `${type}: ${verdict.said}`);
      }
    }
    const refuses = async (more: Omit<AskedOfImage, 'place' | 'services'>, why: RegExp) => {
      const { isAccepted, said } = await judgeImage({ ...asked, ...more });
      assert.ok(!isAccepted);
      assert.match(said, why);
    };
    const stranger = /no matching CertificateIdentity found/;
    await refuses({ reference: ':1', identity: workflow.replace('main', 'other') }, stranger);
    await refuses({ reference: ':1', issuerUrl: 'https://elsewhere.example' }, stranger);
    await refuses({ reference: ':1', type: 'https://example.com/other' }, /none of the attestations matched/);
    return place;
  };

  /** Gives the bundles of the tag `1` to another image, which nobody signed. */
  const moveBundles = async (place: RegistryPlace, context: string): Promise<void> => {
    const reference = `${place.host}/${place.repository}:unsigned`;
    const { stdout } = await mustRunCommand([
      ...['build', '--push', '-t', reference, '--platform', 'linux/amd64', '--label', 'a=b', context],
    ]);
    const other = (await getManifest(place, 'unsigned')) ?? assert.fail();
    assert.equal(other.digest, stdout.trim());
    const before = await judgeImage({ place, services: real, reference: ':unsigned' });
    assert.match(before.said, /no signatures found/);
    const signed = (await getManifest(place, '1')) ?? assert.fail();
    for (const { digest } of await getReferrers(place, signed.digest)) {
      const { document } = (await getManifest(place, String(digest))) ?? assert.fail();
      const subject = {
        mediaType: other.document.mediaType,
        digest: other.digest,
        size: other.bytes.length,
      };
      await putReferrer(place, { ...document, subject });
    }
    assert.equal((await getReferrers(place, other.digest)).length, 3);
    const moved = await judgeImage({ place, services: real, reference: ':unsigned' });
    assert.ok(!moved.isAccepted);
    assert.match(moved.said, /digest|subject/);
    assert.doesNotMatch(moved.said, /no signatures found/);
  };

  const registries: readonly (readonly [string, string | false, () => Promise<StartedRegistry>])[] = [
    ['docker-registry 2.8', unlessInstalled('docker-registry'), () => startDockerRegistry()],
    [
      'distribution 3',
      unlessInSigstore('registry'),
      () => startDockerRegistry({ program: sigstoreProgram('registry') }),
    ],
    ['a registry with the referrers API', false, () => startRegistry({ referrers: true })],
  ];
  for (const [name, skip, start] of registries)
    it(`believes images in ${name}, and no image with the bundles of another`, { skip }, async (test) => {
      await using registry = await start();
      const context = contextOf(test);
      const place = await checkImages(registry.host, context);
      // What is there and verifies is used again.
      const digest = await push(place, real, context);
      assert.equal((await getReferrers(place, digest)).length, 3);
      await moveBundles(place, context);
    });

  const unlessDistribution = unlessInSigstore('registry');
  it('has what cosign signed verified here', { skip: unlessDistribution }, async (test) => {
    await using registry = await startDockerRegistry({ program: sigstoreProgram('registry') });
    const context = contextOf(test);
    const write = (name: string, document: unknown) => {
      const path = join(folder, name);
      writeFileSync(path, JSON.stringify(document));
      return path;
    };
    const root = write('root.json', real.trustedRoot);
    const services = [
      ...['--signing-config', write('signing.json', real.trustConfiguration.signingConfig)],
      ...['--trusted-root', root, '--allow-http-registry', '--yes'],
    ];
    const cosignWith = async (command: string, name: string, ...options: readonly string[]) => {
      const args = [command, ...services, ...options, name];
      const { isAccepted, said } = await judge('cosign', args, { COSIGN_PASSWORD: 'of a test' });
      assert.ok(isAccepted, said);
    };
    const token = () => ['--identity-token', real.issuer.token()];
    const build = async (repository: string, ...options: readonly string[]) => {
      const name = `${registry.host}/owner/${repository}:1`;
      const args = ['build', '--push', '-t', name, '--platform', 'linux/amd64', ...options, context];
      const env = { ...real.issuer.environment(), COSIGN_PASSWORD: 'of a test' };
      await mustRunCommand(args, { env });
      return name;
    };
    const verify = (name: string, ...options: readonly string[]) =>
      runCommand(['verify', '--trusted-root', root, ...options, name]);
    const owner = ['--repo', 'owner/app', '--issuer', real.issuer.url];

    const ours = await build(
      'ours',
      '--attest',
      '--trust-config',
      write('trust.json', real.trustConfiguration),
    );
    const signed = await build('signed');
    await cosignWith('sign', signed, ...token());
    const attested = await build('attested');
    const predicate = write('predicate.json', {
      buildDefinition: { buildType: 'https://example.com/build', externalParameters: {} },
      runDetails: { builder: { id: 'https://example.com/builder' } },
    });
    await cosignWith('attest', attested, ...token(), '--type', 'slsaprovenance1', '--predicate', predicate);
    const exact = ['--workflow', '.github/workflows/image.yml', '--ref', 'refs/heads/main'];
    for (const name of [ours, signed, attested]) {
      const { code, stdout, stderr } = await verify(name, ...owner, ...exact);
      assert.equal(code, 0, name + stdout + stderr);
      assert.match(
        stdout,
        /checked: signature, certificate, certificate log, log entry, timestamp, identity/,
      );
    }
    for (const name of [ours, signed, attested]) {
      const other = await verify(name, '--repo', 'owner/other', '--issuer', real.issuer.url);
      assert.equal(other.code, 7, other.stderr);
      const elsewhere = await verify(name, ...owner, '--workflow', 'release.yml');
      assert.equal(elsewhere.code, 7, elsewhere.stderr);
    }
    // With a key of cosign: it signs, and it gives bima its key to sign with.
    const pair = join(folder, 'pair');
    const made = await judge('cosign', ['generate-key-pair', '--output-key-prefix', pair], {
      COSIGN_PASSWORD: 'of a test',
    });
    assert.ok(made.isAccepted, made.said);
    const keyed = await build('keyed');
    await cosignWith('sign', keyed, '--key', `${pair}.key`);
    const { code, stdout, stderr } = await verify(keyed, '--key', `${pair}.pub`);
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /checked: signature, log entry/);
    const byBima = await build('keyed-here', '--key', `${pair}.key`);
    assert.equal((await runCommand(['verify', '--key', `${pair}.pub`, byBima])).code, 0);
    const believed = await judge('cosign', [
      ...['verify', '--key', `${pair}.pub`, '--insecure-ignore-tlog', '--allow-http-registry', byBima],
    ]);
    assert.ok(believed.isAccepted, believed.said);

    assert.equal((await verify(await build('unsigned'), ...owner)).code, 6);
  });

  const unlessPeers = unlessInSigstore('registry', 'oras');
  it('and others do what docs/trust.md shows', { skip: unlessPeers }, async (test) => {
    await using registry = await startDockerRegistry({ program: sigstoreProgram('registry') });
    const context = contextOf(test);
    const at = (name: string) => join(folder, name);
    writeFileSync(at('trust.json'), JSON.stringify(real.trustConfiguration));
    writeFileSync(at('root.json'), JSON.stringify(real.trustedRoot));
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeFileSync(at('cosign.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
    const own = 'owner/name/.github/workflows/image.yml@refs/heads/main';
    const claims = { repository: 'owner/name', workflow_ref: own, job_workflow_ref: own };
    const workflowOfBima = 'nubificus/bima-action/.github/workflows/image.yml@refs/tags/v1';
    const keyless = ['--attest', '--trust-config', at('trust.json')];
    const key = { KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
    /** Who signs, by what a command asks for. */
    const signers: readonly (readonly [
      RegExp,
      string,
      readonly string[],
      Readonly<Record<string, string>>,
    ])[] = [
      [/--key/, 'keyed', ['--key=env://KEY'], key],
      [
        /bima-action/,
        'reusable',
        keyless,
        real.issuer.environment({ ...claims, job_workflow_ref: workflowOfBima }),
      ],
      [/./, 'own', keyless, real.issuer.environment(claims)],
    ];
    for (const [, name, signing, env] of signers) {
      const image = ['-t', `${registry.host}/${name}/name:main`, '--platform', 'linux/amd64'];
      const args = ['build', '--push', ...image, '--sbom', at('sbom.json'), ...signing, context];
      await mustRunCommand(args, { env });
    }
    const commands = commandsOf('docs/trust.md').filter((command) =>
      /^(?:bima verify|cosign|oras) /.test(command),
    );
    assert.ok(commands.length >= 10, commands.join('\n'));
    for (const command of commands) {
      const [, repository = ''] = signers.find(([asked]) => asked.test(command)) ?? [];
      const [program = '', ...args] = command
        .replaceAll('ghcr.io/owner/', `${registry.host}/${repository}/`)
        .replaceAll('https://token.actions.githubusercontent.com', real.issuer.url)
        .replaceAll('cosign.pub', at('cosign.pub'))
        .split(' ')
        .map((word) => (word === '.' ? context : word));
      if (program === 'bima') {
        const trust = ['--trusted-root', at('root.json'), '--issuer', real.issuer.url];
        const { code, stdout, stderr } = await runCommand([
          ...args,
          ...(repository === 'keyed' ? [] : trust),
        ]);
        assert.equal(code, 0, `${command}\n${stdout}${stderr}`);
      } else {
        const trust = ['--trusted-root', at('root.json'), '--allow-http-registry'];
        const more = program === 'oras' ? ['--plain-http'] : trust;
        const { isAccepted, said } = await judge(program === 'oras' ? program : 'cosign', [...args, ...more]);
        assert.ok(isAccepted, `${command}\n${said}`);
      }
    }
  });

  it('is shown by oras', { skip: unlessInSigstore('oras') }, async (test) => {
    await using registry = await startRegistry({ referrers: true });
    const place = { host: registry.host, repository: 'owner/app' };
    await push(place, real, contextOf(test));
    const name = `${place.host}/${place.repository}:1`;
    const { said, stdout, isAccepted } = await judge('oras', [
      ...['discover', '--plain-http', '--format', 'json', name],
    ]);
    assert.ok(isAccepted, said);
    const { referrers } = JSON.parse(stdout) as {
      referrers: { artifactType: string; annotations: Record<string, string> }[];
    };
    const bundleType = 'application/vnd.dev.sigstore.bundle.v0.3+json';
    assert.ok(referrers.every(({ artifactType }) => artifactType === bundleType));
    assert.deepEqual(
      referrers.map(({ annotations }) => annotations['dev.sigstore.bundle.predicateType']).sort(),
      [predicateTypes.signature, predicateTypes.provenance, predicateTypes.spdx].sort(),
    );
  });

  it('agrees with sigstore-python', { skip: unlessInSigstore('sigstore') }, async () => {
    const asked = async (
      bundle: Uint8Array,
      services: Services,
      identity = workflow,
      of: string = digest,
    ) => {
      const [trust, path] = [join(folder, 'trust.json'), join(folder, 'python.json')];
      writeFileSync(trust, JSON.stringify(services.trustConfiguration));
      writeFileSync(path, bundle);
      return judge('sigstore', [
        ...['--trust-config', trust, 'verify', 'identity', '--offline', '--bundle', path],
        ...['--cert-identity', identity, '--cert-oidc-issuer', services.issuer.url, of],
      ]);
    };
    const bundle = await (await signerOf(real)).sign(statement);
    const accepted = await asked(bundle, real);
    assert.ok(accepted.isAccepted, accepted.said);
    const refusals: readonly (readonly [Verdict, RegExp])[] = [
      [await asked(bundle, real, workflow.replace('main', 'other')), /SANs do not match/],
      [await asked(bundle, real, workflow, `sha256:${'0'.repeat(64)}`), /digest|subject/],
      [await asked(forge(bundle), real), /[Ss]ignature|inconsistent/],
    ];
    for (const [{ isAccepted, said }, why] of refusals) {
      assert.ok(!isAccepted);
      assert.match(said, why);
    }
    for (const { name, options, change, pythonSays } of variants) {
      await using services = await startSigstore(options);
      const { isAccepted, said } = await asked(await signForTest(statement, services, { change }), services);
      assert.ok(!isAccepted, `${name}: ${said}`);
      assert.match(said.replace(/\s+/g, ' '), pythonSays, name);
    }
  });
});

/** The commands of the shell in a page, each on one line. */
function commandsOf(path: string): readonly string[] {
  const text = readFileSync(path, 'utf8');
  const blocks = [...text.matchAll(/^```bash\n(.*?)^```$/gms)].map(([, block = '']) => block);
  return blocks.flatMap((block) => block.replace(/ \\\n\s*/g, ' ').split('\n'));
}

function changeMaterial(bundle: JsonObject, change: JsonObject): JsonObject {
  const material = isObject(bundle.verificationMaterial) ? bundle.verificationMaterial : {};
  return { ...bundle, verificationMaterial: { ...material, ...change } };
}

/** With a binary that is of no platform. */
function contextOf(test: TestContext): string {
  return sampleContext(test, import.meta.filename);
}

/** The statement of a bundle, changed without its signer. */
function forge(bundle: Uint8Array): Buffer {
  const text = Buffer.from(bundle).toString();
  const payload = /"payload":"([^"]+)"/.exec(text)?.[1] ?? assert.fail();
  const changed = Buffer.from(payload, 'base64').toString().replace('"name":"x"', '"name":"y"');
  return Buffer.from(text.replace(payload, Buffer.from(changed).toString('base64')));
}

// `--attest` and `--key`: what is signed, what is taken over, and what a failure leaves behind.

import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { createPublicKey, createHash } from 'node:crypto';
import { readCertificateIdentity } from '../../src/core/trust/certificate-identity.ts';
import { isSignedBy, parseBundle } from '../../src/core/trust/signed-statement.ts';
import { startRegistry } from '../support/registry.ts';
import type { Registry } from '../support/registry.ts';
import { sampleContainerfile, sampleContext } from '../support/sample.ts';
import { bundlesAbout, documentTypes, newKey, runBima } from '../support/signed-image.ts';
import type { FoundBundle } from '../support/signed-image.ts';
import { startSigstore } from '../support/sigstore/sigstore.ts';

const signature = 'https://sigstore.dev/cosign/sign/v1';
const provenance = 'https://slsa.dev/provenance/v1';
const spdx = 'https://spdx.dev/Document';
const workflow = 'https://github.com/owner/app/.github/workflows/image.yml@refs/heads/main';

const types = (bundles: readonly FoundBundle[]) => bundles.map(({ predicateType }) => predicateType).sort();
const digestsOf = (bundles: readonly FoundBundle[]) => bundles.map(({ manifest }) => manifest).sort();

function fingerprint(key: string): string {
  const der = createPublicKey(key).export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(der).digest('hex');
}

async function mustRun(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const result = await runBima(args, environment);
  assert.equal(result.code, 0, result.out + result.lines);
  return result;
}

/** The digests of the index at a tag and of what it lists. */
async function digestsAt(place: string, tag: string): Promise<readonly string[]> {
  const [host = '', ...path] = place.split('/');
  const answer = await fetch(`http://${host}/v2/${path.join('/')}/manifests/${tag}`, {
    headers: { accept: documentTypes },
  });
  const { manifests = [] } = (await answer.json()) as { manifests?: readonly { digest: string }[] };
  return [answer.headers.get('docker-content-digest') ?? '', ...manifests.map(({ digest }) => digest)];
}

function filesFor(test: TestContext): { context: string; at: (name: string) => string } {
  const context = sampleContext(test);
  return { context, at: (name) => join(context, '..', name) };
}

function forTwoPlatforms(context: string): readonly string[] {
  for (const arch of ['amd64', 'arm64']) {
    const binary = join(import.meta.dirname, `../../examples/hello/hello-${arch}`);
    copyFileSync(binary, join(context, `kernel-${arch}`));
  }
  const text = sampleContainerfile.replace('COPY test-redis.hvt', 'ARG TARGETARCH\nCOPY kernel-$TARGETARCH');
  writeFileSync(join(context, 'Containerfile'), text);
  return ['--no-strict', '--platform=linux/amd64,linux/arm64'];
}

describe('an image that is signed with a key', () => {
  for (const referrers of [true, false]) {
    it(`has a signature and a provenance, ${referrers ? 'at the referrers API' : 'at the fallback tag'}, before its tag`, async (test) => {
      await using registry = await startRegistry({ referrers });
      const { context, at } = filesFor(test);
      const key = newKey();
      writeFileSync(at('key.pem'), key);
      const place = `${registry.host}/a/b`;
      const args = ['build', '--push', '-t', `${place}:1`, '--key', at('key.pem'), '--json', context];
      const first = JSON.parse((await mustRun(args)).out) as {
        digest: string;
        signed: { by: string; signatures: readonly { predicateType: string; reused: boolean }[] };
      };
      assert.equal(first.signed.by, `key sha256:${fingerprint(key)}`);
      assert.deepEqual(
        first.signed.signatures.map(({ reused }) => reused),
        [false, false],
      );
      const bundles = await bundlesAbout(place, first.digest);
      assert.deepEqual(types(bundles), [signature, provenance]);
      assert.deepEqual(bundles.map(({ listedType }) => listedType).sort(), [signature, provenance]);
      for (const { bytes } of bundles) assert.ok(isSignedBy(parseBundle(bytes, 'x'), createPublicKey(key)));
      const signed = bundles.find(({ predicateType }) => predicateType === signature);
      assert.deepEqual(signed?.statement.predicate, {});
      // No statement is there a second time, as it is.
      assert.doesNotMatch(JSON.stringify(registry.store.tags('a/b')), /in-toto/);
      assertTagsLast(registry);
      registry.assertRules();

      // Trap 7: the same again adds nothing.
      const again = JSON.parse((await mustRun(args)).out) as typeof first;
      assert.deepEqual(
        again.signed.signatures.map(({ reused }) => reused),
        [true, true],
      );
      assert.deepEqual(digestsOf(await bundlesAbout(place, first.digest)), digestsOf(bundles));

      // Another key is another signer.
      await mustRun([...args.slice(0, -4), '--key', 'env://OTHER', context], { OTHER: newKey() });
      assert.equal((await bundlesAbout(place, first.digest)).length, 4);
      registry.assertRules();
    });
  }

  it('has one set for the index and for each image in it, with bills of materials', async (test) => {
    await using registry = await startRegistry();
    const { context, at } = filesFor(test);
    const place = `${registry.host}/a/b`;
    const { lines } = await mustRun(
      [
        ...['build', '--push', '-t', `${place}:1`, '--key=env://KEY', ...forTwoPlatforms(context)],
        ...['--sbom', at('s.json'), '--provenance', at('p.json'), context],
      ],
      { KEY: newKey() },
    );
    const digests = await digestsAt(place, '1');
    assert.equal(digests.length, 3);
    // What all nine statements share goes there once, and the log says it once.
    assert.equal(lines.split('\n').filter((line) => line.includes(' 2 B: pushed')).length, 1, lines);
    for (const digest of digests)
      assert.deepEqual(types(await bundlesAbout(place, digest)), [signature, provenance, spdx]);
    assert.match(readFileSync(at('p.json'), 'utf8'), /slsa\.dev\/provenance/);
    // What is recorded is found in the bundle.
    const verified = await mustRun(['verify', '--source', context, `${place}:1`]);
    assert.match(verified.out, /^REPRODUCED/);
  });

  it('takes its signatures along: layout, merge, push; and only what is new is signed again', async (test) => {
    await using registry = await startRegistry({ referrers: false });
    const { context, at } = filesFor(test);
    forTwoPlatforms(context);
    const environment = { KEY: newKey() };
    for (const arch of ['amd64', 'arm64']) {
      const options = ['--no-strict', `--platform=linux/${arch}`, '--key=env://KEY', '-t', 'a/b:1'];
      await mustRun(['build', '--output=oci', '--dest', at(arch), ...options, context], environment);
    }
    const merge = ['merge', '--output=oci', '-t', 'a/b:1', at('amd64'), at('arm64'), '--json'];
    const unsigned = await mustRun([...merge, '--dest', at('unsigned')]);
    const merged = await mustRun([...merge, '--dest', at('merged'), '--key=env://KEY'], environment);
    const { digest, signed } = JSON.parse(merged.out) as {
      digest: string;
      signed: { signatures: readonly { subject: string; reused: boolean }[] };
    };
    assert.equal(
      digest,
      (JSON.parse(unsigned.out) as { digest: string }).digest,
      'no signature is in the index',
    );
    assert.deepEqual(
      signed.signatures.map(({ subject, reused }) => [subject === digest, reused]),
      [
        [true, false],
        [false, true],
        [false, true],
      ],
    );
    const place = `${registry.host}/a/b`;
    await mustRun(['push', at('merged'), `${place}:1`]);
    const [index = '', ...images] = await digestsAt(place, '1');
    assert.deepEqual(types(await bundlesAbout(place, index)), [signature]);
    for (const image of images)
      assert.deepEqual(types(await bundlesAbout(place, image)), [signature, provenance]);

    // The layout without a signature of the index gets one on its way.
    const other = `${registry.host}/c/d`;
    await mustRun(['push', '--key=env://KEY', at('unsigned'), `${other}:1`], environment);
    assert.deepEqual(types(await bundlesAbout(other, index)), [signature]);
    for (const image of images)
      assert.deepEqual(types(await bundlesAbout(other, image)), [signature, provenance]);
    registry.assertRules();
  });

  it('trap 2: warns of a signature that cosign 3 no longer finds, once', async (test) => {
    await using registry = await startRegistry();
    const { context } = filesFor(test);
    const place = `${registry.host}/a/b`;
    const { out: digest } = await mustRun(['build', '--push', '-t', `${place}:1`, context]);
    await mustRun(['build', '--push', '-t', `${place}:${digest.replace(':', '-')}.sig`, context]);
    const args = ['build', '--push', '-t', `${place}:1`, '--key=env://KEY', context];
    const environment = { KEY: newKey() };
    const first = await mustRun(args, environment);
    assert.match(
      first.lines,
      /SIGNATURE_HIDDEN|cosign 3 no longer finds the signature "sha256-[0-9a-f]+\.sig"/,
    );
    assert.doesNotMatch((await mustRun(args, environment)).lines, /no longer finds/);
  });

  it('says what is wrong with the key before it builds or asks for anything', async (test) => {
    await using registry = await startRegistry();
    const { context, at } = filesFor(test);
    writeFileSync(at('public.pem'), createPublicKey(newKey()).export({ type: 'spki', format: 'pem' }));
    const rows: readonly [args: readonly string[], expected: RegExp, environment?: Record<string, string>][] =
      [
        [['--key', at('none.pem')], /none\.pem/],
        [['--key', at('public.pem')], /expected a private key, got a public one/],
        [['--key=env://KEY'], /expected a private key in the variable "KEY"/],
        [['--key=env://KEY'], /the private key/, { KEY: newKey().slice(0, 80) }],
        [['--key=awskms://x'], /expected a file or env:\/\/NAME/],
        [['--attest'], /nothing to sign with.*\n.*--key FILE.*`id-token: write`/],
        [['--attest=maybe'], /expected one of "true", "auto", "false"/],
        [['--trust-config', at('none.json')], /expected --attest beside --trust-config/],
        [['--attest', '--trust-config', at('public.pem')], /trust configuration/],
      ];
    for (const [args, expected, environment] of rows) {
      const { code, lines } = await runBima(
        ['build', '--push', '-t', `${registry.host}/a/b:1`, ...args, context],
        environment,
      );
      assert.notEqual(code, 0);
      assert.match(lines, expected);
      assert.doesNotMatch(lines, /MII|[A-Za-z0-9+/]{40}/, 'nothing of a key is said');
    }
    assert.deepEqual(registry.requests, []);
  });

  it('leaves it unsigned with --attest=auto where there is nothing to sign with, and says so', async (test) => {
    await using registry = await startRegistry();
    const { context } = filesFor(test);
    const place = `${registry.host}/a/b`;
    const args = ['build', '--push', '-t', `${place}:1`, '--attest=auto', context];
    const { out, lines } = await mustRun(args);
    assert.match(lines, /not signing: there is no key/);
    assert.deepEqual(await bundlesAbout(place, out), []);
  });
});

describe('an image that a workflow signs', () => {
  it('has one certificate for all, and the same run again adds nothing, but another commit does', async (test) => {
    await using sigstore = await startSigstore();
    await using registry = await startRegistry({ referrers: false });
    const { context, at } = filesFor(test);
    writeFileSync(at('trust.json'), JSON.stringify(sigstore.trustConfiguration));
    const place = `${registry.host}/a/b`;
    const args = [
      'build',
      '--push',
      '-t',
      `${place}:1`,
      '--attest',
      '--trust-config',
      at('trust.json'),
      context,
    ];
    const { out: digest, lines } = await mustRun(args, sigstore.issuer.environment());
    assert.ok(lines.includes(`signed 2 statements as ${workflow}`), lines);
    const bundles = await bundlesAbout(place, digest);
    assert.deepEqual(types(bundles), [signature, provenance]);
    const certificates = new Set(
      bundles.map(({ bytes }) => {
        const { certificate } = parseBundle(bytes, 'x');
        assert.ok(certificate !== undefined);
        assert.equal(readCertificateIdentity(certificate).subject, workflow);
        return Buffer.from(certificate).toString('hex');
      }),
    );
    assert.equal(certificates.size, 1);

    const again = await mustRun(args, sigstore.issuer.environment());
    assert.ok(again.lines.includes('had been signed by'), again.lines);
    assert.deepEqual(digestsOf(await bundlesAbout(place, digest)), digestsOf(bundles));

    const claims = { sha: 'f'.repeat(40), workflow_sha: 'f'.repeat(40), job_workflow_sha: 'f'.repeat(40) };
    await mustRun(args, sigstore.issuer.environment(claims));
    assert.equal((await bundlesAbout(place, digest)).length, 4);

    // Nor is a bundle of another sigstore taken over, whatever name is in its certificate.
    await using other = await startSigstore();
    writeFileSync(at('other.json'), JSON.stringify(other.trustConfiguration));
    await mustRun([...args.slice(0, -2), at('other.json'), context], other.issuer.environment());
    assert.equal((await bundlesAbout(place, digest)).length, 6);
  });

  it('has moved no tag when a service of sigstore fails for good', async (test) => {
    for (const service of ['fulcio', 'rekor', 'timestamp']) {
      const hit: string[] = [];
      await using sigstore = await startSigstore({
        fault: (call) => {
          if (!call.service.toLowerCase().includes(service)) return undefined;
          hit.push(call.path);
          return { status: 400, body: Buffer.from('{"message":"no"}') };
        },
      });
      await using registry = await startRegistry();
      const { context, at } = filesFor(test);
      writeFileSync(at('trust.json'), JSON.stringify(sigstore.trustConfiguration));
      const environment = sigstore.issuer.environment();
      const args = ['--attest', '--trust-config', at('trust.json'), context];
      const { code, lines } = await runBima(
        ['build', '--push', '-t', `${registry.host}/a/b:1`, ...args],
        environment,
      );
      assert.equal(code, 1, lines);
      assert.ok(hit.length > 0, service);
      assert.deepEqual(registry.store.tags('a/b'), {});
      const { ACTIONS_ID_TOKEN_REQUEST_TOKEN: secret = '' } = environment;
      assert.ok(secret !== '' && !lines.includes(secret));
      assert.doesNotMatch(lines, /eyJ/, 'no token is said');
    }
  });
});

/** Trap 6, and the promise: who pulls a tag finds it signed. */
function assertTagsLast({ requests }: Registry): void {
  const puts = requests.filter(({ method, path }) => method === 'PUT' && path.includes('/manifests/'));
  const tag = puts.findIndex(({ path }) => path.endsWith('/manifests/1'));
  assert.equal(tag, puts.length - 1, puts.map(({ path }) => path).join('\n'));
}

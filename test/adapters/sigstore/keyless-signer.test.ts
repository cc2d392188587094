// Signing against the sigstore of the tests; what comes out is checked by sigstore's own library.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bundleFromJSON } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { Verifier, toSignedEntity, toTrustMaterial } from '@sigstore/verify';
import { createKeylessSigner } from '../../../src/adapters/sigstore/keyless-signer.ts';
import type { KeylessSigner } from '../../../src/adapters/sigstore/keyless-signer.ts';
import { openSigningTools } from '../../../src/adapters/sigstore/signing-service.ts';
import { findIdentitySource } from '../../../src/adapters/sigstore/workflow-token.ts';
import { BimaError } from '../../../src/core/errors.ts';
import { silentReporter } from '../../../src/core/reporter.ts';
import { readTrustConfiguration } from '../../../src/core/trust/trust-configuration.ts';
import { createFastClock } from '../../support/fast-clock.ts';
import type { FastClock } from '../../support/fast-clock.ts';
import { json } from '../../support/sigstore/service.ts';
import type { ServiceCall, ServiceFault } from '../../support/sigstore/service.ts';
import { startSigstore } from '../../support/sigstore/sigstore.ts';
import type { Sigstore, SigstoreOptions } from '../../support/sigstore/sigstore.ts';

const workflow = 'https://github.com/owner/app/.github/workflows/image.yml@refs/heads/main';
const statement = Buffer.from('{"_type":"https://in-toto.io/Statement/v1","subject":[],"predicateType":"x"}');

interface Signing {
  readonly sigstore: Sigstore;
  readonly clock: FastClock;
  readonly masked: readonly string[];
  readonly said: readonly string[];
  readonly open: (environment?: Readonly<Record<string, string>>) => Promise<KeylessSigner>;
}

async function withSigstore(
  options: SigstoreOptions,
  body: (signing: Signing) => Promise<void>,
): Promise<void> {
  await using sigstore = await startSigstore(options);
  const clock = createFastClock();
  const masked: string[] = [];
  const said: string[] = [];
  const say = (line: string) => {
    said.push(line);
  };
  const tools = openSigningTools({
    reporter: { ...silentReporter, info: say, debug: say },
    clock,
    mask: (secret) => masked.push(secret),
  });
  const open = (environment = sigstore.issuer.environment()) => {
    const source = findIdentitySource(environment) ?? assert.fail();
    return createKeylessSigner(source, readTrustConfiguration(sigstore.trustConfiguration, 'it'), tools);
  };
  try {
    await body({ sigstore, clock, masked, said, open });
  } finally {
    await tools.close();
  }
}

function verify(bytes: Uint8Array, { trustedRoot, issuer }: Sigstore, logs = 1): void {
  const material = toTrustMaterial(TrustedRoot.fromJSON(trustedRoot));
  const verifier = new Verifier(material, { tlogThreshold: logs });
  const entity = toSignedEntity(bundleFromJSON(JSON.parse(Buffer.from(bytes).toString())));
  verifier.verify(entity, { subjectAlternativeName: workflow, extensions: { issuer: issuer.url } });
}

/** Something else happens to the calls of a service: to the first of them, or to all. */
function faultAt(
  service: string,
  happens: Exclude<ReturnType<ServiceFault>, undefined>,
  times = Infinity,
): ServiceFault {
  let left = times;
  return (call: ServiceCall) => {
    if (call.service !== service || left === 0) return undefined;
    left -= 1;
    return happens;
  };
}

async function failure(promise: Promise<unknown>): Promise<BimaError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof BimaError, String(error));
    assert.ok(error.hint !== undefined);
    return error;
  }
  return assert.fail('it did not fail');
}

describe('a signer with the identity of a workflow', () => {
  it('signs what sigstore verifies: certificate, log and timestamp', () =>
    withSigstore({}, async ({ sigstore, open }) => {
      const signer = await open();
      assert.equal(signer.identity, workflow);
      assert.equal(
        signer.certificate.claims.sourceRepositoryDigest,
        '1234567890123456789012345678901234567890',
      );
      verify(await signer.sign(statement), sigstore);
    }));

  it('gets one certificate for all statements of a run, also at the same time', () =>
    withSigstore({}, async ({ sigstore, open }) => {
      const signer = await open();
      const bundles = await Promise.all(
        [1, 2, 3, 4, 5, 6, 7, 8].map((number) => signer.sign(Buffer.from(`{"number":${number}}`))),
      );
      for (const bundle of bundles) verify(bundle, sigstore);
      const count = (service: string) => sigstore.calls.filter((call) => call.service === service).length;
      assert.deepEqual([count('fulcio'), count('rekor')], [1, 8]);
      assert.equal(sigstore.rekor.entries.length, 8);
    }));

  it('gets the next certificate when the time of the first is nearly over', () =>
    withSigstore({}, async ({ sigstore, clock, open }) => {
      const signer = await open();
      const count = () => sigstore.calls.filter(({ service }) => service === 'fulcio').length;
      clock.advance(8 * 60_000);
      await signer.sign(statement);
      assert.equal(count(), 1);
      clock.advance(60_000);
      const bundles = await Promise.all([signer.sign(statement), signer.sign(statement)]);
      assert.equal(count(), 2);
      for (const bundle of bundles) verify(bundle, sigstore);
    }));

  it('writes to the log nothing that grows with the statement (trap 1)', () =>
    withSigstore({}, async ({ sigstore, open }) => {
      const signer = await open();
      await signer.sign(Buffer.alloc(5_000_000, ' '));
      for (const { body, path } of sigstore.calls)
        assert.ok(body.length < 5000, `${path}: ${body.length} bytes`);
    }));

  it('leaves the keyid of the envelope empty (trap 3)', () =>
    withSigstore({}, async ({ open }) => {
      const text = Buffer.from(await (await open()).sign(statement)).toString();
      const { dsseEnvelope } = JSON.parse(text) as { dsseEnvelope: { signatures: { keyid?: string }[] } };
      assert.deepEqual(
        dsseEnvelope.signatures.map(({ keyid = '' }) => keyid),
        [''],
      );
    }));

  it('needs no log where there is none, as with GitHub’s own sigstore', () =>
    withSigstore({ hasNoLog: true }, async ({ sigstore, open }) => {
      verify(await (await open()).sign(statement), sigstore, 0);
      assert.ok(sigstore.calls.every(({ service }) => service !== 'rekor'));
    }));

  it('masks what is secret before it is sent, and says nothing of it', () =>
    withSigstore({ fault: faultAt('fulcio', json(503, { message: 'later' }), 2) }, async (signing) => {
      const { sigstore, masked, said, open } = signing;
      const environment = sigstore.issuer.environment();
      await (await open(environment)).sign(statement);
      const sent = sigstore.calls.find(({ service }) => service === 'fulcio')?.body.toString() ?? '';
      const token = /"oidcIdentityToken":"([^"]+)"/.exec(sent)?.[1] ?? assert.fail();
      const secrets = [token, environment.ACTIONS_ID_TOKEN_REQUEST_TOKEN ?? assert.fail()];
      for (const secret of secrets) {
        assert.ok(masked.includes(secret));
        assert.ok(said.every((line) => !line.includes(secret)));
      }
      assert.ok(said.length >= 2);
    }));
});

describe('a signer whose services fail', () => {
  for (const name of ['fulcio', 'rekor', 'timestamps']) {
    it(`goes on after an answer that was lost, a connection that broke, and an error that passed: ${name}`, async () => {
      for (const happens of ['lost', 'reset', json(502, {}), json(429, {})] as const)
        await withSigstore({ fault: faultAt(name, happens, 1) }, async ({ sigstore, open }) => {
          verify(await (await open()).sign(statement), sigstore);
          assert.ok(
            sigstore.calls.filter((call) => call.service === name).length >= 2,
            `no call to ${name} was repeated`,
          );
        });
    });
  }

  it('takes it for no failure that the log has the entry already', () =>
    withSigstore({ fault: faultAt('rekor', 'lost', 1) }, async ({ sigstore, open }) => {
      verify(await (await open()).sign(statement), sigstore);
      // The lost one, the one that was there already, and a signature of its own.
      assert.equal(sigstore.rekor.entries.length, 2);
    }));

  const names = {
    fulcio: /^the certificate authority \(Fulcio\): POST http.*\/api\/v2\/signingCert: /,
    rekor: /^the transparency log \(Rekor\): POST http.*\/api\/v2\/log\/entries: /,
    timestamps: /^the timestamp authority: POST http.*\/api\/v1\/timestamp: /,
  } as const;
  for (const [name, message] of Object.entries(names)) {
    it(`says which service it was, what it answered, and what to do: ${name}`, async () => {
      for (const answer of [json(400, { message: 'it is not right' }), json(503, { message: 'it is down' })])
        await withSigstore({ fault: faultAt(name, answer) }, async ({ open }) => {
          const error = await failure(open().then((signer) => signer.sign(statement)));
          assert.equal(error.code, 'SIGNING_FAILED');
          assert.match(error.message, message);
          assert.match(error.message, /got 400 "it is not right"|got 503 "it is down" \(tried 5 times\)/);
        });
    });

    it(`takes nothing for an answer that is none: ${name}`, async () => {
      for (const answer of [json(200, {}), json(201, []), { status: 200, body: Buffer.from('<html>') }])
        await withSigstore({ fault: faultAt(name, answer) }, async ({ open }) => {
          const error = await failure(open().then((signer) => signer.sign(statement)));
          assert.equal(error.code, 'SIGNING_FAILED', error.message);
          assert.match(error.message, message);
        });
    });
  }

  it('signs again after a failure', () =>
    withSigstore({ fault: faultAt('rekor', json(400, {}), 1) }, async ({ sigstore, open }) => {
      const signer = await open();
      await failure(signer.sign(statement));
      verify(await signer.sign(statement), sigstore);
    }));

  it('gives up what else is asked once one has failed', () => {
    const down = faultAt('timestamps', json(503, {}));
    const refuses = faultAt('rekor', json(400, {}));
    return withSigstore({ fault: (call) => refuses(call) ?? down(call) }, async ({ sigstore, open }) => {
      const error = await failure((await open()).sign(statement));
      assert.match(error.message, /^the transparency log/);
      const count = () => sigstore.calls.length;
      const before = count();
      await new Promise((resolve) => setTimeout(resolve, 50));
      assert.equal(count(), before);
    });
  });
});

describe('a signer whose identity is refused', () => {
  it('says what is wrong with the token', () =>
    withSigstore({}, async ({ sigstore, clock, open }) => {
      const given = (claims: Readonly<Record<string, string | number>>) =>
        failure(open({ SIGSTORE_ID_TOKEN: sigstore.issuer.token(claims) }));
      const elsewhere = await given({ aud: 'https://vault.test' });
      assert.match(elsewhere.hint ?? '', /for the audience "https:\/\/vault\.test": get one for "sigstore"/);
      const ended = await given({ exp: Math.floor(clock.now() / 1000) - 60 });
      assert.match(ended.hint ?? '', /ended at 20\d\d-/);
      await using other = await startSigstore();
      const foreign = await failure(open({ SIGSTORE_ID_TOKEN: other.issuer.token() }));
      assert.match(foreign.hint ?? '', /may not know the issuer/);
      for (const error of [elsewhere, ended, foreign]) {
        assert.equal(error.code, 'SIGNING_FAILED');
        assert.match(error.message, /There was an error processing the identity token|identity token/);
      }
    }));

  for (const [name, certificateAge] of [
    ['is over', 3600_000],
    ['is not valid yet', -3600_000],
  ] as const) {
    it(`does not sign with a certificate that ${name} when the timestamp is made`, () =>
      withSigstore({ certificateAge }, async ({ open }) => {
        const error = await failure((await open()).sign(statement));
        assert.equal(error.code, 'SIGNING_FAILED');
        assert.match(
          error.message,
          /^the time of the signature: expected one from \S+Z to \S+Z, when the certificate is valid, got 20\S+Z$/,
        );
        assert.match(error.hint ?? '', /^The clocks of the certificate authority/);
      }));
  }

  it('blames no token for a certificate authority that is down', () =>
    withSigstore({ fault: faultAt('fulcio', json(500, {})) }, async ({ open }) => {
      assert.match((await failure(open())).hint ?? '', /status\.sigstore\.dev/);
    }));

  it('asks for a certificate again after a failure', () =>
    withSigstore({ fault: faultAt('fulcio', json(400, {}), 2) }, async ({ sigstore, clock, open }) => {
      await failure(open());
      await failure(open());
      const signer = await open();
      clock.advance(60 * 60_000);
      verify(await signer.sign(statement), sigstore);
    }));

  it('does not sign where nothing would prove when', () =>
    withSigstore({}, async ({ sigstore, open }) => {
      const { signingConfig } = sigstore.trustConfiguration;
      Object.assign(signingConfig as object, { tsaUrls: [] });
      const error = await failure(open());
      assert.equal(error.code, 'TRUST_CONFIGURATION_INVALID');
      assert.match(error.message, /expected a timestamp authority/);
      assert.equal(sigstore.calls.length, 0);
    }));
});

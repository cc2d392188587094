// The first version of the log; the second is that of the other tests here.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bundleFromJSON } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { Verifier, toSignedEntity, toTrustMaterial } from '@sigstore/verify';
import { checkCertified } from '../../../src/adapters/sigstore/check-bundle.ts';
import { createKeylessSigner } from '../../../src/adapters/sigstore/keyless-signer.ts';
import { openSigningTools } from '../../../src/adapters/sigstore/signing-service.ts';
import { findIdentitySource } from '../../../src/adapters/sigstore/workflow-token.ts';
import { BimaError } from '../../../src/core/errors.ts';
import type { JsonObject } from '../../../src/core/oci/json.ts';
import { silentReporter } from '../../../src/core/reporter.ts';
import { parseBundle } from '../../../src/core/trust/signed-statement.ts';
import type { Signer } from '../../../src/core/trust/signer.ts';
import { readTrustConfiguration } from '../../../src/core/trust/trust-configuration.ts';
import { createFastClock } from '../../support/fast-clock.ts';
import { startFirstRekor } from '../../support/sigstore/rekor-first.ts';
import type { FirstRekor } from '../../support/sigstore/rekor-first.ts';
import { json } from '../../support/sigstore/service.ts';
import type { ServiceCall, ServiceFault } from '../../support/sigstore/service.ts';
import { startSigstore } from '../../support/sigstore/sigstore.ts';
import type { SigstoreOptions } from '../../support/sigstore/sigstore.ts';

const statement = Buffer.from('{"_type":"https://in-toto.io/Statement/v1","subject":[],"predicateType":"x"}');

interface World {
  readonly signer: Signer;
  readonly log: FirstRekor;
  readonly calls: readonly ServiceCall[];
  /** With the log's own time alone: there is no timestamp authority. */
  readonly verify: (bundle: Uint8Array) => void;
  readonly trustedRoot: JsonObject;
}

async function withFirstLog(
  fault: ServiceFault | undefined,
  body: (world: World) => Promise<void>,
  options: SigstoreOptions = {},
): Promise<void> {
  await using sigstore = await startSigstore({ hasNoLog: true, ...options });
  const calls: ServiceCall[] = [];
  await using log = await startFirstRekor((call) => {
    calls.push(call);
    return fault?.(call);
  });
  const spki = log.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  const trustedRoot = {
    ...sigstore.trustedRoot,
    tlogs: [
      {
        baseUrl: log.url,
        hashAlgorithm: 'SHA2_256',
        publicKey: {
          rawBytes: spki,
          keyDetails: 'PKIX_ECDSA_P256_SHA_256',
          validFor: { start: '2020-01-01T00:00:00Z' },
        },
        logId: { keyId: log.identity.toString('base64') },
      },
    ],
  };
  const configuration = {
    ...sigstore.trustConfiguration,
    signingConfig: {
      ...(sigstore.trustConfiguration.signingConfig as JsonObject),
      rekorTlogUrls: [{ url: log.url, majorApiVersion: 1 }],
      rekorTlogConfig: { selector: 'ANY' },
      tsaUrls: [],
    },
  };
  const tools = openSigningTools({ reporter: silentReporter, clock: createFastClock() });
  try {
    const source = findIdentitySource(sigstore.issuer.environment()) ?? assert.fail();
    const signer = await createKeylessSigner(source, readTrustConfiguration(configuration, 'it'), tools);
    const verifier = new Verifier(toTrustMaterial(TrustedRoot.fromJSON(trustedRoot)));
    const verify = (bundle: Uint8Array) => {
      verifier.verify(toSignedEntity(bundleFromJSON(JSON.parse(Buffer.from(bundle).toString()))));
    };
    await body({ signer, log, calls, verify, trustedRoot });
  } finally {
    await tools.close();
  }
}

/** What happens to the first call alone. */
function once(happens: Exclude<ReturnType<ServiceFault>, undefined>): ServiceFault {
  let left = 1;
  return () => (left-- > 0 ? happens : undefined);
}

describe('the first version of the log', () => {
  it('logs what sigstore verifies, by the time of the log alone', () =>
    withFirstLog(undefined, async ({ signer, log, verify }) => {
      for (let count = 0; count < 5; count += 1)
        verify(await signer.sign(Buffer.from(`{"number":${count}}`)));
      assert.equal(log.entries.length, 5);
    }));

  it('signs the time, which is believed then', () =>
    withFirstLog(undefined, async ({ signer, trustedRoot }) => {
      const bundle = parseBundle(await signer.sign(statement), 'the bundle');
      const { times, checks } = await checkCertified(bundle, [trustedRoot]);
      assert.deepEqual(checks, ['signature', 'certificate', 'certificate log', 'log entry', 'timestamp']);
      const [time = 0, ...others] = times;
      assert.deepEqual(others, []);
      assert.equal(time % 1000, 0);
      assert.ok(Math.abs(time - Date.now()) < 60_000);
    }));

  it('signs a time at which the certificate has to be valid', () =>
    withFirstLog(
      undefined,
      async ({ signer }) => {
        await assert.rejects(
          signer.sign(statement),
          /^BimaError: the time of the signature: expected one from /,
        );
      },
      { certificateAge: 3600_000 },
    ));

  it('tells where an entry is that it has already: that is no failure', () =>
    withFirstLog(once('lost'), async ({ signer, log, calls, verify }) => {
      verify(await signer.sign(statement));
      assert.equal(log.entries.length, 1);
      assert.deepEqual(
        calls.map(({ method }) => method),
        ['POST', 'POST', 'GET'],
      );
    }));

  const wrong: readonly (readonly [string, Parameters<typeof once>[0], RegExp])[] = [
    ['no entry', json(201, {}), /expected one entry with a proof of inclusion/],
    ['two entries', json(201, { a: {}, b: {} }), /expected one entry/],
    ['no proof', json(201, { a: { body: 'e30=', integratedTime: 1 } }), /expected one entry with a proof/],
    [
      'no time',
      json(201, { a: { body: 'e30=', verification: { inclusionProof: {} } } }),
      /expected an entry that the log has signed/,
    ],
    ['a conflict without a place', json(409, {}), /expected the place of the entry/],
    [
      'a conflict with another place',
      { ...json(409, {}), headers: { location: 'https://elsewhere.test/x' } },
      /expected the place of the entry/,
    ],
  ];
  for (const [name, happens, message] of wrong) {
    it(`is refused with ${name}`, () =>
      withFirstLog(once(happens), async ({ signer }) => {
        await assert.rejects(
          signer.sign(statement),
          (error) =>
            error instanceof BimaError && error.code === 'SIGNING_FAILED' && message.test(error.message),
        );
      }));
  }

  it('is refused with the entry of another signature', () => {
    let first: ReturnType<ServiceFault>;
    return withFirstLog(
      () => first,
      async ({ signer, log, calls }) => {
        await signer.sign(statement);
        const place = `${log.url}/api/v1/log/entries`;
        const made = await fetch(place, { method: 'POST', body: Buffer.from(calls[0]?.body ?? '') });
        const found = await fetch(new URL(made.headers.get('location') ?? '', place));
        first = { status: 201, body: Buffer.from(await found.arrayBuffer()) };
        await assert.rejects(
          signer.sign(statement),
          /expected an entry of this signature, got one of something/,
        );
      },
    );
  });
});

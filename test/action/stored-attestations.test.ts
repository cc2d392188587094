// GitHub's own list of attestations, in a run of the action that signs with public sigstore.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { createAttestations } from '../support/github/attestations.ts';
import type { StoredAttestations } from '../support/github/attestations.ts';
import { defaultToken, primaryLimit, problem, startGithub } from '../support/github/server.ts';
import type { GithubFault, GithubOptions, GithubServer } from '../support/github/server.ts';
import { eventFixture } from '../support/events.ts';
import { createFastClock } from '../support/fast-clock.ts';
import { startRegistry } from '../support/registry.ts';
import { runWithLines } from '../support/run-inputs.ts';
import type { FinishedRun } from '../support/run-inputs.ts';
import { sampleContext } from '../support/sample.ts';
import { bundlesAbout, newKey } from '../support/signed-image.ts';
import type { FoundBundle } from '../support/signed-image.ts';
import { startSigstore } from '../support/sigstore/sigstore.ts';
import { startTrustFiles } from '../support/sigstore/trust-files.ts';

const provenance = 'https://slsa.dev/provenance/v1';
const path = '/repos/owner/app/attestations';

interface Signed extends FinishedRun, Pick<GithubServer, 'calls'>, Pick<StoredAttestations, 'stored'> {
  /** What the registry has of the image. */
  readonly bundles: readonly FoundBundle[];
}

interface SignedOptions extends Omit<GithubOptions, 'routes'> {
  readonly faults?: readonly GithubFault[];
  readonly inputs?: Readonly<Record<string, string>>;
}

/** As a job of a public repository on github.com, which names no sigstore. */
async function sign(test: TestContext, options: SignedOptions = {}): Promise<Signed> {
  const { faults = [], inputs = {}, ...more } = options;
  const attestations = createAttestations('owner/app');
  const github = await startGithub(test, { ...more, routes: attestations.routes });
  for (const fault of faults) github.addFault(fault);
  await using sigstore = await startSigstore();
  await using repository = await startTrustFiles({
    'trusted_root.json': sigstore.trustedRoot,
    'signing_config.v0.2.json': sigstore.trustConfiguration.signingConfig,
  });
  await using registry = await startRegistry();
  const event = await eventFixture('push');
  const given = {
    context: sampleContext(test),
    push: 'true',
    tags: `${registry.host}/a/b:1`,
    attest: 'true',
  };
  const run = await runWithLines(
    test,
    { ...given, ...inputs },
    { ...sigstore.issuer.environment(), ...github.environment },
    'push',
    {
      event: {
        ...event,
        repository: 'owner/app',
        payload: { ...event.payload, repository: { visibility: 'public' } },
      },
      token: defaultToken,
      clock: createFastClock(),
      trustRepository: repository,
    },
  );
  const bundles = await bundlesAbout(`${registry.host}/a/b`, run.outputs.digest ?? '');
  const told = JSON.stringify([run.lines, run.warnings, run.outputs]);
  assert.ok(!told.includes(defaultToken), 'the token stays out of sight');
  // The sample is no unikernel that boots.
  const warnings = run.warnings.filter(({ message }) => !message.startsWith('will not boot'));
  return { ...run, warnings, bundles, calls: github.calls, stored: attestations.stored };
}

function mayNot(options: Pick<GithubOptions, 'isPrivate'>): SignedOptions {
  return {
    ...options,
    tokens: { [defaultToken]: { login: 'github-actions[bot]', permissions: { packages: 'write' } } },
  };
}

describe("GitHub's list of attestations", () => {
  it('gets what is said of the image, and the outputs say where', async (test) => {
    const { stored, bundles, outputs, lines, warnings, calls } = await sign(test);
    const [only, ...others] = stored;
    assert.ok(only !== undefined && others.length === 0);
    const signed = bundles.find(({ predicateType }) => predicateType === provenance);
    assert.deepEqual(only.bundle, JSON.parse(signed?.bytes.toString() ?? ''));
    assert.equal(bundles.length, 2, 'that somebody signs is in the registry alone');
    assert.equal(outputs['attestation-id'], String(only.id));
    const url = `https://github.com/owner/app/attestations/${only.id}`;
    assert.equal(outputs['attestation-url'], url);
    assert.ok(lines.includes(`GitHub lists an attestation: ${url}`), lines.join('\n'));
    assert.deepEqual(warnings, []);
    assert.deepEqual(calls, [`POST ${path}`]);
    const written = readFileSync(outputs['bundle-path'] ?? '', 'utf8');
    assert.equal(written.trimEnd().split('\n').length, 2);
  });

  it('gets each statement, bills of materials too', async (test) => {
    const { stored, outputs, lines } = await sign(test, { inputs: { sbom: 'true' } });
    assert.equal(stored.length, 2);
    assert.equal(outputs['attestation-id'], String(stored[0]?.id));
    assert.ok(
      lines.some((line) => line.startsWith('GitHub lists 2 attestations: ')),
      lines.join('\n'),
    );
  });

  for (const isPrivate of [false, true]) {
    const status = isPrivate ? 404 : 403;
    it(`is left alone where GitHub answers ${status}, with a line that says so`, async (test) => {
      const { stored, bundles, outputs, lines, warnings, calls } = await sign(test, mayNot({ isPrivate }));
      assert.deepEqual(stored, []);
      assert.deepEqual(calls, [`POST ${path}`]);
      assert.equal(bundles.length, 2);
      assert.equal(outputs['attestation-id'], undefined);
      assert.equal(outputs['attestation-url'], undefined);
      assert.ok(
        lines.some((line) => line.includes('`attestations: write`')),
        lines.join('\n'),
      );
      assert.deepEqual(warnings, []);
    });
  }

  const unavailable = { method: 'POST', path, reply: problem(502, 'Server Error') };
  it('is asked again when GitHub has a problem of its own', async (test) => {
    const { stored, warnings, calls } = await sign(test, {
      faults: [unavailable, { method: 'POST', path, reply: 'reset' }],
    });
    assert.equal(stored.length, 1);
    assert.equal(calls.length, 3);
    assert.deepEqual(warnings, []);
  });

  const failures = [
    {
      name: 'three answers of 502',
      fault: { ...unavailable, times: 3 },
      calls: 3,
      says: /GitHub answers 502/,
    },
    {
      name: 'three broken connections',
      fault: { ...unavailable, reply: 'reset', times: 3 },
      calls: 3,
      says: /attestations/,
    },
    {
      name: 'a bundle that GitHub refuses',
      fault: { ...unavailable, reply: problem(422, 'Invalid bundle') },
      calls: 1,
      says: /422: Invalid bundle/,
    },
    // A 403, too, but no word about permissions.
    {
      name: 'too many requests in an hour',
      fault: { ...unavailable, reply: primaryLimit(Math.floor(Date.now() / 1000) + 3600) },
      calls: 1,
      says: /rate limit/,
    },
  ] as const;
  for (const { name, fault, calls: expected, says } of failures) {
    it(`is a warning after ${name}`, async (test) => {
      const { bundles, outputs, lines, warnings, calls } = await sign(test, { faults: [fault] });
      assert.equal(calls.length, expected, calls.join('\n'));
      assert.equal(bundles.length, 2, 'the registry has all');
      assert.equal(outputs['attestation-id'], undefined);
      assert.equal(warnings.length, 1);
      assert.match(warnings[0]?.message ?? '', says);
      assert.match(warnings[0]?.hint ?? '', /--bundle-from-oci/);
      assert.ok(!lines.some((line) => line.includes('attestations: write')), lines.join('\n'));
    });
  }

  it('is not asked about what nobody pushes, or what a key signs', async (test) => {
    for (const inputs of [{ push: 'false' }, { 'attest-key': newKey() }]) {
      const { calls, outputs } = await sign(test, { inputs: inputs });
      assert.deepEqual(calls, []);
      assert.equal(outputs['attestation-id'], undefined);
    }
  });
});

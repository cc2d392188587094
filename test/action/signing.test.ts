// The input `attest` in a run of the action.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { readInputs } from '../../src/action/inputs.ts';
import { readSecrets } from '../../src/action/input-values.ts';
import { formatSummary } from '../../src/action/summary.ts';
import { BimaError } from '../../src/core/errors.ts';
import { parseReference } from '../../src/core/oci/reference.ts';
import { codeSpan } from '../../src/core/text.ts';
import { eventFixture } from '../support/events.ts';
import { startRegistry } from '../support/registry.ts';
import { runWithLines } from '../support/run-inputs.ts';
import { sampleContext } from '../support/sample.ts';
import { bundlesAbout, newKey, runBima } from '../support/signed-image.ts';
import { startSigstore } from '../support/sigstore/sigstore.ts';
import { startTrustFiles } from '../support/sigstore/trust-files.ts';

const signature = 'https://sigstore.dev/cosign/sign/v1';
const provenance = 'https://slsa.dev/provenance/v1';
const workflow = 'https://github.com/owner/app/.github/workflows/image.yml@refs/heads/main';

type Given = Readonly<Record<string, string>>;

function inputsOf(test: TestContext, host: string): Given {
  return { context: sampleContext(test), push: 'true', tags: `${host}/a/b:1`, attest: 'true' };
}

async function failure(run: Promise<unknown>): Promise<BimaError> {
  const error = await run.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof BimaError, String(error));
  return error;
}

describe('attest', () => {
  it('signs as the workflow, and leaves the bundles in a file and in the layout', async (test) => {
    await using sigstore = await startSigstore();
    await using registry = await startRegistry({ referrers: false });
    const inputs = inputsOf(test, registry.host);
    const trust = join(inputs.context ?? '', '../trust.json');
    writeFileSync(trust, JSON.stringify(sigstore.trustConfiguration));
    const layout = join(inputs.context ?? '', '../layout');
    const given = { ...inputs, 'attest-trust-config': trust, 'oci-layout': layout };
    const { outputs, lines } = await runWithLines(test, given, sigstore.issuer.environment());
    const bundles = await bundlesAbout(`${registry.host}/a/b`, outputs.digest ?? '');
    assert.deepEqual(bundles.map(({ predicateType }) => predicateType).sort(), [signature, provenance]);
    assert.ok(lines.includes(`signed 2 statements as ${workflow}`), lines.join('\n'));
    const written = readFileSync(outputs['bundle-path'] ?? '', 'utf8')
      .trimEnd()
      .split('\n');
    assert.deepEqual([...written].sort(), bundles.map(({ bytes }) => bytes.toString()).sort());
    const { manifests } = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')) as {
      manifests: readonly { digest: string }[];
    };
    for (const { manifest } of bundles) assert.ok(manifests.some(({ digest }) => digest === manifest));
    assert.match(readFileSync(outputs.provenance ?? '', 'utf8'), /slsa\.dev/);
    registry.assertRules();

    // A later job pushes what is in the layout, signatures and all, and signs nothing anew.
    const later = { 'from-layout': layout, push: 'true', tags: `${registry.host}/c/d:1` };
    const pushed = await runWithLines(test, later);
    assert.equal(pushed.outputs['bundle-path'], undefined);
    const carried = await bundlesAbout(`${registry.host}/c/d`, outputs.digest ?? '');
    assert.deepEqual(
      carried.map(({ manifest }) => manifest).sort(),
      bundles.map(({ manifest }) => manifest).sort(),
    );
  });

  it('signs with public sigstore as its repository says now, and that verifies', async (test) => {
    await using sigstore = await startSigstore();
    await using repository = await startTrustFiles({
      'trusted_root.json': sigstore.trustedRoot,
      'signing_config.v0.2.json': sigstore.trustConfiguration.signingConfig,
    });
    await using registry = await startRegistry();
    const inputs = inputsOf(test, registry.host);
    const event = await eventFixture('push');
    const isPublic = { ...event.payload, repository: { visibility: 'public' } };
    const environment = { ...sigstore.issuer.environment(), GITHUB_SERVER_URL: 'https://github.com' };
    const world = { event: { ...event, payload: isPublic }, trustRepository: repository };
    const { lines } = await runWithLines(test, inputs, environment, undefined, world);
    assert.ok(lines.includes(`signed 2 statements as ${workflow}`), lines.join('\n'));
    assert.equal(repository.asked[0], '/2.root.json');
    assert.ok(repository.asked.some((path) => path.endsWith('.signing_config.v0.2.json')));
    const root = join(inputs.context ?? '', '../trusted_root.json');
    writeFileSync(root, JSON.stringify(sigstore.trustedRoot));
    const trust = ['--trusted-root', root, '--issuer', sigstore.issuer.url];
    const args = ['verify', inputs.tags ?? '', ...trust, '--repo'];
    const verified = await runBima([...args, 'owner/app']);
    assert.equal(verified.code, 0, verified.out + verified.lines);
    assert.notEqual((await runBima([...args, 'owner/other'])).code, 0);
  });

  it('signs the marked image of a pull request, and leaves what was signed before behind', async (test) => {
    await using registry = await startRegistry();
    const inputs: Given = { ...inputsOf(test, registry.host), 'attest-key': newKey() };
    const layout = join(inputs.context ?? '', '../layout');
    const built = await runWithLines(test, { ...inputs, push: 'false', 'oci-layout': layout });
    const given = { ...inputs, context: '', 'from-layout': layout };
    const { outputs, lines } = await runWithLines(test, given, {}, 'pull-request');
    assert.notEqual(outputs.digest, built.outputs.digest);
    const bundles = await bundlesAbout(`${registry.host}/a/b`, outputs.digest ?? '');
    assert.deepEqual(
      bundles.map(({ predicateType }) => predicateType),
      [signature],
    );
    assert.ok(
      lines.some((line) => line.includes('stay behind')),
      lines.join('\n'),
    );
  });

  it('fails without an identity before anything is done, and names the permission', async (test) => {
    await using registry = await startRegistry();
    const error = await failure(runWithLines(test, inputsOf(test, registry.host)));
    assert.equal(error.code, 'SIGNING_TOKEN_MISSING');
    assert.match(error.hint ?? '', /`id-token: write`/);
    assert.deepEqual(registry.requests, []);
    const ofFork = await failure(runWithLines(test, inputsOf(test, registry.host), {}, 'pull-request-fork'));
    assert.match(`${ofFork.message} ${ofFork.hint ?? ''}`, /fork.*attest: auto/);
  });

  it('leaves it unsigned with auto, and says why', async (test) => {
    await using registry = await startRegistry();
    const given = { ...inputsOf(test, registry.host), attest: 'auto' };
    const { outputs, lines } = await runWithLines(test, given);
    assert.ok(lines.includes('not signing: the job may not ask for an identity'), lines.join('\n'));
    assert.equal(outputs['bundle-path'], undefined);
    assert.equal(outputs.provenance, undefined);
    assert.deepEqual(await bundlesAbout(`${registry.host}/a/b`, outputs.digest ?? ''), []);
  });

  it('needs an own sigstore on a GitHub that has none', async (test) => {
    await using sigstore = await startSigstore();
    await using registry = await startRegistry();
    const run = runWithLines(test, inputsOf(test, registry.host), sigstore.issuer.environment());
    const error = await failure(run);
    assert.equal(error.code, 'TRUST_CONFIGURATION_INVALID');
    assert.match(error.hint ?? '', /attest-trust-config/);
    assert.deepEqual(registry.store.tags('a/b'), {});
  });
});

describe('the inputs of a signature', () => {
  const read = (given: Readonly<Record<string, string>>) =>
    readInputs((name) => given[name] ?? '', {}).signing;

  it('are for nothing without attest', () => {
    assert.equal(read({}), undefined);
    assert.deepEqual(read({ attest: 'auto', 'attest-key': 'k', 'attest-key-password': 'p' }), {
      mode: 'auto',
      key: 'k',
      passphrase: 'p',
    });
    for (const name of ['attest-key', 'attest-trust-config'])
      assert.throws(() => read({ [name]: 'x' }), new RegExp(`"attest" beside "${name}"`));
    assert.throws(() => read({ attest: 'yes' }), /"false", "true", "auto"/);
  });

  it('are masked: the key, each of its lines, and what opens it', () => {
    const key = newKey();
    const given: Readonly<Record<string, string>> = { 'attest-key': key, 'attest-key-password': 'sesame' };
    const secrets = readSecrets((name) => given[name] ?? '');
    const [, ...lines] = key.trimEnd().split('\n');
    for (const line of lines.slice(0, -1)) assert.ok(secrets.includes(line), line);
    assert.ok(secrets.includes(key) && secrets.includes('sesame'));
    assert.ok(
      !secrets.some((secret) => /^-----[^\n]*-----$/.test(secret)),
      'that would hide what is no secret',
    );
  });
});

describe('the summary of a signed image', () => {
  const facts = {
    root: { mediaType: 'x', digest: `sha256:${'0'.repeat(64)}`, size: 1 },
    isIndex: false,
    images: [],
    size: 1,
  } as const;
  const base = { facts, references: [parseReference('ghcr.io/a/b:1')], skipped: undefined };

  it('says who signed, or why nobody did', () => {
    const signed = formatSummary({ ...base, signature: { identity: workflow } });
    assert.ok(signed.includes(`- Signed by ${codeSpan(workflow)}`), signed);
    const unsigned = formatSummary({ ...base, signature: { whyNot: 'no *reason*' } });
    assert.ok(unsigned.includes(`- Not signed: ${codeSpan('no *reason*')}`), unsigned);
    assert.doesNotMatch(formatSummary(base), /signed/i);
  });
});

describe('a run without an identity', () => {
  const auto = 'Set attest: auto to leave images of such runs unsigned.';
  const rows: readonly [event: string, why: string, hint: string][] = [
    [
      'push',
      'the job may not ask for an identity',
      'Give the job the permission `id-token: write` beside the others that it has, or a key with attest-key; with ' +
        'attest: auto the image stays unsigned where neither is there.',
    ],
    ['pull-request-fork', "this is a fork's pull request, whose jobs get no identity and no secrets", auto],
    ['pull-request-dependabot', 'Dependabot started this run, whose token may only read', auto],
  ];
  for (const [event, why, hint] of rows) {
    it(`says why, and what to do: ${event}`, async (test) => {
      const given = { context: sampleContext(test), tags: 'registry.example/a/b:1' };
      const error = await failure(runWithLines(test, { ...given, attest: 'true' }, {}, event));
      assert.deepEqual(error.problems, [
        { code: 'SIGNING_TOKEN_MISSING', message: `nothing to sign with: ${why}`, hint },
      ]);
      const { lines } = await runWithLines(test, { ...given, attest: 'auto' }, {}, event);
      assert.ok(lines.includes(`not signing: ${why}`), lines.join('\n'));
    });
  }
});

describe('the sigstore of a run', () => {
  it('is none of a server of its own, of which the error says what to name', async (test) => {
    await using sigstore = await startSigstore();
    const given = { context: sampleContext(test), tags: 'registry.example/a/b:1', attest: 'true' };
    for (const server of [
      'https://git.example',
      'https://a.b.ghe.com',
      'https://x.ghe.com.example',
      'http://a.ghe.com',
    ]) {
      const environment = { ...sigstore.issuer.environment(), GITHUB_SERVER_URL: server };
      const error = await failure(runWithLines(test, given, environment));
      assert.deepEqual(error.problems, [
        {
          code: 'TRUST_CONFIGURATION_INVALID',
          message: `"${server}" has no sigstore of its own`,
          hint: 'Name the one to sign with by attest-trust-config, or sign with a key by attest-key.',
        },
      ]);
    }
  });
});

describe('the sigstore of what is not public', () => {
  it("is GitHub's, whose repository is asked whom to trust", async (test) => {
    await using sigstore = await startSigstore();
    await using repository = await startTrustFiles({});
    const given = { context: sampleContext(test), tags: 'registry.example/a/b:1', attest: 'true' };
    const event = await eventFixture('push');
    for (const [server, visibility] of [
      ['https://github.com', 'private'],
      ['https://github.com', undefined],
      ['https://octo-1.ghe.com', 'private'],
    ] as const) {
      const environment = { ...sigstore.issuer.environment(), GITHUB_SERVER_URL: server };
      const world = {
        event: { ...event, payload: { repository: { visibility } } },
        trustRepository: repository,
      };
      const error = await failure(runWithLines(test, given, environment, undefined, world));
      assert.equal(error.code, 'TRUST_ROOT_UNAVAILABLE');
    }
    const unnamed = { event: { ...event, payload: {} }, trustRepository: repository };
    const environment = { ...sigstore.issuer.environment(), GITHUB_SERVER_URL: 'https://github.com' };
    const error = await failure(runWithLines(test, given, environment, undefined, unnamed));
    assert.equal(error.code, 'TRUST_ROOT_UNAVAILABLE');
  });
});

describe('a signature with a key', () => {
  it('is said in the log and in the layout, and is in no list of GitHub', async (test) => {
    await using registry = await startRegistry();
    const inputs: Given = { ...inputsOf(test, registry.host), 'attest-key': newKey(), sbom: 'true' };
    const layout = join(inputs.context ?? '', '../layout');
    const { outputs, lines } = await runWithLines(test, { ...inputs, 'oci-layout': layout });
    assert.deepEqual(
      ['attestation-id', 'attestation-url'].filter((name) => name in outputs),
      [],
    );
    assert.ok(!lines.some((line) => line.includes('list of attestations')));
    const bundles = await bundlesAbout(`${registry.host}/a/b`, outputs.digest ?? '');
    const written = readFileSync(outputs['bundle-path'] ?? '', 'utf8');
    assert.ok(written.endsWith('\n'));
    assert.equal(written.trimEnd().split('\n').length, bundles.length);
    const { manifests } = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')) as {
      manifests: readonly { digest: string }[];
    };
    for (const { manifest } of bundles)
      assert.equal(manifests.filter(({ digest }) => digest === manifest).length, 1);

    // The same layout again has nothing new to sign.
    const again = { 'from-layout': layout, push: 'true', tags: inputs.tags ?? '', attest: 'true' };
    const second = await runWithLines(test, { ...again, 'attest-key': inputs['attest-key'] ?? '' });
    assert.equal(second.outputs.digest, outputs.digest);
    assert.equal((await bundlesAbout(`${registry.host}/a/b`, outputs.digest ?? '')).length, bundles.length);
  });

  it('is pushed to each repository, and to none where nothing is pushed', async (test) => {
    await using registry = await startRegistry();
    const tags = `${registry.host}/a/b:1 ${registry.host}/c/d:1 ${registry.host}/a/b:2`;
    const inputs: Given = { ...inputsOf(test, registry.host), tags, 'attest-key': newKey() };
    const { outputs } = await runWithLines(test, { ...inputs, push: 'false' });
    assert.deepEqual(registry.requests, []);
    assert.ok(outputs['bundle-path'] !== undefined);
    await runWithLines(test, inputs);
    const [one, two] = await Promise.all(
      ['a/b', 'c/d'].map((name) => bundlesAbout(`${registry.host}/${name}`, outputs.digest ?? '')),
    );
    assert.deepEqual(one?.map(({ predicateType }) => predicateType).sort(), [signature, provenance]);
    assert.deepEqual(two?.map(({ manifest }) => manifest).sort(), one.map(({ manifest }) => manifest).sort());
    registry.assertRules();
  });
});

// What `bima verify` says of signatures, as lines and as JSON, and which options go together.

import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseArguments } from '../../src/cli/args.ts';
import {
  describeSignatures,
  exitCodeOf,
  formatSignatures,
  openTrust,
} from '../../src/cli/verify-signature.ts';
import type { SignatureVerdict } from '../../src/cli/verify-signature.ts';
import { describeSigned } from '../../src/cli/signature.ts';
import { BimaError } from '../../src/core/errors.ts';
import type { ErrorCode } from '../../src/core/errors.ts';
import { silentReporter } from '../../src/core/reporter.ts';
import { predicateTypes } from '../../src/core/trust/in-toto-statement.ts';
import type { AcceptedStatement, Trust } from '../../src/usecases/verify/verify-signatures.ts';
import { temporaryFolder } from '../support/folder.ts';

const digest = (digit: string) => `sha256:${digit.repeat(64)}` as const;
const workflow = 'https://github.com/owner/app/.github/workflows/image.yml@refs/heads/main';

const identity = {
  subject: workflow,
  issuer: 'https://token.actions.githubusercontent.com',
  claims: {
    sourceRepositoryDigest: 'c0ffee',
    sourceRepositoryUri: 'https://github.com/owner/app',
    sourceRepositoryRef: 'refs/heads/main',
    buildTrigger: 'push',
    runnerEnvironment: 'github-hosted',
    runInvocationUri: 'https://github.com/owner/app/actions/runs/1/attempts/1',
  },
  notBefore: 0,
  notAfter: 1,
  publicKey: new Uint8Array(),
};

const certified: AcceptedStatement = {
  manifest: digest('1'),
  predicateType: predicateTypes.signature,
  predicate: {},
  signedBy: { kind: 'certificate', identity },
  times: [1000, 61_000],
  checks: ['signature', 'certificate', 'certificate log', 'log entry', 'timestamp'],
};
const keyed: AcceptedStatement = {
  ...certified,
  signedBy: { kind: 'key', fingerprint: digest('9') },
  times: [],
  checks: ['signature'],
};

const verdictOf = (
  accepted: readonly AcceptedStatement[],
  more: Partial<SignatureVerdict> = {},
): SignatureVerdict => ({ image: digest('0'), accepted, refused: [], failure: undefined, ...more });

const expected = { repository: 'https://github.com/owner/app', issuer: identity.issuer };
const byWorkflow: Trust = {
  kind: 'certificate',
  expected: { ...expected, workflow: '.github/workflows/image.yml', ref: 'main' },
  roots: () => Promise.resolve([]),
};
const byKey: Trust = {
  kind: 'key',
  key: createPublicKey(generateKeyPairSync('ed25519').privateKey),
  roots: [],
};

describe('the lines about signatures', () => {
  it('say who signed, from what, when, and what was looked at', () => {
    assert.deepEqual(formatSignatures(verdictOf([certified]), byWorkflow), [
      `VERIFIED ${digest('0')}`,
      `signed by ${workflow}`,
      'from commit c0ffee of https://github.com/owner/app (refs/heads/main)',
      'in a run for the event push on a github-hosted runner: https://github.com/owner/app/actions/runs/1/attempts/1',
      'at 1970-01-01T00:01:01Z',
      'statements: signature',
      'checked: signature, certificate, certificate log, log entry, timestamp, identity',
    ]);
  });

  it('say what is not known of a run', () => {
    const bare = {
      ...certified,
      signedBy: { kind: 'certificate', identity: { ...identity, claims: {} } },
    } as const;
    assert.deepEqual(formatSignatures(verdictOf([{ ...bare, times: [] }]), byWorkflow).slice(2, 5), [
      'from commit unknown of unknown (unknown)',
      'in a run for the event unknown on a unknown runner',
      'statements: signature',
    ]);
  });

  it('put the statements of one signer together, and those of others apart', () => {
    const provenance: AcceptedStatement = {
      ...certified,
      predicateType: predicateTypes.provenance,
      times: [120_500],
      checks: ['signature', 'timestamp'],
      provenance: { compared: ['commit', 'repository'] } as unknown as NonNullable<
        AcceptedStatement['provenance']
      >,
    };
    const sbom: AcceptedStatement = { ...certified, predicateType: predicateTypes.spdx };
    const odd: AcceptedStatement = { ...certified, predicateType: 'https://odd.example/v1' };
    const other: AcceptedStatement = {
      ...certified,
      signedBy: { kind: 'certificate', identity: { ...identity, subject: 'me@example.com' } },
    };
    const lines = formatSignatures(verdictOf([certified, provenance, sbom, odd, sbom, other]), byWorkflow);
    assert.deepEqual(
      lines.filter((line) => /^(?:signed by|at|statements|checked)/.test(line)),
      [
        `signed by ${workflow}`,
        'at 1970-01-01T00:02:00.500Z',
        'statements: signature, provenance, bill of materials, https://odd.example/v1',
        'checked: signature, certificate, certificate log, log entry, timestamp, identity, that the provenance names the same commit, repository',
        'signed by me@example.com',
        'at 1970-01-01T00:01:01Z',
        'statements: signature',
        'checked: signature, certificate, certificate log, log entry, timestamp, identity',
      ],
    );
  });

  it('say of a key what it does not show', () => {
    assert.deepEqual(formatSignatures(verdictOf([keyed]), byKey), [
      `VERIFIED ${digest('0')}`,
      `signed by key ${digest('9')}`,
      'statements: signature',
      'checked: signature',
      'not checked: a transparency log, the time, from what source it was made',
    ]);
    const logged: AcceptedStatement = {
      ...keyed,
      checks: ['signature', 'log entry', 'timestamp'],
      times: [1000],
    };
    assert.equal(
      formatSignatures(verdictOf([logged]), byKey).at(-1),
      'not checked: from what source it was made',
    );
    const unlogged: AcceptedStatement = { ...certified, checks: ['signature', 'timestamp'] };
    assert.equal(
      formatSignatures(verdictOf([unlogged]), byWorkflow).at(-1),
      'not checked: a transparency log',
    );
  });

  it('name what would narrow it down', () => {
    const last = (more: object, accepted = certified) =>
      formatSignatures(verdictOf([accepted]), { ...byWorkflow, expected: { ...expected, ...more } }).at(-1);
    const start = 'any other would do: to accept this alone, add ';
    assert.equal(last({}), `${start}--workflow .github/workflows/image.yml --ref refs/heads/main`);
    assert.equal(last({ ref: 'main' }), `${start}--workflow .github/workflows/image.yml`);
    assert.equal(last({ workflow: 'x' }), `${start}--ref refs/heads/main`);
    assert.match(last({ workflow: 'x', ref: 'main' }) ?? '', /^checked: /);
    const reused = {
      ...certified,
      signedBy: {
        kind: 'certificate',
        identity: {
          ...identity,
          claims: {
            buildConfigUri: 'https://github.com/owner/app/.github/workflows/caller.yml@refs/tags/v1',
          },
        },
      },
    } as const;
    assert.equal(last({ ref: 'v1' }, reused), `${start}--workflow .github/workflows/caller.yml`);
    const person = {
      ...certified,
      signedBy: { kind: 'certificate', identity: { ...identity, subject: 'me', claims: {} } },
    } as const;
    assert.equal(last({}, person), `${start}--workflow  --ref `);
  });

  it('name what does not count', () => {
    const error = new BimaError('SIGNATURE_INVALID', 'no');
    const refused = [
      { manifest: digest('2'), kind: 'signer', signer: 'me\x1b', error, differences: [] },
      { manifest: digest('3'), kind: 'signer', error, differences: [] },
      { manifest: digest('4'), kind: 'invalid', signer: 'me', error, differences: [] },
    ] as const;
    assert.equal(
      formatSignatures(verdictOf([certified], { refused }), byWorkflow).at(-1),
      `not counted: a signature of me\\x1b, a bundle that does not hold (${digest('3')}), a bundle that does not hold (${digest('4')})`,
    );
  });

  it('say no more of a failure', () => {
    const failure = new BimaError('SIGNATURE_MISSING', 'none');
    assert.deepEqual(formatSignatures(verdictOf([certified], { failure }), byWorkflow), [
      `NOT VERIFIED ${digest('0')}`,
    ]);
  });
});

describe('signatures as JSON', () => {
  it('have the signer, what the certificate says, times and checks', () => {
    const compared = { compared: ['commit'] } as unknown as NonNullable<AcceptedStatement['provenance']>;
    assert.deepEqual(describeSignatures(verdictOf([{ ...certified, provenance: compared }, keyed])), {
      verified: true,
      signatures: [
        {
          manifest: digest('1'),
          predicateType: predicateTypes.signature,
          signer: workflow,
          issuer: identity.issuer,
          ...identity.claims,
          times: ['1970-01-01T00:00:01.000Z', '1970-01-01T00:01:01.000Z'],
          checked: certified.checks,
          agrees: ['commit'],
        },
        {
          manifest: digest('1'),
          predicateType: predicateTypes.signature,
          signer: `key ${digest('9')}`,
          times: [],
          checked: ['signature'],
        },
      ],
      refused: [],
    });
    const anonymous = {
      ...certified,
      signedBy: { kind: 'certificate', identity: { ...identity, issuer: undefined } },
    } as const;
    const [first] = describeSignatures(verdictOf([anonymous])).signatures as { issuer: unknown }[];
    assert.equal(first?.issuer, null);
  });

  it('have what was refused, and why', () => {
    const failure = new BimaError('SIGNER_UNEXPECTED', 'somebody else');
    const differences = [{ what: 'the ref', expected: 'main', found: 'x' }];
    const refused = [
      { manifest: digest('2'), kind: 'signer', signer: 'me', error: failure, differences },
      { manifest: digest('3'), kind: 'invalid', error: failure, differences: [] },
    ] as const;
    assert.deepEqual(describeSignatures(verdictOf([], { refused, failure })), {
      verified: false,
      signatures: [],
      refused: [
        { manifest: digest('2'), reason: 'signer', signer: 'me', message: 'somebody else', differences },
        { manifest: digest('3'), reason: 'invalid', signer: null, message: 'somebody else', differences: [] },
      ],
      error: { code: 'SIGNER_UNEXPECTED', message: 'somebody else' },
    });
  });

  it('have what was made, for a command that signs', () => {
    assert.deepEqual(describeSigned(undefined), {});
    const bundle = (isNew: boolean) => ({
      about: { mediaType: 'x', digest: digest('1'), size: 1 },
      predicateType: 'p',
      referrer: { mediaType: 'x', digest: digest('2'), size: 1 },
      isNew,
    });
    const signed = { identity: 'me', bundles: [bundle(true), bundle(false)], referrers: [], blobs: [] };
    const one = { subject: digest('1'), predicateType: 'p', digest: digest('2') };
    assert.deepEqual(describeSigned(signed as unknown as NonNullable<Parameters<typeof describeSigned>[0]>), {
      signed: {
        by: 'me',
        signatures: [
          { ...one, reused: false },
          { ...one, reused: true },
        ],
      },
    });
  });
});

describe('the exit code of a verification', () => {
  const codes: readonly [code: ErrorCode, exitCode: number][] = [
    ['SIGNATURE_MISSING', 6],
    ['SIGNER_UNEXPECTED', 7],
    ['SIGNATURE_INVALID', 8],
    ['TRUST_CONFIGURATION_INVALID', 1],
  ];
  it('is 0 for what holds, and says what is wrong', () => {
    assert.equal(exitCodeOf(verdictOf([certified])), 0);
    for (const [code, exitCode] of codes)
      assert.equal(exitCodeOf(verdictOf([], { failure: new BimaError(code, 'no') })), exitCode);
  });
});

describe('the options that say whom to trust', () => {
  async function open(...words: readonly string[]) {
    const invocation = parseArguments(['verify', ...words, 'x'], {});
    assert.ok(invocation.type === 'command');
    const terminal = {
      environment: {},
      stdout: () => undefined,
      stderr: () => undefined,
      stdin: () => Promise.resolve(''),
      home: undefined,
      signal: new AbortController().signal,
    };
    await using opened = await openTrust(invocation.options, terminal, silentReporter);
    return opened?.trust;
  }

  it('are none, a repository or a key', async (test) => {
    assert.equal(await open(), undefined);
    const trust = await open('--repo', 'owner/app');
    assert.ok(trust?.kind === 'certificate');
    assert.equal(trust.expected.repository, expected.repository);
    assert.equal(trust.expected.issuer, identity.issuer);
    const narrow = await open(
      ...['--repo', 'owner/app', '--workflow', '.github/workflows/a.yml', '--ref', 'v1'],
      ...['--signer-workflow', 'o/n/.github/workflows/b.yml@v2', '--issuer', 'https://issuer.example'],
    );
    assert.ok(narrow?.kind === 'certificate');
    const { workflow: path, ref, signerWorkflow, issuer } = narrow.expected;
    assert.deepEqual([path, ref, issuer], ['.github/workflows/a.yml', 'v1', 'https://issuer.example']);
    assert.equal(signerWorkflow?.path, '.github/workflows/b.yml');
    const { publicKey } = generateKeyPairSync('ed25519');
    const pem = publicKey.export({ type: 'spki', format: 'pem' });
    const file = join(temporaryFolder(test, { 'key.pem': pem }), 'key.pem');
    const keyTrust = await open('--key', file);
    assert.ok(keyTrust?.kind === 'key' && keyTrust.key.equals(publicKey));
    assert.deepEqual(keyTrust.roots, []);
  });

  const together: readonly [words: string[], message: string, hint: string][] = [
    [
      ['--repo', 'o/n', '--key', 'k'],
      'expected --repo or --key, got both',
      'A workflow signs with --repo, somebody with a key with --key.',
    ],
    ...['workflow', 'ref', 'signer-workflow', 'issuer'].map((name): [string[], string, string] => [
      [`--${name}`, 'x'],
      `expected --repo with --${name}, got none`,
      'Name the repository: --repo owner/name.',
    ]),
    [
      ['--trusted-root', 'a', '--trust-config', 'b', '--repo', 'o/n'],
      'expected --trusted-root or --trust-config, got both',
      'A trust configuration has a trusted root already.',
    ],
    ...['trusted-root', 'trust-config'].map((name): [string[], string, string] => [
      [`--${name}`, 'x'],
      `expected --repo or --key with --${name}, got neither`,
      'Say whom to trust: --repo owner/name or --key FILE.',
    ]),
  ];
  for (const [words, message, hint] of together) {
    it(`refuse ${words.join(' ')}`, async () => {
      await assert.rejects(open(...words), { code: 'INPUT_INVALID', message, hint });
    });
  }

  it('name files that can be read', async (test) => {
    for (const [words, name] of [
      [['--key'], '--key'],
      [['--repo', 'o/n', '--trusted-root'], '--trusted-root'],
      [['--repo', 'o/n', '--trust-config'], '--trust-config'],
    ] as const) {
      await assert.rejects(open(...words, '/nowhere/x'), {
        code: 'INPUT_INVALID',
        message: `can't read ${name} "/nowhere/x"`,
      });
      const folder = temporaryFolder(test);
      await assert.rejects(open(...words, folder), { code: 'INPUT_INVALID' });
      const file = join(temporaryFolder(test, { x: 'odd' }), 'x');
      await assert.rejects(open(...words, file), (error: Error) =>
        error.message.includes(`${name} "${file}"`),
      );
    }
  });
});

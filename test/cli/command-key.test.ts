// What `--key`, `--attest` and `--trust-config` make of a command, and signatures with a key in layouts.

import assert from 'node:assert/strict';
import { createPublicKey, createHash, generateKeyPairSync } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { parseArguments } from '../../src/cli/args.ts';
import { prepareCommandSigning } from '../../src/cli/command-signing.ts';
import { prepareToSign } from '../../src/cli/signature.ts';
import { silentReporter } from '../../src/core/reporter.ts';
import type { Environment } from '../../src/core/environment.ts';
import { temporaryFolder } from '../support/folder.ts';
import { startRegistry } from '../support/registry.ts';
import { mustRunCommand } from '../support/run-command.ts';
import { verifyLayout } from '../support/verify-layout.ts';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const der = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
const by = `key sha256:${createHash('sha256').update(der).digest('hex')}`;

async function prepare(words: readonly string[], environment: Environment = {}, how = prepareCommandSigning) {
  const invocation = parseArguments(['push', ...words, 'x', 'y'], environment);
  assert.ok(invocation.type === 'command');
  const said: string[] = [];
  const signing = await how(
    invocation.options,
    {
      environment,
      stdout: () => undefined,
      stderr: () => undefined,
      stdin: () => Promise.resolve(''),
      home: '/nowhere',
      signal: new AbortController().signal,
    },
    { ...silentReporter, info: (line) => said.push(line) },
  );
  const identity = await signing?.withSigner((signer) => Promise.resolve(signer.identity));
  return { isReady: signing !== undefined, identity, said };
}

describe('what signs for a command', () => {
  it('is nothing unless it is asked for', async () => {
    const nothing = { isReady: false, identity: undefined, said: [] };
    for (const words of [
      [],
      ['--attest=false'],
      ['--attest=false', '--key', '/nowhere/key'],
      ['--attest=false', '--trust-config', '/nowhere/trust'],
    ]) {
      assert.deepEqual(await prepare(words), nothing, words.join(' '));
      assert.deepEqual(await prepare(words, {}, prepareToSign), nothing, words.join(' '));
    }
  });

  it('is a key in a file or in a variable, also one that a password opens', async (test) => {
    const path = join(temporaryFolder(test, { 'key.pem': pem }), 'key.pem');
    const ready = { isReady: true, identity: by, said: [] };
    assert.deepEqual(await prepare(['--key', path]), ready);
    assert.deepEqual(await prepare(['--key', path, '--attest=auto']), ready);
    assert.deepEqual(await prepare(['--key', path], {}, prepareToSign), ready);
    assert.deepEqual(await prepare(['--key', 'env://MY_KEY', '--attest'], { MY_KEY: pem }), ready);
    const cipher = { cipher: 'aes-256-cbc', passphrase: 'hunter2' };
    const closed = privateKey.export({ type: 'pkcs8', format: 'pem', ...cipher }).toString();
    assert.deepEqual(await prepare(['--key=env://K'], { K: closed, COSIGN_PASSWORD: 'hunter2' }), ready);
    await assert.rejects(prepare(['--key=env://K'], { K: closed, COSIGN_PASSWORD: 'other' }), {
      code: 'SIGNING_KEY_INVALID',
    });
  });

  it('is nothing with --attest=auto where there is nothing, and says so', async () => {
    const { isReady, said } = await prepare(['--attest=auto']);
    assert.equal(isReady, false);
    assert.deepEqual(said, [
      'not signing: there is no key, no workflow with an identity, and no token in SIGSTORE_ID_TOKEN',
    ]);
    await assert.rejects(prepare(['--attest']), {
      code: 'SIGNING_TOKEN_MISSING',
      message:
        'nothing to sign with: there is no key, no workflow with an identity, and no token in SIGSTORE_ID_TOKEN',
      hint: 'Name a key with --key FILE; or give the job of the workflow the permission `id-token: write`.',
    });
  });

  const refused: readonly [words: string[], message: string, hint: string | undefined][] = [
    [['--trust-config', 'x'], 'expected --attest beside --trust-config, got none', undefined],
    [['--key', 'env://NONE'], 'expected a private key in the variable "NONE" for --key, got none', undefined],
    [
      ['--key', 'env://EMPTY'],
      'expected a private key in the variable "EMPTY" for --key, got none',
      undefined,
    ],
    ...['awskms://x', 'k8s://a/b', 'PKCS11://x', 'env://', 'a.b-c+d://x'].map(
      (place): [string[], string, string] => [
        ['--key', place],
        `expected a file or env://NAME for --key, got "${place}"`,
        'Keys in a service or on a token are used by cosign itself: cosign sign --key.',
      ],
    ),
    [['--key', '/nowhere/key'], 'can\'t read --key "/nowhere/key"', undefined],
    [['--key', 'x/env://K'], 'can\'t read --key "x/env://K"', undefined],
    [['--key', 'C://key'], 'can\'t read --key "C://key"', undefined],
  ];
  for (const [words, message, hint] of refused) {
    it(`is not ${words.join(' ')}`, async () => {
      await assert.rejects(
        prepare(words, { EMPTY: '', K: pem }),
        (error: Error & { code?: string; hint?: string }) => {
          assert.deepEqual([error.code, error.message, error.hint], ['INPUT_INVALID', message, hint]);
          return true;
        },
      );
    });
  }

  it('is no folder', async (test) => {
    const folder = temporaryFolder(test);
    await assert.rejects(prepare(['--key', folder]), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'INPUT_INVALID');
      assert.ok(!error.message.startsWith("can't read"));
      return true;
    });
  });
});

function helloContext(test: TestContext): string {
  const folder = join(temporaryFolder(test), 'context');
  mkdirSync(folder);
  for (const name of ['hello-amd64', 'Containerfile'])
    copyFileSync(join('examples/hello', name), join(folder, name));
  return folder;
}

interface Signed {
  readonly digest: string;
  readonly signed?: {
    readonly by: string;
    readonly signatures: readonly {
      subject: string;
      predicateType: string;
      digest: string;
      reused: boolean;
    }[];
  };
}

const types = {
  signature: 'https://sigstore.dev/cosign/sign/v1',
  provenance: 'https://slsa.dev/provenance/v1',
  spdx: 'https://spdx.dev/Document',
};

describe('an image that is signed with a key, in a layout', () => {
  const run = async (env: Readonly<Record<string, string>>, ...args: readonly string[]) =>
    JSON.parse((await mustRunCommand([...args, '--json'], { env })).stdout) as Signed;

  it('has a signature and a provenance, and a bill of materials where one is asked for', async (test) => {
    const context = helloContext(test);
    const at = (name: string) => join(context, '..', name);
    const build = ['build', '-o', 'oci', '-t', 'a:1', '--key', 'env://K', context];
    const { digest, signed } = await run({ K: pem }, ...build, '--dest', at('one'));
    assert.equal(signed?.by, by);
    assert.deepEqual(
      signed.signatures.map(({ predicateType }) => predicateType).sort(),
      [types.provenance, types.signature].sort(),
    );
    for (const { subject, digest: own, reused } of signed.signatures) {
      assert.deepEqual([subject, reused], [digest, false]);
      assert.match(own, /^sha256:[0-9a-f]{64}$/);
      assert.notEqual(own, digest);
    }
    verifyLayout(at('one'));
    const more = await run({ K: pem }, ...build, '--dest', at('two'), '--sbom', at('s.json'));
    assert.deepEqual(
      more.signed?.signatures.map(({ predicateType }) => predicateType).sort(),
      Object.values(types).sort(),
    );
    const unsigned = await run({}, 'build', '-o', 'oci', '-t', 'a:1', context, '--dest', at('three'));
    assert.equal(unsigned.digest, digest);
    assert.ok(!('signed' in unsigned));
  });

  it('is verified by that key, and pushed and merged with its signatures', async (test) => {
    await using registry = await startRegistry();
    const context = helloContext(test);
    const at = (name: string) => join(context, '..', name);
    await run({}, 'build', '-o', 'oci', '-t', 'a:1', context, '--dest', at('plain'));
    const merged = await run(
      { K: pem },
      'merge',
      '-o',
      'oci',
      '--dest',
      at('all'),
      '-t',
      'a:2',
      '--key',
      'env://K',
      at('plain'),
    );
    assert.ok((merged.signed?.signatures.length ?? 0) >= 1);
    assert.equal(merged.signed?.by, by);
    const name = `${registry.host}/x/y:1`;
    const pushed = await run({ K: pem }, 'push', '--key', 'env://K', at('plain'), name);
    assert.deepEqual(
      pushed.signed?.signatures.map(({ predicateType, reused }) => [predicateType, reused]),
      [[types.signature, false]],
    );
    const again = await run({ K: pem }, 'push', '--key', 'env://K', at('plain'), name);
    assert.deepEqual(
      again.signed?.signatures.map(({ reused }) => reused),
      [true],
    );
    registry.assertRules();
    const file = join(
      temporaryFolder(test, { 'k.pub': createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }) }),
      'k.pub',
    );
    for (const place of [name, at('all')]) {
      const { stdout } = await mustRunCommand(['verify', '--key', file, place]);
      assert.match(stdout, new RegExp(`^VERIFIED sha256:[0-9a-f]{64}\nsigned by ${by}\n`));
    }
    assert.match(readFileSync(at('all/index.json'), 'utf8'), /a:2/);
  });
});

import assert from 'node:assert/strict';
import { createHash, createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { describe, it } from 'node:test';
import { BimaError } from '../../../src/core/errors.ts';
import { readSigningKey } from '../../../src/core/trust/signing-key.ts';

const text = Buffer.from('a text');

function pemOf(key: KeyObject, type: 'pkcs8' | 'sec1' | 'pkcs1', passphrase?: string): string {
  const cipher = passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase };
  return key.export({ type, format: 'pem', ...cipher }).toString();
}

function refused(pem: string, passphrase?: string): BimaError {
  try {
    readSigningKey(pem, passphrase);
  } catch (error) {
    assert.ok(error instanceof BimaError);
    assert.equal(error.code, 'SIGNING_KEY_INVALID');
    assert.ok(error.hint !== undefined);
    // Nothing of the key, and nothing of the passphrase.
    const shown = `${error.message} ${error.hint}`;
    for (const line of pem.split('\n'))
      if (line.length > 8 && !line.startsWith('-----')) assert.ok(!shown.includes(line));
    if (passphrase !== undefined && passphrase !== '') assert.ok(!shown.includes(passphrase));
    return error;
  }
  return assert.fail('the key was taken');
}

const { privateKey: p256 } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

describe('a key to sign with', () => {
  const kinds = [
    ['P-256', p256, 'PKIX_ECDSA_P256_SHA_256', 'sha256'],
    [
      'RSA',
      generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
      'PKIX_RSA_PKCS1V15_2048_SHA256',
      'sha256',
    ],
    ['Ed25519', generateKeyPairSync('ed25519').privateKey, 'PKIX_ED25519', null],
  ] as const;
  for (const [name, privateKey, keyDetails, hash] of kinds) {
    it(`signs with ${name} as sigstore has it`, () => {
      const key = readSigningKey(pemOf(privateKey, 'pkcs8'));
      assert.deepEqual([key.keyDetails, key.hash], [keyDetails, hash]);
      assert.ok(verify(hash, text, createPublicKey(privateKey), key.sign(text)));
    });
  }

  it('has its public key, the fingerprint of that, and signatures that differ for ECDSA alone', () => {
    for (const [, privateKey, keyDetails, hash] of kinds) {
      const key = readSigningKey(pemOf(privateKey, 'pkcs8'));
      const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
      assert.deepEqual(
        { ...key, sign: undefined },
        {
          publicKey,
          fingerprint: `sha256:${createHash('sha256').update(publicKey).digest('hex')}`,
          keyDetails,
          hash,
          isRandom: privateKey === p256,
          sign: undefined,
        },
      );
      assert.equal(Buffer.compare(key.sign(text), key.sign(text)) !== 0, key.isRandom);
    }
  });

  it('may be of RSA in three sizes', () => {
    for (const modulusLength of [3072, 4096]) {
      const { privateKey } = generateKeyPairSync('rsa', { modulusLength });
      const { keyDetails } = readSigningKey(pemOf(privateKey, 'pkcs8'));
      assert.equal(keyDetails, `PKIX_RSA_PKCS1V15_${modulusLength}_SHA256`);
    }
  });

  it('is read in all forms that OpenSSL writes, also encrypted', () => {
    const { fingerprint } = readSigningKey(pemOf(p256, 'pkcs8'));
    assert.match(fingerprint, /^sha256:[0-9a-f]{64}$/);
    const { privateKey: rsa } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    readSigningKey(pemOf(rsa, 'pkcs1'));
    assert.equal(readSigningKey(pemOf(p256, 'sec1')).fingerprint, fingerprint);
    assert.equal(
      readSigningKey(pemOf(p256, 'sec1', 'secret words'), 'secret words').fingerprint,
      fingerprint,
    );
    assert.equal(
      readSigningKey(pemOf(p256, 'pkcs8', 'secret words'), 'secret words').fingerprint,
      fingerprint,
    );
    // A variable for the passphrase may be there, and empty or of no use.
    assert.equal(readSigningKey(pemOf(p256, 'pkcs8'), '').fingerprint, fingerprint);
    assert.equal(readSigningKey(pemOf(p256, 'pkcs8'), 'of no use').fingerprint, fingerprint);
    // A text file may have Windows' line ends, and words before the key.
    assert.equal(
      readSigningKey(`a key\r\n${pemOf(p256, 'pkcs8').replaceAll('\n', '\r\n')}`).fingerprint,
      fingerprint,
    );
  });

  it('is refused with what to do, and nothing of it is shown', () => {
    const encrypted = pemOf(p256, 'pkcs8', 'secret words');
    assert.match(refused(encrypted).message, /encrypted, and there is no passphrase/);
    assert.match(refused(encrypted, '').message, /encrypted, and there is no passphrase/);
    assert.match(refused(pemOf(p256, 'sec1', 'secret words')).message, /there is no passphrase/);
    assert.match(refused(encrypted, 'other words').message, /the passphrase does not open the key/);
    const publicPem = createPublicKey(p256).export({ type: 'spki', format: 'pem' }).toString();
    assert.match(
      refused(publicPem).message,
      /^the key to sign with: expected a private key, got a public one$/,
    );
    for (const kind of ['RSA', 'EC'])
      assert.match(refused(publicPem.replaceAll('PUBLIC', `${kind} PUBLIC`)).message, /got a public one/);
    assert.match(refused(encrypted).hint ?? '', /passphrase/);
    assert.match(refused(publicPem).hint ?? '', /-----BEGIN … PRIVATE KEY-----/);
    assert.match(refused('x').hint ?? '', /-----BEGIN … PRIVATE KEY-----/);
    // The public key may stand beside the private one.
    assert.equal(readSigningKey(publicPem + pemOf(p256, 'pkcs8')).hash, 'sha256');
    assert.match(
      refused('-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n').message,
      /^the key to sign with: the private key can't be read \(ERR_[A-Z0-9_]+\)$/,
    );
    assert.match(
      refused(`-----BEGIN PRIVATE KEY-----\n x Proc-Type: 4,ENCRYPTED\n-----END PRIVATE KEY-----\n`, 'words')
        .message,
      /can't be read/,
    );
    assert.match(refused('cosign.key').message, /expected a private key in PEM/);
    assert.match(refused('').message, /expected a private key in PEM/);
    // A secret whose line ends were lost on its way.
    assert.match(refused(pemOf(p256, 'pkcs8').replaceAll('\n', ' ')).message, /can't be read/);
  });

  it('is refused when not all of sigstore can check its kind', () => {
    const { privateKey: koblitz } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
    assert.match(refused(pemOf(koblitz, 'pkcs8')).message, /got the curve "secp256k1"/);
    const { privateKey: larger } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    assert.match(refused(pemOf(larger, 'pkcs8')).message, /got the curve "secp384r1"/);
    const { privateKey: short } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    assert.match(refused(pemOf(short, 'pkcs8')).message, /got RSA with 1024 bits/);
    assert.match(refused(pemOf(generateKeyPairSync('x25519').privateKey, 'pkcs8')).message, /got x25519/);
  });
});

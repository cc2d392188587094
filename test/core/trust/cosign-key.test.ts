// A key that cosign 3.1.3 made (`cosign generate-key-pair`), for these tests alone.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { BimaError } from '../../../src/core/errors.ts';
import { isCosignKey, openCosignKey } from '../../../src/core/trust/cosign-key.ts';
import { readSigningKey } from '../../../src/core/trust/signing-key.ts';

const passphrase = 'geheim wört';
const body =
  'eyJrZGYiOnsibmFtZSI6InNjcnlwdCIsInBhcmFtcyI6eyJOIjo2NTUzNiwiciI6OCwicCI6MX0sInNhbHQiOiJyY1AwS3htZXpE' +
  'cmc4bjBNdjltNWtwelRuWEVPb2NnSFpFUHBPM09FYzVRPSJ9LCJjaXBoZXIiOnsibmFtZSI6Im5hY2wvc2VjcmV0Ym94Iiwibm9u' +
  'Y2UiOiJSTkc3NlFRWlZ6TVYybEJITlFSVlNES2h3WWZaejB3MiJ9LCJjaXBoZXJ0ZXh0IjoiRFNyNkE0SDdRa2NXTnp6elNvc1Zj' +
  'L2dqcDVoT0dhUjlyVGpjR0ZBOURxNUVqODQ0elpOaWFhR1NvSVNvWFFnWWk0SjlRbEF1WmhCeEgvZDZyblhaYldnaXVVa1FhbHV4' +
  'c0R2UTJROWNQRUlaNk9zMjZKTGpUZjhlT0lSbG1KYWt3UDFGZCtOZXQwN29GbWoreklsTGhxck5KYmZKR2NPRXBIVkFqK0Y1RW1s' +
  'V044OFozNzRRY0VtQWJwRXltK3FaWTJoNzlLaDMwelo3ZkE9PSJ9';
const publicKey =
  'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEW5lFkzEMRYLjq1LdjVmHThrhJle/8vCtfCrJWuaWw5LMIhCQdjRYsSDyQULJ/GEukQVUIs6Vt5TPP3RPocyRmg==';

function pemOf(content: string, maker = 'SIGSTORE'): string {
  const label = `ENCRYPTED ${maker} PRIVATE KEY-----`;
  return `-----BEGIN ${label}\n${content.replace(/.{64}/g, '$&\n')}\n-----END ${label}\n`;
}

interface KeyParts {
  kdf: { name: string; params: Record<string, unknown>; salt: unknown };
  cipher: { name: string; nonce: unknown };
  ciphertext: unknown;
}

function changed(change: (key: KeyParts) => void): string {
  const key = JSON.parse(Buffer.from(body, 'base64').toString()) as Parameters<typeof change>[0];
  change(key);
  return pemOf(Buffer.from(JSON.stringify(key)).toString('base64'));
}

function refused(pem: string, words?: string): string {
  try {
    readSigningKey(pem, words);
  } catch (error) {
    assert.ok(error instanceof BimaError && error.code === 'SIGNING_KEY_INVALID');
    return error.message;
  }
  return assert.fail('the key was taken');
}

describe('a key of cosign', () => {
  it('opens with its passphrase, under its name of today and that of before', () => {
    const digest = createHash('sha256').update(Buffer.from(publicKey, 'base64')).digest('hex');
    for (const maker of ['SIGSTORE', 'COSIGN']) {
      const key = readSigningKey(pemOf(body, maker), passphrase);
      assert.equal(key.fingerprint, `sha256:${digest}`);
    }
  });

  it('is known by its lines', () => {
    assert.ok(isCosignKey(`words before\n${pemOf(body)}`));
    assert.ok(!isCosignKey(pemOf(body, 'OTHER')));
    assert.ok(!isCosignKey(pemOf(body).replace('END', '')));
    assert.ok(!isCosignKey(''));
  });

  it('may take as much work as is allowed, and no more than this machine is told', () => {
    const largest = changed(({ kdf }) => (kdf.params = { N: 1024, r: 16, p: 16 }));
    assert.equal(openCosignKey(largest, passphrase), undefined);
    const small = changed(({ kdf }) => (kdf.params = { N: 2, r: 1, p: 1 }));
    assert.equal(openCosignKey(small, passphrase), undefined);
  });

  it('stays closed otherwise, and says why', () => {
    assert.match(refused(pemOf(body)), /encrypted, and there is no passphrase/);
    assert.match(refused(pemOf(body), ''), /encrypted, and there is no passphrase/);
    assert.match(refused(pemOf(body), 'geheim wort'), /the passphrase does not open the key/);
    assert.match(refused(pemOf(body.slice(8)), passphrase), /can't be read/);
  });

  it('is refused when it would take too much work, or is closed in another way', () => {
    const open = (pem: string) => () => openCosignKey(pem, passphrase);
    assert.throws(open(changed(({ kdf }) => (kdf.params.N = 2 ** 30))), /less work/);
    assert.throws(open(changed(({ kdf }) => (kdf.params.r = 1000))), /less work/);
    assert.throws(open(changed(({ kdf }) => (kdf.params.p = 1000))), /less work/);
    assert.throws(open(changed(({ kdf }) => (kdf.name = 'argon2'))), /scrypt/);
    const changes: readonly (readonly [change: (key: KeyParts) => void, message: string])[] = [
      [({ kdf }) => (kdf.params.N = '65536'), 'expected a key whose opening takes less work'],
      [({ kdf }) => (kdf.params.N = 2 ** 20 + 1), 'expected a key whose opening takes less work'],
      [({ kdf }) => (kdf.params.r = '8'), 'expected a key whose opening takes less work'],
      [({ kdf }) => (kdf.params.r = 17), 'expected a key whose opening takes less work'],
      [({ kdf }) => (kdf.params.p = '1'), 'expected a key whose opening takes less work'],
      [({ kdf }) => (kdf.params.p = 17), 'expected a key whose opening takes less work'],
      [({ kdf }) => (kdf.params = [] as never), 'expected a key that scrypt protects'],
      [(key) => (key.kdf = 'scrypt' as never), 'expected a key that scrypt protects'],
      [({ kdf }) => (kdf.salt = 1), 'expected base64 in the key'],
      [({ cipher }) => (cipher.name = 'aes'), 'expected a key in a secretbox'],
      [(key) => (key.cipher = 'x' as never), 'expected a key in a secretbox'],
      [({ cipher }) => (cipher.nonce = 1), 'expected base64 in the key'],
      [(key) => (key.ciphertext = undefined), 'expected base64 in the key'],
    ];
    for (const [change, message] of changes) assert.throws(open(changed(change)), { message });
    assert.throws(open(pemOf(Buffer.from('[]').toString('base64'))), { message: /scrypt/ });
    assert.throws(open('no key'), Error);
  });
});

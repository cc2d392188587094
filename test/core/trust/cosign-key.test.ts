// A key that cosign 3.1.3 made (`cosign generate-key-pair`), for these tests alone.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { BimaError } from '../../../src/core/errors.ts';
import { openCosignKey } from '../../../src/core/trust/cosign-key.ts';
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

function changed(change: (key: { kdf: { name: string; params: Record<string, number> } }) => void): string {
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
  });
});

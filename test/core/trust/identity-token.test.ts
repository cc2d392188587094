import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readTokenClaims } from '../../../src/core/trust/identity-token.ts';

function token(claims: unknown): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256' })}.${part(claims)}.${Buffer.from('signature').toString('base64url')}`;
}

describe('an identity token', () => {
  it('says whom it names, for whom it is, and until when', () => {
    assert.deepEqual(readTokenClaims(token({ sub: 'repo:o/r', aud: 'sigstore', exp: 10 })), {
      subject: 'repo:o/r',
      audiences: ['sigstore'],
      expires: 10_000,
    });
    assert.deepEqual(readTokenClaims(token({ sub: 'a', aud: ['x', 'sigstore'] })), {
      subject: 'a',
      audiences: ['x', 'sigstore'],
      expires: undefined,
    });
  });

  it('leaves out what is of no use', () => {
    const other = { sub: 'a', aud: ['x', 1, null, ['y']], exp: '10', email: 1 };
    assert.deepEqual(readTokenClaims(token(other)), { subject: 'a', audiences: ['x'], expires: undefined });
    assert.deepEqual(readTokenClaims(token({ sub: 'a', exp: 1.5 })), {
      subject: 'a',
      audiences: [],
      expires: 1500,
    });
    // As JSON has no larger number.
    const [head = '', , end = ''] = token({}).split('.');
    const large = Buffer.from('{"sub":"a","exp":1e999}').toString('base64url');
    assert.equal(readTokenClaims(`${head}.${large}.${end}`)?.expires, undefined);
  });

  it('names a person by the address', () => {
    assert.equal(readTokenClaims(token({ sub: '123', email: 'a@b.test' }))?.subject, 'a@b.test');
    assert.equal(readTokenClaims(token({ sub: '123', email: '' }))?.subject, '123');
  });

  it('is nothing else', () => {
    const [head = '', , signature = ''] = token({}).split('.');
    for (const text of [
      '',
      'ghp_1234',
      token({}),
      token({ sub: '' }),
      token({ sub: 1 }),
      token([]),
      token(null),
      token('a'),
      `+${token({ sub: 'a' })}`,
      token({ sub: 'a' }).replace('.', '+.'),
      `${head}.${signature}.${signature}`,
      `${token({ sub: 'a' })}.more`,
      `${token({ sub: 'a' })}\n`,
      '..',
    ])
      assert.equal(readTokenClaims(text), undefined, text);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { BimaError } from '../../../src/core/errors.ts';
import { createSecrets } from '../../../src/adapters/http/secrets.ts';

/** A password with everything that some encoding writes in another way. */
const hard = `pä"\\ss/+=<w>&'ö r~d!`;

/** What servers, libraries and proxies of other languages make of it. */
const spellings: readonly (readonly [name: string, spelling: (secret: string) => string])[] = [
  ['as it is', (secret) => secret],
  ['a component of a URL', encodeURIComponent],
  ['a URL', encodeURI],
  [
    'a URL in lower case',
    (secret) => encodeURIComponent(secret).replace(/%../g, (code) => code.toLowerCase()),
  ],
  ['a form', (secret) => new URLSearchParams({ '': secret }).toString().slice(1)],
  ['a URL in a URL', (secret) => encodeURIComponent(encodeURIComponent(secret))],
  ['JSON', (secret) => JSON.stringify(secret).slice(1, -1)],
  ['JSON in JSON', (secret) => JSON.stringify(JSON.stringify(secret).slice(1, -1)).slice(1, -1)],
  ['JSON of Go', (secret) => jsonOf(secret, /[<>&]/g)],
  ['JSON of Python', (secret) => jsonOf(secret, /[^\x20-\x7e]/g)],
  ['JSON of PHP', (secret) => jsonOf(secret, /[^\x20-\x7e]/g).replaceAll('/', '\\/')],
  [
    'JSON of .NET',
    (secret) =>
      jsonOf(secret.replaceAll('"', '\u0001'), /[<>&']|[^\x20-\x7e]/g).replaceAll('\\u0001', '\\u0022'),
  ],
  ['HTML of Go', (secret) => htmlOf(secret, { '"': '&#34;', "'": '&#39;' })],
  ['HTML of Python', (secret) => htmlOf(secret, { '"': '&quot;', "'": '&#x27;' })],
  ['HTML of PHP', (secret) => htmlOf(secret, { '"': '&quot;', "'": '&#039;' })],
  ['XML', (secret) => htmlOf(secret, { '"': '&quot;', "'": '&apos;' })],
  [
    'HTML with numbers',
    (secret) =>
      htmlOf(secret, { '"': '&quot;', "'": '&#39;' }).replace(
        /[^\x20-\x7e]/g,
        (letter) => `&#${letter.charCodeAt(0)};`,
      ),
  ],
  ['UTF-8 read as Latin-1', (secret) => Buffer.from(secret).toString('latin1')],
  ['UTF-8 read as Windows-1252', (secret) => new TextDecoder('windows-1252').decode(Buffer.from(secret))],
  [
    'UTF-8 read as Latin-1 twice',
    (secret) => Buffer.from(Buffer.from(secret).toString('latin1')).toString('latin1'),
  ],
  ['Latin-1 read as UTF-8', (secret) => Buffer.from(secret, 'latin1').toString()],
  ['accents apart', (secret) => secret.normalize('NFD')],
  ['base64', (secret) => Buffer.from(secret).toString('base64').replace(/.=+$/, '')],
  [
    'base64 behind a user name',
    (secret) => Buffer.from(`robot:${secret}`).toString('base64').slice(8).replace(/.=+$/, ''),
  ],
  [
    'base64 behind a longer one',
    (secret) => Buffer.from(`robots1:${secret}`).toString('base64').slice(11).replace(/.=+$/, ''),
  ],
  ['base64 for URLs', (secret) => Buffer.from(secret).toString('base64url').slice(0, -1)],
  ['base64 of Latin-1', (secret) => Buffer.from(secret, 'latin1').toString('base64').replace(/.=+$/, '')],
  ['hexadecimal digits', (secret) => Buffer.from(secret).toString('hex')],
];

function jsonOf(text: string, escaped: RegExp): string {
  return JSON.stringify(text)
    .slice(1, -1)
    .replace(escaped, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function htmlOf(text: string, quotes: Readonly<Record<string, string>>): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(/["']/g, (quote) => quotes[quote] ?? quote);
}

describe('createSecrets', () => {
  it('leave a text also when they turn up after another was taken out', () => {
    const secrets = createSecrets();
    secrets.add('first-token', 'user');
    assert.equal(secrets.scrub('first-token second-token'), '*** second-token');
    secrets.add('second-token', 'server');
    assert.equal(secrets.scrub('first-token second-token'), '*** ***');
    // The longer one, of two that overlap, also when it came last.
    secrets.add('second-token-and-more', 'server');
    assert.equal(secrets.scrub('second-token-and-more'), '***');
  });

  it('has each spelling of a secret masked once, and takes it out of texts', () => {
    const masked: string[] = [];
    const secrets = createSecrets((secret) => masked.push(secret));
    secrets.add('hunter2', 'user');
    secrets.add('hunter2', 'user');
    secrets.add('ab', 'user');
    assert.equal(masked[0], 'hunter2');
    assert.equal(new Set(masked).size, masked.length);
    assert.ok(masked.includes('ab'));
    assert.equal(secrets.scrub('it is hunter2, hunter2 and ab'), 'it is ***, *** and ab');
  });

  it('has what a server chose masked from 16 characters on, and what the user gave always', () => {
    const masked: string[] = [];
    const secrets = createSecrets((secret) => masked.push(secret));
    for (const value of ['true', 'sha256', '123456789012345', '1234567890123456'])
      secrets.add(value, 'server');
    assert.equal(masked[0], '1234567890123456');
    assert.equal(secrets.scrub('_state=123456789012345'), '_state=***');
    for (const value of ['', 'p', 'true']) secrets.add(value, 'user');
    assert.deepEqual(
      masked.filter((value) => value.length < 16 && /^[a-z]+$/.test(value)),
      ['p', 'true'],
    );
  });

  for (const [name, spelling] of spellings) {
    it(`knows a secret, and has it masked: ${name}`, () => {
      const masked = new Set<string>();
      const secrets = createSecrets((secret) => masked.add(secret));
      secrets.add(hard, 'user');
      assert.equal(secrets.scrub(`[${spelling(hard)}]`), '[***]');
      assert.ok(masked.has(spelling(hard)));
    });
  }

  it('knows every secret in a URL, a form, JSON and base64', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 8, unit: 'grapheme' }), (secret) => {
        const secrets = createSecrets();
        secrets.add(secret, 'user');
        const form = new URLSearchParams({ '': secret }).toString().slice(1);
        for (const text of [secret, encodeURIComponent(secret), form, JSON.stringify(secret).slice(1, -1)]) {
          assert.equal(secrets.scrub(`[${text}]`), '[***]');
        }
        assert.match(secrets.scrub(Buffer.from(secret).toString('base64')), /^\*\*\*.?=*$/);
      }),
    );
  });

  it('leaves no piece of the longer of two secrets', () => {
    const secrets = createSecrets();
    secrets.add('token', 'user');
    secrets.add('token-and-more', 'user');
    assert.equal(secrets.scrub('token-and-more'), '***');
  });

  it('knows a signature of a query without the rest of it, and leaves other parameters alone', () => {
    const secrets = createSecrets();
    secrets.addQuery('X-Amz-Date=20261126T000000Z&X-Amz-Signature=0123456789abcdef&digest=sha256:00');
    assert.equal(
      secrets.scrub('0123456789abcdef was wrong at 20261126T000000Z for sha256:00'),
      '*** was wrong at 20261126T000000Z for sha256:00',
    );
  });

  it('takes secrets out of an error that is thrown', () => {
    const secrets = createSecrets();
    secrets.add('hunter2', 'user');
    assert.throws(
      () =>
        secrets.guard(() => {
          throw new BimaError('REGISTRY_PROTOCOL', 'got hunter2', { hint: 'not hunter2', cause: 'hunter2' });
        }),
      { code: 'REGISTRY_PROTOCOL', message: 'got ***', hint: 'not ***' },
    );
    assert.equal(
      secrets.guard(() => 1),
      1,
    );
  });

  it('takes the query out of every URL', () => {
    const text = createSecrets().scrub(
      'see https://s3.test/a?X-Amz-Signature=1&b=2, or http://b.test/?c "https://d.test/"',
    );
    assert.equal(text, 'see https://s3.test/a?… or http://b.test/?… "https://d.test/"');
  });
});

// Servers that repeat what they were sent: no spelling of a secret is seen, in no place of an answer.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { on, reply } from '../../../support/faults.ts';
import { longFormsOf, runPush } from '../../../support/fault-run.ts';
import type { Reply } from '../../../support/registry.ts';

const password = 'pä"\\ss/+=<w>&ö';
const credential = { kind: 'password', username: 'robot', password } as const;
const asLatin1 = Buffer.from(password).toString('latin1');

const spellings: readonly (readonly [name: string, text: string])[] = [
  ['JSON', JSON.stringify(password).slice(1, -1)],
  ['a form', new URLSearchParams({ '': password }).toString().slice(1)],
  ['HTML', password.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')],
  ['Latin-1', asLatin1],
  ['base64', Buffer.from(`robot:${password}`).toString('base64')],
];

const places: readonly (readonly [name: string, answer: (text: string) => Reply])[] = [
  [
    'a message',
    (text) => ({ status: 403, body: JSON.stringify({ errors: [{ code: 'X', message: text }] }) }),
  ],
  [
    'a detail',
    (text) => ({ status: 403, body: JSON.stringify({ errors: [{ code: 'X', detail: { sent: [text] } }] }) }),
  ],
  ['the end of a long message', (text) => ({ status: 403, body: `${'x'.repeat(490)}${text}` })],
  ['plain text', (text) => ({ status: 403, body: `no ${text}` })],
  ['the title of a page', (text) => ({ status: 403, body: `<html><title>no ${text}</title></html>` })],
  ['a request id', (text) => ({ status: 403, headers: { 'x-request-id': encodeURIComponent(text) } })],
  ['a warning', (text) => ({ status: 403, headers: { warning: `299 - "no ${header(text)}"` } })],
  [
    'a location',
    (text) => ({ status: 307, headers: { location: `/${encodeURIComponent(text)}/blobs/uploads/x` } }),
  ],
  [
    'a host',
    (text) => ({ status: 307, headers: { location: `http://${Buffer.from(text).toString('hex')}.test/` } }),
  ],
  [
    'a scheme',
    () => ({ status: 401, headers: { 'www-authenticate': `Hidden realm="${header(password)}"` } }),
  ],
  [
    'a digest',
    (text) => ({
      status: 201,
      headers: { 'docker-content-digest': `sha256:${Buffer.from(text).toString('latin1')}` },
    }),
  ],
];

/** In the bytes of a header, with what breaks the quotes of a Warning escaped. */
function header(text: string): string {
  return Buffer.from(text.replace(/["\\]/g, '\\$&')).toString('latin1');
}

describe('a secret that a server repeats', () => {
  for (const [spelling, text] of spellings) {
    for (const [place, answer] of places) {
      it(`is not seen: as ${spelling} in ${place}`, async () => {
        await using run = await runPush({
          basic: true,
          credential,
          auth: { name: 'robot', password },
          faults: [{ when: on('PUT', 'manifest'), times: 9, act: reply({ headers: {}, ...answer(text) }) }],
        });
        assert.ok(run.error instanceof Error);
        // The search of each run knows some spellings; here, no half of the password may be left either.
        run.transcript.assertClean([text, asLatin1, 'ss/+', 'ss%2F%2B', 'w>&', 'w&gt;&amp;']);
        run.assertNoSecrets(longFormsOf);
        if (answer(text).status === 403) assert.match(run.transcript.lines.join('\n'), /\*\*\*/);
      });
    }
  }

  it('is masked in every spelling', async () => {
    await using run = await runPush({ basic: true, credential, auth: { name: 'robot', password } });
    run.assertPushed();
    for (const [, text] of spellings.slice(0, 4)) assert.ok(run.masked.has(text), text);
  });

  it('is not seen when a token service repeats a refresh token', async () => {
    const token = 'refresh/+==&more';
    await using run = await runPush({
      tokens: {
        user: { name: 'robot', password: token },
        intercept: ({ parameters }) => ({
          status: 403,
          body: JSON.stringify({ error: 'denied', error_description: `sent ${parameters.toString()}` }),
        }),
      },
      credential: { kind: 'identity', username: '<token>', token },
      secrets: [token, encodeURIComponent(token)],
    });
    run.assertFailed('REGISTRY_DENIED');
    assert.doesNotMatch(run.transcript.lines.join('\n'), /refresh%2F|refresh\/|%3D%3D/);
  });

  it('is not printed when an answer is no text', async () => {
    const body = Buffer.from(Array.from({ length: 600 }, (_, at) => (at * 7) % 256));
    await using run = await runPush({
      faults: [{ when: on('PUT', 'manifest'), act: reply({ status: 403, headers: {}, body }) }],
    });
    assert.match(run.assertFailed('REGISTRY_DENIED').message, /600 bytes that are no text/);
  });
});

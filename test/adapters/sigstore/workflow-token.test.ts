import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openSigningTools } from '../../../src/adapters/sigstore/signing-service.ts';
import { fetchIdentityToken, findIdentitySource } from '../../../src/adapters/sigstore/workflow-token.ts';
import type { IdentitySource, IdentityToken } from '../../../src/adapters/sigstore/workflow-token.ts';
import { BimaError } from '../../../src/core/errors.ts';
import { silentReporter } from '../../../src/core/reporter.ts';
import { createFastClock } from '../../support/fast-clock.ts';
import { startIssuer } from '../../support/sigstore/issuer.ts';
import { json, startService } from '../../support/sigstore/service.ts';

async function fetchFrom(source: IdentitySource | undefined): Promise<{
  readonly token?: IdentityToken;
  readonly error?: BimaError;
  readonly masked: readonly string[];
}> {
  assert.ok(source !== undefined);
  const masked: string[] = [];
  const tools = openSigningTools({
    reporter: silentReporter,
    clock: createFastClock(),
    mask: (secret) => masked.push(secret),
  });
  try {
    return { token: await fetchIdentityToken(source, tools), masked };
  } catch (error) {
    assert.ok(error instanceof BimaError, String(error));
    assert.ok(error.hint !== undefined);
    return { error, masked };
  } finally {
    await tools.close();
  }
}

describe('the identity of a run', () => {
  it('is what was handed over, or what a job may ask for, or nothing', () => {
    const job = { ACTIONS_ID_TOKEN_REQUEST_URL: 'https://a.test', ACTIONS_ID_TOKEN_REQUEST_TOKEN: 't' };
    assert.deepEqual(findIdentitySource({ ...job, SIGSTORE_ID_TOKEN: ' a.b.c\n' }), {
      kind: 'given',
      token: 'a.b.c',
    });
    assert.deepEqual(findIdentitySource({ ...job, SIGSTORE_ID_TOKEN: '' }), {
      kind: 'workflow',
      requestUrl: 'https://a.test',
      requestToken: 't',
    });
    assert.equal(findIdentitySource({}), undefined);
    assert.equal(findIdentitySource({ ACTIONS_ID_TOKEN_REQUEST_URL: 'https://a.test' }), undefined);
    assert.equal(findIdentitySource({ ACTIONS_ID_TOKEN_REQUEST_TOKEN: 't' }), undefined);
    assert.equal(findIdentitySource({ ...job, ACTIONS_ID_TOKEN_REQUEST_TOKEN: '' }), undefined);
    assert.equal(findIdentitySource({ ...job, ACTIONS_ID_TOKEN_REQUEST_URL: '' }), undefined);
  });

  it('is asked for with the audience of sigstore, and masked before it is used', async () => {
    await using issuer = await startIssuer();
    const environment = issuer.environment();
    const { token, masked } = await fetchFrom(findIdentitySource(environment));
    assert.deepEqual(token?.claims.audiences, ['sigstore']);
    assert.equal(token.claims.subject, 'repo:owner/app:ref:refs/heads/main');
    assert.ok(masked.includes(token.value));
    assert.ok(masked.includes(environment.ACTIONS_ID_TOKEN_REQUEST_TOKEN ?? ''));
  });

  it('is refused by GitHub: the error names the permission', async () => {
    await using issuer = await startIssuer();
    const { error } = await fetchFrom(
      findIdentitySource({ ...issuer.environment(), ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'another token' }),
    );
    assert.equal(error?.code, 'SIGNING_FAILED');
    assert.match(
      error.message,
      /GitHub's service for identity tokens: GET http.*\/token: .*got 401 "no such job"/,
    );
    assert.match(error.hint ?? '', /`id-token: write`/);
    assert.ok(!`${error.message}${error.hint ?? ''}`.includes('another token'));
  });

  it('is no token: the error says where it came from', async () => {
    const { error: given } = await fetchFrom({ kind: 'given', token: 'ghp_0123456789' });
    assert.equal(given?.code, 'SIGNING_TOKEN_MISSING');
    assert.equal(
      given.message,
      'the identity token: expected a JSON Web Token that names a subject, got something else',
    );
    assert.match(given.hint ?? '', /^SIGSTORE_ID_TOKEN holds/);
    assert.ok(!given.message.includes('ghp_'));
    await using service = await startService('other', () => json(200, { value: 'no token' }));
    const workflow = { kind: 'workflow', requestUrl: service.url, requestToken: 'x' } as const;
    const { error: asked } = await fetchFrom(workflow);
    assert.equal(asked?.code, 'SIGNING_TOKEN_MISSING');
    assert.match(asked.hint ?? '', /^Check ACTIONS_ID_TOKEN_REQUEST_URL/);
    for (const document of [[], 'x', 7, null, { value: 7 }]) {
      await using odd = await startService('other', () => json(200, document));
      const { error } = await fetchFrom({ ...workflow, requestUrl: odd.url });
      assert.equal(error?.code, 'SIGNING_FAILED');
      assert.match(error.message, new RegExp(`expected an answer with a token, got "${typeof document}"$`));
    }
    await using text = await startService('other', () => ({ status: 200, body: Buffer.from('no JSON') }));
    const { error: unread } = await fetchFrom({ ...workflow, requestUrl: text.url });
    assert.match(unread?.message ?? '', /expected an answer with a token, got "undefined"$/);
    await using empty = await startService('other', () => json(200, {}));
    const { error: nothing } = await fetchFrom({ ...workflow, requestUrl: empty.url });
    assert.match(nothing?.message ?? '', /expected an answer with a token/);
  });

  it('is asked for at the address as it is, with one more parameter', async () => {
    const asked: unknown[] = [];
    await using service = await startService('other', ({ method, path, query, headers }) => {
      asked.push([method, path, query.toString(), headers.accept, headers.authorization]);
      return json(200, { value: 'no token' });
    });
    await fetchFrom({ kind: 'workflow', requestUrl: `${service.url}/a/b?c=d`, requestToken: 't' });
    assert.deepEqual(asked, [['GET', '/a/b', 'c=d&audience=sigstore', 'application/json', 'bearer t']]);
  });

  it('is not there for a service that is down: the permission is no remedy for that', async () => {
    for (const [status, isPermission] of [
      [400, true],
      [403, true],
      [499, true],
      [500, false],
      [501, false],
      [302, false],
    ] as const) {
      await using service = await startService('other', () => ({ status, body: Buffer.alloc(0) }));
      const { error } = await fetchFrom({ kind: 'workflow', requestUrl: service.url, requestToken: 't' });
      assert.equal(error?.hint?.includes('id-token: write'), isPermission, String(status));
    }
  });

  it('is not asked for in the clear, nor at something that is no address', async () => {
    for (const requestUrl of ['http://token.example.com/?x=1', 'ftp://a.test', 'no address']) {
      const { error } = await fetchFrom({ kind: 'workflow', requestUrl, requestToken: 'x' });
      assert.equal(error?.code, 'SIGNING_TOKEN_MISSING');
      assert.match(error.message, /expected an address with https in ACTIONS_ID_TOKEN_REQUEST_URL/);
      assert.equal(error.hint, 'The runner sets this variable, and nothing should change it.');
    }
  });
});

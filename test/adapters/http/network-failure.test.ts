import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { networkError, Timeout } from '../../../src/adapters/http/network-failure.ts';
import type { NetworkFailure } from '../../../src/adapters/http/http-error.ts';

const request = { method: 'GET', url: 'https://reg.test/v2/', host: 'reg.test' };

function coded(code: string, message = 'it failed', more: object = {}): Error {
  return Object.assign(new Error(message), { code, ...more });
}

describe('networkError', () => {
  it('names no host that may not be shown, in the message or in the cause', () => {
    const hidden = { method: 'GET', url: 'https://***.test:5000/v2/', host: 'hunter2.test:5000' };
    for (const code of ['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'CERT_HAS_EXPIRED', 'UND_ERR_SOCKET', '']) {
      const error = networkError(coded(code, 'no way to hunter2.test'), hidden, false);
      assert.doesNotMatch(`${error.message} ${String(error.cause)}`, /hunter2/, code);
      assert.match(error.message, /\*\*\*\.test:5000/);
    }
  });

  const rows: readonly (readonly [string, unknown, NetworkFailure['kind'], NetworkFailure['retry']])[] = [
    ['an unknown name', coded('ENOTFOUND'), 'dns', 'briefly'],
    ['a name service that is down', coded('EAI_AGAIN'), 'dns', 'yes'],
    ['a closed port', coded('ECONNREFUSED'), 'connect', 'yes'],
    ['closed ports on all addresses', new AggregateError([coded('ECONNREFUSED')]), 'connect', 'yes'],
    ['no route', coded('ENETUNREACH'), 'connect', 'yes'],
    ['a connection that takes too long', coded('UND_ERR_CONNECT_TIMEOUT'), 'connect', 'yes'],
    ['a reset', coded('ECONNRESET'), 'reset', 'yes'],
    [
      'a reset within the handshake',
      coded('ECONNRESET', 'Client network socket disconnected before secure TLS connection was established'),
      'reset',
      'yes',
    ],
    ['a broken pipe', coded('EPIPE'), 'reset', 'yes'],
    ['an end', coded('UND_ERR_SOCKET', 'other side closed'), 'reset', 'yes'],
    ['a body that stops', coded('UND_ERR_BODY_TIMEOUT'), 'timeout', 'yes'],
    ['our own patience', new Timeout('expected an answer within 2 seconds'), 'timeout', 'yes'],
    ['a self-signed certificate', coded('DEPTH_ZERO_SELF_SIGNED_CERT'), 'tls', 'no'],
    ['an expired certificate', coded('CERT_HAS_EXPIRED'), 'tls', 'no'],
    ['an unknown authority', coded('UNABLE_TO_VERIFY_LEAF_SIGNATURE'), 'tls', 'no'],
    ['an unknown issuer', coded('UNABLE_TO_GET_ISSUER_CERT_LOCALLY'), 'tls', 'no'],
    ['another name', coded('ERR_TLS_CERT_ALTNAME_INVALID'), 'tls', 'no'],
    ['an old version of TLS', coded('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION'), 'tls', 'no'],
    ['no TLS', coded('ERR_SSL_WRONG_VERSION_NUMBER'), 'not-tls', 'no'],
    [
      'no TLS, on older versions of Node',
      coded('EPROTO', 'write EPROTO wrong version number'),
      'not-tls',
      'no',
    ],
    ['too many headers', coded('UND_ERR_HEADERS_OVERFLOW'), 'garbled', 'no'],
    ['a parser error', coded('HPE_INVALID_HEADER_TOKEN'), 'garbled', 'yes'],
    ['a changed source', coded('UND_ERR_REQ_CONTENT_LENGTH_MISMATCH'), 'request', 'no'],
    [
      'a proxy with a password',
      coded('UND_ERR_ABORTED', 'Proxy response (407) !== 200 when HTTP Tunneling'),
      'proxy',
      'no',
    ],
    [
      'a proxy in trouble',
      coded('UND_ERR_ABORTED', 'Proxy response (503) !== 200 when HTTP Tunneling'),
      'proxy',
      'yes',
    ],
    ['anything else', new Error('what'), 'reset', 'yes'],
  ];
  for (const [name, error, kind, retry] of rows) {
    it(name, () => {
      const { failure, message } = networkError(error, request, false);
      assert.deepEqual(failure, { kind, retry, reused: false });
      assert.match(message, /^GET https:\/\/reg\.test\/v2\/: /);
    });
  }

  it('keeps no bytes of an answer', () => {
    const error = coded('HPE_INVALID_HEADER_TOKEN', 'Invalid header', { data: 'set-cookie: secret' });
    const { cause } = networkError(error, request, false);
    assert.ok(cause instanceof Error && !('data' in cause));
  });

  it('gives advice that holds for any server', () => {
    for (const [, error] of rows) {
      assert.doesNotMatch(networkError(error, request, false).hint ?? '', /registry|--/);
    }
  });

  it('says who refused, which may be a proxy', () => {
    const error = coded('ECONNREFUSED', 'connect', { address: '10.0.0.9', port: 3128 });
    assert.match(networkError(error, request, false).message, /10\.0\.0\.9.*3128/);
  });
});

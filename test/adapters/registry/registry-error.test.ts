import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { networkError } from '../../../src/adapters/http/network-failure.ts';
import { RegistryError, registryFailure } from '../../../src/adapters/registry/registry-error.ts';

const request = { method: 'GET', url: 'https://reg.test/v2/', host: 'reg.test' };

function failureOf(code: string): RegistryError {
  const error = registryFailure(networkError(Object.assign(new Error('it failed'), { code }), request, true));
  assert.ok(error instanceof RegistryError);
  return error;
}

describe('registryFailure', () => {
  it('keeps what the retry loop must know', () => {
    const { code, message, method, url, status, failure, cause } = failureOf('ECONNRESET');
    assert.equal(code, 'REGISTRY_UNREACHABLE');
    assert.match(message, /^GET https:\/\/reg\.test\/v2\/: /);
    assert.deepEqual([method, url, status], ['GET', 'https://reg.test/v2/', undefined]);
    assert.deepEqual(failure, { kind: 'reset', retry: 'yes', reused: true });
    assert.match((cause as Error).message, /ECONNRESET/);
  });

  it('gives the advice of a registry', () => {
    assert.match(failureOf('ENOTFOUND').hint ?? '', /spelling of the registry/);
    assert.match(failureOf('ECONNREFUSED').hint ?? '', /port of the registry/);
    // On the command line and in a workflow.
    assert.match(failureOf('ERR_SSL_WRONG_VERSION_NUMBER').hint ?? '', /--plain-http\b.*tls-verify: false/);
    assert.match(failureOf('CERT_HAS_EXPIRED').hint ?? '', /CA file/);
    assert.equal(failureOf('ECONNRESET').hint, undefined);
  });

  it('leaves other errors alone', () => {
    const error = new Error('another');
    assert.equal(registryFailure(error), error);
  });
});

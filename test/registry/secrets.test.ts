import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createSecrets } from '../../src/registry/secrets.ts';

describe('createSecrets', () => {
  it('has each secret masked once, and takes it out of texts', () => {
    const masked: string[] = [];
    const secrets = createSecrets((secret) => masked.push(secret));
    secrets.add('hunter2', 'user');
    secrets.add('hunter2', 'user');
    secrets.add('ab', 'user');
    assert.deepEqual(masked, ['hunter2', 'ab']);
    assert.equal(secrets.scrub('it is hunter2, hunter2 and ab'), 'it is ***, *** and ab');
  });

  it('has what a server chose masked from 16 characters on, and what the user gave always', () => {
    const masked: string[] = [];
    const secrets = createSecrets((secret) => masked.push(secret));
    for (const value of ['true', 'sha256', '123456789012345', '1234567890123456'])
      secrets.add(value, 'server');
    assert.deepEqual(masked, ['1234567890123456']);
    assert.equal(secrets.scrub('_state=123456789012345'), '_state=***');
    for (const value of ['', 'p', 'true']) secrets.add(value, 'user');
    assert.deepEqual(masked, ['1234567890123456', 'p', 'true']);
  });

  it('takes the query out of every URL', () => {
    const text = createSecrets().scrub(
      'see https://s3.test/a?X-Amz-Signature=1&b=2, or http://b.test/?c "https://d.test/"',
    );
    assert.equal(text, 'see https://s3.test/a?… or http://b.test/?… "https://d.test/"');
  });
});

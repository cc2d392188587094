import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createSecrets } from '../../src/registry/secrets.ts';

describe('createSecrets', () => {
  it('has each secret masked once, and takes it out of texts', () => {
    const masked: string[] = [];
    const secrets = createSecrets((secret) => masked.push(secret));
    secrets.add('hunter2');
    secrets.add('hunter2');
    secrets.add('ab');
    assert.deepEqual(masked, ['hunter2']);
    assert.equal(secrets.scrub('it is hunter2, hunter2 and ab'), 'it is ***, *** and ab');
  });

  it('takes the query out of every URL', () => {
    const text = createSecrets().scrub(
      'see https://s3.test/a?X-Amz-Signature=1&b=2, or http://b.test/?c "https://d.test/"',
    );
    assert.equal(text, 'see https://s3.test/a?… or http://b.test/?… "https://d.test/"');
  });
});

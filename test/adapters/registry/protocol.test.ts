// Rules of the distribution specification that no fault and no other test shows: the strict registry notes what
// breaks one, and each run here ends with a look at its notes.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runPush } from '../../support/fault-run.ts';
import { on, reply } from '../../support/faults.ts';
import { sampleImage } from '../../support/sample-image.ts';

describe('the protocol of a push', () => {
  for (const architectures of [['amd64'], ['amd64', 'arm64']]) {
    it(`Docker's types go as they are: ${architectures.join(', ')}`, async () => {
      const image = sampleImage({ docker: true, architectures });
      await using run = await runPush({ image });
      run.assertPushed();
      const sent = run.proxy.requests.filter(
        ({ method, endpoint }) => method === 'PUT' && endpoint.kind === 'manifest',
      );
      assert.deepEqual(
        new Set(sent.map(({ headers }) => headers['content-type'])),
        new Set([...image.manifests, image.root].map(({ mediaType }) => mediaType)),
      );
    });
  }

  it('a blob takes three requests', async () => {
    await using run = await runPush({ image: sampleImage({ layers: [10] }) });
    run.assertPushed();
    const blobs = run.proxy.requests.filter(({ endpoint }) => /^(?:blob|uploads?)$/.test(endpoint.kind));
    assert.deepEqual(blobs.map(({ method }) => method).sort(), [
      'HEAD',
      'HEAD',
      'POST',
      'POST',
      'PUT',
      'PUT',
    ]);
  });

  for (const status of [403, 405]) {
    it(`a HEAD of the tag that is answered with ${status} does not end the push`, async () => {
      const fault = { when: on('HEAD', 'manifest'), times: Infinity, act: reply({ status }) };
      await using run = await runPush({ faults: [fault] });
      run.assertPushed();
      assert.equal(run.clock.sleeps.length, 0);
    });
  }

  it('all requests go over HTTP/1.1 connections that are kept', async () => {
    await using run = await runPush({
      image: sampleImage({ layers: [10, 20, 30] }),
      client: { concurrency: 1 },
    });
    run.assertPushed();
    // One for the attempt at TLS, and one or two after it.
    assert.ok(run.proxy.connections() <= 3, `${run.proxy.connections()} connections`);
  });
});

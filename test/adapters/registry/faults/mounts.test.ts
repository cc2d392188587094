// Rows 17 to 20: mounting a blob from a repository that has it.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { repository, runPush, user } from '../../../support/fault-run.ts';
import type { Fault } from '../../../support/fault-proxy.ts';
import type { PushRun, RunOptions } from '../../../support/fault-run.ts';
import { onStart, reply, rewriteReply } from '../../../support/faults.ts';
import { problem } from '../../../support/registry.ts';

const copy = 'team/copy';
const references = [`HOST/${repository}:v1`, `HOST/${copy}:v1`];
const pushBoth = (options: RunOptions = {}) => runPush({ ...options, references });

function storedInCopy(run: PushRun): string[] {
  const found = run.result?.repositories.find(({ repository: name }) => name.endsWith(copy));
  return (
    found?.blobs.filter(({ descriptor }) => isBlob(run, descriptor.digest)).map(({ stored }) => stored) ?? []
  );
}

function isBlob(run: PushRun, digest: string): boolean {
  return [...run.image.layers, ...run.image.configs].some((blob) => blob.digest === digest);
}

describe('mounts', () => {
  it('mount granted: 201: nothing is uploaded again', async () => {
    await using run = await pushBoth();
    run.assertPushed();
    assert.equal(run.registry.uploadedBytes(), run.image.blobBytes);
    assert.deepEqual(storedInCopy(run), ['mounted', 'mounted', 'mounted']);
  });

  it('mount granted: with a token for both repositories', async () => {
    await using run = await pushBoth({ tokens: { user } });
    run.assertPushed();
    assert.equal(run.registry.uploadedBytes(), run.image.blobBytes);
    assert.deepEqual(storedInCopy(run), ['mounted', 'mounted', 'mounted']);
  });

  it('mount ignored: 202: the same session is used', async () => {
    await using run = await pushBoth({ registry: { mounts: 'ignored' } });
    run.assertPushed();
    const blobs = run.image.layers.length + run.image.configs.length;
    assert.equal(run.proxy.count('POST', 'uploads'), 2 * blobs);
    assert.equal(run.registry.openUploads(), 0);
    assert.deepEqual(storedInCopy(run), ['pushed', 'pushed', 'pushed']);
  });

  for (const status of [400, 401, 403, 404, 405, 500]) {
    it(`mount refused: ${status}: a plain upload`, async () => {
      const refused = { when: onStart('mount'), times: Infinity, act: reply(problem(status, 'DENIED')) };
      await using run = await pushBoth({ tokens: { user }, faults: [refused] });
      run.assertPushed();
      assert.equal(run.registry.uploadedBytes(), 2 * run.image.blobBytes);
      assert.ok(run.proxy.hits(refused) <= 2 * run.image.blobs.size, `${run.proxy.hits(refused)} tries`);
    });
  }

  it('mount refused: the token server refuses the source', async () => {
    await using run = await pushBoth({
      tokens: { user, grant: (asked) => (asked.length > 1 ? 'refused' : asked) },
    });
    run.assertPushed();
  });

  it('mount refused: the token leaves the source out', async () => {
    await using run = await pushBoth({ tokens: { user, grant: (asked) => asked.slice(0, 1) } });
    run.assertPushed();
    const uploads = run.registry.requests.filter(
      ({ method, path, status }) => method === 'PUT' && path.includes('/blobs/') && status === 201,
    );
    assert.equal(uploads.length, 6);
  });

  it('mount that is untrue: 201 for a blob that is not there', async () => {
    const lie = {
      when: onStart('mount'),
      act: reply({ status: 201, headers: { location: '/v2/team/copy/blobs/x', 'content-length': 0 } }),
    };
    await using run = await pushBoth({ faults: [lie] });
    // Nothing in the answer says which blob that is: it is looked for, and uploaded.
    run.assertPushed();
  });

  it('mount that is untrue: 201 for a blob that is not there, by its digest', async () => {
    const lie: Fault = {
      when: onStart('mount'),
      act: (exchange) =>
        exchange.reply({
          status: 201,
          headers: {
            'docker-content-digest': new URLSearchParams(exchange.request.query).get('mount') ?? '',
          },
        }),
    };
    await using run = await pushBoth({ faults: [lie] });
    run.assertPushed('manifest-before-content');
  });

  it('mount that is untrue: 201 without a word about the blob, which is there', async () => {
    const mute: Fault = {
      when: onStart('mount'),
      times: 3,
      act: rewriteReply(() => ({ headers: { 'docker-content-digest': undefined, location: '/' } })),
    };
    await using run = await pushBoth({ faults: [mute] });
    run.assertPushed();
    assert.deepEqual(storedInCopy(run), ['mounted', 'mounted', 'mounted']);
  });
});

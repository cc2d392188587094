// GitHub's list of attestations: what it takes, and when it is asked again.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { withGithub } from '../../../src/action/github.ts';
import { storeAttestation } from '../../../src/adapters/github/attestation-list.ts';
import { createAttestations } from '../../support/github/attestations.ts';
import { problem, secondaryLimit } from '../../support/github/server.ts';
import type { GithubFault } from '../../support/github/server.ts';
import { startSession } from '../../support/github/session.ts';

const bundle = {
  mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
  verificationMaterial: { certificate: { rawBytes: 'AA==' } },
  dsseEnvelope: {
    payloadType: 'application/vnd.in-toto+json',
    payload: 'e30=',
    signatures: [{ sig: 'AA==' }],
  },
};

async function store(test: TestContext, reply?: GithubFault['reply'], times = 1, repository = 'owner/app') {
  const attestations = createAttestations('owner/app');
  const { access, server, clock } = await startSession(test, { routes: attestations.routes });
  if (reply !== undefined) server.addFault({ method: 'POST', path: '/attestations', times, reply });
  const sleeps: number[] = [];
  const slow = {
    ...clock,
    sleep: (wait: number) => {
      sleeps.push(wait);
      return Promise.resolve();
    },
  };
  const outcome = await withGithub(access, (github) =>
    storeAttestation(github, repository, Buffer.from(JSON.stringify(bundle)), {
      clock: slow,
      signal: test.signal,
    }),
  ).then(
    (id) => ({ id }),
    (error: unknown) => ({ error: error as { code?: string; status?: number } }),
  );
  return { ...outcome, stored: attestations.stored, calls: server.calls, sleeps };
}

describe("GitHub's list of attestations", () => {
  it('takes a bundle as it is, and gives it a number', async (test) => {
    const outcome = await store(test);
    assert.deepEqual(outcome.stored, [{ id: 4001, bundle }]);
    assert.deepEqual('id' in outcome && outcome.id, 4001);
    assert.deepEqual(outcome.calls, ['POST /repos/owner/app/attestations']);
  });

  for (const status of [403, 404]) {
    it(`is none where it answers ${status}`, async (test) => {
      const outcome = await store(test, problem(status, 'no'));
      assert.ok('id' in outcome && outcome.id === undefined);
      assert.deepEqual([outcome.calls.length, outcome.sleeps], [1, []]);
    });
  }

  it('is asked three times where it has a problem of its own, with longer and longer waits', async (test) => {
    const twice = await store(test, { status: 500 }, 2);
    assert.ok('id' in twice && twice.id === 4001);
    assert.deepEqual(twice.sleeps, [1000, 4000]);
    const always = await store(test, { status: 503 }, 9);
    assert.ok('error' in always && always.error.status === 503);
    assert.deepEqual([always.calls.length, always.sleeps], [3, [1000, 4000]]);
  });

  it('is asked again where its answer was lost', async (test) => {
    const outcome = await store(test, 'reset');
    assert.ok('id' in outcome && outcome.id === 4001);
    assert.deepEqual(outcome.sleeps, [1000]);
  });

  for (const [name, reply] of [
    ['a limit that lasts', secondaryLimit(61)],
    ['what it can not read', problem(422, 'Invalid bundle')],
    ['a token that is none', problem(401, 'Bad credentials')],
  ] as const) {
    it(`fails at once with ${name}`, async (test) => {
      const outcome = await store(test, reply);
      assert.ok('error' in outcome);
      assert.equal(outcome.error.status, reply.status);
      assert.deepEqual([outcome.calls.length, outcome.sleeps], [1, []]);
    });
  }
});

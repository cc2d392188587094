// No success without evidence: whatever answers in place of a registry, a push that ends well has ended in one.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Fault } from '../../../support/fault-proxy.ts';
import { repository, runPush } from '../../../support/fault-run.ts';
import { loginPage, on, onEverything, reply, rewriteReply } from '../../../support/faults.ts';
import type { Reply } from '../../../support/registry.ts';
import { sampleImage } from '../../../support/sample-image.ts';

const image = sampleImage();
const blobCount = image.layers.length + image.configs.length;
const [layer] = image.layers;
assert.ok(layer);
const references = ['v1', 'v2', 'v3'].map((tag) => `HOST/${repository}:${tag}`);

const impostors: readonly (readonly [name: string, answer: Reply])[] = [
  ['a login page', loginPage],
  ['a page without a type', { ...loginPage, headers: {} }],
  ['nothing', { status: 200, headers: { 'content-length': 0 } }],
  ['an empty object', { status: 200, headers: { 'content-type': 'application/json' }, body: '{}' }],
  ['201 and nothing', { status: 201, headers: { 'content-length': 0 } }],
  ['202 and itself', { status: 202, headers: { location: '/', 'content-length': 0 } }],
  ['204', { status: 204 }],
];

describe('something that is no registry', () => {
  for (const [name, answer] of impostors) {
    // A push of one tag has this many requests and one more for each blob.
    for (let skip = 0; skip < 2 + 3 * blobCount; skip += 1) {
      it(`answers everything from request ${skip + 1} on with ${name}: the push fails`, async () => {
        const fault: Fault = { when: onEverything, skip, times: Infinity, act: reply(answer) };
        await using run = await runPush({ faults: [fault], image });
        // A HEAD whose length happens to fit can spare one upload, but no manifest.
        run.assertFailed('REGISTRY_PROTOCOL');
        assert.ok(run.clock.sleeps.reduce((sum, sleep) => sum + sleep, 0) < 5 * 60_000);
      });
    }
  }

  it('is named by the title of its page, with what to do', async () => {
    const fault: Fault = { when: onEverything, times: Infinity, act: reply(loginPage) };
    await using run = await runPush({ faults: [fault] });
    const error = run.assertFailed('REGISTRY_PROTOCOL');
    assert.match(error.message, /got 200 and a page of HTML/);
    assert.match(error.hint ?? '', /login page/);
    assert.equal(run.clock.sleeps.length, 0);
  });
});

describe('the answer to a manifest', () => {
  const onTag: Fault['when'] = on('PUT', 'manifest', 'v1');
  const mute = (status: number) =>
    rewriteReply(() => ({ status, headers: { 'docker-content-digest': undefined } }));

  for (const status of [200, 201, 202]) {
    it(`is ${status} without a digest: the tag is looked at`, async () => {
      await using run = await runPush({ faults: [{ when: onTag, act: mute(status) }] });
      run.assertPushed();
      assert.equal(run.proxy.count('HEAD', 'manifest'), 2);
      assert.equal(run.clock.sleeps.length, 0);
    });

    it(`is ${status} and nothing was stored: the push fails`, async () => {
      const lie = reply({ status, headers: { location: '/', 'content-length': 0 } });
      await using run = await runPush({ faults: [{ when: onTag, act: lie }] });
      assert.match(run.assertFailed('REGISTRY_PROTOCOL').message, /"v1" does not stand for sha256:/);
    });
  }

  it('is 200 with the digest: the tag is looked at all the same', async () => {
    const lie = reply({
      status: 200,
      headers: { 'docker-content-digest': image.root.digest, 'content-length': 0 },
    });
    await using run = await runPush({ image, faults: [{ when: onTag, act: lie }] });
    run.assertFailed('REGISTRY_PROTOCOL');
  });

  it('is mute, and the registry lags', async () => {
    const faults: readonly Fault[] = [
      { when: onTag, act: mute(201) },
      { when: on('HEAD', 'manifest', 'v1'), skip: 1, times: 3, act: reply({ status: 404 }) },
    ];
    await using run = await runPush({ faults });
    run.assertPushed();
    assert.deepEqual(run.clock.sleeps, [500, 1000, 2000]);
  });

  it('claims all tags with 200: each is set by itself', async () => {
    const claim: Fault = {
      when: (request) => on('PUT', 'manifest')(request) && request.query.includes('tag='),
      act: reply({ status: 200, headers: { 'oci-tag': ['v1', 'v2', 'v3'], 'content-length': 0 } }),
    };
    await using run = await runPush({ references, faults: [claim] });
    run.assertPushed();
  });

  it('claims all tags with 201 and the digest, and has set none: each is set by itself', async () => {
    const { digest } = image.root;
    const lie: Fault = {
      when: (request) => on('PUT', 'manifest')(request) && request.query.includes('tag='),
      act: reply({
        status: 201,
        headers: {
          'docker-content-digest': digest,
          'oci-tag': ['v1', 'v2', 'v3'],
          location: '/',
          'content-length': 0,
        },
      }),
    };
    await using run = await runPush({ image, references, faults: [lie] });
    run.assertPushed();
  });
});

describe('the answer to a blob', () => {
  it('is 201 without a digest or address: the blob is looked at', async () => {
    const mute = rewriteReply(() => ({ headers: { 'docker-content-digest': undefined, location: '/' } }));
    await using run = await runPush({ faults: [{ when: on('PUT', 'upload'), act: mute }] });
    run.assertPushed();
    assert.equal(run.proxy.count('HEAD', 'blob'), blobCount + 1);
  });

  it('is 201 and nothing was stored: uploaded again', async () => {
    const lie = reply({ status: 201, headers: { location: '/', 'content-length': 0 } });
    await using run = await runPush({ faults: [{ when: on('PUT', 'upload'), act: lie }] });
    run.assertPushed();
  });

  it('is 201 without a digest, and nobody may look: the manifest tells', async () => {
    const mute = rewriteReply(() => ({ headers: { 'docker-content-digest': undefined, location: '/' } }));
    await using run = await runPush({
      faults: [
        { when: on('PUT', 'upload'), times: Infinity, act: mute },
        { when: on('HEAD', 'blob'), times: Infinity, act: reply({ status: 405 }) },
      ],
    });
    run.assertPushed();
  });

  const looks: readonly (readonly [name: string, answer: Reply])[] = [
    // Without a length at all.
    ['neither length nor digest', { status: 200, headers: { 'transfer-encoding': 'chunked' } }],
    [
      'another digest',
      {
        status: 200,
        headers: { 'docker-content-digest': `sha256:${'0'.repeat(64)}`, 'content-length': layer.size },
      },
    ],
  ];
  for (const [name, answer] of looks) {
    it(`is 200 to HEAD with ${name}: uploaded`, async () => {
      const fault: Fault = {
        when: on('HEAD', 'blob', layer.digest),
        act: (exchange) => exchange.reply(answer),
      };
      await using run = await runPush({ image, faults: [fault] });
      run.assertPushed();
      assert.equal(run.registry.uploadedBytes(), image.blobBytes);
    });
  }
});

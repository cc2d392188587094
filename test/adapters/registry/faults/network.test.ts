// Rows 40 to 44 and 71: connections that break, stall or crawl.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../../../support/fault-proxy.ts';
import { repository, runPull, runPush, user } from '../../../support/fault-run.ts';
import {
  delayReply,
  on,
  replyEarly,
  replyRaw,
  stallAt,
  interim,
  onEverything,
} from '../../../support/faults.ts';
import { problem } from '../../../support/registry.ts';
import { bytesOf, sampleImage } from '../../../support/sample-image.ts';

const image = sampleImage();
/** More than the buffers of two sockets hold, so that a reader that stops is felt by the writer. */
const large = sampleImage({ rawLayers: [Buffer.alloc(24 * 1024 * 1024, 'large')] });
const isLarge: Fault['when'] = (request) => on('PUT', 'upload')(request) && request.length > 1_000_000;

describe('answers cut off', () => {
  const cuts: readonly (readonly [string, string])[] = [
    ['nothing', ''],
    ['half a status line', 'HTTP/1.1 201 Crea'],
    ['half a header', 'HTTP/1.1 201 Created\r\nContent-Len'],
    ['headers without an end', 'HTTP/1.1 201 Created\r\nContent-Length: 0\r\n'],
  ];
  for (const [name, bytes] of cuts) {
    for (const [method, kind] of [
      ['POST', 'uploads'],
      ['PUT', 'upload'],
      ['HEAD', 'blob'],
      ['PUT', 'manifest'],
    ] as const) {
      it(`answer cut off: ${name} after ${method} ${kind}`, async () => {
        await using run = await runPush({ faults: [{ when: on(method, kind), act: replyRaw(bytes) }] });
        run.assertPushed();
      });
    }
  }

  it('answer cut off: JSON cut off', async () => {
    const cut = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"schemaVer';
    await using run = await runPull({
      faults: [{ when: on('GET', 'manifest'), act: replyRaw(cut) }],
      pick: ({ root }) => root,
    });
    assert.deepEqual(run.bytes, Buffer.from(bytesOf(run.image, run.image.root.digest)));
  });

  it('answer cut off: the body of an error cut off', async () => {
    const cut = 'HTTP/1.1 503 Unavailable\r\nContent-Length: 500\r\n\r\n{"errors":[{"co';
    await using run = await runPush({ faults: [{ when: on('POST', 'uploads'), act: replyRaw(cut) }] });
    run.assertPushed();
  });

  it('answer cut off: no HTTP at all', async () => {
    const fault: Fault = { when: on('POST', 'uploads'), act: replyRaw('SSH-2.0-OpenSSH_9.2\r\n') };
    await using run = await runPush({ faults: [fault] });
    run.assertPushed();
  });
});

describe('time', () => {
  it('slow commit: a commit that takes longer than any other answer may', async () => {
    const timeouts = { answer: 150, stall: 150, connect: 2000, commit: 10_000 };
    const fault: Fault = { when: on('PUT', 'upload'), times: 3, act: delayReply(() => sleep(600)) };
    await using run = await runPush({ client: { timeouts }, faults: [fault] });
    run.assertPushed();
    assert.equal(run.proxy.count('PUT', 'upload'), 3, 'nothing was given up');
  });

  it('slow commit: a commit that never ends', async () => {
    const timeouts = { commit: 900 };
    const fault: Fault = {
      when: on('PUT', 'upload'),
      act: delayReply(() => sleep(2000, undefined, { ref: false })),
    };
    await using run = await runPush({ client: { timeouts }, faults: [fault] });
    run.assertPushed();
    assert.equal(run.registry.uploadedBytes(), image.blobBytes, 'it had been stored all the same');
  });

  it('stall: a server that stops reading', async () => {
    const timeouts = { stall: 250, connect: 250 };
    await using run = await runPush({
      image: large,
      client: { timeouts },
      faults: [{ when: isLarge, act: stallAt(0.05) }],
    });
    run.assertPushed();
    assert.equal(run.proxy.count('POST', 'uploads'), 3, 'a new session');
  });

  it('stall: an answer that never comes', async () => {
    await using run = await runPush({
      client: { timeouts: { answer: 200 } },
      faults: [{ when: on('POST', 'uploads'), act: stallAt(1) }],
    });
    run.assertPushed();
  });

  it('slow line: slow, but moving', async () => {
    const timeouts = { stall: 500, connect: 500 };
    const crawl: Fault = {
      when: isLarge,
      act: async (exchange) => {
        // Steps far shorter than the stall limit, all of them together longer.
        await exchange.reply(await exchange.forward(() => sleep(2)));
      },
    };
    await using run = await runPush({ image: large, client: { timeouts }, faults: [crawl] });
    run.assertPushed();
    assert.equal(run.proxy.count('PUT', 'upload'), 2);
    assert.equal(run.clock.sleeps.length, 0);
  });
});

describe('an answer while the body is on its way', () => {
  it('early answer: 403 is what is reported', async () => {
    const denied = problem(403, 'DENIED', 'quota exceeded');
    await using run = await runPush({
      image: large,
      faults: [{ when: isLarge, times: Infinity, act: replyEarly(0.01, denied) }],
    });
    const error = run.assertFailed('REGISTRY_DENIED');
    assert.match(error.message, /quota exceeded/);
    assert.equal(run.clock.sleeps.length, 0);
  });

  it('early answer: 413 leads to chunks', async () => {
    const act = replyEarly(0.01, { status: 413, body: '<html><title>Too Large</title></html>' });
    await using run = await runPush({
      image: large,
      faults: [{ when: isLarge, act }],
    });
    run.assertPushed();
    assert.ok(run.proxy.count('PATCH', 'upload') > 0);
  });
});

describe('interim answers', () => {
  for (const answer of [
    '100 Continue',
    '100 Continue\r\nserver: eager',
    '102 Processing',
    '103 Early Hints\r\nlink: </style.css>; rel=preload',
    '100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 100 Continue',
  ]) {
    it(`are passed over: ${JSON.stringify(answer)}`, async () => {
      const fault: Fault = { when: onEverything, times: Infinity, act: interim(answer) };
      await using run = await runPush({ tokens: { user }, faults: [fault], image: large });
      run.assertPushed();
      assert.equal(run.clock.sleeps.length, 0);
      assert.equal(run.registry.uploadedBytes(), large.blobBytes);
    });
  }
});

describe('a connection that was closed while it idled', () => {
  it('stale connection: is replaced at once, and no fault is counted', async () => {
    const stale: Fault = {
      when: (request) => request.nth > 1 && on('HEAD', 'blob')(request),
      act: ({ reset }) => {
        reset();
      },
    };
    await using run = await runPush({ faults: [stale], client: { concurrency: 1 } });
    run.assertPushed();
    assert.equal(run.clock.sleeps.length, 0);
  });

  it('stale connection: before a PUT with a body', async () => {
    const stale: Fault = {
      when: (request) => request.nth > 1 && on('PUT', 'upload')(request),
      act: ({ reset }) => {
        reset();
      },
    };
    await using run = await runPush({ faults: [stale], tokens: { user } });
    run.assertPushed();
    assert.equal(run.registry.store.tags(repository).v1, run.image.root.digest);
  });
});

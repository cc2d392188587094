// How long a failure takes: whatever a server does, a run ends within a time that its work explains.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { RegistryError } from '../../../../src/adapters/registry/registry-error.ts';
import { createFastClock } from '../../../support/fast-clock.ts';
import type { Fault } from '../../../support/fault-proxy.ts';
import { repository, runPull, runPush, startWorld } from '../../../support/fault-run.ts';
import { loseReply, on, onEverything, reply, replyPiece, replySlowly } from '../../../support/faults.ts';
import { sampleImage, storeImage } from '../../../support/sample-image.ts';

const minute = 60_000;
const tooMany = reply({ status: 429, headers: { 'retry-after': '99999' } });

describe('a server that refuses forever', () => {
  const faults: readonly (readonly [name: string, fault: Fault])[] = [
    ['429 on every request', { when: onEverything, times: Infinity, act: tooMany }],
    ['429 on every HEAD', { when: ({ method }) => method === 'HEAD', times: Infinity, act: tooMany }],
    ['429 on every HEAD of a blob', { when: on('HEAD', 'blob'), times: Infinity, act: tooMany }],
    ['429 on every upload', { when: on('PUT', 'upload'), times: Infinity, act: tooMany }],
    ['429 on every manifest', { when: on('PUT', 'manifest'), times: Infinity, act: tooMany }],
    ['503 on every request', { when: onEverything, times: Infinity, act: reply({ status: 503 }) }],
    ['resets', { when: onEverything, times: Infinity, act: loseReply() }],
  ];
  for (const [name, fault] of faults) {
    it(`${name}: ends within the budget, and no retry multiplies another`, async () => {
      const image = sampleImage({ layers: [3000] });
      const clock = createFastClock();
      const started = clock.now();
      await using run = await runPush({ faults: [fault], image, clock });
      assert.ok(run.error instanceof RegistryError);
      assert.match(run.error.message, /tried \d times/);
      assert.ok(clock.now() - started < 15 * minute, `${(clock.now() - started) / minute} minutes`);
      // The layer and the config side by side.
      assert.ok(run.proxy.hits(fault) <= 2 * 7, `${run.proxy.hits(fault)} requests`);
    });
  }

  it('takes no second budget for what an earlier part of the run has lost', async () => {
    const clock = createFastClock();
    const fault: Fault = { when: ({ method }) => method === 'HEAD', times: Infinity, act: tooMany };
    await using world = await startWorld({ faults: [fault], clock });
    const opened = world.client.repository({ registry: world.proxy.host, repository }, { access: 'push' });
    const started = clock.now();
    await assert.rejects(opened.describe('v1'));
    const before = world.proxy.hits(fault);
    await assert.rejects(opened.describe('v1'), { message: /given up after \d+ minutes of failures/ });
    assert.ok(world.proxy.hits(fault) - before <= 2);
    assert.ok(clock.now() - started < 13 * minute);
  });
});

describe('a server that says nothing', () => {
  it('at the end of a small body: ends in minutes', async () => {
    const clock = createFastClock();
    const started = clock.now();
    const mute: Fault = {
      when: on('PUT', 'upload'),
      times: Infinity,
      async act(exchange) {
        await exchange.read(1);
        // What the client waits for in vain.
        clock.advance(5 * minute);
        await exchange.gone;
      },
    };
    await using run = await runPush({
      faults: [mute],
      clock,
      image: sampleImage({ layers: [1000] }),
      client: { timeouts: { commit: 300 } },
    });
    run.assertFailed('REGISTRY_UNREACHABLE');
    assert.ok(clock.now() - started < 31 * minute, `${(clock.now() - started) / minute} minutes`);
    assert.ok(run.proxy.hits(mute) <= 6);
  });
});

describe('a blob that comes in small pieces', () => {
  it('of one byte a connection: fails', async () => {
    const drip: Fault = { when: on('GET', 'blob'), times: Infinity, act: replyPiece(1) };
    await using run = await runPull({ faults: [drip] });
    assert.ok(run.error instanceof RegistryError);
    assert.ok(run.proxy.hits(drip) <= 7, `${run.proxy.hits(drip)} connections`);
  });

  it('of a tenth a connection: comes', async () => {
    const image = sampleImage({ layers: [700_000] });
    const drip: Fault = { when: on('GET', 'blob'), times: Infinity, act: replyPiece(70_000) };
    await using run = await runPull({ image, faults: [drip] });
    assert.equal(run.error, undefined);
    assert.equal(run.bytes?.length, image.layers[0]?.size);
  });
});

describe('a manifest that comes one byte at a time', () => {
  const read = async (perByte: number) => {
    const clock = createFastClock();
    const slow: Fault = {
      when: on('GET', 'manifest'),
      times: Infinity,
      act: replySlowly(async () => {
        clock.advance(perByte);
        await sleep(1);
      }),
    };
    const image = sampleImage();
    const world = await startWorld({ faults: [slow], clock, image });
    storeImage(world.registry.store, repository, image, 'v2');
    const opened = world.client.repository({ registry: world.proxy.host, repository });
    const started = clock.now();
    const error: unknown = await opened.read('v2').then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    const minutes = (clock.now() - started) / minute;
    await world[Symbol.asyncDispose]();
    return { error, minutes, hits: world.proxy.hits(slow) };
  };

  it('has a deadline', async () => {
    const { error, minutes, hits } = await read(1000);
    assert.ok(error instanceof RegistryError);
    assert.match(error.message, /expected the whole answer within 120 seconds, got \d+ bytes/);
    assert.ok(minutes < 15, `${minutes} minutes`);
    assert.ok(hits <= 6);
  });

  it('comes all the same when that takes less', async () => {
    assert.deepEqual({ ...(await read(10)), minutes: 0 }, { error: undefined, minutes: 0, hits: 1 });
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Host } from '../../../src/adapters/registry/host.ts';
import { createFastClock } from '../../support/fast-clock.ts';

const large = 1024 * 1024;

/** Transfers that run until they are told to end. */
function startTransfers(host: Host, sizes: readonly number[]) {
  const started: number[] = [];
  const ends: (() => void)[] = [];
  const all = sizes.map((size, index) =>
    host.transfer(size, async () => {
      started.push(index);
      await new Promise<void>((resolve) => (ends[index] = resolve));
    }),
  );
  return { started, all, end: (index: number) => ends[index]?.() };
}

const settle = async () => {
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
};

describe('Host', () => {
  it('runs as many transfers as it may, in their order, documents first', async () => {
    const host = new Host('https://reg.test', 2, createFastClock());
    const { started, all, end } = startTransfers(host, [large, large, large, 10, 20]);
    await settle();
    assert.deepEqual(started, [0, 1]);
    for (const index of [0, 3, 4, 1, 2]) {
      end(index);
      await settle();
    }
    await Promise.all(all);
    assert.deepEqual(started, [0, 1, 3, 4, 2]);
  });

  it('frees the place of a transfer that fails', async () => {
    const host = new Host('https://reg.test', 1, createFastClock());
    await assert.rejects(host.transfer(1, () => Promise.reject(new Error('no'))));
    assert.equal(await host.transfer(1, () => Promise.resolve('next')), 'next');
  });

  it('forgets a transfer that is aborted while it waits', async () => {
    const host = new Host('https://reg.test', 1, createFastClock());
    const { all, end } = startTransfers(host, [large]);
    const controller = new AbortController();
    const waiting = host.transfer(large, () => Promise.resolve('ran'), controller.signal);
    const reason = new Error('enough');
    controller.abort(reason);
    await assert.rejects(waiting, reason);
    end(0);
    await Promise.all(all);
    assert.equal(await host.transfer(large, () => Promise.resolve('next')), 'next');
  });

  it('rests, and then runs half as many: once for complaints that come together', async () => {
    const clock = createFastClock();
    const host = new Host('https://reg.test', 4, clock);
    host.pause(3000);
    host.pause(2000);
    const { started, all, end } = startTransfers(host, [large, large, large, large]);
    await settle();
    assert.ok(clock.sleeps.some((slept) => slept > 2900));
    assert.deepEqual(new Set(started), new Set([0, 1]));
    for (const index of [0, 1, 2, 3]) {
      end(index);
      await settle();
    }
    await Promise.all(all);
  });

  it('never runs fewer than one, and recovers', async () => {
    const clock = createFastClock();
    const host = new Host('https://reg.test', 2, clock);
    for (let round = 0; round < 5; round++) {
      host.pause(10);
      clock.advance(20);
    }
    for (let round = 0; round < 8; round++) await host.transfer(large, () => Promise.resolve());
    const { started, all, end } = startTransfers(host, [large, large]);
    await settle();
    assert.deepEqual(started, [0, 1]);
    end(0);
    end(1);
    await Promise.all(all);
  });
});

// When a guest has done what was expected of it, what it is ended for, and what is told of it.

import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { parseExpectation } from '../../../src/core/monitor/expectation.ts';
import type { Accelerator } from '../../../src/core/monitor/machine.ts';
import type { KnownMonitor } from '../../../src/core/unikernel/bootable.ts';
import { bootGuest } from '../../../src/usecases/run/boot.ts';
import type { BootGoal } from '../../../src/usecases/run/boot.ts';
import type { PreparedBoot } from '../../../src/usecases/run/prepare-boot.ts';
import { temporaryFolder } from '../../support/folder.ts';

const skip = process.platform === 'win32' && 'needs a shell';

interface Fixture {
  readonly goal?: BootGoal;
  readonly monitor?: KnownMonitor;
  readonly type?: string;
  readonly accelerator?: Accelerator;
  readonly mayFallBack?: boolean;
  readonly config?: string;
  readonly signal?: AbortSignal;
}

async function boot(test: TestContext, script: string, fixture: Fixture = {}) {
  const { goal = {}, monitor = 'qemu', type = 'linux', accelerator = 'tcg', mayFallBack = true } = fixture;
  const folder = temporaryFolder(test);
  writeFileSync(join(folder, 'program'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, 'program'), 0o755);
  const { config } = fixture;
  const prepared: PreparedBoot = {
    monitor,
    type,
    program: 'program',
    machine: { accelerator, memory: 1, cpus: 1, ports: [] },
    root: { kind: 'none', isMade: false },
    commandFor: (one) => ({
      monitor,
      program: 'program',
      args: [one, folder],
      ...(config === undefined ? {} : { config: { path: join(folder, 'settings.json'), text: config } }),
    }),
  };
  const started: Accelerator[] = [];
  let printed = '';
  const result = await bootGuest(prepared, goal, {
    environment: { PATH: `${folder}:/usr/bin:/bin` },
    folder,
    signal: fixture.signal ?? new AbortController().signal,
    input: 'ignore',
    print: (bytes) => {
      printed += Buffer.from(bytes).toString();
    },
    started: (one) => started.push(one),
    mayFallBack,
  });
  return { ...result, started, printed, folder };
}

describe('what is told of a boot', { skip }, () => {
  it('is everything that is known', async (test) => {
    const { seconds, started, printed, folder, ...rest } = await boot(
      test,
      'echo "a line"; echo "to stderr" >&2',
    );
    assert.deepEqual(rest, {
      monitor: 'qemu',
      program: 'program',
      accelerator: 'tcg',
      isGood: true,
      what: 'it switched itself off',
      lines: ['a line'],
      complaints: rest.complaints,
    });
    assert.match(rest.complaints, /to stderr/);
    assert.ok(seconds > 0 && seconds < 60, `${seconds}`);
    assert.deepEqual(started, ['tcg']);
    assert.match(printed, /a line/);
    assert.ok(!existsSync(join(folder, 'settings.json')));
  });

  const ends: [name: string, script: string, fixture: Fixture, isGood: boolean, what: string][] = [
    ['an exit code', 'exit 3', {}, false, 'its monitor ended with 3'],
    ['a signal', 'kill -9 $$', {}, false, 'its monitor was ended by SIGKILL'],
    ['success of a hermit guest', 'exit 3', { type: 'hermit' }, true, 'it switched itself off'],
    [
      'the same code of another monitor',
      'exit 3',
      { type: 'hermit', monitor: 'firecracker' },
      false,
      'its monitor ended with 3',
    ],
    [
      'a panic, whatever the code',
      'echo "[ 0.1] Kernel panic - not syncing: x"; exit 3',
      { type: 'hermit' },
      false,
      'its kernel panicked',
    ],
  ];
  for (const [name, script, fixture, isGood, what] of ends)
    it(`is how it ended: ${name}`, async (test) => {
      const result = await boot(test, script, fixture);
      assert.deepEqual([result.isGood, result.what], [isGood, what]);
    });

  it('comes with the settings of its monitor, which are written before it starts', async (test) => {
    const { lines, folder } = await boot(test, 'cat "$2/settings.json"', { config: 'the settings' });
    assert.deepEqual(lines, ['the settings']);
    assert.equal(readFileSync(join(folder, 'settings.json'), 'utf8'), 'the settings');
  });
});

describe('an accelerator that does not work', { skip }, () => {
  const broken = (what: string) => `if [ "$1" = kvm ]; then echo "${what}" >&2; exit 1; fi; echo ready`;
  const rows: [name: string, script: string, fixture: Fixture, started: readonly Accelerator[]][] = [
    ['is replaced', broken('KVM: no'), { accelerator: 'kvm' }, ['kvm', 'tcg']],
    [
      'is replaced for HVF',
      broken('x').replace('= kvm', '= hvf').replace('x', 'HVF: no'),
      { accelerator: 'hvf' },
      ['hvf', 'tcg'],
    ],
    ['is replaced for a hypervisor', broken('no Hypervisor'), { accelerator: 'kvm' }, ['kvm', 'tcg']],
    ['is replaced for an accelerator', broken('invalid accelerator'), { accelerator: 'kvm' }, ['kvm', 'tcg']],
    ['stays for another complaint', broken('no such file'), { accelerator: 'kvm' }, ['kvm']],
    ['stays where nobody may change it', broken('kvm'), { accelerator: 'kvm', mayFallBack: false }, ['kvm']],
    ['stays for another monitor', broken('kvm'), { accelerator: 'kvm', monitor: 'firecracker' }, ['kvm']],
    [
      'stays where the guest printed something',
      `echo line; ${broken('kvm')}`,
      { accelerator: 'kvm' },
      ['kvm'],
    ],
    ['stays where all is well', 'echo kvm >&2', { accelerator: 'kvm' }, ['kvm']],
    ['stays where it is emulated already', 'echo kvm >&2; exit 1', { accelerator: 'tcg' }, ['tcg']],
  ];
  for (const [name, script, fixture, started] of rows)
    it(name, async (test) => {
      assert.deepEqual((await boot(test, script, fixture)).started, started);
    });
});

describe('the goal of a boot', { skip }, () => {
  const ready = parseExpectation('ready', '--expect');

  async function serve(test: TestContext, statuses: number[]): Promise<NonNullable<BootGoal['answer']>> {
    const server = createServer((_request, response) => {
      response.writeHead((statuses.length > 1 ? statuses.shift() : statuses[0]) ?? 500).end();
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    test.after(() => {
      server.closeAllConnections();
      server.close();
    });
    return { address: '127.0.0.1', port: (server.address() as AddressInfo).port, path: '/health' };
  }

  it('is an answer over HTTP', async (test) => {
    const answer = await serve(test, [200]);
    const { isGood, what } = await boot(test, 'exec sleep 1000', { goal: { answer, timeout: 20_000 } });
    assert.deepEqual([isGood, what], [true, 'it answered /health over HTTP']);
  });

  it('is both, whichever comes first', async (test) => {
    const answer = await serve(test, [200]);
    const goal = { answer, expectation: ready, timeout: 20_000 };
    const { isGood, what } = await boot(test, 'sleep 0.5; echo ready; exec sleep 1000', { goal });
    assert.deepEqual([isGood, what], [true, 'it printed "ready" and it answered /health over HTTP']);
    const never = await boot(test, 'exec sleep 1000', { goal: { ...goal, timeout: 1000 } });
    assert.deepEqual([never.isGood, never.what], [false, 'it still ran after 1 s']);
  });

  it('is missed where the text comes and no answer', async (test) => {
    const answer = await serve(test, [500]);
    const goal = { answer, expectation: ready, timeout: 1000 };
    const { isGood, what } = await boot(test, 'echo ready; exec sleep 1000', { goal });
    assert.deepEqual([isGood, what], [false, 'it still ran after 1 s']);
  });

  it('is missed by a guest that ends before it answers', async (test) => {
    const answer = await serve(test, [500]);
    const { isGood, what } = await boot(test, 'exit 0', { goal: { answer, timeout: 20_000 } });
    assert.deepEqual([isGood, what], [false, 'it switched itself off']);
  });
});

describe('a boot that is interrupted', { skip }, () => {
  it('fails with the reason, and its guest has ended', async (test) => {
    const controller = new AbortController();
    const reason = new Error('enough');
    setTimeout(() => {
      controller.abort(reason);
    }, 300);
    const start = performance.now();
    await assert.rejects(boot(test, 'exec sleep 1000', { signal: controller.signal }), reason);
    assert.ok(performance.now() - start < 20_000);
  });

  it('starts nothing where it was interrupted before', async (test) => {
    const reason = new Error('enough');
    const marker = join(temporaryFolder(test), 'ran');
    await assert.rejects(boot(test, `touch ${marker}`, { signal: AbortSignal.abort(reason) }), reason);
    assert.ok(!existsSync(marker));
  });
});

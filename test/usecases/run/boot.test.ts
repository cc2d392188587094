// What is made of a guest's end. Shell scripts stand for QEMU where a real one can't be made to do it.

import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { parseExpectation } from '../../../src/core/monitor/expectation.ts';
import type { Accelerator } from '../../../src/core/monitor/machine.ts';
import { bootGuest } from '../../../src/usecases/run/boot.ts';
import type { BootGoal } from '../../../src/usecases/run/boot.ts';
import type { PreparedBoot } from '../../../src/usecases/run/prepare-boot.ts';
import { temporaryFolder } from '../../support/folder.ts';

const skip = process.platform === 'win32' && 'needs a shell';

async function boot(test: TestContext, script: string, goal: BootGoal, mayFallBack = true) {
  const folder = temporaryFolder(test);
  writeFileSync(join(folder, 'qemu'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, 'qemu'), 0o755);
  const prepared: PreparedBoot = {
    monitor: 'qemu',
    type: 'linux',
    program: 'qemu',
    machine: { accelerator: 'kvm', memory: 1, cpus: 1, ports: [] },
    root: { kind: 'none', isMade: false },
    commandFor: (accelerator) => ({ monitor: 'qemu', program: 'qemu', args: [accelerator] }),
  };
  const started: Accelerator[] = [];
  const result = await bootGuest(prepared, goal, {
    environment: { PATH: `${folder}:/usr/bin:/bin` },
    folder,
    signal: new AbortController().signal,
    input: 'ignore',
    print: () => undefined,
    started: (accelerator) => started.push(accelerator),
    mayFallBack,
  });
  return { ...result, started };
}

describe('a boot', { skip }, () => {
  const broken =
    'if [ "$1" = kvm ]; then echo "failed to initialize kvm: Permission denied" >&2; exit 1; fi; echo ready';

  it('is emulated when KVM is there and does not work', async (test) => {
    const { isGood, accelerator, started } = await boot(test, broken, {});
    assert.deepEqual([isGood, accelerator, started], [true, 'tcg', ['kvm', 'tcg']]);
  });

  it('is not when somebody has chosen KVM, and says what the monitor says', async (test) => {
    const { isGood, what, complaints, started } = await boot(test, broken, {}, false);
    assert.deepEqual([isGood, what, started], [false, 'its monitor ended with 1', ['kvm']]);
    assert.match(complaints, /Permission denied/);
  });

  it('is not emulated again when the guest itself fails', async (test) => {
    const { isGood, started } = await boot(test, 'echo kvm-clock; echo kvm >&2; exit 1', {});
    assert.deepEqual([isGood, started], [false, ['kvm']]);
  });

  it('is good as soon as the text is there, and the guest is ended', async (test) => {
    const goal = { expectation: parseExpectation('ready', '--expect'), timeout: 20_000 };
    const { isGood, what, seconds } = await boot(test, 'echo ready; exec sleep 1000', goal);
    assert.deepEqual([isGood, what], [true, 'it printed "ready"']);
    assert.ok(seconds < 10);
  });

  it('is good when the text is the last thing that the guest prints', async (test) => {
    const goal = { expectation: parseExpectation('ready', '--expect') };
    assert.equal((await boot(test, 'printf ready; exit 1', goal)).isGood, true);
  });

  it('is not good when the guest ends well without it', async (test) => {
    const goal = { expectation: parseExpectation('ready', '--expect') };
    const { isGood, what, lines } = await boot(test, 'echo other', goal);
    assert.deepEqual([isGood, what, lines], [false, 'it switched itself off', ['other']]);
  });

  it('is not good when it takes too long', async (test) => {
    const { isGood, what } = await boot(test, 'echo a; exec sleep 1000', { timeout: 500 });
    assert.deepEqual([isGood, what], [false, 'it still ran after 0.5 s']);
  });

  it('is not good when Linux panics, though its monitor ends well', async (test) => {
    const { isGood, what } = await boot(test, 'echo "[    0.5] Kernel panic - not syncing: no init"', {});
    assert.deepEqual([isGood, what], [false, 'its kernel panicked']);
  });
});

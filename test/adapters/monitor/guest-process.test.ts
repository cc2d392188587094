// A monitor as a process: whatever it does, nothing of it is left. Shell scripts stand for monitors that misbehave.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startGuest } from '../../../src/adapters/monitor/guest-process.ts';
import type { GuestProcessOptions } from '../../../src/adapters/monitor/guest-process.ts';
import { temporaryFolder } from '../../support/folder.ts';

const skip = process.platform === 'win32' && 'needs a shell';

const noProc = process.platform === 'linux' ? false : 'there is no /proc';

function makeMonitor(test: TestContext, script: string): string {
  const path = join(temporaryFolder(test), 'monitor');
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

function startScript(test: TestContext, script: string, more: Partial<GuestProcessOptions> = {}) {
  let printed = '';
  const guest = startGuest({
    path: makeMonitor(test, script),
    args: [],
    environment: process.env,
    input: 'ignore',
    print: (bytes) => {
      printed += Buffer.from(bytes).toString();
    },
    ...more,
  });
  return { guest, printed: () => printed };
}

const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

/** Whether a process is there, and no zombie that nobody has waited for yet. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

async function isGoneSoon(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 100 && isRunning(pid); tries++) await sleep(20);
  return !isRunning(pid);
}

describe('a monitor', { skip }, () => {
  it('hands on all that the guest prints, and keeps what it says itself', async (test) => {
    const { guest, printed } = startScript(test, 'echo one; echo why >&2; printf two; exit 7');
    assert.deepEqual(await guest.ended, { code: 7, signal: null });
    assert.equal(printed(), 'one\ntwo');
    assert.equal(guest.complaints(), 'why');
  });

  it('is ended with what it has started, also when it does not want to', async (test) => {
    const { guest, printed } = startScript(test, "trap '' TERM\nsleep 1000 &\necho $!\nwait; sleep 1000");
    while (!printed().includes('\n')) await sleep(10);
    const start = performance.now();
    guest.stop();
    assert.equal((await guest.ended).signal, 'SIGKILL');
    assert.ok(performance.now() - start < 8000);
    assert.ok(await isGoneSoon(Number(printed())));
  });

  it('is ended when what it leaves behind would hold its output open', async (test) => {
    const { guest, printed } = startScript(test, 'sleep 1000 &\necho $!');
    assert.equal((await guest.ended).code, 0);
    assert.ok(await isGoneSoon(Number(printed())));
  });

  it('is heard to its last words, without the blanks around them', async (test) => {
    const script = "printf ' \\n first' >&2; head -c 40000 /dev/zero | tr '\\0' x >&2; echo ' last ' >&2";
    const { guest } = startScript(test, script);
    assert.deepEqual(await guest.ended, { code: 0, signal: null });
    const complaints = guest.complaints();
    assert.match(complaints, /^x+ last$/);
    assert.equal(complaints.length, 16 * 1024 - ' \n'.length);
  });

  it('waits until what the guest prints has been handed on', async (test) => {
    let printed = '';
    const { guest } = startScript(test, 'echo one; sleep 0.05; echo two', {
      print: async (bytes) => {
        await sleep(20);
        printed += Buffer.from(bytes).toString();
      },
    });
    await guest.ended;
    assert.equal(printed, 'one\ntwo\n');
  });

  it('is asked to end first, and can tidy up', async (test) => {
    const { guest, printed } = startScript(
      test,
      "trap 'echo bye; exit 5' TERM; echo ready\nwhile :; do sleep 0.02; done",
    );
    while (!printed().includes('ready')) await sleep(10);
    const [start, before] = [performance.now(), timers()];
    guest.stop();
    guest.stop();
    assert.equal(timers(), before + 1);
    assert.deepEqual(await guest.ended, { code: 5, signal: null });
    assert.equal(printed(), 'ready\nbye\n');
    assert.ok(performance.now() - start < 1900);
    assert.equal(timers(), before);
  });

  it('is asked once, and ended when it does not end', async (test) => {
    const { guest, printed } = startScript(
      test,
      "trap 'echo asked' TERM; echo ready\nwhile :; do sleep 0.02; done",
    );
    while (!printed().includes('ready')) await sleep(10);
    guest.stop();
    while (!printed().includes('asked')) await sleep(10);
    guest.stop();
    assert.equal((await guest.ended).signal, 'SIGKILL');
    assert.equal(printed(), 'ready\nasked\n');
  });

  it('gets an end of input where it has none', async (test) => {
    const { guest, printed } = startScript(test, 'cat; echo end');
    await guest.ended;
    assert.equal(printed(), 'end\n');
  });

  it('that has ended is asked nothing more, and leaves nothing that waits for it', async (test) => {
    const before = process.listenerCount('exit');
    const { guest } = startScript(test, 'exit 0');
    assert.equal(process.listenerCount('exit'), before + 1);
    await guest.ended;
    const waiting = timers();
    guest.stop();
    assert.equal(timers(), waiting);
    assert.equal(process.listenerCount('exit'), before);
    const failed = startScript(test, '', { path: '/nowhere/monitor' }).guest;
    await assert.rejects(failed.ended);
    failed.stop();
    assert.equal(process.listenerCount('exit'), before);
    assert.equal(failed.complaints(), '');
  });

  it('shares the group of this process where it reads its input', { skip: noProc }, async (test) => {
    const script = 'read -r pid name state parent group rest </proc/$$/stat; echo "$pid $group"';
    const apart = startScript(test, script);
    await apart.guest.ended;
    const [pid, group] = apart.printed().trim().split(' ');
    assert.equal(group, pid);
    const together = startScript(test, script, { input: 'inherit' });
    await together.guest.ended;
    const [ownPid, shared] = together.printed().trim().split(' ');
    assert.notEqual(shared, ownPid);
  });

  it('that reads its input is ended by itself', async (test) => {
    const { guest, printed } = startScript(test, 'echo ready; exec sleep 1000', { input: 'inherit' });
    while (!printed().includes('ready')) await sleep(10);
    guest.stop();
    assert.deepEqual(await guest.ended, { code: null, signal: 'SIGTERM' });
  });

  it('gets its arguments as they are', async (test) => {
    const { guest, printed } = startScript(test, 'for arg; do echo "<$arg>"; done', {
      args: ['a b', '$HOME', ''],
    });
    await guest.ended;
    assert.equal(printed(), '<a b>\n<$HOME>\n<>\n');
  });

  it('gets the variables that programs need, and no others', async (test) => {
    const needed = ['HOME', 'TMPDIR', 'TEMP', 'TMP', 'LANG', 'LC_TIME', 'TERM', 'LD_LIBRARY_PATH', 'DYLD_X_Y']
      .concat(['QEMU_AUDIO_DRV', 'XDG_RUNTIME_DIR', 'SYSTEMROOT', 'WINDIR', 'USERPROFILE', 'LOCALAPPDATA'])
      .concat(['APPDATA', 'home']);
    const others = [
      'XHOME',
      'HOMEX',
      'LC_',
      'LC_A-B',
      'QEMU_',
      'MY_QEMU_X',
      'PATHS',
      'BIMA_TOKEN',
      'MYTERM',
      'APPDATAS',
    ];
    const environment = Object.fromEntries([...needed, ...others].map((name) => [name, 'x']));
    const { guest, printed } = startScript(test, '/usr/bin/env', {
      environment: { ...environment, LD_LIBRARY_PATH: '', PATH: process.env.PATH },
    });
    await guest.ended;
    const names = printed()
      .trim()
      .split('\n')
      .map((line) => line.slice(0, line.indexOf('=')));
    assert.deepEqual(names.filter((name) => name in environment).sort(), needed.sort());
  });

  it('gets no secret of the environment', async (test) => {
    const environment = { ...process.env, INPUT_PASSWORD: 'secret', GITHUB_TOKEN: 'secret', LC_ALL: 'C' };
    const { guest, printed } = startScript(test, 'env', { environment });
    await guest.ended;
    assert.doesNotMatch(printed(), /secret/);
    assert.match(printed(), /^PATH=/m);
    assert.match(printed(), /^LC_ALL=C$/m);
  });

  it('that can not be run is an error that names it', async (test) => {
    const path = join(temporaryFolder(test), 'none');
    const { guest } = startScript(test, '', { path });
    await assert.rejects(guest.ended, {
      code: 'MONITOR_MISSING',
      message: `can't run "${path}": spawn ${path} ENOENT`,
      hint: 'Check that this user may run it.',
    });
  });

  it('is ended when what it prints can not be handed on', async (test) => {
    const { guest } = startScript(test, "trap '' PIPE; while :; do echo x 2>/dev/null || sleep 0.02; done", {
      print: () => Promise.reject(new Error('full')),
    });
    await assert.rejects(guest.ended, /full/);
  });

  it('does not outlive the process that has started it', async (test) => {
    const path = makeMonitor(test, 'echo $$; sleep 1000');
    const module = resolve(import.meta.dirname, '../../../src/adapters/monitor/guest-process.ts');
    const script = `
      const { startGuest } = await import(${JSON.stringify(module)});
      const print = (bytes) => { process.stdout.write(bytes, () => process.exit(3)); };
      startGuest({ path: ${JSON.stringify(path)}, args: [], environment: process.env, input: 'ignore', print });`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let printed = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
    const code = await new Promise((done) => child.once('close', done));
    assert.equal(code, 3);
    assert.ok(Number(printed) > 0);
    assert.ok(await isGoneSoon(Number(printed)));
  });
});

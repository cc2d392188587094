// `bima run` with a monitor that is a script: what is printed where, and what the exit code is.

import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { run } from '../../src/cli/run.ts';
import { temporaryFolder } from '../support/folder.ts';

const example = resolve(import.meta.dirname, '../../examples/hello');

interface Booted {
  readonly code: number;
  /** What the guest printed. */
  readonly printed: string;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
}

async function boot(test: TestContext, script: string, ...args: readonly string[]): Promise<Booted> {
  const folder = temporaryFolder(test);
  const program = join(folder, 'qemu-system-x86_64');
  writeFileSync(program, `#!/bin/sh\n${script}\n`);
  chmodSync(program, 0o755);
  const [stdout, stderr]: [string[], string[]] = [[], []];
  let printed = '';
  const own = ['run', '--accel', 'tcg', '--platform', 'linux/amd64', ...args];
  const code = await run(args.includes('--') ? own : [...own, example], {
    environment: { PATH: [folder, process.env.PATH].join(':') },
    stdout: (line) => stdout.push(line),
    stderr: (line) => stderr.push(line),
    stdoutRaw: (bytes) => {
      printed += Buffer.from(bytes).toString();
      return Promise.resolve();
    },
    stdin: () => Promise.resolve(''),
    home: '/nowhere',
    signal: new AbortController().signal,
  });
  return { code, printed, stdout, stderr };
}

const booting = 'booting mirage for linux/amd64 with qemu-system-x86_64 (emulation, 256 MiB)';

describe('bima run', { skip: process.platform === 'win32' && 'needs a shell' }, () => {
  it('prints what the guest prints, and ends well when it switches itself off', async (test) => {
    const { code, printed, stdout, stderr } = await boot(test, "printf 'one\\r\\ntwo'");
    assert.deepEqual([code, printed, stdout], [0, 'one\r\ntwo', []]);
    assert.deepEqual(stderr.slice(-1), [booting]);
  });

  it('hands the guest its arguments, its memory and its processors', async (test) => {
    const script = 'for arg; do echo "<$arg>"; done';
    const args = ['-m', '1G', '--cpus', '3', example, '--', 'a', '-b'];
    const { printed, stderr } = await boot(test, script, ...args);
    assert.match(printed, /^<-m>\n<1024M>\n/);
    assert.match(printed, /<-smp>\n<3>\n/);
    assert.match(printed, /<-append>\n< {2}a -b>\n$/);
    assert.equal(stderr.at(-1), booting.replace('256', '1024'));
  });

  it('says which port is which', async (test) => {
    const { stderr, printed } = await boot(test, 'echo "$*"', '-p', '127.0.0.1:18080:80', '-p', '53/udp');
    const at = stderr.indexOf(booting);
    assert.equal(stderr[at + 1], 'tcp 127.0.0.1:18080 is its port 80');
    const [, port = ''] = /^udp 127\.0\.0\.1:(\d+) is its port 53$/.exec(stderr[at + 2] ?? '') ?? [];
    assert.ok(Number(port) > 1023);
    assert.ok(printed.includes(`hostfwd=tcp:127.0.0.1:18080-:80,hostfwd=udp:127.0.0.1:${port}-:53 `));
  });

  it('says nothing of itself with --quiet', async (test) => {
    const { code, printed, stderr } = await boot(test, 'echo one', '--quiet');
    assert.deepEqual([code, printed, stderr], [0, 'one\n', []]);
  });

  it('ends as soon as the guest prints what is expected', async (test) => {
    const { code, printed, stderr } = await boot(test, 'echo ready; exec sleep 100', '--expect', 'ready');
    assert.deepEqual([code, printed], [0, 'ready\n']);
    assert.match(stderr.at(-1) ?? '', / after \d+\.\d s$/);
  });

  it('fails with the last lines of a guest that never prints it', async (test) => {
    const script = "printf 'a\\nb\\033[1mc\\033[0m\\n'; echo 'no such device' >&2";
    const { code, stderr } = await boot(test, script, '--expect', 'rea"dy');
    assert.equal(code, 1);
    const at = stderr.indexOf(booting);
    assert.deepEqual(stderr.slice(at + 1, -1), [
      'bima: qemu-system-x86_64: no such device',
      '  | a',
      '  | bc',
    ]);
    assert.match(
      stderr.at(-1) ?? '',
      /^bima: error: expected a guest that prints "rea\\"dy": .+ \(after \d+\.\d s\)$/,
    );
  });

  it('fails when the monitor does, and shows no line of the guest again', async (test) => {
    const { code, stderr } = await boot(test, "echo a; printf 'one\\n\\ntwo\\n' >&2; exit 9");
    assert.equal(code, 1);
    const at = stderr.indexOf(booting);
    assert.deepEqual(stderr.slice(at + 1, -1), [
      'bima: qemu-system-x86_64: one',
      'bima: qemu-system-x86_64: two',
    ]);
    assert.match(
      stderr.at(-1) ?? '',
      /^bima: error: expected a guest that switches itself off: .+ \(after \d+\.\d s\)$/,
    );
  });

  it('fails when the time is over', async (test) => {
    const { code, stderr } = await boot(test, 'exec sleep 100', '--expect', 'x', '--timeout', '0.2');
    assert.equal(code, 1);
    assert.match(stderr.at(-1) ?? '', /^bima: error: expected a guest that prints "x": /);
  });

  it('leaves a context with a mistake in it alone', async () => {
    for (const name of ['./none', '/nowhere', '~/x', 'x.tar', 'x.tgz', 'x.gz', 'none/', 'none\\']) {
      const stderr: string[] = [];
      const code = await run(['run', name], {
        environment: {},
        stdout: () => undefined,
        stderr: (line) => stderr.push(line),
        stdin: () => Promise.resolve(''),
        home: '/nowhere',
        signal: new AbortController().signal,
      });
      assert.deepEqual([code, stderr], [1, [`bima: error: "${name}" does not exist`]]);
    }
  });
});

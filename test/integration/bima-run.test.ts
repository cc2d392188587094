// `bima run` with real guests, in QEMU without KVM: the example, and Debian's kernel with busybox.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { mustRunBima, runBima } from '../support/cli.ts';
import { findCloudKernel, findWholeKernel } from '../support/cloud-kernel.ts';
import { temporaryFolder } from '../support/folder.ts';
import {
  contextWith,
  guestLabels as labels,
  guestStage as stage,
  mountedGuest as mounted,
  virtioModules as virtio,
} from '../support/guest-context.ts';
import { skipPrefix, unlessInstalled } from '../support/tools.ts';

const example = resolve(import.meta.dirname, '../../examples/hello');
const emulated = ['run', '--accel', 'tcg'];

describe('bima run examples/hello', () => {
  const machines = [
    { architecture: 'amd64', emulator: 'qemu-system-x86_64' },
    { architecture: 'arm64', emulator: 'qemu-system-aarch64' },
  ] as const;
  for (const { architecture, emulator } of machines) {
    it(
      `boots the context on ${architecture} with its arguments`,
      { skip: unlessInstalled(emulator) },
      async (test) => {
        const folder = temporaryFolder(test);
        const args = [...emulated, '--platform', `linux/${architecture}`, example];
        const { stdout, stderr } = await mustRunBima([...args, '--', '--quiet', 'a b', 'c,d=$x', 'ž'], {
          env: { TMPDIR: folder },
        });
        // The two blanks are those of a network that isn't there.
        assert.equal(stdout, 'hello from a unikernel:   --quiet a b c,d=$x ž\r\n');
        assert.match(
          stderr,
          new RegExp(
            `^booting mirage for linux/${architecture} with ${emulator} \\(emulation, 256 MiB\\)$`,
            'm',
          ),
        );
        assert.deepEqual(readdirSync(folder), []);
      },
    );
  }

  const skip = unlessInstalled('qemu-system-x86_64', 'qemu-system-aarch64');
  it(
    'takes what is meant of an archive for two platforms, and says when the text is there',
    { skip },
    async (test) => {
      const archive = join(temporaryFolder(test), 'hello.tar');
      const platforms = ['--platform', 'linux/arm64,linux/amd64'];
      await mustRunBima(['build', '--tar', '-t', 'hello:1', '--dest', archive, ...platforms, example]);
      const expected = ['--expect', '/from urunc$/', '--timeout', '30'];
      const found = await mustRunBima([...emulated, ...expected, '--platform', 'linux/arm64', archive]);
      assert.match(found.stderr, /^it printed "\/from urunc\$\/" after \d+\.\d s$/m);
      const missed = await runBima([
        ...emulated,
        '--expect',
        'goodbye',
        '--platform',
        'linux/amd64',
        archive,
      ]);
      assert.equal(missed.code, 1);
      assert.match(missed.stderr, /^ {2}\| hello from a unikernel: {3}hello from urunc$/m);
      assert.match(
        missed.stderr,
        /^bima: error: expected a guest that prints "goodbye": it switched itself off/m,
      );
      const none = await runBima([...emulated, '--platform', 'linux/riscv64', archive]);
      assert.match(none.stderr, /expected an image for linux\/riscv64, got linux\/arm64, linux\/amd64/);
      assert.equal(none.code, 1);
    },
  );

  it('says what to install, and what else could boot it', async (test) => {
    const env = { PATH: temporaryFolder(test) };
    const without = await runBima([...emulated, example], { env });
    assert.deepEqual([without.code, without.stdout], [1, '']);
    assert.match(without.stderr, /there is no qemu-system-\w+ on the PATH\n {2}Install/);
    const other = await runBima([
      ...emulated,
      '--monitor',
      'solo5-hvt',
      '--platform',
      'linux/amd64',
      example,
    ]);
    assert.equal(other.code, 1);
    assert.match(
      other.stderr,
      /will not boot: expected a kernel that hvt takes .*: it has no note of Solo5\n.*--monitor qemu\./,
    );
  });

  it('prints the command line, and starts nothing', async (test) => {
    const args = ['--print', '--platform', 'linux/amd64', '-p', '8080:80', '-m', '64M', '--cpus', '2'];
    const { stdout } = await mustRunBima([...emulated, ...args, example], {
      env: { PATH: temporaryFolder(test) },
    });
    assert.equal(
      stdout,
      'qemu-system-x86_64 -m 64M -cpu max -accel tcg -display none -vga none -monitor null -serial stdio -smp 2 ' +
        '-kernel image/unikernel/hello -netdev user,id=net0,hostfwd=tcp:127.0.0.1:8080-:80 ' +
        "-device virtio-net-pci,netdev=net0 -no-reboot -append '--ipv4=10.0.2.15/24 --ipv4-gateway=10.0.2.2 hello from urunc'\n",
    );
  });
});

/** What the guest says, without what the kernel says. */
function saidIn(stdout: string): string[] {
  return stdout.split(/\r?\n/).flatMap((line) => /^guest: (.*)$/.exec(line)?.[1] ?? []);
}

/** Whether a process has the folder on its command line. */
function isNamedByProcess(folder: string): boolean {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .some((name) => {
      try {
        return readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(folder);
      } catch {
        return false;
      }
    });
}

const missing = unlessInstalled('qemu-system-x86_64', 'busybox-static');
const kernel = missing === false ? findCloudKernel() : undefined;
const skip = missing === false && kernel === undefined ? `${skipPrefix} linux-image-cloud-amd64` : missing;
const seen = '640 5:6 a link';

describe('bima run with Linux', { concurrency: false, timeout: 600_000 }, () => {
  /** Seconds that are enough for a boot here and now, by how long the first one took. */
  let enough = 8;

  it('puts the files of an image into an initrd where the kernel has no 9p', { skip }, async (test) => {
    const context = contextWith(test, kernel ?? '', mounted);
    const start = performance.now();
    const { stdout, stderr } = await mustRunBima([
      ...emulated,
      '-e',
      'GREETING=ahoy',
      context,
      '--',
      'off',
      'two words',
      'x',
    ]);
    enough = Math.min(30, Math.ceil((2 * (performance.now() - start)) / 1000));
    // Only urunit puts together again what stands in single quotes.
    assert.deepEqual(saidIn(stdout), ["4 [off] ['two] [words'] ahoy", seen]);
    assert.match(stderr, /^its root file system is over initrd: the kernel has no 9p over virtio built in$/m);
  });

  it(
    'tells a panic from a guest that switches itself off, and urunit its variables in a file',
    { skip },
    async (test) => {
      const context = contextWith(test, kernel ?? '', mounted);
      const args = ['--entrypoint', '/sbin/urunit', '-e', 'A=x y'];
      const { code, stdout, stderr } = await runBima([
        ...emulated,
        ...args,
        context,
        '--',
        'panic',
        'two words',
      ]);
      assert.equal(code, 1);
      const config = 'UES GREETING=hello A=x y UEE UCS UID:0 GID:0 WD:/dev UCE UBS UBE ';
      assert.deepEqual(saidIn(stdout), ["3 [panic] ['two] [words'] ", seen, config]);
      assert.match(stdout, /Kernel panic - not syncing: Attempted to kill init!/);
      assert.match(stderr, /expected a guest that switches itself off: its kernel panicked \(after/);
    },
  );

  it('ends a guest that hangs, and one that never stops printing', { skip }, async (test) => {
    const context = contextWith(test, kernel ?? '', mounted);
    const layout = join(temporaryFolder(test), 'layout');
    await mustRunBima(['build', '-t', 'guest:1', '-o', 'oci', '--dest', layout, context]);
    const folder = temporaryFolder(test);
    for (const [what, last] of [
      ['hang', /\| guest: 1 \[hang\]/],
      ['noise', /\| noise hello\n/],
    ] as const) {
      const args = [...emulated, '--expect', 'never', '--timeout', String(enough), layout, '--', what];
      const { code, stderr } = await runBima(args, { env: { TMPDIR: folder } });
      assert.equal(code, 1);
      assert.match(stderr, last);
      assert.ok(stderr.includes(`it still ran after ${enough} s`));
      assert.ok(stderr.split('\n').length < 40, 'a few lines of it');
      assert.deepEqual(readdirSync(folder), []);
      assert.equal(isNamedByProcess(folder), false);
    }
  });

  it('gives it a disk and a port, and an interrupt ends all of it', { skip }, async (test) => {
    const containerfile = `FROM scratch AS root\n${stage}FROM scratch AS data\nCOPY index.html /\nFROM scratch\n${labels}
COPY --rootfs=initrd --from=root / /boot/initrd
COPY --rootfs=block,free=1M --from=data / /boot/disk
LABEL com.urunc.unikernel.initrd=/boot/initrd com.urunc.unikernel.block=/boot/disk com.urunc.unikernel.blkMntPoint=/data\n`;
    const modules = [...virtio, 'virtio_blk', 'failover', 'net_failover', 'virtio_net'];
    const context = contextWith(test, kernel ?? '', containerfile, modules);
    writeFileSync(join(context, 'index.html'), 'from the disk');
    const folder = temporaryFolder(test);
    let answer = '';
    let told: (port: string) => void = () => undefined;
    const port = new Promise<string>((done) => (told = done));
    const running = runBima([...emulated, '-p', '80', context, '--', 'serve'], {
      env: { TMPDIR: folder },
      heard: (stderr) => {
        const found = /127\.0\.0\.1:(\d+) is its port 80\n/.exec(stderr)?.[1];
        if (found !== undefined) told(found);
      },
      interrupt: {
        when: port.then(async (number) => {
          answer = await fetchUntil(`http://127.0.0.1:${number}/`);
        }),
        signal: 'SIGINT',
        afterwards: () => undefined,
      },
    });
    const { code, stdout, stderr } = await running;
    assert.equal(answer, 'from the disk', stdout);
    const network = '10.0.2.15::10.0.2.2:255.255.255.0:urunc:eth0:off';
    assert.deepEqual(saidIn(stdout), ['1 [serve] [] [] hello', seen, 'from the disk', network]);
    assert.equal(code, 130, stderr);
    assert.match(stderr, /^bima: interrupted$/m);
    assert.deepEqual(readdirSync(folder), []);
    assert.equal(isNamedByProcess(folder), false);
  });

  const whole = skip === false ? findWholeKernel() : undefined;
  const skip9p = skip === false && whole === undefined ? `${skipPrefix} linux-image-amd64` : skip;
  it('shares the files of an image over 9p, with their owners', { skip: skip9p }, async (test) => {
    const context = contextWith(test, whole ?? '', mounted);
    // No kernel of Debian has 9p built in: an initrd that loads it, and mounts what the command line says, stands for one.
    const shim = makeShim(test, whole ?? '');
    const path = temporaryFolder(test);
    const program = join(path, 'qemu-system-x86_64');
    writeFileSync(program, `#!/bin/sh\nexec /usr/bin/qemu-system-x86_64 "$@" -initrd ${shim}\n`);
    chmodSync(program, 0o755);
    const env = { PATH: `${path}:${process.env.PATH ?? ''}` };
    const { stdout, stderr } = await mustRunBima([...emulated, '--rootfs', '9p', context, '--', 'write'], {
      env,
    });
    assert.deepEqual(saidIn(stdout), [
      '1 [write] [] [] hello',
      seen,
      '7:8 regular file 0:0 character special file ',
    ]);
    assert.match(stderr, /^its root file system is over 9p$/m);
  });
});

/** An initrd with the modules that 9p takes. @returns its path */
function makeShim(test: TestContext, whole: string): string {
  const script = `#!/bin/busybox sh
for module in /modules/*; do /bin/busybox insmod "$module"; done
/bin/busybox mkdir -p /proc /root
/bin/busybox mount -t proc proc /proc
for word in $(/bin/busybox cat /proc/cmdline); do case "$word" in
  root=*) root=\${word#root=} ;; rootfstype=*) type=\${word#rootfstype=} ;;
  rootflags=*) flags=\${word#rootflags=} ;; init=*) start=\${word#init=} ;;
esac; done
/bin/busybox mount -t "$type" -o "$flags" "$root" /root
exec /bin/busybox switch_root /root "$start" "$@"
`;
  const modules = [...virtio, 'netfs', 'fscache', '9pnet', '9pnet_virtio', '9p'];
  const containerfile =
    'FROM scratch AS root\nCOPY busybox /bin/busybox\nCOPY --chmod=755 shim /init\nCOPY modules /modules\n' +
    `FROM scratch\n${labels}COPY --rootfs=initrd --from=root / /boot/initrd\nLABEL com.urunc.unikernel.initrd=/boot/initrd\n`;
  const context = contextWith(test, whole, containerfile, modules);
  writeFileSync(join(context, 'shim'), script);
  const archive = join(temporaryFolder(test), 'shim.tar');
  const folder = temporaryFolder(test);
  const build = ['build', '--tar', '--compression', 'none', '-t', 'shim:1', '--dest', archive, context];
  execFileSync(process.execPath, [resolve(import.meta.dirname, '../../dist/cli.cjs'), ...build], {
    stdio: 'pipe',
  });
  execFileSync(
    'sh',
    [
      '-ec',
      'tar -xf "$0"; for blob in blobs/sha256/*; do tar -xf "$blob" boot/initrd 2>/dev/null || true; done',
      archive,
    ],
    {
      cwd: folder,
    },
  );
  return join(folder, 'boot/initrd');
}

async function fetchUntil(url: string): Promise<string> {
  for (const end = performance.now() + 30_000; performance.now() < end;) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
      return await response.text();
    } catch {
      await new Promise((done) => setTimeout(done, 100));
    }
  }
  return '';
}

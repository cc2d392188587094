// The unikernel of examples/hello: its committed binaries, booted as they are.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'node:test';
import { bootKernel } from '../support/qemu.ts';
import type { Boot } from '../support/qemu.ts';
import { unlessInstalled } from '../support/tools.ts';

const example = fileURLToPath(new URL('../../examples/hello', import.meta.url));
const architectures = [
  { architecture: 'amd64', skip: unlessInstalled('qemu-system-x86_64') },
  { architecture: 'arm64', skip: unlessInstalled('qemu-system-aarch64') },
] as const;

function bootHello(boot: Omit<Boot, 'kernel'>) {
  return bootKernel({ ...boot, kernel: `${example}/hello-${boot.architecture}` });
}

function greeting(commandLine: string) {
  return `hello from a unikernel: ${commandLine}\r\n`;
}

const commandLines: [name: string, commandLine: string][] = [
  ['one word', 'hello'],
  ['words', 'redis-server /data/conf/redis.conf --port 6379'],
  ['empty', ''],
  ['spaces and tabs, also at the ends', '  a  b\tc '],
  ['quotes', `'single' "double" \`back\` "it's"`],
  ['backslashes, percents and commas', String.raw`C:\n %s %% a,b,,c=d $HOME`],
  ['UTF-8', 'žluťoučký kůň 🐎 ユニカーネル'],
  ['1500 characters', 'argument '.repeat(1500 / 9)],
  ['4096 characters', 'x'.repeat(4096)],
];

for (const { architecture, skip } of architectures) {
  describe(`hello-${architecture}`, { skip }, () => {
    for (const [name, commandLine] of commandLines) {
      it(`prints its command line: ${name}`, async () => {
        assert.deepEqual(await bootHello({ architecture, commandLine }), {
          serial: greeting(commandLine),
          exitCode: 0,
        });
      });
    }

    it('prints an empty command line when there is none', async () => {
      assert.equal((await bootHello({ architecture })).serial, greeting(''));
    });

    it('cuts a command line over 4096 bytes', async () => {
      const { serial } = await bootHello({ architecture, commandLine: 'y'.repeat(6000) });
      assert.equal(serial, greeting('y'.repeat(4096)));
    });
  });
}

describe('power off', () => {
  const machines = [
    { architecture: 'amd64', machine: 'pc', canReboot: true },
    { architecture: 'amd64', machine: 'q35', canReboot: true },
    // Its ACPI is somewhere else, so the kernel resets it.
    { architecture: 'amd64', machine: 'microvm', canReboot: false },
    { architecture: 'arm64', machine: 'virt', canReboot: true },
    // Here the kernel runs where a hypervisor would.
    { architecture: 'arm64', machine: 'virt,virtualization=on', canReboot: true },
  ] as const;

  for (const { architecture, machine, canReboot } of machines) {
    const skip = architectures.find((item) => item.architecture === architecture)?.skip ?? false;
    it(`ends QEMU's ${machine} on ${architecture}`, { skip }, async () => {
      assert.deepEqual(await bootHello({ architecture, machine, canReboot, commandLine: 'bye' }), {
        serial: greeting('bye'),
        exitCode: 0,
      });
    });
  }
});

describe('binaries', () => {
  const skip = unlessInstalled('make', 'x86_64-linux-gnu-as', 'aarch64-linux-gnu-as');
  it('are what the Makefile builds', { skip }, () => {
    const { status, stdout, stderr } = spawnSync('make', ['check'], { cwd: example, encoding: 'utf8' });
    assert.equal(status, 0, stdout + stderr);
  });
});

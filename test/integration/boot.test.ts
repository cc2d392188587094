// From a Containerfile to a running unikernel: build, unpack, and boot the file that /urunc.json names.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { mustRunBima } from '../support/cli.ts';
import { temporaryFolder } from '../support/folder.ts';
import { bootKernel } from '../support/qemu.ts';
import { unlessInstalled } from '../support/tools.ts';

const example = resolve(import.meta.dirname, '../../examples/hello');

describe('examples/hello', () => {
  for (const [architecture, file, tool] of [
    ['amd64', 'Containerfile', 'qemu-system-x86_64'],
    ['arm64', 'Containerfile.arm64', 'qemu-system-aarch64'],
  ] as const) {
    it(
      `is built, unpacked and booted on ${architecture}`,
      { skip: unlessInstalled('umoci', tool) },
      async (test) => {
        const folder = temporaryFolder(test);
        const layout = join(folder, 'layout');
        const { stdout } = await mustRunBima([
          ...['build', '--json', '-t', 'hello:latest', '-o', 'oci', '--dest', layout],
          ...['-f', join(example, file), example],
        ]);
        assert.equal((JSON.parse(stdout) as { platform: string }).platform, `linux/${architecture}`);

        const bundle = join(folder, 'bundle');
        execFileSync(
          'umoci',
          [
            'unpack',
            ...(process.getuid?.() === 0 ? [] : ['--rootless']),
            '--image',
            `${layout}:latest`,
            bundle,
          ],
          { stdio: 'pipe' },
        );
        const labels = JSON.parse(readFileSync(join(bundle, 'rootfs/urunc.json'), 'utf8')) as Record<
          string,
          string
        >;
        const decode = (name: string) =>
          Buffer.from(labels[`com.urunc.unikernel.${name}`] ?? '', 'base64').toString();
        const { process: guest } = JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8')) as {
          process: { args: string[] };
        };

        const { serial } = await bootKernel({
          architecture,
          kernel: join(bundle, 'rootfs', decode('binary')),
          commandLine: guest.args.join(' '),
        });
        assert.equal(serial, `hello from a unikernel: ${decode('cmdline')}\r\n`);
        assert.equal(decode('cmdline'), 'hello from urunc');
      },
    );
  }
});

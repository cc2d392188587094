// From a Containerfile to a running unikernel: build, publish, pull, unpack, and boot the file that /urunc.json names.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { mustRunBima } from '../support/cli.ts';
import { startDockerRegistry } from '../support/docker-registry.ts';
import { temporaryFolder } from '../support/folder.ts';
import { bootKernel } from '../support/qemu.ts';
import { unlessInstalled } from '../support/tools.ts';

const example = resolve(import.meta.dirname, '../../examples/hello');

const machines = [
  { architecture: 'amd64', options: [], emulator: 'qemu-system-x86_64' },
  { architecture: 'arm64', options: ['--platform', 'linux/arm64'], emulator: 'qemu-system-aarch64' },
] as const;

function runTool(program: string, ...args: readonly string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Unpacks `layout:tag`, boots its kernel with its arguments, and checks what it prints. */
async function bootLayout(
  layout: string,
  tag: string,
  architecture: (typeof machines)[number]['architecture'],
): Promise<void> {
  const bundle = `${layout}-bundle`;
  const rootless = process.getuid?.() === 0 ? [] : ['--rootless'];
  runTool('umoci', 'unpack', ...rootless, '--image', `${layout}:${tag}`, bundle);
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
}

describe('examples/hello', () => {
  for (const { architecture, options, emulator } of machines) {
    it(
      `is built, unpacked and booted on ${architecture}`,
      { skip: unlessInstalled('umoci', emulator) },
      async (test) => {
        const layout = join(temporaryFolder(test), 'layout');
        const { stdout } = await mustRunBima([
          ...['build', '--json', '-t', 'hello:latest', '-o', 'oci', '--dest', layout],
          ...[...options, example],
        ]);
        assert.equal((JSON.parse(stdout) as { platform: string }).platform, `linux/${architecture}`);
        await bootLayout(layout, 'latest', architecture);
      },
    );
  }

  const tools = unlessInstalled(
    'docker-registry',
    'skopeo',
    'umoci',
    ...machines.map(({ emulator }) => emulator),
  );
  it('is published for both in one command, pulled for each, and booted', { skip: tools }, async (test) => {
    await using registry = await startDockerRegistry();
    const folder = temporaryFolder(test);
    const name = `${registry.host}/example/hello:1.0`;
    const platforms = machines.map((machine) => `linux/${machine.architecture}`).join();
    const { stdout } = await mustRunBima(['build', '--push', '-t', name, '--platform', platforms, example]);

    const raw = runTool('skopeo', 'inspect', '--raw', '--tls-verify=false', `docker://${name}`);
    const index = JSON.parse(raw) as { manifests: { digest: string; platform: object }[] };
    assert.deepEqual(
      index.manifests.map(({ platform }) => platform),
      machines.map(({ architecture }) => ({ os: 'linux', architecture })),
    );
    runTool('skopeo', 'copy', '--all', '--src-tls-verify=false', `docker://${name}`, `oci:${folder}/all:all`);
    const copied = runTool('skopeo', 'inspect', '--raw', `oci:${folder}/all:all`);
    assert.equal(copied, raw);

    for (const { architecture } of machines) {
      const override = ['--override-os', 'linux', '--override-arch', architecture];
      const source = [...override, '--tls-verify=false', `docker://${name}`];
      const inspected = JSON.parse(runTool('skopeo', 'inspect', ...source)) as {
        Digest: string;
        Architecture: string;
        Labels: Record<string, string>;
      };
      assert.equal(inspected.Architecture, architecture);
      assert.equal(inspected.Labels['com.urunc.unikernel.binary'], '/unikernel/hello');
      assert.equal(inspected.Digest, stdout.trim());
      const layout = join(folder, architecture);
      runTool(
        'skopeo',
        ...override,
        'copy',
        '--src-tls-verify=false',
        `docker://${name}`,
        `oci:${layout}:one`,
      );
      await bootLayout(layout, 'one', architecture);
    }
  });
});

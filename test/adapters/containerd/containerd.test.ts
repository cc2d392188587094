// What is known of a containerd before an import. ctr is a script that prints what the real one does.

import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { formatNode, openContainerd } from '../../../src/adapters/containerd/containerd.ts';
import type { Containerd, ContainerdOptions } from '../../../src/adapters/containerd/containerd.ts';
import { onPlatform } from '../../support/other-platform.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { pluginList, scriptContainerd } from '../../support/scripted-containerd.ts';

async function open(
  test: TestContext,
  options: Partial<ContainerdOptions> = {},
  answers: Readonly<Record<string, string>> = {},
): Promise<Containerd> {
  const { address, program, environment } = await scriptContainerd(test, answers);
  return openContainerd({ address, namespace: 'default', program, environment, ...options });
}

describe('openContainerd', { skip: process.platform !== 'linux' }, () => {
  it('learns versions, platforms, flags and namespaces', async (test) => {
    const found = await open(test);
    const { client, address, ...rest } = found;
    assert.deepEqual(rest, {
      namespace: 'default',
      version: '1.7.1, 1.6.2',
      platforms: [{ os: 'linux', architecture: 'amd64' }],
      importFlags: ['--local', '--no-unpack'],
      namespaces: ['default', 'k8s.io'],
    });
    assert.equal(formatNode(found), 'linux/amd64');
    const { stdout } = await client.query('namespaces', 'ls', '--quiet');
    assert.equal(stdout, 'default\nk8s.io\n');
    assert.match(address, /^\/.*c\.sock$/);
    assert.equal((await open(test, { snapshotter: 'native' })).snapshotter, 'native');
  });

  it('takes the socket as a URL, and a node of two platforms', async (test) => {
    const { address, program, environment } = await scriptContainerd(test, {
      'plugins ls': pluginList.replaceAll('linux/amd64 ', 'linux/amd64,linux/arm64 '),
    });
    const found = await openContainerd({
      address: `unix://${address}`,
      namespace: 'default',
      program,
      environment,
    });
    assert.equal(found.address, address);
    assert.equal(formatNode(found), 'linux/amd64 and linux/arm64');
  });

  for (const namespace of ['', '-a', 'a-', 'a..b', 'a.-b', 'a/b', 'a b', 'ä', ' a', 'a\n', 'a'.repeat(77)]) {
    it(`refuses "${namespace}" as a namespace`, async (test) => {
      await assert.rejects(open(test, { namespace }), {
        code: 'INPUT_INVALID',
        message: `expected a namespace of containerd, got "${namespace}"`,
        hint: /up to 76 letters and digits/,
      });
    });
  }

  it('takes the names that containerd itself takes', async (test) => {
    for (const namespace of ['k8s.io', 'a', 'Ab', '0_9', 'a-b.c_d', 'a'.repeat(76)])
      assert.equal((await open(test, { namespace })).namespace, namespace);
  });

  it('says which snapshotters are ready', async (test) => {
    await assert.rejects(open(test, { snapshotter: 'overlay' }), {
      code: 'INPUT_INVALID',
      message: 'containerd has no snapshotter "overlay"',
      hint: 'Choose a snapshotter that is ready: native, overlayfs.',
    });
    await assert.rejects(open(test, { snapshotter: 'devmapper' }), {
      code: 'CONTAINERD_FAILED',
      message: 'the snapshotter "devmapper" is not ready: its status is "error"',
      hint: /ready: native, overlayfs\. "ctr plugins ls --detailed"/,
    });
  });

  it("says that containerd's own snapshotter is not ready, and does without one that it does not have", async (test) => {
    const without = pluginList.replace(/^.*overlayfs.*\n/m, '');
    assert.ok(await open(test, {}, { 'plugins ls': without }));
    const broken = `${without}io.containerd.snapshotter.v1 overlayfs linux/amd64 skip\n`;
    await assert.rejects(open(test, {}, { 'plugins ls': broken }), {
      code: 'CONTAINERD_FAILED',
      message: `containerd's default snapshotter "overlayfs" is not ready: its status is "skip"`,
      hint: 'Choose a snapshotter that is ready: native. "ctr plugins ls --detailed" says why it is not.',
    });
    assert.ok(await open(test, { snapshotter: 'native' }, { 'plugins ls': broken }));
  });

  it('says what ctr says when it fails', async (test) => {
    const program = join(temporaryFolder(test), 'ctr');
    writeFileSync(program, '#!/bin/sh\necho "ctr: some words of its own" >&2\nexit 1\n');
    chmodSync(program, 0o755);
    await assert.rejects(open(test, { program }), {
      code: 'CONTAINERD_FAILED',
      message: /some words of its own/,
    });
  });

  for (const command of ['version', 'plugins ls', 'images import --help', 'namespaces ls --quiet']) {
    it(`says so when "ctr ${command}" fails`, async (test) => {
      const { address, program, environment } = await scriptContainerd(test);
      const end = command.replace('images ', '');
      const text = readFileSync(program, 'utf8').replace(`*"${end}")`, '*"something else")');
      writeFileSync(program, text);
      await assert.rejects(openContainerd({ address, namespace: 'default', program, environment }), {
        code: 'CONTAINERD_FAILED',
        message: new RegExp(
          `^containerd could not answer: no --address \\S+ --namespace default ${command}$`,
        ),
      });
    });
  }

  it('is for Linux', async (test) => {
    const { address, program, environment } = await scriptContainerd(test);
    const opening = onPlatform('darwin', () =>
      openContainerd({ address, namespace: 'default', program, environment }),
    );
    await assert.rejects(opening, {
      code: 'NOT_AVAILABLE',
      message: 'containerd is used on Linux only, and this is darwin',
      hint: 'Write an archive or a layout instead, and import it on the node.',
    });
  });

  it('says where there is no socket', async (test) => {
    const address = join(temporaryFolder(test), 'none.sock');
    await assert.rejects(open(test, { address }), { code: 'CONTAINERD_UNREACHABLE' });
  });
});

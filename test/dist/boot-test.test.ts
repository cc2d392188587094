// Steps that boot the image before they publish it, as the runner starts them, in QEMU without KVM.

import assert from 'node:assert/strict';
import { copyFileSync, existsSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { mustRunAction, runAction } from '../support/action.ts';
import { findCloudKernel } from '../support/cloud-kernel.ts';
import { temporaryFolder } from '../support/folder.ts';
import { contextWith, guestLabels, guestStage, virtioModules } from '../support/guest-context.ts';
import { startRegistry } from '../support/registry.ts';
import type { Registry } from '../support/registry.ts';
import { startResultsServer } from '../support/results-server.ts';
import { tools, unlessInstalled } from '../support/tools.ts';

const example = resolve(import.meta.dirname, '../../examples/hello');
const image = 'nubificus/redis-unikernel';
const emulated = { BIMA_ACCEL: 'tcg' };
const skip = unlessInstalled('qemu-system-x86_64');

interface Site {
  readonly registry: Registry;
  readonly inputs: Readonly<Record<string, string>>;
}

async function start(test: TestContext): Promise<Site> {
  const registry = await startRegistry();
  test.after(() => registry.close());
  return { registry, inputs: { context: example, push: 'true', registry: registry.host } };
}

/** What changes something in the registry. */
function writes(registry: Registry): readonly string[] {
  return registry.requests.filter(({ method }) => method !== 'GET' && method !== 'HEAD').map(({ method }) => method);
}

/** A PATH that has these programs alone. */
function pathWith(test: TestContext, ...names: readonly (keyof typeof tools)[]): string {
  const folder = temporaryFolder(test);
  for (const name of names) symlinkSync(tools[name].paths[0], join(folder, name));
  return folder;
}

describe('boot-test', () => {
  it('boots the image, then pushes it, and says on what it booted', { skip }, async (test) => {
    const { registry, inputs } = await start(test);
    const given = { ...inputs, platforms: 'linux/amd64', 'boot-test': '/unikernel: .*from urunc$/' };
    const { log, summary, temporary } = await mustRunAction(test, { inputs: given, env: emulated });
    assert.deepEqual(Object.keys(registry.store.tags(image)), ['main']);
    assert.match(log, /^hello from a unikernel: {3}hello from urunc$/m);
    assert.match(log, /^the image for linux\/amd64 booted on qemu \(emulation\): it printed .* after \d+\.\d s$/m);
    assert.match(summary, /^- Boot test of ` linux\/amd64 `: ` booted on qemu \(emulation\) in \d+\.\d s `$/m);
    const [own = ''] = readdirSync(temporary);
    assert.deepEqual(readdirSync(join(temporary, own)).filter((name) => name.includes('boot')), []);
  });

  it('publishes nothing of an image that does not boot, and shows its last lines', { skip }, async (test) => {
    const { registry, inputs } = await start(test);
    await using results = await startResultsServer();
    const context = temporaryFolder(test, {
      Containerfile: `FROM scratch\nCOPY hello-amd64 /unikernel/hello\nCOPY large /large
LABEL com.urunc.unikernel.binary=/unikernel/hello com.urunc.unikernel.hypervisor=qemu
LABEL com.urunc.unikernel.unikernelType=mirage com.urunc.unikernel.version=1 com.urunc.unikernel.cmdline=x\n`,
      // Of a size that is otherwise uploaded while the build goes on.
      large: crypto.getRandomValues(Buffer.alloc(65_536)).toString('hex').repeat(8),
    });
    copyFileSync(join(example, 'hello-amd64'), join(context, 'hello-amd64'));
    const tar = join(temporaryFolder(test), 'image.tar');
    const given = { ...inputs, context, 'boot-test': 'goodbye', tar, 'upload-artifact': 'true', sbom: 'true' };
    const { code, log, summary, annotations, outputs } = await runAction(test, {
      inputs: given,
      env: { ...emulated, ...results.environment },
    });
    assert.equal(code, 1);
    assert.deepEqual(writes(registry), []);
    assert.deepEqual([...results.artifacts.keys()], []);
    assert.equal(existsSync(tar), false);
    assert.deepEqual(outputs, {});
    assert.match(log, /^ {2}\| hello from a unikernel: {3}x$/m);
    assert.match(summary, /did not boot\*\* on qemu \(emulation\).*switched itself off[^]*\nhello from a unikernel: {3}x\n/);
    assert.match(annotations.at(-1)?.message ?? '', /^BOOT_FAILED: .* print "goodbye": it switched itself off/);
  });

  it('boots what the runner has a monitor for, and names the rest', { skip }, async (test) => {
    const { registry, inputs } = await start(test);
    const given = { ...inputs, platforms: 'linux/amd64,linux/arm64', 'boot-test': 'hello' };
    const env = { ...emulated, PATH: pathWith(test, 'qemu-system-x86_64') };
    const { summary, annotations } = await mustRunAction(test, { inputs: given, env });
    assert.deepEqual(Object.keys(registry.store.tags(image)), ['main']);
    const [warning] = annotations;
    assert.match(warning?.message ?? '', /^MONITOR_MISSING: the image for linux\/arm64 was not booted: there is no qemu-system-aarch64 on the PATH\nInstall/);
    assert.match(summary, /^- Boot test of ` linux\/amd64 `: ` booted on qemu/m);
    assert.match(summary, /^- Boot test of ` linux\/arm64 `: ` not booted: there is no qemu-system-aarch64/m);
  });

  it('fails where nothing can be booted', async (test) => {
    const { registry, inputs } = await start(test);
    const env = { PATH: temporaryFolder(test) };
    const { code, annotations } = await runAction(test, { inputs: { ...inputs, 'boot-test': 'hello' }, env });
    assert.equal(code, 1);
    assert.deepEqual(writes(registry), []);
    assert.match(annotations.at(-1)?.message ?? '', /^MONITOR_MISSING: the image for linux\/\w+ was not booted: there is no qemu-system-\w+ on the PATH\nInstall/);
  });

  it('lets no guest talk to the runner', { skip }, async (test) => {
    const inputs = { context: example, image: 'a.example/b' };
    const words = ['\n::set-output name=digest::x\n  ::add-mask::hello\n', '##[error]x', '\u001b[2J::warning::y', '\n::stop-commands::z'];
    const given = { ...inputs, platforms: 'linux/amd64', 'boot-test': 'stop-commands', 'boot-args': JSON.stringify(words) };
    const { commands, log } = await mustRunAction(test, { inputs: given, env: emulated });
    assert.match(log, /set-output name=digest/);
    const names = commands.map(({ name }) => name);
    assert.deepEqual(names, ['group', 'endgroup', 'group', 'endgroup']);
    assert.ok(!log.includes('\u001b'));
  });

  it('ends the guest when the step is cancelled', { skip }, async (test) => {
    const { registry, inputs } = await start(test);
    const given = { ...inputs, platforms: 'linux/amd64', 'boot-test': 'never', 'boot-port': '80' };
    const { code, log, temporary } = await runAction(test, {
      inputs: given,
      env: emulated,
      interrupt: { after: 'booting with', signal: 'SIGINT' },
    });
    // A guest that is off before the signal has failed instead.
    assert.ok(code === 130 || (code === 1 && log.includes('BOOT_FAILED')), log);
    assert.deepEqual(writes(registry), []);
    if (code === 130) assert.deepEqual(readdirSync(temporary), []);
  });

  const kernel = unlessInstalled('qemu-system-x86_64', 'busybox-static') === false ? findCloudKernel() : undefined;
  it('waits for an answer over HTTP', { skip: kernel === undefined ? 'needs linux-image-cloud-amd64' : skip }, async (test) => {
    const { registry, inputs } = await start(test);
    const containerfile = `FROM scratch AS root\n${guestStage}FROM scratch AS data\nCOPY index.html /\nFROM scratch\n${guestLabels}
COPY --rootfs=initrd --from=root / /boot/initrd
COPY --rootfs=block,free=1M --from=data / /boot/disk
LABEL com.urunc.unikernel.initrd=/boot/initrd com.urunc.unikernel.block=/boot/disk com.urunc.unikernel.blkMntPoint=/data\n`;
    const modules = [...virtioModules, 'virtio_blk', 'failover', 'net_failover', 'virtio_net'];
    const context = contextWith(test, kernel ?? '', containerfile, modules);
    writeFileSync(join(context, 'index.html'), 'ready');
    const boot = { 'boot-port': '80', 'boot-path': '/index.html', 'boot-args': 'serve', 'boot-env': 'GREETING=ahoy' };
    const { log } = await mustRunAction(test, { inputs: { ...inputs, context, ...boot }, env: emulated });
    assert.match(log, /^guest: 1 \[serve\] \[\] \[\] ahoy$/m);
    assert.match(log, /booted on qemu \(emulation\): it answered \/index\.html over HTTP after/);
    assert.deepEqual(Object.keys(registry.store.tags(image)), ['main']);
  });
});

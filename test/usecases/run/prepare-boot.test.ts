// From an image to a command line: the monitor, the accelerator, the memory, and the files that are made or placed.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import type { HostFacts } from '../../../src/core/monitor/machine.ts';
import { parsePlatform } from '../../../src/core/oci/platform.ts';
import type { BinaryFacts } from '../../../src/core/unikernel/examine-binary.ts';
import { prepareBoot } from '../../../src/usecases/run/prepare-boot.ts';
import type { BootOptions } from '../../../src/usecases/run/prepare-boot.ts';
import type { BootImage } from '../../../src/usecases/run/boot-image.ts';
import { fileEntry, rootfsOf } from '../../support/file-entries.ts';
import { temporaryFolder } from '../../support/folder.ts';

const none = { isGzip: false, hasPvh: false, multiboot: {} as BinaryFacts['multiboot'], unread: [] };
/** What QEMU, cloud-hypervisor and, as an ELF file, firecracker boot. */
const pvh: BinaryFacts = { ...none, format: 'ELF64 x86-64', architecture: 'amd64', elf: 64, hasPvh: true };
/** What QEMU doesn't boot, and firecracker does. */
const bare: BinaryFacts = { ...pvh, hasPvh: false };
const hvt: BinaryFacts = {
  ...bare,
  solo5: { target: 'hvt', abiVersion: 2, devices: [], isFoundByTender: true } as unknown as NonNullable<
    BinaryFacts['solo5']
  >,
};
const host: HostFacts = { system: 'linux', architecture: 'amd64', hasKvm: false, hasHvf: false };
/** A file of the image that is read when it is asked for. */
function content(text: string): BootImage['kernel'] {
  const { size, open } = fileEntry('', text);
  return { size, open };
}

const usual: BootOptions = { environment: new Map(), cpus: 1, ports: [] };

interface Fixture {
  readonly labels?: Readonly<Record<string, string>>;
  readonly image?: Partial<BootImage>;
  readonly config?: object;
  readonly options?: Partial<BootOptions>;
  readonly host?: Partial<HostFacts>;
}

async function prepare(test: TestContext, { labels = {}, image, config, options, host: own }: Fixture = {}) {
  const folder = temporaryFolder(test);
  const all: Readonly<Record<string, string>> = { unikernelType: 'linux', binary: '/boot/kernel', ...labels };
  const boot = {
    platform: parsePlatform('linux/amd64'),
    label: (name: string) => all[name] ?? '',
    kernel: content('the kernel'),
    facts: pvh,
    user: '',
    folder: '/',
    image: { config: { entrypoint: ['/init'], cmd: ['a'], env: ['A=1'], ...config } },
    ...image,
  } as unknown as BootImage;
  const prepared = await prepareBoot(boot, { ...usual, ...options }, { folder, host: { ...host, ...own } });
  const { args, config: settings } = prepared.commandFor(prepared.machine.accelerator);
  const after = (flag: string) => args[args.indexOf(flag) + 1] ?? '';
  return { ...prepared, folder, args, settings, after };
}

describe('the monitor of a guest', () => {
  const rows: [name: string, fixture: Fixture, monitor: string, program: string][] = [
    ['qemu by default', { labels: { hypervisor: 'firecracker' } }, 'qemu', 'qemu-system-x86_64'],
    [
      'the one that is named',
      { options: { monitor: 'firecracker' }, host: { hasKvm: true } },
      'firecracker',
      'firecracker',
    ],
    [
      'that of the label where qemu boots no such binary',
      { labels: { hypervisor: 'firecracker' }, image: { facts: bare }, host: { hasKvm: true } },
      'firecracker',
      'firecracker',
    ],
  ];
  for (const [name, fixture, monitor, program] of rows)
    it(`is ${name}`, async (test) => {
      const prepared = await prepare(test, fixture);
      assert.deepEqual([prepared.monitor, prepared.program, prepared.type], [monitor, program, 'linux']);
    });

  it('is none where neither takes the binary, and others are named', async (test) => {
    await assert.rejects(prepare(test, { image: { facts: bare } }), {
      code: 'BINARY_INVALID',
      message:
        /^will not boot: expected a kernel that qemu takes in "\/boot\/kernel", got ELF64 x86-64: it is an ELF file/,
      hint: 'Name a monitor that takes it: --monitor firecracker.',
    });
    // A label with another name, or with one that doesn't boot it either, changes nothing.
    for (const hypervisor of ['xen', 'cloud-hypervisor'])
      await assert.rejects(
        prepare(test, { labels: { hypervisor }, image: { facts: bare } }),
        /that qemu takes/,
      );
  });

  it('is none where nothing takes the binary', async (test) => {
    const facts = { ...bare, program: 'it has an interpreter' };
    await assert.rejects(prepare(test, { image: { facts } }), {
      code: 'BINARY_INVALID',
      hint: 'Build the unikernel for a monitor: "bima inspect" shows what the file is.',
    });
    // A monitor that boots it and isn't for its type is none to name.
    await assert.rejects(prepare(test, { labels: { unikernelType: 'mewz' }, image: { facts: bare } }), {
      hint: /^Build the unikernel for a monitor/,
    });
  });

  it('needs KVM unless it is qemu or spt', async (test) => {
    await assert.rejects(prepare(test, { options: { monitor: 'firecracker' } }), {
      code: 'NOT_AVAILABLE',
      message: "firecracker needs KVM for amd64, which this machine doesn't have",
      hint: /^Boot it with --monitor qemu/,
    });
    await assert.rejects(
      prepare(test, { labels: { unikernelType: 'mirage', hypervisor: 'hvt' }, image: { facts: hvt } }),
      { code: 'NOT_AVAILABLE', message: /^hvt needs KVM/ },
    );
    const solo5 = { ...hvt.solo5, target: 'spt' } as NonNullable<BinaryFacts['solo5']>;
    const spt = await prepare(test, {
      labels: { unikernelType: 'mirage' },
      image: { facts: { ...hvt, solo5 } },
      options: { monitor: 'spt' },
    });
    assert.equal(spt.program, 'solo5-spt');
  });
});

describe('the processor of a guest', () => {
  it('is that of the binary, or else of the image', async (test) => {
    const arm = { ...pvh, architecture: 'arm64' };
    const ofBinary = await prepare(test, { image: { facts: arm } });
    assert.equal(ofBinary.program, 'qemu-system-aarch64');
    const ofImage = await prepare(test, {
      image: { facts: { ...none, format: 'unknown', elf: 64 }, platform: parsePlatform('linux/arm64') },
    });
    assert.equal(ofImage.program, 'qemu-system-aarch64');
  });

  it('is none of another kind', async (test) => {
    const facts = { ...pvh, architecture: 'riscv64' };
    await assert.rejects(prepare(test, { image: { facts, platform: parsePlatform('linux/riscv64') } }), {
      code: 'PLATFORM_FOREIGN',
      message: 'expected an image for amd64 or arm64, got linux/riscv64',
      hint: 'urunc runs these two: build the image for one of them.',
    });
  });

  it('is the fastest that is there, unless one is named', async (test) => {
    const rows: [own: Partial<HostFacts>, named: 'tcg' | undefined, is: string][] = [
      [{}, undefined, 'tcg'],
      [{ hasKvm: true }, undefined, 'kvm'],
      [{ hasKvm: true, architecture: 'arm64' }, undefined, 'tcg'],
      [{ hasKvm: true }, 'tcg', 'tcg'],
    ];
    for (const [own, accelerator, is] of rows) {
      const { machine } = await prepare(test, { host: own, options: { accelerator } });
      assert.equal(machine.accelerator, is);
    }
    // The same guest with another one.
    const { commandFor } = await prepare(test, { host: { hasKvm: true } });
    assert.ok(commandFor('kvm').args.includes('-enable-kvm'));
    assert.ok(!commandFor('tcg').args.includes('-enable-kvm'));
  });
});

describe('the words of a guest', () => {
  it('are those of the image, or those that are given', async (test) => {
    const words = async (fixture: Fixture) => (await prepare(test, fixture)).after('-append');
    assert.match(await words({}), /init=\/init -- a$/);
    assert.match(await words({ options: { entrypoint: '/own' } }), /init=\/own\b/);
    assert.match(await words({ options: { arguments: ['b', 'c'] } }), /init=\/init -- b c$/);
    const labels = { cmdline: '/from the-label' };
    const bareConfig = { entrypoint: undefined, cmd: undefined, env: undefined };
    assert.match(await words({ labels, config: bareConfig }), /init=\/from -- the-label$/);
  });

  it('include the environment, with what is given besides', async (test) => {
    const environment = new Map([
      ['A', '2'],
      ['B', '3'],
    ]);
    const { after } = await prepare(test, { options: { environment } });
    assert.match(after('-append'), /A=2\b.*B=3\b/);
    const config = { env: undefined };
    assert.match((await prepare(test, { config })).after('-append'), /PATH=\/usr\/local\/sbin/);
  });

  it('include the devices of Solo5, where labels name them', async (test) => {
    const solo5 = { ...hvt.solo5, target: 'hvt' } as NonNullable<BinaryFacts['solo5']>;
    const of = async (labels: Readonly<Record<string, string>>) =>
      (
        await prepare(test, {
          labels: { unikernelType: 'mirage', block: '/disk', blkMntPoint: '/data', ...labels },
          image: { facts: { ...hvt, solo5 }, block: content('d') },
          options: { monitor: 'hvt' },
          host: { hasKvm: true },
        })
      ).args.join(' ');
    assert.match(await of({ solo5BlkDev: 'mydisk' }), /--block:mydisk=/);
    assert.doesNotMatch(await of({}), /mydisk/);
  });
});

describe('the memory of a guest', () => {
  it('is 256 MiB, or what is asked for', async (test) => {
    assert.equal((await prepare(test)).machine.memory, 256);
    assert.equal((await prepare(test, { options: { memory: 64 } })).machine.memory, 64);
  });

  it('is more by twice the initrd that is made, and by no disk', async (test) => {
    const rootfs = rootfsOf(fileEntry('big', Buffer.alloc(3 * 1024 ** 2)));
    const of = async (kind: 'initrd' | 'block') =>
      (await prepare(test, { image: { rootfs }, options: { rootfs: kind } })).machine.memory;
    // The archive's own headers make it a little more than 3 MiB.
    assert.deepEqual([await of('initrd'), await of('block')], [256 + 7, 256]);
  });

  it('is given to the machine with its processors and ports', async (test) => {
    const ports = [{ address: '127.0.0.1', host: 8080, guest: 80, protocol: 'tcp' as const }];
    const { machine, args } = await prepare(test, { options: { cpus: 3, ports } });
    assert.deepEqual(machine, { accelerator: 'tcg', memory: 256, cpus: 3, ports });
    assert.ok(args.some((arg) => arg.includes('hostfwd=tcp:127.0.0.1:8080-:80')));
    const { args: quiet } = await prepare(test);
    assert.ok(quiet.includes('none') && !quiet.some((arg) => arg.includes('hostfwd')));
  });
});

describe('the files of a guest', () => {
  it('lie under the names that they have in the image', async (test) => {
    const { folder, after } = await prepare(test, {
      labels: { initrd: 'i/n' },
      image: { initrd: content('the initrd') },
    });
    const [kernel, initrd] = [join(folder, 'image/boot/kernel'), join(folder, 'image/i/n')];
    assert.deepEqual([after('-kernel'), after('-initrd')], [kernel, initrd]);
    assert.deepEqual(
      [readFileSync(kernel, 'utf8'), readFileSync(initrd, 'utf8')],
      ['the kernel', 'the initrd'],
    );
  });

  it('are moved there where they are on disk already', async (test) => {
    const place = join(temporaryFolder(test), 'spooled');
    writeFileSync(place, 'spooled');
    const { after } = await prepare(test, { image: { kernel: { ...content('x'), path: place } } });
    assert.equal(readFileSync(after('-kernel'), 'utf8'), 'spooled');
    assert.ok(!existsSync(place));
  });

  const rootfs = rootfsOf(
    { type: 'directory', path: 'etc', mode: 0o755, uid: 0, gid: 0 },
    fileEntry('etc/hosts', 'hosts'),
    { type: 'symlink', path: 'link', target: 'etc', mode: 0o777, uid: 0, gid: 0 },
  );

  it('are a root file system of the kind that is chosen', async (test) => {
    const initrd = await prepare(test, { image: { rootfs }, options: { rootfs: 'initrd' } });
    assert.deepEqual(initrd.root, { kind: 'initrd', isMade: true });
    assert.equal(initrd.after('-initrd'), join(initrd.folder, 'root.cpio'));
    assert.match(readFileSync(initrd.after('-initrd'), 'latin1'), /^070701.*etc\/hosts/s);

    const block = await prepare(test, { image: { rootfs }, options: { rootfs: 'block' } });
    const disk = join(block.folder, 'root.ext2');
    assert.ok(block.after('-drive').endsWith(`file=${disk}`));
    const bytes = readFileSync(disk);
    assert.deepEqual([bytes.readUInt16LE(0x438), bytes.length >= 64 * 1024 ** 2], [0xef53, true]);

    const shared = await prepare(test, { image: { rootfs }, options: { rootfs: '9p' } });
    assert.ok(shared.after('-fsdev').endsWith(`path=${join(shared.folder, 'root')}`));
    assert.equal(readFileSync(join(shared.folder, 'root/etc/hosts'), 'utf8'), 'hosts');
    assert.ok(!shared.args.includes('-initrd') && !shared.args.includes('-drive'));
  });

  it('are mounted where the type has its disk', async (test) => {
    const rumprun = await prepare(test, {
      labels: { unikernelType: 'rumprun' },
      image: { rootfs, facts: hvt },
      options: { rootfs: 'block', monitor: 'hvt' },
      host: { hasKvm: true },
    });
    assert.match(rumprun.args.join(' '), /\/data/);
    const linux = await prepare(test, { image: { rootfs }, options: { rootfs: 'block' } });
    assert.match(linux.after('-append'), /root=\/dev\/vda/);
  });

  it('hold what urunit reads, behind the initrd or in its place', async (test) => {
    const config = { entrypoint: ['/urunit'], cmd: ['/app'], env: ['A=1'] };
    const wanted = 'UES\nA=1\nUEE\nUCS\nUID:7\nGID:8\nWD:/srv\nUCE\nUBS\nUBE\n';
    const image = { user: '7:8', folder: '/srv' };
    const alone = await prepare(test, { config, image });
    assert.equal(alone.after('-initrd'), join(alone.folder, 'urunit.conf'));
    assert.equal(readFileSync(alone.after('-initrd'), 'utf8'), wanted);
    const initrd = content('070701 the image’s own');
    const beside = await prepare(test, { config, image: { ...image, initrd }, labels: { initrd: '/n' } });
    const bytes = readFileSync(beside.after('-initrd'), 'utf8');
    assert.ok(
      bytes.startsWith('070701 the image’s own') && bytes.includes('urunit.conf') && bytes.includes(wanted),
    );
    assert.match(bytes.slice('070701 the image’s own'.length), /^070701.*070701.{8}000081a4.*urunit\.conf/s);
    assert.ok(!existsSync(join(beside.folder, 'urunit.conf')));
    const without = await prepare(test, { image: { ...image, initrd }, labels: { initrd: '/n' } });
    assert.equal(readFileSync(without.after('-initrd'), 'utf8'), '070701 the image’s own');
  });

  it('name root for a user that only the image can resolve', async (test) => {
    const config = { entrypoint: ['/urunit'] };
    const { after } = await prepare(test, { config, image: { user: 'app', folder: '/' } });
    assert.match(readFileSync(after('-initrd'), 'utf8'), /UID:0\nGID:0\nWD:\/\n/);
  });
});

describe('the root of a guest', () => {
  it('follows from the labels', async (test) => {
    const initrd = content('x');
    const rows: [labels: Readonly<Record<string, string>>, image: Partial<BootImage>, root: object][] = [
      [{}, {}, { kind: 'none', isMade: false }],
      [{ initrd: '/n' }, { initrd }, { kind: 'initrd', isMade: false }],
      [{ block: '/n', blkMntPoint: '/' }, { block: initrd }, { kind: 'block', isMade: false }],
    ];
    for (const [labels, image, root] of rows)
      assert.deepEqual((await prepare(test, { labels, image })).root, root);
    const shared = { labels: { mountRootfs: 'true' }, image: { rootfs: rootfsOf() } };
    assert.deepEqual((await prepare(test, shared)).root, {
      kind: 'initrd',
      isMade: true,
      why: 'the kernel has no 9p over virtio built in',
    });
    const windows = await prepare(test, { ...shared, host: { system: 'win32' } });
    assert.deepEqual(windows.root, {
      kind: 'initrd',
      isMade: true,
      why: "QEMU on this system can't share a folder",
    });
    await assert.rejects(prepare(test, { labels: { block: '/n' }, image: { block: initrd } }), {
      code: 'LABEL_MISSING',
    });
  });

  it('is old for an old framework', async (test) => {
    const of = async (unikernelVersion: string) =>
      (
        await prepare(test, {
          labels: { unikernelType: 'unikraft', mountRootfs: 'true', unikernelVersion },
          image: { rootfs: rootfsOf() },
        })
      ).root.kind;
    assert.deepEqual([await of('0.16.0'), await of('0.17.0')], ['initrd', '9p']);
  });
});

describe('the settings of a monitor', () => {
  it('lie in the folder', async (test) => {
    const { settings, folder } = await prepare(test, {
      options: { monitor: 'firecracker' },
      host: { hasKvm: true },
    });
    assert.equal(settings?.path, `${folder}/settings.json`);
    assert.ok(settings.text.includes(`${folder}/image/boot/kernel`));
  });
});

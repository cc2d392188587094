import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { argumentWords } from '../../../src/core/containerfile/arguments.ts';
import { parse, places } from './parse.ts';
import type { Listed } from './parse.ts';

const folder = fileURLToPath(new URL('../../fixtures/containerfiles/', import.meta.url));
const prefix = 'com.urunc.unikernel.';

interface Shape {
  readonly name: string;
  readonly file: string;
  readonly from?: string[];
  readonly copies: string[];
  /** Without the prefix of urunc's labels. */
  readonly labels: Record<string, string>;
  readonly entrypoint?: string[];
  readonly cmd?: string[];
  readonly errors?: string[];
  readonly warnings?: string[];
}

const shapes: Shape[] = [
  {
    name: 'every quoting style, comments and blank lines are built',
    file: 'quoting-styles',
    from: ['scratch'],
    copies: ['echo-server.hvt -> /unikernel/echo-server.hvt', 'echo.conf -> /conf/echo.conf'],
    labels: {
      binary: '/unikernel/echo-server.hvt',
      cmdline: 'echo-server /data/conf/echo.conf',
      unikernelType: 'rumprun',
      hypervisor: 'hvt',
      version: '0.2.0',
    },
  },
  {
    name: 'a JSON value over several lines in single quotes is built, joined',
    file: 'continued-json-label',
    from: ['scratch'],
    copies: ['hello.hvt -> /unikernel/hello.hvt', 'args -> /data/'],
    labels: {
      cmdline:
        '{"cmdline":"hello /data/args","net":{"if":"ukvmif0","type":"inet","addr":"10.0.0.2"},' +
        '"blk":{"source":"etfs","path":"/dev/ld0a","mountpoint":"/data"}}',
      unikernelType: 'rumprun',
      hypervisor: 'hvt',
      binary: '/unikernel/hello.hvt',
    },
  },
  {
    name: 'a base image and CMD are read',
    file: 'base-image-and-cmd',
    from: ['unikraft.example/base:latest'],
    copies: ['initrd.cpio -> /initrd.cpio'],
    labels: {
      binary: '/unikraft/bin/kernel',
      initrd: '/initrd.cpio',
      unikernelType: 'unikraft',
      hypervisor: 'qemu',
    },
    cmd: ['/httpd'],
  },
  {
    name: 'an absolute source and the root as destination are built',
    file: 'absolute-source',
    from: ['scratch'],
    copies: ['cache.hvt -> /unikernel/cache.hvt', '/conf -> /'],
    labels: {
      binary: '/unikernel/cache.hvt',
      unikernelType: 'rumprun',
      hypervisor: 'hvt',
      mountRootfs: 'true',
    },
    cmd: ['cache-server', '/data/conf/cache.conf'],
  },
  {
    name: 'aligned columns and an empty comment are built',
    file: 'aligned-spaces',
    from: ['scratch'],
    copies: ['loader_x86_64 -> /unikernel/kernel', 'initrd.cpio -> /unikernel/initrd.cpio'],
    labels: {
      binary: '/unikernel/kernel',
      initrd: '/unikernel/initrd.cpio',
      unikernelType: 'unikraft',
      hypervisor: 'hyperlight-unikraft',
    },
  },
  {
    name: 'a comment behind a value is left out with a warning',
    file: 'platform-and-inline-comment',
    from: ['--platform=freebsd/amd64 freebsd.example/runtime:14'],
    copies: ['kernel -> /kernel', 'init -> /init'],
    labels: { binary: '/kernel', unikernelType: 'freebsd', hypervisor: 'qemu', mountRootfs: 'true' },
    entrypoint: ['/init'],
    cmd: ['/bin/sh'],
    warnings: ['8:49 SYNTAX'],
  },
  {
    name: 'FROM scratch given twice is built with a warning',
    file: 'two-froms',
    from: ['scratch', 'scratch'],
    copies: ['web.hvt -> /unikernel/web.hvt', 'data/ -> /'],
    labels: {
      binary: '/unikernel/web.hvt',
      cmdline: 'web -c /data/conf/web.conf',
      unikernelType: 'rumprun',
      hypervisor: 'hvt',
      version: '0.6.6',
    },
    warnings: ['3:1 SYNTAX'],
  },
  {
    name: 'FROM glued to the syntax comment is built: without FROM there is no base either',
    file: 'from-inside-syntax-comment',
    copies: ['app.elf -> /unikernel/app.elf'],
    labels: { binary: '/unikernel/app.elf', unikernelType: 'unikraft', hypervisor: 'qemu' },
  },
  {
    name: 'several stages are read, but for the error at RUN',
    file: 'multi-stage',
    from: ['golang.example/go:1.24', 'kernels.example/linux:6', 'scratch'],
    copies: ['. -> .', '--from=0 /out/app -> /app', '--from=1 /boot/vmlinuz -> /boot/vmlinuz'],
    labels: { binary: '/boot/vmlinuz', unikernelType: 'linux', hypervisor: 'qemu' },
    entrypoint: ['/app'],
    errors: ['5:1 UNSUPPORTED'],
  },
  {
    name: 'ARCH is an error',
    file: 'arch-instruction',
    from: ['scratch'],
    copies: ['app.spt -> /unikernel/app.spt'],
    labels: { binary: '/unikernel/app.spt', cmdline: '', unikernelType: 'mirage', hypervisor: 'spt' },
    errors: ['2:1 UNSUPPORTED'],
  },
  {
    name: 'folders, relative destinations and sources with .. are left to the build context',
    file: 'destinations',
    from: ['scratch'],
    copies: ['kernel -> .', './rootfs -> ./', 'data/ -> /', 'conf -> /etc/', '../common/file -> /common'],
    labels: { binary: '/kernel', unikernelType: 'unikraft', hypervisor: 'firecracker' },
  },
  {
    name: 'empty values, apostrophes, backticks and JSON are built, with a warning of quotes that go',
    file: 'odd-values',
    from: ['scratch'],
    copies: ['app -> /unikernel/app'],
    labels: {
      binary: '/unikernel/app',
      unikernelType: 'rumprun',
      hypervisor: 'spt',
      initrd: '',
      block: '',
      blkMntPoint: "it's `here`",
      cmdline: '{cmdline:app,net:{if:ukvmif0}}',
      useDMBlock: '{"use":false}',
    },
    warnings: ['9:37 SYNTAX'],
  },
  {
    name: 'an unquoted kernel command line is an error at its second word, a harmless one a warning',
    file: 'unquoted-kernel-arguments',
    from: ['scratch'],
    copies: ['bzImage -> /kernel'],
    labels: {
      binary: '/kernel',
      unikernelType: 'linux',
      hypervisor: 'qemu',
      cmdline: 'console=ttyS0',
      root: '/dev/vda',
      version: '6.12 long term',
    },
    errors: ['6:49 SYNTAX'],
    warnings: ['7:42 SYNTAX'],
  },
  {
    name: 'a byte order mark, CRLF, tabs, lower case and no final newline are built',
    file: 'windows-editor',
    from: ['scratch'],
    copies: ['app.elf -> /app.elf'],
    labels: { cmdline: 'a  b\tc', binary: '/app.elf' },
    cmd: ['a', 'b'],
  },
  {
    name: 'a YAML file is one error',
    file: 'bunnyfile',
    copies: [],
    labels: {},
    errors: ['2:1 SYNTAX'],
  },
  {
    name: 'several quoted labels in one instruction and shell forms are built',
    file: 'shell-form',
    from: ['scratch'],
    copies: ['vmlinux -> /boot/vmlinux'],
    labels: { binary: '/boot/vmlinux', unikernelType: 'linux', hypervisor: 'firecracker' },
    entrypoint: ['/sbin/init', '--name', 'two words'],
    cmd: ['serve', '--port', '80'],
  },
];

function argumentsOf(instructions: Listed['instructions'], type: 'cmd' | 'entrypoint') {
  return instructions.flatMap((instruction) =>
    instruction.type === type ? argumentWords(instruction.arguments) : [],
  );
}

describe('Containerfiles as people write them', () => {
  for (const shape of shapes) {
    it(shape.name, () => {
      const bytes = readFileSync(`${folder}${shape.file}.Containerfile`);
      const { instructions, errors, warnings } = parse(bytes);
      assert.deepEqual(places(errors), shape.errors ?? []);
      assert.deepEqual(places(warnings), shape.warnings ?? []);
      assert.deepEqual(
        instructions.flatMap((instruction) =>
          instruction.type === 'from'
            ? [
                instruction.platform === undefined
                  ? instruction.image
                  : `--platform=${instruction.platform} ${instruction.image}`,
              ]
            : [],
        ),
        shape.from ?? [],
      );
      assert.deepEqual(
        instructions.flatMap((instruction) =>
          instruction.type === 'copy'
            ? [
                (instruction.from === undefined ? '' : `--from=${instruction.from.stage} `) +
                  `${instruction.sources.map(({ path }) => path).join(' ')} -> ${instruction.destination}`,
              ]
            : [],
        ),
        shape.copies,
      );
      const pairs = instructions.flatMap((instruction) =>
        instruction.type === 'label' ? instruction.pairs : [],
      );
      assert.deepEqual(
        Object.fromEntries(pairs.map(({ key, value }) => [key.replace(prefix, ''), value])),
        shape.labels,
      );
      assert.deepEqual(argumentsOf(instructions, 'entrypoint'), shape.entrypoint ?? []);
      assert.deepEqual(argumentsOf(instructions, 'cmd'), shape.cmd ?? []);
    });
  }

  it('are all tried', () => {
    const files = shapes.map(({ file }) => `${file}.Containerfile`);
    assert.deepEqual(readdirSync(folder).sort(), files.sort());
  });
});

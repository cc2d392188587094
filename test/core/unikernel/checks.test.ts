import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Position } from '../../../src/core/errors.ts';
import { checkLabels, checkPaths } from '../../../src/core/unikernel/checks.ts';
import type { LabelInput } from '../../../src/core/unikernel/labels.ts';
import { rootfsPath } from '../../../src/core/unikernel/label-paths.ts';

const at = (line: number): Position => ({ file: 'Containerfile', line, column: 7 });
const prefix = 'com.urunc.unikernel.';

type Given = Readonly<Record<string, string>>;

/** Pairs of short names (a full name has a slash or a dot in it), the first on line 1. */
function pairs(given: Given): LabelInput[] {
  return Object.entries(given).map(([name, value], index) => ({
    key: name.includes('.') ? name : prefix + name,
    value,
    position: at(index + 1),
  }));
}

describe('checkLabels', () => {
  const fine: [name: string, given: Given][] = [
    ['no label', {}],
    [
      'all that urunc reads of an image',
      {
        unikernelType: 'linux',
        hypervisor: 'qemu',
        binary: '/unikernel/vmlinux-6.1_x86',
        cmdline: 'console=ttyS0 "quoted" <&>',
        version: '6.1',
        unikernelVersion: '6.1',
        initrd: 'initrd.cpio',
        block: '/disk.img',
        blkMntPoint: '/',
        mountRootfs: 'T',
        solo5NetDev: 'service0',
        solo5BlkDev: 'x'.repeat(67),
      },
    ],
    [
      'empty values of what is optional',
      {
        initrd: '',
        block: '',
        blkMntPoint: '',
        mountRootfs: '',
        solo5NetDev: '',
        vAccel: '',
        RPCAddress: '',
      },
    ],
    ['labels of others', { 'org.opencontainers.image.title': 'x', 'com.urunc.other': 'y' }],
    ['useDMBlock for old releases beside mountRootfs', { useDMBlock: 'true', mountRootfs: 'true' }],
    ['a label of exactly 4096 bytes', { cmdline: 'x'.repeat(4096 - prefix.length - 'cmdline'.length) }],
    [
      'words that are base64 by chance',
      { cmdline: 'unikraft', version: '20240101abcd', binary: '/unikernel/kernel', hypervisor: 'qemu' },
    ],
    ['a short word that could be base64 for "abc"', { cmdline: 'YWJj' }],
    ['no rootfs for mirage', { mountRootfs: 'false', unikernelType: 'mirage' }],
    ['the rootfs for rumprun', { mountRootfs: 'true', unikernelType: 'rumprun' }],
    ['an empty label for the rootfs of hermit', { mountRootfs: '', unikernelType: 'hermit' }],
    ['spt with mirage', { hypervisor: 'spt', unikernelType: 'mirage' }],
    ['qemu with hermit', { hypervisor: 'qemu', unikernelType: 'hermit' }],
    ['firecracker with unikraft', { hypervisor: 'firecracker', unikernelType: 'unikraft' }],
    ['hyperlight-unikraft with unikraft', { hypervisor: 'hyperlight-unikraft', unikernelType: 'unikraft' }],
    ['cloud-hypervisor with linux', { hypervisor: 'cloud-hypervisor', unikernelType: 'linux' }],
  ];
  for (const [name, given] of fine) {
    it(`says nothing of ${name}`, () => {
      assert.deepEqual(checkLabels(pairs(given)), []);
    });
  }

  // Each of these is one warning; its text shows which.
  const wrong: [name: string, given: Given, line: number, text: RegExp][] = [
    ['rumprun on qemu', { unikernelType: 'rumprun', hypervisor: 'qemu' }, 2, /"rumprun" on hvt and spt/],
    ['linux on hvt', { hypervisor: 'hvt', unikernelType: 'linux' }, 1, /rumprun and mirage on "hvt"/],
    [
      'a type that is not known',
      { hypervisor: 'hvt', unikernelType: 'freebsd' },
      2,
      /rumprun and mirage on "hvt"/,
    ],
    [
      'a hypervisor that is not known',
      { hypervisor: 'hyperlight', unikernelType: 'unikraft' },
      1,
      /hyperlight-unikraft/,
    ],
    ['neither known', { hypervisor: 'hedge', unikernelType: 'osv' }, 1, /linux on cloud-hypervisor; /],
    ['a space in a path', { binary: '/my kernel' }, 1, /only letters/],
    ['a letter that is not ASCII in a path', { initrd: '/é' }, 1, /only letters/],
    ['two slashes', { binary: '/a//b' }, 1, /Write "\/a\/b"/],
    ['a slash at the end', { block: '/disk/', blkMntPoint: '/' }, 1, /Write "\/disk"/],
    ['a dot in the middle', { binary: '/a/./b' }, 1, /Write "\/a\/b"/],
    ['a dot at the start', { binary: './a' }, 1, /Write "\/a"/],
    ['dots in the middle', { binary: '/a/../b' }, 1, /Write "\/b"/],
    ['dots at the start', { binary: '../b' }, 1, /Write "\/b"/],
    ['a name that starts with dots', { binary: '..b' }, 1, /no "\.\." at the start/],
    ['a hyphen at the start', { binary: '-kernel' }, 1, /no "-" at the start/],
    ['the root as a file', { binary: '/' }, 1, /Name a file/],
    ['a dot alone', { initrd: '.' }, 1, /Name a file/],
    ['a dot as a mount point', { block: '/d', blkMntPoint: '.' }, 2, /Write "\/"/],
    ['a path of 4097 bytes', { binary: '/' + 'x'.repeat(4096) }, 1, /at most 4096 bytes in "com.*got 4097/],
    ['a path of 4096 bytes', { binary: '/' + 'x'.repeat(4095) }, 1, /containerd drops/],
    [
      'a version of 4097 bytes',
      { unikernelVersion: 'é'.repeat(2048) + 'x' },
      1,
      /got 4097.*urunc v0\.8 refuses/,
    ],
    ['a label of 4097 bytes', { cmdline: 'x'.repeat(4097 - 27) }, 1, /got 4097.*containerd drops/],
    ['a long label of others', { 'org.example.text': 'x'.repeat(5000) }, 1, /containerd drops/],
    ['a boolean in words', { mountRootfs: 'yes' }, 1, /"true" or "false".*got "yes"/],
    ['a boolean in mixed case', { mountRootfs: 'tRUE' }, 1, /got "tRUE"/],
    ['a boolean with a space', { mountRootfs: 'true ' }, 1, /got "true "/],
    ['a misspelt key', { hypervizor: 'qemu' }, 1, /Write "com\.urunc\.unikernel\.hypervisor"/],
    ['a key in another case', { Binary: '/k' }, 1, /Write "com\.urunc\.unikernel\.binary"/],
    ['a longer form of a key', { blkMountPoint: '/' }, 1, /Write "com\.urunc\.unikernel\.blkMntPoint"/],
    ['a misspelt prefix', { 'com.urunc.unikernl.binary': '/k' }, 1, /Write "com\.urunc\.unikernel\.binary"/],
    ['a key of other tools', { type: 'linux' }, 1, /Write "com\.urunc\.unikernel\.unikernelType"/],
    ['the key of a kernel', { kernel: '/k' }, 1, /Write "com\.urunc\.unikernel\.binary"/],
    ['a key like no other', { colour: 'red' }, 1, /one of unikernelType, hypervisor, .* and solo5BlkDev/],
    ['useDMBlock', { useDMBlock: 'true' }, 1, /after v0\.5.*Write "com\.urunc\.unikernel\.mountRootfs"/],
    [
      'block without a mount point',
      { block: '/disk.img' },
      1,
      /Add LABEL com\.urunc\.unikernel\.blkMntPoint=/,
    ],
    ['block with an empty mount point', { blkMntPoint: '', block: '/disk.img' }, 2, /beside/],
    ['a device name with a hyphen', { solo5NetDev: 'net-0' }, 1, /1 to 67 letters/],
    ['a device name of 68 letters', { solo5BlkDev: 'x'.repeat(68) }, 1, /1 to 67 letters/],
    ['vAccel', { vAccel: 'vsock' }, 1, /from the operator of urunc/],
    ['the address of a vAccel agent', { RPCAddress: 'vsock://2:1' }, 1, /from the operator of urunc/],
    [
      'the rootfs for mirage',
      { mountRootfs: 'true', unikernelType: 'mirage' },
      1,
      /no "com\.urunc\.unikernel\.mountRootfs" with the unikernelType "mirage".*v0\.7/,
    ],
    ['the rootfs for mewz', { mountRootfs: '1', unikernelType: 'mewz' }, 1, /"mewz", got "1"/],
    ['the rootfs for hermit', { mountRootfs: 'T', unikernelType: 'hermit' }, 1, /"hermit", got "T"/],
    ['a relative binary', { binary: 'unikernel/app' }, 1, /Write "\/unikernel\/app": urunc v0\.5/],
    ['a hypervisor in base64', { hypervisor: 'cWVtdQ==', unikernelType: 'unikraft' }, 1, /Write "qemu"/],
    [
      'a hypervisor in base64 with a newline',
      { hypervisor: 'cWVtdQo=', unikernelType: 'linux' },
      1,
      /Write "qemu"/,
    ],
    ['a short hypervisor in base64', { hypervisor: 'aHZ0', unikernelType: 'rumprun' }, 1, /Write "hvt"/],
    ['a type in base64', { hypervisor: 'hvt', unikernelType: 'cnVtcHJ1bg==' }, 2, /Write "rumprun"/],
    [
      'a path in base64',
      { binary: 'L3VuaWtlcm5lbC90ZXN0LXJlZGlzLmh2dA==' },
      1,
      /Write "\/unikernel\/test-redis\.hvt"/,
    ],
    ['a boolean in base64', { mountRootfs: 'dHJ1ZQ==' }, 1, /Write "true"/],
    ['a command line in base64', { cmdline: 'cmVkaXMtc2VydmVyIC9k' }, 1, /Write "redis-server \/d"/],
  ];
  for (const [name, given, line, text] of wrong) {
    it(`warns of ${name}`, () => {
      const problems = checkLabels(pairs(given));
      assert.deepEqual(
        problems.map(({ code, position }) => ({ code, position })),
        [{ code: 'LABEL_INVALID', position: at(line) }],
      );
      const [problem] = problems;
      assert.match(`${problem?.message ?? ''} ${problem?.hint ?? ''}`, text);
    });
  }

  it('looks only at the label that counts', () => {
    const [wrongPair, rightPair] = [pairs({ mountRootfs: 'yes' }), pairs({ mountRootfs: 'true' })];
    assert.deepEqual(checkLabels([...wrongPair, ...rightPair]), []);
    assert.equal(checkLabels([...rightPair, ...wrongPair]).length, 1);
  });

  it('warns of vAccel and of its address, each at its place', () => {
    const problems = checkLabels(
      pairs({ hypervisor: 'qemu', vAccel: 'vsock', RPCAddress: 'vsock://2:8888' }),
    );
    assert.deepEqual(
      problems.map(({ position }) => position?.line),
      [2, 3],
    );
  });

  it('has no place for a label of the command line', () => {
    const [problem] = checkLabels([{ key: `${prefix}mountRootfs`, value: 'yes' }]);
    assert.ok(problem !== undefined && !('position' in problem));
  });

  it('reports everything that is wrong in one run', () => {
    const given = { binary: '/a b//c', mountRootfs: 'yes', colour: 'red', block: '/d' };
    assert.deepEqual(
      checkLabels(pairs(given)).map(({ position }) => position?.line),
      [1, 1, 2, 3, 4],
    );
  });

  it('writes every message on one line, cut to a length', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constant('\u001b[2J\n::error::x'.repeat(500)));
    const names = fc.constantFrom(
      'binary',
      'hypervisor',
      'unikernelType',
      'mountRootfs',
      'vAccel',
      'RPCAddress',
      'x.y',
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(names, text)), (given) => {
        for (const { message, hint } of checkLabels(pairs(Object.fromEntries(given)))) {
          assert.match(message, /^[^\p{Cc}]{1,500}$/u);
          assert.match(hint ?? '', /^[^\p{Cc}]{1,500}$/u);
        }
      }),
    );
  });
});

describe('checkPaths', () => {
  const provides = (path: string) => ['rootfs.cpio', 'images/disk.img'].includes(path);

  const cases: [name: string, given: Given, lines: number[]][] = [
    ['files that are there', { initrd: '/rootfs.cpio', block: 'images/disk.img' }, []],
    ['a file that is there by another spelling', { initrd: '//a/../rootfs.cpio' }, []],
    ['files that are not there', { initrd: '/initrd.cpio', block: '/disk.img' }, [1, 2]],
    ['empty labels', { initrd: '', block: '' }, []],
    ['other paths', { binary: '/nowhere', blkMntPoint: '/data' }, []],
  ];
  for (const [name, given, lines] of cases) {
    it(`looks for ${name}`, () => {
      const problems = checkPaths(pairs(given), provides);
      assert.deepEqual(
        problems.map(({ code, position }) => ({ code, position })),
        lines.map((line) => ({ code: 'LABEL_INVALID', position: at(line) })),
      );
    });
  }
});

describe('rootfsPath', () => {
  const cases: [path: string, expected: string][] = [
    ['/unikernel/kernel', 'unikernel/kernel'],
    ['unikernel/kernel', 'unikernel/kernel'],
    ['/./a//b/', 'a/b'],
    ['/a/../../b', 'b'],
    ['/', ''],
    ['', ''],
  ];
  for (const [path, expected] of cases) {
    it(`takes "${path}" for "${expected}"`, () => {
      assert.equal(rootfsPath(path), expected);
    });
  }
});

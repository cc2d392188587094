// Where the root file system of a guest is, in urunc's order.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chooseRoot, sharedRoots } from '../../../src/core/monitor/guest-root.ts';
import type { GuestRoot, RootRequest } from '../../../src/core/monitor/guest-root.ts';

const plain: RootRequest = {
  monitor: 'qemu',
  type: 'linux',
  version: '',
  initrd: '',
  block: '',
  blkMntPoint: '',
  mountsRootfs: false,
  drivers: () => Promise.resolve(undefined),
  canShare: true,
};

const withDrivers = (has9p: boolean, hasBlock: boolean) => () => Promise.resolve({ has9p, hasBlock });

const noShare = "QEMU on this system can't share a folder";
const no9p = 'the kernel has no 9p over virtio built in';
const noBlock = 'the kernel has no disk of virtio built in';

const made = (kind: GuestRoot['kind'], why?: string): GuestRoot => ({
  kind,
  isMade: true,
  ...(why === undefined ? {} : { why }),
});
const own = (kind: GuestRoot['kind']): GuestRoot => ({ kind, isMade: false });

/** For types whose kernel is not looked into. */
const untouched = () => Promise.reject(new Error('the kernel is not to be looked into'));

describe('the root file system', () => {
  const rows: readonly [name: string, request: Partial<RootRequest>, root: GuestRoot][] = [
    ['nothing', {}, own('none')],
    [
      'an initrd before all else',
      { initrd: '/i', block: '/b', blkMntPoint: '/', mountsRootfs: true },
      own('initrd'),
    ],
    ['a block device at /', { block: '/b', blkMntPoint: '/', mountsRootfs: true }, own('block')],
    ['no block device elsewhere', { block: '/b', blkMntPoint: '/data' }, own('none')],
    ['no place without a block device', { blkMntPoint: '/' }, own('none')],
    [
      "the image's files beside a block device elsewhere",
      { block: '/b', blkMntPoint: '/data', mountsRootfs: true },
      made('9p'),
    ],
    ['9p for a kernel that nobody can look into', { mountsRootfs: true }, made('9p')],
    ['9p for a kernel that has it', { mountsRootfs: true, drivers: withDrivers(true, true) }, made('9p')],
    [
      '9p for a kernel that has nothing else',
      { mountsRootfs: true, drivers: withDrivers(true, false) },
      made('9p'),
    ],
    [
      'an initrd for a kernel without',
      { mountsRootfs: true, drivers: withDrivers(false, true) },
      made('initrd', no9p),
    ],
    [
      'an initrd on Windows',
      { mountsRootfs: true, canShare: false, drivers: untouched },
      made('initrd', noShare),
    ],
    ['a block image for firecracker', { monitor: 'firecracker', mountsRootfs: true }, made('block')],
    [
      'a block image for firecracker on Windows too',
      {
        monitor: 'firecracker',
        mountsRootfs: true,
        canShare: false,
        drivers: withDrivers(false, true),
      },
      made('block'),
    ],
    [
      'an initrd there without a driver',
      { monitor: 'firecracker', mountsRootfs: true, drivers: withDrivers(true, false) },
      made('initrd', noBlock),
    ],
    [
      '9p for Unikraft, whose kernel is not looked into',
      { type: 'unikraft', mountsRootfs: true, version: '0.17.0', drivers: untouched },
      made('9p'),
    ],
    ['9p for a Unikraft of no version', { type: 'unikraft', mountsRootfs: true }, made('9p')],
    [
      '9p for a Unikraft of a branch',
      { type: 'unikraft', mountsRootfs: true, version: 'stable-1' },
      made('9p'),
    ],
    [
      '9p from the first release that has it',
      { type: 'unikraft', mountsRootfs: true, version: 'v0.16.1' },
      made('9p'),
    ],
    [
      'an initrd for a Unikraft before it',
      { type: 'unikraft', mountsRootfs: true, version: 'v0.16.0' },
      made('initrd'),
    ],
    [
      'an initrd for an old Unikraft',
      { type: 'unikraft', mountsRootfs: true, version: '0.15.0' },
      made('initrd'),
    ],
    [
      'an initrd for Unikraft on firecracker',
      { type: 'unikraft', monitor: 'firecracker', mountsRootfs: true, version: '0.17.0' },
      made('initrd'),
    ],
    [
      'a block image for rumprun',
      { type: 'rumprun', monitor: 'hvt', mountsRootfs: true, drivers: untouched },
      made('block'),
    ],
    ['what somebody wants, over all labels', { initrd: '/i', block: '/b', wanted: 'block' }, made('block')],
    ['9p when it is wanted', { initrd: '/i', wanted: '9p' }, made('9p')],
    [
      'an initrd on firecracker when it is wanted',
      { monitor: 'firecracker', wanted: 'initrd' },
      made('initrd'),
    ],
    ['an initrd without 9p when it is wanted', { canShare: false, wanted: 'initrd' }, made('initrd')],
  ];
  for (const [name, request, root] of rows) {
    it(`is ${name}`, async () => {
      assert.deepEqual(await chooseRoot({ ...plain, ...request }), root);
    });
  }

  const refused: readonly [
    name: string,
    request: Partial<RootRequest>,
    code: string,
    message: string,
    hint: RegExp,
  ][] = [
    [
      'a block device without a place',
      { block: '/b' },
      'LABEL_MISSING',
      'missing label "com.urunc.unikernel.blkMntPoint" beside "com.urunc.unikernel.block"',
      /such as "\/"/,
    ],
    [
      'a block device without a place beside an initrd',
      { block: '/b', initrd: '/i' },
      'LABEL_MISSING',
      'missing label "com.urunc.unikernel.blkMntPoint" beside "com.urunc.unikernel.block"',
      /such as "\/"/,
    ],
    [
      'the files of the image for MirageOS',
      { type: 'mirage', mountsRootfs: true },
      'INPUT_INVALID',
      '"com.urunc.unikernel.mountRootfs" is true, and a guest of the type "mirage" takes no root file system',
      /^Remove the label/,
    ],
    [
      '9p on firecracker',
      { monitor: 'firecracker', wanted: '9p' },
      'INPUT_INVALID',
      'expected no root file system over 9p: "linux" takes none on firecracker',
      /^What it takes: block, initrd\.$/,
    ],
    [
      '9p on Windows',
      { wanted: '9p', canShare: false },
      'INPUT_INVALID',
      `expected no root file system over 9p: ${noShare}`,
      /^What it takes: initrd, block\.$/,
    ],
    [
      'a block image for Unikraft',
      { type: 'unikraft', wanted: 'block' },
      'INPUT_INVALID',
      'expected no root file system over block: "unikraft" takes none on qemu',
      /^What it takes: 9p, initrd\.$/,
    ],
    [
      'anything for MirageOS',
      { type: 'mirage', wanted: 'initrd' },
      'INPUT_INVALID',
      'expected no root file system over initrd: "mirage" takes none on qemu',
      /^Leave it out\.$/,
    ],
    [
      'an initrd for rumprun',
      { type: 'rumprun', monitor: 'spt', wanted: 'initrd' },
      'INPUT_INVALID',
      'expected no root file system over initrd: "rumprun" takes none on spt',
      /^What it takes: block\.$/,
    ],
  ];
  for (const [name, request, code, message, hint] of refused) {
    it(`is not ${name}`, async () => {
      await assert.rejects(chooseRoot({ ...plain, ...request }), { code, message, hint });
    });
  }

  it('may be one of three', () => {
    assert.deepEqual(sharedRoots, ['9p', 'block', 'initrd']);
  });
});

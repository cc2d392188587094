// Where the root file system of a guest is, in urunc's order.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chooseRoot } from '../../../src/core/monitor/guest-root.ts';
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

describe('the root file system', () => {
  const rows: readonly [name: string, request: Partial<RootRequest>, root: Partial<GuestRoot>][] = [
    ['nothing', {}, { kind: 'none', isMade: false }],
    [
      'an initrd before all else',
      { initrd: '/i', block: '/b', blkMntPoint: '/', mountsRootfs: true },
      { kind: 'initrd', isMade: false },
    ],
    [
      'a block device at /',
      { block: '/b', blkMntPoint: '/', mountsRootfs: true },
      { kind: 'block', isMade: false },
    ],
    ['no block device elsewhere', { block: '/b', blkMntPoint: '/data' }, { kind: 'none' }],
    ['9p for a kernel that nobody can look into', { mountsRootfs: true }, { kind: '9p', isMade: true }],
    ['9p for a kernel that has it', { mountsRootfs: true, drivers: withDrivers(true, true) }, { kind: '9p' }],
    [
      'an initrd for a kernel without',
      { mountsRootfs: true, drivers: withDrivers(false, true) },
      { kind: 'initrd', isMade: true, why: 'the kernel has no 9p over virtio built in' },
    ],
    ['an initrd on Windows', { mountsRootfs: true, canShare: false }, { kind: 'initrd', isMade: true }],
    [
      'a block image for firecracker',
      { monitor: 'firecracker', mountsRootfs: true },
      { kind: 'block', isMade: true },
    ],
    [
      'an initrd there without a driver',
      { monitor: 'firecracker', mountsRootfs: true, drivers: withDrivers(true, false) },
      { kind: 'initrd' },
    ],
    ['9p for Unikraft', { type: 'unikraft', mountsRootfs: true, version: '0.17.0' }, { kind: '9p' }],
    [
      'an initrd for an old Unikraft',
      { type: 'unikraft', mountsRootfs: true, version: '0.15.0' },
      { kind: 'initrd', isMade: true },
    ],
    [
      'a block image for rumprun',
      { type: 'rumprun', monitor: 'hvt', mountsRootfs: true },
      { kind: 'block', isMade: true },
    ],
    [
      'what somebody wants, over all labels',
      { initrd: '/i', wanted: 'block' },
      { kind: 'block', isMade: true },
    ],
  ];
  for (const [name, request, root] of rows) {
    it(`is ${name}`, async () => {
      const found = await chooseRoot({ ...plain, ...request });
      assert.deepEqual({ ...found, ...root }, found);
    });
  }

  const refused: readonly [name: string, request: Partial<RootRequest>, code: string][] = [
    ['a block device without a place', { block: '/b' }, 'LABEL_MISSING'],
    ['the files of the image for MirageOS', { type: 'mirage', mountsRootfs: true }, 'INPUT_INVALID'],
    ['9p on firecracker', { monitor: 'firecracker', wanted: '9p' }, 'INPUT_INVALID'],
    ['9p on Windows', { wanted: '9p', canShare: false }, 'INPUT_INVALID'],
  ];
  for (const [name, request, code] of refused) {
    it(`is not ${name}`, async () => {
      await assert.rejects(chooseRoot({ ...plain, ...request }), { code });
    });
  }
});

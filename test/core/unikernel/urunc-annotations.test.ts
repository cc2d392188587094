import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  annotations,
  readUruncKey,
  uruncKeys,
  uruncNames,
} from '../../../src/core/unikernel/urunc-annotations.ts';

describe('uruncKeys', () => {
  // Misspelling one here would make bima write or accept a label that urunc never reads.
  it('spells the names as urunc does', () => {
    assert.deepEqual(Object.values(uruncKeys).sort(), [
      'com.urunc.unikernel.RPCAddress',
      'com.urunc.unikernel.binary',
      'com.urunc.unikernel.blkMntPoint',
      'com.urunc.unikernel.block',
      'com.urunc.unikernel.cmdline',
      'com.urunc.unikernel.hypervisor',
      'com.urunc.unikernel.initrd',
      'com.urunc.unikernel.mountRootfs',
      'com.urunc.unikernel.solo5BlkDev',
      'com.urunc.unikernel.solo5NetDev',
      'com.urunc.unikernel.unikernelType',
      'com.urunc.unikernel.unikernelVersion',
      'com.urunc.unikernel.useDMBlock',
      'com.urunc.unikernel.vAccel',
      'com.urunc.unikernel.version',
    ]);
  });

  it('names each key after its last part', () => {
    for (const name of uruncNames) assert.equal(uruncKeys[name].split('.').at(-1), name);
  });

  it('is read back', () => {
    for (const name of uruncNames) assert.equal(readUruncKey(uruncKeys[name]), name);
    assert.equal(readUruncKey('binary'), undefined);
    assert.equal(readUruncKey('com.urunc.unikernel.Binary'), undefined);
  });
});

describe('annotations', () => {
  it('never ends the life of an annotation before its start', () => {
    for (const { since = '0.0', until = '9.9' } of Object.values(annotations)) assert.ok(since <= until);
  });
});

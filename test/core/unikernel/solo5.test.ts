// Solo5's notes, put together word by word (Solo5, include/elf_abi.h and include/mft_abi.h).

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ElfNote } from '../../../src/core/unikernel/elf-notes.ts';
import { readSolo5 } from '../../../src/core/unikernel/solo5.ts';
import { words } from '../../support/sections-elf.ts';

const [abiType, manifestType, reserved] = [0x31494241, 0x3154464d, 0x40000000];

const note = (type: number, description: Uint8Array, part: Partial<ElfNote> = {}): ElfNote => ({
  name: 'Solo5',
  type,
  description,
  isFirst: true,
  ...part,
});

const abi = (target: number, version = 2) => note(abiType, words(target, version, 0, 0));

interface Device {
  readonly name?: string | undefined;
  readonly type?: number | undefined;
  /** Bytes at their offsets in the entry. */
  readonly bytes?: Readonly<Record<number, number>>;
}

function entry({ name = '', type = reserved, bytes = {} }: Device): Buffer {
  const found = Buffer.alloc(104);
  found.write(name, 0, 'latin1');
  found.writeUInt32LE(type, 68);
  for (const [at, byte] of Object.entries(bytes)) found.writeUInt8(byte, Number(at));
  return found;
}

/** A padding word, the version, the number of entries, and the entries. */
function manifest(
  devices: readonly Device[],
  version = 1,
  count = devices.length + 1,
  first: Device = {},
): ElfNote {
  return note(manifestType, Buffer.concat([words(0, version, count), entry(first), ...devices.map(entry)]));
}

const [net, block] = [
  { name: 'uplink', type: 2 },
  { name: 'storage', type: 1 },
];

describe('readSolo5', () => {
  it('reads target, ABI and devices', () => {
    assert.deepEqual(readSolo5([abi(1), manifest([net, block])], false), {
      target: 'hvt',
      abiVersion: 2,
      devices: [
        { type: 'net', name: 'uplink' },
        { type: 'block', name: 'storage' },
      ],
      isFoundByTender: true,
      damage: [],
    });
  });

  it('knows the targets by their numbers', () => {
    const targetOf = (target: number) => readSolo5([abi(target), manifest([])], false)?.target;
    assert.deepEqual([1, 2, 3, 4, 5, 6].map(targetOf), ['hvt', 'spt', 'virtio', 'muen', 'genode', 'xen']);
    for (const target of [0, 7]) {
      assert.deepEqual(readSolo5([abi(target), manifest([])], false), {
        abiVersion: 2,
        devices: [],
        isFoundByTender: true,
        damage: ["Solo5's ABI note"],
      });
    }
  });

  it('takes notes of Solo5 alone', () => {
    const others = [
      note(abiType, words(1, 2), { name: 'GNU' }),
      note(1, words(1, 2)),
      note(manifestType, manifest([net]).description, { name: 'x' }),
    ];
    assert.equal(readSolo5(others, false), undefined);
    assert.equal(readSolo5([], false), undefined);
    assert.equal(readSolo5([...others, abi(2), manifest([block])], false)?.target, 'spt');
  });

  it('says that the notes are missing where the interpreter is Solo5’s', () => {
    assert.deepEqual(readSolo5([], true), { isFoundByTender: false, damage: ["Solo5's notes"] });
  });

  it('says which of the two is missing', () => {
    assert.deepEqual(readSolo5([abi(1)], true), {
      target: 'hvt',
      abiVersion: 2,
      isFoundByTender: false,
      damage: ["Solo5's manifest"],
    });
    assert.deepEqual(readSolo5([manifest([net])], true), {
      devices: [{ type: 'net', name: 'uplink' }],
      isFoundByTender: false,
      damage: ["Solo5's ABI note"],
    });
  });

  it('says that the ABI note is cut short', () => {
    assert.deepEqual(readSolo5([note(abiType, words(1)), manifest([])], false), {
      target: 'hvt',
      devices: [],
      isFoundByTender: true,
      damage: ["Solo5's ABI note"],
    });
  });

  it('is found by a tender where both notes are the first of their segments', () => {
    const isFound = (one: boolean, other: boolean) =>
      readSolo5(
        [
          { ...abi(1), isFirst: one },
          { ...manifest([]), isFirst: other },
        ],
        false,
      )?.isFoundByTender;
    assert.deepEqual([isFound(true, true), isFound(true, false), isFound(false, true)], [true, false, false]);
  });

  it('has 64 entries at most, the reserved one among them', () => {
    const devices = (count: number) =>
      Array.from({ length: count }, (_, at) => ({ name: `n${at}`, type: 2 }));
    assert.equal(readSolo5([abi(1), manifest(devices(63))], false)?.devices?.length, 63);
    assert.equal(readSolo5([abi(1), manifest(devices(64))], false)?.devices, undefined);
  });

  it('may have a name of any length that ends', () => {
    const [longest, tooLong] = ['n'.repeat(67), 'n'.repeat(68)];
    const read = (name: string) => readSolo5([abi(1), manifest([{ name, type: 2 }])], false)?.devices;
    assert.deepEqual(read(longest), [{ type: 'net', name: longest }]);
    assert.equal(read(tooLong), undefined);
  });

  const damaged: readonly (readonly [name: string, manifest: ElfNote])[] = [
    ['another version', manifest([net], 2)],
    ['no version', note(manifestType, words(0))],
    ['no entries', note(manifestType, words(0, 1, 0))],
    ['more entries than it holds', manifest([net], 1, 3)],
    ['fewer entries than it holds', manifest([net], 1, 1)],
    ['a first entry of another type', manifest([net], 1, 2, { type: 2 })],
    ['a first entry with a name', manifest([net], 1, 2, { name: 'x' })],
    ['a name of other characters', manifest([{ name: 'up-link', type: 2 }])],
    ['a name that begins so', manifest([{ name: '-uplink', type: 2 }])],
    ['a name that ends so', manifest([{ name: 'uplink-', type: 2 }])],
    ['no name', manifest([{ type: 2 }])],
    ['another type', manifest([{ name: 'x', type: 3 }])],
    ['the type 0', manifest([{ name: 'x', type: 0 }])],
    ['a device that is attached', manifest([{ ...net, bytes: { 96: 1 } }])],
    ['something in the last byte of a name', manifest([{ ...net, bytes: { 67: 1 } }])],
  ];
  for (const [name, found] of damaged) {
    it(`says that a manifest is damaged: ${name}`, () => {
      assert.deepEqual(readSolo5([abi(1), found], false), {
        target: 'hvt',
        abiVersion: 2,
        isFoundByTender: true,
        damage: ["Solo5's manifest"],
      });
    });
  }
});

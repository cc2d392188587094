// What damage does to those who read headers: nothing. Everything that is read of a file, a build would read; as many as
// BIMA_DAMAGE says, by the seed in BIMA_DAMAGE_SEED.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import * as zlib from 'node:zlib';
import { unpackPayload } from '../../../src/adapters/layers/unpack-payload.ts';
import { streamOf } from '../../../src/core/oci/blob.ts';
import { detectPlatform } from '../../../src/core/unikernel/binary.ts';
import { checkBoot } from '../../../src/core/unikernel/boot-checks.ts';
import { bootVerdicts } from '../../../src/core/unikernel/bootable.ts';
import { findFault } from '../../../src/core/unikernel/content.ts';
import { describeDisk } from '../../../src/core/unikernel/disk-content.ts';
import { examineBinary } from '../../../src/core/unikernel/examine-binary.ts';
import { fillFromBinary } from '../../../src/core/unikernel/fill-labels.ts';
import { findSoftware } from '../../../src/core/unikernel/known-software.ts';
import { assemble, solo5 } from '../../support/assembled.ts';
import { bootable, elf, image, little } from '../../support/headers.ts';
import { elfOfSections, noteSection, words } from '../../support/sections-elf.ts';
import { chanceOf } from '../../support/seeded.ts';
import type { Chance } from '../../support/seeded.ts';
import { isInstalled } from '../../support/tools.ts';
import { unikraftElf } from '../../support/unikraft-elf.ts';

const count = Number(process.env.BIMA_DAMAGE ?? 5000);
const seed = process.env.BIMA_DAMAGE_SEED ?? 'damage';
/** Milliseconds of the processor, so that it doesn't count what else the machine has to do. */
const slow = 1000;

function spentSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

const hello = readFileSync(join(import.meta.dirname, '../../../examples/hello/hello-amd64'));
const arm = image(1000, { 56: 'ARM\x64', 600: 'Linux version 6.1.0-arm (x@y)\n' });

function bzImageWith(payload: Uint8Array): Uint8Array {
  const start = image(2560, {
    0x1f1: [1],
    0x202: 'HdrS',
    0x206: little(0x20f, 2),
    0x20e: little(0x400, 2),
    0x236: little(1, 2),
    0x238: little(2047, 4),
    0x248: little(2560 - 1024, 4),
    0x24c: little(payload.length, 4),
    0x600: '6.1.0 (a@b) #1 SMP Debian 6.1.187-1\0',
  });
  return Buffer.concat([start, payload]);
}

function zbootWith(payload: Uint8Array, method: string): Uint8Array {
  const parts = { 0: 'MZ', 4: 'zimg', 8: little(64, 4), 12: little(payload.length, 4), 24: `${method}\0` };
  return Buffer.concat([image(64, parts), payload]);
}

const packed = [
  zlib.gzipSync(arm),
  zlib.gzipSync(hello),
  bzImageWith(zlib.gzipSync(hello)),
  zbootWith(zlib.gzipSync(arm), 'gzip'),
  ...('zstdCompressSync' in zlib
    ? [bzImageWith(zlib.zstdCompressSync(hello)), zbootWith(zlib.zstdCompressSync(arm), 'zstd22')]
    : []),
];
const bare = [
  hello,
  unikraftElf({ libraries: Array.from({ length: 20 }, (_, at) => [`lib${at}`, '1.0', 'MIT'] as const) }),
  elfOfSections(
    [noteSection('HERMIT', 0x5a00, Uint8Array.of(4)), noteSection('GNU', 1, words(6, 0, 6, 7))],
    255,
  ),
  bootable(elf(32, 'little', 3)),
  bootable(elf(64, 'big', 62)),
  arm,
  bzImageWith(Uint8Array.of()),
  image(0x10100, { 0: '070701' }),
  image(0x10100, { 0x438: '\x53\xef', 0x10040: '_BHRfS_M', 1024: '\xe2\xe1\xf5\xe0' }),
];

/** With those that an assembler makes, where there is one. */
function originalsFor(test: TestContext): readonly Uint8Array[] {
  if (!isInstalled('x86_64-linux-gnu-as')) return bare;
  const oneSegment = { source: 'solo5', script: 'solo5-one-segment' } as const;
  const made = [
    solo5(test, { count: 3 }),
    assemble(test, { ...oneSegment, symbols: { target: 2, abi: 1, count: 1 } }),
    assemble(test, { source: 'unikraft' }),
  ];
  // What is damaged matters most in the notes.
  return [...bare, ...made, ...made];
}

/** Numbers at which sizes and offsets go wrong. */
const numbers = [0, 1, 5, 0x7f, 0xff, 0xffff, 0x10000, 0x7fff_ffff, 0x8000_0000, 0xffff_fff0, 0xffff_ffff];

function damage(original: Uint8Array, chance: Chance): Uint8Array {
  const bytes = Buffer.from(original);
  for (let left = chance.int(1, 5); left > 0; left -= 1) {
    // Most of what decides is at the start.
    const at = chance.int(0, (chance.isLuck(0.5) ? Math.min(bytes.length, 512) : bytes.length) - 1);
    if (chance.isLuck(0.5)) bytes[at] = chance.pick([0, 1, 0x7f, 0xff, chance.int(0, 255)]);
    else if (at + 8 <= bytes.length && chance.isLuck(0.3))
      bytes.writeBigUInt64LE((BigInt(chance.pick(numbers)) << 32n) | BigInt(chance.pick(numbers)), at);
    else if (at + 4 <= bytes.length) bytes.writeUInt32LE(chance.pick(numbers), at);
  }
  if (chance.isLuck(0.1)) return bytes.subarray(0, chance.int(0, bytes.length));
  if (!chance.isLuck(0.1)) return bytes;
  // One piece laid over another: tables that overlap.
  const [from, to] = [chance.int(0, bytes.length - 1), chance.int(0, bytes.length - 1)];
  bytes.copyWithin(to, from, from + chance.int(1, 200));
  return bytes;
}

const types = ['unikraft', 'mirage', 'rumprun', 'linux', 'hermit'];
const hypervisors = ['qemu', 'firecracker', 'cloud-hypervisor', 'hvt', 'spt'];

/** All that the command line and the action do with what a file says. */
async function readAsABuildDoes(bytes: Uint8Array, chance: Chance): Promise<void> {
  const openRange = (start: number, end: number) => streamOf(bytes.subarray(start, end));
  const file = {
    size: bytes.length,
    open: () => streamOf(bytes),
    ...(chance.isLuck(0.5) ? { openRange } : {}),
  };
  const binary = await examineBinary(file, { unpack: unpackPayload, isThorough: true });
  assert.ok(binary.format.length > 0);
  assert.equal(bootVerdicts(binary).length, hypervisors.length);
  assert.ok(detectPlatform(bytes).format.length > 0);
  findFault(bytes, bytes.length);
  const content = describeDisk(bytes);
  const pairs = Object.entries({
    unikernelType: chance.pick(types),
    hypervisor: chance.pick(hypervisors),
    binary: '/kernel',
    initrd: '/initrd',
    block: '/disk',
  }).map(([name, value]) => ({ key: `com.urunc.unikernel.${name}`, value }));
  const filled = fillFromBinary(pairs, binary);
  const disk = { content, size: bytes.length };
  const guest = { words: ['/init'], environment: [], provides: () => true };
  const boot = { binary, initrd: disk, block: disk, labels: [...filled, ...pairs], ...guest };
  const { errors, warnings } = checkBoot(boot);
  for (const { message, hint } of [...errors, ...warnings])
    assert.ok(message.length > 0 && hint !== undefined);
  findSoftware(binary, { type: chance.pick(types), version: undefined });
}

describe('damaged files', () => {
  it(`neither throw nor take long to read, ${count} of them`, { timeout: 7_200_000 }, async (test) => {
    const originals = originalsFor(test);
    const chance = chanceOf(seed);
    let slowest = { time: 0, round: 0 };
    const start = performance.now();
    for (let round = 0; round < count; round += 1) {
      // A stream for each that is packed takes its time.
      const bytes = damage(chance.pick(chance.isLuck(0.05) ? packed : originals), chance);
      const before = process.cpuUsage();
      try {
        await readAsABuildDoes(bytes, chance);
      } catch (error) {
        throw new Error(`round ${round} of the seed "${seed}"`, { cause: error });
      }
      const time = spentSince(before);
      if (time > slowest.time) slowest = { time, round };
    }
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    test.diagnostic(`${count} in ${seconds} s, the slowest in ${slowest.time.toFixed(1)} ms`);
    assert.ok(slowest.time < slow, `round ${slowest.round} of "${seed}" took ${slowest.time} ms`);
  });
});

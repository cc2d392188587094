import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import * as zlib from 'node:zlib';
import { gzipSync } from 'node:zlib';
import { BimaError } from '../../../src/core/errors.ts';
import { unpackPayload } from '../../../src/adapters/layers/unpack-payload.ts';
import { bootVerdict, bootVerdicts } from '../../../src/core/unikernel/bootable.ts';
import { examineBinary } from '../../../src/core/unikernel/examine-binary.ts';
import type { BinaryFacts } from '../../../src/core/unikernel/examine-binary.ts';
import { assemble, solo5 } from '../../support/assembled.ts';
import { elf, image, little } from '../../support/headers.ts';
import { elfOfSections, noteSection, words } from '../../support/sections-elf.ts';
import { unlessInstalled } from '../../support/tools.ts';

const skip = unlessInstalled('x86_64-linux-gnu-as');

/** In pieces of odd length, whose memory is used again. */
async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  const memory = Buffer.alloc(40_009);
  for (let at = 0; at < bytes.length; at += memory.length) {
    const part = bytes.subarray(at, at + memory.length);
    memory.set(part);
    yield memory.subarray(0, part.length);
    await Promise.resolve();
  }
}

/** A kernel with one segment, which is loaded. */
function loaded(content: Uint8Array): Buffer {
  const header = Buffer.alloc(56);
  header.writeUInt32LE(1, 0);
  header.writeBigUInt64LE(120n, 8);
  header.writeBigUInt64LE(BigInt(content.length), 32);
  const start = Buffer.from(elf(64, 'little', 62));
  // The table of segments is behind the header, with one row of 56 bytes.
  start.writeBigUInt64LE(64n, 32);
  start.writeUInt16LE(56, 54);
  start.writeUInt16LE(1, 56);
  return Buffer.concat([start, header, content]);
}

function examine(bytes: Uint8Array): Promise<BinaryFacts> {
  const file = { size: bytes.length, open: () => inPieces(bytes) };
  return examineBinary(file, { unpack: unpackPayload, isThorough: true });
}

function monitorsOf(facts: BinaryFacts): Record<string, string> {
  return Object.fromEntries(bootVerdicts(facts).map(({ monitor, verdict }) => [monitor, verdict.can]));
}

describe('examineBinary', () => {
  it('reads the notes of Solo5', { skip }, async (test) => {
    const facts = await examine(solo5(test, { count: 2 }));
    assert.deepEqual(facts.solo5, {
      target: 'hvt',
      abiVersion: 2,
      devices: [
        { type: 'net', name: 'uplink' },
        { type: 'block', name: 'storage' },
      ],
      isFoundByTender: true,
      damage: [],
    });
    assert.deepEqual(facts.unread, []);
    assert.deepEqual(monitorsOf(facts), {
      qemu: 'no',
      firecracker: 'no',
      'cloud-hypervisor': 'no',
      hvt: 'yes',
      spt: 'no',
    });
  });

  it('says that a tender misses a note behind another one', { skip }, async (test) => {
    const symbols = { target: 1, abi: 2, count: 1 };
    const facts = await examine(assemble(test, { source: 'solo5', script: 'solo5-one-segment', symbols }));
    assert.equal(facts.solo5?.isFoundByTender, false);
    assert.equal(facts.solo5.devices?.length, 1);
    assert.equal(monitorsOf(facts).hvt, 'no');
  });

  it('finds an older ABI for older tenders', { skip }, async (test) => {
    assert.equal(monitorsOf(await examine(solo5(test, { abi: 1 }))).hvt, 'some');
  });

  it("reads Unikraft's version and libraries", { skip }, async (test) => {
    const { unikraft } = await examine(assemble(test, { source: 'unikraft' }));
    assert.deepEqual(unikraft, {
      version: '0.17.0',
      codeName: 'Calypso',
      libraries: [{ name: 'libvfscore', version: '0.17.0', licence: 'BSD-3-Clause' }],
    });
  });

  it("finds Unikraft's version in the banner of a kernel without the section", async () => {
    const bytes = loaded(
      Buffer.concat([Buffer.alloc(100_000), Buffer.from('Unikraft Calypso (0.17.0~5d38d108)\0')]),
    );
    assert.deepEqual((await examine(bytes)).unikraft, {
      libraries: [],
      codeName: 'Calypso',
      version: '0.17.0',
    });
  });

  it('looks for no banner behind what is loaded, which may be a GB for debuggers', async () => {
    const kernel = loaded(Buffer.from('OSv v0.57.0\0'));
    const debug = Buffer.concat([Buffer.alloc(100_000), Buffer.from('Unikraft Calypso (0.17.0~5d38d108)\0')]);
    const facts = await examine(Buffer.concat([kernel, debug]));
    assert.deepEqual([facts.framework, facts.unikraft], ['OSv', undefined]);
  });

  it('reads the PVH note of hello', async () => {
    const facts = await examine(
      readFileSync(join(import.meta.dirname, '../../../examples/hello/hello-amd64')),
    );
    assert.equal(facts.hasPvh, true);
    assert.deepEqual(monitorsOf(facts), {
      qemu: 'yes',
      firecracker: 'yes',
      'cloud-hypervisor': 'yes',
      hvt: 'no',
      spt: 'no',
    });
  });

  const systems: [name: string, bytes: Uint8Array, expected: Partial<BinaryFacts>][] = [
    [
      'Hermit, with its version and that of its entry',
      elfOfSections(
        [
          noteSection('HERMIT', 0x5a00, Uint8Array.of(4)),
          { ...noteSection('GNU', 1, words(6, 0, 6, 7)), name: '.note.ABI-tag' },
        ],
        255,
      ),
      { hermit: { version: '0.6.7', entryVersion: 4 } },
    ],
    [
      'an older Hermit, by its ABI tag alone',
      elfOfSections([noteSection('GNU', 1, words(6, 0, 3, 1))], 255),
      { hermit: { version: '0.3.1' } },
    ],
    [
      'no Hermit where another system has the tag',
      elfOfSections([noteSection('GNU', 1, words(6, 0, 3, 1))]),
      {},
    ],
    [
      'rumprun before it is baked',
      elfOfSections([
        noteSection('rumpkernel.org', 0x101, Buffer.from('rumprun_tuple: x86_64-rumprun-netbsd\0')),
      ]),
      { framework: 'rumprun, not baked yet' },
    ],
    [
      'OSv',
      elfOfSections([{ name: '.rodata', type: 1, content: Buffer.from('xxOSv v0.57.0\0') }]),
      { framework: 'OSv' },
    ],
    [
      'IncludeOS',
      elfOfSections(['.multiboot', '.elf_symbols'].map((name) => ({ name, type: 1, content: words(0) }))),
      { framework: 'IncludeOS' },
    ],
    [
      'a guest of Xen that has no PVH entry',
      elfOfSections([noteSection('Xen', 6, Buffer.from('osv\0'))]),
      { framework: 'Xen guest, without a PVH entry' },
    ],
    [
      'a vmlinux, by its banner and its notes',
      elfOfSections([
        noteSection('Linux', 0x100, words(0)),
        { ...noteSection('Xen', 18, words(0x1000000)), name: '.note.xen' },
        {
          name: '.rodata',
          type: 1,
          content: Buffer.from('Linux version 6.12.4-x (a@b) (gcc) #1 SMP Debian 6.12.4-1 (2026)\0'),
        },
      ]),
      { hasPvh: true, linux: { form: 'vmlinux', version: '6.12.4-x', debianVersion: '6.12.4-1' } },
    ],
    [
      'a program for Linux, by its ABI tag',
      elfOfSections([noteSection('GNU', 1, words(0, 3, 2, 0))]),
      { program: 'its ABI note names Linux as the operating system' },
    ],
  ];
  for (const [name, bytes, expected] of systems) {
    it(`knows ${name}`, async () => {
      const {
        hermit,
        framework,
        linux,
        program,
        solo5: own,
        unikraft,
        hasPvh,
        unread,
      } = await examine(bytes);
      const found = { hermit, framework, linux, program, solo5: own, unikraft, hasPvh, unread };
      const nothing = { hermit: undefined, framework: undefined, linux: undefined, program: undefined };
      const empty = { ...nothing, solo5: undefined, unikraft: undefined, hasPvh: false, unread: [] };
      assert.deepEqual(found, { ...empty, ...expected });
    });
  }

  it('reads the header of a bzImage', async () => {
    const bytes = image(4096, {
      0x1f1: [4],
      0x202: 'HdrS',
      0x206: little(0x20f, 2),
      0x20e: little(0x400, 2),
      0x236: little(0x7f, 2),
      0x238: little(2047, 4),
      0x600: '6.1.0-50-cloud-amd64 (debian) #1 SMP\0',
    });
    const { linux } = await examine(bytes);
    assert.deepEqual(linux, {
      form: 'bzImage',
      version: '6.1.0-50-cloud-amd64',
      longestCommandLine: 2047,
      protocol: 0x20f,
      hasEntry64: true,
    });
  });

  const texts: [text: string, facts: Partial<BinaryFacts['linux']>][] = [
    [
      '6.1.0-50-cloud-amd64 (d@e) #1 SMP PREEMPT_DYNAMIC Debian 6.1.187-1 (2026-01-01)',
      { version: '6.1.0-50-cloud-amd64', debianVersion: '6.1.187-1' },
    ],
    ['6.8.0-41-generic (b@l) #41-Ubuntu SMP', { version: '6.8.0-41-generic' }],
    ['Memtest86+ v6.10', { title: 'Memtest86+ v6.10' }],
    ['\x01\x02\x03', {}],
  ];
  for (const [text, expected] of texts) {
    it(`reads ${JSON.stringify(text)} behind the header of a bzImage`, async () => {
      const parts = { 0x202: 'HdrS', 0x206: little(0x20f, 2), 0x20e: little(0x400, 2), 0x600: `${text}\0` };
      const { version, debianVersion, title } = (await examine(image(4096, parts))).linux ?? assert.fail();
      assert.deepEqual(
        { version, debianVersion, title },
        { version: undefined, debianVersion: undefined, title: undefined, ...expected },
      );
    });
  }

  const arm = image(80_000, { 56: 'ARM\x64', 70_000: 'Linux version 6.1.0-arm (x@y)\n' });
  const packed = gzipSync(arm);
  const zboot = Buffer.concat([
    image(64, { 0: 'MZ', 4: 'zimg', 8: little(64, 4), 12: little(packed.length, 4), 24: 'gzip\0' }),
    packed,
  ]);
  const images: [name: string, bytes: Uint8Array, monitors: string[]][] = [
    ['a bare Image', arm, ['qemu', 'firecracker', 'cloud-hypervisor']],
    ['an Image in gzip', packed, ['qemu']],
    ['an Image in zboot', zboot, ['qemu']],
  ];
  for (const [name, bytes, monitors] of images) {
    it(`reads the version of ${name}`, async () => {
      const facts = await examine(bytes);
      assert.equal(facts.architecture, 'arm64');
      assert.equal(facts.linux?.version, '6.1.0-arm');
      const able = bootVerdicts(facts).filter(({ verdict }) => verdict.can === 'yes');
      assert.deepEqual(
        able.map(({ monitor }) => monitor),
        monitors,
      );
    });
  }

  const hello = readFileSync(join(import.meta.dirname, '../../../examples/hello/hello-amd64'));

  function bzImageWith(payload: Uint8Array): Uint8Array {
    const start = image(2048, {
      0x1f1: [1],
      0x202: 'HdrS',
      0x206: little(0x20f, 2),
      0x248: little(1024, 4),
      0x24c: little(payload.length, 4),
    });
    return Buffer.concat([start, payload, Buffer.alloc(100)]);
  }

  const hasZstd = 'zstdCompressSync' in zlib;
  const packers: [method: string, pack: (bytes: Uint8Array) => Uint8Array, skip: false | string][] = [
    ['gzip', (bytes) => gzipSync(bytes), false],
    ['zstd', (bytes) => zlib.zstdCompressSync(bytes), !hasZstd && 'needs zstd in Node'],
  ];
  for (const [method, pack, lacking] of packers) {
    it(`unpacks the payload of a bzImage: ${method}`, { skip: lacking }, async () => {
      const facts = await examine(bzImageWith(pack(hello)));
      assert.equal(facts.payload?.format, 'ELF64 x86-64');
      assert.equal(facts.payload.hasPvh, true);
      assert.deepEqual([facts.format, facts.hasPvh, facts.unread], ['Linux bzImage x86', false, []]);
    });
  }

  const foreign: [method: string, start: string][] = [
    ['xz', '\xfd7zXZ\0'],
    ['bzip2', 'BZh91AY'],
    ['lzma', '\x5d\0\0\x80'],
    ['lzo', '\x89LZO\0'],
    ['an unknown method', 'abcdef'],
  ];
  for (const [method, start] of foreign) {
    it(`says that it can't unpack ${method}`, async () => {
      const { payload, unread } = await examine(bzImageWith(image(1000, { 0: start })));
      assert.deepEqual([payload, unread], [undefined, [`its payload, packed with ${method}`]]);
    });
  }

  it('says that a payload leaves the file', async () => {
    const bytes = bzImageWith(gzipSync(hello));
    const { unread } = await examine(bytes.subarray(0, 2100));
    assert.deepEqual(unread, ['its payload, which runs past the end of the file']);
  });

  const zboots: [packing: string, bytes: Uint8Array, can: string, version: string | undefined][] = [
    ['gzip', gzipSync(arm), 'yes', '6.1.0-arm'],
    ['xzkern', image(1000, { 0: '\xfd7zXZ\0' }), 'no', undefined],
    ['lzo', image(1000, { 0: '\x89LZO\0' }), 'no', undefined],
    ...(hasZstd
      ? (['zstd22', 'zstd'] as const).map((packing): [string, Uint8Array, string, string] => [
          packing,
          zlib.zstdCompressSync(arm),
          'some',
          '6.1.0-arm',
        ])
      : []),
  ];
  for (const [packing, bytes, can, version] of zboots) {
    it(`knows whether QEMU unpacks a zboot image of ${packing}`, async () => {
      const header = {
        0: 'MZ',
        4: 'zimg',
        8: little(64, 4),
        12: little(bytes.length, 4),
        24: `${packing}\0`,
      };
      const facts = await examine(Buffer.concat([image(64, header), bytes]));
      assert.equal(facts.linux?.version, version);
      assert.equal(bootVerdict({ ...facts, architecture: 'arm64' }, 'qemu').can, can);
    });
  }

  it('says that a payload is damaged', async () => {
    const { unread } = await examine(packed.subarray(0, 60));
    assert.deepEqual(unread, ['its payload, packed with gzip']);
  });

  it('tells a program for Linux', { skip: existsSync('/bin/ls') ? false : 'needs /bin/ls' }, async () => {
    const { program } = await examine(readFileSync('/bin/ls'));
    assert.match(program ?? '', /interpreter|Linux/);
  });
});

/** An ELF file with one segment that names an interpreter. */
function interpreted(name: string): Buffer {
  const content = Buffer.from(`${name}\0`);
  const bytes = loaded(content);
  // PT_INTERP in place of PT_LOAD.
  bytes.writeUInt32LE(3, 64);
  return bytes;
}

describe('what a file is a program of', () => {
  for (const name of [
    '/lib64/ld-linux-x86-64.so.2',
    '/lib/ld-musl-x86_64.so.1',
    '/lib32/ld-linux.so.2',
    '/libx32/ld-linux-x32.so.2',
    '/usr/lib/ld.so.1',
    '/nix/store/abc-glibc/lib/ld-linux-x86-64.so.2',
    '/gnu/store/abc/lib/ld-linux-x86-64.so.2',
    '/system/bin/linker64',
  ])
    it(`is Linux for the interpreter ${name}`, async () => {
      assert.equal((await examine(interpreted(name))).program, `it asks for the interpreter "${name}"`);
    });

  for (const name of [
    '',
    '/nonexistent/solo5/',
    '/x/lib64/ld.so',
    '/opt/ld',
    '/lib64/other',
    '/x/system/bin/linker',
  ])
    it(`is no Linux for the interpreter "${name}"`, async () => {
      assert.equal((await examine(interpreted(name))).program, undefined);
    });

  it('is Solo5 where its interpreter is the only mark', async () => {
    const { solo5: found, unread, program } = await examine(interpreted('/nonexistent/solo5/'));
    assert.deepEqual(found, { isFoundByTender: false, damage: ["Solo5's notes"] });
    assert.deepEqual([unread, program], [["Solo5's notes"], undefined]);
    assert.equal((await examine(interpreted('/x/nonexistent/solo5'))).solo5, undefined);
  });

  it('is Linux by the ABI tag of GNU alone, and a whole one', async () => {
    const programOf = async (name: string, type: number, ...values: readonly number[]) =>
      (await examine(elfOfSections([noteSection(name, type, words(...values))]))).program;
    const told = 'its ABI note names Linux as the operating system';
    assert.equal(await programOf('GNU', 1, 0, 3, 2, 0), told);
    assert.equal(await programOf('GNU', 1, 0, 3, 2), undefined);
    assert.equal(await programOf('GNU', 1, 1, 3, 2, 0), undefined);
    assert.equal(await programOf('GNU', 1, 0x1000000, 3, 2, 0), undefined);
    assert.equal(await programOf('GNU', 3, 0, 3, 2, 0), undefined);
    assert.equal(await programOf('FreeBSD', 1, 0, 3, 2, 0), undefined);
  });

  it('has a PVH entry in a whole note of Xen alone', async () => {
    const hasPvh = async (name: string, type: number, size: number) =>
      (await examine(elfOfSections([noteSection(name, type, Buffer.alloc(size, 1))]))).hasPvh;
    assert.deepEqual(
      [
        await hasPvh('Xen', 18, 4),
        await hasPvh('Xen', 18, 8),
        await hasPvh('Xen', 18, 3),
        await hasPvh('Xen', 6, 4),
        await hasPvh('GNU', 18, 4),
      ],
      [true, true, false, false, false],
    );
  });

  it('is told by banners with a version', async () => {
    const facts = (text: string) =>
      examine(elfOfSections([{ name: '.rodata', type: 1, content: Buffer.from(`..${text}\0`) }]));
    assert.deepEqual((await facts('Unikraft Pan (10.11.12)')).unikraft, {
      libraries: [],
      codeName: 'Pan',
      version: '10.11.12',
    });
    for (const text of [
      'Unikraft pan (0.1.2)',
      'Unikraft Pan (0.1)',
      'Unikraft Pan 0.1.2',
      'Unikraft Pan (0.1.2',
    ])
      assert.equal((await facts(text)).unikraft, undefined, text);
    assert.equal((await facts('OSv v0.57')).framework, 'OSv');
    assert.equal((await facts('OSv vX')).framework, undefined);
    assert.equal((await facts('Linux version x')).linux, undefined);
    assert.deepEqual((await facts('Linux version 6.1.0')).linux, { form: 'vmlinux', version: '6.1.0' });
  });

  it('is a Linux by a note alone, and IncludeOS by two sections', async () => {
    assert.deepEqual((await examine(elfOfSections([noteSection('Linux', 0x100, words(0))]))).linux, {
      form: 'vmlinux',
    });
    for (const name of ['.multiboot', '.elf_symbols'])
      assert.equal(
        (await examine(elfOfSections([{ name, type: 1, content: words(0) }]))).framework,
        undefined,
      );
  });
});

describe('what is unpacked', () => {
  const packed = gzipSync(
    image(80_000, { 56: 'ARM\x64', 70_000: 'Linux version 6.1.0-arm (x) #1 SMP Debian 6.1.5-1\n' }),
  );
  const zboot = Buffer.concat([
    image(64, { 0: 'MZ', 4: 'zimg', 8: little(64, 4), 12: little(packed.length, 4), 24: 'gzip\0' }),
    packed,
  ]);
  const fileOf = (bytes: Uint8Array) => ({ size: bytes.length, open: () => inPieces(bytes) });

  it('is a zboot in any case, and a bzImage where it is asked for', async () => {
    const found = await examineBinary(fileOf(zboot), { unpack: unpackPayload });
    assert.deepEqual(found.linux, {
      form: 'zboot',
      packing: 'gzip',
      version: '6.1.0-arm',
      debianVersion: '6.1.5-1',
    });
    assert.deepEqual([found.architecture, found.unread, found.isGzip], ['arm64', [], false]);
    const bzImage = Buffer.concat([
      image(2048, {
        0x1f1: [1],
        0x202: 'HdrS',
        0x206: little(0x20f, 2),
        0x248: little(1024, 4),
        0x24c: little(packed.length, 4),
      }),
      packed,
    ]);
    const [quick, thorough] = [
      await examineBinary(fileOf(bzImage), { unpack: unpackPayload }),
      await examineBinary(fileOf(bzImage), { unpack: unpackPayload, isThorough: true }),
    ];
    assert.deepEqual([quick.payload, quick.linux?.version], [undefined, undefined]);
    assert.equal(thorough.payload?.format, 'Linux Image arm64');
    assert.deepEqual([thorough.linux?.version, thorough.linux?.debianVersion], ['6.1.0-arm', '6.1.5-1']);
  });

  it('may be no kernel of Linux, or nothing that is known', async () => {
    const facts = await examineBinary(fileOf(gzipSync(Buffer.from('plain text'))), { unpack: unpackPayload });
    assert.ok(!('linux' in facts) && !('architecture' in facts));
    assert.equal(facts.payload?.format, 'text starting with "plain text"');
  });

  it('is nothing without something that unpacks it', async () => {
    for (const options of [{}, { unpack: () => undefined }]) {
      const { unread, payload, linux, isGzip } = await examineBinary(fileOf(packed), options);
      assert.deepEqual(
        [unread, payload, linux, isGzip],
        [['its payload, packed with gzip'], undefined, undefined, true],
      );
    }
    const { linux, unread } = await examineBinary(fileOf(zboot));
    assert.deepEqual(linux, { form: 'zboot', packing: 'gzip' });
    assert.deepEqual(unread, ['its payload, packed with gzip']);
  });

  it('passes on what the reader itself throws', async () => {
    const unpack = () => {
      throw new BimaError('CONTEXT_CHANGED', 'x');
    };
    await assert.rejects(examineBinary(fileOf(packed), { unpack }), { code: 'CONTEXT_CHANGED' });
    const failing = (error: Error) =>
      (async function* (): AsyncGenerator<Uint8Array> {
        await Promise.resolve();
        throw error;
      })();
    await assert.rejects(
      examineBinary(fileOf(packed), { unpack: () => failing(new BimaError('CONTEXT_CHANGED', 'x')) }),
      {
        code: 'CONTEXT_CHANGED',
      },
    );
    const { unread } = await examineBinary(fileOf(packed), { unpack: () => failing(new Error('x')) });
    assert.deepEqual(unread, ['its payload, packed with gzip']);
  });
});

describe('damaged notes of Solo5', { skip }, () => {
  const noteOf = (bytes: Buffer, type: string) => bytes.indexOf(type, 'latin1') - 8;

  it('says that there are sixty-five entries', async (test) => {
    const bytes = solo5(test);
    // Behind the header, the name and the padding: the version, then the count.
    bytes.writeUInt32LE(65, noteOf(bytes, 'MFT1') + 12 + 8 + 8);
    const { unread, solo5: found } = await examine(bytes);
    assert.equal(found?.devices, undefined);
    assert.deepEqual(unread, ["Solo5's manifest"]);
  });

  it('says that a name has no end', async (test) => {
    const bytes = solo5(test);
    const at = bytes.indexOf('uplink', 'latin1');
    bytes.fill('x', at, at + 68);
    assert.deepEqual((await examine(bytes)).unread, ["Solo5's manifest"]);
  });

  it('says that a note runs past its segment', async (test) => {
    const bytes = solo5(test);
    bytes.writeUInt32LE(0xffff_fff0, noteOf(bytes, 'MFT1') + 4);
    const { unread } = await examine(bytes);
    assert.deepEqual(unread, ['a note that runs past the end of its segment', "Solo5's manifest"]);
  });

  it('reads both notes where the sizes of their segments overlap', async (test) => {
    const bytes = solo5(test);
    const table = Number(bytes.readBigUInt64LE(32));
    for (let at = table; at < table + 3 * 56; at += 56)
      if (bytes.readUInt32LE(at) === 4) bytes.writeBigUInt64LE(bytes.readBigUInt64LE(at + 32) + 16n, at + 32);
    const { solo5: found } = await examine(bytes);
    assert.equal(found?.target, 'hvt');
    assert.deepEqual(found.devices, [{ type: 'net', name: 'uplink' }]);
  });

  for (const [what, size] of [
    ['the whole file', (bytes: Buffer) => BigInt(bytes.length)],
    ['more than there is', () => 2n ** 63n - 1n],
    ['more than a number holds', () => 2n ** 64n - 1n],
  ] as const) {
    it(`says that a segment of notes has the size of ${what}`, async (test) => {
      const bytes = solo5(test);
      const table = Number(bytes.readBigUInt64LE(32));
      for (let at = table; at < table + 3 * 56; at += 56)
        if (bytes.readUInt32LE(at) === 4) bytes.writeBigUInt64LE(size(bytes), at + 32);
      const { unread, solo5: found } = await examine(bytes);
      assert.equal(found?.target, 'hvt', 'what stands before is read');
      assert.ok(unread.includes('notes past the end of the file'), unread.join());
    });
  }

  it('says that the entries of a manifest are more than its size holds', async (test) => {
    const bytes = solo5(test);
    bytes.writeUInt32LE(3, noteOf(bytes, 'MFT1') + 12 + 8 + 8);
    assert.deepEqual((await examine(bytes)).unread, ["Solo5's manifest"]);
  });

  it('says that the file ends before its notes', async (test) => {
    const bytes = solo5(test);
    const { unread } = await examine(bytes.subarray(0, noteOf(bytes, 'ABI1') + 4));
    assert.ok(unread.length > 0, 'the damage is said');
  });
});

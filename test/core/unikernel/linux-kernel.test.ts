// The boot headers of Linux, written out field by field (Linux, Documentation/arch/x86/boot.rst and others).

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { readAll, streamOf } from '../../../src/core/oci/blob.ts';
import type { ByteStream } from '../../../src/core/oci/blob.ts';
import { findDrivers } from '../../../src/core/unikernel/linux-drivers.ts';
import { readLinuxHeader, versionsIn } from '../../../src/core/unikernel/linux-kernel.ts';
import { image, little } from '../../support/headers.ts';

const fileOf = (bytes: Uint8Array) => ({ size: bytes.length, open: () => streamOf(bytes) });
const read = (bytes: Uint8Array) => readLinuxHeader(fileOf(bytes), bytes);

/** A bzImage with these fields besides its mark. */
const bzImage = (protocol: number, parts: Parameters<typeof image>[1] = {}, length = 4096) =>
  image(length, { 0x202: 'HdrS', 0x206: little(protocol, 2), ...parts });

const payload = { 0x1f1: [3], 0x248: little(0x100, 4), 0x24c: little(0x200, 4) };

describe('the header of a bzImage', () => {
  const rows: readonly (readonly [name: string, bytes: Uint8Array, expected: object])[] = [
    ['the oldest', bzImage(0x200, payload), { longestCommandLine: 255, protocol: 0x200, hasEntry64: false }],
    [
      'before 2.06',
      bzImage(0x205, { 0x238: little(2047, 4) }),
      { longestCommandLine: 255, protocol: 0x205, hasEntry64: false },
    ],
    [
      'of 2.06',
      bzImage(0x206, { 0x238: little(2047, 4) }),
      { longestCommandLine: 2047, protocol: 0x206, hasEntry64: false },
    ],
    ['before 2.08', bzImage(0x207, payload), { longestCommandLine: 0, protocol: 0x207, hasEntry64: false }],
    [
      'of 2.08',
      bzImage(0x208, payload),
      {
        longestCommandLine: 0,
        protocol: 0x208,
        hasEntry64: false,
        payload: { offset: 4 * 512 + 0x100, length: 0x200 },
      },
    ],
    [
      'with four sectors where it says none',
      bzImage(0x208, { ...payload, 0x1f1: [0] }),
      {
        longestCommandLine: 0,
        protocol: 0x208,
        hasEntry64: false,
        payload: { offset: 5 * 512 + 0x100, length: 0x200 },
      },
    ],
    [
      'with an empty payload',
      bzImage(0x208, { 0x248: little(1, 4) }),
      { longestCommandLine: 0, protocol: 0x208, hasEntry64: false },
    ],
    [
      'before 2.12',
      bzImage(0x20b, { 0x236: little(1, 2) }),
      { longestCommandLine: 0, protocol: 0x20b, hasEntry64: false },
    ],
    [
      'of 2.12, for 64 bits',
      bzImage(0x20c, { 0x236: little(0x3, 2) }),
      { longestCommandLine: 0, protocol: 0x20c, hasEntry64: true },
    ],
    [
      'of 2.12, for 32 bits',
      bzImage(0x20c, { 0x236: little(0x2, 2) }),
      { longestCommandLine: 0, protocol: 0x20c, hasEntry64: false },
    ],
    ['cut off behind its mark', bzImage(0x20f, {}, 0x208), { protocol: 0x20f, hasEntry64: false }],
    [
      'cut off before the sectors',
      image(0x208, { 0x202: 'HdrS', 0x1f1: [9] }),
      { longestCommandLine: 255, protocol: 0, hasEntry64: false },
    ],
  ];
  for (const [name, bytes, expected] of rows) {
    it(`is read: ${name}`, async () => {
      assert.deepEqual(await read(bytes), { form: 'bzImage', ...expected });
    });
  }

  const titles: readonly (readonly [text: string, facts: object])[] = [
    [
      '6.1.0-50-cloud-amd64 (d@e) #1 SMP Debian 6.1.187-1 (2026)',
      { version: '6.1.0-50-cloud-amd64', debianVersion: '6.1.187-1' },
    ],
    ['Memtest86+', { title: 'Memtest86+' }],
    ['abc', { title: 'abc' }],
    ['ab', {}],
    ['x'.repeat(80), { title: 'x'.repeat(80) }],
    ['x'.repeat(81), {}],
    ['\x01abc', {}],
    ['abc\x01', {}],
  ];
  for (const [text, facts] of titles) {
    it(`has the text ${JSON.stringify(text)}`, async () => {
      const bytes = bzImage(0x20f, { 0x20e: little(0x400, 2), 0x600: `${text}\0` });
      const rest = { longestCommandLine: 0, protocol: 0x20f, hasEntry64: false };
      assert.deepEqual(await read(bytes), { form: 'bzImage', ...rest, ...facts });
    });
  }

  it('has no text where it points nowhere, or that has no end', async () => {
    const nowhere = bzImage(0x20f, { 0x200: 'abc' });
    assert.equal((await read(nowhere))?.title, undefined);
    const endless = image(0x610, {
      0x202: 'HdrS',
      0x206: little(0x20f, 2),
      0x20e: little(0x40c, 2),
      0x60c: 'abcd',
    });
    assert.equal((await read(endless))?.title, undefined);
  });
});

describe('the header of other kernels', () => {
  const zboot = (method: string, more: Parameters<typeof image>[1] = {}) =>
    image(64, { 0: 'MZ', 4: 'zimg', 8: little(64, 4), 12: little(1000, 4), 24: method, ...more });
  it('is that of a zboot, with how it is packed', async () => {
    assert.deepEqual(await read(zboot('zstd22\0')), {
      form: 'zboot',
      packing: 'zstd22',
      payload: { offset: 64, length: 1000, method: 'zstd22' },
    });
    for (const method of ['\0', '\x01gzip\0', ' gzip\0', 'x'.repeat(32)])
      assert.deepEqual(await read(zboot(method, { 56: [1] })), {
        form: 'zboot',
        payload: { offset: 64, length: 1000 },
      });
  });

  it('is that of an Image', async () => {
    assert.deepEqual(await read(image(64, { 56: 'ARM\x64' })), { form: 'Image' });
    // A PE file, as an EFI stub makes it, is one as well.
    assert.deepEqual(await read(image(64, { 0: 'MZ', 56: 'ARM\x64' })), { form: 'Image' });
  });

  it('is none for anything else', async () => {
    for (const bytes of [
      new Uint8Array(),
      image(64, { 0: 'MZ' }),
      image(64, { 4: 'zimg' }),
      image(64, { 55: 'ARM\x64' }),
      image(0x300, { 0x201: 'HdrS' }),
    ])
      assert.equal(await read(bytes), undefined);
  });
});

describe('versionsIn', () => {
  const rows: readonly (readonly [text: string | undefined, version?: string, debianVersion?: string])[] = [
    [undefined],
    [''],
    ['version 6.1.0'],
    ['x Linux version 6.1.0'],
    ['6'],
    ['6.1', '6.1'],
    ['16.12.4-x y', '16.12.4-x'],
    ['Linux version 6.1.0-arm (x@y)', '6.1.0-arm'],
    ['Linux version 6.1.0 (a) #1 SMP Debian 6.1.187-1 (2026)', '6.1.0', '6.1.187-1'],
    ['6.1.0 (a) #41 SMP Debian 6.1.187-1', '6.1.0', '6.1.187-1'],
    ['6.1.0 (a) # SMP Debian 6.1.187-1', '6.1.0', '6.1.187-1'],
    ['6.1.0 (Debian 12.2.0) #1 SMP', '6.1.0'],
    ['6.1.0 (a) #1 SMP xDebian 6.1', '6.1.0'],
    ['6.1.0 (a) #1 SMP Debian x', '6.1.0'],
    ['x #1 SMP Debian 6.1.187-1'],
  ];
  for (const [text, version, debianVersion] of rows) {
    it(`of ${JSON.stringify(text)}`, () => {
      assert.deepEqual(versionsIn(text), {
        ...(version === undefined ? {} : { version }),
        ...(debianVersion === undefined ? {} : { debianVersion }),
      });
    });
  }
});

describe('the drivers of a kernel', () => {
  /** Gunzips and copies, and knows nothing else. */
  const unpack = (method: string, packed: ByteStream): ByteStream | undefined => {
    if (method === 'copy') return packed;
    return method === 'gzip' ? gunzipped(packed) : undefined;
  };
  async function* gunzipped(packed: ByteStream): AsyncGenerator<Uint8Array> {
    yield gunzipSync(await readAll(packed));
  }
  const find = (bytes: Uint8Array, asked: string[] = []) =>
    findDrivers(fileOf(bytes), (method, packed) => {
      asked.push(method);
      return unpack(method, packed);
    });
  const kernel = (...marks: readonly string[]) => Buffer.from(`\x7fELF ${marks.join('\0')}\0`, 'latin1');
  const inside = (content: Uint8Array) =>
    Buffer.concat([
      image(2048, {
        0x1f1: [3],
        0x202: 'HdrS',
        0x206: little(0x20f, 2),
        0x248: little(0, 4),
        0x24c: little(content.length, 4),
      }),
      content,
      // Behind the payload nothing counts.
      Buffer.from('virtio_blk\0'),
    ]);

  it('are found in a bare kernel, one by one', async () => {
    assert.deepEqual(await find(kernel()), { has9p: false, hasBlock: false });
    assert.deepEqual(await find(kernel('9pnet_virtio')), { has9p: true, hasBlock: false });
    assert.deepEqual(await find(kernel('virtio_blk')), { has9p: false, hasBlock: true });
    assert.deepEqual(await find(kernel('virtio_blk', '9pnet_virtio')), { has9p: true, hasBlock: true });
    const arm = image(2000, { 56: 'ARM\x64', 1000: 'virtio_blk\0' });
    assert.deepEqual(await find(arm), { has9p: false, hasBlock: true });
  });

  it('are found in what is packed', async () => {
    const asked: string[] = [];
    const packed = gzipSync(kernel('9pnet_virtio'));
    assert.deepEqual(await find(packed, asked), { has9p: true, hasBlock: false });
    assert.deepEqual(await find(inside(packed), asked), { has9p: true, hasBlock: false });
    assert.deepEqual([...new Set(asked)], ['gzip']);
    const zboot = Buffer.concat([
      image(64, { 0: 'MZ', 4: 'zimg', 8: little(64, 4), 12: little(13, 4), 24: 'copy\0' }),
      Buffer.from('x 9pnet_virtio'),
    ]);
    assert.deepEqual(await find(zboot), { has9p: false, hasBlock: false });
    zboot.writeUInt32LE(14, 12);
    assert.deepEqual(await find(zboot), { has9p: true, hasBlock: false });
  });

  it('are asked for by the method that the payload begins with', async () => {
    const asked: string[] = [];
    for (const start of ['28b52ffd', '02214c18', '1f8b0000', '28b52f', 'fd377a58'])
      assert.equal(await find(inside(Buffer.from(start.padEnd(16, '0'), 'hex')), asked), undefined);
    assert.deepEqual([...new Set(asked)], ['zstd', 'lz4', 'gzip', 'an unknown method']);
  });

  it('are not known where nothing can be unpacked, or it is damaged', async () => {
    assert.equal(await find(bzImage(0x20f)), undefined);
    assert.equal(await find(Buffer.from('1f8b08', 'hex')), undefined);
    assert.deepEqual(await find(Buffer.from('1f00', 'hex')), { has9p: false, hasBlock: false });
    assert.deepEqual(await find(Buffer.from('008b', 'hex')), { has9p: false, hasBlock: false });
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeHeader, endOfTar, paddingOf } from '../../../src/core/files/tar-header.ts';
import { readTar } from '../../../src/core/files/tar-reader.ts';
import { limits } from '../../../src/core/limits.ts';
import { readAll, streamOf } from '../../../src/core/oci/blob.ts';

interface Read {
  readonly name: string;
  readonly type: string;
  readonly text: string;
  readonly target: string;
}

async function read(...parts: Uint8Array[]): Promise<Read[]> {
  const found: Read[] = [];
  for await (const { name, type, target, content } of readTar(streamOf(Buffer.concat(parts)), 'layer 1'))
    found.push({ name, type, target, text: Buffer.from(await readAll(content)).toString() });
  return found;
}

/** One header, with fields written over it and its checksum made anew. */
function header(fields: Readonly<Record<number, string>>, size = 0): Buffer {
  const block = Buffer.from(encodeHeader({ type: 'file', path: 'f', mode: 0o644, uid: 0, gid: 0, size }, 0));
  for (const [offset, bytes] of Object.entries(fields)) block.write(bytes, Number(offset), 'latin1');
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

function file(name: string, text: string): Buffer {
  return Buffer.concat([header({ 0: `${name}\0` }, text.length), content(text)]);
}

function extension(kind: string, body: string): Buffer {
  return Buffer.concat([header({ 0: 'x\0', 156: kind }, Buffer.byteLength(body)), content(body)]);
}

function content(text: string): Buffer {
  return Buffer.concat([Buffer.from(text), paddingOf(Buffer.byteLength(text))]);
}

/** One record of a pax header. */
function record(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = Buffer.byteLength(rest);
  while (`${length}`.length + Buffer.byteLength(rest) !== length)
    length = `${length}`.length + Buffer.byteLength(rest);
  return `${length}${rest}`;
}

const plain = (name: string, text: string) => ({ name, type: 'file', text, target: '' });

describe('readTar', () => {
  const sizes: [name: string, field: string][] = [
    ...[0x81, 0x82, 0xbf, 0xc0, 0xfe, 0xff].map((byte): [string, string] => [
      `a first byte of 0x${byte.toString(16)}`,
      `${String.fromCharCode(byte)}\x00000000005\0`,
    ]),
    ['a number over 2^53', '\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff'],
    ['a negative number', '-0000000001\0'],
    ['no digits', 'abcdefghijk\0'],
    ['digits that are not octal', '00000000008\0'],
  ];
  for (const [name, field] of sizes) {
    it(`refuses a size with ${name}`, async () => {
      await assert.rejects(read(header({ 124: field }), endOfTar), {
        code: 'LAYOUT_INVALID',
        message: /^layer 1 is no valid tar: the size /,
      });
    });
  }

  it('takes a size in base 256', async () => {
    const large = header({ 124: '\x80\0\0\0\0\0\0\0\0\0\0\x03' });
    assert.deepEqual(await read(large, content('abc'), endOfTar), [plain('f', 'abc')]);
  });

  for (const size of ['x', '-1', '1e3', '9'.repeat(18), '1'.repeat(30)]) {
    it(`refuses the size ${JSON.stringify(size)} in a pax header`, async () => {
      await assert.rejects(read(extension('x', record('size', size)), file('f', '')), {
        code: 'LAYOUT_INVALID',
      });
    });
  }

  for (const body of ['', '5 a=', '99 path=b\n', '0 path=b\n', 'path=b\n', '9 pathab\n', '9 path=b ']) {
    it(`reads no entry behind the pax header ${JSON.stringify(body)}, or the entry alone`, async () => {
      const found = read(extension('x', body), file('f', 'abc'));
      if (body === '') assert.deepEqual(await found, [plain('f', 'abc')]);
      else await assert.rejects(found, { code: 'LAYOUT_INVALID', message: /pax header is damaged/ });
    });
  }

  it('takes names and targets from pax headers and from those of GNU, for the next entry alone', async () => {
    const long = 'd'.repeat(300);
    assert.deepEqual(
      await read(
        extension('x', record('path', `${long}/ü`) + record('comment', 'x')),
        file('a', '1'),
        extension('L', `${long}\0`),
        extension('K', `${long}/target\0`),
        header({ 0: 'b\0', 156: '2' }),
        file('c', '3'),
      ),
      [
        plain(`${long}/ü`, '1'),
        { name: long, type: 'symlink', text: '', target: `${long}/target` },
        plain('c', '3'),
      ],
    );
  });

  it('keeps what the header says where a pax header says nothing', async () => {
    const nothing = record('path', '') + record('size', '');
    assert.deepEqual(await read(extension('x', nothing), file('f', 'abc')), [plain('f', 'abc')]);
  });

  it('refuses a path that is longer than Linux takes', async () => {
    const path = 'a/'.repeat(limits.path / 2 - 1) + 'bc';
    assert.deepEqual(await read(extension('x', record('path', path)), file('f', '')), [plain(path, '')]);
    for (const [kind, body] of [
      ['x', record('path', `${path}d`)],
      ['x', record('linkpath', `${path}d`)],
      ['L', `${path}d\0`],
      ['x', record('path', 'a/'.repeat(limits.tarHeader / 4))],
    ] as const) {
      await assert.rejects(read(extension(kind, body), file('f', '')), {
        code: 'LAYOUT_INVALID',
        message: /expected paths of at most 4096 bytes/,
      });
    }
  });

  it('bounds extended headers, each and all of them', async () => {
    const large = extension('g', record('comment', 'x'.repeat(limits.tarHeader)));
    await assert.rejects(read(large), { code: 'LAYOUT_INVALID', message: /extended headers are too large/ });
    const most = extension('g', record('comment', 'x'.repeat(limits.tarHeader - 100)));
    const many = Array.from({ length: 65 }, () => most);
    await assert.rejects(read(...many), {
      code: 'LAYOUT_INVALID',
      message: /extended headers are too large/,
    });
  });

  it('does not apply what is said of all entries, as Go does not', async () => {
    const global = extension('g', record('path', 'other') + record('size', '7'));
    assert.deepEqual(await read(global, file('f', 'abc'), file('g', '')), [
      plain('f', 'abc'),
      plain('g', ''),
    ]);
  });

  it('ends at two empty blocks, and reads on behind a single one', async () => {
    const single = endOfTar.subarray(0, 512);
    const found = await read(
      file('a', '1'),
      single,
      file('b', '2'),
      endOfTar,
      file('c', '3'),
      Buffer.from('x'),
    );
    assert.deepEqual(
      found.map(({ name }) => name),
      ['a', 'b'],
    );
  });

  it('gives links and devices no content, whatever their size says', async () => {
    assert.deepEqual(
      (await read(header({ 156: '2' }, 700), header({ 156: '6' }, 700), file('c', '3'))).map(
        ({ type }) => type,
      ),
      ['symlink', 'other', 'file'],
    );
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseContainerfile } from '../../../src/core/containerfile/parser.ts';
import { only, parse, places } from './parse.ts';

describe('the bytes of a Containerfile', () => {
  const refused: [name: string, bytes: number[] | Buffer, place: string, message: RegExp, hint: RegExp][] = [
    ['an invalid byte', Buffer.from('FROM scratch\nCOPY \xff b\n', 'latin1'), '2:6', /0xff/, /UTF-8/],
    [
      'an invalid byte behind others',
      Buffer.concat([Buffer.from('# é😀 '), Buffer.of(0xc0)]),
      '1:7',
      /0xc0/,
      /UTF-8/,
    ],
    ['a character cut off at the end', Buffer.from('COPY a b\n#é').subarray(0, -1), '2:2', /0xc3/, /UTF-8/],
    ['Latin-1', Buffer.from('LABEL a="\xe9"\n', 'latin1'), '1:10', /0xe9/, /UTF-8/],
    ['a lone surrogate', [0x23, 0xed, 0xa0, 0x80], '1:2', /0xed/, /UTF-8/],
    ['UTF-16 of Windows', Buffer.from('\uFEFFFROM scratch', 'utf16le'), '1:1', /0xff/, /UTF-16/],
    ['UTF-16 without a mark', Buffer.from('FROM scratch', 'utf16le'), '1:2', /NUL/, /UTF-8/],
    ['a NUL in a comment', Buffer.from('COPY a b\n# \0\n'), '2:3', /NUL/, /text file/],
    ['an ELF file', [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0], '1:8', /NUL/, /text file/],
    [
      'a file that is too large',
      Buffer.alloc(1024 * 1024 + 1, '\n'),
      '1:1',
      /1048576 bytes, got 1048577/,
      /file/,
    ],
  ];
  for (const [name, bytes, place, message, hint] of refused) {
    it(`are refused with one error: ${name}`, () => {
      const { instructions, errors, warnings } = parse(Uint8Array.from(bytes));
      assert.deepEqual(places(errors), [`${place} SYNTAX`]);
      assert.match(only(errors).message, message);
      assert.match(only(errors).hint ?? '', hint);
      assert.deepEqual([...instructions, ...warnings], []);
    });
  }

  it('are taken up to the limit', () => {
    const bytes = Buffer.alloc(1024 * 1024, '\n');
    bytes.write('COPY a b');
    assert.equal(parseContainerfile(bytes, 'Containerfile').errors.length, 0);
  });

  it('name the file in positions as it is given', () => {
    const { errors } = parseContainerfile(Buffer.from('RUN x'), 'dir/My file');
    assert.equal(only(errors).position?.file, 'dir/My file');
  });
});

// The section .uk_libinfo, put together record by record (unikraft, lib/uklibid/include/uk/libid/info.h).

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readLibraryInfo } from '../../../src/core/unikernel/unikraft-libraries.ts';

const text = (type: number, value: string) => raw(type, Buffer.from(`${value}\0`, 'latin1'));

function raw(type: number, content: Uint8Array, length = 6 + content.length): Buffer {
  const head = Buffer.alloc(6);
  head.writeUInt16LE(type, 0);
  head.writeUInt32LE(length, 2);
  return Buffer.concat([head, content]);
}

function header(records: readonly Uint8Array[], layout = 1, more = 0): Buffer {
  const content = Buffer.concat(records);
  const head = Buffer.alloc(6);
  head.writeUInt32LE(6 + content.length + more, 0);
  head.writeUInt16LE(layout, 4);
  return Buffer.concat([head, content]);
}

const read = (...parts: readonly Uint8Array[]) => readLibraryInfo(Buffer.concat(parts));

const version = header([text(6, '0.17.0~5d38d108'), text(8, 'Calypso')]);
const library = header([text(1, 'libvfscore'), text(3, '1.2'), text(4, 'BSD-3-Clause')]);

describe('readLibraryInfo', () => {
  it('reads the version of Unikraft and its libraries', () => {
    assert.deepEqual(read(version, library, header([text(1, 'app')])), {
      facts: {
        version: '0.17.0',
        codeName: 'Calypso',
        libraries: [{ name: 'libvfscore', version: '1.2', licence: 'BSD-3-Clause' }, { name: 'app' }],
      },
      isWhole: true,
    });
  });

  it('has nothing where nothing is said', () => {
    const nothing = { facts: { libraries: [] }, isWhole: true };
    assert.deepEqual(read(), nothing);
    assert.deepEqual(read(header([])), nothing);
    assert.deepEqual(read(header([text(6, '')])), nothing);
  });

  it('takes the full version where there is no other', () => {
    assert.deepEqual(read(header([text(7, '0.16.1~x')])).facts, { version: '0.16.1', libraries: [] });
    assert.deepEqual(read(header([text(7, '0.16.1~x'), text(6, '0.17.0')])).facts.version, '0.17.0');
  });

  it('puts together what several headers say of the whole', () => {
    const { facts } = read(header([text(6, '0.17.0')]), header([text(8, 'Calypso')]));
    assert.deepEqual(facts, { version: '0.17.0', codeName: 'Calypso', libraries: [] });
  });

  it('passes over layouts, records and texts that it doesn’t know', () => {
    const long = 'x'.repeat(257);
    const found = read(
      header([text(1, 'hidden')], 2),
      header([text(1, 'a'), text(2, 'unknown'), text(3, long), text(4, 'x'.repeat(256))]),
      header([text(1, 'b'), raw(4, Buffer.from('no end'))]),
      // A record without a text.
      header([text(1, 'c'), raw(3, Buffer.alloc(0))]),
    );
    assert.deepEqual(found, {
      facts: { libraries: [{ name: 'a', licence: 'x'.repeat(256) }, { name: 'b' }, { name: 'c' }] },
      isWhole: true,
    });
  });

  it('takes zeros at the end for padding, and nothing else', () => {
    assert.deepEqual(read(library, Buffer.alloc(3)), read(library));
    assert.deepEqual(read(library, Buffer.alloc(64)), read(library));
    assert.equal(read(library, Buffer.from([0, 0, 0, 0, 0, 0, 1])).isWhole, false);
    assert.equal(read(library, Buffer.from([0, 0, 0, 0, 1])).isWhole, false);
  });

  it('keeps what stands before the damage', () => {
    const { facts } = read(library);
    for (const damage of [
      Buffer.from([5, 0, 0, 0, 1, 0]),
      header([text(1, 'b')], 1, 1),
      library.subarray(0, -1),
    ])
      assert.deepEqual(read(library, damage), { facts, isWhole: false });
  });

  it('keeps the library of a damaged record, and goes on with the next', () => {
    const next = header([text(1, 'b')]);
    for (const record of [
      raw(3, Buffer.from('1.2\0'), 5),
      raw(3, Buffer.from('1.2\0'), 11),
      Buffer.from([3, 0]),
    ])
      assert.deepEqual(read(header([text(1, 'a'), record]), next), {
        facts: { libraries: [{ name: 'a' }, { name: 'b' }] },
        isWhole: false,
      });
  });

  it('has at most a thousand libraries', () => {
    const { facts, isWhole } = read(...Array.from({ length: 1001 }, () => library));
    assert.deepEqual([facts.libraries.length, isWhole], [1000, true]);
  });
});

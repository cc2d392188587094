// Archives that an earlier build left in the context, told from every other file.

import assert from 'node:assert/strict';
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { withPlace } from '../../../src/adapters/context/disk.ts';
import { isOldArchive, warnOfArchive } from '../../../src/adapters/context/old-archives.ts';
import { encodeHeader } from '../../../src/core/files/tar-header.ts';
import { temporaryFolder } from '../../support/folder.ts';

const position = { file: 'Containerfile', line: 2, column: 6 };
const hex = 'a'.repeat(64);

function header(path: string, more: object = {}): Buffer {
  return Buffer.from(encodeHeader({ type: 'file', path, mode: 0o644, uid: 0, gid: 0, size: 5, ...more }, 0));
}

const blob = header(`blobs/sha256/${hex}`);
const of = (head: Uint8Array, size = 1536) => Buffer.concat([head, Buffer.alloc(size)]).subarray(0, size);

const files: [name: string, content: Uint8Array, isOne: boolean][] = [
  ['archive', of(blob), true],
  ['large', of(blob, 10_240), true],
  ['short', of(blob, 1024), false],
  ['uneven', of(blob, 1537), false],
  ['other-name', of(header('other')), false],
  ['short-name', of(header('blobs/sha256/abc')), false],
  ['long-name', of(header(`blobs/sha256/${hex}a`)), false],
  ['deep-name', of(header(`x/blobs/sha256/${hex}`)), false],
  ['owner', of(header(`blobs/sha256/${hex}`, { uid: 1 })), false],
  ['mode', of(header(`blobs/sha256/${hex}`, { mode: 0o600 })), false],
  ['empty', Buffer.alloc(1536), false],
  ['text', Buffer.alloc(1536, 'x'), false],
];

describe('an old archive', () => {
  for (const [name, content, isOne] of files)
    it(`is ${isOne ? '' : 'not '}the file "${name}"`, async (test) => {
      const root = temporaryFolder(test, { [name]: content });
      const stats = lstatSync(join(root, name));
      const found = await withPlace({ root, position }, new Map(), (place) =>
        isOldArchive(place, name, stats),
      );
      assert.equal(found, isOne);
    });

  it('is none that is gone, or that was cut since it was listed', async (test) => {
    const root = temporaryFolder(test, { archive: of(blob), cut: blob.subarray(0, 100) });
    const stats = lstatSync(join(root, 'archive'));
    await withPlace({ root }, new Map(), (place) => {
      for (const name of ['none', 'cut']) assert.equal(isOldArchive(place, name, stats), false);
    });
  });

  it('is warned of with its place', async (test) => {
    const root = temporaryFolder(test);
    const problem = {
      code: 'CONTEXT_PATH',
      message: '"a.tar" is an archive that an earlier build wrote, and is packed into this image',
      hint: 'Remove it, name it in the ignore file, or write archives outside of the context.',
    };
    await withPlace({ root, position }, new Map(), (place) => {
      assert.deepEqual(warnOfArchive(place, 'a.tar'), { ...problem, position });
    });
    await withPlace({ root }, new Map(), (place) => {
      assert.deepEqual(warnOfArchive(place, 'a.tar'), problem);
    });
  });
});

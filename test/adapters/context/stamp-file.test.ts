// Stamps of files: where there are any, and what they depend on.

import assert from 'node:assert/strict';
import { closeSync, lstatSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { recognize } from '../../../src/adapters/context/read-file.ts';
import { stampFile } from '../../../src/adapters/context/stamp-file.ts';
import { temporaryFolder } from '../../support/folder.ts';

function stampOf(root: string, path: string): string | undefined {
  return stampFile({ root }, path, recognize(lstatSync(join(root, path))))?.text;
}

describe(
  'the stamp of a file',
  { skip: process.platform !== 'linux' && 'there are none on this system' },
  () => {
    it('stays while nothing changes, and is another one after each change', (test) => {
      const root = temporaryFolder(test, { file: Buffer.alloc(1_000_000) });
      const first = stampOf(root, 'file');
      assert.ok(first);
      assert.equal(stampOf(root, 'file'), first);
      const file = openSync(join(root, 'file'), 'r+');
      writeSync(file, 'x', 999_999);
      closeSync(file);
      assert.notEqual(stampOf(root, 'file'), first);
    });

    it('has samples of the content, from its start to its end', (test) => {
      const sampleIn = (at: number) => {
        const bytes = Buffer.alloc(1_000_000);
        bytes[at] = 1;
        return stampOf(temporaryFolder(test, { file: bytes }), 'file')
          ?.split(':')
          .at(-1);
      };
      const nothing = sampleIn(100_000);
      for (const at of [0, 4095, 256 * 1024, 999_999]) assert.notEqual(sampleIn(at), nothing);
    });

    it('is none on a file system whose times say nothing', () => {
      assert.equal(stampOf('/sys/kernel', 'notes'), undefined);
    });

    it('fails for a file that is not the one that was listed', (test) => {
      const root = temporaryFolder(test, { file: 'a', other: 'b' });
      const listed = recognize(lstatSync(join(root, 'other')));
      assert.throws(() => stampFile({ root }, 'file', listed), { code: 'CONTEXT_CHANGED' });
    });
  },
);

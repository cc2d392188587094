// Files that another program holds, as Windows answers for them.

import assert from 'node:assert/strict';
import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { BimaError } from '../../../src/core/errors.ts';
import { createLayout, openLayout } from '../../../src/adapters/disk/layout.ts';
import { isInUse, withPatience } from '../../../src/adapters/filesystem/patience.ts';
import { publishLayout } from '../../../src/adapters/disk/publish.ts';
import { outputErrors, withTemporaryFolder } from '../../../src/adapters/filesystem/temporary.ts';
import { blobOf, streamOf } from '../../../src/core/oci/blob.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import { temporaryFolder } from '../../support/folder.ts';

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: not now`), { code, errno: -1 });
}

/** Fails so often before it succeeds. */
function failing(times: number, code: string): { body: () => Promise<string>; calls: () => number } {
  let calls = 0;
  return {
    calls: () => calls,
    body: () => (++calls <= times ? Promise.reject(systemError(code)) : Promise.resolve('done')),
  };
}

const windows = { platform: 'win32', waits: [0, 0, 0] } as const;

describe('patience', () => {
  for (const code of ['EPERM', 'EACCES', 'EBUSY', 'ENOTEMPTY']) {
    it(`waits on Windows for a file that is held, which says ${code}`, async () => {
      const { body, calls } = failing(3, code);
      assert.equal(await withPatience('a', body, windows), 'done');
      assert.equal(calls(), 4);
    });

    it(`says of one that stays so who has it, in place of ${code}`, async () => {
      const { body, calls } = failing(99, code);
      await assert.rejects(
        outputErrors('out', () => withPatience('out/a', body, windows)),
        (error) =>
          error instanceof BimaError &&
          isInUse(error) &&
          error.code === 'OUTPUT_FAILED' &&
          error.message === '"out/a" is in use by another program',
      );
      assert.equal(calls(), 4);
    });

    it(`waits for nothing elsewhere, where ${code} means something else`, async () => {
      const { body, calls } = failing(1, code);
      await assert.rejects(withPatience('a', body, { platform: 'linux' }), { code });
      assert.equal(calls(), 1);
    });
  }

  it('waits for no other error', async () => {
    const { body, calls } = failing(1, 'ENOSPC');
    await assert.rejects(withPatience('a', body, windows), { code: 'ENOSPC' });
    assert.equal(calls(), 1);
  });
});

describe('cleaning up', () => {
  it('changes nothing of what was achieved', async (test) => {
    const parent = join(temporaryFolder(test), 'parent');
    const result = await withTemporaryFolder(join(parent, 'out'), () => {
      // What is left can't be removed: its folder is a file now.
      renameSync(parent, `${parent}-elsewhere`);
      writeFileSync(parent, '');
      return Promise.resolve('achieved');
    });
    assert.equal(result, 'achieved');
  });

  it('hides no error that came before', async (test) => {
    const parent = join(temporaryFolder(test), 'parent');
    const failed = withTemporaryFolder(join(parent, 'out'), () => {
      renameSync(parent, `${parent}-elsewhere`);
      writeFileSync(parent, '');
      return Promise.reject(new Error('the first'));
    });
    await assert.rejects(failed, /the first/);
  });
});

describe('a blob that is there', () => {
  const blob = blobOf(mediaTypes.layerTar, Buffer.from('content'));

  it('is not replaced by the same one', async (test) => {
    const layout = await createLayout(temporaryFolder(test));
    await layout.put(blob);
    const before = statSync(layout.blobPath(blob.descriptor.digest)).ino;
    await layout.write(streamOf(Buffer.from('content')));
    assert.equal(statSync(layout.blobPath(blob.descriptor.digest)).ino, before);
  });

  it('is not replaced when a layout is published over it, unless it is damaged', async (test) => {
    const folder = temporaryFolder(test);
    const there = await createLayout(folder);
    const damaged = blobOf(mediaTypes.layerTar, Buffer.from('another'));
    await there.put(blob);
    await there.put(damaged);
    writeFileSync(there.blobPath(damaged.descriptor.digest), 'damaged');
    const before = statSync(there.blobPath(blob.descriptor.digest)).ino;

    const temporary = await createLayout(temporaryFolder(test));
    await temporary.put(blob);
    await temporary.put(damaged);
    // What no entry of the index reaches would be collected.
    await there.writeIndex({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: [blob.descriptor] });
    await publishLayout(temporary, damaged.descriptor, [], folder);
    assert.equal(statSync(there.blobPath(blob.descriptor.digest)).ino, before);
    assert.equal(readFileSync(there.blobPath(damaged.descriptor.digest), 'utf8'), 'another');
    assert.equal((await (await openLayout(folder)).readIndex()).manifests.length, 2);
  });
});

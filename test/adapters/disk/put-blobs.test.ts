// External blobs in a layout: several at once, and links for those that are there.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createLayout } from '../../../src/adapters/disk/layout.ts';
import { putBlobs, putMissingBlobs } from '../../../src/adapters/disk/put-blobs.ts';
import { blobOf } from '../../../src/core/oci/blob.ts';
import type { Blob } from '../../../src/core/oci/blob.ts';
import { temporaryFolder } from '../../support/folder.ts';

const blobs = Array.from({ length: 10 }, (_, at) => blobOf('text/plain', Buffer.from(`blob ${at}`)));
const [first] = blobs;
assert.ok(first);
const never = (blob: Blob): Blob => ({ ...blob, open: () => assert.fail('opened') });

describe('putBlobs', () => {
  it('puts each blob once, four at a time', async (test) => {
    const layout = await createLayout(temporaryFolder(test));
    const put: string[] = [];
    let running = 0;
    let most = 0;
    const watched = {
      ...layout,
      put: async (blob: Blob) => {
        put.push(blob.descriptor.digest);
        most = Math.max(most, ++running);
        await layout.put(blob);
        running -= 1;
      },
    };
    await putBlobs(watched, [...blobs, ...blobs]);
    assert.deepEqual(
      put,
      blobs.map(({ descriptor }) => descriptor.digest),
    );
    assert.equal(most, 4);
    for (const { descriptor } of blobs) assert.equal(await layout.has(descriptor), true);
  });

  it('stops for a signal', async (test) => {
    const layout = await createLayout(temporaryFolder(test));
    await assert.rejects(
      putBlobs(layout, blobs.map(never), AbortSignal.abort(new Error('enough'))),
      /enough/,
    );
    const controller = new AbortController();
    const stopping = { ...first, open: () => (controller.abort(new Error('enough')), first.open()) };
    const put = putBlobs(layout, [stopping, ...blobs.slice(5).map(never)], controller.signal);
    await assert.rejects(put, /enough|opened/);
  });
});

describe('putMissingBlobs', () => {
  it('links what the destination has, and puts the others', async (test) => {
    const folder = temporaryFolder(test);
    const there = await createLayout(join(folder, 'there'));
    await there.put(first);
    const layout = await createLayout(join(folder, 'new'));
    await putMissingBlobs(layout, [never(first), ...blobs.slice(1)], there.directory);
    const { digest } = first.descriptor;
    assert.equal(statSync(layout.blobPath(digest)).ino, statSync(there.blobPath(digest)).ino);
    for (const { descriptor } of blobs) assert.equal(await layout.has(descriptor), true);
    // What is linked already is no error.
    await putMissingBlobs(layout, [never(first)], there.directory);
  });

  it('puts all where there is no layout, and what has another size there', async (test) => {
    const folder = temporaryFolder(test);
    const layout = await createLayout(join(folder, 'new'));
    await putMissingBlobs(layout, [first], join(folder, 'none'));
    assert.equal(await layout.has(first.descriptor), true);
    const there = await createLayout(join(folder, 'there'));
    const { digest } = first.descriptor;
    writeFileSync(there.blobPath(digest), 'short');
    const other = await createLayout(join(folder, 'other'));
    await putMissingBlobs(other, [first], there.directory);
    assert.equal(readFileSync(other.blobPath(digest), 'utf8'), 'blob 0');
  });

  it('puts what can not be linked', { skip: process.platform !== 'linux' }, async (test) => {
    const folder = temporaryFolder(test);
    const there = await createLayout(join(folder, 'there'));
    const { digest, size } = first.descriptor;
    // Of the right size, and no file: Linux makes no link of a folder.
    mkdirSync(there.blobPath(digest));
    const folderSize = statSync(there.blobPath(digest)).size;
    const odd: Blob = { ...first, descriptor: { ...first.descriptor, size: folderSize } };
    assert.equal(await there.has(odd.descriptor), true);
    const layout = await createLayout(join(folder, 'new'));
    await assert.rejects(putMissingBlobs(layout, [odd], there.directory), {
      code: 'DIGEST_MISMATCH',
      message: new RegExp(`got ${size} bytes`),
    });
  });

  it('passes a signal on', async (test) => {
    const folder = temporaryFolder(test);
    const layout = await createLayout(join(folder, 'new'));
    const signal = AbortSignal.abort(new Error('enough'));
    await assert.rejects(putMissingBlobs(layout, [never(first)], join(folder, 'none'), signal), /enough/);
  });
});

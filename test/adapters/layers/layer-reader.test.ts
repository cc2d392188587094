// The files of a tar that are read from it when they are asked for: how often it is read, and what is kept.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { createLayerReader } from '../../../src/adapters/layers/layer-reader.ts';
import { listLayer } from '../../../src/core/files/list-layer.ts';
import { readAll, streamOf } from '../../../src/core/oci/blob.ts';
import { packTar } from '../../support/base-image.ts';
import { temporaryFolder } from '../../support/folder.ts';

const tar = await packTar([
  { path: 'd/' },
  { path: 'd/a', content: 'aaa' },
  { path: 'd/b', content: 'b' },
  { path: 'link', target: 'd/a' },
  { path: 'c', content: 'x'.repeat(200_000) },
  { path: 'empty', content: '' },
]);

function open(test: TestContext, bytes: Uint8Array = tar) {
  const folder = join(temporaryFolder(test), 'a/b');
  let readings = 0;
  const reader = createLayerReader(
    'the layer',
    (content) => {
      readings += 1;
      return listLayer(streamOf(bytes), 'the layer', content);
    },
    folder,
  );
  const text = async (file: number) => Buffer.from(await readAll(reader.open(file))).toString();
  return { reader, folder, text, readings: () => readings };
}

describe('the files of a layer', () => {
  it('are listed once, by their number', async (test) => {
    const { reader, readings, folder } = open(test);
    const [one, other] = await Promise.all([reader.list(), reader.list()]);
    assert.equal(one, other);
    assert.equal(readings(), 1);
    assert.deepEqual(
      one.entries.map((entry) => [entry.path, one.files.get(entry)]),
      [
        ['d', undefined],
        ['d/a', 0],
        ['d/b', 1],
        ['link', undefined],
        ['c', 2],
        ['empty', 3],
      ],
    );
    assert.equal(reader.name, 'the layer');
    assert.ok(!existsSync(folder));
  });

  it('are read in one go where they are expected, and never again', async (test) => {
    const { reader, text, readings, folder } = open(test);
    for (const file of [0, 2, 3]) reader.expect(file);
    assert.deepEqual([await text(2), await text(0), await text(3)], ['x'.repeat(200_000), 'aaa', '']);
    assert.equal(readings(), 1);
    assert.equal(readdirSync(folder).length, 3);
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    // Those that are there are expected in vain.
    for (const file of [0, 2]) reader.expect(file);
    assert.deepEqual([await text(1), await text(0)], ['b', 'aaa']);
    assert.equal(readings(), 2);
    assert.equal(readdirSync(folder).length, 4);
  });

  it('are read together with the one that is opened unexpectedly', async (test) => {
    const { reader, text, readings } = open(test);
    reader.expect(0);
    assert.equal(await text(1), 'b');
    assert.equal(await text(0), 'aaa');
    assert.equal(readings(), 1);
  });

  it('may be read at the same time', async (test) => {
    const { text, readings } = open(test);
    assert.deepEqual(await Promise.all([text(0), text(0), text(1)]), ['aaa', 'aaa', 'b']);
    assert.equal(readings(), 2);
  });

  it('fail for whoever opens them where the tar is damaged, and for nobody else', async (test) => {
    const { reader, text } = open(test, tar.subarray(0, 2048));
    reader.expect(1);
    await assert.rejects(text(0), { code: 'LAYOUT_INVALID' });
    await assert.rejects(text(1), { code: 'LAYOUT_INVALID' });
  });

  it('fail for nobody who never opens them', async (test) => {
    const { reader, text } = open(test, tar.subarray(0, 2048));
    reader.expect(1);
    await assert.rejects(text(0), { code: 'LAYOUT_INVALID' });
    // A failure that nobody hears of would end the process.
    await new Promise(setImmediate);
  });

  it('leave no descriptor open', { skip: process.platform !== 'linux' && 'needs /proc' }, async (test) => {
    const count = () => readdirSync('/proc/self/fd').length;
    const { reader, text } = open(test);
    for (const file of [0, 1, 2, 3]) reader.expect(file);
    const before = count();
    assert.equal(await text(0), 'aaa');
    const broken = open(test, tar.subarray(0, 2048));
    await assert.rejects(broken.text(0));
    // A stream that was read closes its file a moment later.
    for (const end = Date.now() + 5000; count() > before && Date.now() < end;)
      await new Promise(setImmediate);
    assert.equal(count(), before);
  });
});

// Layouts and archives whose files are not what they seem.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { openLocalImages } from '../../../src/adapters/disk/open.ts';
import { createLayout } from '../../../src/adapters/disk/layout.ts';
import { limits } from '../../../src/core/limits.ts';
import { readAll, streamOf } from '../../../src/core/oci/blob.ts';
import type { Descriptor } from '../../../src/core/oci/descriptor.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import { temporaryFolder } from '../../support/folder.ts';

const skip = process.platform === 'win32' && 'Windows has no FIFO';

function makeFifo(path: string): void {
  rmSync(path, { force: true });
  assert.equal(spawnSync('mkfifo', [path]).status, 0);
}

async function layoutWithBlob(
  test: TestContext,
): Promise<{ folder: string; blob: Descriptor; path: string }> {
  const folder = temporaryFolder(test);
  const layout = await createLayout(folder);
  const blob = { mediaType: mediaTypes.config, ...(await layout.write(streamOf(Buffer.from('{}')))) };
  await layout.writeIndex({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: [blob] });
  return { folder, blob, path: layout.blobPath(blob.digest) };
}

describe('a hostile layout', () => {
  for (const name of ['oci-layout', 'index.json']) {
    it(`is refused with a FIFO as ${name}`, { skip }, async (test) => {
      const { folder } = await layoutWithBlob(test);
      makeFifo(join(folder, name));
      await assert.rejects(openLocalImages(folder), { code: 'LAYOUT_INVALID', message: /got a FIFO$/ });
    });

    it(`is refused with far too large a file as ${name}`, async (test) => {
      const { folder } = await layoutWithBlob(test);
      truncateSync(join(folder, name), 1.5 * 1024 ** 3);
      await assert.rejects(openLocalImages(folder), {
        code: 'LAYOUT_INVALID',
        message: new RegExp(`expected at most ${limits.document} bytes`),
      });
    });

    it(`is refused with a link as ${name}`, { skip }, async (test) => {
      const { folder } = await layoutWithBlob(test);
      const elsewhere = temporaryFolder(test, { file: '{"imageLayoutVersion":"1.0.0"}' });
      rmSync(join(folder, name));
      symlinkSync(join(elsewhere, 'file'), join(folder, name));
      await assert.rejects(openLocalImages(folder), { code: 'LAYOUT_INVALID', message: /symbolic link$/ });
    });
  }

  it('is refused with a FIFO or a link as a blob', { skip }, async (test) => {
    const { folder, blob, path } = await layoutWithBlob(test);
    const read = async () => {
      const images = await openLocalImages(folder);
      assert.ok(images);
      return readAll(images.source.open(blob).open());
    };
    assert.equal(Buffer.from(await read()).toString(), '{}');
    makeFifo(path);
    await assert.rejects(read(), { code: 'LAYOUT_INVALID', message: /got a FIFO$/ });
    rmSync(path);
    writeFileSync(join(folder, 'elsewhere'), '{}');
    symlinkSync(join(folder, 'elsewhere'), path);
    await assert.rejects(read(), { code: 'LAYOUT_INVALID', message: /got a symbolic link$/ });
  });

  it('is refused with an index of arrays within arrays', async (test) => {
    const { folder } = await layoutWithBlob(test);
    const nested = `{"schemaVersion":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    writeFileSync(join(folder, 'index.json'), nested);
    await assert.rejects(openLocalImages(folder), { code: 'LAYOUT_INVALID', message: /nested/ });
  });
});

describe('a hostile archive', () => {
  it('is refused when it is a FIFO or a device', { skip }, async (test) => {
    const path = join(temporaryFolder(test), 'pipe');
    makeFifo(path);
    await assert.rejects(openLocalImages(path), { code: 'LAYOUT_INVALID', message: /got a FIFO$/ });
    await assert.rejects(openLocalImages('/dev/zero'), {
      code: 'LAYOUT_INVALID',
      message: /got a character device$/,
    });
  });
});

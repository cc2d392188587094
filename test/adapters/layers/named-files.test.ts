import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { readNamedFiles } from '../../../src/adapters/layers/named-files.ts';
import { readAll } from '../../../src/core/oci/blob.ts';
import type { Digest } from '../../../src/core/oci/digest.ts';
import { readImage } from '../../../src/core/oci/image.ts';
import type { Source } from '../../../src/core/oci/target.ts';
import { baseLayout } from '../../support/base-image.ts';
import type { SampleEntry } from '../../support/base-image.ts';
import { temporaryFolder } from '../../support/folder.ts';

/** The content of the files that are found, and which layers were opened, by their number from the bottom. */
async function readFrom(test: TestContext, layers: readonly (readonly SampleEntry[])[], ...paths: string[]) {
  const folder = temporaryFolder(test);
  const layout = await baseLayout(join(folder, 'layout'), [{ layers }]);
  const [root] = (await layout.readIndex()).manifests;
  assert.ok(root !== undefined);
  const image = await readImage(layout, root);
  const digests = image.layers.map(({ descriptor }) => descriptor.digest);
  const opened: Digest[] = [];
  const source: Source = {
    name: layout.name,
    open: (descriptor) => {
      opened.push(descriptor.digest);
      return layout.open(descriptor);
    },
  };
  const files = await readNamedFiles(source, image.layers, paths, join(folder, 'files'));
  const contents = await Promise.all(
    [...files].map(
      async ([path, file]) => [path, Buffer.from(await readAll(file.open())).toString()] as const,
    ),
  );
  const parts = await Promise.all(
    [...files].map(async ([path, { openRange }]) => {
      return [path, openRange && Buffer.from(await readAll(openRange(3, 6))).toString()] as const;
    }),
  );
  return {
    contents: Object.fromEntries(contents),
    parts: Object.fromEntries(parts),
    opened: opened.map((digest) => digests.indexOf(digest)),
  };
}

const file = (name: string, content: string): SampleEntry => ({ path: name, content });

describe('readNamedFiles', () => {
  it('reads no layer below the one that has the file', async (test) => {
    const layers = [[file('other', 'x'.repeat(1000))], [file('kernel', 'old')], [file('kernel', 'new')]];
    const { contents, opened } = await readFrom(test, layers, 'kernel');
    assert.deepEqual(contents, { kernel: 'new' });
    assert.deepEqual(opened, [2]);
  });

  it('reads down to the layer of the last file', async (test) => {
    const layers = [[file('below', '0')], [file('initrd', '1')], [file('kernel', '2')]];
    const { contents, opened } = await readFrom(test, layers, 'kernel', 'initrd');
    assert.deepEqual(contents, { kernel: '2', initrd: '1' });
    assert.deepEqual(opened, [2, 1]);
  });

  it('finds no file that a layer above removes', async (test) => {
    const layers = [[file('boot/kernel', '0')], [file('boot/.wh.kernel', '')]];
    assert.deepEqual((await readFrom(test, layers, 'boot/kernel')).contents, {});
  });

  it('gives files that can be read from any place', async (test) => {
    const { parts } = await readFrom(test, [[file('kernel', '0123456789')]], 'kernel');
    assert.deepEqual(parts, { kernel: '345' });
  });

  it('follows a link to another layer', async (test) => {
    const link: SampleEntry = { path: 'kernel', target: 'boot/vmlinux' };
    const layers = [[file('boot/vmlinux', 'here')], [link]];
    assert.deepEqual((await readFrom(test, layers, 'kernel')).contents, { kernel: 'here' });
  });
});

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { zstdDecompressSync, gunzipSync } from 'node:zlib';
import type { Problem } from '../../../src/core/errors.ts';
import { readAll } from '../../../src/core/oci/blob.ts';
import { planBuild } from '../../../src/usecases/plan/plan.ts';
import { baseLayout } from '../../support/base-image.ts';
import type { SampleEntry } from '../../support/base-image.ts';
import { localImages } from '../../support/build.ts';
import { checkImage, readCpio, readImage } from '../../support/read-root.ts';
import { sampleContainerfile, sampleContext } from '../../support/sample.ts';
import { unlessInstalled } from '../../support/tools.ts';

/** Two layers with all that a tar can say. */
const layers: readonly (readonly SampleEntry[])[] = [
  [
    { path: 'usr/bin/', mode: 0o750, uid: 1, gid: 2 },
    {
      path: 'usr/bin/tool',
      content: 'tool',
      mode: 0o4755,
      uid: 70_000,
      gid: 3,
      xattrs: { 'user.kind': 'tool' },
    },
    { path: 'bin', target: 'usr/bin' },
    { path: 'usr/bin/other', target: 'usr/bin/tool', hard: true },
    { path: 'etc/gone', content: 'gone' },
    { path: 'var/old/file', content: 'old' },
    { path: 'dev/console', special: { type: 'character-device', major: 5, minor: 1 }, mode: 0o600 },
    { path: 'run/pipe', special: { type: 'fifo' }, mode: 0o622 },
  ],
  [
    { path: 'etc/.wh.gone' },
    { path: 'var/old/.wh..wh..opq' },
    { path: 'var/old/new', content: 'new' },
    { path: 'bin/late', content: 'late', mode: 0o755 },
  ],
];

/** The file that one COPY --rootfs makes, and the warnings. */
async function makeRootfs(
  test: TestContext,
  copy: string,
  { created = 0, stage = '' } = {},
): Promise<{ readonly bytes: Uint8Array; readonly warnings: readonly Problem[]; readonly context: string }> {
  const context = sampleContext(test);
  mkdirSync(join(context, 'folder'));
  writeFileSync(join(context, 'folder/file'), 'from the context');
  await baseLayout(join(context, '../base'), [{ layers }], ['latest']);
  const text = sampleContainerfile.replace('FROM scratch', `${stage}FROM scratch`);
  writeFileSync(join(context, 'Containerfile'), `${text}${copy}\n`);
  const warnings: Problem[] = [];
  const options = { context, labels: [], strict: true, images: localImages(test, context), created };
  const plan = await planBuild(options, (problem) => warnings.push(problem));
  const entry = plan.layers.flatMap(({ entries }) => entries).find(({ path }) => path === 'boot/root');
  assert.ok(entry?.type === 'file');
  const bytes = await readAll(entry.open());
  assert.equal(bytes.length, entry.size);
  return { bytes, warnings, context };
}

const merged = (root: string): Record<string, string> => ({
  '.': `directory ${root} 0:0 `,
  bin: 'symlink 777 0:0 usr/bin',
  dev: 'directory 755 0:0 ',
  'dev/console': 'character 600 0:0 5,1',
  run: 'directory 755 0:0 ',
  'run/pipe': 'fifo 622 0:0 ',
});

describe('COPY --rootfs', () => {
  const from = '--from=oci:../base:latest / /boot/root';

  it(
    'writes the merged layers of an image into an initrd',
    { skip: unlessInstalled('bsdtar') },
    async (test) => {
      const { bytes, warnings, context } = await makeRootfs(test, `COPY --rootfs=initrd ${from}`, {
        created: 5,
      });
      const file = join(context, 'initrd');
      writeFileSync(file, bytes);
      const read = readCpio(file, 5);
      for (const [path, text] of Object.entries(merged('755'))) assert.equal(read.get(path), text, path);
      assert.equal(read.get('usr/bin'), 'directory 750 1:2 ');
      assert.match(read.get('usr/bin/tool') ?? '', /^file 4755 70000:3 2 /);
      assert.equal(read.get('usr/bin/tool'), read.get('usr/bin/other'));
      assert.deepEqual([...read.keys()].filter((path) => /^(?:etc|var|usr)/.test(path)).sort(), [
        'etc',
        'usr',
        'usr/bin',
        'usr/bin/late',
        'usr/bin/other',
        'usr/bin/tool',
        'var',
        'var/old',
        'var/old/new',
      ]);
      const lost = warnings.filter(({ message }) => message.includes('extended attributes'));
      assert.deepEqual(
        lost.map(({ message, position }) => [message.slice(0, 30), position?.line]),
        [['"/usr/bin/other" and 1 more fi', 12]],
      );
    },
  );

  it(
    'writes them into a block image, with their attributes',
    { skip: unlessInstalled('e2fsck') },
    async (test) => {
      const { bytes, warnings, context } = await makeRootfs(test, `COPY --rootfs=block,free=1M ${from}`);
      const file = join(context, 'image');
      writeFileSync(file, bytes);
      checkImage(file);
      const paths = [...Object.keys(merged('')), 'usr/bin/tool', 'usr/bin/other', 'usr/bin/late'];
      const read = readImage(file, paths, context, 0);
      for (const [path, text] of Object.entries(merged('755'))) assert.equal(read.get(path), text, path);
      assert.match(read.get('usr/bin/tool') ?? '', /^file 4755 70000:3 2 /);
      assert.equal(read.get('usr/bin/tool'), read.get('usr/bin/other'));
      assert.match(Buffer.from(bytes).toString('latin1'), /kind/);
      assert.deepEqual(
        warnings.filter(({ message }) => message.includes('attributes')),
        [],
      );
    },
  );

  it(
    'takes a folder of an image as the root, with its mode',
    { skip: unlessInstalled('bsdtar') },
    async (test) => {
      const copy = 'COPY --rootfs=initrd --from=oci:../base:latest /bin /boot/root';
      const { bytes, context } = await makeRootfs(test, copy);
      const file = join(context, 'initrd');
      writeFileSync(file, bytes);
      const read = readCpio(file, 0);
      assert.equal(read.get('.'), 'directory 750 1:2 ');
      assert.deepEqual([...read.keys()].sort(), ['.', 'late', 'other', 'tool']);
    },
  );

  it('takes folders of the context and documents', { skip: unlessInstalled('bsdtar') }, async (test) => {
    const copy = 'COPY --rootfs=initrd --chmod=600 folder redis.conf <<note /boot/root\nwritten\nnote';
    const { bytes, context } = await makeRootfs(test, copy);
    const file = join(context, 'initrd');
    writeFileSync(file, bytes);
    const read = readCpio(file, 0);
    assert.deepEqual([...read.keys()].sort(), ['.', 'file', 'note', 'redis.conf']);
    assert.match(read.get('file') ?? '', /^file 644 0:0 1 /);
  });

  for (const [method, decompress] of [
    ['gzip', gunzipSync],
    ['zstd', zstdDecompressSync],
  ] as const) {
    it(`compresses an initrd with ${method}, up to a multiple of four bytes`, async (test) => {
      const plain = await makeRootfs(test, `COPY --rootfs=initrd ${from}`);
      const { bytes } = await makeRootfs(test, `COPY --rootfs=initrd,compression=${method} ${from}`);
      assert.equal(bytes.length % 4, 0);
      const tries = [0, 1, 2, 3].map((cut) => bytes.subarray(0, bytes.length - cut));
      assert.ok(
        tries.some((part) => {
          try {
            return decompress(part).equals(plain.bytes);
          } catch {
            return false;
          }
        }),
      );
    });
  }

  it('refuses a file in the place of a folder, at the source', async (test) => {
    const copy = 'COPY --rootfs=block --from=mixed /a /b /boot/root';
    const stage = 'FROM scratch AS mixed\nCOPY redis.conf /a/same\nCOPY redis.conf /b/same/file\n';
    await assert.rejects(makeRootfs(test, copy, { stage }), {
      code: 'CONTEXT_PATH',
      message: '"/b" needs a directory at "/same" of the root file system, where a file is already',
    });
  });
});

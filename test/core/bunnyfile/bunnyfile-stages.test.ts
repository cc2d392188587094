// What a bunnyfile becomes, as the Containerfile that says the same.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatBunny, parseBunny } from './parse-bunny.ts';

const local = 'kernel: {from: local, path: vmlinuz}';
const image = 'kernel: {from: "lib/kernel:1", path: boot/vmlinuz}';
const base = ['unikernelType=linux', 'hypervisor=qemu'];

async function built(framework: string, ...lines: string[]): Promise<string[]> {
  const text = [
    'version: v0.1',
    `platforms: {framework: ${framework}, monitor: qemu}`,
    ...lines,
    'cmd: [a]',
  ].join('\n');
  const found = await formatBunny(text);
  assert.equal(found.pop(), 'CMD [a]');
  return found;
}

const label = (...pairs: string[]) => `LABEL ${pairs.join(' ')}`;
const copied = 'COPY vmlinuz /.boot/kernel';
const ofImage = 'COPY --from=lib/kernel:1 boot/vmlinuz /.boot/kernel';
const ours = [...base, 'binary=/.boot/kernel'];
const theirs = [...base, 'binary=/boot/vmlinuz'];

const rows: [name: string, lines: string[], expected: string[]][] = [
  ['a local kernel alone', [local], ['FROM scratch', copied, label(...ours)]],
  ['the kernel of an image alone: the image is the base', [image], ['FROM lib/kernel:1', label(...theirs)]],
  [
    'an empty rootfs section as if it weren’t there',
    [local, 'rootfs: {from: scratch}'],
    ['FROM scratch', copied, label(...ours)],
  ],
  [
    'a local kernel and a local initrd',
    [local, 'rootfs: {from: local, path: r.cpio, type: initrd}'],
    [
      'FROM scratch',
      copied,
      'COPY r.cpio /.boot/rootfs',
      label(...ours, 'initrd=/.boot/rootfs', 'mountRootfs=false'),
    ],
  ],
  [
    'a local block image on the image of the kernel',
    [image, 'rootfs: {from: local, path: r.img, type: block}'],
    [
      'FROM lib/kernel:1',
      'COPY r.img /.boot/rootfs',
      label(...theirs, 'block=/.boot/rootfs', 'blkMntPoint=/', 'mountRootfs=false'),
    ],
  ],
  [
    'an initrd that is written of files',
    [local, 'rootfs: {type: initrd, include: ["etc:/etc", "a"]}'],
    [
      'FROM scratch AS rootfs',
      'COPY etc /etc',
      'COPY a /a',
      'FROM scratch',
      copied,
      'COPY --from=rootfs --rootfs=initrd / /.boot/rootfs',
      label(...ours, 'initrd=/.boot/rootfs', 'mountRootfs=false'),
    ],
  ],
  [
    'a block image that is written of an image and files, on the image of the kernel',
    [image, 'rootfs: {from: "lib/os:2", type: block, include: ["a:/b"]}'],
    [
      'FROM lib/os:2 AS rootfs',
      'COPY a /b',
      'FROM lib/kernel:1',
      'COPY --from=rootfs --rootfs=block / /.boot/rootfs',
      label(...theirs, 'block=/.boot/rootfs', 'blkMntPoint=/', 'mountRootfs=false'),
    ],
  ],
  [
    'raw files without a base, and the kernel of an image',
    [
      image,
      'rootfs: {from: scratch, type: raw, include: ["conf/:/conf", {from: "lib/x:1", source: /i, destination: i}]}',
    ],
    [
      'FROM scratch',
      'COPY conf/ /conf',
      'COPY --from=lib/x:1 /i /i',
      ofImage,
      label(...ours, 'mountRootfs=true'),
    ],
  ],
  [
    'raw files of an image, by default',
    [local, 'rootfs: {from: "nginx:alpine"}'],
    ['FROM nginx:alpine', copied, label(...ours, 'mountRootfs=true')],
  ],
  [
    'an initrd in an image',
    [image, 'rootfs: {from: "lib/os:2", path: ./boot/initrd, type: initrd}'],
    ['FROM lib/os:2', ofImage, label(...ours, 'initrd=/boot/initrd', 'mountRootfs=false')],
  ],
];

describe('a bunnyfile becomes what a Containerfile says', () => {
  for (const [name, lines, expected] of rows)
    it(name, async () => {
      assert.deepEqual(await built('linux', ...lines), expected);
    });

  it('writes an initrd for Unikraft unless another type is named', async () => {
    const [stage, , , , copy] = await built('unikraft', local, 'rootfs: {include: [a]}');
    assert.deepEqual(
      [stage, copy],
      ['FROM scratch AS rootfs', 'COPY --from=rootfs --rootfs=initrd / /.boot/rootfs'],
    );
    const named = await built('unikraft', local, 'rootfs: {path: r, from: local}');
    assert.match(named.at(-1) ?? '', /initrd=\/\.boot\/rootfs mountRootfs=false$/);
    const raw = await built('unikraft', local, 'rootfs: {type: raw, include: [a]}');
    assert.match(raw.at(-1) ?? '', /mountRootfs=true$/);
  });

  it('mounts the block device of rumprun where it can', async () => {
    const lines = await built('rumprun', local, 'rootfs: {type: block, include: [a]}');
    assert.match(lines.at(-1) ?? '', / blkMntPoint=\/data /);
  });

  it('leaves the label of a file open whose type nobody names', async () => {
    const lines = [local, 'rootfs: {from: local, path: "r.img"}'];
    const text = [
      'version: v0.1',
      'platforms: {framework: rumprun, monitor: hvt}',
      ...lines,
      'cmd: [a]',
    ].join('\n');
    const { unnamedRootfs, errors } = await parseBunny(text);
    assert.deepEqual(errors, []);
    assert.deepEqual(unnamedRootfs, {
      path: '/.boot/rootfs',
      source: 'r.img',
      mountPoint: '/data',
      position: { file: 'bunnyfile', line: 4, column: 29 },
    });
    const inImage = await parseBunny(
      text.replace('from: local, path: "r.img"', 'from: "x:1", path: "r.img"'),
    );
    assert.equal(inImage.unnamedRootfs?.path, '/r.img');
  });

  it('takes characters of a path for themselves', async () => {
    const lines = await built('linux', 'kernel: {from: local, path: "a[1]*"}');
    assert.equal(lines[1], 'COPY [a\\\\[1]\\\\*, /.boot/kernel]');
  });
});

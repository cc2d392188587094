import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatRecipe, initTarget, recipeLabels } from '../../../src/core/unikernel/convert-recipe.ts';
import type { Recipe } from '../../../src/core/unikernel/convert-recipe.ts';
import { parseMonitor, parseRootfs } from '../../../src/core/unikernel/convert-words.ts';

const recipe: Recipe = {
  image: 'alpine:3',
  settings: 'oci:settings',
  rootfs: { type: 'container' },
  kernel: { from: 'kernels:1', path: '/boot/vmlinuz' },
  entrypoint: [],
  cmd: [],
};

describe('the recipe of a conversion', () => {
  it('adds the kernel to the image, and nothing that was not asked for', () => {
    assert.equal(
      formatRecipe(recipe),
      'FROM alpine:3\nCOPY --chmod=0644 --from=kernels:1 /boot/vmlinuz /.boot/kernel\n',
    );
    assert.equal(
      formatRecipe({ ...recipe, kernel: { path: 'vmlinuz' } }),
      'FROM alpine:3\nCOPY --chmod=0644 vmlinuz /.boot/kernel\n',
    );
  });

  it('adds an init, a user and the arguments', () => {
    const init = { from: 'urunit:1', path: '/bin/urunit', target: '/urunit' };
    const text = formatRecipe({
      ...recipe,
      init,
      user: '1000:1000',
      entrypoint: ['/urunit', 'a "b"'],
      cmd: ['sh'],
    });
    assert.equal(
      text,
      [
        'FROM alpine:3',
        'COPY --chmod=0755 --from=urunit:1 /bin/urunit /urunit',
        'COPY --chmod=0644 --from=kernels:1 /boot/vmlinuz /.boot/kernel',
        'USER 1000:1000',
        'ENTRYPOINT ["/urunit","a \\"b\\""]',
        'CMD ["sh"]',
        '',
      ].join('\n'),
    );
  });

  it('makes one file of the image, with the folders that a guest mounts on', () => {
    const init = { path: 'urunit', target: '/urunit' };
    const text = formatRecipe({ ...recipe, init, rootfs: { type: 'initrd', compression: 'gzip' } });
    assert.equal(
      text,
      [
        'FROM alpine:3 AS root',
        'COPY --chmod=0755 urunit /urunit',
        'WORKDIR /dev',
        'WORKDIR /proc',
        'WORKDIR /sys',
        'FROM oci:settings',
        'COPY --chmod=0644 --from=kernels:1 /boot/vmlinuz /.boot/kernel',
        'COPY --rootfs=initrd,compression=gzip --from=root / /.boot/rootfs',
        '',
      ].join('\n'),
    );
    assert.match(
      formatRecipe({ ...recipe, rootfs: { type: 'block', free: 1024 } }),
      /^COPY --rootfs=block,free=1024 /m,
    );
  });

  it('calls an init by its own name', () => {
    assert.equal(initTarget('/usr/bin/urunit'), '/urunit');
    assert.equal(initTarget('urunit'), '/urunit');
  });

  it('has the labels that urunc boots such an image by', () => {
    const told = (...[monitor, rootfs]: Parameters<typeof recipeLabels>) =>
      recipeLabels(monitor, rootfs).map(({ key, value }) => [key.replace('com.urunc.unikernel.', ''), value]);
    const common = [
      ['unikernelType', 'linux'],
      ['hypervisor', 'firecracker'],
      ['binary', '/.boot/kernel'],
    ];
    assert.deepEqual(told('firecracker', { type: 'container' }), [...common, ['mountRootfs', 'true']]);
    assert.deepEqual(told('firecracker', { type: 'initrd', compression: 'none' }), [
      ...common,
      ['initrd', '/.boot/rootfs'],
      ['mountRootfs', 'false'],
    ]);
    assert.deepEqual(told('firecracker', { type: 'block', free: 1 }), [
      ...common,
      ['block', '/.boot/rootfs'],
      ['blkMntPoint', '/'],
      ['mountRootfs', 'false'],
    ]);
  });
});

describe('the words of a conversion', () => {
  it('are names of monitors', () => {
    for (const name of ['qemu', 'firecracker', 'cloud-hypervisor'])
      assert.equal(parseMonitor(name, '--monitor'), name);
    assert.throws(() => parseMonitor('fc', '--monitor'), {
      code: 'INPUT_INVALID',
      message: 'expected qemu, firecracker, cloud-hypervisor for --monitor, got "fc"',
      hint: 'Write firecracker.',
    });
    assert.throws(() => parseMonitor('hvt', '--monitor'), { code: 'INPUT_INVALID', hint: undefined });
  });

  it('are forms of the root file system', () => {
    assert.deepEqual(parseRootfs('container', '--rootfs'), { type: 'container' });
    assert.deepEqual(parseRootfs('initrd,compression=zstd', '--rootfs'), {
      type: 'initrd',
      compression: 'zstd',
    });
    assert.deepEqual(parseRootfs('block,free=64M', '--rootfs'), { type: 'block', free: 64 * 1024 ** 2 });
    assert.throws(() => parseRootfs('raw', '--rootfs'), {
      code: 'INPUT_INVALID',
      message: 'expected container, initrd or block for --rootfs, got "raw"',
      hint: 'An initrd may have ",compression=gzip" or zstd behind it, a block image ",free=64M" or the like.',
    });
  });
});

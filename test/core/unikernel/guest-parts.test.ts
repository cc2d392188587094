import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BimaError } from '../../../src/core/errors.ts';
import { parseReference } from '../../../src/core/oci/reference.ts';
import { parseMonitor, parseRootfs } from '../../../src/core/unikernel/convert-words.ts';
import {
  convertMonitors,
  parseImagePart,
  publicInit,
  publicKernel,
} from '../../../src/core/unikernel/guest-parts.ts';

const digest = `sha256:${'a'.repeat(64)}`;

describe('parseImagePart', () => {
  const cases: readonly (readonly [text: string, image: string, path?: string])[] = [
    ['ghcr.io/a/kernel', 'ghcr.io/a/kernel'],
    ['ghcr.io/a/kernel:6.14', 'ghcr.io/a/kernel:6.14'],
    ['ghcr.io/a/kernel:6.14:/boot/vmlinuz-6.14', 'ghcr.io/a/kernel:6.14', '/boot/vmlinuz-6.14'],
    ['localhost:5000/kernel:/kernel', 'localhost:5000/kernel', '/kernel'],
    [`a/b:1@${digest}:/kernel`, `a/b:1@${digest}`, '/kernel'],
    ['oci:/layouts/kernel', 'oci:/layouts/kernel'],
    ['oci:/layouts/kernel:tag:/kernel', 'oci:/layouts/kernel:tag', '/kernel'],
    ['docker://a/b', 'docker://a/b'],
    ['docker://a/b:/kernel', 'docker://a/b', '/kernel'],
  ];
  for (const [text, image, path] of cases) {
    it(`reads ${text}`, () => {
      assert.deepEqual(parseImagePart(text, '--kernel'), path === undefined ? { image } : { image, path });
    });
  }

  it('refuses paths that urunc refuses', () => {
    for (const path of ['/a b', '/$x', '/', '/a//b', '/a/', '/*'])
      assert.throws(
        () => parseImagePart(`a/b:${path}`, '--kernel'),
        (error) =>
          error instanceof BimaError && error.code === 'INPUT_INVALID' && error.message.includes('--kernel'),
      );
  });
});

describe('the table of public parts', () => {
  it('has whole references and absolute paths', () => {
    for (const part of [publicInit(), ...convertMonitors.flatMap((monitor) => publicKernel(monitor) ?? [])]) {
      const { registry, tag } = parseReference(part.image);
      assert.match(registry, /\./);
      assert.ok(tag !== undefined);
      assert.match(part.path ?? '', /^\//);
    }
  });
});

describe('the words of a conversion', () => {
  it('are read, or named', () => {
    assert.equal(parseMonitor('firecracker', '--monitor'), 'firecracker');
    assert.throws(() => parseMonitor('fc', '--monitor'), { hint: 'Write firecracker.' });
    assert.throws(
      () => parseMonitor('hvt', '--monitor'),
      /expected qemu, firecracker, cloud-hypervisor for --monitor/,
    );
    assert.deepEqual(parseRootfs('container', '--rootfs'), { type: 'container' });
    assert.deepEqual(parseRootfs('initrd,compression=zstd', '--rootfs'), {
      type: 'initrd',
      compression: 'zstd',
    });
    assert.deepEqual(parseRootfs('block,free=4M', '--rootfs'), { type: 'block', free: 4 * 2 ** 20 });
    assert.throws(
      () => parseRootfs('raw', '--rootfs'),
      /expected container, initrd or block for --rootfs, got "raw"/,
    );
  });
});

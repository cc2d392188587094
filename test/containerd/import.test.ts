import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isNative, parseImportFlags } from '../../src/containerd/containerd.ts';
import { importArguments } from '../../src/containerd/import.ts';
import { parsePlatform } from '../../src/oci/platform.ts';

/** Excerpts of `ctr images import --help`. */
const help = {
  '1.6': `OPTIONS:
   --base-name value        base image name for added images, when provided only images with this name prefix are imported
   --all-platforms          imports content for all platforms, false by default
   --no-unpack              skip unpacking the images, false by default
   --snapshotter value      snapshotter name. Empty value stands for the default value. [$CONTAINERD_SNAPSHOTTER]
`,
  '1.7': `OPTIONS:
   --no-unpack              Skip unpacking the images, cannot be used with --discard-unpacked-layers, false by default
   --local                  Run import locally rather than through transfer API
   --snapshotter value      Snapshotter name. Empty value stands for the default value. [$CONTAINERD_SNAPSHOTTER]
`,
  '2.1': `OPTIONS:
   --no-unpack                      Skip unpacking the images, cannot be used with --discard-unpacked-layers, false by default (default: false)
   --local                          Run import locally rather than through transfer API (default: false)
   --snapshotter value              Snapshotter name. Empty value stands for the default value. [$CONTAINERD_SNAPSHOTTER]
   --label value [ --label value ]  Labels to attach to the image
`,
};

describe('the arguments of an import', () => {
  const amd64 = parsePlatform('linux/amd64');
  const arm = parsePlatform('linux/arm/v7');
  const cases: [version: keyof typeof help, what: string, expected: string[]][] = [
    ['1.6', 'unpack', ['images', 'import', '--platform', 'linux/amd64', '-']],
    ['1.7', 'unpack', ['images', 'import', '--local', '--platform', 'linux/amd64', '-']],
    ['2.1', 'unpack', ['images', 'import', '--local', '--platform', 'linux/amd64', '-']],
    ['1.6', 'foreign', ['images', 'import', '--platform', 'linux/arm/v7', '--no-unpack', '-']],
    ['2.1', 'foreign', ['images', 'import', '--local', '--platform', 'linux/arm/v7', '--no-unpack', '-']],
    ['1.6', 'native', ['images', 'import', '--platform', 'linux/amd64', '--snapshotter', 'native', '-']],
  ];
  for (const [version, what, expected] of cases) {
    it(`are those that ctr ${version} knows: ${what}`, () => {
      const containerd = {
        importFlags: parseImportFlags(help[version]),
        ...(what === 'native' ? { snapshotter: 'native' } : {}),
      };
      const isForeign = what === 'foreign';
      assert.deepEqual(importArguments(containerd, isForeign ? arm : amd64, !isForeign), expected);
    });
  }
});

describe('the platform of an image', () => {
  const cases: [node: string, image: string, expected: boolean][] = [
    ['linux/amd64', 'linux/amd64', true],
    ['linux/amd64', 'linux/386', true],
    ['linux/386', 'linux/amd64', false],
    ['linux/amd64', 'linux/arm64', false],
    ['linux/arm64', 'linux/arm/v7', true],
    ['linux/arm64', 'linux/arm64/v8', true],
    ['linux/amd64', 'qemu/amd64', false],
    ['linux/riscv64', 'linux/riscv64', true],
  ];
  for (const [node, image, expected] of cases) {
    it(`${image} is ${expected ? '' : 'not '}for a node of ${node}`, () => {
      assert.equal(isNative({ platforms: [parsePlatform(node)] }, parsePlatform(image)), expected);
    });
  }
});

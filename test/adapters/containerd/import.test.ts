// How ctr is asked for an import, and what a node can run.

import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { isNative, parseImportFlags } from '../../../src/adapters/containerd/containerd.ts';
import type { CtrAnswer } from '../../../src/adapters/containerd/ctr.ts';
import { importArguments, importImage } from '../../../src/adapters/containerd/import.ts';
import { BimaError } from '../../../src/core/errors.ts';
import { describeBytes } from '../../../src/core/oci/descriptor.ts';
import type { Descriptor } from '../../../src/core/oci/descriptor.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import { parsePlatform } from '../../../src/core/oci/platform.ts';
import { parseReference } from '../../../src/core/oci/reference.ts';

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
  const manifest = describeBytes(mediaTypes.manifest, Buffer.alloc(0));
  const index = describeBytes(mediaTypes.index, Buffer.alloc(0));
  const cases: [
    version: keyof typeof help,
    name: string,
    image: Descriptor,
    native: boolean,
    snapshotter: string | undefined,
    expected: string,
  ][] = [
    ['1.6', 'unpacked', manifest, true, undefined, '--platform linux/amd64 -'],
    ['1.7', 'unpacked', manifest, true, undefined, '--local --platform linux/amd64 -'],
    ['2.1', 'unpacked', manifest, true, undefined, '--local --platform linux/amd64 -'],
    ['1.6', 'for another platform', manifest, false, undefined, '--platform linux/arm/v7 --no-unpack -'],
    [
      '2.1',
      'for another platform',
      manifest,
      false,
      undefined,
      '--local --platform linux/arm/v7 --no-unpack -',
    ],
    ['1.6', 'with a snapshotter', manifest, true, 'native', '--platform linux/amd64 --snapshotter native -'],
    ['1.6', 'an index', index, true, undefined, '--platform linux/amd64 --all-platforms -'],
    [
      '1.6',
      'a foreign index',
      index,
      false,
      undefined,
      '--platform linux/arm/v7 --all-platforms --no-unpack -',
    ],
  ];
  for (const [version, name, image, native, snapshotter, expected] of cases) {
    it(`are those that ctr ${version} knows: ${name}`, () => {
      const importFlags = parseImportFlags(help[version]);
      const containerd = snapshotter === undefined ? { importFlags } : { importFlags, snapshotter };
      const [, , ...args] = importArguments(
        containerd,
        { image, platforms: [arm] },
        native ? amd64 : undefined,
      );
      assert.equal(args.join(' '), expected);
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

describe('an import whose snapshots are collected meanwhile', () => {
  const lost: CtrAnswer = {
    code: 1,
    stdout: '',
    stderr:
      'ctr: failed to prepare extraction snapshot "extract-8919-bYH7 sha256:b724": parent snapshot sha256:5579 does not exist: not found\n',
  };
  const done: CtrAnswer = { code: 0, stdout: '', stderr: '' };
  const cases: [name: string, answers: readonly CtrAnswer[], attempts: number, succeeds: boolean][] = [
    ['is done once more', [lost, done], 2, true],
    ['fails when that does not help', [lost, lost, done], 2, false],
    ['is not repeated for another reason', [{ ...lost, stderr: 'ctr: unexpected EOF' }, done], 1, false],
  ];
  for (const [name, answers, attempts, succeeds] of cases) {
    it(name, async () => {
      const streams: unknown[] = [];
      const importing = importImage(
        {
          client: {
            query: () => Promise.resolve(done),
            feed: (_args, stream) => Promise.resolve(answers[streams.push(stream) - 1] ?? done),
          },
          namespace: 'default',
          address: '/nowhere',
          version: '1.6',
          platforms: [parsePlatform('linux/amd64')],
          importFlags: [],
          namespaces: [],
        },
        {
          image: describeBytes(mediaTypes.manifest, Buffer.alloc(0)),
          references: [parseReference('a:1')],
          platforms: [parsePlatform('linux/amd64')],
          open: () => Promise.resolve(Readable.from([])),
          lists: [],
          openLists: () => Promise.resolve(Readable.from([])),
          owners: { name: () => Promise.resolve('x'), isGone: () => Promise.resolve(true) },
        },
      );
      if (succeeds) assert.deepEqual(await importing, { isNew: true, isUnpacked: true });
      else await assert.rejects(importing, (error) => error instanceof BimaError);
      assert.equal(new Set(streams).size, attempts);
    });
  }
});

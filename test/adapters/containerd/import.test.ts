// How ctr is asked for an import, and what a node can run.

import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { isNative, parseImportFlags } from '../../../src/adapters/containerd/containerd.ts';
import type { CtrAnswer } from '../../../src/adapters/containerd/ctr.ts';
import { importArguments, importImage } from '../../../src/adapters/containerd/import.ts';
import { BimaError } from '../../../src/core/errors.ts';
import { describeBytes } from '../../../src/core/oci/descriptor.ts';
import type { Descriptor } from '../../../src/core/oci/descriptor.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import { parsePlatform } from '../../../src/core/oci/platform.ts';
import { parseReference } from '../../../src/core/oci/reference.ts';
import { temporaryFolder } from '../../support/folder.ts';

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

describe('the flags of an import', () => {
  const flags: [version: keyof typeof help, expected: string[]][] = [
    ['1.6', ['--base-name', '--all-platforms', '--no-unpack', '--snapshotter']],
    ['1.7', ['--no-unpack', '--local', '--snapshotter']],
    ['2.1', ['--no-unpack', '--local', '--snapshotter', '--label']],
  ];
  for (const [version, expected] of flags) {
    it(`are those that ${version} lists`, () => {
      assert.deepEqual(parseImportFlags(help[version]), expected);
    });
  }
});

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

  it('is for a node of one of several platforms', () => {
    const platforms = ['linux/s390x', 'linux/amd64'].map(parsePlatform);
    assert.equal(isNative({ platforms }, parsePlatform('linux/amd64')), true);
    assert.equal(isNative({ platforms }, parsePlatform('linux/arm64')), false);
    assert.equal(isNative({ platforms: [] }, parsePlatform('linux/amd64')), false);
  });
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

describe('an import that fails', () => {
  const failed: CtrAnswer = { code: 1, stdout: '', stderr: 'ctr: no space left on device\n' };
  const image = describeBytes(mediaTypes.manifest, Buffer.from('new'));
  const other = describeBytes(mediaTypes.manifest, Buffer.from('other'));
  const name = 'docker.io/library/a:1';

  /** What was asked for besides lists; `stored` holds the digest of the name before the import, and after it. */
  async function failImport(
    test: TestContext,
    stored: readonly [before: Descriptor | undefined, after: Descriptor | undefined],
    { isListening = true } = {},
  ): Promise<string[]> {
    const address = join(temporaryFolder(test), 'c.sock');
    if (isListening) {
      const server = createServer((socket) => socket.destroy());
      await new Promise<void>((done) => server.listen(address, done));
      test.after(() => server.close());
    }
    const asked: string[] = [];
    let hasFailed = false;
    const query = (...args: string[]): Promise<CtrAnswer> => {
      const line = args.join(' ');
      const found = stored[hasFailed ? 1 : 0];
      const table =
        found === undefined
          ? ''
          : `${name} ${found.mediaType} ${found.digest} complete (3/3) 1 KiB/1 KiB true`;
      if (line.startsWith('images check'))
        return Promise.resolve({ code: 0, stdout: `REF\n${table}\n`, stderr: '' });
      if (!line.startsWith('images ls')) asked.push(line);
      return Promise.resolve({
        code: 0,
        stdout: line.startsWith('leases create') ? 'lease-1\n' : '',
        stderr: '',
      });
    };
    const feed = () => {
      hasFailed = true;
      return Promise.resolve(failed);
    };
    const node = { namespace: 'default', address, version: '1.6', importFlags: [], namespaces: [] };
    const platforms = [parsePlatform('linux/amd64')];
    const importing = importImage(
      { client: { query, feed }, platforms, ...node },
      {
        image,
        references: [parseReference('a:1')],
        platforms,
        open: () => Promise.resolve(Readable.from([])),
        lists: [],
        openLists: () => Promise.resolve(Readable.from([])),
        owners: { name: () => Promise.resolve('owner'), isGone: () => Promise.resolve(false) },
      },
    );
    await assert.rejects(importing, /the disk of containerd's data is full/);
    return asked;
  }

  const collection = ['leases create --expires 1m', 'leases delete --sync lease-1'];
  const keeper = 'bima.invalid/kept:owner';

  it('takes its new name away again, and has the content collected', async (test) => {
    assert.deepEqual(await failImport(test, [undefined, image]), [`images rm ${name}`, ...collection]);
  });

  it('leaves a name alone that somebody else has given to another image meanwhile', async (test) => {
    assert.deepEqual(await failImport(test, [undefined, other]), collection);
  });

  it('leaves a name alone that was there before, and puts back what it stood for', async (test) => {
    assert.deepEqual(await failImport(test, [other, image]), [
      `images tag ${name} ${keeper}`,
      `images tag --force ${keeper} ${name}`,
      `images rm ${keeper}`,
      ...collection,
    ]);
  });

  it('puts nothing back that stands for the same as before', async (test) => {
    assert.deepEqual(await failImport(test, [other, other]), [
      `images tag ${name} ${keeper}`,
      `images rm ${keeper}`,
      ...collection,
    ]);
  });

  it('asks nothing of a containerd that has stopped', async (test) => {
    assert.deepEqual(await failImport(test, [undefined, image], { isListening: false }), []);
  });
});

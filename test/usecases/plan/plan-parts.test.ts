// The small parts of a plan: the order of problems, the paths that labels name, sources that bring nothing, and what an
// image is made of.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BimaError } from '../../../src/core/errors.ts';
import type { Problem } from '../../../src/core/errors.ts';
import type { Copy, CopySource } from '../../../src/core/containerfile/instruction.ts';
import { NothingMatches } from '../../../src/core/files/find-sources.ts';
import { limits } from '../../../src/core/limits.ts';
import { streamOf } from '../../../src/core/oci/blob.ts';
import type { Digest } from '../../../src/core/oci/digest.ts';
import { parsePlatform } from '../../../src/core/oci/platform.ts';
import type { BaseImage } from '../../../src/usecases/plan/base-image.ts';
import { environmentsOf, originsOf } from '../../../src/usecases/plan/bases.ts';
import type { StageBases } from '../../../src/usecases/plan/bases.ts';
import { findAll } from '../../../src/usecases/plan/copy-sources.ts';
import { examineBootFiles, mayFillFromBase } from '../../../src/usecases/plan/fills.ts';
import { inOrder } from '../../../src/usecases/plan/plan.ts';
import { namedPaths } from '../../../src/usecases/plan/plan-labels.ts';
import { recognizeRootfs } from '../../../src/usecases/plan/rootfs-kind.ts';
import { fileEntry, rootfsOf } from '../../support/file-entries.ts';
import { elf } from '../../support/headers.ts';

const key = (name: string) => `com.urunc.unikernel.${name}`;
const at = (line: number, column = 1) => ({ file: 'Containerfile', line, column });
const problem = (message: string, line?: number, column?: number): Problem => ({
  code: 'CONTEXT_PATH',
  message,
  ...(line === undefined ? {} : { position: at(line, column) }),
});

describe('problems in order', () => {
  it('are sorted by line, then by column, those without a place first', () => {
    const problems = [problem('d', 3, 1), problem('c', 2, 9), problem('b', 2, 4), problem('a')];
    assert.deepEqual(
      inOrder(problems).map(({ message }) => message),
      ['a', 'b', 'c', 'd'],
    );
  });

  it('stay in their order at one place, and come once', () => {
    const problems = [problem('z', 1), problem('a', 1), problem('z', 1), problem('z', 2)];
    assert.deepEqual(inOrder(problems), [problem('z', 1), problem('a', 1), problem('z', 2)]);
  });

  it('are as many as anybody reads', () => {
    const many = Array.from({ length: limits.problems + 2 }, (_, line) => problem('x', line + 1));
    const shown = inOrder(many);
    assert.equal(shown.length, limits.problems + 1);
    assert.equal(shown.at(-1)?.message, '2 more problems like these are not shown');
  });
});

describe('the paths that labels name', () => {
  it('are those of the binary, the initrd and the disk, as the rootfs has them', () => {
    const pairs = [
      { key: key('block'), value: 'disk//x' },
      { key: key('binary'), value: '/old' },
      { key: key('binary'), value: '/boot/../kernel' },
      { key: key('initrd'), value: '/initrd' },
      { key: key('cmdline'), value: '/not/a/path' },
    ];
    assert.deepEqual(namedPaths(pairs), ['kernel', 'initrd', 'disk/x']);
    assert.deepEqual(namedPaths([{ key: key('binary'), value: '' }]), []);
    assert.deepEqual(namedPaths([]), []);
  });
});

describe('the sources of a COPY', () => {
  const copy = (paths: readonly string[], documents: Copy['documents'] = []): Copy => ({
    type: 'copy',
    sources: paths.map((path, index) => ({ path, position: at(1, index + 1) })),
    destination: '/',
    position: at(1),
    documents,
  });
  const find = ({ path, position }: CopySource) => {
    if (path === 'oops') throw new TypeError('oops');
    if (path.includes('*')) throw new NothingMatches('CONTEXT_PATH', `no ${path}`, { position });
    if (path.startsWith('none')) throw new BimaError('CONTEXT_PATH', `missing ${path}`, { position });
    return Promise.resolve([path, `${path}2`]);
  };
  const documents = [{ name: 'd', text: '', position: at(1) }];
  const rows: [name: string, of: Copy, found: readonly string[], problems: readonly string[]][] = [
    ['bring all that they name, in their order', copy(['b', 'a']), ['b', 'b2', 'a', 'a2'], []],
    ['may match nothing beside one that brings something', copy(['*', 'a']), ['a', 'a2'], []],
    ['may match nothing beside a document', copy(['*'], documents), [], []],
    ['are wrong where nothing is brought', copy(['x*', 'y*']), [], ['no x*', 'no y*']],
    ['are wrong where one is missing', copy(['a', 'none']), ['a', 'a2'], ['missing none']],
    ['are all told', copy(['none', 'x*', 'none2']), [], ['missing none', 'missing none2', 'no x*']],
    [
      'are wrong beside a document where one is missing',
      copy(['none', '*'], documents),
      [],
      ['missing none'],
    ],
  ];
  for (const [name, of, found, problems] of rows) {
    it(name, async () => {
      const errors: Problem[] = [];
      assert.deepEqual(await findAll(of, errors, find), found);
      assert.deepEqual(
        errors.map(({ message }) => message),
        problems,
      );
    });
  }

  it('fail for a mistake of ours', async () => {
    await assert.rejects(findAll(copy(['oops']), [], find), TypeError);
  });
});

describe('what an image is made of', () => {
  const digest = (letter: string): Digest => `sha256:${letter.repeat(64)}`;
  const image = (name: string, letter: string): BaseImage =>
    ({
      name,
      digest: digest(letter),
      platform: parsePlatform('linux/amd64'),
      labels: new Map([['a', 'b']]),
      annotations: {},
      values: { env: {} },
    }) as unknown as BaseImage;

  it('is its base, and then what was copied from, by name', () => {
    const [base, two, one] = [image('base', '1'), image('two', '2'), image('one', '3')];
    const origins = originsOf(base, new Set([two, base, one]));
    assert.deepEqual(
      origins.map(({ role, name }) => [role, name]),
      [
        ['base', 'base'],
        ['copied', 'one'],
        ['copied', 'two'],
      ],
    );
    assert.deepEqual(origins[0], {
      role: 'base',
      name: 'base',
      reference: undefined,
      digest: digest('1'),
      platform: base.platform,
      labels: base.labels,
    });
  });

  it('is each image once, under its first name', () => {
    const same = [image('b', '1'), image('a', '1')];
    assert.deepEqual(
      originsOf(undefined, new Set(same)).map(({ role, name }) => [role, name]),
      [['copied', 'a']],
    );
    const base = image('z', '1');
    assert.deepEqual(
      originsOf(base, new Set([...same, base])).map(({ role, name }) => [role, name]),
      [['base', 'z']],
    );
    assert.deepEqual(originsOf(undefined, new Set()), []);
  });

  it('has variables where any base has some', () => {
    const bases = (...envs: readonly Record<string, string>[]): StageBases =>
      ({ byStage: new Map(envs.map((env, index) => [index, { values: { env } }])) }) as unknown as StageBases;
    assert.equal(environmentsOf(bases()), undefined);
    assert.equal(environmentsOf(bases({}, {})), undefined);
    assert.deepEqual(
      environmentsOf(bases({}, { A: 'b' })),
      new Map<number, object>([
        [0, {}],
        [1, { A: 'b' }],
      ]),
    );
  });

  it('may tell what labels lack, where it is one of the catalog', () => {
    const catalog = (annotations: Record<string, string>) =>
      ({
        ...image('x', '1'),
        annotations,
        platform: { os: 'qemu', architecture: 'amd64' },
      }) as unknown as BaseImage;
    const known = catalog({ 'org.unikraft.kernel.version': '1' });
    const all = ['unikernelType', 'hypervisor', 'binary'].map((name) => ({ key: key(name), value: 'x' }));
    assert.equal(mayFillFromBase(known, []), true);
    assert.equal(mayFillFromBase(known, all.slice(1)), true);
    assert.equal(mayFillFromBase(known, all.slice(0, 2)), true);
    assert.equal(mayFillFromBase(known, all), false);
    assert.equal(mayFillFromBase(image('y', '1'), all) || mayFillFromBase(catalog({}), all), false);
  });
});

describe('a root file system of no named kind', () => {
  const position = at(4);
  const unnamed = { path: '/.boot/rootfs', source: 'my file', mountPoint: '/data', position };
  const recognize = (content: Uint8Array | string, more: object = {}) =>
    recognizeRootfs(rootfsOf(fileEntry('.boot/rootfs', content, more)), unnamed);
  const ext2 = Buffer.alloc(2048);
  ext2.writeUInt16LE(0xef53, 0x438);
  const label = (name: string, value: string, source: string) => ({
    key: key(name),
    value,
    position,
    source,
  });

  it('is an initrd where it is an archive, packed or not', async () => {
    assert.deepEqual(await recognize('070701'), {
      filled: [label('initrd', '/.boot/rootfs', 'cpio newc in "my file"')],
      errors: [],
    });
    assert.deepEqual(await recognize(Buffer.from('1f8b0800', 'hex')), {
      filled: [label('initrd', '/.boot/rootfs', 'gzip in "my file"')],
      errors: [],
    });
  });

  it('is a disk where it is a file system or has parts', async () => {
    const disk = (name: string) => ({
      filled: [
        label('block', '/.boot/rootfs', `${name} in "my file"`),
        label('blkMntPoint', '/data', `${name} in "my file"`),
      ],
      errors: [],
    });
    assert.deepEqual(await recognize(ext2), disk('ext2'));
    assert.deepEqual(await recognize(Buffer.from('QFI\xfb', 'latin1')), disk('qcow2'));
  });

  it('is an error where it is neither', async () => {
    const wrong = (got: string, hint: string) => ({
      filled: [],
      errors: [
        {
          code: 'BINARY_INVALID',
          message: `expected a cpio archive or a file system in "my file", got ${got}`,
          hint,
          position,
        },
      ],
    });
    const nevertheless = 'Write "type: initrd" or "type: block" if the guest reads it nevertheless.';
    assert.deepEqual(await recognize(Buffer.alloc(600)), wrong('nothing but zero bytes', nevertheless));
    assert.deepEqual(
      await recognize(''),
      wrong('an empty file', 'Look at the step that makes it: it has written nothing.'),
    );
  });

  it('is an error where there is no file, or it can not be read', async () => {
    assert.deepEqual(await recognizeRootfs(rootfsOf(), unnamed), {
      filled: [],
      errors: [
        {
          code: 'CONTEXT_PATH',
          message: 'expected a root file system at "/.boot/rootfs", where the image has no file',
          hint: 'Correct the path.',
          position,
        },
      ],
    });
    const open = () => {
      throw new BimaError('CONTEXT_PATH', 'a device');
    };
    assert.deepEqual(await recognize('070701', { open }), {
      filled: [],
      errors: [{ code: 'CONTEXT_PATH', message: 'a device' }],
    });
  });

  it('is nothing where none is meant', async () => {
    assert.deepEqual(await recognizeRootfs(rootfsOf(), undefined), { filled: [], errors: [] });
  });
});

describe('the files that boot', () => {
  const kernel = fileEntry('kernel', elf(64, 'little', 62));
  const files: Readonly<Record<string, typeof kernel>> = {
    '/kernel': kernel,
    '/initrd': fileEntry('initrd', '070701'),
    '/text': fileEntry('text', 'an ordinary text of some length, which is no disk'),
    '/broken': fileEntry('broken', 'xxxx', {
      open: () => {
        throw new BimaError('CONTEXT_PATH', 'a device');
      },
    }),
  };
  const examine = (labels: Readonly<Record<string, string>>) =>
    examineBootFiles(
      (path) => files[path],
      Object.entries(labels).map(([name, value]) => ({ key: key(name), value })),
    );

  it('are examined, those that labels name and that are there', async () => {
    const { binary, initrd, block } = await examine({ binary: '/kernel', initrd: '/initrd', block: '/none' });
    assert.equal(binary?.architecture, 'amd64');
    assert.deepEqual(initrd, { content: { kind: 'cpio', name: 'cpio newc' }, size: 6 });
    assert.equal(block, undefined);
    assert.deepEqual(await examine({ cmdline: '/kernel' }), {});
    assert.deepEqual(await examine({ binary: '' }), {});
  });

  it('are left to others where they can not be read, or are none at all', async () => {
    const all = await examine({ binary: '/broken', initrd: '/broken', block: '/initrd' });
    assert.deepEqual(all, { block: { content: { kind: 'cpio', name: 'cpio newc' }, size: 6 } });
    assert.equal((await examine({ initrd: '/text' })).initrd, undefined);
    assert.equal((await examine({ block: '/broken', binary: '/kernel' })).binary?.elf, 64);
  });

  it('fail for a mistake of ours', async () => {
    const open = () => streamOf();
    const broken = { size: 5, open, openRange: () => assert.fail('oops') };
    await assert.rejects(
      examineBootFiles(() => broken, [{ key: key('initrd'), value: '/x' }]),
      /oops/,
    );
  });
});

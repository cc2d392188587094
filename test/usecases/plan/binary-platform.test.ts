// The platform of the binary among the files of an image, and what is wrong with the files that labels name.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { detectAt, examineFiles, findPlatform } from '../../../src/usecases/plan/binary-platform.ts';
import type { NamedPlatforms } from '../../../src/usecases/plan/binary-platform.ts';
import { BimaError } from '../../../src/core/errors.ts';
import type { Rootfs } from '../../../src/core/files/rootfs.ts';
import { parsePlatform } from '../../../src/core/oci/platform.ts';
import { headSize } from '../../../src/core/unikernel/binary.ts';
import { fileEntry, rootfsOf } from '../../support/file-entries.ts';
import { elf } from '../../support/headers.ts';

const key = (name: string) => `com.urunc.unikernel.${name}`;
const start = { file: 'Containerfile', line: 1, column: 1 };
const place = { file: 'Containerfile', line: 7, column: 9 };
const amd64 = elf(64, 'little', 62);
const platform = parsePlatform('linux/amd64');
const unknown = Uint8Array.of(0xee, 1, 2, 3, 0xee, 5, 6, 7, 8);
const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:00\n';
const text = 'an ordinary text that is no kernel, and longer than its head';

function find(
  rootfs: Rootfs,
  { named, stated }: Partial<NamedPlatforms> = {},
  label: object = { key: key('binary'), value: '/app', position: place },
) {
  return findPlatform(rootfs, [label as { key: string; value: string }], { named, stated }, start);
}

describe('the platform of a binary', () => {
  it('is that of its header', async () => {
    assert.deepEqual(await find(rootfsOf(fileEntry('app', amd64))), { platform, errors: [], warnings: [] });
    const arm64 = rootfsOf(fileEntry('app', elf(64, 'little', 183)));
    assert.deepEqual((await find(arm64)).platform, parsePlatform('linux/arm64'));
  });

  it('is nothing where no label names a binary: that is said elsewhere', async () => {
    const rootfs = rootfsOf(fileEntry('app', amd64));
    const nothing = { errors: [], warnings: [] };
    assert.deepEqual(await find(rootfs, {}, { key: key('initrd'), value: '/app' }), nothing);
    assert.deepEqual(await find(rootfs, {}, { key: key('binary'), value: '' }), nothing);
  });

  it('is that of the last label', async () => {
    const rootfs = rootfsOf(fileEntry('one', amd64), fileEntry('two', elf(64, 'little', 183)));
    const pairs = ['/one', '/two'].map((value) => ({ key: key('binary'), value }));
    const { platform: found } = await findPlatform(rootfs, pairs, { named: undefined }, start);
    assert.deepEqual(found, parsePlatform('linux/arm64'));
  });

  it('is the one that is named, with its variant, where the header agrees or says nothing', async () => {
    const named = parsePlatform('linux/amd64/v3');
    for (const content of [amd64, unknown]) {
      const found = await find(rootfsOf(fileEntry('app', content)), { named });
      assert.deepEqual(found, { platform: named, errors: [], warnings: [] });
    }
  });

  it('is the one in the file, where none is named', async () => {
    const stated = { platform: parsePlatform('linux/amd64/v2'), position: place };
    const rootfs = rootfsOf(fileEntry('app', amd64));
    assert.deepEqual((await find(rootfs, { stated })).platform, stated.platform);
    assert.deepEqual((await find(rootfs, { stated, named: platform })).platform, platform);
    const unread = rootfsOf(fileEntry('app', unknown));
    assert.deepEqual((await find(unread, { stated })).platform, stated.platform);
  });

  const refusals: readonly {
    readonly name: string;
    readonly content?: string | Uint8Array;
    readonly platforms?: Partial<NamedPlatforms>;
    readonly code: string;
    readonly message: RegExp;
    readonly hint: RegExp;
    readonly at?: object;
  }[] = [
    {
      name: 'one that is named, for another system',
      platforms: { named: parsePlatform('windows/amd64') },
      code: 'ARCHITECTURE_MISMATCH',
      message: /^expected a platform of the operating system linux, got "windows\/amd64"$/,
      hint: /^urunc runs images for linux/,
    },
    {
      name: 'one that is named, and contradicts the header',
      platforms: { named: parsePlatform('linux/arm64') },
      code: 'ARCHITECTURE_MISMATCH',
      message: /^expected a binary for linux\/arm64, got ELF64 x86-64 in "\/app"$/,
      hint: /^Copy the binary for that platform/,
    },
    {
      name: 'one in the file that contradicts the header, at its own place',
      platforms: { stated: { platform: parsePlatform('linux/arm64'), position: { ...place, line: 3 } } },
      code: 'ARCHITECTURE_MISMATCH',
      message: /^expected a kernel for arm64, got ELF64 x86-64 in "\/app"$/,
      hint: /^Correct the architecture/,
      at: { ...place, line: 3 },
    },
    {
      name: 'a header that names none',
      content: unknown,
      code: 'ARCHITECTURE_UNKNOWN',
      message:
        /^expected a unikernel binary whose header names its architecture in "\/app", got data starting with ee 01/,
      hint: /^Name the platform: with --platform linux\/amd64/,
    },
    {
      name: 'a text, with the hint for texts',
      content: text,
      code: 'ARCHITECTURE_UNKNOWN',
      message: /got text starting with/,
      hint: /^Look at what is there: a download/,
    },
    {
      name: 'an empty file',
      content: '',
      platforms: { named: platform },
      code: 'BINARY_INVALID',
      message:
        /^expected a unikernel in "\/app", which "com\.urunc\.unikernel\.binary" names, got an empty file$/,
      hint: /^Look at the step that makes it/,
    },
    {
      name: 'a pointer of Git LFS',
      content: pointer,
      platforms: { named: platform },
      code: 'BINARY_INVALID',
      message: /got a Git LFS pointer/,
      hint: /git lfs pull/,
    },
  ];
  for (const { name, content = amd64, platforms, code, message, hint, at = place } of refusals) {
    it(`is refused: ${name}`, async () => {
      const found = await find(rootfsOf(fileEntry('app', content)), platforms);
      assert.deepEqual([found.platform, found.warnings.length, found.errors.length], [undefined, 0, 1]);
      const [error] = found.errors;
      assert.equal(error?.code, code);
      assert.match(error.message, message);
      assert.match(error.hint ?? '', hint);
      assert.deepEqual(error.position, at);
    });
  }

  it('comes with a warning where a platform is named for a text', async () => {
    const {
      platform: found,
      errors,
      warnings,
    } = await find(rootfsOf(fileEntry('app', text)), {
      named: platform,
    });
    assert.deepEqual([found, errors], [platform, []]);
    assert.deepEqual(
      warnings.map(({ code, position }) => [code, position]),
      [['BINARY_INVALID', place]],
    );
  });

  it('blames the start for a label without a place', async () => {
    const { errors } = await find(rootfsOf(), {}, { key: key('binary'), value: '/app' });
    assert.deepEqual(errors[0]?.position, start);
  });

  it('is missing with the binary, or named all the same', async () => {
    const missing = {
      code: 'BINARY_MISSING',
      message: `neither COPY nor the base image puts a file at "/app", which is the unikernel's binary`,
      hint: 'COPY the binary to that path, or name the platform (--platform, or "platforms" of the action) if something else provides it.',
      position: place,
    };
    assert.deepEqual(await find(rootfsOf()), { errors: [missing], warnings: [] });
    assert.deepEqual(await find(rootfsOf(), { named: platform }), {
      platform,
      errors: [],
      warnings: [missing],
    });
    const stated = { platform, position: place };
    assert.deepEqual(await find(rootfsOf(), { stated }), { platform, errors: [], warnings: [missing] });
  });

  it('is not looked for in a file that can not be read, and the error is kept', async () => {
    const open = () => {
      throw new BimaError('CONTEXT_PATH', 'it is a device');
    };
    const found = await find(rootfsOf(fileEntry('app', amd64, { open })), { named: platform });
    assert.deepEqual(found, {
      errors: [{ code: 'CONTEXT_PATH', message: 'it is a device' }],
      warnings: [],
    });
  });
});

describe('the head of a file', () => {
  it('is all that is read, however small its pieces are', async () => {
    const head = Buffer.concat([amd64, Buffer.alloc(headSize - amd64.length)]);
    let read = 0;
    async function* pieces() {
      for (const piece of [head.subarray(0, 3), head.subarray(3), Buffer.from('more')]) {
        read += piece.length;
        await Promise.resolve();
        yield piece;
      }
    }
    const rootfs = rootfsOf(fileEntry('app', '', { size: 2 * headSize, open: pieces }));
    assert.deepEqual(await detectAt(rootfs, '/app'), platform);
    assert.equal(read, headSize);
  });

  it('survives a stream that uses its memory again', async () => {
    async function* pieces() {
      const memory = new Uint8Array(8);
      for (let at = 0; at < amd64.length; at += 8) {
        memory.set(amd64.subarray(at, at + 8));
        await Promise.resolve();
        yield memory;
      }
    }
    const rootfs = rootfsOf(fileEntry('app', '', { size: amd64.length, open: pieces }));
    assert.deepEqual(await detectAt(rootfs, 'app'), platform);
  });

  it('tells nothing where there is no file', async () => {
    assert.equal(await detectAt(rootfsOf(fileEntry('other', amd64)), '/app'), undefined);
  });
});

describe('the other files that labels name', () => {
  const files = rootfsOf(
    fileEntry('empty', ''),
    fileEntry('text', text),
    fileEntry('cpio', `070701${'0'.repeat(104)}`),
  );
  const label = (name: string, value: string, position?: object) => ({
    key: key(name),
    value,
    ...(position === undefined ? {} : { position: place }),
  });

  it('are errors where that is sure, and warnings where it is likely', async () => {
    const pairs = [label('initrd', '/empty', place), label('block', '/text')];
    const { errors, warnings } = await examineFiles(files, pairs, start);
    assert.deepEqual(
      errors.map(({ code, message, position }) => [code, message, position]),
      [
        [
          'BINARY_INVALID',
          `expected an initrd in "/empty", which "${key('initrd')}" names, got an empty file`,
          place,
        ],
      ],
    );
    assert.deepEqual(
      warnings.map(({ code, message, position }) => [
        code,
        /^expected a disk in "\/text", which ".*\.block" names, got text/.test(message),
        position,
      ]),
      [['BINARY_INVALID', true, start]],
    );
  });

  it('are nothing where they are right, or not there', async () => {
    const pairs = [label('initrd', '/cpio'), label('block', '/none'), label('binary', '/empty')];
    assert.deepEqual(await examineFiles(files, pairs, start), { errors: [], warnings: [] });
    assert.deepEqual(await examineFiles(files, [], start), { errors: [], warnings: [] });
  });

  it('are found by what their path means in the rootfs', async () => {
    const { errors } = await examineFiles(files, [label('block', './x/../empty')], start);
    assert.equal(errors.length, 1);
  });
});

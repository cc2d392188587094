// Which files COPY brings, from the Containerfile to the layer.

import assert from 'node:assert/strict';
import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import fc from 'fast-check';
import { buildContext } from '../../support/build.ts';
import { containerTree } from '../../support/container-tree.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { listTar } from '../../support/list-tar.ts';

const hello = readFileSync(join(import.meta.dirname, '../../../examples/hello/hello-arm64'));
const unikernel = [
  'COPY app /app',
  'LABEL com.urunc.unikernel.binary=/app com.urunc.unikernel.unikernelType=unikraft',
  'LABEL com.urunc.unikernel.hypervisor=qemu com.urunc.unikernel.version=1 com.urunc.unikernel.cmdline=""',
];
const files = { app: hello, f: 'f', 'd/x.txt': 'x', 'd/e/y.txt': 'yy', 'd/e/z': 'zzz', 'bin/busybox': '#!' };

function sample(test: TestContext): string {
  const folder = temporaryFolder(test, files);
  symlinkSync('/bin/busybox', join(folder, 'bin/ls'));
  symlinkSync('../../../bin/busybox', join(folder, 'bin/cat'));
  return folder;
}

async function build(test: TestContext, context: string, lines: readonly string[]) {
  const file = join(temporaryFolder(test, { Containerfile: lines.join('\n') }), 'Containerfile');
  const { image, layout } = await buildContext(test, context, { file });
  const { config, rootfs } = image.config;
  const index = readFileSync(join(layout, 'index.json'), 'utf8');
  const tree = await containerTree(image.tars);
  return { index, config, diffIds: rootfs.diff_ids, tree, image };
}

describe('COPY', () => {
  const rows: [name: string, lines: string[], layer: string[]][] = [
    [
      'links of a folder as they are, wherever they lead',
      ['COPY bin /bin'],
      [
        'bin/ 755 0:0',
        'bin/busybox 644 0:0',
        'bin/cat -> ../../../bin/busybox 777 0:0',
        'bin/ls -> /bin/busybox 777 0:0',
      ],
    ],
    [
      'such links of a stage',
      ['COPY --from=0 /bin /b'],
      [
        'b/ 755 0:0',
        'b/busybox 644 0:0',
        'b/cat -> ../../../bin/busybox 777 0:0',
        'b/ls -> /bin/busybox 777 0:0',
      ],
    ],
    [
      'what is there, beside a pattern that matches nothing',
      ['COPY f none* no/such/* /x/'],
      ['x/ 755 0:0', 'x/f 644 0:0'],
    ],
    [
      'a heredoc, beside a pattern that matches nothing',
      ['COPY none* <<t /x/', 't'],
      ['x/ 755 0:0', 'x/t 644 0:0'],
    ],
    [
      'folders with their modes and owner',
      ['COPY --parents --chown=1:2 --chmod=700 d/e/z /x/'],
      ['x/ 755 1:2', 'x/d/ 700 1:2', 'x/d/e/ 700 1:2', 'x/d/e/z 700 1:2'],
    ],
    [
      'folders on the way as they are there, and those that are named',
      [
        'COPY --chown=7 --parents d/e/z /x/',
        'COPY --parents d/./e/y.txt d/./e/z /x/d/',
        'COPY --parents d/./e /x/d',
      ],
      [
        ...['x/ 755 7:7', 'x/d/ 755 7:7', 'x/d/e/ 755 7:7', 'x/d/e/z 644 7:7'],
        ...['x/ 755 7:7', 'x/d/ 755 7:7', 'x/d/e/ 755 7:7', 'x/d/e/y.txt 644 0:0', 'x/d/e/z 644 0:0'],
        ...['x/ 755 7:7', 'x/d/ 755 7:7', 'x/d/e/ 755 0:0', 'x/d/e/y.txt 644 0:0', 'x/d/e/z 644 0:0'],
      ],
    ],
    [
      'folders from the pivot on',
      ['COPY --parents d/./**/*.txt /x'],
      ['x/ 755 0:0', 'x/e/ 755 0:0', 'x/e/y.txt 644 0:0', 'x/x.txt 644 0:0'],
    ],
    [
      'what --exclude leaves',
      ['COPY --from=0 --exclude=**/*.txt --exclude=bin /d /x'],
      ['x/ 755 0:0', 'x/e/ 755 0:0', 'x/e/z 644 0:0'],
    ],
    ['what ADD --exclude leaves', ['ADD --exclude=e d /x/'], ['x/ 755 0:0', 'x/x.txt 644 0:0']],
    [
      'with --link the same',
      ['COPY --link --exclude=*.txt d/e f /x/'],
      ['x/ 755 0:0', 'x/f 644 0:0', 'x/z 644 0:0'],
    ],
  ];
  for (const [name, lines, layer] of rows) {
    it(`brings ${name}`, async (test) => {
      const first = ['FROM scratch', 'COPY bin /bin', 'COPY d /d'];
      const { image } = await build(test, sample(test), [...first, 'FROM scratch', ...lines, ...unikernel]);
      const own = image.tars.slice(0, -2);
      assert.deepEqual(
        own.flatMap((tar) => listTar(tar)),
        layer,
      );
    });
  }

  it('is an error when none of its sources brings anything', async (test) => {
    const context = sample(test);
    for (const line of ['COPY none* no/such/* /x/', 'COPY --exclude=f f /x', 'COPY --parents no*/such /x/']) {
      await assert.rejects(build(test, context, ['FROM scratch', line, ...unikernel]), {
        code: 'CONTEXT_PATH',
        message: /nothing in the context matches|problems/,
      });
    }
  });

  it('is an error for a name that is not there, whatever the others bring', async (test) => {
    await assert.rejects(build(test, sample(test), ['FROM scratch', 'COPY f none /x/', ...unikernel]), {
      code: 'CONTEXT_PATH',
      message: /"none" is not in the context/,
    });
  });
});

describe('a Containerfile', () => {
  const flags = fc
    .tuple(
      fc.constantFrom('', '--link '),
      fc.constantFrom('', '--chown=5:6 ', '--chown=7 '),
      fc.constantFrom('', '--chmod=600 ', '--chmod=u+x,go-r ', '--chmod=a=rX '),
      fc.constantFrom('', '--exclude=*.txt ', '--exclude=e/* --exclude=!e/z '),
    )
    .map((parts) => parts.join(''));
  const copy = fc.oneof(
    fc.tuple(flags, fc.constantFrom('f', 'd', 'd f', 'd/* f', '**/z none*', 'bin d/e', '.')).map(
      ([flag, sources]) =>
        (to: string) =>
          `COPY ${flag}${sources} ${to}`,
    ),
    fc.tuple(flags, fc.constantFrom('d/e/z', 'd/./e', '*/e', 'd/**/y.txt f', 'bin/./*')).map(
      ([flag, sources]) =>
        (to: string) =>
          `COPY ${flag}--parents ${sources} ${to}`,
    ),
    flags.map((flag) => (to: string) => `COPY ${flag}<<t "f" <<'u' ${to}\n$V\nt\n$V\nu`),
  );
  const setting = fc.constantFrom(
    ...[
      'LABEL a=1 b="x y"',
      'LABEL c=$V',
      'ENV A=1 B=$V',
      'ENV C=3',
      'EXPOSE 80 81/udp',
      'EXPOSE 82',
      'VOLUME /v',
    ],
    ...['STOPSIGNAL 9', 'USER 5:6', 'CMD ["a"]', 'ENTRYPOINT ["b"]', 'SHELL ["c"]', 'MAINTAINER me'],
    ...['HEALTHCHECK NONE', 'ONBUILD COPY x y'],
  );
  const file = fc
    .record({
      copies: fc.array(copy, { minLength: 1, maxLength: 4 }),
      settings: fc.uniqueArray(setting, { maxLength: 6 }),
    })
    // What goes to places of its own is the same in any order.
    .map(({ copies, settings }) => [...copies.map((line, index) => line(`c${index}/`)), ...settings])
    .chain((lines) => fc.tuple(fc.constant(lines), fc.shuffledSubarray(lines, { minLength: lines.length })));

  it('gives the same image twice, and in any order that means the same', async (test) => {
    const context = sample(test);
    const head = ['FROM scratch', 'ARG V=v', 'WORKDIR /w'];
    await fc.assert(
      fc.asyncProperty(file, async ([lines, shuffled]) => {
        const [one, again, other] = [
          await build(test, context, [...head, ...lines, ...unikernel]),
          await build(test, context, [...head, ...lines, ...unikernel]),
          await build(test, context, [...head, ...shuffled, ...unikernel]),
        ];
        assert.equal(one.index, again.index);
        assert.deepEqual(comparable(other.config), comparable(one.config));
        assert.deepEqual(other.tree, one.tree);
        assert.deepEqual(other.diffIds.toSorted(), one.diffIds.toSorted());
      }),
      { numRuns: 20 },
    );
  });
});

/** The environment as the set that it is. */
function comparable(config: object): object {
  const { Env = [] } = config as { readonly Env?: readonly string[] };
  return { ...config, Env: Env.toSorted() };
}

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { comparePaths } from '../../../src/core/files/entry.ts';
import type { Found, FoundDirectory, FoundFile, FoundSymlink } from '../../../src/core/files/match.ts';
import {
  applyCopy,
  checkPath,
  emptyRootfs,
  followPath,
  has,
  makeFolder,
  resolve,
} from '../../../src/core/files/rootfs.ts';
import type { PlacedCopy, Rootfs } from '../../../src/core/files/rootfs.ts';
import type { Entry } from '../../../src/core/files/entry.ts';
import { streamOf } from '../../../src/core/oci/blob.ts';
import { outlineEntries } from './outline.ts';

const file = (name: string, executable = false): FoundFile => ({
  type: 'file',
  name,
  size: 0,
  executable,
  open: () => streamOf(),
});
const link = (name: string, target: string): FoundSymlink => ({ type: 'symlink', name, target });
const folder = (name: string, ...children: Found[]): FoundDirectory => ({
  type: 'directory',
  name,
  children,
});

interface Step {
  readonly from: readonly Found[];
  readonly to: string;
  readonly isInclude?: true;
  readonly chmod?: number | string;
  readonly chown?: { uid: number; gid: number };
}

function apply(rootfs: Rootfs, step: Step) {
  const { from, to, ...flags } = step;
  const sources = from.map(({ name }, index) => ({
    path: name,
    position: { file: 'Containerfile', line: 1, column: 6 + index },
  }));
  const copy: PlacedCopy = {
    type: 'copy',
    sources,
    destination: to,
    position: { file: 'Containerfile', line: 1, column: 1 },
    ...flags,
  };
  const matches = from.map((found, index) => ({
    found,
    source: sources[index] ?? { path: '', position: copy.position },
  }));
  return { rootfs, entries: applyCopy(rootfs, copy, matches) };
}

/** The last layer that the steps give. */
function lastLayer(...steps: Step[]): string[] {
  let rootfs = emptyRootfs();
  let layer: string[] = [];
  for (const step of steps) {
    const applied = apply(rootfs, step);
    rootfs = applied.rootfs;
    layer = outlineEntries(applied.entries);
  }
  return layer;
}

const conf = folder('conf', file('a'), folder('sub', file('b')));

// What is expected here is what BuildKit's copy (github.com/tonistiigi/fsutil) makes of the same trees,
// except where a row says otherwise.
describe('applyCopy', () => {
  const rows: [name: string, steps: Step[], layer: string[]][] = [
    [
      'an include of a folder to a place that is not there',
      [{ from: [folder('conf', file('a'))], to: '/x', isInclude: true }],
      ['755 0:0 x/', '644 0:0 x/a'],
    ],
    [
      'an include of a folder to a folder that is there',
      [
        { from: [file('f')], to: '/x/f' },
        { from: [folder('conf', file('a'))], to: '/x', isInclude: true },
      ],
      ['755 0:0 x/', '755 0:0 x/conf/', '644 0:0 x/conf/a'],
    ],
    [
      'an include of a folder to the root',
      [{ from: [folder('conf', file('a'))], to: '/', isInclude: true }],
      ['755 0:0 conf/', '644 0:0 conf/a'],
    ],
    [
      'an include of a folder to a name with a slash',
      [{ from: [folder('conf', file('a'))], to: '/x/', isInclude: true }],
      ['755 0:0 x/', '755 0:0 x/conf/', '644 0:0 x/conf/a'],
    ],
    [
      'an include of the context',
      [{ from: [folder('', file('a'))], to: '/', isInclude: true }],
      ['644 0:0 a'],
    ],
    [
      'an include of a link, into a folder that is there',
      [
        { from: [file('f')], to: '/x/f' },
        { from: [link('sh', 'busybox')], to: '/x', isInclude: true },
      ],
      ['755 0:0 x/', '777 0:0 x/sh -> busybox'],
    ],
    ['a file to a path', [{ from: [file('f')], to: '/x/y' }], ['755 0:0 x/', '644 0:0 x/y']],
    [
      'a file to a folder',
      [{ from: [file('f')], to: '/x/y/' }],
      ['755 0:0 x/', '755 0:0 x/y/', '644 0:0 x/y/f'],
    ],
    ['a file to a folder with a dot', [{ from: [file('f')], to: '/x/.' }], ['755 0:0 x/', '644 0:0 x/f']],
    ['a file to the root', [{ from: [file('f')], to: '/' }], ['644 0:0 f']],
    ['a file to .', [{ from: [file('f')], to: '.' }], ['644 0:0 f']],
    ['a file to nowhere', [{ from: [file('f')], to: '' }], ['644 0:0 f']],
    ['a file to a relative path', [{ from: [file('f')], to: 'x/y' }], ['755 0:0 x/', '644 0:0 x/y']],
    ['a file to a relative folder', [{ from: [file('f')], to: './x/' }], ['755 0:0 x/', '644 0:0 x/f']],
    ['a path that leads above the root', [{ from: [file('f')], to: '../../x' }], ['644 0:0 x']],
    ['a path that is not clean', [{ from: [file('f')], to: '/a/../b//c' }], ['755 0:0 b/', '644 0:0 b/c']],
    ['an executable file', [{ from: [file('f', true)], to: '/' }], ['755 0:0 f']],
    [
      'what a folder holds',
      [{ from: [conf], to: '/etc' }],
      ['755 0:0 etc/', '644 0:0 etc/a', '755 0:0 etc/sub/', '644 0:0 etc/sub/b'],
    ],
    [
      'what a folder holds, to a folder',
      [{ from: [conf], to: '/etc/' }],
      ['755 0:0 etc/', '644 0:0 etc/a', '755 0:0 etc/sub/', '644 0:0 etc/sub/b'],
    ],
    [
      'what a folder holds, to the root',
      [{ from: [conf], to: '/' }],
      ['644 0:0 a', '755 0:0 sub/', '644 0:0 sub/b'],
    ],
    ['an empty folder', [{ from: [folder('d')], to: '/x/y' }], ['755 0:0 x/', '755 0:0 x/y/']],
    ['an empty folder to the root', [{ from: [folder('d')], to: '/' }], []],
    [
      'links as they are',
      [{ from: [folder('d', link('l', '../no/where'))], to: '/x' }],
      ['755 0:0 x/', '777 0:0 x/l -> ../no/where'],
    ],
    [
      'several files',
      [{ from: [file('b'), file('a')], to: '/x/' }],
      ['755 0:0 x/', '644 0:0 x/a', '644 0:0 x/b'],
    ],
    // BuildKit lets the second file overwrite the first, where Docker's reference asks for the slash.
    [
      'several files without a slash',
      [{ from: [file('b'), file('a')], to: '/x' }],
      ['755 0:0 x/', '644 0:0 x/a', '644 0:0 x/b'],
    ],
    [
      'a file and what a folder holds',
      [{ from: [file('f'), folder('d', file('a'))], to: '/x/' }],
      ['755 0:0 x/', '644 0:0 x/a', '644 0:0 x/f'],
    ],
    [
      'the later of two sources with one name',
      [{ from: [file('f'), file('f', true)], to: '/x/' }],
      ['755 0:0 x/', '755 0:0 x/f'],
    ],
    [
      'an order by bytes',
      [
        {
          from: [
            folder(
              'd',
              folder('a', file('b')),
              file('a-b'),
              file('a.b'),
              file('ab'),
              file('\u{1f600}'),
              file('\uffee'),
            ),
          ],
          to: '/',
        },
      ],
      [
        '755 0:0 a/',
        '644 0:0 a-b',
        '644 0:0 a.b',
        '644 0:0 a/b',
        '644 0:0 ab',
        '644 0:0 \uffee',
        '644 0:0 \u{1f600}',
      ],
    ],
    [
      'a file to a folder that is there',
      [
        { from: [conf], to: '/etc' },
        { from: [file('f')], to: '/etc' },
      ],
      ['755 0:0 etc/', '644 0:0 etc/f'],
    ],
    [
      'a file in place of a file',
      [
        { from: [file('f')], to: '/x' },
        { from: [file('g', true)], to: '/x' },
      ],
      ['755 0:0 x'],
    ],
    [
      'a folder into a folder that is there',
      [
        { from: [conf], to: '/etc' },
        { from: [folder('d', folder('sub', file('c')))], to: '/etc' },
      ],
      ['755 0:0 etc/', '755 0:0 etc/sub/', '644 0:0 etc/sub/c'],
    ],
    [
      'a file through a link to a folder',
      [
        { from: [folder('d', link('data', 'srv/data'))], to: '/' },
        { from: [file('f')], to: '/data/x/' },
      ],
      ['755 0:0 srv/', '755 0:0 srv/data/', '755 0:0 srv/data/x/', '644 0:0 srv/data/x/f'],
    ],
    [
      'a file through a link to an absolute path',
      [
        { from: [folder('d', folder('a', link('l', '/b')))], to: '/' },
        { from: [file('f')], to: '/a/l/' },
      ],
      ['755 0:0 b/', '644 0:0 b/f'],
    ],
    [
      'a file through a link that leads above the root',
      [
        { from: [folder('d', folder('a', link('l', '../../../b')))], to: '/' },
        { from: [file('f')], to: '/a/l/f' },
      ],
      ['755 0:0 b/', '644 0:0 b/f'],
    ],
    [
      'a file onto a link, through it',
      [
        { from: [folder('d', link('l', 'there'))], to: '/' },
        { from: [file('f')], to: '/l' },
      ],
      ['644 0:0 there'],
    ],
    [
      'a file into a folder, in place of a link',
      [
        { from: [folder('d', link('f', 'there'))], to: '/' },
        { from: [file('f')], to: '/' },
      ],
      ['644 0:0 f'],
    ],
    [
      '--chmod for files and folders, not for links',
      [{ from: [folder('d', file('a', true), folder('s'), link('l', 'a'))], to: '/x', chmod: 0o700 }],
      ['700 0:0 x/', '700 0:0 x/a', '777 0:0 x/l -> a', '700 0:0 x/s/'],
    ],
    // Since 2025, BuildKit makes them 0640, which keeps everybody but root from the file.
    [
      '--chmod not for new parents',
      [{ from: [file('f')], to: '/x/f', chmod: 0o640 }],
      ['755 0:0 x/', '640 0:0 x/f'],
    ],
    ['--chmod with more than nine bits', [{ from: [file('f')], to: '/f', chmod: 0o4711 }], ['4711 0:0 f']],
    [
      '--chmod not for the folder that a destination with a slash names',
      [{ from: [folder('d', folder('s'), file('f'))], to: '/x/', chmod: 0o700 }],
      ['755 0:0 x/', '700 0:0 x/f', '700 0:0 x/s/'],
    ],
    [
      '--chmod by letters',
      [{ from: [folder('d', folder('s'), file('f'), file('g', true))], to: '/x', chmod: 'go-rx,g+X' }],
      ['710 0:0 x/', '600 0:0 x/f', '710 0:0 x/g', '710 0:0 x/s/'],
    ],
    ['--chmod=0', [{ from: [file('f')], to: '/f', chmod: 0 }], ['0 0:0 f']],
    [
      '--chown for everything that is made',
      [{ from: [folder('d', file('a'), link('l', 'a'))], to: '/x/y', chown: { uid: 7, gid: 8 } }],
      ['755 7:8 x/', '755 7:8 x/y/', '644 7:8 x/y/a', '777 7:8 x/y/l -> a'],
    ],
    [
      'parents as they were before',
      [
        { from: [folder('d', folder('s'))], to: '/x', chmod: 0o700, chown: { uid: 7, gid: 8 } },
        { from: [file('f')], to: '/x/s/' },
      ],
      ['700 7:8 x/', '700 7:8 x/s/', '644 0:0 x/s/f'],
    ],
    [
      'a destination folder as it was before',
      [
        { from: [folder('d')], to: '/x', chmod: 0o700, chown: { uid: 7, gid: 8 } },
        { from: [conf], to: '/x' },
      ],
      ['700 7:8 x/', '644 0:0 x/a', '755 0:0 x/sub/', '644 0:0 x/sub/b'],
    ],
    [
      'a folder inside a copied one with its new mode and owner',
      [
        { from: [folder('d', folder('s'))], to: '/x', chmod: 0o700, chown: { uid: 7, gid: 8 } },
        { from: [folder('d', folder('s'))], to: '/x' },
      ],
      ['700 7:8 x/', '755 0:0 x/s/'],
    ],
  ];
  for (const [name, steps, layer] of rows) {
    it(`copies ${name}`, () => {
      assert.deepEqual(lastLayer(...steps), layer);
    });
  }

  const refused: [name: string, steps: Step[], message: RegExp, column: number][] = [
    [
      'a file in place of a folder',
      [
        { from: [conf], to: '/x/f' },
        { from: [file('f')], to: '/x/' },
      ],
      /"f" needs a file at "\/x\/f", where a directory is already/,
      6,
    ],
    [
      'a folder in place of a file',
      [
        { from: [file('f')], to: '/x' },
        { from: [conf], to: '/x' },
      ],
      /"conf" needs a directory at "\/x", where a file is already/,
      6,
    ],
    [
      'a folder below a file',
      [
        { from: [file('f')], to: '/x' },
        { from: [file('a'), file('b')], to: '/x/y/' },
      ],
      /"a" needs a directory at "\/x", where a file is already/,
      6,
    ],
    [
      'several sources onto a file',
      [
        { from: [file('f')], to: '/x' },
        { from: [file('a'), file('b')], to: '/x' },
      ],
      /"a" needs a directory at "\/x", where a file is already/,
      6,
    ],
    [
      'a folder in place of a link, inside a copied folder',
      [
        { from: [folder('d', link('l', 'x'))], to: '/' },
        { from: [folder('d', folder('l'))], to: '/' },
      ],
      /"d" needs a directory at "\/l", where a symbolic link is already/,
      6,
    ],
    [
      'a folder over a file of the source before it',
      [{ from: [folder('d', file('x')), folder('e', folder('x'))], to: '/' }],
      /"e" needs a directory at "\/x", where a file is already/,
      7,
    ],
    [
      'links that lead in a circle',
      [
        { from: [folder('d', link('a', 'b'), link('b', 'a'))], to: '/' },
        { from: [file('f')], to: '/a/x' },
      ],
      /"\/a\/x" lead in a circle/,
      1,
    ],
    // Unpacked, it would remove the file "f" of an earlier layer.
    [
      'a whiteout',
      [{ from: [folder('d', file('.wh.f'))], to: '/' }],
      /"\/.wh.f" is a name that an image can't hold/,
      6,
    ],
    ['a whiteout as the destination', [{ from: [file('f')], to: '/.wh..wh..opq/x' }], /"\/.wh..wh..opq"/, 6],
    ['a null byte', [{ from: [file('f')], to: '/a\0b' }], /can't hold/, 6],
  ];
  for (const [name, steps, message, column] of refused) {
    it(`refuses ${name}`, () => {
      assert.throws(() => lastLayer(...steps), {
        code: 'CONTEXT_PATH',
        message,
        position: { file: 'Containerfile', line: 1, column },
      });
    });
  }

  it('adds nothing to the rootfs when it fails', () => {
    const { rootfs } = apply(emptyRootfs(), { from: [file('f')], to: '/x/f' });
    assert.throws(() => apply(rootfs, { from: [file('g'), folder('h', folder('f'))], to: '/x/' }));
    assert.deepEqual(outlineEntries(rootfs.entries.values()), ['755 0:0 x/', '644 0:0 x/f']);
  });

  it('goes through no entries that are there', () => {
    let walks = 0;
    class CountingMap extends Map<string, Entry> {
      override [Symbol.iterator]() {
        walks += 1;
        return super[Symbol.iterator]();
      }
      override keys() {
        walks += 1;
        return super.keys();
      }
      override values() {
        walks += 1;
        return super.values();
      }
      override entries() {
        walks += 1;
        return super.entries();
      }
      override forEach(...args: Parameters<Map<string, Entry>['forEach']>) {
        walks += 1;
        super.forEach(...args);
      }
    }
    const rootfs = { entries: new CountingMap() };
    for (let index = 0; index < 10; index++) apply(rootfs, { from: [file('f')], to: `/d/g${index}` });
    assert.equal(rootfs.entries.size, 11);
    assert.equal(walks, 0);
    assert.equal(new Map(rootfs.entries).size + walks, 12, 'a copy is seen');
  });

  it('refuses a path that is longer than Linux takes', () => {
    let deep = folder('a');
    for (let depth = 0; depth < 1000; depth++) deep = folder('a', deep);
    const path = `/${'b/'.repeat(1100)}`;
    apply(emptyRootfs(), { from: [deep], to: '/' });
    assert.throws(() => apply(emptyRootfs(), { from: [deep], to: path }), {
      code: 'CONTEXT_PATH',
      message: /at most 4096 bytes/,
      position: { file: 'Containerfile', line: 1, column: 6 },
    });
    const { rootfs } = apply(emptyRootfs(), { from: [file('f')], to: '/f' });
    assert.equal(has(rootfs, '/f/..'.repeat(1_000_000)), false);
  });

  it('gives layers that make the rootfs, one unpacked over the other', () => {
    const name = fc.constantFrom('a', 'b', 'c');
    const { found } = fc.letrec<{ found: Found }>((tie) => ({
      found: fc.oneof(
        { maxDepth: 3 },
        name.map((text) => file(text)),
        fc.tuple(name, fc.constantFrom('a', '../b', '/c', 'a/b')).map(([text, target]) => link(text, target)),
        fc
          .tuple(name, fc.uniqueArray(tie('found'), { maxLength: 3, selector: (child) => child.name }))
          .map(([text, children]) => folder(text, ...children)),
      ),
    }));
    const step = fc.record({
      from: fc.array(
        found.filter((item) => item.type !== 'symlink'),
        { minLength: 1, maxLength: 2 },
      ),
      to: fc.constantFrom('/', 'a', 'b/', '/a/b', '/c/a/.', '../b'),
      chown: fc.record({ uid: fc.nat(2), gid: fc.nat(2) }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 5 }), (steps) => {
        let rootfs = emptyRootfs();
        const unpacked = new Map<string, string>();
        for (const next of steps) {
          let applied;
          try {
            applied = apply(rootfs, next);
          } catch (error) {
            // Things in each other's way are allowed to be refused; nothing else is.
            assert.match(String(error), /is already|in a circle/);
            continue;
          }
          rootfs = applied.rootfs;
          const paths = applied.entries.map(({ path }) => path);
          assert.deepEqual(paths, [...new Set(paths)].sort(comparePaths));
          for (const entry of applied.entries) {
            const parent = entry.path.split('/').slice(0, -1).join('/');
            assert.ok(parent === '' || paths.includes(parent), `"${entry.path}" without its parent`);
            unpacked.set(entry.path, outlineEntries([entry]).join());
          }
        }
        assert.deepEqual([...unpacked.values()].sort(), outlineEntries(rootfs.entries.values()).sort());
      }),
    );
  });
});

describe('resolve and has', () => {
  const { rootfs } = apply(emptyRootfs(), {
    from: [
      folder(
        'd',
        folder('unikernel', file('kernel', true), link('current', 'kernel'), link('up', '../..')),
        link('k', '/unikernel/current'),
        link('u', 'unikernel'),
        link('gone', 'unikernel/nothing'),
        link('round', 'round'),
      ),
    ],
    to: '/',
  });

  const rows: [path: string, file: string | undefined, there: boolean][] = [
    ['/unikernel/kernel', 'unikernel/kernel', true],
    ['unikernel/kernel', 'unikernel/kernel', true],
    ['./unikernel/../unikernel//kernel', 'unikernel/kernel', true],
    ['../../unikernel/kernel', 'unikernel/kernel', true],
    ['/unikernel/current', 'unikernel/kernel', true],
    ['/k', 'unikernel/kernel', true],
    ['/u/kernel', 'unikernel/kernel', true],
    ['/unikernel/up/k', 'unikernel/kernel', true],
    ['/unikernel', undefined, true],
    ['/u', undefined, true],
    ['/', undefined, true],
    ['', undefined, true],
    ['/gone', undefined, false],
    ['/round', undefined, false],
    ['/nothing', undefined, false],
    ['/unikernel/kernel/x', undefined, false],
    ['/constructor', undefined, false],
  ];
  for (const [path, expected, there] of rows) {
    it(`${expected === undefined ? 'finds no file' : 'finds the file'} at "${path}"`, () => {
      assert.equal(resolve(rootfs, path)?.path, expected);
      assert.equal(has(rootfs, path), there);
    });
  }
});

describe('makeFolder', () => {
  const position = { file: 'Containerfile', line: 4, column: 9 };
  const owner = { uid: 7, gid: 8 };
  const there = (path: string): Entry => ({ type: 'directory', path, mode: 0o700, uid: 1, gid: 1 });
  const linkTo = (path: string, target: string): Entry => ({
    type: 'symlink',
    path,
    mode: 0o777,
    uid: 1,
    gid: 1,
    target,
  });
  const plainFile = (path: string): Entry => ({
    type: 'file',
    path,
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: 0,
    open: () => streamOf(),
  });
  const rootfsOf = (...entries: readonly Entry[]): Rootfs => ({
    entries: new Map(entries.map((one) => [one.path, one])),
  });

  it('makes what is missing, and has those above it in the layer as they are', () => {
    const rootfs = rootfsOf(there('a'));
    const entries = makeFolder(rootfs, '/a/b/c', owner, position);
    assert.deepEqual(entries, [
      there('a'),
      { type: 'directory', path: 'a/b', mode: 0o755, ...owner },
      { type: 'directory', path: 'a/b/c', mode: 0o755, ...owner },
    ]);
    assert.deepEqual([...rootfs.entries.values()], entries);
  });

  it('has no layer where the folder is there', () => {
    assert.deepEqual(makeFolder(rootfsOf(there('a'), there('a/b')), '/a/b', owner, position), []);
    assert.deepEqual(makeFolder(emptyRootfs(), '/', owner, position), []);
    assert.deepEqual(makeFolder(rootfsOf(there('r'), linkTo('l', 'r')), '/l', owner, position), []);
  });

  it('goes where links lead', () => {
    const entries = makeFolder(rootfsOf(there('r'), linkTo('l', '/r')), '/l/x', owner, position);
    assert.deepEqual(
      entries.map(({ path }) => path),
      ['r', 'r/x'],
    );
  });

  it('is refused where a file is in the way, or links lead in a circle', () => {
    const refused = (rootfs: Rootfs, message: string) => {
      assert.throws(() => makeFolder(rootfs, '/a/b', owner, position), {
        code: 'CONTEXT_PATH',
        message,
        position,
      });
    };
    refused(rootfsOf(plainFile('a')), '"/a/b" can\'t be a folder: "/a" is a file');
    refused(rootfsOf(there('a'), plainFile('a/b')), '"/a/b" can\'t be a folder: "/a/b" is a file');
    refused(
      rootfsOf(linkTo('a', 'a')),
      '"/a/b" can\'t be a folder: the symbolic links on the way to it lead in a circle',
    );
  });
});

describe('what a rootfs has at a path', () => {
  const rootfs: Rootfs = {
    entries: new Map<string, Entry>([
      ['d', { type: 'directory', path: 'd', mode: 0o755, uid: 0, gid: 0 }],
      ['d/f', { type: 'file', path: 'd/f', mode: 0o644, uid: 0, gid: 0, size: 1, open: () => streamOf() }],
      ['l', { type: 'symlink', path: 'l', mode: 0o777, uid: 0, gid: 0, target: '/d' }],
      ['o', { type: 'symlink', path: 'o', mode: 0o777, uid: 0, gid: 0, target: 'o' }],
    ]),
  };

  it('is a file, links followed, or nothing', () => {
    assert.equal(resolve(rootfs, '/l/f')?.path, 'd/f');
    for (const path of ['/d', '/x', '/o', '/', `/${'x'.repeat(5000)}`])
      assert.equal(resolve(rootfs, path), undefined);
  });

  it('is something, links followed', () => {
    assert.deepEqual(
      ['/', '', '/d', '/l', '/l/f', '/d/../l'].map((path) => has(rootfs, path)),
      Array.from({ length: 6 }, () => true),
    );
    assert.deepEqual(
      ['/x', '/l/x', '/o', `/${'x/'.repeat(3000)}`].map((path) => has(rootfs, path)),
      [false, false, false, false],
    );
  });

  it('is followed from a folder that links don’t lead out of', () => {
    assert.equal(followPath(rootfs, '/f', 'd'), 'd/f');
    assert.equal(followPath(rootfs, '../../f', 'd'), 'd/f');
    assert.equal(followPath(rootfs, '/', 'd'), 'd');
    assert.equal(followPath(rootfs, '/'), '');
    assert.equal(followPath(rootfs, 'x'.repeat(4096)), 'x'.repeat(4096));
    assert.equal(followPath(rootfs, 'x'.repeat(4097)), undefined);
  });
});

describe('a path of an image', () => {
  const source = { path: 's', position: { file: 'Containerfile', line: 4, column: 9 } };
  const { position } = source;
  it('has 4096 bytes at most', () => {
    checkPath('é'.repeat(2048), source);
    assert.throws(
      () => {
        checkPath('é'.repeat(2048) + 'x', source);
      },
      {
        code: 'CONTEXT_PATH',
        message: 'expected a path of at most 4096 bytes in the image, got more',
        hint: 'Linux takes no longer ones: copy it to another place, or less of it.',
        position,
      },
    );
  });

  it('has no name that stands for a removed file', () => {
    for (const path of ['a.wh.', '.wh./a', '.wha', 'a/x.wh.b']) checkPath(path, source);
    for (const path of ['.wh.a', 'a/.wh.b', 'a\0b'])
      assert.throws(
        () => {
          checkPath(path, source);
        },
        {
          code: 'CONTEXT_PATH',
          message: `"/${path}" is a name that an image can't hold`,
          hint: 'In a layer, names that start with ".wh." stand for removed files: rename it.',
          position,
        },
      );
  });
});

describe('a file of a COPY', () => {
  const open = () => streamOf();
  const copied = (found: FoundFile, flags: Partial<Step> = {}) => {
    const [entry] = apply(emptyRootfs(), { from: [found], to: '/', ...flags }).entries;
    return entry;
  };
  const bare: FoundFile = { type: 'file', name: 'f', size: 3, executable: false, open };
  const base = { type: 'file', path: 'f', mode: 0o644, uid: 0, gid: 0, size: 3, open };

  it('keeps all that is known of it, and nothing else', () => {
    assert.deepEqual(copied(bare), base);
    const more = { openRange: () => streamOf(), identify: () => 'i', stamp: () => undefined };
    assert.deepEqual(copied({ ...bare, ...more, inode: '1' }), { ...base, ...more });
  });

  it('has a mode that is guessed where neither the file nor the COPY says it', () => {
    const guessed: FoundFile = { ...bare, executable: true, isGuessed: true };
    assert.deepEqual(copied(guessed), { ...base, mode: 0o755, isGuessed: true });
    assert.deepEqual(copied(guessed, { chmod: 0o600 }), { ...base, mode: 0o600 });
    assert.deepEqual(copied({ ...guessed, mode: 0o711 }), { ...base, mode: 0o711 });
    assert.deepEqual(copied({ ...guessed, isGuessed: false }), { ...base, mode: 0o755 });
  });

  it('belongs to the owner of --chown, or to that in its image', () => {
    const origin: Entry = { type: 'file', path: 'x', mode: 0o600, uid: 5, gid: 6, size: 3, open };
    assert.deepEqual(copied({ ...bare, origin }), { ...base, uid: 5, gid: 6 });
    assert.deepEqual(copied({ ...bare, origin }, { chown: { uid: 1, gid: 2 } }), { ...base, uid: 1, gid: 2 });
  });

  it('is refused at the root, and where a folder is', () => {
    const position = { file: 'Containerfile', line: 1, column: 6 };
    const rootfs = emptyRootfs();
    apply(rootfs, { from: [file('x')], to: '/d/x' });
    assert.throws(() => apply(rootfs, { from: [folder('c', file('d'))], to: '/' }), {
      code: 'CONTEXT_PATH',
      message: '"c" needs a file at "/d", where a directory is already',
      hint: 'Copy it to another place in the image.',
      position,
    });
    apply(rootfs, { from: [link('l', 'nowhere')], to: '/' });
    assert.throws(() => apply(rootfs, { from: [folder('c', folder('l'))], to: '/' }), {
      code: 'CONTEXT_PATH',
      message: '"c" needs a directory at "/l", where a symbolic link is already',
    });
  });
});

// The rootfs of layered images: by the rules that are written down, and as umoci unpacks them.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { lstatSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import fc from 'fast-check';
import type { Entry } from '../../../src/core/files/entry.ts';
import { createImageFiles } from '../../../src/adapters/layers/image-files.ts';
import { findSources } from '../../../src/core/files/find-sources.ts';
import { rootfsTree } from '../../../src/core/files/rootfs-tree.ts';
import type { Rootfs } from '../../../src/core/files/rootfs.ts';
import type { ErrorCode } from '../../../src/core/errors.ts';
import { readImage } from '../../../src/core/oci/image.ts';
import type { Layout } from '../../../src/adapters/disk/layout.ts';
import { baseLayout } from '../../support/base-image.ts';
import type { SampleEntry } from '../../support/base-image.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { unlessRootWith } from '../../support/tools.ts';

type Layers = readonly (readonly SampleEntry[])[];

async function rootfsOf(test: TestContext, layers: Layers): Promise<Rootfs> {
  const folder = temporaryFolder(test);
  return read(await baseLayout(join(folder, 'layout'), [{ layers }]), folder);
}

async function read(layout: Layout, folder: string): Promise<Rootfs> {
  const [root] = (await layout.readIndex()).manifests;
  assert.ok(root !== undefined);
  const { layers } = await readImage(layout, root);
  return createImageFiles(folder).read(layout, layers);
}

/** Type, mode, owner and content, by path. */
async function describeEntries({ entries }: Rootfs): Promise<Record<string, string>> {
  const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    await Promise.all(sorted.map(async ([path, entry]) => [path, await describeEntry(entry)] as const)),
  );
}

async function describeEntry(entry: Entry): Promise<string> {
  const owner = `${entry.uid}:${entry.gid}`;
  const mode = entry.mode.toString(8);
  switch (entry.type) {
    case 'directory':
      return `dir ${mode} ${owner}`;
    case 'symlink':
      return `link ${entry.target}`;
    case 'file': {
      const content = await contentOf(entry);
      assert.equal(Buffer.byteLength(content), entry.size);
      return `file ${mode} ${owner} ${content}`;
    }
  }
}

async function contentOf(file: Entry | undefined): Promise<string> {
  assert.ok(file?.type === 'file');
  const chunks: Uint8Array[] = [];
  for await (const chunk of file.open()) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe('the rootfs of layers', () => {
  it('takes a path of 2,000 levels, and nothing deeper by way of links', async (test) => {
    const deep = 'a/'.repeat(2000);
    const rootfs = await rootfsOf(test, [[{ path: `${deep}f`, content: 'x' }]]);
    assert.equal(rootfs.entries.size, 2001);
    const [match] = findSources(rootfsTree(rootfs, 'base'), {
      path: '/a',
      position: { file: 'Containerfile', line: 1, column: 1 },
    });
    assert.equal(match?.found.type, 'directory');
    const layers = [
      [
        { path: `${deep}f`, content: 'x' },
        { path: 'l', target: deep },
        { path: `l/${deep}f`, content: 'y' },
      ],
    ];
    await assert.rejects(rootfsOf(test, layers), { code: 'LAYOUT_INVALID', message: /lies too deep/ });
  });

  const lower: readonly SampleEntry[] = [
    { path: 'etc/', mode: 0o700, uid: 3, gid: 4 },
    { path: 'etc/a', content: 'a', mode: 0o640 },
    { path: 'etc/b', content: 'b' },
    { path: 'usr/' },
    { path: 'usr/bin/' },
    { path: 'usr/bin/sh', content: 'sh', mode: 0o4755 },
    { path: 'bin', target: 'usr/bin' },
    { path: 'abs', target: '/usr' },
  ];
  const cases: readonly {
    readonly name: string;
    readonly upper: readonly SampleEntry[];
    readonly expected: Readonly<Record<string, string | undefined>>;
  }[] = [
    {
      name: 'keeps modes, owners and links of a single layer',
      upper: [],
      expected: {
        etc: 'dir 700 3:4',
        'etc/a': 'file 640 0:0 a',
        'usr/bin/sh': 'file 4755 0:0 sh',
        bin: 'link usr/bin',
      },
    },
    {
      name: 'takes away what a whiteout names',
      upper: [{ path: 'etc/.wh.a' }, { path: '.wh.usr' }],
      expected: {
        'etc/a': undefined,
        'etc/b': 'file 644 0:0 b',
        usr: undefined,
        'usr/bin/sh': undefined,
        'etc/.wh.a': undefined,
      },
    },
    {
      name: 'empties a directory with an opaque whiteout, and not of what its own layer brings',
      upper: [{ path: 'etc/new', content: 'new' }, { path: 'etc/.wh..wh..opq' }],
      expected: {
        etc: 'dir 700 3:4',
        'etc/a': undefined,
        'etc/b': undefined,
        'etc/new': 'file 644 0:0 new',
        'etc/.wh..wh..opq': undefined,
      },
    },
    {
      name: 'brings a file back in the layer that takes it away',
      upper: [{ path: 'etc/a', content: 'again' }, { path: 'etc/.wh.a' }],
      expected: { 'etc/a': 'file 644 0:0 again' },
    },
    {
      name: 'replaces a directory by a file, with all that is below',
      upper: [{ path: 'usr', content: 'file' }],
      expected: { usr: 'file 644 0:0 file', 'usr/bin': undefined, 'usr/bin/sh': undefined },
    },
    {
      name: 'replaces a file by a directory',
      upper: [{ path: 'etc/a/' }, { path: 'etc/a/c', content: 'c' }],
      expected: { 'etc/a': 'dir 755 0:0', 'etc/a/c': 'file 644 0:0 c' },
    },
    {
      name: 'gives a directory its new mode, and keeps what it holds',
      upper: [{ path: 'etc/', mode: 0o711 }],
      expected: { etc: 'dir 711 0:0', 'etc/a': 'file 640 0:0 a' },
    },
    {
      name: 'follows links of lower layers on the way to an entry',
      upper: [
        { path: 'bin/ls', content: 'ls' },
        { path: 'abs/share/doc', content: 'doc' },
      ],
      expected: {
        bin: 'link usr/bin',
        'usr/bin/ls': 'file 644 0:0 ls',
        'usr/share': 'dir 755 0:0',
        'usr/share/doc': 'file 644 0:0 doc',
        'bin/ls': undefined,
      },
    },
    {
      name: 'replaces a link by a directory that has its name',
      upper: [{ path: 'bin/' }, { path: 'bin/ls', content: 'ls' }],
      expected: { bin: 'dir 755 0:0', 'bin/ls': 'file 644 0:0 ls', 'usr/bin/sh': 'file 4755 0:0 sh' },
    },
    {
      name: 'resolves hard links of the same layer and of lower ones',
      upper: [
        { path: 'one', content: 'one', mode: 0o600 },
        { path: 'two', target: 'one', hard: true },
        { path: 'shell', target: 'usr/bin/sh', hard: true },
      ],
      expected: { two: 'file 600 0:0 one', shell: 'file 4755 0:0 sh' },
    },
    {
      name: 'keeps the content of a hard link whose first name is replaced',
      upper: [
        { path: 'kept', target: 'etc/a', hard: true },
        { path: 'etc/a', content: 'other' },
      ],
      expected: { kept: 'file 640 0:0 a', 'etc/a': 'file 644 0:0 other' },
    },
    {
      name: 'stays inside the root',
      upper: [{ path: '../../etc/a', content: 'out' }],
      expected: { 'etc/a': 'file 644 0:0 out' },
    },
    {
      name: 'has no entries named ".."',
      upper: [{ path: 'etc/..' }, { path: 'etc/../', mode: 0o700 }, { path: 'bin/../top', content: 'top' }],
      expected: { 'etc/..': undefined, '..': undefined, top: 'file 644 0:0 top', etc: 'dir 700 3:4' },
    },
    {
      name: 'takes the last of two entries of one name',
      upper: [
        { path: 'x', content: 'first' },
        { path: 'y', content: 'between' },
        { path: 'x', content: 'last' },
      ],
      expected: { x: 'file 644 0:0 last', y: 'file 644 0:0 between' },
    },
  ];
  for (const { name, upper, expected } of cases) {
    it(name, async (test) => {
      const found = await describeEntries(await rootfsOf(test, [lower, upper]));
      for (const [path, what] of Object.entries(expected)) assert.equal(found[path], what, path);
    });
  }

  const broken: readonly { name: string; layer: readonly SampleEntry[] }[] = [
    { name: 'a hard link to nothing', layer: [{ path: 'a', target: 'nothing', hard: true }] },
    {
      name: 'a hard link to a directory',
      layer: [{ path: 'd/' }, { path: 'a', target: 'd', hard: true }],
    },
    {
      name: 'an entry behind links in a circle',
      layer: [
        { path: 'a', target: 'b' },
        { path: 'b', target: 'a' },
        { path: 'a/c', content: 'c' },
      ],
    },
    {
      name: 'an entry below a file',
      layer: [
        { path: 'a', content: 'a' },
        { path: 'a/b', content: 'b' },
      ],
    },
  ];
  for (const { name, layer } of broken) {
    it(`refuses ${name}`, async (test) => {
      await assert.rejects(rootfsOf(test, [layer]), hasCode('LAYOUT_INVALID'));
    });
  }

  it('reads each layer once for its list, and once for all files that are expected', async (test) => {
    const folder = temporaryFolder(test);
    const layers = [[...lower, ...many('x', 50)], many('y', 50)];
    const layout = await baseLayout(join(folder, 'layout'), [{ layers }]);
    const [root] = (await layout.readIndex()).manifests;
    assert.ok(root !== undefined);
    const image = await readImage(layout, root);
    let opened = 0;
    const counting = {
      name: 'counting',
      open: (descriptor: (typeof image.layers)[0]['descriptor']) => {
        opened += 1;
        return layout.open(descriptor);
      },
    };
    const files = createImageFiles(folder);
    const rootfs = await files.read(counting, image.layers);
    await files.read(counting, image.layers);
    assert.equal(opened, 2);
    for (const entry of rootfs.entries.values()) if (entry.type === 'file') entry.expect?.();
    for (const [path, entry] of rootfs.entries) {
      if (path.startsWith('x') || path.startsWith('y')) assert.equal(await contentOf(entry), path);
    }
    assert.equal(opened, 4);
    // Again, and from what is there.
    assert.equal(await contentOf(rootfs.entries.get('x7')), 'x7');
    assert.equal(opened, 4);
  });

  it('refuses a layer whose content is other than the config says', async (test) => {
    const folder = temporaryFolder(test);
    const layout = await baseLayout(join(folder, 'layout'), [{ layers: [lower, lower.slice(0, 1)] }]);
    const [root] = (await layout.readIndex()).manifests;
    assert.ok(root !== undefined);
    const { layers } = await readImage(layout, root);
    const swapped = layers.map(({ descriptor }, at) => ({
      descriptor,
      diffId: layers.at(at - 1)?.diffId ?? 'sha256:',
    }));
    await assert.rejects(createImageFiles(folder).read(layout, swapped), hasCode('DIGEST_MISMATCH'));
  });
});

function many(prefix: string, count: number): SampleEntry[] {
  return Array.from({ length: count }, (_, at) => ({ path: `${prefix}${at}`, content: `${prefix}${at}` }));
}

function hasCode(code: ErrorCode) {
  return (error: unknown) => {
    assert.ok(error instanceof Error && 'code' in error, String(error));
    assert.equal(error.code, code, String(error));
    return true;
  };
}

const position = { file: 'Containerfile', line: 3, column: 6 };

describe('the sources of COPY --from', () => {
  const layer: readonly SampleEntry[] = [
    { path: 'app/' },
    { path: 'app/run', content: 'run', mode: 0o751, uid: 7 },
    { path: 'app/conf/', mode: 0o750 },
    { path: 'app/conf/a.conf', content: 'a', mode: 0o600 },
    { path: 'app/conf/b.conf', content: 'b' },
    { path: 'app/conf/link', target: '/nowhere' },
    { path: 'current', target: 'app' },
    { path: 'kernel', target: 'current/run' },
  ];
  const match = async (test: TestContext, path: string) =>
    findSources(rootfsTree(await rootfsOf(test, [layer]), 'base'), { path, position });

  it('keeps the mode of a file, and follows the links that lead to it', async (test) => {
    for (const path of ['app/run', '/app/run', 'current/run', 'kernel', './app/../kernel']) {
      const [first, ...others] = await match(test, path);
      assert.deepEqual(others, [], path);
      assert.ok(first?.found.type === 'file', path);
      assert.equal(first.found.mode, 0o751);
      assert.equal(first.found.name, path.split('/').at(-1));
      assert.equal(first.found.size, 3);
    }
  });

  it('takes a directory whole, with the links in it as they are', async (test) => {
    const [first] = await match(test, 'current/conf');
    assert.ok(first?.found.type === 'directory');
    assert.equal(first.found.mode, 0o750);
    assert.deepEqual(
      first.found.children.map((child) => [child.type, child.name, child.type === 'symlink' && child.target]),
      [
        ['file', 'a.conf', false],
        ['file', 'b.conf', false],
        ['symlink', 'link', '/nowhere'],
      ],
    );
  });

  it('takes the root itself', async (test) => {
    const [first] = await match(test, '/');
    assert.ok(first?.found.type === 'directory');
    assert.deepEqual(
      first.found.children.map(({ name }) => name),
      ['app', 'current', 'kernel'],
    );
  });

  for (const [pattern, expected] of [
    ['app/conf/*.conf', ['a.conf', 'b.conf']],
    ['current/conf/?.conf', ['a.conf', 'b.conf']],
    ['**/b.conf', ['b.conf']],
    ['k*', ['kernel']],
  ] as const) {
    it(`matches ${pattern}`, async (test) => {
      const matches = await match(test, pattern);
      assert.deepEqual(
        matches.map(({ found }) => found.name),
        expected,
      );
    });
  }

  for (const [path, hint] of [
    ['app/rum', 'Did you mean "app/run"? Names are case-sensitive.'],
    ['/app/rum', 'Did you mean "/app/run"? Names are case-sensitive.'],
    ['app/conf/link', undefined],
    ['app/run/below', undefined],
    ['*.none', undefined],
    ['../etc', undefined],
    ['a[', undefined],
  ] as const) {
    it(`refuses ${path}, where it stands`, async (test) => {
      await assert.rejects(match(test, path), (error: unknown) => {
        assert.ok(error instanceof Error && 'code' in error && 'position' in error);
        assert.equal(error.code, 'CONTEXT_PATH');
        assert.deepEqual(error.position, position);
        if (hint !== undefined) assert.equal((error as { hint?: string }).hint, hint);
        return true;
      });
    });
  }
});

describe('umoci', { skip: unlessRootWith('umoci') }, () => {
  it('unpacks random layers to the same rootfs', async (test) => {
    let run = 0;
    let unpacked = 0;
    const folder = temporaryFolder(test);
    await fc.assert(
      fc.asyncProperty(randomLayers, async (layers) => {
        const own = join(folder, String(++run));
        const layout = await baseLayout(join(own, 'layout'), [{ layers }]);
        const arguments_ = ['unpack', '--image', `${join(own, 'layout')}:1`, join(own, 'bundle')];
        const { status, stderr } = spawnSync('umoci', arguments_, { encoding: 'utf8' });
        if (status === 0) {
          unpacked += 1;
          const ours = await describeEntries(await read(layout, own));
          assert.deepEqual(ours, onDisk(join(own, 'bundle', 'rootfs')));
        } else if (stderr.includes('not a directory')) {
          await assert.rejects(read(layout, own), hasCode('LAYOUT_INVALID'));
        } else {
          // A hard link that replaces the folder that its target is in, or to what a link has made a folder since.
          assert.match(stderr, /link: (?:no such file or directory|operation not permitted)/);
        }
        rmSync(own, { recursive: true });
      }),
      { numRuns: 60, endOnFailure: true },
    );
    assert.ok(unpacked > 20, `${unpacked} of 60 could be unpacked`);
  });
});

const names = ['a', 'b', 'c'];
const name = fc.constantFrom(...names);
const link = fc.constantFrom('x', 'y');
/** Some begin with a link, which leads to a path that begins with none. */
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
const randomStep = fc.record({
  kind: fc.constantFrom(
    ...(['file', 'file', 'directory', 'symlink', 'hardlink', 'whiteout', 'opaque'] as const),
  ),
  path: fc.oneof(
    path,
    path,
    fc.tuple(link, path).map((parts) => parts.join('/')),
  ),
  other: fc.oneof(
    path,
    path.map((absolute) => `/${absolute}`),
  ),
  link,
  parents: fc.boolean(),
  mode: fc.constantFrom(0o644, 0o755, 0o600),
  content: fc.string({ maxLength: 5, unit: 'grapheme-ascii' }),
});

type Step = typeof randomStep extends fc.Arbitrary<infer Value> ? Value : never;

/** Entries in their order, by name; directories end in a slash. */
type Draft = Map<string, SampleEntry>;

/**
 * Layers as tools write them: no entry twice, none below another of its layer that is no directory, hard links to files
 * of the same layer. Links lead to a place without links.
 */
const randomLayers = fc
  .array(fc.array(randomStep, { maxLength: 14 }), { minLength: 1, maxLength: 4 })
  .map((layers) =>
    layers.map((steps, layer) => {
      const draft: Draft = new Map();
      for (const step of steps) addStep(draft, step, layer);
      const isWhiteout = ({ path }: SampleEntry) => /(?:^|\/)\.wh\.[abc]$/.test(path);
      // umoci goes in the order of the layer, also where a whiteout changes what lies behind a link. What is brought
      // there before a folder is emptied leaves umoci the old folders on the way, and containerd not even the file.
      const entries = [...draft.values()];
      const leadsThroughLink = entries.some(({ path: at }) => /^[xy]\//.test(at));
      return entries
        .filter(({ path: at }) => !(leadsThroughLink && at.endsWith('/.wh..wh..opq')))
        .sort((a, b) => Number(isWhiteout(b)) - Number(isWhiteout(a)));
    }),
  );

function addStep(draft: Draft, step: Step, layer: number): void {
  const { kind, other, mode, content } = step;
  const at = kind === 'symlink' ? step.link : step.path;
  const parents = at.split('/').slice(0, -1);
  const whiteout = [...parents, `.wh.${at.split('/').at(-1) ?? ''}`].join('/');
  const takesAway = kind === 'whiteout' || kind === 'opaque';
  if (isTaken(draft, at) || isTaken(draft, whiteout) || (takesAway && layer === 0)) return;
  if (kind === 'symlink' && layer > 0) return;
  if (step.parents && !/^[xy]/.test(at)) {
    for (const [index] of parents.entries())
      addDirectory(draft, parents.slice(0, index + 1).join('/'), 0o755);
  }
  switch (kind) {
    case 'file':
      draft.set(at, { path: at, mode, content });
      return;
    case 'directory':
      addDirectory(draft, at, mode | 0o700);
      return;
    case 'symlink':
      draft.set(at, { path: at, target: other });
      return;
    case 'hardlink': {
      const target = [...draft.values()].findLast((entry) => entry.content !== undefined)?.path;
      if (target !== undefined) draft.set(at, { path: at, target, hard: true });
      return;
    }
    case 'whiteout':
      draft.set(whiteout, { path: whiteout });
      return;
    case 'opaque':
      addDirectory(draft, at, 0o755);
      draft.set(`${at}/.wh..wh..opq`, { path: `${at}/.wh..wh..opq` });
  }
}

function addDirectory(draft: Draft, path: string, mode: number): void {
  if (!draft.has(`${path}/`)) draft.set(`${path}/`, { path: `${path}/`, mode });
}

function isTaken(draft: Draft, path: string): boolean {
  return [...draft.keys()].some((key) => {
    const taken = key.replace(/\/$/, '');
    if (taken === path || taken.startsWith(`${path}/`)) return true;
    return !key.endsWith('/') && path.startsWith(`${taken}/`);
  });
}

function onDisk(folder: string, prefix = ''): Record<string, string> {
  const entries: Record<string, string> = {};
  for (const child of readdirSync(join(folder, prefix)).sort()) {
    const at = prefix === '' ? child : `${prefix}/${child}`;
    const stats = lstatSync(join(folder, at));
    const what = `${(stats.mode & 0o7777).toString(8)} ${stats.uid}:${stats.gid}`;
    if (stats.isDirectory()) Object.assign(entries, { [at]: `dir ${what}` }, onDisk(folder, at));
    else if (stats.isSymbolicLink()) entries[at] = `link ${readlinkSync(join(folder, at))}`;
    else entries[at] = `file ${what} ${readFileSync(join(folder, at), 'utf8')}`;
  }
  return Object.fromEntries(Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1)));
}

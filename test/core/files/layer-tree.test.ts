// Layers applied on one another: whiteouts, links and what lies behind them.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { applyLayer, emptyTree, find, nodesOf } from '../../../src/core/files/layer-tree.ts';
import type { TreeDirectory } from '../../../src/core/files/layer-tree.ts';
import type { ListedEntry } from '../../../src/core/files/list-layer.ts';

type Short = [path: string, target?: string];

/** `name/` is a directory, a target makes a symbolic link, and one that begins with `=` a hard link. */
function entryOf([path, target]: Short): ListedEntry {
  const common = { size: 1, mode: 0o644, uid: 1, gid: 2 };
  if (path.endsWith('/')) return { path: path.slice(0, -1), type: 'directory', ...common, mode: 0o700 };
  if (target === undefined) return { path, type: 'file', ...common };
  if (target.startsWith('=')) return { path, type: 'hardlink', target: target.slice(1), ...common };
  return { path, type: 'symlink', target, ...common };
}

function treeOf(...layers: readonly (readonly Short[])[]): TreeDirectory {
  const root = emptyTree();
  for (const [at, layer] of layers.entries()) {
    const entries = layer.map(entryOf);
    const files = entries.filter(({ type }) => type === 'file');
    const places = new Map(files.map((entry, place) => [entry, place]));
    applyLayer(root, { entries, files: places }, at, `layer ${at + 1}`);
  }
  return root;
}

function pathsOf(root: TreeDirectory): string[] {
  return [...nodesOf(root)].map(([path, { type }]) => (type === 'directory' ? `${path}/` : path));
}

describe('applyLayer', () => {
  it('puts a file behind a link where the link leads in a container', () => {
    const below: Short[] = [
      ['opt/lib'],
      ['usr/x/bin', '/opt/tools'],
      ['usr/x/here', 'there'],
      ['usr/x/there/'],
    ];
    const root = treeOf(below, [['usr/x/bin/tool'], ['usr/x/here/file']]);
    assert.deepEqual(pathsOf(root), [
      ...['opt/', 'opt/lib', 'opt/tools/', 'opt/tools/tool'],
      ...['usr/', 'usr/x/', 'usr/x/bin', 'usr/x/here', 'usr/x/there/', 'usr/x/there/file'],
    ]);
    assert.equal(find(root, 'usr/x/bin/tool'), find(root, 'opt/tools/tool'));
    assert.deepEqual(find(root, 'opt/tools/tool'), {
      ...{ type: 'file', mode: 0o644, uid: 1, gid: 2, size: 1 },
      content: { layer: 1, file: 0 },
    });
  });

  it('takes away what a whiteout names, also behind a link', () => {
    const below: Short[] = [['a/one'], ['a/two'], ['link', 'a'], ['b/one']];
    assert.deepEqual(pathsOf(treeOf(below, [['a/.wh.one']])), ['a/', 'a/two', 'link', 'b/', 'b/one']);
    assert.deepEqual(pathsOf(treeOf(below, [['link/.wh.one']])), ['a/', 'a/two', 'link', 'b/', 'b/one']);
    assert.deepEqual(pathsOf(treeOf(below, [['.wh.a'], ['none/.wh.x']])), ['link', 'b/', 'b/one']);
  });

  it('empties an opaque folder of what lies below, and of nothing that the layer brings', () => {
    const below: Short[] = [['a/one'], ['a/two']];
    for (const layer of [
      [['a/three'], ['a/.wh..wh..opq']],
      [['a/.wh..wh..opq'], ['a/three']],
    ] satisfies Short[][])
      assert.deepEqual(pathsOf(treeOf(below, layer)), ['a/', 'a/three']);
  });

  it('leaves out what aufs keeps for itself, and no file that is only named so in part', () => {
    assert.deepEqual(pathsOf(treeOf([['.wh..wh.plnk'], ['a.wh.b']])), ['a.wh.b']);
    assert.deepEqual(pathsOf(treeOf([['.wh.plnk.x'], ['plnk']], [['.wh..wh.plnk']])), ['plnk']);
  });

  it('keeps what a folder holds when a later layer names it again, with its new mode', () => {
    const root = treeOf([['a/one']], [['a/']]);
    assert.deepEqual(pathsOf(root), ['a/', 'a/one']);
    const folder = find(root, 'a');
    assert.equal(folder?.type === 'directory' ? folder.mode : undefined, 0o700);
    assert.deepEqual(pathsOf(treeOf([['a/one']], [['a']])), ['a']);
    assert.deepEqual(pathsOf(treeOf([['a']], [['a/']])), ['a/']);
  });

  it('has one node for the names of a file', () => {
    const root = treeOf([['a/one'], ['b/two', '=a/one']]);
    assert.ok(find(root, 'a/one'));
    assert.equal(find(root, 'b/two'), find(root, 'a/one'));
  });

  const invalid: [name: string, layers: Short[][], message: RegExp][] = [
    ['a hard link to nothing', [[['a', '=none']]], /layer 1: "a" is a hard link to "none", where no file is/],
    ['a hard link to a folder', [[['b/c'], ['a', '=b']]], /hard link to "b"/],
    ['what lies behind a file', [[['a']], [['a/b']]], /layer 2: "a\/b" lies too deep, behind a file/],
    ['what lies behind a circle of links', [[['a', 'b'], ['b', 'a'], ['a/c']]], /in a circle/],
  ];
  for (const [name, layers, message] of invalid) {
    it(`refuses ${name}`, () => {
      assert.throws(() => treeOf(...layers), { code: 'LAYOUT_INVALID', message });
    });
  }
});

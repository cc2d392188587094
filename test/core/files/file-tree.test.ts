// Links in a tree are followed as in a container, and no way is endless.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { followLinks, joinPath, lastPart } from '../../../src/core/files/file-tree.ts';
import type { Followed } from '../../../src/core/files/file-tree.ts';

/** A folder is an object, a file null, a link the text of its target. */
type Node = null | string | { readonly [name: string]: Node };

interface Item {
  readonly type: string;
  readonly target?: string;
  readonly node: Node;
}

function itemOf(node: Node): Item {
  if (typeof node === 'string') return { type: 'symlink', target: node, node };
  return { type: node === null ? 'file' : 'directory', node };
}

function follow(tree: Node, path: string, isConfined?: boolean): Followed<Item> {
  const lookUp = ({ node }: Item, name: string) =>
    typeof node === 'object' && node !== null && name in node ? itemOf(node[name] ?? null) : undefined;
  return followLinks({ root: itemOf(tree), lookUp }, path.split('/'), isConfined);
}

/** `link-0` leads to `link-1` and so on, so many, and the last one to a file. */
function chain(links: number): Node {
  const names = Array.from({ length: links }, (_, at) => [`link-${at}`, `link-${at + 1}`] as const);
  return { ...Object.fromEntries(names), [`link-${links}`]: null };
}

const tree: Node = {
  file: null,
  'to-itself': 'to-itself',
  'to-root': '/',
  etc: { name: null, deep: { file: null } },
  usr: {
    file: null,
    bin: {
      file: null,
      absolute: '/etc/deep/file',
      'absolute-folder': '/etc/deep',
      relative: '../file',
      'far-up': '../../../../../../etc/name',
      'to-nothing': '/etc/nothing',
      blanks: './/../bin/./file',
    },
  },
};

describe('followLinks', () => {
  const found: [path: string, where: string][] = [
    ['file', 'file'],
    ['', ''],
    ['usr//bin/./file', 'usr/bin/file'],
    ['usr/bin/../file', 'usr/file'],
    ['../../etc', 'etc'],
    // From the root again, although the link lies in a sub-folder.
    ['usr/bin/absolute', 'etc/deep/file'],
    ['usr/bin/absolute-folder/file', 'etc/deep/file'],
    ['usr/bin/absolute-folder/../name', 'etc/name'],
    ['usr/bin/relative', 'usr/file'],
    ['usr/bin/far-up', 'etc/name'],
    ['usr/bin/blanks', 'usr/bin/file'],
    ['to-root/usr/bin/file', 'usr/bin/file'],
  ];
  for (const [path, where] of found) {
    it(`finds "${where}" at "${path}"`, () => {
      const followed = follow(tree, path);
      assert.equal(followed.type, 'found');
      assert.equal(followed.path, where);
    });
  }

  it('says what is missing, and the link that led there', () => {
    assert.deepEqual(follow(tree, 'usr/none/file'), { type: 'missing', folder: 'usr', name: 'none' });
    assert.deepEqual(follow(tree, 'file/below'), { type: 'missing', folder: 'file', name: 'below' });
    assert.deepEqual(follow(tree, 'usr/bin/to-nothing'), {
      type: 'missing',
      folder: 'etc',
      name: 'nothing',
      link: { path: 'usr/bin/to-nothing', target: '/etc/nothing' },
    });
  });

  it('follows as many links as Linux does', () => {
    assert.equal(follow(chain(40), 'link-0').type, 'found');
    assert.deepEqual(follow(chain(41), 'link-0'), {
      type: 'endless',
      link: { path: 'link-40', target: 'link-41' },
    });
    assert.equal(follow(tree, 'to-itself').type, 'endless');
  });

  it('goes no deeper than any path', () => {
    const folder: Node = {};
    // A folder that holds itself: what a link loop over a tree made of links may come to.
    const endless = { type: 'directory', node: folder };
    const walk = (depth: number) =>
      followLinks(
        { root: endless, lookUp: () => endless },
        Array.from({ length: depth }, () => 'a'),
      );
    assert.equal(walk(2048).type, 'found');
    assert.equal(walk(2049).type, 'endless');
  });

  it('leads no link out of a confined tree', () => {
    const confined = (path: string) => follow(tree, path, true);
    assert.equal(confined('usr/bin/relative').type, 'found');
    assert.deepEqual(confined('usr/bin/absolute'), {
      type: 'outside',
      link: { path: 'usr/bin/absolute', target: '/etc/deep/file' },
    });
    assert.deepEqual(confined('usr/bin/far-up'), {
      type: 'outside',
      link: { path: 'usr/bin/far-up', target: '../../../../../../etc/name' },
    });
    assert.equal(confined('../file').type, 'outside');
  });
});

describe('the parts of a path', () => {
  it('are joined, and taken apart', () => {
    assert.equal(joinPath('', 'a'), 'a');
    assert.equal(joinPath('a/b', 'c'), 'a/b/c');
    assert.equal(lastPart('a/b/c'), 'c');
    assert.equal(lastPart('a'), 'a');
  });
});

// What the rules of a tree leave out of a COPY, and what is said of a source that brings nothing. The tree is in memory.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BimaError } from '../../../src/core/errors.ts';
import { findSources, NothingMatches } from '../../../src/core/files/find-sources.ts';
import type { SourceFlags } from '../../../src/core/files/find-sources.ts';
import {
  bothRules,
  isIgnorePattern,
  noIgnoreRules,
  parseExcludes,
  parseIgnoreFile,
  rulesBelow,
  rulesOutside,
} from '../../../src/core/files/ignore.ts';
import { joinPath } from '../../../src/core/files/file-tree.ts';
import type { SourceTree } from '../../../src/core/files/source-tree.ts';
import { attempt, listTree } from '../../../src/core/files/source-tree.ts';
import { streamOf } from '../../../src/core/oci/blob.ts';
import { outlineMatches, position } from './outline.ts';

interface Item {
  readonly type: string;
  readonly path: string;
  readonly target?: string;
}

/** Files by path; a link is its target. What a file that can't be packed says is its refusal. */
function treeOf(
  files: Readonly<Record<string, string | undefined>>,
  ignore = '',
  isConfined = true,
): SourceTree<Item> {
  const items = new Map<string, Item>();
  for (const [path, target] of Object.entries(files)) {
    const parts = path.split('/');
    for (let count = 1; count < parts.length; count++) {
      const folder = parts.slice(0, count).join('/');
      items.set(folder, { type: 'directory', path: folder });
    }
    items.set(path, target === undefined ? { type: 'file', path } : { type: 'symlink', path, target });
  }
  return {
    root: { type: 'directory', path: '' },
    lookUp: (folder, name) => items.get(joinPath(folder.path, name)),
    list: ({ path }) =>
      [...items.keys()]
        .filter((one) => one !== '' && one.slice(0, Math.max(one.lastIndexOf('/'), 0)) === path)
        .map((one) => one.slice(one.lastIndexOf('/') + 1))
        .sort(),
    name: 'the tree',
    isConfined,
    rules: parseIgnoreFile(ignore, '.ignore'),
    attributesOf: () => ({}),
    take: ({ path, target }, name) => {
      if (path.endsWith('bad')) throw new BimaError('CONTEXT_PATH', `"${path}" is bad`);
      return target === undefined
        ? { type: 'file', name, size: 0, executable: false, open: () => streamOf() }
        : { type: 'symlink', name, target };
    },
    adviseOn: (source) => `look for ${source}`,
    explainIgnored: (path) => ({ message: `"${path}" is ignored`, hint: 'keep it' }),
  };
}

const files = { 'd/a': undefined, 'd/b': undefined, 'd/e/f': undefined, k: undefined, 'x/y': undefined };

function find(ignore: string, path: string, flags: SourceFlags = {}, tree = treeOf(files, ignore)): string[] {
  return outlineMatches(findSources(tree, { path, position }, flags));
}

/** The error in words: its message, its hint, and whether another source could make up for it. */
function refused(body: () => unknown): [message: string, hint: string | undefined, isNothing: boolean] {
  try {
    body();
  } catch (error) {
    assert.ok(error instanceof BimaError);
    assert.deepEqual([error.code, error.position], ['CONTEXT_PATH', position]);
    return [error.message, error.hint, error instanceof NothingMatches];
  }
  return assert.fail('it was found');
}

describe('what an ignore file leaves out of a source', () => {
  it('is left out of a folder, and of what a pattern matches', () => {
    assert.deepEqual(find('d/a', 'd'), ['d/', 'd/b 0', 'd/e/', 'd/e/f 0']);
    assert.deepEqual(find('d/e', 'd'), ['d/', 'd/a 0', 'd/b 0']);
    assert.deepEqual(find('d/a', 'd/*'), ['b 0', 'e/', 'e/f 0']);
    assert.deepEqual(find('d', '*'), ['k 0', 'x/', 'x/y 0']);
  });

  it('may be a folder that still brings what is kept in it', () => {
    assert.deepEqual(find('d\n!d/e/f', 'd'), ['d/', 'd/e/', 'd/e/f 0']);
    assert.deepEqual(find('d\n!d/e/f', 'd/*'), ['e/', 'e/f 0']);
    assert.deepEqual(find('*\n!d/e/f', '.'), ['/', '/d/', '/d/e/', '/d/e/f 0']);
    assert.deepEqual(find('*\n!d/e/f\n!k', '*'), ['d/', 'd/e/', 'd/e/f 0', 'k 0']);
  });

  const nothing: readonly (readonly [ignore: string, path: string, message: string, isNothing: boolean])[] = [
    ['k', 'k', '"k" is ignored', false],
    ['d', 'd', '"d" is ignored', false],
    ['d\n!d/none', 'd', '"d" is ignored', false],
    ['d', 'd/e/f', '"d/e/f" is ignored', false],
    ['d/*', 'd/*', '"d/a" is ignored', true],
    ['d/**', 'd/e/*', '"d/e/f" is ignored', true],
    ['*', 'k*', '"k" is ignored', true],
  ];
  for (const [ignore, path, message, isNothing] of nothing) {
    it(`is said of ${path} where ${JSON.stringify(ignore)} leaves it out`, () => {
      assert.deepEqual(
        refused(() => find(ignore, path)),
        [message, 'keep it', isNothing],
      );
    });
  }

  it('is left out where a link leads to it, or that has the link', () => {
    const linked = (ignore: string) => treeOf({ ...files, l: 'd', m: 'k' }, ignore);
    assert.deepEqual(find('', 'l', {}, linked('')), ['l/', 'l/a 0', 'l/b 0', 'l/e/', 'l/e/f 0']);
    assert.deepEqual(
      refused(() => find('', 'm', {}, linked('k'))),
      ['"k" is ignored', 'keep it', false],
    );
    assert.deepEqual(
      refused(() => find('', 'm', {}, linked('m'))),
      ['"m" is ignored', 'keep it', false],
    );
    assert.deepEqual(find('', 'l', {}, linked('d\n!d/a')), ['l/', 'l/a 0']);
    assert.deepEqual(
      refused(() => find('', 'l', {}, linked('l\n!l/a'))),
      ['"l" is ignored', 'keep it', false],
    );
  });
});

describe('what is said of a source that is not there', () => {
  it('is what may be meant', () => {
    const missing = (path: string, tree = treeOf({ 'src/kernel.elf': undefined, 'caf\u00e9': undefined })) =>
      refused(() => find('', path, {}, tree)).slice(0, 2);
    const notIn = (path: string) => `"${path}" is not in the tree`;
    const near = 'Did you mean "src/kernel.elf"? Names are case-sensitive.';
    assert.deepEqual(missing('src/kernel.efl'), [notIn('src/kernel.efl'), near]);
    assert.deepEqual(missing('/src/Kernel.elf'), [
      notIn('/src/Kernel.elf'),
      'Did you mean "/src/kernel.elf"? Names are case-sensitive.',
    ]);
    assert.deepEqual(missing('cafe\u0301'), [
      notIn('cafe\u0301'),
      'The file\'s own name looks the same, and is in another Unicode form (NFC or NFD): write it as "ls" gives it.',
    ]);
    assert.deepEqual(missing('none'), [notIn('none'), 'look for none']);
    assert.deepEqual(missing('src/kernel.elf/x'), [notIn('src/kernel.elf/x'), 'look for src/kernel.elf/x']);
    assert.deepEqual(missing('a\0'), ['a source of COPY holds a null byte', undefined]);
    assert.deepEqual(missing('../x'), ['"../x" leads out of the tree', 'look for ../x']);
    assert.deepEqual(missing('[x'), [
      '"[x" is not a valid pattern',
      'Close every "[" with a "]", or write "[[]" for the character itself.',
    ]);
  });

  it('is where its link leads', () => {
    const tree = treeOf({
      'd/gone': 'x/y',
      'd/circle': 'circle',
      'd/up': '../../z',
      'd/abs': '/k',
      k: undefined,
    });
    const follow =
      'A link that COPY names is followed: put a file where it points to, or name another source.';
    assert.deepEqual(
      refused(() => find('', 'd/gone', {}, tree)),
      ['the symbolic link "d/gone" points to "d/x", which is not in the tree', follow, false],
    );
    assert.deepEqual(
      refused(() => find('', 'd/circle', {}, tree)),
      ['the symbolic link "d/circle" leads to itself', undefined, false],
    );
    const stay =
      'A link that is followed must stay in the context: point it there by a relative path, put a copy of what it points to in its place, or have the ignore file leave it out.';
    assert.deepEqual(
      refused(() => find('', 'd/up', {}, tree)),
      ['the symbolic link "d/up" leads out of the context, to "../../z"', stay, false],
    );
    assert.deepEqual(
      refused(() => find('', 'd/abs', {}, tree)),
      ['the symbolic link "d/abs" has an absolute target, "/k"', stay, false],
    );
    assert.deepEqual(refused(() => find('', 'd/up/*', {}, tree)).slice(0, 1), [
      'the symbolic link "d/up" leads out of the context, to "../../z"',
    ]);
    const open = treeOf({ 'd/abs': '/k', k: undefined }, '', false);
    assert.deepEqual(find('', 'd/abs', {}, open), ['abs 0']);
  });

  it('is nothing where a pattern matches nothing, and no walk goes through a link', () => {
    const tree = treeOf({ ...files, l: 'd' });
    assert.deepEqual(
      refused(() => find('', 'none*', {}, tree)),
      ['nothing in the tree matches "none*"', 'look for none*', true],
    );
    assert.deepEqual(find('', '*/a', {}, tree), ['a 0']);
    assert.deepEqual(find('', 'l/*', {}, tree), ['a 0', 'b 0', 'e/', 'e/f 0']);
    assert.deepEqual(
      refused(() => find('', 'k/*', {}, tree)),
      ['nothing in the tree matches "k/*"', 'look for k/*', true],
    );
    assert.deepEqual(
      refused(() => find('', 'none/*', {}, tree)),
      ['"none/*" is not in the tree', 'look for none/*', true],
    );
  });

  it('is what --parents and --exclude do', () => {
    const tree = treeOf({ ...files, 'd/l': 'e' });
    assert.deepEqual(
      refused(() => find('', 'd/l/f', { parents: true }, tree)),
      [
        'nothing in the tree matches "d/l/f"',
        'Behind the "/./" of --parents no link is followed: write it after the link.',
        false,
      ],
    );
    assert.deepEqual(
      refused(() => find('', 'd/l/f', { parents: true, exclude: ['x'] }, tree)),
      ['nothing in the tree matches "d/l/f" but what --exclude leaves out', 'look for d/l/f', true],
    );
    assert.deepEqual(
      refused(() => find('', 'k', { exclude: ['k'] }, tree)),
      ['nothing in the tree matches "k" but what --exclude leaves out', 'look for k', true],
    );
    assert.deepEqual(
      refused(() => find('', 'k', { exclude: ['k'] }, treeOf(files, 'k'))),
      ['"k" is ignored', 'keep it', false],
    );
    assert.deepEqual(find('', 'd', { parents: true, exclude: ['d/e'] }, tree), [
      '/',
      '/d/',
      '/d/a 0',
      '/d/b 0',
      '/d/l -> e',
    ]);
  });

  it('is everything that an image can’t hold, in one error', () => {
    const tree = treeOf({
      'd/1.bad': undefined,
      'd/e/2.bad': undefined,
      'd/ok': undefined,
      'd2/3.bad': undefined,
    });
    const problemsOf = (path: string) => {
      try {
        find('', path, {}, tree);
      } catch (error) {
        assert.ok(error instanceof BimaError);
        return error.problems.map(({ message }) => message);
      }
      return [];
    };
    assert.deepEqual(problemsOf('d'), ['"d/1.bad" is bad', '"d/e/2.bad" is bad']);
    assert.deepEqual(problemsOf('d*'), ['"d/1.bad" is bad', '"d/e/2.bad" is bad', '"d2/3.bad" is bad']);
  });
});

describe('a folder that is listed', () => {
  it('is marked where it is only on the way, and empty ones that were doubtful are gone', () => {
    const tree = treeOf({ 'a/b/c': undefined, 'a/d/e': undefined });
    const rules = parseIgnoreFile('a/b\na/d\n!a/b/c\n!a/d/x', '.ignore');
    const found = listTree(
      tree,
      { type: 'directory', path: 'a' },
      'a',
      'top',
      rules,
      (path) => path === 'a/b',
    );
    assert.deepEqual(JSON.parse(JSON.stringify(found)), {
      type: 'directory',
      name: 'top',
      children: [
        {
          type: 'directory',
          name: 'b',
          isOnTheWay: true,
          children: [{ type: 'file', name: 'c', size: 0, executable: false }],
        },
      ],
    });
    const plain = listTree(tree, { type: 'directory', path: 'a/b' }, 'a/b', 'b', noIgnoreRules);
    assert.ok(!('isOnTheWay' in plain));
  });

  it('may change while it is read', () => {
    const tree = { ...treeOf({ 'a/b': undefined }), lookUp: () => undefined };
    assert.throws(() => listTree(tree, { type: 'directory', path: 'a' }, 'a', 'a', noIgnoreRules), {
      code: 'CONTEXT_CHANGED',
      message: '"a/b" was removed while the context was read',
      hint: 'Build again when nothing writes to the context.',
    });
  });

  it('collects the problems of ours, and no others', () => {
    const problems: Parameters<typeof attempt>[0] = [];
    attempt(problems, () => undefined);
    attempt(problems, () => {
      throw new BimaError('CONTEXT_PATH', 'x');
    });
    assert.deepEqual(
      problems.map(({ message }) => message),
      ['x'],
    );
    assert.throws(() => {
      attempt(problems, () => {
        throw new TypeError('y');
      });
    }, TypeError);
  });
});

describe('rules that are put together', () => {
  const [one, other] = [parseExcludes(['a', '!a/keep']), parseExcludes(['b', '!b/keep', 'a/keep'])];

  it('leave out what either leaves out, and look where both may keep something', () => {
    const both = bothRules(one, other);
    assert.deepEqual(
      ['a', 'b', 'a/keep', 'b/keep', 'c'].map((path) => both.ignores(path)),
      [true, true, true, false, false],
    );
    assert.deepEqual(
      ['a', 'b', 'c', 'x'].map((path) =>
        bothRules(parseExcludes(['a', '!a/keep']), parseExcludes(['b'])).mayKeepBelow(path),
      ),
      [true, false, true, true],
    );
    assert.deepEqual(
      ['a', 'b'].map((path) =>
        bothRules(parseExcludes(['b']), parseExcludes(['a', '!a/keep'])).mayKeepBelow(path),
      ),
      [true, false],
    );
    assert.equal(bothRules({ ...one, file: '.ignore' }, other).file, '.ignore');
    assert.deepEqual([noIgnoreRules.ignores('a'), noIgnoreRules.mayKeepBelow('a')], [false, true]);
  });

  it('start at a folder', () => {
    const below = rulesBelow(one, 'x/y');
    assert.deepEqual(
      ['x/y/a', 'x/y/a/keep', 'x/y/b'].map((path) => below.ignores(path)),
      [true, false, false],
    );
    assert.deepEqual(
      ['x/y/a', 'x/y/b'].map((path) => below.mayKeepBelow(path)),
      [true, false],
    );
    assert.equal(rulesBelow(one, '').ignores('a'), true);
  });

  it('leave out all that a pattern doesn’t match, but for the way to it', () => {
    const outside = (pattern: string, path: string) => {
      const rules = rulesOutside(pattern);
      return [rules.ignores(path), rules.mayKeepBelow(path)];
    };
    assert.deepEqual(outside('a/*/c', 'a'), [true, true]);
    assert.deepEqual(outside('a/*/c', 'a/b'), [true, true]);
    assert.deepEqual(outside('a/*/c', 'a/b/c'), [false, true]);
    assert.deepEqual(outside('a/*/c', 'a/b/c/d'), [false, true]);
    assert.deepEqual(outside('a/*/c', 'a/b/d'), [true, false]);
    assert.deepEqual(outside('a/*/c', 'b'), [true, false]);
    for (const pattern of ['', '.', '/', 'a/..'])
      assert.deepEqual(outside(pattern, 'x'), [false, true], pattern);
  });

  it('are made of patterns that are valid', () => {
    for (const text of ['a', ' a ', '!a', '**/a', '[ab]', '', '.']) assert.ok(isIgnorePattern(text), text);
    for (const text of ['[', '!', ' ! ', 'a\\', 'a[]b']) assert.ok(!isIgnorePattern(text), text);
  });

  it('are refused with what is wrong', () => {
    assert.throws(() => parseIgnoreFile('a\n  [', '.ignore'), {
      code: 'CONTEXT_PATH',
      message: '"[" is not a valid pattern',
      hint: 'Close every "[" with a "]", and put something after "!" and "\\".',
      position: { file: '.ignore', line: 2, column: 3 },
    });
    assert.throws(() => parseExcludes(['[']), { position: { file: '', line: 1, column: 1 } });
    assert.equal(parseIgnoreFile('', '.ignore').file, '.ignore');
  });

  it('read exceptions with blanks, and take the last of two of one name', () => {
    assert.deepEqual(
      ['a', 'b'].map((path) => parseExcludes(['*', '!  a']).ignores(path)),
      [false, true],
    );
    const named = parseExcludes(['**/x', '!**/x', 'c', '!c']);
    assert.deepEqual(
      ['x', 'a/x', 'c'].map((path) => named.ignores(path)),
      [false, false, false],
    );
    const again = parseExcludes(['!c', 'c', '!**/x', '**/x']);
    assert.deepEqual(
      ['x', 'a/x', 'c'].map((path) => again.ignores(path)),
      [true, true, true],
    );
    // An exception of one name may be anywhere.
    assert.ok(named.mayKeepBelow('anywhere/at/all'));
    assert.ok(!again.mayKeepBelow('c'));
  });

  it('know where exceptions lie, whatever their order', () => {
    const rules = parseExcludes(['*', '!m/n', '!b/c', '!z', '!k/l/m']);
    for (const folder of ['m', 'b', 'z', 'z/x', 'k', 'k/l', 'k/l/m/n'])
      assert.ok(rules.mayKeepBelow(folder), folder);
    for (const folder of ['a', 'bb', 'm/o', 'l', 'zz']) assert.ok(!rules.mayKeepBelow(folder), folder);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { join } from 'node:path';
import { findCommit } from '../../../src/adapters/context/git-commit.ts';
import { temporaryFolder } from '../../support/folder.ts';

const commit = 'a'.repeat(40);
const other = 'b'.repeat(40);

describe('findCommit', () => {
  const cases: readonly (readonly [string, Record<string, string>, string | undefined])[] = [
    ['a branch', { '.git/HEAD': 'ref: refs/heads/main\n', '.git/refs/heads/main': `${commit}\n` }, commit],
    ['a commit without a branch', { '.git/HEAD': `${commit}\n` }, commit],
    ['a commit of SHA-256', { '.git/HEAD': 'c'.repeat(64) }, 'c'.repeat(64)],
    [
      'a packed branch',
      {
        '.git/HEAD': 'ref: refs/heads/a/b',
        '.git/packed-refs': `# pack-refs with: peeled\n${other} refs/heads/b\n${commit} refs/heads/a/b\n^${other}\n`,
      },
      commit,
    ],
    [
      'a worktree',
      {
        '.git': 'gitdir: main/.git/worktrees/w\n',
        'main/.git/worktrees/w/HEAD': 'ref: refs/heads/x\n',
        'main/.git/worktrees/w/commondir': '../..\n',
        'main/.git/refs/heads/x': commit,
      },
      commit,
    ],
    ['a branch without a commit', { '.git/HEAD': 'ref: refs/heads/main\n' }, undefined],
    ['a branch that leads elsewhere', { '.git/HEAD': 'ref: refs/heads/../../../x', x: commit }, undefined],
    ['something else', { '.git/HEAD': 'what' }, undefined],
    [
      'a name with more before it',
      { '.git/HEAD': `x ref: refs/heads/a`, '.git/refs/heads/a': commit },
      undefined,
    ],
    [
      'a name with more behind it',
      { '.git/HEAD': 'ref: refs/heads/a b', '.git/refs/heads/a': commit },
      undefined,
    ],
    ['a name of every kind', { '.git/HEAD': 'ref: refs/a_1./@+-b', '.git/refs/a_1./@+-b': commit }, commit],
    ['a commit that is too long', { '.git/HEAD': `${commit}a` }, undefined],
    ['a commit with more before it', { '.git/HEAD': `x${commit}` }, undefined],
    ['a long one that is too long', { '.git/HEAD': 'c'.repeat(65) }, undefined],
    ['a commit of other letters', { '.git/HEAD': commit.toUpperCase() }, undefined],
    [
      'a loose branch before a packed one',
      {
        '.git/HEAD': 'ref: refs/heads/a',
        '.git/refs/heads/a': commit,
        '.git/packed-refs': `${other} refs/heads/a`,
      },
      commit,
    ],
    [
      'a packed branch that is no commit',
      { '.git/HEAD': 'ref: refs/heads/a', '.git/packed-refs': 'x refs/heads/a' },
      undefined,
    ],
    [
      'a branch of another name alone',
      { '.git/HEAD': 'ref: refs/heads/a', '.git/packed-refs': `${other} x/refs/heads/a` },
      undefined,
    ],
    ['no place before one', { '.git': 'x gitdir: main', 'main/HEAD': commit }, undefined],
    ['a place with blanks', { '.git': 'gitdir: my main', 'my main/HEAD': commit }, commit],
    ['a file that names nothing', { '.git': 'what' }, undefined],
  ];
  for (const [name, files, expected] of cases) {
    it(`finds ${name}`, async (test) => {
      const folder = temporaryFolder(test, { ...files, 'sub/folder/file': '' });
      assert.equal(await findCommit(folder), expected);
      assert.equal(await findCommit(join(folder, 'sub/folder')), expected);
    });
  }

  it('finds nothing where there is no repository', async (test) => {
    assert.equal(await findCommit(temporaryFolder(test)), undefined);
  });
});

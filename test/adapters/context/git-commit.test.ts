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

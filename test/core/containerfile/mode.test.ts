import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { changeMode, parseMode } from '../../../src/core/containerfile/mode.ts';
import { temporaryFolder } from '../../support/folder.ts';

describe('changeMode', () => {
  const rows: [changes: string, file: number, folder: number][] = [
    ['u+x', 0o744, 0o755],
    ['a+rX,go-w', 0o644, 0o755],
    ['u=rwX,go=rX', 0o644, 0o755],
    ['go=u', 0o666, 0o777],
    ['go=u-w', 0o644, 0o755],
    ['+x', 0o755, 0o755],
    ['=', 0, 0],
    ['a=r,u+w', 0o644, 0o644],
    ['-X', 0o644, 0o644],
    ['ug+s', 0o6644, 0o6755],
    ['+t', 0o1644, 0o1755],
    ['u-rwx+x', 0o144, 0o155],
  ];
  for (const [changes, file, folder] of rows) {
    it(`makes of 644 and of the folder 755 what ${changes} says`, () => {
      assert.equal(parseMode(changes), changes);
      assert.deepEqual([changeMode(changes, 0o644, false), changeMode(changes, 0o755, true)], [file, folder]);
    });
  }

  it('agrees with chmod', { skip: process.platform !== 'linux' && 'needs GNU chmod' }, (test) => {
    const folder = temporaryFolder(test);
    const path = join(folder, 'file');
    const directory = join(folder, 'directory');
    writeFileSync(path, '');
    mkdirSync(directory);
    let seed = 7;
    const pick = (from: string) => {
      seed = (seed * 48271) % 2147483647;
      return from[seed % from.length] ?? '';
    };
    for (let round = 0; round < 60; round++) {
      const who = pick('ugoa ').trim();
      const what = pick('01') === '0' ? pick('rwxX') + pick('rwx ').trim() : pick('ugo');
      const changes = `${who}${pick('+-=')}${what},${pick('ugo')}${pick('+-')}${pick('rwx')}`;
      // For X, GNU looks at the mode as the clauses before have left it; POSIX and BuildKit at that of the file.
      for (const [target, isDirectory, before] of [
        [path, false, Number.parseInt(pick('0467') + pick('0145') + pick('0145'), 8)],
        [directory, true, 0o750],
      ] as const) {
        chmodSync(target, before);
        execFileSync('sh', ['-c', 'umask 0; exec chmod "$0" "$1"', changes, target]);
        const expected = statSync(target).mode & 0o7777;
        assert.equal(
          changeMode(changes, before, isDirectory),
          expected,
          `${changes} of ${before.toString(8)}`,
        );
      }
    }
  });
});

// The files that annotations are shown at.

import assert from 'node:assert/strict';
import { posix, win32 } from 'node:path';
import { describe, it } from 'node:test';
import { workspacePath } from '../../src/action/workspace-path.ts';

describe('workspacePath', () => {
  const windows: readonly [file: string, expected: string | undefined][] = [
    ['Z:\\ws\\a\\Containerfile', 'a/Containerfile'],
    ['z:\\WS\\Containerfile', 'Containerfile'],
    ['a\\Containerfile', 'a/Containerfile'],
    ['a/Containerfile', 'a/Containerfile'],
    ['\\\\?\\Z:\\ws\\a\\Containerfile', 'a/Containerfile'],
    ['\\\\.\\Z:\\ws\\a\\Containerfile', 'a/Containerfile'],
    ['\\\\?\\Z:\\other\\Containerfile', undefined],
    ['C:\\ws\\Containerfile', undefined],
    ['\\\\server\\share\\Containerfile', undefined],
    ['..\\Containerfile', undefined],
    ['..a\\Containerfile', '..a/Containerfile'],
  ];
  for (const [file, expected] of windows) {
    it(`finds ${file} on Windows, from either spelling of the workspace`, () => {
      assert.equal(workspacePath('Z:\\ws', file, win32), expected);
      assert.equal(workspacePath('\\\\?\\Z:\\ws', file, win32), expected);
    });
  }

  it('finds a share by both of its spellings', () => {
    assert.equal(workspacePath('\\\\server\\share\\ws', '\\\\?\\UNC\\server\\share\\ws\\C', win32), 'C');
  });

  const linux: readonly [file: string, expected: string | undefined][] = [
    ['/ws/a/Containerfile', 'a/Containerfile'],
    ['a/Containerfile', 'a/Containerfile'],
    ['/ws/C:/Containerfile', 'C:/Containerfile'],
    ['/other/Containerfile', undefined],
    ['../Containerfile', undefined],
    ['/ws/\\\\?\\a', '\\\\?\\a'],
  ];
  for (const [file, expected] of linux) {
    it(`finds ${file} on Linux`, () => {
      assert.equal(workspacePath('/ws', file, posix), expected);
    });
  }
});

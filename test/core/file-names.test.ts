// Names of files that Windows can't have.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BimaError } from '../../src/core/errors.ts';
import { checkFileNames, isDesktopFile, isDeviceName } from '../../src/core/file-names.ts';

describe('checkFileNames', () => {
  const refused: readonly [path: string, name: string][] = [
    ['CON', 'CON'],
    ['nul', 'nul'],
    ['aux.txt', 'aux.txt'],
    ['C:\\out\\Prn.tar', 'Prn.tar'],
    ['out/com1/image.tar', 'com1'],
    ['LPT9 .tar', 'LPT9 .tar'],
    ['COM¹', 'COM¹'],
    ['CONOUT$', 'CONOUT$'],
    ['trail.', 'trail.'],
    ['blank ', 'blank '],
    ['out:latest.tar', 'out:latest.tar'],
    ['C:\\a\\b:c', 'b:c'],
    ['what?.tar', 'what?.tar'],
    ['\\\\?\\C:\\nul', 'nul'],
  ];
  for (const [path, name] of refused) {
    it(`refuses ${JSON.stringify(path)} on Windows, and nowhere else`, () => {
      assert.throws(
        () => {
          checkFileNames(path, 'Name another.', 'win32');
        },
        (error) =>
          error instanceof BimaError &&
          error.code === 'OUTPUT_FAILED' &&
          error.hint === 'Name another.' &&
          error.message.includes(`got "${name}" in "${path}"`),
      );
      checkFileNames(path, '', 'linux');
    });
  }

  for (const path of [
    'C:\\out\\image.tar',
    'C:out.tar',
    '\\\\?\\C:\\out\\image.tar',
    '\\\\server\\share\\out.tar',
    './out/../image.tar',
    'console.tar',
    'com10',
    'com',
    'nul-1.tar',
    'auxiliary/con-1',
    '.hidden',
    '/',
  ]) {
    it(`takes ${JSON.stringify(path)} on Windows`, () => {
      checkFileNames(path, '', 'win32');
    });
  }
});

describe('why Windows has no such name', () => {
  const rows: [path: string, why: string][] = [
    ['CON', 'it is that of a device'],
    ['prn.txt', 'it is that of a device'],
    ['a<b', 'it has the character "<"'],
    ['a>b', 'it has the character ">"'],
    ['a"b', 'it has the character "\\""'],
    ['a|b', 'it has the character "|"'],
    ['a*b', 'it has the character "*"'],
    ['a\u0001b', 'it has the character "\\u0001"'],
    ['a\u001fb', 'it has the character "\\u001f"'],
    ['a.', 'it ends with a dot or a blank'],
    ['a ', 'it ends with a dot or a blank'],
    ['...', 'it ends with a dot or a blank'],
    ['a\n.', 'it has the character "\\n"'],
  ];
  for (const [path, why] of rows)
    it(`is said of ${JSON.stringify(path)}`, () => {
      assert.throws(
        () => {
          checkFileNames(path, 'x', 'win32');
        },
        {
          code: 'OUTPUT_FAILED',
          message: `expected a name that Windows can give to a file, got "${path}" in "${path}": ${why}`,
          hint: 'x',
        },
      );
    });

  it('is not asked elsewhere', () => {
    checkFileNames('CON', 'x', 'linux');
    if (process.platform !== 'win32') checkFileNames('CON', 'x');
  });

  for (const path of ['', '\\\\.\\C:\\out.tar', '//?/c:/out.tar', 'a\u0020b', 'a.b c', '..\\.\\a', 'd:a'])
    it(`is nothing for ${JSON.stringify(path)}`, () => {
      checkFileNames(path, 'x', 'win32');
    });

  for (const path of ['x:y:z', '1:a', 'a\\c:', '\\\\?\\ab:c', 'x\\\\?\\C:\\a'])
    it(`is a second colon, or one without a drive, in ${JSON.stringify(path)}`, () => {
      assert.throws(() => {
        checkFileNames(path, 'x', 'win32');
      }, /it has the character "[:?]"/);
    });
});

describe('isDeviceName', () => {
  const devices = ['con', 'PRN', 'aux', 'Nul', 'conin$', 'conout$', 'com0', 'COM9', 'lpt¹', 'lpt²', 'com³'];
  for (const name of devices)
    it(`is true for ${name}, with whatever behind a dot`, () => {
      for (const more of ['', '.txt', ' .txt', '.', ' ', ' . .', '.a.b', '.\u0001', '.a\u2028'])
        assert.equal(isDeviceName(`${name}${more}`), !more.includes('\u2028'), more);
      for (const other of [`x${name}`, `${name}x`, `${name}-`, ` ${name}`])
        assert.equal(isDeviceName(other), false);
    });

  for (const name of ['com', 'lpt', 'com10', 'comx', 'conin', '', '.'])
    it(`is false for ${JSON.stringify(name)}`, () => {
      assert.equal(isDeviceName(name), false);
    });
});

describe('isDesktopFile', () => {
  it('knows what Finder and Explorer leave', () => {
    const names = ['.DS_Store', 'Thumbs.db', 'desktop.ini', 'thumbs.db', '', 'a'];
    assert.deepEqual(names.filter(isDesktopFile), ['.DS_Store', 'Thumbs.db', 'desktop.ini']);
  });
});

// Names of files that Windows can't have.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BimaError } from '../../src/core/errors.ts';
import { checkFileNames } from '../../src/core/file-names.ts';

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

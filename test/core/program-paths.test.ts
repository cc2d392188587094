// Where programs are looked for, and how they are started, on both kinds of systems.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { commandFor, programPaths } from '../../src/core/program-paths.ts';

describe('programPaths', () => {
  const posix: readonly [name: string, path: string | undefined, expected: readonly string[]][] = [
    ['folders in their order', '/usr/bin:/bin', ['/usr/bin/ctr', '/bin/ctr']],
    ['empty entries, which mean the current folder', ':/bin::', ['/bin/ctr']],
    ['relative folders', '.:bin:../bin:/bin', ['/bin/ctr']],
    ['no PATH', undefined, []],
  ];
  for (const [name, path, expected] of posix) {
    it(`on Linux: ${name}`, () => {
      assert.deepEqual(programPaths('ctr', { PATH: path }, 'linux'), expected);
    });
  }

  const windows: readonly [name: string, environment: Record<string, string>, expected: readonly string[]][] =
    [
      [
        'each extension in its turn',
        { PATH: 'C:\\a;D:\\b', PATHEXT: '.EXE;.CMD' },
        ['C:\\a\\x.exe', 'C:\\a\\x.cmd', 'D:\\b\\x.exe', 'D:\\b\\x.cmd'],
      ],
      ['names of variables in another case', { Path: 'C:\\a', PathExt: '.cmd' }, ['C:\\a\\x.cmd']],
      [
        'the current folder, the current drive, and what lies below them',
        { PATH: '.;;bin;\\tools;C:bin;C:\\a', PATHEXT: '.EXE' },
        ['C:\\a\\x.exe'],
      ],
      [
        'a folder in quotes',
        { PATH: '"C:\\Program Files\\a"', PATHEXT: '.EXE' },
        ['C:\\Program Files\\a\\x.exe'],
      ],
      ['a share', { PATH: '\\\\server\\share', PATHEXT: '.EXE' }, ['\\\\server\\share\\x.exe']],
      ['no extension that can be started', { PATH: 'C:\\a', PATHEXT: '.JS;.EXE;.VBS' }, ['C:\\a\\x.exe']],
      [
        'the usual extensions where none are named',
        { PATH: 'C:\\a' },
        ['C:\\a\\x.com', 'C:\\a\\x.exe', 'C:\\a\\x.bat', 'C:\\a\\x.cmd'],
      ],
    ];
  for (const [name, environment, expected] of windows) {
    it(`on Windows: ${name}`, () => {
      assert.deepEqual(programPaths('x', environment, 'win32'), expected);
    });
  }

  it('on Windows: a name that has its extension, as it is and first', () => {
    const environment = { PATH: 'C:\\a', PATHEXT: '.EXE' };
    assert.deepEqual(programPaths('x.exe', environment, 'win32'), ['C:\\a\\x.exe', 'C:\\a\\x.exe.exe']);
  });
});

describe('commandFor', () => {
  const environment = { SystemRoot: 'C:\\WINNT' };

  it('starts a program as it is', () => {
    const expected = { file: 'C:\\a\\x.exe', args: ['get'], isVerbatim: false };
    assert.deepEqual(commandFor('C:\\a\\x.exe', ['get'], environment, 'win32'), expected);
    assert.equal(commandFor('/a/x.cmd', ['get'], {}, 'linux')?.file, '/a/x.cmd');
  });

  it('has the command interpreter of the system start a batch file', () => {
    assert.deepEqual(commandFor('C:\\A & B\\x.CMD', ['get'], environment, 'win32'), {
      file: 'C:\\WINNT\\System32\\cmd.exe',
      args: ['/d', '/v:off', '/s', '/c', '""C:\\A & B\\x.CMD" get"'],
      isVerbatim: true,
    });
    assert.equal(
      commandFor('C:\\x.bat', [], { SystemRoot: '.\\fake', ComSpec: '.\\cmd.exe' }, 'win32')?.file,
      'C:\\Windows\\System32\\cmd.exe',
    );
  });

  it('starts no batch file whose path the interpreter would expand', () => {
    for (const path of ['C:\\%PATH%\\x.cmd', 'C:\\a!b\\x.cmd', 'C:\\a"b\\x.bat'])
      assert.equal(commandFor(path, ['get'], environment, 'win32'), undefined);
  });
});

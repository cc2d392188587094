// Where programs are looked for, and how they are started, on both kinds of systems.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { commandFor, programPaths, readVariable } from '../../src/core/program-paths.ts';

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

describe('readVariable', () => {
  const rows: [environment: Record<string, string>, platform: NodeJS.Platform, value: string | undefined][] =
    [
      [{ PATH: 'a', Path: 'b' }, 'win32', 'a'],
      [{ Path: 'b' }, 'win32', 'b'],
      [{ path: '' }, 'win32', ''],
      [{ Pat: 'b', PATHS: 'c' }, 'win32', undefined],
      [{ Path: 'b' }, 'linux', undefined],
      [{ PATH: 'a' }, 'linux', 'a'],
    ];
  for (const [environment, platform, value] of rows)
    it(`reads ${value ?? 'nothing'} of ${JSON.stringify(environment)} on ${platform}`, () => {
      assert.equal(readVariable(environment, 'PATH', platform), value);
    });

  it('finds a name in any spelling', () => {
    assert.equal(readVariable({ SYSTEMROOT: 'x' }, 'SystemRoot', 'win32'), 'x');
  });
});

describe('paths of this machine', { skip: process.platform === 'win32' }, () => {
  it('are those of its own system', () => {
    assert.deepEqual(programPaths('x', { PATH: '/a:C:\\b' }), ['/a/x']);
    assert.equal(readVariable({ Path: 'x' }, 'PATH'), undefined);
    assert.deepEqual(commandFor('/a/x.bat', ['b'], {}), { file: '/a/x.bat', args: ['b'], isVerbatim: false });
  });
});

describe('folders of the PATH of Windows', () => {
  const rows: [path: string, found: string[]][] = [
    ['c:/a;Z:\\b', ['c:\\a\\x.exe', 'Z:\\b\\x.exe']],
    ['//server/share', ['\\\\server\\share\\x.exe']],
    ['\\\\\\x;/a;1:\\a;xC:\\a', []],
    ['"C:\\a;b"', []],
    ['"C:\\a', []],
    ['C:\\a"', ['C:\\a"\\x.exe']],
    ['', []],
  ];
  for (const [path, found] of rows)
    it(`are ${found.join(' and ') || 'none'} for ${path || 'nothing'}`, () => {
      assert.deepEqual(programPaths('x', { PATH: path, PATHEXT: '.exe' }, 'win32'), found);
    });

  it('are taken with each extension that can be started', () => {
    const of = (extensions: string) =>
      programPaths('x', { PATH: 'C:\\', PATHEXT: extensions }, 'win32').map((path) =>
        path.replace('C:\\x', ''),
      );
    assert.deepEqual(of('.COM;.EXE;.BAT;.CMD;.PS1'), ['.com', '.exe', '.bat', '.cmd']);
    assert.deepEqual(of('.PS1'), ['.com', '.exe', '.bat', '.cmd']);
    assert.deepEqual(programPaths('x.CMD', { PATH: 'C:\\', PATHEXT: '.cmd' }, 'win32'), [
      'C:\\x.CMD',
      'C:\\x.CMD.cmd',
    ]);
    assert.deepEqual(programPaths('x.js', { PATH: 'C:\\', PATHEXT: '.exe' }, 'win32'), ['C:\\x.js.exe']);
  });
});

describe('a batch file', () => {
  const environment = { SYSTEMROOT: 'D:\\Win' };
  it('is told by its ending, and started by cmd.exe alone', () => {
    for (const [path, isBatch] of [
      ['C:\\a.bat', true],
      ['C:\\a.Cmd', true],
      ['C:\\a.cmd.exe', false],
      ['C:\\abat', false],
    ] as const)
      assert.equal(commandFor(path, [], environment, 'win32')?.isVerbatim, isBatch);
    const { file, args } = commandFor('C:\\a.bat', ['b', 'c'], environment, 'win32') ?? assert.fail();
    assert.equal(file, 'D:\\Win\\System32\\cmd.exe');
    assert.equal(args.at(-1), '""C:\\a.bat" b c"');
    assert.equal(commandFor('C:\\a.bat', [], {}, 'win32')?.file, 'C:\\Windows\\System32\\cmd.exe');
    for (const character of ['"', '%', '!', '\r', '\n'])
      assert.equal(commandFor(`C:\\a${character}.bat`, [], environment, 'win32'), undefined);
  });
});

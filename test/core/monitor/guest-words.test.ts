// Arguments and variables of a guest.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  guestEnvironment,
  guestWords,
  parseGuestVariables,
  parseUser,
} from '../../../src/core/monitor/guest-words.ts';
import type { WordsRequest } from '../../../src/core/monitor/guest-words.ts';

const image: WordsRequest = { entrypoint: ['/init'], cmd: ['a', 'b c'], cmdline: 'x y' };

describe('guestWords', () => {
  const rows: readonly [name: string, request: Partial<WordsRequest>, words: string[]][] = [
    ['those of the image', {}, ['/init', 'a', 'b c']],
    ['the label without either', { entrypoint: [], cmd: [] }, ['x', 'y']],
    ['arguments in place of CMD', { ownArguments: ['z z'] }, ['/init', 'z z']],
    ['no arguments in place of CMD', { ownArguments: [] }, ['/init']],
    ['no arguments at all', { entrypoint: [], ownArguments: [] }, []],
    ['no entrypoint and no arguments', { entrypoint: [], cmd: [], ownEntrypoint: '' }, []],
    ['the CMD alone', { entrypoint: [] }, ['a', 'b c']],
    [
      'the label by its blanks of any kind',
      { entrypoint: [], cmd: [], cmdline: ' x\u00a0\ty  z\n' },
      ['x', 'y', 'z'],
    ],
    ['nothing of an empty label', { entrypoint: [], cmd: [], cmdline: '' }, []],
    ['another entrypoint, without the CMD of the first', { ownEntrypoint: '/sh' }, ['/sh']],
    ['another entrypoint with arguments', { ownEntrypoint: '/sh', ownArguments: ['-c'] }, ['/sh', '-c']],
    ['no entrypoint', { ownEntrypoint: '', ownArguments: ['-c'] }, ['-c']],
  ];
  for (const [name, request, words] of rows) {
    it(`takes ${name}`, () => {
      assert.deepEqual(guestWords({ ...image, ...request }), words);
    });
  }
});

describe('guestEnvironment', () => {
  it('puts what is given in the place of what the image has, or behind it', () => {
    const given = parseGuestVariables(['B=3', 'C=x=y', 'HOME', 'NONE'], { HOME: '/h' }, '--env');
    assert.deepEqual(guestEnvironment(['A=1', 'B=2'], given), ['A=1', 'B=3', 'C=x=y', 'HOME=/h']);
  });

  it("has containerd's PATH where the image has nothing", () => {
    const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
    assert.deepEqual(guestEnvironment([], new Map([['A', '1']])), [path, 'A=1']);
  });

  it('replaces by the whole name', () => {
    const image = ['AB=1', 'A=x=y', 'C'];
    assert.deepEqual(guestEnvironment(image, new Map([['A', '2']])), ['AB=1', 'A=2', 'C']);
    assert.deepEqual(guestEnvironment(image, new Map([['C', '']])), ['AB=1', 'A=x=y', 'C=']);
    assert.deepEqual(guestEnvironment(image, new Map()), image);
  });
});

describe('parseGuestVariables', () => {
  it('reads values, and takes those of names alone from the environment', () => {
    const texts = ['A=', 'B= x ', 'C==', 'HOME', 'EMPTY', 'NONE', 'A=2'];
    assert.deepEqual(
      [...parseGuestVariables(texts, { HOME: '/h', EMPTY: '', B: 'of no interest' }, '--env')],
      [
        ['A', '2'],
        ['B', ' x '],
        ['C', '='],
        ['HOME', '/h'],
        ['EMPTY', ''],
      ],
    );
  });

  const refused: readonly [text: string, name: string][] = [
    ['=secret', '""'],
    ['', '""'],
    ['A B=secret', '"A B"'],
    [' A=secret', '" A"'],
    ['A\0=secret', String.raw`"A\u0000"`],
  ];
  for (const [text, name] of refused) {
    it(`refuses ${JSON.stringify(text)}, and shows no value`, () => {
      assert.throws(() => parseGuestVariables(['A=1', text], {}, '--env'), {
        code: 'INPUT_INVALID',
        message: `expected NAME=value in --env, got the name ${name}`,
        hint: 'A name has no blanks.',
      });
    });
  }
});

describe('parseUser', () => {
  it('knows numbers alone', () => {
    assert.deepEqual(parseUser(''), { uid: 0, gid: 0 });
    assert.deepEqual(parseUser('5:6'), { uid: 5, gid: 6 });
    assert.deepEqual(parseUser('5'), { uid: 5, gid: 0 });
    assert.deepEqual(parseUser('1234567890:1234567891'), { uid: 1234567890, gid: 1234567891 });
    for (const text of [
      'redis',
      'a5',
      '5a',
      '5:',
      ':5',
      '5:a',
      '5:6:7',
      '12345678901',
      '5:12345678901',
      '-1',
    ])
      assert.equal(parseUser(text), undefined, text);
  });
});

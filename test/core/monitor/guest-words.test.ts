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

  it('refuses a variable without a name, and shows no value', () => {
    assert.throws(
      () => parseGuestVariables(['=secret'], {}, '--env'),
      (error: Error) => {
        return !error.message.includes('secret') && error.message.includes('--env');
      },
    );
  });
});

describe('parseUser', () => {
  it('knows numbers alone', () => {
    assert.deepEqual(parseUser(''), { uid: 0, gid: 0 });
    assert.deepEqual(parseUser('5:6'), { uid: 5, gid: 6 });
    assert.deepEqual(parseUser('5'), { uid: 5, gid: 0 });
    assert.equal(parseUser('redis'), undefined);
  });
});

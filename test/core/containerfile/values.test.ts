// Values that instructions, flags and inputs have, each by itself.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isVariableName } from '../../../src/core/containerfile/arg.ts';
import { parseBuildArguments } from '../../../src/core/containerfile/build-arguments.ts';
import { findBuildContext, parseBuildContexts } from '../../../src/core/containerfile/build-contexts.ts';
import { placesInJson, readJsonWords } from '../../../src/core/containerfile/json-words.ts';
import {
  formatMeantPair,
  formatPair,
  formatQuoted,
  formatQuotedPair,
} from '../../../src/core/containerfile/label-text.ts';
import { changeMode, parseMode } from '../../../src/core/containerfile/mode.ts';
import { formatOwner, isNumeric, parseOwner, resolveOwner } from '../../../src/core/containerfile/owner.ts';
import { parsePattern, replaceMatches, trimEnd, trimStart } from '../../../src/core/containerfile/pattern.ts';
import type { Pattern } from '../../../src/core/containerfile/pattern.ts';
import { formatRootfsForm, parseRootfsForm } from '../../../src/core/containerfile/rootfs-flag.ts';
import { isSignal } from '../../../src/core/containerfile/signals.ts';
import { findStage, lineage, neededStages, rootStage } from '../../../src/core/containerfile/stage.ts';
import { urlName } from '../../../src/core/containerfile/url-name.ts';
import { limits } from '../../../src/core/limits.ts';
import { parse } from './parse.ts';

describe('build arguments', () => {
  const environment = { HOME: '/root', EMPTY: '' };
  it('have a value, that of the environment, or none; the last one counts', () => {
    const texts = ['A=1', 'B=', 'C=x=y', 'HOME', 'EMPTY', 'NONE', 'A=2', 'é_1=z'];
    assert.deepEqual(
      [...parseBuildArguments(texts, environment, '--build-arg')],
      [
        ['A', '2'],
        ['B', ''],
        ['C', 'x=y'],
        ['HOME', '/root'],
        ['EMPTY', ''],
        ['é_1', 'z'],
      ],
    );
  });

  it('have names that a variable can have, and no error shows a value', () => {
    const hint = 'A name has letters, digits and "_", and begins with no digit.';
    assert.throws(() => parseBuildArguments(['1A=secret'], {}, '--build-arg'), {
      code: 'INPUT_INVALID',
      message: 'expected NAME=value in --build-arg, got a value for the name "1A"',
      hint,
    });
    assert.throws(() => parseBuildArguments(['a b'], {}, 'the input "build-args"'), {
      code: 'INPUT_INVALID',
      message: 'expected NAME=value in the input "build-args", got the name "a b"',
      hint,
    });
    assert.throws(() => parseBuildArguments(['=x'], {}, '--build-arg'), { code: 'INPUT_INVALID' });
    assert.deepEqual(['A', '_', 'a1', 'É', '٣a', '1', '', 'a-b', 'a b', ' a', 'a '].map(isVariableName), [
      ...[true, true, true, true],
      ...[false, false, false, false, false, false, false],
    ]);
  });
});

describe('build contexts', () => {
  it('are places by their names, the last of each', () => {
    const contexts = parseBuildContexts(
      ['a=./x', 'ghcr.io/b/c:1=oci:y=z', 'a=docker-image://d'],
      '--build-context',
    );
    assert.deepEqual(
      [...contexts],
      [
        ['a', 'docker-image://d'],
        ['ghcr.io/b/c:1', 'oci:y=z'],
      ],
    );
  });

  it('are found by the name, also without the tag that is the default', () => {
    const contexts = new Map([
      ['a', '1'],
      ['b:latest', '2'],
    ]);
    assert.deepEqual(
      ['a', 'a:latest', 'b:latest', 'b', 'a:latest:latest', 'a:latestx', 'c'].map((name) =>
        findBuildContext(contexts, name),
      ),
      ['1', '1', '2', undefined, undefined, undefined, undefined],
    );
  });

  for (const text of ['', 'a', '=x', 'a=', '-a=x', 'a b=x', 'ä=x', 'a[=x'])
    it(`are refused: ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseBuildContexts([text], '--build-context'), {
        code: 'INPUT_INVALID',
        message: `expected NAME=PLACE in --build-context, got ${JSON.stringify(text)}`,
        hint: 'PLACE is a folder, an image on disk such as oci:path, or docker-image://name for one in a registry.',
      });
    });

  for (const place of ['http://x', 'HTTPS://x', 'git://x', 'ssh://x', 'git@x:y'])
    it(`are nothing to download: ${place}`, () => {
      assert.throws(() => parseBuildContexts([`a=${place}`], '--build-context'), {
        code: 'INPUT_INVALID',
        message: `expected a folder or an image in --build-context, got "${place}"`,
        hint: 'Clone or download it in a step before, and name the folder.',
      });
    });

  it('may have such words in the names of their folders', () => {
    for (const place of ['x/http://y', 'xgit@y', 'git', 'https'])
      assert.equal(parseBuildContexts([`a=${place}`], 'x').get('a'), place);
  });
});

describe('a form of a root file system', () => {
  const rows: readonly (readonly [text: string, form: object | undefined, written?: string])[] = [
    ['initrd', { type: 'initrd', compression: 'none' }],
    ['initrd,compression=none', { type: 'initrd', compression: 'none' }, 'initrd'],
    ['initrd,compression=gzip', { type: 'initrd', compression: 'gzip' }],
    ['initrd,compression=zstd', { type: 'initrd', compression: 'zstd' }],
    ['block', { type: 'block', free: 16 * 1024 ** 2 }],
    ['block,free=16M', { type: 'block', free: 16 * 1024 ** 2 }, 'block'],
    ['block,free=0', { type: 'block', free: 0 }],
    ['block,free=100', { type: 'block', free: 100 }],
    ['block,free=2K', { type: 'block', free: 2048 }, 'block,free=2048'],
    ['block,free=3M', { type: 'block', free: 3 * 1024 ** 2 }, 'block,free=3145728'],
    ['block,free=1024G', { type: 'block', free: 1024 ** 4 }, 'block,free=1099511627776'],
    ['block,free=1025G', undefined],
    ['block,free=1099511627777', undefined],
    ['block,free=1m', undefined],
    ['block,free=', undefined],
    ['block,free=1MB', undefined],
    [`block,free=${'0'.repeat(15)}`, { type: 'block', free: 0 }, 'block,free=0'],
    [`block,free=${'0'.repeat(16)}`, undefined],
    ['xblock', undefined],
    ['block ', undefined],
    ['xinitrd', undefined],
    ['initrd,compression=xz', undefined],
    ['initrd,compression=gzip,', undefined],
    ['', undefined],
  ];
  for (const [text, form, written = text] of rows) {
    it(`is ${form === undefined ? 'none' : 'one'}: "${text}"`, () => {
      const found = parseRootfsForm(text);
      assert.deepEqual(found, form);
      if (found !== undefined) assert.equal(formatRootfsForm(found), written);
    });
  }
});

describe('an owner', () => {
  it('is read and written', () => {
    for (const [text, owner, written] of [
      ['1', { user: 1, group: 1 }, '1:1'],
      ['1:2', { user: 1, group: 2 }, '1:2'],
      ['root', { user: 0, group: 0 }, '0:0'],
      ['app', { user: 'app' }, 'app'],
      ['app:staff', { user: 'app', group: 'staff' }, 'app:staff'],
      ['app:root', { user: 'app', group: 0 }, 'app:0'],
      ['4294967294', { user: 4_294_967_294, group: 4_294_967_294 }, '4294967294:4294967294'],
    ] as const) {
      const found = parseOwner(text);
      assert.deepEqual(found, owner);
      assert.equal(formatOwner(owner), written);
    }
    for (const text of [
      '',
      ':',
      '1:',
      ':1',
      '1:2:3',
      '-1',
      '-a',
      'a:-b',
      'a b',
      'a/b',
      '4294967295',
      '1:4294967295',
      'a\n',
    ])
      assert.equal(parseOwner(text), undefined, text);
  });

  it('is numeric where both are numbers', () => {
    assert.deepEqual(
      [{ user: 1, group: 2 }, { user: 1, group: 'a' }, { user: 'a', group: 1 }, { user: 'a' }].map(isNumeric),
      [true, false, false, false],
    );
  });

  it('is not found in lines that are damaged', () => {
    const passwd = 'short:x\nneg:x:-1:2\nbig:x:4294967295:2\nok:x: 3 : 4 :\n';
    assert.deepEqual(resolveOwner({ user: 'ok' }, passwd, ''), { uid: 3, gid: 4 });
    for (const user of ['short', 'neg', 'big', 'o'])
      assert.deepEqual(resolveOwner({ user }, passwd, ''), { missing: user });
  });
});

describe('a signal', () => {
  it('is a number from 1 to 64, or a name with or without SIG', () => {
    for (const text of [
      '1',
      '64',
      '09',
      'TERM',
      'SIGTERM',
      'sigterm',
      'Kill',
      'USR1',
      'RTMIN',
      'SIGRTMAX',
      'RTMIN+1',
      'RTMIN+15',
      'SIGRTMAX-1',
      'rtmax-15',
      'CLD',
      'XFSZ',
    ])
      assert.ok(isSignal(text), text);
    for (const text of [
      '0',
      '65',
      '-1',
      '1.5',
      '1x',
      '',
      'SIG',
      'SIGSIGTERM',
      'TERMSIG',
      'RTMIN+0',
      'RTMIN+16',
      'RTMIN-1',
      'RTMAX+1',
      'RTMIN+',
      'RTMIN+1x',
      'xRTMIN+1',
      'NONE',
    ])
      assert.ok(!isSignal(text), text);
  });
});

describe('stages', () => {
  const { stages } = parse(
    'FROM scratch AS a\nCOPY x y\nFROM a AS B\nFROM scratch\nCOPY --from=a x y\nFROM B AS b\nCOPY --from=2 x y\n',
  );

  it('are found by name, whatever its case, the last one of several', () => {
    const names = stages.map(({ from }) => from);
    assert.deepEqual(
      ['a', 'A', 'b', 'B', 'c'].map((name) => findStage(names, name)),
      [0, 0, 3, 3, undefined],
    );
  });

  it('are needed where the image is made of them, or copies from them', () => {
    assert.deepEqual([...neededStages(stages)].sort(), [0, 1, 2, 3]);
    assert.deepEqual([...neededStages(stages.slice(0, 3))].sort(), [0, 2]);
    assert.deepEqual([...neededStages(stages.slice(0, 2))].sort(), [0, 1]);
    const { stages: apart } = parse(
      'FROM scratch AS a\nCOPY x y\nFROM scratch AS b\nCOPY --from=a x y\nFROM scratch\nCOPY x y\n',
    );
    assert.deepEqual([...neededStages(apart)], [2]);
  });

  it('go back to an image', () => {
    assert.deepEqual(lineage(stages, 3), [3, 1, 0]);
    assert.deepEqual(
      [0, 1, 2, 3].map((number) => rootStage(stages, number)),
      [0, 0, 2, 0],
    );
  });
});

describe('the name of a download', () => {
  for (const [url, name] of [
    ['https://a.example/b/c.tar?x#y', 'c.tar'],
    ['https://a.example/b/', 'b'],
    ['https://a.example/a%20b', 'a b'],
    ['https://a.example/a%2Fb', 'b'],
    ['https://a.example', undefined],
    ['https://a.example/', undefined],
    ['https://a.example/%2e', undefined],
    ['https://a.example/x%2f..', undefined],
    ['https://a.example/x%2f.', undefined],
    ['https://a.example/a%00b', undefined],
    ['https://a.example/%ff', undefined],
  ] as const)
    it(`is ${String(name)} in ${url}`, () => {
      assert.equal(urlName(url), name);
    });
});

describe('a mode', () => {
  it('is octal, or changes', () => {
    for (const [text, mode] of [
      ['0', 0],
      ['755', 0o755],
      ['0755', 0o755],
      ['0o755', 0o755],
      ['7777', 0o7777],
      ['10000', undefined],
      ['8', undefined],
      ['0x7', undefined],
      ['-7', undefined],
      ['7 ', undefined],
      ['u+x', 'u+x'],
      ['+x', '+x'],
      ['u=', 'u='],
      ['ugoa=rwxXst,o-u', 'ugoa=rwxXst,o-u'],
      ['u+x-w=r', 'u+x-w=r'],
      ['', undefined],
      ['u', undefined],
      ['u+x,', undefined],
      [',u+x', undefined],
      ['u+z', undefined],
      ['z+x', undefined],
      ['u+x g', undefined],
      [`${'u+x,'.repeat(49)}u+xw`, `${'u+x,'.repeat(49)}u+xw`],
      [`${'u+x,'.repeat(49)}u+xwr`, undefined],
    ] as const)
      assert.equal(parseMode(text), mode, text);
  });

  it('is changed as chmod does it', () => {
    for (const [changes, mode, file, folder] of [
      ['u+s', 0o755, 0o4755, 0o4755],
      ['g+s', 0o755, 0o2755, 0o2755],
      ['o+s', 0o755, 0o755, 0o755],
      ['+s', 0o755, 0o6755, 0o6755],
      ['+t', 0o755, 0o1755, 0o1755],
      ['u+t', 0o755, 0o1755, 0o1755],
      ['o+t', 0o755, 0o755, 0o755],
      ['-s', 0o6755, 0o755, 0o755],
      ['u=', 0o4755, 0o055, 0o055],
      ['g=', 0o2755, 0o705, 0o705],
      ['o=', 0o7755, 0o7750, 0o7750],
      ['a=r', 0o755, 0o444, 0o444],
      ['g=u', 0o640, 0o660, 0o660],
      ['o=g', 0o651, 0o655, 0o655],
      ['u=o', 0o751, 0o151, 0o151],
      ['a+X', 0o644, 0o644, 0o755],
      ['a+X', 0o744, 0o755, 0o755],
      ['a+X', 0o645, 0o755, 0o755],
      ['a-X', 0o755, 0o644, 0o644],
      ['u-X,a+X', 0o100, 0o111, 0o111],
      ['u+w-r', 0o444, 0o244, 0o244],
      ['uu+x', 0o600, 0o700, 0o700],
      ['go-rwx,u+x', 0o666, 0o700, 0o700],
    ] as const) {
      assert.equal(changeMode(changes, mode, false).toString(8), file.toString(8), `${changes} of a file`);
      assert.equal(changeMode(changes, mode, true).toString(8), folder.toString(8), `${changes} of a folder`);
    }
  });
});

describe('a pattern of a variable', () => {
  const pattern = (text: string): Pattern => {
    const found = parsePattern(text);
    assert.ok(!('problem' in found));
    return found;
  };

  it('is at most 200 characters, with escapes of what has a meaning', () => {
    assert.deepEqual(pattern(String.raw`a*?\*\?\\\}\/`), [
      { literal: 'a' },
      '*',
      '?',
      ...['*', '?', '\\', '}', '/'].map((literal) => ({ literal })),
    ]);
    const problem = 'expected "*", "?", "\\", "}" or "/" after "\\" in a pattern';
    assert.deepEqual(parsePattern(String.raw`\a`), { problem });
    assert.deepEqual(parsePattern('a\\'), { problem });
    assert.equal(pattern('😀'.repeat(200)).length, 200);
    assert.deepEqual(parsePattern('a'.repeat(201)), {
      problem: 'expected a pattern of at most 200 characters',
    });
  });

  // As bash answers, without its extended patterns.
  const trims: readonly (readonly [
    value: string,
    pattern: string,
    start: string,
    longest: string,
    end: string,
    longestEnd: string,
  ])[] = [
    ['a.b.c', '*.', 'b.c', 'c', 'a.b.c', 'a.b.c'],
    ['a.b.c', '.*', 'a.b.c', 'a.b.c', 'a.b', 'a'],
    ['aaa', 'a', 'aa', 'aa', 'aa', 'aa'],
    ['aaa', '*', 'aaa', '', 'aaa', ''],
    ['aaa', '?', 'aa', 'aa', 'aa', 'aa'],
    ['aaa', 'b', 'aaa', 'aaa', 'aaa', 'aaa'],
    ['abab', 'a*b', 'ab', '', 'ab', ''],
    ['abab', 'ab', 'ab', 'ab', 'ab', 'ab'],
    ['', '*', '', '', '', ''],
    ['', 'a', '', '', '', ''],
    ['a', '', 'a', 'a', 'a', 'a'],
    ['😀b', '?', 'b', 'b', '😀', '😀'],
    ['a\nb', '*b', 'a\nb', 'a\nb', 'a\n', 'a\n'],
    ['a\nb', 'a?b', 'a\nb', 'a\nb', 'a\nb', 'a\nb'],
  ];
  for (const [value, text, start, longest, end, longestEnd] of trims) {
    it(`takes ${JSON.stringify(text)} away from ${JSON.stringify(value)}`, () => {
      const parts = pattern(text);
      assert.deepEqual(
        [
          trimStart(value, parts, false),
          trimStart(value, parts, true),
          trimEnd(value, parts, false),
          trimEnd(value, parts, true),
        ],
        [start, longest, end, longestEnd],
      );
    });
  }

  const replacements: readonly (readonly [value: string, pattern: string, first: string, all: string])[] = [
    ['abcabc', 'b', 'aXcabc', 'aXcaXc'],
    ['abcabc', 'a*b', 'Xc', 'Xc'],
    ['abcabc', '?', 'Xbcabc', 'XXXXXX'],
    ['abc', '*', 'X', 'X'],
    ['abc', 'd', 'abc', 'abc'],
    ['aaaa', 'aa', 'Xaa', 'XX'],
    ['aaa', 'aa', 'Xa', 'Xa'],
    ['', '*', 'X', 'X'],
    ['a\nb', '*', 'X\nb', 'X\nX'],
    ['ab', 'b*', 'aX', 'aX'],
    ['xaay', 'a*', 'xX', 'xX'],
    ['baab', 'a?', 'bXb', 'bXb'],
    ['aXa', 'X', 'aXa', 'aXa'],
  ];
  for (const [value, text, first, all] of replacements) {
    it(`replaces ${JSON.stringify(text)} in ${JSON.stringify(value)}`, () => {
      assert.deepEqual(
        [replaceMatches(value, pattern(text), 'X', false), replaceMatches(value, pattern(text), 'X', true)],
        [first, all],
      );
    });
  }
});

describe('a list in JSON', () => {
  const hint = 'Write a JSON list of strings in double quotes, such as ["a", "b c"], or ELSE.';
  const read = (text: string, from = 0) => readJsonWords(text, from, 'ELSE');

  it('is strings with their places', () => {
    assert.deepEqual(read('[]'), []);
    assert.deepEqual(read('[ \t]\t'), []);
    assert.deepEqual(read('CMD ["a", \t"b\\u00e9\\n" ] ', 4), [
      { value: 'a', offset: 5 },
      { value: 'bé\n', offset: 11 },
    ]);
  });

  const wrong: readonly (readonly [text: string, offset: number, message: string, hint?: string])[] = [
    ['[', 1, 'expected a string in double quotes in the JSON list, got the end of the instruction'],
    ['[a]', 1, 'expected a string in double quotes in the JSON list, got "a]"'],
    ['["a" "b"]', 5, 'expected "," or "]" in the JSON list, got "\\"b\\"]"'],
    ['["a",]', 5, 'expected a string in double quotes in the JSON list, got "]"'],
    ['["a"', 4, 'expected "," or "]" in the JSON list, got the end of the instruction'],
    ['["a', 1, 'the quote of a JSON string is never closed'],
    ['["a"] x', 6, 'expected nothing after the JSON list, got "x"'],
    ['[] x', 3, 'expected nothing after the JSON list, got "x"'],
    ['["a"] # x', 6, 'expected nothing after the JSON list, got "#"', 'A comment needs a line of its own.'],
    ['["a\tb"]', 3, 'expected no bare tab in a JSON string', 'Write \\t for a tab inside a JSON string.'],
    [
      '["a\\x"]',
      3,
      'expected an escape sequence of JSON, got "\\\\x"',
      'Write \\\\ for a backslash inside a JSON string.',
    ],
    [
      '["\\u12"]',
      2,
      'expected an escape sequence of JSON, got "\\\\u"',
      'Write \\\\ for a backslash inside a JSON string.',
    ],
    ['["a\\"', 1, 'the quote of a JSON string is never closed'],
    ...['\\u0000', '\\ud800', 'x\\udc00'].map(
      (text) =>
        [
          `["a", "${text}"]`,
          6,
          'expected text in the JSON string, got a character that no file name or argument can hold',
          'Remove \\u0000 and single halves of surrogate pairs.',
        ] as const,
    ),
    [`["a"${' '.repeat(41)}x]`, 45, 'expected "," or "]" in the JSON list, got "x]"'],
    [
      `[${'x'.repeat(50)}]`,
      1,
      `expected a string in double quotes in the JSON list, got "${'x'.repeat(30)}…"`,
    ],
  ];
  for (const [text, offset, message, other = hint] of wrong) {
    it(`is refused: ${text}`, () => {
      assert.deepEqual(read(text), { offset, message, hint: other });
    });
  }

  it('has a limit', () => {
    const list = (count: number) => `[${Array.from({ length: count }, () => '""').join(',')}]`;
    const most = read(list(limits.words));
    assert.ok(Array.isArray(most) && most.length === limits.words);
    assert.deepEqual(read(list(limits.words + 1)), {
      offset: 1 + 3 * limits.words,
      message: `expected at most ${limits.words} strings in a JSON list, got more`,
      hint: 'Name a folder instead of its files.',
    });
  });

  it('has a place for each character of a string', () => {
    const text = 'CMD ["a\\n\\u00e9b", "c"]';
    const place = placesInJson(text, 5);
    assert.deepEqual([0, 1, 2, 3, 4].map(place), [6, 7, 9, 15, 5]);
  });
});

describe('a pair as it is written', () => {
  it('has quotes and escapes where they are needed', () => {
    assert.equal(formatPair('a.b/c-d_1', 'x'), 'a.b/c-d_1="x"');
    assert.equal(formatPair('-a', 'x y'), '"-a"="x y"');
    assert.equal(formatPair('a b', 'x'), '"a b"="x"');
    assert.equal(formatPair('a', 'say "hi"'), `a='say "hi"'`);
    assert.equal(formatPair('a', '$x'), `a='$x'`);
    assert.equal(formatPair('a', String.raw`x\y`), String.raw`a='x\y'`);
    assert.equal(formatPair('a', String.raw`x\y`, '`'), String.raw`a="x\y"`);
    assert.equal(formatPair('a', 'x`y', '`'), "a='x`y'");
    assert.equal(formatQuoted(`it's "$5" \\`, '\\'), String.raw`"it's \"\$5\" \\"`);
    assert.equal(formatQuoted(`it's "$5" \``, '`'), 'it'.replace('it', '"it\'s `"`$5`" ``"'));
  });

  it('keeps a dollar sign that somebody wrote', () => {
    assert.equal(formatMeantPair('a', '$X "y"', '\\'), String.raw`a="$X \"y\""`);
    assert.equal(formatMeantPair('a', 'x "y"', '\\'), `a='x "y"'`);
    assert.equal(formatMeantPair('$K', 'x', '\\'), '"$K"="x"');
    assert.equal(formatMeantPair('k-1', 'x', '\\'), 'k-1="x"');
    assert.equal(formatQuotedPair('k', '$x', '\\'), '"k"="$x"');
  });
});

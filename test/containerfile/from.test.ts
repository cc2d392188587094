import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { only, parse, parseClean, places, withoutPositions } from './parse.ts';

describe('FROM', () => {
  it('takes scratch, with a name too', () => {
    assert.deepEqual(parseClean('FROM scratch').map(withoutPositions), [{ type: 'from', image: 'scratch' }]);
    assert.deepEqual(parseClean('from scratch as Final-1.x').map(withoutPositions), [
      { type: 'from', image: 'scratch', name: 'Final-1.x' },
    ]);
  });

  const bases: [text: string, read: object, place: string][] = [
    ['FROM a/b:1', { image: 'a/b:1' }, '1:6'],
    [
      `FROM r.example:5000/a@sha256:${'0'.repeat(64)}`,
      { image: `r.example:5000/a@sha256:${'0'.repeat(64)}` },
      '1:6',
    ],
    ['FROM --platform=qemu/amd64  a AS b', { image: 'a', platform: 'qemu/amd64', name: 'b' }, '1:29'],
    ['FROM "a"', { image: 'a' }, '1:6'],
  ];
  for (const [text, read, place] of bases) {
    it(`takes, with a warning, ${text.slice(0, 40)}`, () => {
      const { instructions, errors, warnings } = parse(text);
      assert.deepEqual(errors, []);
      assert.deepEqual(instructions.map(withoutPositions), [{ type: 'from', ...read }]);
      assert.deepEqual(places(warnings), [`${place} UNSUPPORTED`]);
      assert.match(only(warnings).message, /content.*not part of the image/);
    });
  }

  const refused: [name: string, text: string, ...errors: string[]][] = [
    ['no image', 'FROM', '1:1 SYNTAX'],
    ['a flag only', 'FROM --platform=a/b', '1:1 SYNTAX'],
    ['an empty image', 'FROM ""', '1:6 SYNTAX'],
    ['an image with a space', 'FROM "a b"', '1:6 SYNTAX'],
    ['a second word', 'FROM scratch b', '1:14 SYNTAX'],
    ['AS without a name', 'FROM scratch AS', '1:14 SYNTAX'],
    ['a name with a slash', 'FROM scratch AS a/b', '1:17 SYNTAX'],
    ['a name that begins with a digit', 'FROM scratch AS 1a', '1:17 SYNTAX'],
    ['a word after the name', 'FROM scratch AS a b', '1:19 SYNTAX'],
    ['a comment', 'FROM scratch # nothing', '1:14 SYNTAX'],
    ['a comment after AS', 'FROM scratch AS # nothing', '1:17 SYNTAX'],
    ['a comment only', 'FROM # nothing', '1:6 SYNTAX'],
    ['an empty platform', 'FROM --platform= scratch', '1:6 SYNTAX'],
    ['a platform after a space', 'FROM --platform linux/amd64 scratch', '1:6 SYNTAX', '1:29 SYNTAX'],
    ['a platform given twice', 'FROM --platform=a --platform=b scratch', '1:19 SYNTAX'],
    ['another flag', 'FROM --pull=always scratch', '1:6 UNSUPPORTED'],
    ['an open quote', 'FROM "scratch', '1:6 SYNTAX'],
  ];
  for (const [name, text, ...errors] of refused) {
    it(`refuses ${name}`, () => {
      assert.deepEqual(places(parse(text).errors), errors);
    });
  }

  it('warns of a variable, which stays', () => {
    const { instructions, warnings } = parse('FROM ${BASE}');
    assert.deepEqual(instructions.map(withoutPositions), [{ type: 'from', image: '${BASE}' }]);
    assert.deepEqual(places(warnings), ['1:6 SYNTAX', '1:6 UNSUPPORTED']);
  });
});

describe('stages', () => {
  const one: [name: string, text: string][] = [
    ['no FROM', 'COPY a b\nLABEL a=b\n'],
    ['FROM first', 'FROM scratch\nCOPY a b\n'],
  ];
  for (const [name, text] of one) {
    it(`may be one with ${name}`, () => {
      parseClean(text);
    });
  }

  it('may repeat FROM scratch, with a warning at the second', () => {
    const { instructions, errors, warnings } = parse(
      'FROM scratch\n# c\nFROM scratch\nFROM scratch\nCOPY a b\n',
    );
    assert.deepEqual(errors, []);
    assert.deepEqual(places(warnings), ['3:1 SYNTAX', '4:1 SYNTAX']);
    assert.equal(instructions.filter(({ type }) => type === 'from').length, 3);
  });

  const second: [name: string, text: string, ...errors: string[]][] = [
    ['FROM after COPY', 'FROM scratch\nCOPY a b\nFROM scratch\n', '3:1 UNSUPPORTED'],
    ['FROM after LABEL without a first FROM', 'LABEL a=b\nFROM scratch\n', '2:1 UNSUPPORTED'],
    ['FROM after a wrong COPY', 'COPY a\nFROM scratch\n', '1:6 SYNTAX', '2:1 UNSUPPORTED'],
    ['another base', 'FROM a\nFROM scratch\n', '2:1 UNSUPPORTED'],
    ['another platform', 'FROM a\nFROM --platform=x a\n', '2:1 UNSUPPORTED'],
    ['a name', 'FROM scratch AS a\nFROM scratch\n', '2:1 UNSUPPORTED'],
    ['a third one', 'FROM a AS b\nFROM c\nCMD d\nFROM e\n', '2:1 UNSUPPORTED', '4:1 UNSUPPORTED'],
  ];
  for (const [name, text, ...errors] of second) {
    it(`may not be two: ${name}`, () => {
      assert.deepEqual(places(parse(text).errors), errors);
    });
  }

  it('may begin after an instruction that is refused anyway', () => {
    assert.deepEqual(places(parse('ARG A=1\nFROM scratch\n').errors), ['1:1 UNSUPPORTED']);
  });

  it('do not replace each other', () => {
    const { warnings } = parse('FROM scratch\nLABEL a=b\nCMD a\nFROM scratch\nLABEL a=b\nCMD a\n');
    assert.deepEqual(warnings, []);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatInstruction } from '../../../src/core/containerfile/format.ts';
import { flattenStage } from '../../../src/core/containerfile/stage.ts';
import { only, parse, parseClean, places, withoutPositions } from './parse.ts';

describe('FROM', () => {
  it('takes scratch, with a name too', () => {
    assert.deepEqual(parseClean('FROM scratch').map(withoutPositions), [{ type: 'from', image: 'scratch' }]);
    assert.deepEqual(parseClean('from scratch as Final-1.x').map(withoutPositions), [
      { type: 'from', image: 'scratch', name: 'Final-1.x' },
    ]);
  });

  const bases: [text: string, read: object][] = [
    ['FROM a/b:1', { image: 'a/b:1' }],
    [
      `FROM r.example:5000/a@sha256:${'0'.repeat(64)}`,
      { image: `r.example:5000/a@sha256:${'0'.repeat(64)}` },
    ],
    ['FROM --platform=qemu/amd64  a AS b', { image: 'a', platform: 'qemu/amd64', name: 'b' }],
    ['FROM "a"', { image: 'a' }],
    ['FROM oci:some/layout:tag', { image: 'oci:some/layout:tag' }],
    ['FROM --platform=$TARGETPLATFORM a', { image: 'a' }],
    ['FROM --platform="${TARGETPLATFORM}" a', { image: 'a' }],
  ];
  for (const [text, read] of bases) {
    it(`takes ${text.slice(0, 40)}`, () => {
      assert.deepEqual(parseClean(text).map(withoutPositions), [{ type: 'from', ...read }]);
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
});

describe('a stage whose FROM is wrong', () => {
  const faulty: readonly [from: string, name: string][] = [
    ['FROM "a b" AS b', 'b'],
    ['FROM --platform AS b', 'b'],
    ['FROM "" as B', 'b'],
    ['FROM a AS b/c', 'b/c'],
    ['FROM a AS 1b', '1b'],
    ['FROM a b', 'b'],
    ['FROM a is b', 'b'],
    ['FROM $NAME AS b', 'b'],
    ['FROM a\u0001 AS b', 'b'],
    ['FROM "a b"', '0'],
  ];
  for (const [from, name] of faulty) {
    it(`is what COPY --from=${name} means, and no image of a registry: ${JSON.stringify(from)}`, () => {
      const { stages, errors, warnings } = parse(
        `${from}\nCOPY x /x\nFROM scratch\nCOPY --from=${name} /x /x\n`,
      );
      assert.deepEqual([...new Set(errors.map(({ position }) => position?.line))], [1]);
      assert.deepEqual(
        warnings.filter(({ position }) => position?.line !== 1),
        [],
      );
      for (const copy of stages[1]?.instructions ?? [])
        assert.equal(copy.type === 'copy' ? copy.from?.stage : undefined, 0);
    });
  }
});

describe('stages', () => {
  /** Such as `a b<0`: the name of each stage, and the number of the one that it goes on from. */
  const outline = (text: string) => {
    const { stages, errors } = parse(text);
    assert.deepEqual(errors, []);
    return stages
      .map(({ from: { image, name = image, stage }, instructions }) => {
        return `${name}${stage === undefined ? '' : `<${stage}`}:${instructions.length}`;
      })
      .join(' ');
  };

  const rows: [name: string, text: string, outline: string][] = [
    ['no FROM', 'COPY a b\nLABEL a=b\n', 'scratch:2'],
    ['no FROM, and ARG first', 'ARG A\nCOPY a b\n', 'scratch:1'],
    ['FROM first', 'FROM scratch\nCOPY a b\n', 'scratch:1'],
    ['ARG before FROM', 'ARG A=1\nFROM scratch\nCOPY a b\n', 'scratch:1'],
    ['FROM alone', 'FROM a\n', 'a:0'],
    ['two images', 'FROM a\nFROM b AS c\nCOPY a b\n', 'a:0 c:1'],
    ['the same image for two platforms', 'FROM a\nFROM --platform=x a\n', 'a:0 a:0'],
    ['a stage that goes on', 'FROM a AS b\nCOPY a b\nFROM b AS c\nLABEL a=b\n', 'b:1 c<0:1'],
    ['a stage that goes on, in another case', 'FROM a AS base\nFROM BASE as c\n', 'base:0 c<0:0'],
    ['the later one of two of a name', 'FROM a AS b\nFROM c AS b\nFROM b as d\n', 'b:0 b:0 d<1:0'],
    ['an image with the name of its own stage', 'FROM a AS a\nFROM a AS b\n', 'a:0 b<0:0'],
  ];
  for (const [name, text, expected] of rows) {
    it(`are read: ${name}`, () => {
      assert.equal(outline(text), expected);
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

  const orphans: [name: string, text: string, ...errors: string[]][] = [
    ['LABEL', 'LABEL a=b\nFROM scratch\n', '2:1 UNSUPPORTED'],
    ['a wrong COPY', 'COPY a\nFROM scratch\n', '1:6 SYNTAX', '2:1 UNSUPPORTED'],
    ['ARG and COPY', 'ARG A\nCOPY a b\nFROM scratch\n', '3:1 UNSUPPORTED'],
    ['LABEL, once', 'LABEL a=b\nFROM scratch\nFROM a\n', '2:1 UNSUPPORTED'],
  ];
  for (const [name, text, ...errors] of orphans) {
    it(`may not follow ${name} without FROM`, () => {
      assert.deepEqual(places(parse(text).errors), errors);
    });
  }

  it('do not replace each other', () => {
    const { warnings } = parse('FROM scratch AS a\nLABEL a=b\nCMD a\nFROM a\nLABEL a=b\nCMD a\n');
    assert.deepEqual(warnings, []);
  });

  it('are warned of when the image needs nothing of them', () => {
    const text = [
      'FROM a AS base',
      'COPY a b',
      'FROM scratch AS unused',
      'COPY --from=base a b',
      'FROM scratch AS needed',
      'COPY a b',
      'FROM base',
      'COPY --from=needed a b',
    ].join('\n');
    const { errors, warnings } = parse(text);
    assert.deepEqual(errors, []);
    assert.deepEqual(places(warnings), ['3:1 SYNTAX']);
    assert.match(only(warnings).hint ?? '', /--from=unused/);
  });

  it('may hold what is not built, if the image needs nothing of them', () => {
    const tests = 'FROM a AS tests\nRUN make\nRUN test\n';
    const spared = parse(`${tests}FROM scratch\nCOPY a b\n`);
    assert.deepEqual([places(spared.errors), places(spared.warnings)], [[], ['1:1 SYNTAX']]);
    const unreadable = parse(`${tests}FROM scratch\nCOPY a\n`);
    assert.deepEqual(places(unreadable.errors), ['2:1 UNSUPPORTED', '3:1 UNSUPPORTED', '5:6 SYNTAX']);
    const needed = parse(`${tests}FROM scratch\nCOPY --from=tests a b\nRUN x`);
    assert.deepEqual(places(needed.errors), ['2:1 UNSUPPORTED', '3:1 UNSUPPORTED', '6:1 UNSUPPORTED']);
    const wrong = parse('FROM a\nCOPY x\nFROM scratch\nCOPY a b\n');
    assert.deepEqual(places(wrong.errors), ['2:6 SYNTAX']);
  });

  it('are at most 500, and soon read', () => {
    const chain = Array.from({ length: 600 }, (_, index) => `FROM s${index} AS s${index + 1}\nCOPY a b\n`);
    const { stages, errors } = parse(chain.join(''));
    assert.equal(stages.length, 500);
    assert.ok(flattenStage(stages).instructions.length >= 500);
    assert.match(errors[0]?.message ?? '', /at most 500 stages/);
  });

  describe('as sources of COPY', () => {
    const head = 'FROM a AS First\nFROM b\nFROM scratch AS last\n';
    const read: [from: string, stage: number | undefined][] = [
      ['first', 0],
      ['FIRST', 0],
      ['0', 0],
      ['1', 1],
      ['b', undefined],
      ['oci:folder', undefined],
      ['r.example/a:1', undefined],
    ];
    for (const [from, stage] of read) {
      it(`are found by ${from}`, () => {
        const [copy] = parse(`${head}COPY --chmod=755 --from=${from} x y`).stages[2]?.instructions ?? [];
        assert.ok(copy?.type === 'copy');
        const position = { file: 'Containerfile', line: 4, column: 25 };
        const expected = stage === undefined ? { value: from, position } : { value: from, stage, position };
        assert.deepEqual(copy.from, expected);
      });
    }

    const refused: [name: string, text: string, place: string][] = [
      ['its own number', `${head}COPY --from=2 x y`, '4:13 SYNTAX'],
      ['its own name', `${head}COPY --from=last x y`, '4:13 SYNTAX'],
      ['a later name', `FROM a\nCOPY --from=last x y\n${head}`, '2:13 SYNTAX'],
    ];
    for (const [name, text, place] of refused) {
      it(`are not found by ${name}`, () => {
        assert.deepEqual(places(parse(text).errors), [place]);
      });
    }
  });
});

describe('flattenStage', () => {
  const formatted = (text: string, number?: number) => {
    const { from, instructions } = flattenStage(parse(text).stages, number);
    return [from, ...instructions].map(formatInstruction).join('; ');
  };

  it('puts what is inherited before, down to the image', () => {
    const text = 'FROM a AS b\nCOPY x y\nCMD c\nFROM b AS d\nLABEL e=f\nFROM d\nCOPY g h\n';
    assert.equal(formatted(text), 'FROM a AS b; COPY x y; CMD c; LABEL e="f"; COPY g h');
    assert.equal(formatted(text, 1), 'FROM a AS b; COPY x y; CMD c; LABEL e="f"');
    assert.equal(formatted(text, 0), 'FROM a AS b; COPY x y; CMD c');
  });

  it('drops an inherited CMD beside a new ENTRYPOINT', () => {
    const text = 'FROM a AS b\nENTRYPOINT e\nCMD c\nFROM b\nENTRYPOINT f\n';
    assert.equal(formatted(text), 'FROM a AS b; ENTRYPOINT e; ENTRYPOINT f');
  });
});

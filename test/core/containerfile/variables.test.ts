import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { argumentWords } from '../../../src/core/containerfile/arguments.ts';
import type { VariableSources } from '../../../src/core/containerfile/variables.ts';
import { only, parse, parseClean, places } from './parse.ts';

const arm: VariableSources = { platform: { os: 'linux', architecture: 'arm', variant: 'v7' } };

function given(values: Record<string, string>): VariableSources {
  return { buildArguments: new Map(Object.entries(values)) };
}

/** The values of the labels of the last stage. */
function labels(text: string, sources?: VariableSources): string[] {
  const { stages, errors } = parse(text, sources);
  assert.deepEqual(errors, []);
  return (stages.at(-1)?.instructions ?? []).flatMap((instruction) =>
    instruction.type === 'label' ? instruction.pairs.map(({ value }) => value) : [],
  );
}

describe('references to variables', () => {
  const declared = `ARG A=one\nARG EMPTY=\nARG UNSET\nARG T='two words' Q="it's"\nARG P=a/b/c.tar.gz S='**?'\n`;
  const rows: [text: string, value: string][] = [
    ['$A', 'one'],
    ['x$A', 'xone'],
    ['$A-x', 'one-x'],
    ['$A.$A', 'one.one'],
    ['${A}x', 'onex'],
    ['"$A ${A}"', 'one one'],
    [`'$A'`, '$A'],
    ['\\$A', '$A'],
    ['"\\$A"', '$A'],
    ['\\\\$A', '\\one'],
    ['$EMPTY', ''],
    ['$UNSET', ''],
    ['$T', 'two words'],
    ['$Q', "it's"],
    ['"$Q"', "it's"],
    ['$T$T', 'two wordstwo words'],
    ['$', '$'],
    ['a$', 'a$'],
    ['$.', '$.'],
    ['"$"', '$'],
    // Defaults and alternates.
    ['${A:-x}', 'one'],
    ['${A-x}', 'one'],
    ['${EMPTY:-x}', 'x'],
    ['${EMPTY-x}', ''],
    ['${UNSET:-x}', 'x'],
    ['${UNSET-x}', 'x'],
    ['${NOBODY:-x}', 'x'],
    ['${NOBODY-}', ''],
    ['${A:+x}', 'x'],
    ['${A+x}', 'x'],
    ['${EMPTY:+x}', ''],
    ['${EMPTY+x}', 'x'],
    ['${UNSET:+x}', ''],
    ['${UNSET+x}', ''],
    ['${A:?no}', 'one'],
    ['${EMPTY?no}', ''],
    // What stands inside of them.
    ['${UNSET:-$A}', 'one'],
    ['${UNSET:-${A}-${EMPTY:-y}}', 'one-y'],
    ['${UNSET:-\\}}', '}'],
    [`\${UNSET:-'}'}`, '}'],
    ['"${UNSET:-a b}"', 'a b'],
    [`\${UNSET:-'$A'}`, '$A'],
    ['${A:+$A$A}', 'oneone'],
    ['${A:-$NOBODY}', 'one'],
    // Patterns.
    ['${P#*/}', 'b/c.tar.gz'],
    ['${P##*/}', 'c.tar.gz'],
    ['${P%.*}', 'a/b/c.tar'],
    ['${P%%.*}', 'a/b/c'],
    ['${P#?}', '/b/c.tar.gz'],
    ['${P#x}', 'a/b/c.tar.gz'],
    ['${P%}', 'a/b/c.tar.gz'],
    ['${P/b/x}', 'a/x/c.tar.gz'],
    ['${P/\\//x}', 'axb/c.tar.gz'],
    ['${P//\\//-}', 'a-b-c.tar.gz'],
    ['${P//[a]/-}', 'a/b/c.tar.gz'],
    ['${P/a*c/x}', 'x.tar.gz'],
    ['${P///x}', 'xax/xbx/xcx.xtxaxrx.xgxzx'],
    ['${P//./}', 'a/b/ctargz'],
    ['${P/$A/$A}', 'a/b/c.tar.gz'],
    ['${A/${A%e}/$EMPTY}', 'e'],
    ['${EMPTY#x}', ''],
    ['${UNSET/*/x}', 'x'],
    ['"${T#* }"', 'words'],
    ["${A#'o'}", 'ne'],
    ['${S#\\*}', '*?'],
    ['${S//\\?/q}', '**q'],
  ];
  for (const [text, value] of rows) {
    it(`are replaced: ${text}`, () => {
      assert.deepEqual(labels(`${declared}FROM scratch\nARG A EMPTY UNSET T Q P S N\nLABEL a=${text}\n`), [
        value,
      ]);
      parseClean(`${declared}FROM scratch\nARG A EMPTY UNSET T Q P S N\nLABEL a=${text}\n`);
    });
  }

  it('are escaped by the character that the file chooses', () => {
    assert.deepEqual(labels('# escape=`\nARG A=1\nLABEL a=`$A "b"="`$A\\$A" c="${B:-`}}"'), [
      '$A',
      '$A\\1',
      '}',
    ]);
  });

  const refused: [name: string, text: string, place: string, says: RegExp][] = [
    ['an open brace', 'LABEL a=x${A', '1:10 SYNTAX', /"}"/],
    ['an open default', 'LABEL a="x${A:-b"', '1:11 SYNTAX', /"}"/],
    ['a default with a space and without quotes', 'COPY ${A:-b c}', '1:6 SYNTAX', /double quotes/],
    ['a fault in a flag', 'COPY --chmod=${A a b', '1:14 SYNTAX', /"}"/],
    ['a fault in a key', 'LABEL ${A=b', '1:7 SYNTAX', /"}"/],
    ['a fault in CMD', 'CMD a ${TARGETOS', '1:7 SYNTAX', /"}"/],
    ['no name', 'LABEL a=${}', '1:9 SYNTAX', /name/],
    ['a colon alone', 'LABEL a=${A:}', '1:9 SYNTAX', /forms/],
    ['a colon before a pattern', 'LABEL a=${A:#x}', '1:9 SYNTAX', /forms/],
    ['an assignment', 'LABEL a=${A:=x}', '1:9 SYNTAX', /forms/],
    ['an open pattern', 'LABEL a="${A#x"', '1:10 SYNTAX', /"}"/],
    ['half a replacement', 'LABEL a=${A/x}', '1:9 SYNTAX', /"\/"/],
    ['an open replacement', 'LABEL a=${A/x/y', '1:9 SYNTAX', /"}"/],
    ['an escape that means nothing', 'ARG A=1\nLABEL a=${A#\\n}', '2:9 SYNTAX', /backslash/],
    ['a pattern beyond reason', `ARG A=1\nLABEL a=\${A#${'*'.repeat(201)}}`, '2:9 SYNTAX', /200 characters/],
    ['a missing value', 'LABEL a=${A:?"say it"}', '1:9 SYNTAX', /"say it".*--build-arg A=/],
    ['an open brace inside a default, once', 'LABEL a=${A:-${B', '1:14 SYNTAX', /"}"/],
    ['a fault in COPY', 'COPY a ${B', '1:8 SYNTAX', /"}"/],
    ['a fault in a JSON list', 'COPY ["\\\\a", "b${"]', '1:16 SYNTAX', /name/],
    ['a fault in FROM', 'FROM a:${B', '1:8 SYNTAX', /"}"/],
    ['a fault in ARG', 'ARG A=1 B=${C', '1:11 SYNTAX', /"}"/],
    ['a fault behind a continuation', 'LABEL a=b \\\n "c"=${D', '2:6 SYNTAX', /"}"/],
  ];
  for (const [name, text, place, says] of refused) {
    it(`are refused with ${name}`, () => {
      const { errors } = parse(text);
      const [error] = errors;
      assert.equal(places(errors)[0], place);
      assert.match(`${error?.message ?? ''} ${error?.hint ?? ''}`, says);
      assert.equal(errors.length, 1, JSON.stringify(errors));
    });
  }

  it('never nest so deep that the stack ends', () => {
    const depth = 20_000;
    const { errors } = parse(`LABEL a=${'${A:-'.repeat(depth)}x${'}'.repeat(depth)}`);
    assert.match(only(errors).message, /inside each other/);
  });

  it('never come to more text than memory holds', () => {
    const doubling = Array.from({ length: 60 }, (_, index) => `ARG A${index + 1}=$A${index}$A${index}`);
    const { errors } = parse(`ARG A0=xxxxxxxxxxxxxxxx\n${doubling.join('\n')}\n`);
    assert.match(errors[0]?.message ?? '', /more text/);
  });
});

describe('variables that are not set', () => {
  const rows: [name: string, text: string, place: string, says: RegExp][] = [
    ['a mistyped argument', 'FROM a\nARG VERSION=1\nLABEL a=$VERSOIN', '3:9 SYNTAX', /"VERSOIN".*"VERSION"/],
    ['a mistyped variable of the platform', 'COPY a-$TARGETARHC b', '1:8 SYNTAX', /"TARGETARCH"/],
    ['one of FROM alone', 'ARG A=1\nFROM a\nLABEL a=$A', '3:9 SYNTAX', /ARG A.*line 1/],
    ['one of another stage', 'FROM a AS s\nARG A=1\nFROM b\nCOPY --from=s $A b/', '4:15 SYNTAX', /ARG A/],
    ['one of a default', 'LABEL a=${X:-$Y}', '1:14 SYNTAX', /"Y"/],
    ['one that comes later', 'LABEL a=$A\nARG A=1', '1:9 SYNTAX', /"A"/],
  ];
  for (const [name, text, place, says] of rows) {
    it(`are empty, with a warning: ${name}`, () => {
      const { warnings } = parse(text);
      assert.deepEqual(places(warnings), [place]);
      assert.match(`${only(warnings).message} ${only(warnings).hint ?? ''}`, says);
    });
  }

  it('are an error when the platform would set them', () => {
    const { errors } = parse('COPY a-$TARGETARCH ["x"]\nLABEL b=${TARGETVARIANT}\n');
    assert.deepEqual(places(errors), ['1:8 ARCHITECTURE_UNKNOWN', '2:9 ARCHITECTURE_UNKNOWN']);
    assert.match(errors[0]?.hint ?? '', /--platform.*TARGETARCH:-/);
  });

  it("are those of the target, with a warning, where Docker has the machine's", () => {
    const text = 'ARG BUILDARCH\nFROM --platform=$BUILDPLATFORM a\nARG BUILDARCH\nLABEL a=$BUILDARCH\n';
    const { stages, errors, warnings } = parse(text, arm);
    assert.deepEqual(errors, []);
    assert.deepEqual(places(warnings), ['2:1 UNSUPPORTED', '4:1 UNSUPPORTED']);
    assert.match(warnings[1]?.hint ?? '', /TARGETARCH/);
    assert.equal(stages[0]?.from.platform, 'linux/arm/v7');
    assert.deepEqual(labels('FROM a\nARG BUILDARCH\nLABEL a=$BUILDARCH\n', given({ BUILDARCH: 'x' })), ['x']);
    const known = parse('FROM a\nLABEL a=$BUILDOS$BUILDARCH$BUILDVARIANT\n', arm).stages[0]?.instructions[0];
    assert.equal(known?.type === 'label' && known.pairs[0]?.value, 'linuxarmv7');
  });

  it('of the machine need a platform as those of the target do', () => {
    const { stages, errors, warnings } = parse('FROM --platform=$BUILDPLATFORM a\nLABEL a=$BUILDARCH\n');
    assert.deepEqual(places(errors), ['2:9 ARCHITECTURE_UNKNOWN']);
    assert.deepEqual(places(warnings), ['1:1 UNSUPPORTED']);
    assert.equal(stages[0]?.from.platform, undefined);
  });
});

describe('the variables of the platform', () => {
  const text = (arg: string) =>
    `FROM scratch\n${arg}LABEL a=$TARGETOS b="$TARGETARCH" "c"=x"$TARGETVARIANT" "d"=$TARGETPLATFORM\n`;
  for (const [name, arg] of [
    ['with ARG', 'ARG TARGETOS TARGETARCH\nARG TARGETVARIANT\nARG TARGETPLATFORM\n'],
    ['without ARG', ''],
    ['with another default', 'ARG TARGETOS=a TARGETARCH=b TARGETVARIANT=c TARGETPLATFORM=d\n'],
  ] as const) {
    it(`are set ${name}`, () => {
      const quoted = text(arg).replace('a=$TARGETOS', '"a"="$TARGETOS"').replace(' b=', ' "b"=');
      assert.deepEqual(labels(quoted, arm), ['linux', 'arm', 'xv7', 'linux/arm/v7']);
    });
  }

  it('have no variant where the platform has none', () => {
    const sources = { platform: { os: 'linux', architecture: 'arm64' } };
    assert.deepEqual(labels('LABEL a=x$TARGETVARIANT "b"=$TARGETPLATFORM', sources), ['x', 'linux/arm64']);
    parseClean('LABEL a=x$TARGETVARIANT', sources);
  });

  it('have their defaults without a platform', () => {
    parseClean('COPY a-${TARGETARCH:-amd64} b\n');
    assert.deepEqual(labels('ARG TARGETARCH=x\nLABEL a=$TARGETARCH'), ['x']);
  });

  it('can be given as build arguments', () => {
    assert.deepEqual(labels('LABEL a=$TARGETARCH', given({ TARGETARCH: 'x' })), ['x']);
    assert.deepEqual(parse('LABEL a=$TARGETARCH', given({ TARGETARCH: 'x' })).warnings, []);
  });

  it('leaves no blanks at the ends of CMD, and no arguments where nothing is left', () => {
    const read = (text: string) => {
      const [instruction] = parseClean(`ARG none\n${text}\n`);
      return instruction?.type === 'cmd' ? instruction.arguments : undefined;
    };
    assert.deepEqual(read('CMD ${none:-}'), { form: 'exec', words: [] });
    assert.deepEqual(read('CMD ${none:-} a ${none:-}'), { form: 'shell', text: 'a' });
    assert.deepEqual(read('CMD a\\ ${none:-}'), { form: 'shell', text: 'a\\ ' });
  });
});

describe('ARG', () => {
  const rows: [name: string, text: string, values: Record<string, string>, labels: string[]][] = [
    ['takes its default', 'FROM a\nARG A=1\nLABEL a=$A', {}, ['1']],
    ['takes what is given', 'FROM a\nARG A=1\nLABEL a=$A', { A: '2' }, ['2']],
    ['takes an empty value', 'FROM a\nARG A=1\nLABEL a=$A', { A: '' }, ['']],
    ['takes what is given without a default', 'FROM a\nARG A\nLABEL a=$A', { A: '2' }, ['2']],
    ['takes the global default', 'ARG A=1\nFROM a\nARG A\nLABEL a=$A', {}, ['1']],
    ['takes what is given for a global one', 'ARG A=1\nFROM a\nARG A\nLABEL a=$A', { A: '2' }, ['2']],
    ['prefers its own default to the global one', 'ARG A=1\nFROM a\nARG A=3\nLABEL a=$A', {}, ['3']],
    ['reads earlier ones', 'FROM a\nARG A=1 B=$A.x\nARG C=${B}y\nLABEL a=$C', {}, ['1.xy']],
    ['reads earlier global ones', 'ARG A=1\nARG B=$A\nFROM a\nARG B\nLABEL a=$B', {}, ['1']],
    ['replaces an earlier one', 'FROM a\nARG A=1\nARG A=2\nLABEL a=$A', {}, ['2']],
    ['keeps quotes out', `FROM a\nARG A="x 'y'" B='$A'\nLABEL a=$A "b"=$B`, {}, ["x 'y'", '$A']],
    ['is inherited by a stage', 'FROM a AS b\nARG A=1\nFROM b\nLABEL a=$A', {}, ['1']],
    ['is no variable of its own value', 'FROM a\nARG A=1\nARG A=$A$A\nLABEL a=$A', {}, ['11']],
  ];
  for (const [name, text, values, expected] of rows) {
    it(name, () => {
      assert.deepEqual(labels(text, given(values)), expected);
      parseClean(text, given(values));
    });
  }

  it('reads no default that is not used', () => {
    parseClean('FROM a\nARG A=${B:?missing}\nLABEL a=$A', given({ A: '1' }));
  });

  it('before FROM completes FROM', () => {
    const text = 'ARG TAG=1 BASE=a\nFROM --platform=$TARGETPLATFORM "$BASE:${TAG:-x}" AS s$TAG\n';
    const [from] = parseClean(text, { ...arm, ...given({ TAG: '2' }) });
    assert.ok(from?.type === 'from');
    assert.deepEqual([from.image, from.platform, from.name], ['a:2', 'linux/arm/v7', 's2']);
  });

  it('between stages completes no FROM', () => {
    const { errors, warnings } = parse('FROM a AS b\nARG C=1\nFROM d:$C\n');
    assert.deepEqual([...places(errors), ...places(warnings)], ['3:8 SYNTAX']);
  });

  const refused: [text: string, place: string][] = [
    ['ARG', '1:1'],
    ['ARG 1A=2', '1:5'],
    ['ARG A = b', '1:7'],
    ['ARG A-B', '1:5'],
    ['ARG =b', '1:5'],
    ['ARG A # b', '1:7'],
    ['ARG A="b', '1:7'],
  ];
  for (const [text, place] of refused) {
    it(`is refused: ${text}`, () => {
      assert.equal(places(parse(`${text}\nFROM a\n`).errors)[0], `${place} SYNTAX`);
    });
  }

  it('is no Containerfile alone', () => {
    assert.deepEqual(places(parse('# c\nARG A=1\nARG B\n').errors), ['2:1 SYNTAX']);
  });

  it('that nothing declares is named with the nearest that is', () => {
    const values = { VERSOIN: '1', OTHER: '2', http_proxy: 'x', BUILDKIT_INLINE_CACHE: '1', TARGETOS: 'a' };
    const { warnings } = parse('FROM a\nARG VERSION\n', given(values));
    assert.deepEqual(
      warnings.map(({ code, message, position }) => [code, /"(\w+)"/.exec(message)?.[1], position]),
      [
        ['INPUT_INVALID', 'VERSOIN', undefined],
        ['INPUT_INVALID', 'OTHER', undefined],
      ],
    );
    assert.match(warnings[0]?.hint ?? '', /"VERSION"/);
  });
});

describe('the environment of a base image', () => {
  const environments = new Map([
    [0, { A: 'base', TARGETARCH: 'base' }],
    [1, { B: 'other', BAD: 'a\0b' }],
  ]);
  const rows: [name: string, text: string, labels: string[]][] = [
    ['is seen in its stage', 'FROM a\nLABEL a=$A', ['base']],
    ['is inherited by stages', 'FROM a AS b\nFROM b\nLABEL a=$A "b"=$B', ['base', 'other']],
    ['is not seen in others', 'FROM a\nFROM b\nLABEL a=${A:-x} "b"=$B', ['x', 'other']],
    ['gives way to a later ARG', 'FROM a\nARG A=1\nLABEL a=$A', ['1']],
    ['stays when ARG has no value', 'FROM a\nARG A\nLABEL a=$A', ['base']],
    ['gives way to the platform', 'FROM a\nLABEL a=$TARGETARCH', ['arm']],
    ['has no NUL', 'FROM a\nFROM b\nLABEL a=x${BAD:-y}', ['xy']],
  ];
  for (const [name, text, expected] of rows) {
    it(name, () => {
      assert.deepEqual(labels(text, { ...arm, environments }), expected);
    });
  }
});

describe('variables in COPY', () => {
  const sources = given({ A: 'x y', B: '--link', M: '755' });
  const rows: [text: string, sources: string[], destination: string][] = [
    ['COPY $A b', ['x y'], 'b'],
    ['COPY a-${A} "$A/b"', ['a-x y'], 'x y/b'],
    ['COPY $B b', ['--link'], 'b'],
    ['COPY --chmod=$M a b', ['a'], 'b'],
    ['COPY ["$A", "${A}/\\\\$A"]', ['x y'], 'x y/$A'],
    ['COPY ["a\'$A\'", "b"]', ["a'x y'"], 'b'],
  ];
  for (const [text, paths, destination] of rows) {
    it(`are never split: ${text}`, () => {
      const [, copy] = parseClean(`FROM scratch\nARG A B M\n${text}\n`, sources);
      assert.ok(copy?.type === 'copy');
      assert.deepEqual([copy.sources.map(({ path }) => path), copy.destination], [paths, destination]);
      assert.equal(copy.chmod, text.includes('chmod') ? 0o755 : undefined);
    });
  }

  it('name what --from takes', () => {
    const [, copy] = parseClean('FROM scratch\nARG M\nCOPY --from=r.example/a:$M a b\n', given({ M: '1' }));
    assert.equal(copy?.type === 'copy' && copy.from?.value, 'r.example/a:1');
  });
});

describe('variables in CMD and ENTRYPOINT', () => {
  const sources = { ...arm, ...given({ A: `it's "2"`, E: '' }) };
  const words = (text: string) => {
    const { instructions, errors, warnings } = parse(`FROM scratch\nARG A E P=plain\n${text}\n`, sources);
    assert.deepEqual(errors, []);
    const [, command] = instructions;
    assert.ok(command?.type === 'cmd' || command?.type === 'entrypoint');
    return { words: argumentWords(command.arguments), warnings };
  };

  const rows: [text: string, words: string[]][] = [
    ['["--arch=${TARGETARCH}", "$A"]', ['--arch=arm', `it's "2"`]],
    ['["sh", "-c", "echo $HOME ${PATH:-x} \\\\$HOME"]', ['sh', '-c', 'echo $HOME ${PATH:-x} \\$HOME']],
    ['["\\\\$TARGETARCH", "${E:-none}"]', ['$TARGETARCH', 'none']],
    ['app --arch=$TARGETARCH', ['app', '--arch=arm']],
    ['app $A', ['app', `it's "2"`]],
    ['app "$A" x$A', ['app', `it's "2"`, `xit's "2"`]],
    [`app '$A' \\$A`, ['app', '$A', '$A']],
    ['app $E "$E" $P', ['app', '', 'plain']],
    ['app "${E:-a b}"', ['app', 'a b']],
  ];
  for (const [text, expected] of rows) {
    it(`are those of the build alone: ${text}`, () => {
      for (const keyword of ['CMD', 'ENTRYPOINT']) {
        assert.deepEqual(words(`${keyword} ${text}`), { words: expected, warnings: [] });
      }
    });
  }

  it('stay, with a warning, where nobody would replace them', () => {
    const text = words('CMD app $HOME "${X}"');
    assert.deepEqual(text.words, ['app', '$HOME', '${X}']);
    assert.deepEqual(places(text.warnings), ['3:9 SYNTAX']);
    const list = words('CMD ["app", "$HOME", "x$TARGETARHC"]');
    assert.deepEqual(list.words, ['app', '$HOME', 'x$TARGETARHC']);
    assert.deepEqual(places(list.warnings), ['3:24 SYNTAX']);
    assert.match(only(list.warnings).hint ?? '', /"TARGETARCH"/);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { only, parse, parseClean, places } from './parse.ts';

type Pairs = Record<string, string>;

function pairsOf(text: string): Pairs {
  const { instructions } = parse(text);
  return Object.fromEntries(
    instructions.flatMap((instruction) =>
      instruction.type === 'label' ? instruction.pairs.map(({ key, value }) => [key, value] as const) : [],
    ),
  );
}

describe('LABEL', () => {
  const clean: [text: string, pairs: Pairs][] = [
    ['LABEL a=b', { a: 'b' }],
    ['LABEL "a"="b"', { a: 'b' }],
    ['LABEL "a"=b', { a: 'b' }],
    ['LABEL a="b c"', { a: 'b c' }],
    [`LABEL a='b c'`, { a: 'b c' }],
    [`LABEL 'a'='b c'`, { a: 'b c' }],
    ['LABEL\ta=b\t', { a: 'b' }],
    ['LABEL a=', { a: '' }],
    ['LABEL a=""', { a: '' }],
    [`LABEL "a"=''`, { a: '' }],
    ['LABEL a=b=c', { a: 'b=c' }],
    ['LABEL a==', { a: '=' }],
    ['LABEL a="b=c d=e"', { a: 'b=c d=e' }],
    ['LABEL "a b"="c"', { 'a b': 'c' }],
    ['LABEL "a=b"="c"', { 'a=b': 'c' }],
    ['LABEL a=b#c', { a: 'b#c' }],
    ['LABEL a="#c"', { a: '#c' }],
    // Escapes.
    ['LABEL a="say \\"hi\\""', { a: 'say "hi"' }],
    ['LABEL a="\\\\"', { a: '\\' }],
    ['LABEL a="\\$b"', { a: '$b' }],
    ['LABEL a="\\n\\t"', { a: '\\n\\t' }],
    [`LABEL a="it's"`, { a: "it's" }],
    [`LABEL a='say "hi" \\ $b'`, { a: 'say "hi" \\ $b' }],
    ['LABEL a=b\\ c', { a: 'b c' }],
    ['LABEL a=\\"b\\"', { a: '"b"' }],
    ['LABEL a=\\b\\\\', { a: 'b\\' }],
    ['LABEL a=\\$b', { a: '$b' }],
    ['LABEL a="$ b 5$"', { a: '$ b 5$' }],
    ['LABEL a=${b:-c}', { a: 'c' }],
    [`LABEL a='b'"c"`, { a: 'bc' }],
    [`LABEL a="b"'"'c`, { a: 'b"c' }],
    [`LABEL a=x'b c'y`, { a: 'xb cy' }],
    ['LABEL \\a=b', { a: 'b' }],
    ['LABEL a\\=b', { a: 'b' }],
    ['# escape=`\nLABEL a="C:\\dir\\" b="`"`$x" c="d"', { a: 'C:\\dir\\', b: '"$x', c: 'd' }],
    // Several pairs.
    ['LABEL "a"="b" "c"="d"', { a: 'b', c: 'd' }],
    ['LABEL a=b "c"="d"', { a: 'b', c: 'd' }],
    ['LABEL "a"="b" c=d', { a: 'b', c: 'd' }],
    ['LABEL a="b" c="d"', { a: 'b', c: 'd' }],
    [`LABEL a='b' c='d' 'e'=f`, { a: 'b', c: 'd', e: 'f' }],
    ['LABEL "a"="" "b"=""', { a: '', b: '' }],
    ['LABEL a= "b"="c"', { a: '', b: 'c' }],
    ['LABEL a=b c=d', { a: 'b', c: 'd' }],
    ['LABEL a=1 b=2 c="3 4" d=', { a: '1', b: '2', c: '3 4', d: '' }],
    ['LABEL a= c=d', { a: '', c: 'd' }],
    [
      'LABEL x.cmdline=app com.urunc.unikernel.binary=/a',
      { 'x.cmdline': 'app', 'com.urunc.unikernel.binary': '/a' },
    ],
    ['LABEL x.cmdline="console=ttyS0" root=/dev/vda', { 'x.cmdline': 'console=ttyS0', root: '/dev/vda' }],
    ['LABEL "a"="b" \\\n      "c"="d"', { a: 'b', c: 'd' }],
    ['LABEL "a"="b" \\ \\\n', { a: 'b' }],
  ];
  for (const [text, pairs] of clean) {
    it(`reads ${JSON.stringify(text)}`, () => {
      assert.deepEqual(pairsOf(text), pairs);
      if (!text.endsWith('\n')) parseClean(text);
    });
  }

  it('keeps every pair of a key in its order', () => {
    const [label] = parse('LABEL "a"="1" "a"="2"').instructions;
    assert.deepEqual(label?.type === 'label' && label.pairs.map(({ value }) => value), ['1', '2']);
  });

  const warned: [name: string, text: string, pairs: Pairs, place: string, message: string, hint: string][] = [
    ['an unquoted value with spaces', 'LABEL a=b c', { a: 'b c' }, '1:11 SYNTAX', '"b c"', 'LABEL a="b c"'],
    [
      'an unquoted value with more spaces',
      'LABEL a=b  c\td ',
      { a: 'b c d' },
      '1:12 SYNTAX',
      '"b c d"',
      'LABEL a="b c d"',
    ],
    [
      'an unquoted value over two lines',
      'LABEL a=b \\\n  c',
      { a: 'b c' },
      '2:3 SYNTAX',
      '"b c"',
      'LABEL a="b c"',
    ],
    [
      'quotes in the rest of the line',
      'LABEL a=b "c  d"   e',
      { a: 'b "c  d" e' },
      '1:11 SYNTAX',
      '"b \\"c  d\\" e"',
      `LABEL a='b "c  d" e'`,
    ],
    [
      'the last of several',
      'LABEL "a"="b" c=d e',
      { a: 'b', c: 'd e' },
      '1:19 SYNTAX',
      '"d e"',
      'LABEL c="d e"',
    ],
    [
      'JSON in double quotes',
      'LABEL "a"="{"b":"c"}"',
      { a: '{b:c}' },
      '1:11 SYNTAX',
      '"{b:c}"',
      `LABEL a='{"b":"c"}'`,
    ],
    [
      'an inner quote and an apostrophe',
      `LABEL "a"="it's "b""`,
      { a: "it's b" },
      '1:11 SYNTAX',
      `"it's b"`,
      `LABEL a="it's \\"b\\""`,
    ],
    [
      'JSON without quotes around',
      'LABEL a={"b":1}',
      { a: '{b:1}' },
      '1:9 SYNTAX',
      '"{b:1}"',
      `LABEL a='{"b":1}'`,
    ],
    ['the old form', 'LABEL a b', { a: 'b' }, '1:7 SYNTAX', 'legacy', 'LABEL a="b"'],
    [
      'the old form with spaces',
      'LABEL a b  c=d',
      { a: 'b  c=d' },
      '1:7 SYNTAX',
      'legacy',
      'LABEL a="b  c=d"',
    ],
    [
      'the old form with quotes',
      `LABEL a "b  c"'d'`,
      { a: 'b  cd' },
      '1:7 SYNTAX',
      'legacy',
      'LABEL a="b  cd"',
    ],
    ['a variable', 'LABEL a="x $b"', { a: 'x ' }, '1:12 SYNTAX', '"b"', 'ARG b'],
    ['a variable in the key', 'LABEL "a$b"=c', { a: 'c' }, '1:9 SYNTAX', '"b"', 'single quotes'],
    ['a variable that is escaped elsewhere', 'LABEL a="\\$x $y"', { a: '$x ' }, '1:14 SYNTAX', '"y"', '\\$'],
    ['a variable that is quoted elsewhere', `LABEL a='$x'$y`, { a: '$x' }, '1:13 SYNTAX', '"y"', 'ARG y'],
  ];
  for (const [name, text, pairs, place, message, hint] of warned) {
    it(`warns of ${name}`, () => {
      const { errors, warnings } = parse(text);
      assert.deepEqual(errors, []);
      assert.deepEqual(places(warnings), [place]);
      assert.ok(only(warnings).message.includes(message), only(warnings).message);
      assert.ok(only(warnings).hint?.includes(hint), only(warnings).hint);
      assert.deepEqual(pairsOf(text), pairs);
    });
  }

  it('warns of no dollar sign that names nothing', () => {
    parseClean(`LABEL a="5$ 10$" b='$c' d="$"`);
  });

  const commented: [text: string, place: string][] = [
    ['LABEL a=b # c', '1:11'],
    ['LABEL a="b"\t#', '1:13'],
    ['LABEL "a"="b" # c d', '1:15'],
    ['LABEL a=b    # c "d" #', '1:14'],
  ];
  for (const [text, place] of commented) {
    it(`leaves the comment out of ${JSON.stringify(text)}, with a warning`, () => {
      const { errors, warnings } = parse(text);
      assert.deepEqual(errors, []);
      assert.deepEqual(places(warnings), [`${place} SYNTAX`]);
      assert.match(only(warnings).hint ?? '', /line of its own/);
      assert.deepEqual(pairsOf(text), { a: 'b' });
    });
  }

  const refused: [name: string, text: string, place: string, hint: string][] = [
    ['nothing', 'LABEL', '1:1 SYNTAX', 'LABEL key="value"'],
    ['a key alone', 'LABEL a', '1:7 SYNTAX', 'LABEL a=""'],
    ['spaces around the equals sign', 'LABEL a = b', '1:7 SYNTAX', 'LABEL a="b"'],
    ['spaces around the equals sign, and quotes', 'LABEL "a" = "b c"', '1:7 SYNTAX', 'LABEL a="b c"'],
    ['a space before the equals sign', 'LABEL a ="b c"', '1:7 SYNTAX', 'LABEL a="b c"'],
    ['a space after the equals sign', 'LABEL a= b', '1:10 SYNTAX', 'LABEL a="b"'],
    ['a space after the equals sign, and quotes', 'LABEL a= "b c"', '1:10 SYNTAX', 'LABEL a="b c"'],
    ['quotes around the pair', 'LABEL "a=b c"', '1:7 SYNTAX', 'LABEL a="b c"'],
    ['an empty key', 'LABEL =b', '1:7 LABEL_INVALID', 'LABEL key="value"'],
    ['a quoted empty key', 'LABEL "a"="b" ""="c"', '1:15 LABEL_INVALID', 'LABEL key="value"'],
    ['a word after a quoted value', 'LABEL "a"="b" c', '1:15 SYNTAX', 'LABEL a="b c"'],
    ['words after a single-quoted value', `LABEL a='b' c d`, '1:13 SYNTAX', 'LABEL a="b c d"'],
    ['a word between two pairs', 'LABEL a=b c "d"="e"', '1:11 SYNTAX', 'LABEL a="b c"'],
    ['JSON with spaces in double quotes', 'LABEL a="{"b":"c d"}"', '1:18 SYNTAX', `LABEL a='{"b":"c d"}'`],
    ['a comment with an equals sign after a value', 'LABEL a=b # c=d', '1:11 SYNTAX', 'line of its own'],
    ['a comment after a quoted value', 'LABEL a="b" #c', '1:13 SYNTAX', 'line of its own'],
    ['a comment after several words', 'LABEL a="b" "c"="d" # "e"="f"', '1:21 SYNTAX', 'line of its own'],
    ['a comment for a label', 'LABEL # a=b', '1:7 SYNTAX', 'line of its own'],
    ['a double quote without end', 'LABEL a="b c', '1:9 SYNTAX', 'single quotes'],
    ['a single quote without end', `LABEL a=it's b`, '1:11 SYNTAX', 'double quotes'],
    ['a quote that an escape keeps open', 'LABEL a="b\\"', '1:9 SYNTAX', 'single quotes'],
    ['a backslash before a single quote', `LABEL a='it\\'s'`, '1:15 SYNTAX', 'double quotes'],
  ];
  for (const [name, text, place, hint] of refused) {
    it(`refuses ${name}`, () => {
      const { errors, warnings } = parse(text);
      assert.deepEqual(places(errors), [place]);
      assert.ok(only(errors).hint?.includes(hint), only(errors).hint);
      assert.deepEqual(warnings, []);
    });
  }

  const ambiguous: [text: string, place: string, several: string, one: string][] = [
    ['LABEL cmdline=b c=d', '1:17', '"cmdline"="b" "c"="d"', '"cmdline"="b c=d"'],
    [
      'LABEL cmdline=console=ttyS0 root=/dev/vda',
      '1:29',
      '"cmdline"="console=ttyS0" "root"="/dev/vda"',
      '"cmdline"="console=ttyS0 root=/dev/vda"',
    ],
    ['LABEL cmdline=b c  d=e f', '1:20', '"cmdline"="b c" "d"="e f"', '"cmdline"="b c d=e f"'],
    ['LABEL cmdline=b c="d e"', '1:17', '"cmdline"="b" "c"="d e"', `"cmdline"='b c="d e"'`],
    [
      'LABEL x=y cmdline=b c=d "e"="f"',
      '1:21',
      '"x"="y" "cmdline"="b" "c"="d" "e"="f"',
      '"x"="y" "cmdline"="b c=d" "e"="f"',
    ],
    ['LABEL cmdline=b \\\n c=d', '2:2', '"cmdline"="b" "c"="d"', '"cmdline"="b c=d"'],
    [
      `LABEL cmdline=${'a'.repeat(200)} c=d`,
      '1:216',
      `"cmdline"="${'a'.repeat(200)}" "c"="d"`,
      `"cmdline"="${'a'.repeat(200)} c=d"`,
    ],
  ];
  for (const [text, place, several, one] of ambiguous) {
    it(`asks which is meant by ${JSON.stringify(text)}`, () => {
      const { errors, warnings } = parse(text);
      assert.deepEqual(places(errors), [`${place} SYNTAX`]);
      const { hint } = only(errors);
      assert.equal(hint, `Write LABEL ${several} for labels of their own, or LABEL ${one} for one value.`);
      assert.deepEqual(warnings, []);
      // What it proposes is right by its own rules.
      parseClean(`LABEL ${several}`);
      parseClean(`LABEL ${one}`);
    });
  }

  it('still tells the labels of a wrong line, so that they are not reported as missing too', () => {
    assert.deepEqual(pairsOf('LABEL hypervisor=qemu #or hvt\nLABEL cmdline=b c=d'), {
      hypervisor: 'qemu',
      cmdline: 'b',
      c: 'd',
    });
  });
});

describe('repeated labels', () => {
  const repeated: [name: string, text: string, place: string, line: number][] = [
    ['in two instructions', 'LABEL a=b\nLABEL c=d\nLABEL "a"="e"', '3:7', 1],
    ['in one instruction', 'LABEL "a"="b" "a"="c"', '1:15', 1],
    ['on continuation lines', 'LABEL "a"="b" \\\n "c"="d" \\\n "c"="e"', '3:2', 2],
  ];
  for (const [name, text, place, line] of repeated) {
    it(`are a warning at the later one: ${name}`, () => {
      const { errors, warnings } = parse(text);
      assert.deepEqual(errors, []);
      assert.deepEqual(places(warnings), [`${place} LABEL_INVALID`]);
      assert.match(only(warnings).message, new RegExp(`line ${line}$`));
    });
  }
});

// Lists in double quotes. What is expected is what csv-parse gives with the options of docker's actions-toolkit, except
// where a row says otherwise.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseFields, parseLines } from '../../src/core/csv.ts';
import { BimaError } from '../../src/core/errors.ts';

describe('parseLines', () => {
  const rows: [name: string, text: string, items: string[]][] = [
    ['lines', 'a=b\nc=d', ['a=b', 'c=d']],
    ['lines of Windows', 'a=b\r\n"c=d"\r\n', ['a=b', 'c=d']],
    ['empty lines and blanks', '\n  a=b  \n\n \n', ['a=b']],
    ['commas', 'a=b, c\nd', ['a=b, c', 'd']],
    ['an item in quotes', '"a=b"', ['a=b']],
    ['a quote in quotes', '"a=say ""hi"""', ['a=say "hi"']],
    ['a line break in quotes', '"a=b\nc"\nd=e', ['a=b\nc', 'd=e']],
    ['a comma in quotes', '"a=b,c"', ['a=b,c']],
    ['fields of which one is in quotes', 'a=b,"c"', ['a=b,c']],
    ['quotes within an item', 'a="b"\nc="d,e"', ['a="b"', 'c="d,e"']],
    ['quotes behind a comma and a blank', 'a=b, "c" d', ['a=b, "c" d']],
    ['a comma at the end', 'a=b,\nc', ['a=b,', 'c']],
    ['a comma at the very end', 'a=b,', ['a=b,']],
    ['more behind the quotes', '"a"=b', ['"a"=b']],
    ['nothing in quotes', '""\na', ['a']],
    ["apostrophes, which aren't quotes", "'a=b'", ["'a=b'"]],
    // Docker takes those quotes as they are, which nobody means.
    ['blanks around the quotes', '  "a=b"  \n\t"c"', ['a=b', 'c']],
  ];
  for (const [name, text, items] of rows) {
    it(`reads ${name}`, () => {
      assert.deepEqual(parseLines(text, 'a list'), items);
    });
  }

  for (const text of ['"a=b', 'a\n"b\nc', '"a""', '"']) {
    it(`refuses quotes that stay open: ${JSON.stringify(text)}`, () => {
      assert.throws(
        () => parseLines(text, 'the input "labels"'),
        (error) =>
          error instanceof BimaError &&
          error.code === 'INPUT_INVALID' &&
          /the input "labels" for the one in line [12],/.test(error.message),
      );
    });
  }
});

describe('parseFields', () => {
  const rows: [name: string, text: string, items: string[]][] = [
    ['commas and lines', 'a,b\nc', ['a', 'b', 'c']],
    ['items in quotes', '"a","b"\n"c"', ['a', 'b', 'c']],
    ['a comma in quotes', '"a,b",c', ['a,b', 'c']],
    ['blanks between items in quotes', '"a", "b"', ['a', 'b']],
    ['nothing between commas', 'a,,b,', ['a', 'b']],
  ];
  for (const [name, text, items] of rows) {
    it(`reads ${name}`, () => {
      assert.deepEqual(parseFields(text, 'a list'), items);
    });
  }
});

describe('quotes and blanks, one by one', () => {
  const rows: [text: string, lines: string[], fields: string[]][] = [
    ['', [], []],
    [',', [','], []],
    ['a,', ['a,'], ['a']],
    ['"a"  ,b', ['a,b'], ['a', 'b']],
    ['"a"\t\r\nb', ['a', 'b'], ['a', 'b']],
    ['"a"x,b', ['"a"x,b'], ['"a"x', 'b']],
    ['"a" x"y,z"', ['"a" x"y,z"'], ['"a" x"y', 'z"']],
    ['a,\t"b,c"', ['a,\t"b,c"'], ['a', 'b,c']],
    ['\t "b,c"', ['b,c'], ['b,c']],
    ['""""', ['"'], ['"']],
    ['"a""b""c"', ['a"b"c'], ['a"b"c']],
    ['"a","b"\n', ['a,b'], ['a', 'b']],
    ['"a"\n\n"b"', ['a', 'b'], ['a', 'b']],
    ['a\n', ['a'], ['a']],
    ['" a "', ['a'], ['a']],
    ['"a,b",\n', ['a,b,'], ['a,b']],
  ];
  for (const [text, lines, fields] of rows)
    it(`are read in ${JSON.stringify(text)}`, () => {
      assert.deepEqual(parseLines(text, 'x'), lines);
      assert.deepEqual(parseFields(text, 'x'), fields);
    });

  for (const [text, line] of [
    ['"a', 1],
    ['a\n\n"b', 3],
    ['"a\n"\n"b', 3],
  ] as const)
    it(`are missed at the end of ${JSON.stringify(text)}`, () => {
      for (const parse of [parseLines, parseFields])
        assert.throws(() => parse(text, 'a place'), {
          code: 'INPUT_INVALID',
          message: `expected a closing double quote in a place for the one in line ${line}, got none`,
          hint: 'Close it at the end of the item, and write a double quote within one twice.',
        });
    });
});

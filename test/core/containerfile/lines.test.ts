import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { only, parse, parseClean, places, withoutPositions } from './parse.ts';

const copy = (source: string, destination: string) => ({
  type: 'copy',
  sources: [{ path: source }],
  destination,
});

describe('lines of a Containerfile', () => {
  const accepted: [name: string, text: string][] = [
    ['plain', 'COPY a b\n'],
    ['no final line feed', 'COPY a b'],
    ['lower case', 'copy a b\n'],
    ['mixed case', 'cOpY a b\n'],
    ['indented', ' \t COPY a b\n'],
    ['tabs between words', 'COPY\ta\t\tb\t\n'],
    ['aligned spaces', 'COPY   a     b   \n'],
    ['carriage returns', '\r\nCOPY a b\r\n\r\n'],
    ['a carriage return at the end of the file', 'COPY a b\r'],
    ['a byte order mark', '\uFEFFCOPY a b\n'],
    ['blank lines and comments around', '\n# c\n  # c\n \t \nCOPY a b\n# c'],
    ['a continuation', 'COPY a \\\nb\n'],
    ['a continuation inside a word', 'CO\\\nPY a b\n'],
    ['white space after the continuation', 'COPY a \\ \t\nb\n'],
    ['a continuation with carriage returns', 'COPY a \\\r\n  b\r\n'],
    ['comments between continuation lines', 'COPY a \\\n# c\n   # c \\\n b\n'],
    ['a continuation first', '\\\nCOPY a b\n'],
    ['syntax directives of every spelling', '#syntax=x\n#escape=\\\n# check = skip=all\nCOPY a b\n'],
    ['a directive of upper case', '# ESCAPE=`\nCOPY a `\nb\n'],
    ['another escape character', '# escape=`\nCOPY a `\n b\n'],
    ['an escape directive that comes too late', '# hello\n# escape=`\nCOPY a \\\nb\n'],
    ['a directive nobody knows', '# other=1\nCOPY a b\n'],
    ['something glued to the syntax directive', '#syntax=x:latestFROM scratch\nCOPY a b\n'],
  ];
  for (const [name, text] of accepted) {
    it(`takes ${name}`, () => {
      assert.deepEqual(parseClean(text).map(withoutPositions), [copy('a', 'b')]);
    });
  }

  it('takes a backslash for itself when the escape character is a backtick', () => {
    const [instruction] = parseClean('# escape=`\nCOPY dir\\a` b C:\\\n');
    assert.deepEqual(instruction && withoutPositions(instruction), copy('dir\\a b', 'C:\\'));
  });

  it('keeps white space inside quotes, also across a continuation', () => {
    const [instruction] = parseClean('LABEL a="x  y\t\\\n  z"\n');
    assert.deepEqual(instruction && withoutPositions(instruction), {
      type: 'label',
      pairs: [{ key: 'a', value: 'x  y\t  z' }],
    });
  });

  it('ends no line at an escaped escape character', () => {
    assert.deepEqual(parseClean('CMD a\\\\\nCOPY a b\n').map(withoutPositions), [
      { type: 'cmd', arguments: { form: 'shell', text: 'a\\\\' } },
      copy('a', 'b'),
    ]);
  });

  const warned: [name: string, text: string, place: string][] = [
    ['a blank line inside a continuation', 'COPY a \\\n\n  \nb\n', '2:1 SYNTAX'],
    ['the end of the file inside a continuation', 'COPY a b \\\n', '1:10 SYNTAX'],
  ];
  for (const [name, text, place] of warned) {
    it(`takes, with a warning, ${name}`, () => {
      const { instructions, errors, warnings } = parse(text);
      assert.deepEqual(errors, []);
      assert.deepEqual(places(warnings), [place]);
      assert.deepEqual(instructions.map(withoutPositions), [copy('a', 'b')]);
    });
  }

  const refused: [name: string, text: string, ...errors: string[]][] = [
    ['an empty file', '', '1:1 SYNTAX'],
    ['a file of comments', '# a\n\n# b\n', '1:1 SYNTAX'],
    ['a lone continuation', '\\\n', '1:1 SYNTAX'],
    ['an escape directive with another character', '# escape=^\nCOPY a b\n', '1:10 SYNTAX'],
    ['an escape directive with two characters', '#escape=\\\\\nCOPY a b\n', '1:9 SYNTAX'],
    ['a directive given twice', '# syntax=a\n # syntax=b\nCOPY a b\n', '2:2 SYNTAX'],
    ['a control character', 'COPY a b\u001b[0m\n', '1:9 SYNTAX'],
    ['a form feed', 'COPY a\fb c\n', '1:7 SYNTAX'],
    ['a carriage return inside a line', 'COPY a b\rCOPY c d\n', '1:9 SYNTAX'],
    [
      'control characters in several lines',
      'COPY a \u0001b\n\u0002\nRUN a\n',
      '1:8 SYNTAX',
      '2:1 SYNTAX',
      '3:1 UNSUPPORTED',
    ],
    ['a space that is none', 'COPY a\u00a0b c\nLABEL a=b\u3000c=d\n', '1:7 SYNTAX', '2:10 SYNTAX'],
  ];
  for (const [name, text, ...errors] of refused) {
    it(`refuses ${name}`, () => {
      assert.deepEqual(places(parse(text).errors), errors);
    });
  }

  it('takes a control character in a comment, and odd spaces in quotes', () => {
    const [instruction] = parseClean('# \u001b[0m\nLABEL a="\u00a0"\n');
    assert.deepEqual(instruction && withoutPositions(instruction), {
      type: 'label',
      pairs: [{ key: 'a', value: '\u00a0' }],
    });
  });
});

describe('positions', () => {
  it('count from the line of the file through continuations, comments and indents', () => {
    const text = '\uFEFF# c\r\n  LABEL "a"="b" \\\r\n# c\r\n\t"é😀"="c" \\\r\n\\\r\n   "d"=\\\r\n"e"\r\n';
    const [label] = parseClean(text);
    assert.equal(label?.type, 'label');
    const at = (line: number, column: number) => ({ file: 'Containerfile', line, column });
    assert.deepEqual(label.position, at(2, 3));
    assert.deepEqual(
      label.pairs.map(({ key, position }) => [key, position]),
      [
        ['a', at(2, 9)],
        ['é😀', at(4, 2)],
        ['d', at(6, 4)],
      ],
    );
  });

  it('of problems behind a continuation are those of the physical line', () => {
    const { errors } = parse('COPY a \\\n  --chmod=755 \\\n # c\n b\nLABEL x="1" \\\n  y\n');
    assert.deepEqual(places(errors), ['2:3 SYNTAX', '6:3 SYNTAX']);
  });

  it('put the problems of a file in the order of their lines', () => {
    const { errors } = parse('FROM a AS\nRUN x\nFROM b\nRUN y\nCMD [\n');
    assert.deepEqual(places(errors), ['1:8 SYNTAX', '2:1 UNSUPPORTED', '4:1 UNSUPPORTED', '5:6 SYNTAX']);
  });
});

describe('heredocs', () => {
  const skipped: [name: string, text: string, error?: string][] = [
    ['COPY', 'COPY <<EOF /x\nFROM a\nnonsense\nEOF\nCOPY a b\n'],
    ['COPY behind a flag', 'COPY --chmod=755 <<EOF /x\nnonsense\nEOF\nCOPY a b\n'],
    ['RUN', 'RUN <<EOF\nnonsense\nEOF\nCOPY a b\n', '1:1 UNSUPPORTED'],
    ['RUN with a command', 'RUN cat <<EOF > /x\nnonsense\nEOF\nCOPY a b\n', '1:1 UNSUPPORTED'],
    ['ADD', 'ADD <<EOF /x\nnonsense\nEOF\nCOPY a b\n'],
    ['ONBUILD RUN', 'ONBUILD RUN <<EOF\nnonsense\nEOF\nCOPY a b\n'],
    ['a quoted end', 'RUN <<"E O F"\nnonsense\nE O F\nCOPY a b\n', '1:1 UNSUPPORTED'],
    ['an end after a space', 'RUN cat << EOF\nnonsense\nEOF\nCOPY a b\n', '1:1 UNSUPPORTED'],
    ['an indented end', 'RUN <<-EOF\n\tnonsense\n\tEOF\nCOPY a b\n', '1:1 UNSUPPORTED'],
    ['carriage returns', 'RUN <<EOF\r\nnonsense\r\nEOF\r\nCOPY a b\r\n', '1:1 UNSUPPORTED'],
    ['two of them', 'RUN <<A <<B\nnonsense\nA\nnonsense\nB\nCOPY a b\n', '1:1 UNSUPPORTED'],
    ['an end that looks indented', 'RUN <<EOF\n\tEOF\nEOF\nCOPY a b\n', '1:1 UNSUPPORTED'],
  ];
  for (const [name, text, error] of skipped) {
    it(`are skipped whole: ${name}`, () => {
      const { instructions, errors } = parse(text);
      assert.deepEqual(places(errors), error === undefined ? [] : [error]);
      assert.equal(instructions.length, error === undefined ? 2 : 1);
      assert.deepEqual(instructions.slice(-1).map(withoutPositions), [copy('a', 'b')]);
    });
  }

  it('that never end are named, and swallow nothing', () => {
    const { instructions, errors } = parse('COPY <<EOF /x\nCOPY a b\n');
    assert.match(only(errors).message, /"EOF"/);
    assert.deepEqual(instructions.map(withoutPositions), [copy('a', 'b')]);
  });

  it('are no heredocs in other instructions or in quotes', () => {
    const { errors } = parse('LABEL a="<<EOF"\nRUN "<<EOF"\nCMD ["<<EOF"]\nCOPY "<<a" b\nCOPY a b\n');
    assert.deepEqual(places(errors), ['2:1 UNSUPPORTED']);
  });
});

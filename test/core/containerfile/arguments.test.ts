import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { argumentWords } from '../../../src/core/containerfile/arguments.ts';
import { only, parse, parseClean, places, withoutPositions } from './parse.ts';

describe('CMD and ENTRYPOINT', () => {
  const lists: [text: string, words: string[]][] = [
    ['[]', []],
    ['[ ]', []],
    ['["a"]', ['a']],
    ['["a", "b c"]', ['a', 'b c']],
    ['[ "a"\t,"b" ]  ', ['a', 'b']],
    ['["", " "]', ['', ' ']],
    ['["\\u0061\\n\\t\\"\\\\\\/", "é😀\\ud83d\\ude00"]', ['a\n\t"\\/', 'é😀😀']],
    ['["$A", "#b", "[", "&&"]', ['$A', '#b', '[', '&&']],
    ['["a", \\\n # c\n "b"]', ['a', 'b']],
  ];
  for (const [text, words] of lists) {
    it(`read the list ${JSON.stringify(text)}`, () => {
      for (const type of ['cmd', 'entrypoint']) {
        const [instruction] = parseClean(`${type} ${text}`);
        assert.deepEqual(instruction && withoutPositions(instruction), {
          type,
          arguments: { form: 'exec', words },
        });
      }
    });
  }

  const texts: [text: string, read: string, words: string[]][] = [
    ['a', 'a', ['a']],
    ['  a  b\t ', 'a  b', ['a', 'b']],
    [`a 'b  c' "d e"f`, `a 'b  c' "d e"f`, ['a', 'b  c', 'd ef']],
    [`a ''`, `a ''`, ['a', '']],
    ['a\\ b \\"c\\" \\\\', 'a\\ b \\"c\\" \\\\', ['a b', '"c"', '\\']],
    ['"\\a\\"\\\\\\$b\\`"', '"\\a\\"\\\\\\$b\\`"', ['\\a"\\$b`']],
    [`'a\\b'"'"`, `'a\\b'"'"`, [`a\\b'`]],
    [`'[' a ]`, `'[' a ]`, ['[', 'a', ']']],
    ['a \\\n   b', 'a    b', ['a', 'b']],
    ['--port=80 a#b 5$', '--port=80 a#b 5$', ['--port=80', 'a#b', '5$']],
  ];
  for (const [text, read, words] of texts) {
    it(`read the text ${JSON.stringify(text)}`, () => {
      for (const type of ['cmd', 'entrypoint']) {
        const [instruction] = parseClean(`${type} ${text}`);
        assert.ok(instruction?.type === 'cmd' || instruction?.type === 'entrypoint');
        assert.equal(instruction.type, type);
        assert.deepEqual(instruction.arguments, { form: 'shell', text: read });
        assert.deepEqual(argumentWords(instruction.arguments), words);
      }
    });
  }

  it('give the words of a list as they are', () => {
    assert.deepEqual(argumentWords({ form: 'exec', words: ['a  b', '"', ''] }), ['a  b', '"', '']);
  });

  it('take the last of several, with a warning at the later', () => {
    const { instructions, errors, warnings } = parse('CMD a\nENTRYPOINT b\nCMD c\nENTRYPOINT ["d"]\n');
    assert.deepEqual(errors, []);
    assert.equal(instructions.length, 4);
    assert.deepEqual(places(warnings), ['3:1 SYNTAX', '4:1 SYNTAX']);
    assert.deepEqual(
      warnings.map(({ message }) => /line \d/.exec(message)?.[0]),
      ['line 1', 'line 2'],
    );
  });

  const warned: [text: string, place: string, names: string][] = [
    ['CMD a && b', '1:7', '"&&"'],
    ['CMD a; b', '1:6', '";"'],
    ['CMD a | b', '1:7', '"|"'],
    ['CMD a >b', '1:7', '">"'],
    ['CMD a `b`', '1:7', '"`"'],
    ['CMD a # b', '1:7', '"#"'],
    ['CMD a $B ${C}', '1:7', '"$B"'],
    ['CMD a "${B}"', '1:8', '"${B}"'],
  ];
  for (const [text, place, names] of warned) {
    it(`warn that no shell reads ${text}`, () => {
      const { errors, warnings } = parse(text);
      assert.deepEqual(errors, []);
      assert.deepEqual(places(warnings), [`${place} SYNTAX`]);
      assert.ok(only(warnings).message.includes(names), only(warnings).message);
    });
  }

  it('warn of nothing that is quoted', () => {
    parseClean(`CMD sh -c 'a && b; $C' \\& "#" \\$D`);
  });

  const refused: [name: string, text: string, place: string, says: RegExp][] = [
    ['nothing', 'CMD', '1:1', /CMD \[\]/],
    ['nothing but white space', 'ENTRYPOINT  \\\n \n', '1:1', /ENTRYPOINT \[\]/],
    ['single quotes in the list', `CMD ['a']`, '1:6', /double quotes/],
    ['words in the list', 'CMD [a, b]', '1:6', /"a,"/],
    ['a shell test', 'CMD [ -f a ]', '1:7', /single quotes/],
    ['a comma too many', 'CMD ["a",]', '1:10', /"\]"/],
    ['a comma too few', 'CMD ["a" "b"]', '1:10', /","/],
    ['a number', 'CMD ["a", 1]', '1:11', /"1\]"/],
    ['a list in the list', 'CMD [["a"]]', '1:6', /string/],
    ['an open list', 'CMD ["a", "b"', '1:14', /end of the instruction/],
    ['an open list on another line', 'CMD ["a", \\\n  "b"', '2:6', /end of the instruction/],
    ['an open string', 'CMD ["a", "b]', '1:11', /never closed/],
    ['an unknown escape', 'CMD ["a\\x"]', '1:8', /\\\\x/],
    ['half of an escape', 'CMD ["\\u12"]', '1:7', /\\\\u/],
    ['a tab in a string', 'CMD ["a\tb"]', '1:8', /\\t/],
    ['half of a surrogate pair', 'CMD ["a", "\\ud800"]', '1:11', /surrogate/],
    ['NUL', 'CMD ["\\u0000"]', '1:6', /u0000/],
    ['a word after the list', 'CMD ["a"] b', '1:11', /"b"/],
    ['a comment after the list', 'CMD ["a"] # b', '1:11', /line of its own/],
    ['an open single quote', `CMD it's`, '1:7', /never closed/],
    ['an open double quote', 'CMD a "b', '1:7', /never closed/],
    ['a backslash at the end', '# escape=`\nCMD a\\', '2:6', /backslash/],
  ];
  for (const [name, text, place, says] of refused) {
    it(`refuse ${name}`, () => {
      const { errors } = parse(text);
      assert.deepEqual(places(errors), [`${place} SYNTAX`]);
      const { message, hint } = only(errors);
      assert.match(`${message} ${hint ?? ''}`, says);
    });
  }
});

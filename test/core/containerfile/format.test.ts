import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatContainerfile, formatInstruction } from '../../../src/core/containerfile/format.ts';
import { parse, withoutPositions } from './parse.ts';

describe('formatInstruction', () => {
  const rows: [text: string, formatted: string][] = [
    ['from  scratch', 'FROM scratch'],
    ['from --platform=a/b "c:1"  as d', 'FROM --platform=a/b c:1 AS d'],
    ['copy  a   b', 'COPY a b'],
    ['COPY --link --chown=5 --chmod=55 a b c/', 'COPY --chmod=0055 --chown=5:5 a b c/'],
    ['COPY "a b" c', 'COPY ["a b", "c"]'],
    ['COPY ["a","b"]', 'COPY a b'],
    ['COPY [a-z] /', 'COPY ["[a-z]", "/"]'],
    ['COPY "#a" /', 'COPY ["#a", "/"]'],
    ['COPY "<<a" /', 'COPY ["<<a", "/"]'],
    ['COPY -- --link /', 'COPY ["--link", "/"]'],
    ['COPY ["a\\n\\u007f\\u2028", "/"]', 'COPY ["a\\n\\u007f\\u2028", "/"]'],
    ['LABEL a=b', 'LABEL a="b"'],
    ['LABEL "a"="b" c=""', 'LABEL a="b" c=""'],
    [`LABEL 'a b'='c "d"'`, `LABEL "a b"='c "d"'`],
    [`LABEL a="it's \\"b\\" \\\\ \\$c"`, `LABEL a="it's \\"b\\" \\\\ \\$c"`],
    ['LABEL "#a"=\\$b', `LABEL "#a"='$b'`],
    ['LABEL "-a"=b', 'LABEL "-a"="b"'],
    ['CMD  a   "b"', 'CMD a   "b"'],
    ['CMD [ "a","b c" ]', 'CMD ["a", "b c"]'],
    ['ENTRYPOINT []', 'ENTRYPOINT []'],
  ];
  for (const [text, formatted] of rows) {
    it(`writes ${text} in one way`, () => {
      const { instructions, errors } = parse(text);
      assert.deepEqual(errors, []);
      assert.deepEqual(instructions.map(formatInstruction), [formatted]);
      const [again] = parse(formatted).instructions;
      assert.deepEqual(
        again && withoutPositions(again),
        instructions[0] && withoutPositions(instructions[0]),
      );
    });
  }
});

describe('formatContainerfile', () => {
  it('writes one instruction a line', () => {
    const text = 'FROM scratch\nCOPY a b\nLABEL a="b"\nCMD ["c"]\n';
    assert.equal(formatContainerfile(parse(text).stages), text);
    assert.equal(formatContainerfile([]), '');
  });
});

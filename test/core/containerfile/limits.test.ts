// Files that are larger than anybody writes: refused where they stand, and soon.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseContainerfile } from '../../../src/core/containerfile/parser.ts';
import { limits } from '../../../src/core/limits.ts';

const parse = (text: string) => parseContainerfile(Buffer.from(`FROM scratch\n${text}`), 'Containerfile');

describe('a Containerfile', () => {
  const words = 'a '.repeat(limits.words);
  const strings = `["a"${',"a"'.repeat(limits.words)}]`;
  const rows: [name: string, text: string, message: RegExp, line: number][] = [
    ['words of LABEL', `LABEL a=b ${words}`, /^expected at most 1000 words in an instruction, got 1001$/, 2],
    ['words of COPY', `COPY b ${words}`, /^expected at most 1000 words/, 2],
    ['words of CMD', `CMD b ${words}`, /^expected at most 1000 words/, 2],
    ['words of ARG', `ARG b ${words}`, /^expected at most 1000 words/, 2],
    ['words of FROM', `FROM b ${words}`, /^expected at most 1000 words/, 2],
    ['flags of COPY', `COPY ${'--link '.repeat(1001)}a b`, /^expected at most 1000 words/, 2],
    ['sources in a list', `COPY ${strings}`, /^expected at most 1000 strings in a JSON list, got more$/, 2],
    ['arguments in a list', `ENTRYPOINT ${strings}`, /^expected at most 1000 strings/, 2],
    ['COPY instructions', 'COPY a /b\n'.repeat(1001), /^expected at most 1000 COPY instructions$/, 1002],
    ['instructions', 'LABEL a="b"\n'.repeat(10_000), /^expected at most 10000 instructions$/, 10_001],
    ['bytes in a destination', `COPY a ${'/a'.repeat(50_000)}`, /^expected a path of at most 4096 bytes/, 2],
    ['bytes in a source', `COPY ${'é'.repeat(2049)} /a`, /^expected a path of at most 4096 bytes/, 2],
    [
      'bytes in a path of variables',
      `ARG a=${'b'.repeat(2000)}\nCOPY $a$a$a /a`,
      /^expected a path of at most 4096 bytes/,
      3,
    ],
  ];
  for (const [name, text, message, line] of rows) {
    it(`has a limit of ${name}`, () => {
      const { errors } = parse(text);
      assert.deepEqual(
        errors.map((error) => [error.code, message.test(error.message), error.position?.line]),
        [['CONTAINERFILE_SYNTAX', true, line]],
      );
    });
  }

  it('may come up to its limits', () => {
    const source = 'a'.repeat(limits.path);
    const { errors } = parse(`${'COPY b c\n'.repeat(limits.copies - 1)}COPY ${source} /a\nCMD ${words}`);
    assert.deepEqual(errors, []);
  });

  it('reads nothing behind the stage that is one too many', () => {
    const stages = Array.from(
      { length: 501 },
      (_, at) => `FROM scratch AS s${at}\nCOPY --from=s${at - 1} a /a\n`,
    );
    const { errors, stages: read } = parse(stages.join('').replace('COPY --from=s-1 a /a\n', ''));
    assert.equal(read.length, limits.stages);
    assert.ok(
      read.every(({ instructions }, at) =>
        instructions.every((each) => {
          return each.type !== 'copy' || (each.from?.stage ?? -1) < at;
        }),
      ),
    );
    assert.deepEqual(
      errors.map(({ message }) => message),
      ['expected at most 500 stages'],
    );
  });
});

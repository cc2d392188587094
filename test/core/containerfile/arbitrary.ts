// Random Containerfiles for the property tests: bytes, text that comes close to one, and instructions.

import fc from 'fast-check';
import type { Arguments, Copy, From, Label, Stage } from '../../../src/core/containerfile/instruction.ts';

const position = { file: 'Containerfile', line: 1, column: 1 };

/** Text of the words and signs that mean something somewhere. */
export const containerfileText: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc.constantFrom(
          ...[
            'FROM ',
            'scratch',
            ' AS ',
            'COPY ',
            'LABEL ',
            'CMD ',
            'ENTRYPOINT ',
            'RUN ',
            'label\t',
            '\n',
            '\n',
          ],
          ...[
            '\r\n',
            ' ',
            '  ',
            '\t',
            '\\\n',
            ' \\ \n',
            '\\',
            '`',
            '`\n',
            '# escape=`\n',
            '#syntax=x\n',
            '# c\n',
          ],
          ...[
            '"',
            "'",
            '=',
            'a=b',
            '"a"="b"',
            'a',
            'b c',
            '/',
            './',
            '[',
            ']',
            '["a", "b"]',
            ',',
            '$A',
            '${',
            '${TARGETARCH:-',
            '}',
            'ARG ',
            'A=1 ',
          ],
          ...[
            '--chmod=',
            '755 ',
            '--chown=1:2 ',
            '--from=x ',
            '--',
            '<<EOF',
            '<<-',
            'EOF\n',
            '&&',
            '#',
            '😀',
            '\u00a0',
          ],
          ...[
            'ENV ',
            'WORKDIR ',
            'USER ',
            'EXPOSE 80 ',
            'VOLUME ',
            'STOPSIGNAL 9',
            'SHELL ',
            'ADD ',
            'ONBUILD ',
          ],
          ...[
            'HEALTHCHECK CMD ',
            '--interval=1s ',
            'MAINTAINER ',
            '${A#',
            '${A%%',
            '${A//',
            '*',
            '?',
            "<<'EOF' ",
          ],
          ...['--chmod=u+x ', '--chown=a:b ', '--unpack=false '],
          ...['--rootfs=initrd,compression=gzip ', '--rootfs=block,free=1K '],
          ...['\uFEFF', '\0', '\u001b', '\u2028', '\u202e'],
        ),
      },
      { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 3 }) },
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(''));

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom('"', "'", '\\', '$', 'a', ' ', '\t', '=', '#', '[', '-', '<', '`', '\u00a0', 'é'),
  }),
);
/** What a JSON list can hold. */
const word = text.filter((value) => !value.includes('\0'));
/** What a line can hold. */
const lineText = text.map((value) => value.replaceAll(/(?!\t)\p{Cc}/gu, ''));
const path = word.filter((value) => value !== '');
const imageName = fc.string({ unit: fc.constantFrom('a', 'Z', '0', '/', ':', '.', '@', '{', '}', 'é') });

const from: fc.Arbitrary<From> = fc.record(
  {
    type: fc.constant('from' as const),
    image: imageName.map((name) => `a${name}`),
    platform: imageName.map((name) => `a${name}`),
    name: fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9_.-]*$/),
    position: fc.constant(position),
    imagePosition: fc.constant(position),
  },
  { requiredKeys: ['type', 'image', 'position', 'imagePosition'] },
);

/** Anything but a number, and but a name that a stage could have. */
const copySource = lineText.map((value) => `/${value}`.trim());

const id = fc.integer({ min: 0, max: 2 ** 32 - 2 });
const userName = fc.stringMatching(/^[a-z_][a-z0-9_-]{0,8}$/).filter((name) => name !== 'root');
const owner = fc.oneof(id, userName);
const copy: fc.Arbitrary<Copy> = fc
  .record(
    {
      type: fc.constant('copy' as const),
      sources: fc.array(
        path.map((value) => ({ path: value, position })),
        { minLength: 1, maxLength: 4 },
      ),
      destination: path,
      chmod: fc.oneof(fc.integer({ min: 0, max: 0o7777 }), fc.constantFrom('u+x', 'a+rX,go-w', 'go=u', '=')),
      chown: fc.oneof(fc.record({ user: owner, group: owner }), fc.record({ user: userName })),
      from: fc.record({ value: copySource, position: fc.constant(position) }),
      position: fc.constant(position),
    },
    { requiredKeys: ['type', 'sources', 'destination', 'position'] },
  )
  .map((value) => (value.sources.length === 1 ? value : { ...value, destination: `${value.destination}/` }));

const label: fc.Arbitrary<Label> = fc.record({
  type: fc.constant('label' as const),
  pairs: fc.array(
    fc.record({
      key: lineText.filter((key) => key !== ''),
      value: lineText,
      position: fc.constant(position),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  position: fc.constant(position),
});

/** Text whose quotes close and whose last escape has something to escape, as the parser asks. */
const shellText = fc
  .array(
    fc.oneof(
      fc.string({ unit: fc.constantFrom('a', '$', '=', '#', '[', '-', '&', '`', 'é'), minLength: 1 }),
      lineText.map((value) => `'${value.replaceAll("'", '')}'`),
      lineText.map((value) => `"${value.replaceAll(/["\\]/g, '\\$&')}"`),
      fc.constantFrom('\\\\', '\\"', "\\'", '\\[', '  ', '\t'),
    ),
    { minLength: 1 },
  )
  .map((parts) => parts.join('').trim())
  .filter((value) => value !== '' && !value.startsWith('['));

const args: fc.Arbitrary<Arguments> = fc.oneof(
  fc.record({ form: fc.constant('exec' as const), words: fc.array(word) }),
  fc.record({ form: fc.constant('shell' as const), text: shellText }),
);

const command = fc.record({
  type: fc.constantFrom('cmd' as const, 'entrypoint' as const),
  arguments: args,
  position: fc.constant(position),
});

/** Stages that a parser may return; only the last one is needed for the image. */
export const stageList: fc.Arbitrary<readonly Stage[]> = fc
  .array(fc.record({ from, instructions: fc.array(fc.oneof(copy, label, command), { maxLength: 6 }) }), {
    minLength: 1,
    maxLength: 3,
  })
  .map((stages) => stages.map((stage, number) => ({ ...stage, from: named(stage.from, number) })));

/** The name as it is, and unlike that of any other stage or image. */
function named({ name, ...others }: From, number: number): From {
  return name === undefined ? others : { ...others, name: `${name}-stage-${number}` };
}

// Random Containerfiles for the property tests: bytes, text that comes close to one, and instructions.

import fc from 'fast-check';
import { isIgnorePattern } from '../../../src/core/files/ignore.ts';
import type {
  Arguments,
  Copy,
  From,
  Instruction,
  Label,
  Stage,
} from '../../../src/core/containerfile/instruction.ts';

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
          ...[
            '--chmod=u+x ',
            '--chown=a:b ',
            '--unpack=false ',
            '--parents ',
            '--exclude=',
            '/./',
            '--link ',
          ],
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

/** Patterns as an ignore file could have them. */
const excluded = fc
  .oneof(fc.constantFrom('*.txt', '**/x', '!keep', 'a b', '[a-c]?'), lineText)
  .filter((value) => value !== '' && isIgnorePattern(value));

const id = fc.integer({ min: 0, max: 2 ** 32 - 2 });
const userName = fc.stringMatching(/^[a-z_][a-z0-9_-]{0,8}$/).filter((name) => name !== 'root');
const owner = fc.oneof(id, userName);
const plainCopy: fc.Arbitrary<Copy> = fc
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
      exclude: fc.array(excluded, { minLength: 1, maxLength: 3 }),
      position: fc.constant(position),
    },
    { requiredKeys: ['type', 'sources', 'destination', 'position'] },
  )
  .map((value) => (value.sources.length === 1 ? value : { ...value, destination: `${value.destination}/` }));

/** Text of lines none of which ends a heredoc. */
const documentText = fc
  .array(
    lineText.map((line) => (/^[a-z]\w*$/i.test(line) ? `${line}!` : line)),
    { maxLength: 3 },
  )
  .map((lines) => lines.map((line) => `${line}\n`).join(''));

const documentCopy: fc.Arbitrary<Copy> = fc.record(
  {
    type: fc.constant('copy' as const),
    sources: fc.array(
      lineText.filter((value) => value !== '').map((value) => ({ path: value, position })),
      { maxLength: 2 },
    ),
    documents: fc.uniqueArray(
      fc.record({
        name: fc.stringMatching(/^[a-zA-Z]\w{0,5}$/),
        text: documentText,
        position: fc.constant(position),
      }),
      { minLength: 1, maxLength: 3, selector: ({ name }) => name },
    ),
    destination: lineText.map((value) => `${value}/`),
    chmod: fc.integer({ min: 0, max: 0o7777 }),
    exclude: fc.array(excluded, { minLength: 1, maxLength: 2 }),
    position: fc.constant(position),
  },
  { requiredKeys: ['type', 'sources', 'documents', 'destination', 'position'] },
);

const copy: fc.Arbitrary<Copy> = fc
  .tuple(
    plainCopy,
    fc.record(
      {
        from: fc.record({ value: copySource, position: fc.constant(position) }),
        parents: fc.constant(true as const),
      },
      { requiredKeys: [] },
    ),
  )
  .map(([value, flags]) => ({ ...value, ...flags }));

const add: fc.Arbitrary<Copy> = fc
  .tuple(plainCopy, fc.record({ unpack: fc.boolean() }, { requiredKeys: [] }))
  .map(([value, flags]) => ({ ...value, isAdd: true, ...flags }));

const oneLine = lineText.filter((value) => value !== '');
const setting: fc.Arbitrary<Instruction> = fc.oneof(
  fc.record({
    type: fc.constant('env' as const),
    pairs: fc.array(
      fc.record({
        key: fc.stringMatching(/^[A-Z_]\w{0,5}$/),
        value: lineText,
        position: fc.constant(position),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    position: fc.constant(position),
  }),
  fc.record({ type: fc.constant('workdir' as const), path: oneLine, position: fc.constant(position) }),
  fc.record({ type: fc.constant('user' as const), user: oneLine, position: fc.constant(position) }),
  fc.record({
    type: fc.constant('expose' as const),
    ports: fc.uniqueArray(
      fc
        .tuple(fc.nat(65535), fc.constantFrom('tcp', 'udp', 'sctp'))
        .map(([port, protocol]) => `${port}/${protocol}`),
      { minLength: 1, maxLength: 4 },
    ),
    position: fc.constant(position),
  }),
  fc.record({
    type: fc.constant('volume' as const),
    paths: fc.array(
      word.map((value) => value.trim()).filter((value) => value !== ''),
      {
        minLength: 1,
        maxLength: 3,
      },
    ),
    position: fc.constant(position),
  }),
  fc.record({
    type: fc.constant('shell' as const),
    words: fc.array(word, { minLength: 1, maxLength: 3 }),
    position: fc.constant(position),
  }),
  fc.record({
    type: fc.constant('stopsignal' as const),
    signal: fc.constantFrom('SIGTERM', 'int', '9', 'SIGRTMIN+3'),
    position: fc.constant(position),
  }),
  fc.record({
    type: fc.constant('maintainer' as const),
    name: fc.constantFrom('me', 'A  B <a@b>', '"q" $A', "it's me # not"),
    position: fc.constant(position),
  }),
  fc.record({
    type: fc.constant('onbuild' as const),
    text: fc.constantFrom('COPY a b', 'RUN x && y "$Z"', 'ADD --chown=1 ["a", "b"]'),
    position: fc.constant(position),
  }),
  fc
    .constantFrom(
      ['NONE', { Test: ['NONE'] }] as const,
      [
        '--interval=5s --retries=2 CMD ["p", "q"]',
        { Interval: 5e9, Retries: 2, Test: ['CMD', 'p', 'q'] },
      ] as const,
      ['CMD p  "q"', { Test: ['CMD-SHELL', 'p  "q"'] }] as const,
    )
    .map(([written, health]) => ({ type: 'healthcheck' as const, text: written, health, position })),
);

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

const instruction = fc.oneof(copy, add, documentCopy, label, command, setting);

/** Stages that a parser may return; only the last one is needed for the image. */
export const stageList: fc.Arbitrary<readonly Stage[]> = fc
  .array(fc.record({ from, instructions: fc.array(instruction, { maxLength: 6 }) }), {
    minLength: 1,
    maxLength: 3,
  })
  .map((stages) => stages.map((stage, number) => ({ ...stage, from: named(stage.from, number) })));

/** The name as it is, and unlike that of any other stage or image. */
function named({ name, ...others }: From, number: number): From {
  return name === undefined ? others : { ...others, name: `${name}-stage-${number}` };
}

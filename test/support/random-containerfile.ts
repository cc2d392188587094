// Random Containerfiles that other builders read too. What differs on purpose is in the table of docs/containerfile.md,
// and is not generated here.

import fc from 'fast-check';

const key = (name: string) => `com.urunc.unikernel.${name}`;

/** What urunc needs; it is no part of the comparison. */
export const unikernel = [
  `LABEL ${key('binary')}=/unikernel ${key('unikernelType')}=unikraft ${key('hypervisor')}=qemu`,
  `LABEL ${key('version')}=1 ${key('unikernelVersion')}=1 ${key('cmdline')}="a"`,
  'CMD ["a"]',
];

/** Users, groups and variables that the lines below count on. The context of `comparedContext` has the files. */
const head = [
  'COPY users /etc/',
  'COPY unikernel /unikernel',
  'COPY --chown=21:22 d /own/d',
  'ARG P=pp',
  'ENV A=a1 B= PORT=70 S=SIGTERM',
];

const name = fc.constantFrom('A', 'B', 'C', 'LONG_NAME');
const values = [
  ...['x', 'y1', '/p/q', '"two words"', "'single $A'", '$A', '${B}', '"$A-$B"', '${C:-d}', '${A:+e}'],
  ...['a\\ b', 'x\\$y', '"q\\"q"', '""', '$A$B', "it\\'s", '${LONG_NAME:-"f g"}', '$D', '${E:-$D}'],
  '"tab\tin"',
];
/** What buildah 1.28 doesn't know. */
const newValues = [
  ...[
    '${A#a}',
    '${A##*1}',
    '${A%1}',
    '${A%%?}',
    '${A/a/b}',
    '"${A//1/$PORT}"',
    '${LONG_NAME#*/}',
    '${D%"x"}',
  ],
  ...[
    '${A-z}',
    '${NONE-z}',
    '${B-z}',
    '${B:-${A:+"n m"}}',
    '${A/\\*/s}',
    "${A#'a'}",
    '${S%T*M}',
    '"${S/?T/_}"',
  ],
];

interface Words {
  readonly value: fc.Arbitrary<string>;
  /** Flags of COPY and ADD, each with a space after it. */
  readonly flags: fc.Arbitrary<string>;
  /** Instructions that bring files. */
  readonly copies: fc.Arbitrary<string>;
}

const chowns = ['', '', '--chown=5:6 ', '--chown=7 ', '--chown=0:3 ', '--chown=app ', '--chown=app:staff '];
const chmods = ['', '', '--chmod=600 ', '--chmod=0755 ', '--chmod=4711 '];
const newChmods = [
  ...['--chmod=u+x ', '--chmod=a+rX,go-w ', '--chmod=u=rwX,go=rX ', '--chmod=go=u ', '--chmod=g-r,o= '],
  ...['--chmod=+x '],
];

function flagsOf(...choices: readonly (readonly string[])[]): fc.Arbitrary<string> {
  return fc.tuple(...choices.map((choice) => fc.constantFrom(...choice))).map((parts) => parts.join(''));
}

const keyword = fc.constantFrom('COPY', 'COPY', 'ADD');
const singles = ['f', 'run', '[f]', 'd/x', '/f', './d/x'];
const several = [
  ...['d', 'd/', 'd/e', '.', 'f run', 'd f', 'd/* run', '*', '?', 'links', 'links d', 'f none*'],
];
/** Patterns in a folder that isn't there are an error of BuildKit's. */
const severalOrNone = [...several, 'f none* no/such*'];

/** Sources that are there in every context, and where they go. */
function plainCopies(flags: fc.Arbitrary<string>, some: readonly string[]): fc.Arbitrary<string> {
  const places = ['/one', '/dir/', 'here', './there/', '/w/v/file', '$P/', '/dir/new', '.'];
  const line = (sources: readonly string[], to: readonly string[]) =>
    fc
      .tuple(keyword, flags, fc.constantFrom(...sources), fc.constantFrom(...to))
      .map(([word, flag, source, target]) => `${word} ${flag}${source} ${target}`);
  return fc.oneof(
    line(singles, places),
    line(some, ['/dir/', 'sub/', '/w/v/', './', '/tree/$P/']),
    fc
      .tuple(flags, fc.constantFrom('/dir/', '/json dir/'))
      .map(([flag, to]) => `COPY ${flag}["s p", "f", "${to}"]`),
  );
}

const folder = fc.constantFrom(
  ...['/w', '/w/v', 'rel', 'rel/x', '../up', '/deep/er/est', '$P', '/w/$P/z', '"/w s"'],
);

function settings(value: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const pairs = (left: fc.Arbitrary<string>) =>
    fc
      .array(fc.tuple(left, value), { minLength: 1, maxLength: 3 })
      .map((all) => all.map(([one, other]) => `${one}=${other}`).join(' '));
  return fc.oneof(
    pairs(name).map((all) => `ENV ${all}`),
    fc
      .tuple(name, fc.constantFrom('old form', '$A  x', '"q"  r'))
      .map(([left, right]) => `ENV ${left} ${right}`),
    pairs(fc.constantFrom('l1', 'l.2', '"l 3"', 'l4$A')).map((all) => `LABEL ${all}`),
    fc
      .tuple(fc.constantFrom('D', 'E', 'U'), fc.option(value))
      .map(([left, right]) => `ARG ${left}${right === null ? '' : `=${right}`}`),
    folder.map((path) => `WORKDIR ${path}`),
    fc.constantFrom('USER 5:6', 'USER 7', 'USER app', 'USER app:staff', 'USER ${U:-8}', 'USER root'),
    fc.constantFrom('EXPOSE 80', 'EXPOSE 81/udp 80', 'EXPOSE $PORT'),
    fc.constantFrom('VOLUME /data', 'VOLUME ["/v 1", "/v2"]', 'VOLUME /v3 /$P'),
    fc.constantFrom('STOPSIGNAL SIGINT', 'STOPSIGNAL 9', 'STOPSIGNAL $S'),
    fc.constantFrom(
      ...['ENTRYPOINT ["e", "$A"]', 'CMD ["c", "d e"]', 'SHELL ["/bin/x", "-c"]', 'MAINTAINER me'],
    ),
    fc.constantFrom(
      ...['HEALTHCHECK NONE', 'HEALTHCHECK --interval=5s --retries=2 CMD ["p"]', 'HEALTHCHECK CMD p q'],
    ),
    fc.constant('ONBUILD COPY f /later'),
  );
}

function fileOf({ value, copies }: Words, taken: readonly string[]): fc.Arbitrary<string> {
  const lines = [
    { weight: 2, arbitrary: copies },
    { weight: 3, arbitrary: settings(value) },
  ];
  const stage = fc.array(fc.oneof(...lines), { minLength: 2, maxLength: 9 });
  return fc
    .record({
      first: fc.option(stage),
      goesOn: fc.boolean(),
      takes: fc.constantFrom(...taken),
      last: stage,
    })
    .map(({ first, goesOn, takes, last }) => {
      if (first === null) return ['FROM scratch', ...head, ...last, ...unikernel].join('\n');
      // What is left for later would be carried out where the stage goes on, and buildah forgets arguments there.
      const base = first.filter((line) => !/^(?:ONBUILD|ARG)/.test(line));
      const from = goesOn ? ['FROM first', 'ARG P=pp'] : ['FROM scratch', ...head];
      return ['FROM scratch AS first', ...head, ...base, ...from, takes, ...last, ...unikernel].join('\n');
    });
}

const commonFlags = flagsOf(chowns, chmods);

/** What buildah 1.28 reads as well. */
export const commonContainerfile = fileOf(
  { value: fc.constantFrom(...values), flags: commonFlags, copies: plainCopies(commonFlags, severalOrNone) },
  ['COPY --from=first /etc/passwd /unikernel /taken/', 'COPY --from=first /own/d /taken'],
);

const excludes = ['--exclude=e ', '--exclude=* ', '--exclude=**/z ', '--exclude=.h* ', '--exclude=d/x '];
const newFlags = flagsOf(
  chowns,
  [...chmods, ...newChmods],
  ['', '', '', ...excludes, '--exclude=* --exclude=!x '],
  ['', '', '--link '],
);

/** What exists at any line, so that nothing above it is made. */
const shallow = /^(?:\/|\.\/|\.|\/etc\/|(?:\/|\/etc\/)?\w+)$/;
const wholeFolders = /^(?:d|d\/|d\/e|\.|\.\/d\/\.\/e|links|r|\/|\/etc)$/;

/**
 * The line without the flags on which BuildKit differs: --chmod where folders are made, --exclude of what a source names
 * itself, and --link where it would change folders that are there.
 */
function withoutDifferences(line: string): string {
  const [, start = '', rest = ''] = /^(\w+ (?:--\S+ )*)(.*)$/s.exec(line) ?? [];
  const words = rest.split('\n')[0]?.split(' ') ?? [];
  const target = words.at(-1) ?? '';
  let flags = start;
  const isOfFiles = words.slice(0, -1).every((word) => singles.includes(word) || word.startsWith('<<'));
  if (!shallow.test(target) || !(isOfFiles || target.endsWith('/')))
    flags = flags.replace(/--chmod=\S+ /, '');
  if (!words.slice(0, -1).every((word) => wholeFolders.test(word)))
    flags = flags.replaceAll(/--exclude=\S+ /g, '');
  const isLinked = /^\/(?:linked\/|doc$)/.test(target) && !flags.includes('--ch');
  if (!isLinked) flags = flags.replace('--link ', '');
  return flags + rest;
}

/** In places that exist or not, in files and folders of the random part of a context. */
const anySource = fc.oneof(
  fc.constantFrom(...singles, ...several),
  fc.constantFrom(
    ...['r', 'r/a', 'r/b', 'r/*', 'r/*/a', 'r/[ab]', 'r/c.txt', 'r/*.txt', 'r/d', 'r/d/*', './r/../r/a'],
  ),
);
const destination = fc.constantFrom(
  ...[
    '/etc/',
    '/linked/',
    '/one',
    '/dir/',
    'here',
    './there/',
    '/w/v/file',
    '$P/',
    '/dir/new',
    '.',
    '/',
    '/r/',
    '/r/d/',
    '/dir/d/e/',
  ],
);

const heredoc = fc
  .record({
    flags: flagsOf(chowns, ['', '--chmod=640 ', '--chmod=755 '], ['', '--link ']),
    word: keyword,
    opens: fc.constantFrom('<<EOF', '<<-EOF', '<<"EOF"', "<<-'EOF'"),
    body: fc.array(
      fc.constantFrom(
        'plain',
        '\tindented $A',
        '"quoted" \\$A \\n',
        '${C:-none} `x`',
        '',
        '# no comment',
        '\\\\',
      ),
      { maxLength: 4 },
    ),
    to: fc.constantFrom('/doc', 'doc/', '/w/v/doc', '$P/doc'),
  })
  .map(({ flags, word, opens, body, to }) => [`${word} ${flags}${opens} ${to}`, ...body, 'EOF'].join('\n'));

const twoHeredocs = fc
  .constantFrom('<<a <<"b" f', '<<a <<-b', 'run <<"a" <<b')
  .map((sources) => `COPY ${sources} /docs/\na $A\na\nb $B\nb`);

const parents = fc
  .tuple(
    flagsOf(chowns, ['', '', '--chmod=700 ', ...excludes]),
    fc.constantFrom(
      ...['d/e', 'd/x f', './d/./e', 'd/*', 'd/./*', '*/e', 'd/**/z', '**/x', '/d/e/z', 'r/./d', 'r/**/a'],
    ),
    fc.constantFrom('/par/', 'par/', '/dir/', './'),
  )
  .map(([flag, sources, to]) => `COPY --parents ${flag}${sources} ${to}`);

const archives = fc
  .tuple(
    flagsOf(['', '--link '], ['', '', '--unpack=false ', '--unpack ']),
    fc.constantFrom('t.tar', 't.tgz', 't.tar f', 't.tgz t.tar'),
    fc.constantFrom('/un/', 'un/', '/dir/d/', './'),
  )
  .map(([flag, sources, to]) => `ADD ${flag}${sources} ${to}`);

const newCopies = fc
  .oneof(
    { weight: 3, arbitrary: plainCopies(newFlags, several) },
    {
      weight: 3,
      arbitrary: fc
        .tuple(keyword, newFlags, fc.array(anySource, { minLength: 1, maxLength: 2 }), destination)
        .map(([word, flag, sources, to]) => {
          const target = /[ *?[]/.test(sources.join(' ')) ? to.replace(/\/?$/, '/') : to;
          return `${word} ${flag}${sources.join(' ')} ${target}`;
        }),
    },
    heredoc,
    twoHeredocs,
    parents,
    archives,
  )
  .map(withoutDifferences);

/** What BuildKit reads. */
export const newContainerfile = fileOf(
  { value: fc.constantFrom(...values, ...newValues), flags: newFlags, copies: newCopies },
  [
    'COPY --from=first /etc/passwd /unikernel /taken/',
    'COPY --from=first --exclude=passwd /etc /taken',
    'COPY --from=first --parents /etc/./passwd /taken/',
    'WORKDIR /taken\nCOPY --from=0 --chmod=go= /etc /un[i]kernel* ./',
    'COPY --from=first / /taken/',
    'COPY --from=first /own/d /taken',
    'COPY --from=first --chown=0:3 /own/d/ /etc/p* /taken/',
    'COPY --from=first --parents /own/d/x /taken/',
    'COPY --from=first --chown=app --exclude=dir --exclude=**/*.txt / /taken',
    'COPY --from=first --parents /*/* /taken/',
  ],
);

// What people write in Containerfiles, one instruction or trick at a time: each builds to what is said here, or is refused
// with its line, the reason and what to write. The context is that of `writeComparedContext` and `addArchives`.

import { unikernel } from './random-containerfile.ts';

export interface BuiltCase {
  readonly name: string;
  readonly lines: readonly string[];
  /** By path; `false` for what must not be there. As in `containerTree`. */
  readonly files?: Readonly<Record<string, string | false>>;
  /** Of the image's config, which may have more. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** What each warning says, in their order. */
  readonly warnings?: readonly RegExp[];
  readonly target?: string;
  readonly buildArgs?: Readonly<Record<string, string>>;
  /** Why BuildKit makes something else of it. */
  readonly apart?: string;
}

export interface RefusedCase {
  readonly name: string;
  readonly lines: readonly string[];
  /** Line and column. */
  readonly at: string;
  readonly reason: RegExp;
  readonly write: RegExp;
  /** What BuildKit makes of it. */
  readonly apart?: string;
}

/** The whole text of a case, in which the first line is 1: FROM scratch unless it has its own. */
export function textOf({ lines }: Pick<BuiltCase, 'lines'>): string {
  const hasStart = lines.some((line) => line.startsWith('FROM'));
  return [
    ...(hasStart ? [] : ['FROM scratch']),
    ...lines,
    'COPY unikernel /unikernel',
    ...unikernel,
    '',
  ].join('\n');
}

const busybox = {
  'bin/absolute': 'link /f 0:0',
  'bin/outside': 'link ../../../etc/passwd 0:0',
  'bin/nowhere': 'link none 0:0',
  'bin/folder': 'link /d 0:0',
};

export const builtCases: readonly BuiltCase[] = [
  {
    name: 'ENV counts for what follows, and not within itself',
    lines: ['ENV A=1 B="x y"', 'ENV A=2 C=$A', 'LABEL l=$A-$B', 'COPY f /$C/'],
    config: { Env: ['A=2', 'B=x y', 'C=1'] },
    labels: { l: '2-x y' },
    files: { '1/f': 'file 644 0:0 f' },
  },
  {
    name: 'WORKDIR makes its folder, and relative destinations start there',
    lines: ['WORKDIR /srv', 'WORKDIR app', 'COPY f here', 'COPY d ./d/'],
    config: { WorkingDir: '/srv/app' },
    files: { 'srv/app': 'dir 755 0:0', 'srv/app/here': 'file 644 0:0 f', 'srv/app/d/x': 'file 755 0:0 xx' },
  },
  {
    name: 'USER and --chown by name, as /etc/passwd and /etc/group of the stage have it',
    lines: ['COPY users /etc/', 'USER app', 'WORKDIR /home', 'COPY --chown=app:staff f ./', 'COPY f /plain'],
    config: { User: 'app' },
    files: { home: 'dir 755 11:12', 'home/f': 'file 644 11:13 f', plain: 'file 644 0:0 f' },
  },
  {
    name: 'root is 0 without any file of users',
    lines: ['COPY --chown=root:root f /r'],
    files: { r: 'file 644 0:0 f' },
  },
  {
    name: 'EXPOSE, VOLUME, STOPSIGNAL, SHELL and MAINTAINER set their fields',
    lines: [
      'EXPOSE 80 53/udp 8000-8001',
      'VOLUME /a /b',
      'STOPSIGNAL SIGINT',
      'SHELL ["/bin/s", "-c"]',
      'MAINTAINER me',
    ],
    config: {
      ExposedPorts: { '53/udp': {}, '80/tcp': {}, '8000/tcp': {}, '8001/tcp': {} },
      Volumes: { '/a': {}, '/b': {} },
      StopSignal: 'SIGINT',
      Shell: ['/bin/s', '-c'],
      author: 'me',
    },
    warnings: [/MAINTAINER is deprecated/],
  },
  {
    name: 'HEALTHCHECK is kept, ONBUILD with a warning',
    lines: ['HEALTHCHECK --interval=5s CMD ["p"]', 'ONBUILD RUN make'],
    config: { Healthcheck: { Test: ['CMD', 'p'], Interval: 5e9 }, OnBuild: ['RUN make'] },
    warnings: [/OCI has no field for ONBUILD/],
  },
  {
    name: 'a HEALTHCHECK that nobody understands is a warning',
    lines: ['HEALTHCHECK whatever'],
    config: { Healthcheck: undefined },
    warnings: [/HEALTHCHECK is left out/],
    apart: 'an error',
  },
  {
    name: 'what is inherited is overridden, and lists grow',
    lines: [
      'FROM scratch AS base',
      'ENV A=1 B=2',
      'USER 5',
      'EXPOSE 1',
      'LABEL l=1 m=1',
      'FROM base',
      'ENV A=3',
      'USER 6:7',
      'EXPOSE 2',
      'LABEL l=2',
    ],
    config: { Env: ['A=3', 'B=2'], User: '6:7', ExposedPorts: { '1/tcp': {}, '2/tcp': {} } },
    labels: { l: '2', m: '1' },
  },
  {
    name: 'ADD of a file and of a folder',
    lines: ['ADD f /x', 'ADD d /y/'],
    files: { x: 'file 644 0:0 f', 'y/e/z': 'file 644 0:0 zz zz' },
  },
  {
    name: 'ADD unpacks a tar',
    lines: ['ADD t.tar /x/'],
    files: {
      'x/e/tool': 'file 4750 21:22 tool',
      'x/e/link': 'link ../x 21:22',
      'x/out': 'link /etc/passwd 21:22',
      'x/hard': 'file 644 21:22 of an archive',
    },
  },
  {
    name: 'ADD unpacks a tar with gzip',
    lines: ['ADD t.tgz /x'],
    files: { 'x/deep/er/est': 'file 644 23:0 deep' },
  },
  { name: 'ADD --unpack=false copies it', lines: ['ADD --unpack=false t.tar /x/'], files: { 'x/e': false } },
  {
    name: 'a heredoc is expanded',
    lines: ['ENV A=1', 'COPY <<EOF /doc', 'a $A ${B:-b} \\$A', 'EOF'],
    files: { doc: 'file 644 0:0 a 1 b $A\n' },
  },
  {
    name: 'a heredoc in quotes is not',
    lines: ['COPY <<"EOF" /doc', 'a $A \\$', 'EOF'],
    files: { doc: 'file 644 0:0 a $A \\$\n' },
  },
  {
    name: 'several heredocs, one of them without its tabs',
    lines: ['COPY <<a <<-b /docs/', 'one', 'a', '\ttwo', '\tb'],
    files: { 'docs/a': 'file 644 0:0 one\n', 'docs/b': 'file 644 0:0 two\n' },
  },
  {
    name: '--parents, with and without a pivot',
    lines: ['COPY --parents d/e/z /x/', 'COPY --parents d/./e/z /y/'],
    files: { 'x/d/e/z': 'file 644 0:0 zz zz', 'y/e/z': 'file 644 0:0 zz zz', 'y/d': false },
  },
  {
    name: '--exclude several times',
    lines: ['COPY --exclude=x --exclude=**/z d /x/'],
    files: { 'x/x': false, 'x/e/z': false, 'x/.hidden': 'file 644 0:0 hidden!' },
  },
  { name: '--link', lines: ['COPY --link f /x/'], files: { 'x/f': 'file 644 0:0 f' } },
  ...(
    [
      ['u+x', '744', '755'],
      ['a+rX,go-w', '644', '755'],
      ['u=rwX,go=rX', '644', '755'],
      ['go=u', '666', '777'],
      ['750', '750', '750'],
    ] as const
  ).map(([mode, file, program]) => ({
    name: `--chmod=${mode}`,
    lines: [`COPY --chmod=${mode} f run /`],
    files: { f: `file ${file} 0:0 f`, run: `file ${program} 0:0 run` },
  })),
  {
    name: '--chmod=0o755',
    lines: ['COPY --chmod=0o755 f /'],
    files: { f: 'file 755 0:0 f' },
    apart: 'an error',
  },
  { name: 'links of a folder stay links, as those of busybox', lines: ['COPY links /bin'], files: busybox },
  { name: 'ADD keeps them too', lines: ['ADD links /bin'], files: busybox },
  {
    name: 'a pattern that matches nothing beside another source',
    lines: ['COPY f none* /x/'],
    files: { 'x/f': 'file 644 0:0 f', 'x/none*': false },
  },
  { name: 'LABEL a=1 b=2 is two labels', lines: ['LABEL a=1 b=2'], labels: { a: '1', b: '2' } },
  {
    name: 'the old LABEL key value and ENV key value',
    lines: ['LABEL key some value', 'ENV KEY some value'],
    labels: { key: 'some value' },
    config: { Env: ['KEY=some value'] },
    warnings: [/"LABEL key=value" should be used/, /"ENV key=value" should be used/],
  },
  {
    name: 'a cmdline in quotes keeps its arguments',
    lines: ['LABEL com.urunc.unikernel.cmdline="console=ttyS0 root=/dev/vda rw" l=1', 'LABEL before=2'],
    labels: { l: '1', before: '2' },
    warnings: [/replaces the one on line 2/],
  },
  {
    name: 'ARG in FROM and in a stage',
    lines: ['ARG BASE=scratch', 'ARG V=1.0', 'FROM ${BASE}', 'ARG V', 'LABEL v=$V'],
    buildArgs: { V: '2.0' },
    labels: { v: '2.0' },
  },
  {
    name: 'the predefined names of a proxy need no ARG',
    lines: ['LABEL l=x'],
    buildArgs: { HTTP_PROXY: 'http://p:1', no_proxy: 'a' },
    labels: { l: 'x' },
  },
  {
    name: 'the platform as an ARG',
    lines: ['ARG TARGETARCH', 'ARG TARGETPLATFORM', 'LABEL a=$TARGETARCH p=$TARGETPLATFORM'],
    labels: { a: 'amd64', p: 'linux/amd64' },
  },
  {
    name: 'every form of a variable',
    lines: [
      'ARG F=abc.tar.gz',
      'LABEL a=${F%.gz} b=${F%%.*} c=${F#*.} d=${F##*.} e=${F/a/b} f=${F//a/_}',
      'LABEL g=${X:-y} h=${F:+z} i=${X-} j=${F:-no}',
    ],
    labels: {
      a: 'abc.tar',
      b: 'abc',
      c: 'tar.gz',
      d: 'gz',
      e: 'bbc.tar.gz',
      f: '_bc.t_r.gz',
      g: 'y',
      h: 'z',
      i: '',
      j: 'abc.tar.gz',
    },
  },
  {
    name: '# check= and # syntax=',
    lines: ['# syntax=docker/dockerfile:1', '# check=skip=all', 'FROM scratch', 'COPY f /f'],
    files: { f: 'file 644 0:0 f' },
    apart: 'it fetches that syntax',
  },
  {
    name: '# check= alone',
    lines: ['# check=skip=all', 'FROM scratch', 'COPY f /f'],
    files: { f: 'file 644 0:0 f' },
  },
  {
    name: '# escape=`',
    lines: ['# escape=`', 'FROM scratch', 'LABEL a=1 `', '  b=c:\\d'],
    labels: { a: '1', b: 'c:\\d' },
  },
  {
    name: 'a stage that nobody needs may RUN',
    lines: ['FROM scratch AS test', 'RUN make test', 'FROM scratch', 'COPY f /f'],
    files: { f: 'file 644 0:0 f' },
    warnings: [/./],
  },
  {
    name: 'COPY --from keeps modes and owners',
    lines: [
      'FROM scratch AS one',
      'COPY --chown=1:2 --chmod=600 f run /t/',
      'FROM scratch',
      'COPY --from=one /t /x',
      'COPY --from=0 --chown=3 /t/f /y',
    ],
    files: { x: 'dir 755 0:0', 'x/f': 'file 600 1:2 f', 'x/run': 'file 600 1:2 run', y: 'file 600 3:3 f' },
  },
  {
    name: 'instructions in any case, and continued lines with comments between',
    lines: ['copy f \\', '# why', '  /x', 'label A=1'],
    files: { x: 'file 644 0:0 f' },
    labels: { A: '1' },
  },
  {
    name: 'the JSON form with spaces in names',
    lines: ['COPY ["s p", "/x y/"]'],
    files: { 'x y/s p': 'file 644 0:0 spaced' },
  },
];

export const targetCase: BuiltCase = {
  name: '--target builds a stage, whatever comes behind it',
  lines: [
    'FROM scratch AS wanted',
    'COPY f /f',
    'COPY unikernel /unikernel',
    ...unikernel,
    'FROM scratch',
    'RUN x',
  ],
  target: 'wanted',
  files: { f: 'file 644 0:0 f' },
  labels: {},
};

export const refusedCases: readonly RefusedCase[] = [
  {
    name: 'RUN',
    lines: ['RUN apt-get install x'],
    at: '2:1',
    reason: /RUN is not supported: it runs a program/,
    write: /buildx build|buildah build.*FROM oci-archive:/,
  },
  {
    name: 'RUN with a heredoc',
    lines: ['RUN <<EOF', 'make', 'EOF'],
    at: '2:1',
    reason: /RUN is not supported/,
    write: /FROM oci-archive:/,
  },
  {
    name: 'a kernel command line without quotes',
    lines: ['LABEL com.urunc.unikernel.cmdline=console=ttyS0 root=/dev/vda'],
    at: '2:49',
    reason: /"root=\/dev\/vda" can be a label of its own or part of the value/,
    write: /"root"="\/dev\/vda".*"console=ttyS0 root=\/dev\/vda"/,
    apart: 'two labels',
  },
  {
    name: 'a very long one, of which nothing is left out',
    lines: [`LABEL com.urunc.unikernel.cmdline=a init=/${'long/'.repeat(60)}x last=1`],
    at: '2:37',
    reason: /can be a label of its own/,
    write: new RegExp(`"init"="/${'long/'.repeat(60)}x" "last"="1".*init=/${'long/'.repeat(60)}x last=1"`),
    apart: 'several labels',
  },
  {
    name: 'ADD of a git repository',
    lines: ['ADD https://github.com/a/b.git#v1 /x'],
    at: '2:5',
    reason: /ADD of a git repository is not supported/,
    write: /Clone it.*COPY/,
  },
  {
    name: 'ADD of a git repository by ssh',
    lines: ['ADD git@github.com:a/b.git /x'],
    at: '2:5',
    reason: /git repository/,
    write: /Clone it/,
  },
  {
    name: 'ADD of an address of the machine',
    lines: ['ADD --checksum=sha256:' + '0'.repeat(64) + ' http://127.0.0.1:9/x /x'],
    at: '2:88',
    reason: /"127\.0\.0\.1" has an address that only this machine/,
    write: /--url-host/,
  },
  {
    name: 'ADD of the metadata of a cloud',
    lines: ['ADD --checksum=sha256:' + '0'.repeat(64) + ' http://169.254.169.254/latest /x'],
    at: '2:88',
    reason: /"169\.254\.169\.254" has an address/,
    write: /--url-host/,
  },
  {
    name: 'COPY of a URL',
    lines: ['COPY https://a.example/x /x'],
    at: '2:6',
    reason: /./,
    write: /Write ADD/,
  },
  {
    name: 'a wrong checksum',
    lines: ['ADD --checksum=sha256:12 https://a.example/x /x'],
    at: '2:16',
    reason: /expected sha256: and 64 hexadecimal digits/,
    write: /sha256sum/,
  },
  {
    name: 'a pattern that matches nothing, alone',
    lines: ['COPY none* no/such* /x/'],
    at: '2:6',
    reason: /nothing in the context matches "none\*"/,
    write: /./,
  },
  {
    name: 'a file that is not there',
    lines: ['COPY fi /x/'],
    at: '2:6',
    reason: /"fi" is not in the context/,
    write: /Did you mean "f"/,
  },
  {
    name: 'a link that leads out and is named itself',
    lines: ['COPY links/outside /x'],
    at: '2:6',
    reason: /leads out of the context, to "\.\.\/\.\.\/\.\.\/etc\/passwd"/,
    write: /by a relative path/,
  },
  {
    name: 'an unknown flag',
    lines: ['COPY --form=x f /x'],
    at: '2:6',
    reason: /COPY has no flag "--form"/,
    write: /--from/,
  },
  {
    name: 'an unknown mode',
    lines: ['COPY --chmod=u+q f /x'],
    at: '2:14',
    reason: /"u\+q"/,
    write: /--chmod=755/,
  },
  {
    name: 'a user that is not there',
    lines: ['COPY --chown=nobody f /x'],
    at: '2:1',
    reason: /a user or a group of the image in --chown, got "nobody"/,
    write: /Write numbers/,
  },
  {
    name: 'a port that is none',
    lines: ['EXPOSE 80 x'],
    at: '2:11',
    reason: /expected a port from 0 to 65535/,
    write: /EXPOSE 80/,
  },
  {
    name: 'a signal that is none',
    lines: ['STOPSIGNAL SIGNOT'],
    at: '2:12',
    reason: /expected a signal, got "SIGNOT"/,
    write: /SIGTERM/,
  },
  {
    name: 'SHELL without a list',
    lines: ['SHELL /bin/sh -c'],
    at: '2:1',
    reason: /expected a JSON list after SHELL/,
    write: /SHELL \["\/bin\/sh", "-c"\]/,
  },
  {
    name: 'a heredoc without an end',
    lines: ['COPY <<EOF /x', 'text'],
    at: '2:6',
    reason: /no line "EOF" ends the heredoc/,
    write: /End it with a line/,
  },
  {
    name: 'a variable that must be there',
    lines: ['LABEL a="${V:?which}"'],
    at: '2:10',
    reason: /expected a value of "V".*"which"/,
    write: /--build-arg V=/,
  },
  {
    name: 'a form of variables that nobody knows',
    lines: ['LABEL a=${V^^}'],
    at: '2:9',
    reason: /expected "}"/,
    write: /\$\{NAME\/from\/to\}/,
  },
  {
    name: 'ENV without a value',
    lines: ['ENV A'],
    at: '2:5',
    reason: /expected key="value", got "A"/,
    write: /Write ENV A=""/,
  },
  {
    name: 'several sources without a folder',
    lines: ['COPY f run /x'],
    at: '2:12',
    reason: /ends with "\/" for several sources/,
    write: /Write "\/x\/"/,
    apart: 'the last one stays',
  },
  { name: 'a misspelt instruction', lines: ['CPOY f /x'], at: '2:1', reason: /got "CPOY"/, write: /COPY\?/ },
];

// What the instructions that run no program make of the config and of the rootfs.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { examine } from '../../../src/usecases/plan/plan.ts';
import { baseLayout } from '../../support/base-image.ts';
import type { SampleBase } from '../../support/base-image.ts';
import { buildContext } from '../../support/build.ts';
import type { BuiltContext } from '../../support/build.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { listTar } from '../../support/list-tar.ts';

const hello = readFileSync(join(import.meta.dirname, '../../../examples/hello/hello-arm64'));
const labels = [
  'COPY app /unikernel/app',
  'LABEL com.urunc.unikernel.binary=/unikernel/app com.urunc.unikernel.unikernelType=unikraft',
  'LABEL com.urunc.unikernel.hypervisor=qemu com.urunc.unikernel.version=1 com.urunc.unikernel.cmdline=""',
];

async function build(
  test: TestContext,
  lines: readonly string[],
  base?: SampleBase,
  files: Record<string, string> = {},
): Promise<BuiltContext> {
  const context = temporaryFolder(test, {
    app: hello,
    ...files,
    Containerfile: [...lines, ...labels].join('\n'),
  });
  if (base !== undefined) await baseLayout(join(context, 'base'), [base], ['base']);
  return buildContext(test, context);
}

/** The config without what the sample itself puts there. */
function configOf({ image }: BuiltContext): object {
  const { Labels, ...config } = image.config.config;
  assert.ok(Labels['com.urunc.unikernel.binary']);
  return config;
}

describe('the config', () => {
  it('has what the instructions say', async (test) => {
    const built = await build(test, [
      'FROM scratch',
      'ENV A=1 B="two words"',
      'ENV A=3',
      'WORKDIR /w',
      'WORKDIR x/../y',
      'USER 1000:50',
      'EXPOSE 80 53/udp',
      'EXPOSE 8080-8081',
      'VOLUME /data "a b"',
      'STOPSIGNAL SIGINT',
      'SHELL ["/bin/bash", "-c"]',
      'HEALTHCHECK --interval=10s CMD ["probe"]',
      'MAINTAINER me',
      'ONBUILD COPY x y',
    ]);
    assert.deepEqual(configOf(built), {
      Env: ['A=3', 'B=two words'],
      WorkingDir: '/w/y',
      User: '1000:50',
      ExposedPorts: { '53/udp': {}, '80/tcp': {}, '8080/tcp': {}, '8081/tcp': {} },
      Volumes: { '/data': {}, 'a b': {} },
      StopSignal: 'SIGINT',
      Shell: ['/bin/bash', '-c'],
      Healthcheck: { Test: ['CMD', 'probe'], Interval: 10e9 },
      OnBuild: ['COPY x y'],
    });
    assert.equal((built.image.config as { author?: string }).author, 'me');
  });

  it('overrides what is inherited, and keeps the rest', async (test) => {
    const config = {
      Env: ['PATH=/bin', 'A=base', 'odd'],
      WorkingDir: '/base',
      User: 'app',
      ExposedPorts: { '1/tcp': {} },
      Volumes: { '/v': {} },
      StopSignal: 'SIGQUIT',
      OnBuild: ['RUN x'],
      Custom: 1,
    };
    const base = {
      layers: [[{ path: 'base/' }]],
      config,
      document: { author: 'them' },
      architecture: 'arm64',
    };
    const lines = ['FROM oci:base', 'ENV PATH=/x:$PATH C=$A', 'WORKDIR more', 'EXPOSE 2', 'VOLUME /w'];
    const built = await build(test, lines, base);
    assert.deepEqual(configOf(built), {
      Env: ['PATH=/x:/bin', 'A=base', 'odd', 'C=base'],
      WorkingDir: '/base/more',
      User: 'app',
      ExposedPorts: { '1/tcp': {}, '2/tcp': {} },
      Volumes: { '/v': {}, '/w': {} },
      StopSignal: 'SIGQUIT',
      Custom: 1,
    });
    assert.equal((built.image.config as { author?: string }).author, 'them');
  });

  it('takes fields over from stages that the image goes on from, and from no other', async (test) => {
    const built = await build(test, [
      'FROM scratch AS a',
      'ENV A=1',
      'WORKDIR /a',
      'ONBUILD COPY x y',
      'FROM scratch AS b',
      'ENV B=1',
      'USER 5',
      'COPY app /x',
      'FROM a',
      'COPY --from=b x x',
      'WORKDIR b',
    ]);
    assert.deepEqual(configOf(built), { Env: ['A=1'], WorkingDir: '/a/b' });
  });

  it('has the shell of SHELL in the shell form of a Linux guest', async (test) => {
    const lines = ['FROM scratch', 'SHELL ["/bin/a"]', 'ENTRYPOINT x y', 'SHELL ["/bin/b", "-c"]', 'CMD z'];
    const linux = labels.map((line) => line.replace('unikraft', 'linux').replace(/ \S*cmdline=""/, ''));
    const context = temporaryFolder(test, { app: hello, Containerfile: [...lines, ...linux].join('\n') });
    const { image } = await buildContext(test, context);
    const { Entrypoint, Cmd } = image.config.config;
    assert.deepEqual(
      [Entrypoint, Cmd],
      [
        ['/bin/a', 'x y'],
        ['/bin/b', '-c', 'z'],
      ],
    );
  });
});

describe('WORKDIR', () => {
  it('makes its folder in a layer of its own, once, with the owner of USER', async (test) => {
    const built = await build(
      test,
      [
        'FROM scratch',
        'COPY <<E /etc/passwd',
        'app:x:7:8:::',
        'E',
        'WORKDIR /a',
        'USER app',
        'WORKDIR b/c',
        'WORKDIR /a',
        'COPY file ./d/',
      ],
      undefined,
      { file: 'x' },
    );
    const { tars, config } = built.image;
    assert.deepEqual(
      tars.slice(0, 4).map((tar) => listTar(tar)),
      [
        ['etc/ 755 0:0', 'etc/passwd 644 0:0'],
        ['a/ 755 0:0'],
        ['a/ 755 0:0', 'a/b/ 755 7:8', 'a/b/c/ 755 7:8'],
        ['a/ 755 0:0', 'a/d/ 755 0:0', 'a/d/file 644 0:0'],
      ],
    );
    const workdirs = config.history.filter(({ created_by }) => created_by.startsWith('WORKDIR'));
    assert.deepEqual(
      workdirs.map(({ empty_layer }) => empty_layer === true),
      [false, false, true],
    );
  });

  it('leaves a folder of the base as it is, and follows links', async (test) => {
    const base = {
      layers: [
        [
          { path: 'tmp/', mode: 0o1777 },
          { path: 'srv', target: 'tmp' },
        ],
      ],
      architecture: 'arm64',
    };
    const built = await build(test, ['FROM oci:base', 'WORKDIR /tmp', 'WORKDIR /srv/x'], base);
    assert.deepEqual(listTar(built.image.tars[1] ?? Buffer.alloc(0)), ['tmp/ 1777 0:0', 'tmp/x/ 755 0:0']);
  });

  it('warns of a user that nobody knows, and refuses a file in its place', async (test) => {
    const { warnings } = await build(test, ['FROM scratch', 'USER app', 'WORKDIR /a']);
    assert.deepEqual(
      warnings.filter(({ message }) => /"app".*root's/.test(message)).map(({ position }) => position?.line),
      [2],
    );
    const Containerfile = ['FROM scratch', 'COPY app /a', 'WORKDIR /a/b', ...labels].join('\n');
    const context = temporaryFolder(test, { app: hello, Containerfile });
    const { errors } = await examine({ context, labels: [], strict: true });
    assert.deepEqual(
      errors.map(({ code, position }) => [code, position?.line]),
      [['CONTEXT_PATH', 3]],
    );
  });
});

describe('COPY and ADD', () => {
  it('write heredocs, and change modes and owners by name', async (test) => {
    const built = await build(
      test,
      [
        'FROM scratch',
        'ENV PORT=80',
        'COPY --chmod=u=rwX,go= --chown=root <<a <<"b" file /d/',
        'port $PORT',
        'a',
        'port $PORT',
        'b',
        'ADD --chown=3:4 folder /f',
        'COPY --chmod=go+w folder /f/',
        'COPY <<one /two',
        'one',
      ],
      undefined,
      { file: 'x', 'folder/x': 'y' },
    );
    const [first, second, third, fourth] = built.image.tars.map((tar) => listTar(tar));
    assert.deepEqual(first, ['d/ 755 0:0', 'd/a 600 0:0', 'd/b 600 0:0', 'd/file 600 0:0']);
    assert.deepEqual(second, ['f/ 755 3:4', 'f/x 644 3:4']);
    assert.deepEqual(third, ['f/ 755 3:4', 'f/x 666 0:0']);
    assert.deepEqual(fourth, ['two 644 0:0']);
    const text = built.image.tars[0]?.toString('latin1') ?? '';
    assert.ok(text.includes('port 80\n') && text.includes('port $PORT\n'));
    const [, copy] = built.image.config.history;
    assert.equal(copy?.created_by, 'COPY --chmod=u=rwX,go= --chown=0:0 file <<a <<b /d/');
  });

  it('find names in the files of a base, and refuse those that are not there', async (test) => {
    const base = {
      layers: [
        [
          { path: 'etc/passwd', content: 'app:x:7:8:::\n' },
          { path: 'etc/group', content: 'staff:x:9:\n' },
        ],
      ],
      architecture: 'arm64',
    };
    const built = await build(test, ['FROM oci:base', 'COPY --chown=app:staff app /x'], base);
    assert.deepEqual(listTar(built.image.tars[1] ?? Buffer.alloc(0)), ['x 644 7:9']);
    await assert.rejects(build(test, ['FROM oci:base', 'COPY --chown=who app /x'], base), {
      code: 'CONTEXT_PATH',
      message: /"who"/,
    });
  });
});

describe('the target', () => {
  it('is the image that is built', async (test) => {
    const lines = ['FROM scratch AS one', 'ENV A=1', ...labels, 'FROM one', 'ENV A=2', 'RUN x'];
    const context = temporaryFolder(test, { app: hello, Containerfile: lines.join('\n') });
    const built = await buildContext(test, context, { target: 'one' });
    assert.deepEqual(configOf(built), { Env: ['A=1'] });
  });
});

describe('RUN', () => {
  it('is the one error where its files are copied', async (test) => {
    const lines = [
      'FROM scratch AS a',
      'RUN make',
      'FROM a AS b',
      'FROM scratch',
      'COPY --from=b out /out',
      ...labels,
    ];
    const context = temporaryFolder(test, { app: hello, Containerfile: lines.join('\n') });
    const { errors } = await examine({ context, labels: [], strict: true });
    assert.deepEqual(
      errors.map(({ code, position }) => [code, position?.line]),
      [['CONTAINERFILE_UNSUPPORTED', 2]],
    );
  });
});

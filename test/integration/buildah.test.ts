// Random Containerfiles over random contexts, built by buildah and by us: the same files, the same config. What differs
// on purpose is in the table of docs/containerfile.md, and is not generated here.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { buildContext } from '../support/build.ts';
import { containerTree } from '../support/container-tree.ts';
import { unlessRootWith } from '../support/tools.ts';

/** About half a second each. */
const numRuns = 30;
const seed = 20261126;

const key = (name: string) => `com.urunc.unikernel.${name}`;

/** What urunc needs; it is no part of the comparison. */
const unikernel = [
  `LABEL ${key('binary')}=/unikernel ${key('unikernelType')}=unikraft ${key('hypervisor')}=qemu`,
  `LABEL ${key('version')}=1 ${key('unikernelVersion')}=1 ${key('cmdline')}="a"`,
  'CMD ["a"]',
];

const name = fc.constantFrom('A', 'B', 'C', 'LONG_NAME');
const value = fc.constantFrom(
  ...[
    'x',
    'y1',
    '/p/q',
    '"two words"',
    "'single $A'",
    '$A',
    '${B}',
    '"$A-$B"',
    '${C:-d}',
    '${A:+e}',
    'a\\ b',
  ],
  ...['x\\$y', '"q\\"q"', '""', '$A$B', "it\\'s", '${LONG_NAME:-"f g"}', '$D', '${E:-$D}', '"tab\tin"'],
);
const folder = fc.constantFrom(
  '/w',
  '/w/v',
  'rel',
  'rel/x',
  '../up',
  '/deep/er/est',
  '$P',
  '/w/$P/z',
  '"/w s"',
);
const flags = fc
  .tuple(
    fc.constantFrom(
      '',
      '',
      '--chown=5:6 ',
      '--chown=7 ',
      '--chown=0:3 ',
      '--chown=app ',
      '--chown=app:staff ',
    ),
    fc.constantFrom('', '', '--chmod=600 ', '--chmod=0755 ', '--chmod=4711 '),
  )
  .map((parts) => parts.join(''));
const keyword = fc.constantFrom('COPY', 'COPY', 'ADD');

/** Sources that are there in every context, and where they go. */
const copy = fc.oneof(
  fc
    .tuple(
      keyword,
      flags,
      fc.constantFrom('f', 'run', '[f]', 'd/x', '/f', './d/x'),
      fc.constantFrom(...['/one', '/dir/', 'here', './there/', '/w/v/file', '$P/', '/dir/new', '.']),
    )
    .map(([word, flag, source, to]) => `${word} ${flag}${source} ${to}`),
  fc
    .tuple(
      keyword,
      flags,
      fc.constantFrom(
        'd',
        'd/',
        'd/e',
        '.',
        'f run',
        'd f',
        'd/* run',
        '*',
        '?',
        'links',
        'links d',
        'f none* no/such*',
      ),
      fc.constantFrom(...['/dir/', 'sub/', '/w/v/', './', '/tree/$P/']),
    )
    .map(([word, flag, sources, to]) => `${word} ${flag}${sources} ${to}`),
  fc
    .tuple(flags, fc.constantFrom('/dir/', '/json dir/'))
    .map(([flag, to]) => `COPY ${flag}["s p", "f", "${to}"]`),
);

const setting = fc.oneof(
  fc.array(fc.tuple(name, value), { minLength: 1, maxLength: 3 }).map((pairs) => {
    return `ENV ${pairs.map(([left, right]) => `${left}=${right}`).join(' ')}`;
  }),
  fc
    .tuple(name, fc.constantFrom('old form', '$A  x', '"q"  r'))
    .map(([left, right]) => `ENV ${left} ${right}`),
  fc
    .array(fc.tuple(fc.constantFrom('l1', 'l.2', '"l 3"', 'l4$A'), value), { minLength: 1, maxLength: 3 })
    .map((pairs) => `LABEL ${pairs.map(([left, right]) => `${left}=${right}`).join(' ')}`),
  fc
    .tuple(fc.constantFrom('D', 'E', 'U'), fc.option(value))
    .map(([left, right]) => `ARG ${left}${right === null ? '' : `=${right}`}`),
  folder.map((path) => `WORKDIR ${path}`),
  fc.constantFrom('USER 5:6', 'USER 7', 'USER app', 'USER app:staff', 'USER ${U:-8}', 'USER root'),
  fc.constantFrom('EXPOSE 80', 'EXPOSE 81/udp 80', 'EXPOSE $PORT'),
  fc.constantFrom('VOLUME /data', 'VOLUME ["/v 1", "/v2"]', 'VOLUME /v3 /$P'),
  fc.constantFrom('STOPSIGNAL SIGINT', 'STOPSIGNAL 9', 'STOPSIGNAL $S'),
  fc.constantFrom('ENTRYPOINT ["e", "$A"]', 'CMD ["c", "d e"]', 'SHELL ["/bin/x", "-c"]', 'MAINTAINER me'),
  fc.constantFrom(
    'HEALTHCHECK NONE',
    'HEALTHCHECK --interval=5s --retries=2 CMD ["p"]',
    'HEALTHCHECK CMD p q',
  ),
  fc.constant('ONBUILD COPY f /later'),
);

const head = ['COPY users /etc/', 'COPY unikernel /unikernel', 'ARG P=pp', 'ENV A=a1 B= PORT=70 S=SIGTERM'];
const stage = fc.array(fc.oneof({ weight: 2, arbitrary: copy }, { weight: 3, arbitrary: setting }), {
  minLength: 2,
  maxLength: 9,
});
const file = fc
  .record({ first: fc.option(stage), goesOn: fc.boolean(), last: stage })
  .map(({ first, goesOn, last }) => {
    if (first === null) return ['FROM scratch', ...head, ...last, ...unikernel].join('\n');
    // What is left for later would be carried out where the stage goes on, and buildah forgets arguments there.
    const base = first.filter((line) => !/^(?:ONBUILD|ARG)/.test(line));
    const from = goesOn ? ['FROM first', 'ARG P=pp'] : ['FROM scratch', ...head];
    const taken = 'COPY --from=first /etc/passwd /unikernel /taken/';
    return ['FROM scratch AS first', ...head, ...base, ...from, taken, ...last, ...unikernel].join('\n');
  });

/** The config as both have it, without what one of them alone writes. */
interface Built {
  readonly config: Record<string, unknown>;
  readonly files: Record<string, string>;
}

describe('buildah', { skip: unlessRootWith('buildah') }, () => {
  const work = mkdtempSync(join(tmpdir(), 'bima-buildah-'));
  after(() => {
    rmSync(work, { recursive: true, force: true });
  });

  const context = join(work, 'context');
  mkdirSync(join(context, 'd/e'), { recursive: true });
  mkdirSync(join(context, 'users'));
  mkdirSync(join(context, 'links'));
  // Of different sizes: buildah takes a file of the same size and time for the same file.
  const files = {
    ...{
      f: 'f',
      run: 'run',
      's p': 'spaced',
      'd/x': 'xx',
      'd/.hidden': 'hidden!',
      'd/e/z': 'zz zz',
    },
    'users/passwd': 'root:x:0:0::/:\napp:x:11:12::/:\n',
    'users/group': 'root:x:0:\nstaff:x:13:\n',
  };
  for (const [path, text] of Object.entries(files)) writeFileSync(join(context, path), text);
  copyFileSync(join(import.meta.dirname, '../../examples/hello/hello-amd64'), join(context, 'unikernel'));
  for (const path of ['run', 'unikernel', 'd/x']) chmodSync(join(context, path), 0o755);
  symlinkSync('x', join(context, 'd/link'));
  const links = { absolute: '/f', outside: '../../../etc/passwd', nowhere: 'none', folder: '/d' };
  for (const [path, target] of Object.entries(links)) symlinkSync(target, join(context, 'links', path));

  /** Docker's format, since OCI's has no field for HEALTHCHECK, SHELL and ONBUILD in buildah. */
  async function byBuildah(containerfile: string): Promise<Built> {
    const target = join(work, 'built');
    rmSync(target, { recursive: true, force: true });
    const store = ['--storage-driver', 'vfs', '--root', join(work, 'root'), '--runroot', join(work, 'run')];
    const options = [
      '--isolation',
      'chroot',
      '--format',
      'docker',
      '--no-cache',
      '--platform',
      'linux/amd64',
    ];
    const names = ['-f', containerfile, '-t', `dir:${target}`, context];
    const { status, stderr } = spawnSync('buildah', [...store, 'bud', ...options, ...names], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    assert.equal(status, 0, stderr);
    const json = (path: string) => JSON.parse(readFileSync(join(target, path), 'utf8')) as unknown;
    const hex = ({ digest }: { digest: string }) => digest.replace('sha256:', '');
    const manifest = json('manifest.json') as { config: { digest: string }; layers: { digest: string }[] };
    const { config, author } = json(hex(manifest.config)) as Record<string, Record<string, unknown>>;
    const layers = manifest.layers.map((layer) => readFileSync(join(target, hex(layer))));
    const tars = layers.map((bytes) => (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes));
    return { config: comparable({ ...config, author }), files: await containerTree(tars) };
  }

  for (const [index, text] of fc.sample(file, { numRuns, seed }).entries()) {
    it(`makes the same of Containerfile ${index + 1}`, async (test) => {
      const containerfile = join(work, 'Containerfile');
      writeFileSync(containerfile, text);
      const theirs = await byBuildah(containerfile);
      const options = { file: containerfile, platform: { os: 'linux', architecture: 'amd64' } };
      const { image } = await buildContext(test, context, options);
      const { author, config } = image.config as { author?: string } & typeof image.config;
      const ours = {
        config: comparable({ ...config, author }),
        files: await containerTree(image.tars.slice(0, -1)),
      };
      assert.deepEqual(ours, theirs, text);
    });
  }
});

/** buildah always sets PATH and moves what is set again to the end, signs with a label, and writes empty fields for those that are not there. */
function comparable({ Env, Labels, ...others }: Record<string, unknown>): Record<string, unknown> {
  const env = ((Env ?? []) as string[]).filter((line) => !line.startsWith('PATH=')).sort();
  const labels = { ...(Labels as Record<string, string>) };
  delete labels['io.buildah.version'];
  const fields = [
    'User',
    'ExposedPorts',
    'Volumes',
    'WorkingDir',
    'StopSignal',
    'Shell',
    'Healthcheck',
    'OnBuild',
  ];
  const more = ['Entrypoint', 'Cmd', 'author']
    .concat(fields)
    .map((field) => [field, others[field] ?? ''] as const);
  return {
    Env: env,
    Labels: labels,
    ...Object.fromEntries(more.map(([field, is]) => [field, isEmpty(is) ? '' : is])),
  };
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

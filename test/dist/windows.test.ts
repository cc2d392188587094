// The bundle of the command line on Windows: the same image as here, byte by byte, and what only Windows has. Runs with
// `npm run test:windows`; test/support/wine.ts says how.

import assert from 'node:assert/strict';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  realpathSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from '../adapters/layers/code.ts';
import { bundle, mustRunBima, runBima } from '../support/cli.ts';
import { temporaryFolder } from '../support/folder.ts';
import { ignoreVerdicts } from '../support/ignore-verdicts.ts';
import { startRegistry } from '../support/registry.ts';
import { sampleContainerfile } from '../support/sample.ts';
import { verifyLayout } from '../support/verify-layout.ts';
import { networkOptions, runOnWindows, skipWithoutWine, toWindows } from '../support/wine.ts';
import type { WindowsOptions, WindowsResult } from '../support/wine.ts';

const root = resolve(import.meta.dirname, '../..');
const kernels = {
  amd64: readFileSync(join(root, 'examples/hello/hello-amd64')),
  arm64: readFileSync(join(root, 'examples/hello/hello-arm64')),
};

/** The sample with the modes that every system can see. */
const portable = sampleContainerfile.replaceAll('COPY ', 'COPY --chmod=0755 ');

function onWindows(args: readonly string[], options: WindowsOptions): Promise<WindowsResult> {
  return runOnWindows([toWindows(bundle), ...args], options);
}

async function mustRunOnWindows(args: readonly string[], options: WindowsOptions): Promise<WindowsResult> {
  const result = await onWindows(args, options);
  if (result.code === 0) return result;
  throw new Error(
    `bima ${args.join(' ')} exited with ${result.code} on Windows:\n${result.stdout}${result.stderr}`,
  );
}

/** A folder with the sample as `context`, and more files beside it. */
function workspaceOf(
  test: TestContext,
  containerfile: string = portable,
  files: Readonly<Record<string, string | Uint8Array>> = {},
): string {
  return temporaryFolder(test, {
    'context/Containerfile': containerfile,
    'context/test-redis.hvt': kernels.amd64,
    'context/redis.conf': 'maxmemory 64mb\n',
    ...files,
  });
}

interface Same {
  readonly containerfile?: string;
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /** Arguments here, and there where they differ. */
  readonly args?: readonly string[];
  readonly windows?: readonly string[];
  readonly context?: (cwd: string) => string;
}

/** Builds an archive of the same context on both systems, and compares them. */
async function assertSame(
  test: TestContext,
  { containerfile, files, args = [], windows = args, context }: Same,
) {
  const cwd = workspaceOf(test, containerfile, files);
  const build = ['build', '--tar', '-t', 'nubificus/image:tag'];
  const here = await mustRunBima([...build, '--dest', 'here.tar', ...args, 'context'], { cwd });
  const there = await mustRunOnWindows(
    [...build, '--dest', 'there.tar', ...windows, context?.(cwd) ?? 'context'],
    { cwd },
  );
  assert.equal(there.stdout, here.stdout, there.stderr);
  assert.ok(readFileSync(join(cwd, 'here.tar')).equals(readFileSync(join(cwd, 'there.tar'))), 'other bytes');
}

describe('an image built on Windows', { skip: skipWithoutWine, concurrency: 2 }, () => {
  const forms: [name: string, context: (cwd: string) => string][] = [
    ['a name', () => 'context'],
    ['a dot and a backslash', () => '.\\context'],
    ['a dot and a slash', () => './context/'],
    ['a backslash at its end', () => 'context\\'],
    ['two dots', (cwd) => `..\\${cwd.split('/').at(-1) ?? ''}\\context`],
    ['a drive', (cwd) => `${toWindows(cwd)}\\context`],
    ['a drive in lower case, and slashes', (cwd) => `z:${cwd}/context`],
    ['no drive', (cwd) => `${cwd.replaceAll('/', '\\')}\\context`],
    ['the long form', (cwd) => `\\\\?\\${toWindows(cwd)}\\context`],
  ];
  for (const [name, context] of forms) {
    it(`has the same bytes: the context by ${name}`, (test) => assertSame(test, { context }));
  }

  const rows: [name: string, same: Same][] = [
    [
      'a Containerfile in a folder, by a backslash',
      {
        files: { 'context/sub/Other': portable },
        args: ['-f', 'context/sub/Other'],
        windows: ['-f', 'context\\sub\\Other'],
      },
    ],
    [
      'lines that end with CRLF, after a byte order mark',
      {
        containerfile: `\ufeff${portable.replaceAll('\n', '\r\n')}COPY --chmod=0644 . /all\r\n`,
        files: {
          'context/.dockerignore': '\ufeff*.log\r\n*.tmp\r\n',
          'context/a.log': '',
          'context/b.txt': 'b',
        },
      },
    ],
    [
      'names in many scripts, with blanks, in NFC and NFD',
      {
        containerfile: `${portable}COPY data /data\n`,
        files: Object.fromEntries(
          ['ä', 'a\u0308', 'ユニカーネル', '🐎', 'a b', 'Z', '_', 'é'.repeat(100)].map((name) => [
            `context/data/${name}/${name}`,
            name,
          ]),
        ),
      },
    ],
    [
      'globs, --parents and --exclude',
      {
        containerfile: `${portable}COPY --parents d/*/x* /parents/\nCOPY --exclude=**/*.log d /rest/\nCOPY d/[ab]/?? /some/\n`,
        files: Object.fromEntries(
          ['d/a/x1', 'd/b/x2', 'd/b/y.log', 'd/b/y1', 'd/c/e/z'].map((name) => [`context/${name}`, name]),
        ),
      },
    ],
    [
      'heredocs and variables',
      {
        containerfile: `${portable}ARG NAME=none\nCOPY <<one <<two /here/\n1\none\n2\ntwo\nCOPY redis.$NAME /v\n`,
        args: ['--build-arg', 'NAME=conf'],
      },
    ],
    [
      'an initrd and a block image',
      {
        containerfile: `${portable}COPY --rootfs=initrd data /initrd.cpio\nCOPY --rootfs=block data /disk.ext2\n`,
        files: { 'context/data/a': 'a', 'context/data/b/c': 'c' },
      },
    ],
    ['a layer that threads compress', { files: { 'context/redis.conf': codeOf(17 * 1024 * 1024) } }],
    ['no compression', { args: ['--compression', 'none'] }],
    [
      'several platforms',
      {
        containerfile: portable.replace('test-redis.hvt /', 'app-$TARGETARCH /'),
        files: { 'context/app-amd64': kernels.amd64, 'context/app-arm64': kernels.arm64 },
        args: ['--platform', 'linux/amd64,linux/arm64'],
      },
    ],
  ];
  for (const [name, same] of rows) it(`has the same bytes: ${name}`, (test) => assertSame(test, same));

  it('has the same bytes: on a base, in a layout by a path with backslashes', async (test) => {
    const cwd = workspaceOf(test);
    await mustRunOnWindows(['build', '-o', 'oci', '--dest', 'out\\base', 'context'], { cwd });
    verifyLayout(join(cwd, 'out/base'));
    const build = ['build', '--tar', '-t', 'a:1'];
    writeFileSync(join(cwd, 'context/Containerfile'), 'FROM base\nCOPY --from=base /conf /again\n');
    await mustRunBima([...build, '--build-context', 'base=oci:out/base', '--dest', 'here.tar', 'context'], {
      cwd,
    });
    const windows = ['--build-context', 'base=oci:out\\base', '--dest', 'there.tar', 'context'];
    await mustRunOnWindows([...build, ...windows], { cwd });
    assert.ok(readFileSync(join(cwd, 'here.tar')).equals(readFileSync(join(cwd, 'there.tar'))));
  });

  it('is the same layout, and the same index after a merge', async (test) => {
    const cwd = workspaceOf(test);
    for (const [name, run] of [
      ['here', mustRunBima],
      ['there', mustRunOnWindows],
    ] as const) {
      for (const architecture of ['amd64', 'arm64'] as const) {
        writeFileSync(join(cwd, 'context/test-redis.hvt'), kernels[architecture]);
        await run(['build', '-o', 'oci', '--dest', `${name}-${architecture}`, '-t', 'a:1', 'context'], {
          cwd,
        });
      }
      await run(['merge', '-o', 'oci', '--dest', name, '-t', 'a:1', `${name}-amd64`, `${name}-arm64`], {
        cwd,
      });
    }
    assert.equal(verifyLayout(join(cwd, 'there')).length, 2);
    for (const name of ['', '-amd64', '-arm64']) {
      assert.deepEqual(contents(join(cwd, `there${name}`)), contents(join(cwd, `here${name}`)));
    }
  });

  it('has the modes that the rule says where there is no --chmod, with a warning for each guess', async (test) => {
    const cwd = workspaceOf(test, `${sampleContainerfile}COPY run.sh plain.txt tool.exe /d/\n`, {
      'context/run.sh': '#!/bin/sh\n',
      'context/plain.txt': 'x',
      'context/tool.exe': 'MZ',
      // Nothing in it says that it is a program: the label does.
      'context/test-redis.hvt': 'HdrS'.padStart(0x202 + 4, '\0').padEnd(4096, '\0'),
    });
    for (const name of ['run.sh', 'tool.exe', 'test-redis.hvt']) chmodSync(join(cwd, 'context', name), 0o755);
    const build = ['build', '--tar', '-t', 'a:1', '--no-fill', '--platform', 'linux/amd64'];
    await mustRunBima([...build, '--dest', 'here.tar', 'context'], { cwd });
    const { stderr } = await mustRunOnWindows([...build, '--dest', 'there.tar', 'context'], { cwd });
    assert.ok(readFileSync(join(cwd, 'here.tar')).equals(readFileSync(join(cwd, 'there.tar'))), stderr);
    assert.match(stderr, /:4:1: warning: "\/unikernel\/test-redis\.hvt" gets the mode 0755/);
    assert.match(stderr, /:12:1: warning: "\/d\/run\.sh" and 1 more gets? the mode 0755/);
  });
});

/** Path to content of each file below a folder. */
function contents(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  return Object.fromEntries(
    files.map((file) => {
      const path = join(file.parentPath, file.name);
      return [path.slice(folder.length), readFileSync(path, 'latin1')];
    }),
  );
}

describe('paths on Windows', { skip: skipWithoutWine, concurrency: 2 }, () => {
  const escapes: [name: string, line: string][] = [
    ['an escaped backslash', 'COPY ["..\\\\\\\\outside.txt","/s"]'],
    ['a slash and two dots', 'COPY ../outside.txt /s'],
    ['two dots and a backslash', 'COPY ["..\\\\outside.txt","/s"]'],
    ['a glob with an escape', 'COPY ["sub\\\\\\\\..\\\\\\\\..\\\\\\\\out*.txt","/s"]'],
    ['a drive', 'COPY ["Z:\\\\\\\\outside.txt","/s"]'],
    ['a stream', 'COPY redis.conf:stream /s'],
    ['a dot at its end', 'COPY redis.conf. /s'],
    ['a blank at its end', 'COPY ["redis.conf ","/s"]'],
    ['another case', 'COPY REDIS.conf /s'],
    ['another case of a folder', 'COPY Sub/a /s'],
    ['a short name', 'COPY TEST-R~1.HVT /s'],
  ];
  for (const [name, line] of escapes) {
    it(`lead nowhere else: ${name}`, async (test) => {
      const cwd = workspaceOf(test, `${portable}${line}\n`, {
        'outside.txt': 'secret',
        'context/sub/a': 'a',
      });
      const here = await runBima(['lint', 'context'], { cwd });
      const there = await onWindows(['lint', 'context'], { cwd });
      assert.deepEqual([here.code, there.code], [1, 1], there.stdout);
      assert.equal(
        there.stdout,
        here.stdout.replace(/^context\//, 'context\\').replace(`${cwd}/`, `${toWindows(cwd)}\\`),
      );
    });
  }

  it("lead nowhere else: a backslash with a directive that it is no escape's", async (test) => {
    const cwd = workspaceOf(test, `# escape=\`\n${portable}COPY ..\\outside.txt /s\n`, {
      'outside.txt': 'secret',
    });
    const { code, stdout } = await onWindows(['lint', 'context'], { cwd });
    assert.equal(code, 1);
    assert.match(stdout, /:13:6: error: .*outside\.txt/);
  });

  it('are those of the ignore file in one case alone, and say so', async (test) => {
    const cwd = workspaceOf(test, `${portable}COPY ["A/B/f","/d/"]\n`, {
      'context/.dockerignore': 'a/b\n',
      'context/a/b/f': 'secret',
    });
    const { code, stdout } = await onWindows(['lint', 'context'], { cwd });
    assert.equal(code, 1);
    assert.match(stdout, /error: .*"A\/B\/f"/);
  });

  it('are no Containerfile in another case', async (test) => {
    const cwd = temporaryFolder(test, { 'context/containerfile': portable });
    const { code, stderr } = await onWindows(['build', '--tar', '-t', 'a:1', 'context'], { cwd });
    assert.equal(code, 1);
    assert.match(stderr, /no Containerfile/i);
  });

  it('of random ignore files mean what they mean here', async (test) => {
    const cwd = temporaryFolder(test);
    const script = toWindows(join(root, 'test/support/ignore-verdicts.ts'));
    const args = ['--disable-warning=ExperimentalWarning', script, 'windows', '3000'];
    const { code, stdout, stderr } = await runOnWindows(args, { cwd });
    assert.equal(code, 0, stderr);
    const here = ignoreVerdicts('windows', 3000);
    assert.ok(here.filter((verdict) => verdict.includes('1')).length > 500, 'most patterns match nothing');
    assert.deepEqual(stdout.trim().split('\n'), here);
  });
});

describe('files on Windows', { skip: skipWithoutWine, concurrency: 2 }, () => {
  const reserved: [name: string, args: string[]][] = [
    ['CON', ['--tar', '--dest', 'CON']],
    ['NUL', ['-o', 'oci', '--dest', 'out\\NUL']],
    ['aux.txt', ['--tar', '--dest', 'aux.txt']],
    ['trail.', ['--tar', '--dest', 'trail.']],
    ['out:latest.tar', ['--tar', '--dest', 'out:latest.tar']],
  ];
  for (const [name, args] of reserved) {
    it(`can't be named ${name}, which is said before anything is built`, async (test) => {
      const cwd = workspaceOf(test);
      const { code, stdout, stderr } = await onWindows(['build', '-t', 'a:1', ...args, 'context'], { cwd });
      assert.deepEqual([code, stdout], [1, '']);
      assert.ok(stderr.includes(`expected a name that Windows can give to a file, got "${name}"`), stderr);
      assert.doesNotMatch(stderr, /sha256/);
      assert.deepEqual(readdirSync(cwd), ['context']);
    });
  }

  it('that are read-only are replaced only where that is possible, and the answer says which', async (test) => {
    const cwd = workspaceOf(test, portable, { 'image.tar': 'before' });
    chmodSync(join(cwd, 'image.tar'), 0o444);
    const { code, stderr } = await onWindows(
      ['build', '--tar', '--dest', 'image.tar', '-t', 'a:1', 'context'],
      { cwd },
    );
    if (code === 0) assert.notEqual(readFileSync(join(cwd, 'image.tar'), 'utf8'), 'before');
    else assert.match(stderr, /"image\.tar" is in use by another program/);
    assert.deepEqual(readdirSync(cwd).sort(), ['context', 'image.tar']);
  });

  it('that another program holds for a moment are replaced when it lets go', async (test) => {
    const cwd = workspaceOf(test, portable, { 'image.tar': 'before' });
    const lock = await holdFile(cwd, 'image.tar');
    const building = onWindows(['build', '--tar', '--dest', 'image.tar', '-t', 'a:1', 'context'], { cwd });
    await sleep(2000);
    await lock.release();
    const { code, stderr } = await building;
    assert.equal(code, 0, stderr);
    assert.match(stderr, /wrote the archive/);
    assert.deepEqual(
      readdirSync(cwd)
        .filter((name) => !name.startsWith('lock'))
        .sort(),
      ['context', 'image.tar'],
    );
  });

  it('that another program holds are said to be in use, and nothing is left', async (test) => {
    const cwd = workspaceOf(test, portable, { 'image.tar': 'before' });
    const lock = await holdFile(cwd, 'image.tar');
    const { code, stdout, stderr } = await onWindows(
      ['build', '--tar', '--dest', 'image.tar', '-t', 'a:1', 'context'],
      { cwd },
    );
    await lock.release();
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /"image\.tar" is in use by another program/);
    assert.doesNotMatch(stderr, /wrote the archive/);
    assert.equal(readFileSync(join(cwd, 'image.tar'), 'utf8'), 'before');
    assert.deepEqual(
      readdirSync(cwd)
        .filter((name) => !name.startsWith('lock'))
        .sort(),
      ['context', 'image.tar'],
    );
  });

  it('are all gone after a Ctrl-C', async (test) => {
    const cwd = workspaceOf(test, `${portable}COPY large /\n`, { 'context/large': '' });
    truncateSync(join(cwd, 'context/large'), 16 * 1024 ** 3);
    const { code, stdout, stderr } = await onWindows(['build', '--tar', '-t', 'a:1', 'context'], {
      cwd,
      interruptWhen: (printed) => printed.includes('redis.conf'),
    });
    assert.deepEqual([code, stdout], [130, ''], stderr);
    assert.match(stderr, /bima: interrupted/);
    assert.deepEqual(readdirSync(cwd), ['context']);
  });
});

/** Has another program open a file for itself alone; it is released when the file `lock-end` is there. */
async function holdFile(cwd: string, name: string): Promise<{ release: () => Promise<void> }> {
  const script = `
    const fs = require('node:fs');
    fs.openSync(${JSON.stringify(name)}, fs.constants.O_RDWR | 0x10000000);
    fs.writeFileSync('lock-held', '');
    setInterval(() => { if (fs.existsSync('lock-end')) process.exit(0); }, 20);
  `;
  const ended = runOnWindows(['-e', script], { cwd });
  for (let tries = 0; !existsSync(join(cwd, 'lock-held')); tries++) {
    if (tries === 1000) assert.fail('the other program never had the file');
    await sleep(20);
  }
  return {
    async release() {
      writeFileSync(join(cwd, 'lock-end'), '');
      await ended;
    },
  };
}

describe('a registry on Windows', { skip: skipWithoutWine, concurrency: 2 }, () => {
  const env = { NODE_OPTIONS: networkOptions };

  it('gets an image, and gives it back', async (test) => {
    await using registry = await startRegistry();
    const cwd = workspaceOf(test);
    const reference = `${registry.host}/a/b:1`;
    const args = ['build', '--push', '-t', reference, 'context'];
    const { stdout } = await mustRunOnWindows(args, { cwd, env });
    assert.equal(registry.store.tags('a/b')['1'], stdout.trim());
    registry.store.pull('a/b', '1');
    const again = await mustRunOnWindows(args, { cwd, env });
    assert.match(again.stderr, /nothing to push: the registry has this image/);
    const inspected = await mustRunOnWindows(['inspect', '--json', reference], { cwd, env });
    const [image] = JSON.parse(inspected.stdout) as { descriptor: { digest: string } }[];
    assert.equal(image?.descriptor.digest, stdout.trim());
  });

  it('is shown what a helper says that is on the PATH, not one of the current folder', async (test) => {
    await using registry = await startRegistry({
      auth: {
        challenge: () => ['Basic realm="test"'],
        allows: (sent) => sent === `Basic ${Buffer.from('octo:right').toString('base64')}`,
      },
    });
    const cwd = workspaceOf(test, portable, {
      // node.exe under this name would run the script "get" of the workspace.
      'get.js': "require('node:fs').writeFileSync('started', '')",
      'docker-credential-x.cmd': '@echo off\r\necho wrong > started\r\n',
      'home/config.json': JSON.stringify({ credHelpers: { [registry.host]: 'x' } }),
      'tools/docker-credential-x.cmd':
        '@echo off\r\necho {"ServerURL":"x","Username":"octo","Secret":"right"}\r\n',
    });
    copyFileSync(
      realpathSync(join(process.env.BIMA_TEST_WINDOWS ?? '', 'node.exe')),
      join(cwd, 'docker-credential-x.exe'),
    );
    const { stdout } = await mustRunOnWindows(
      ['build', '--push', '-t', `${registry.host}/a/b:1`, 'context'],
      {
        cwd,
        env: { ...env, DOCKER_CONFIG: toWindows(join(cwd, 'home')) },
        path: [join(cwd, 'tools')],
      },
    );
    assert.equal(registry.store.tags('a/b')['1'], stdout.trim());
    assert.ok(!existsSync(join(cwd, 'started')), 'the program of the current folder was started');
  });
});

// What urunc's documentation tells the users of bima, sentence by sentence: each test is named after the words that it
// keeps, and does what a reader of them would do.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { bundle, mustRunBima, runBima } from '../support/cli.ts';
import type { RunOptions } from '../support/cli.ts';
import { startContainerd } from '../support/containerd.ts';
import type { Containerd } from '../support/containerd.ts';
import { readTag, startDockerRegistry } from '../support/docker-registry.ts';
import { temporaryFolder } from '../support/folder.ts';
import { elf } from '../support/headers.ts';
import { listTar } from '../support/list-tar.ts';
import { unlessInstalled, unlessMountingWith } from '../support/tools.ts';
import { verifyLayout } from '../support/verify-layout.ts';
import type { VerifiedImage } from '../support/verify-layout.ts';

const root = resolve(import.meta.dirname, '../..');
const unikernel = readFileSync(join(root, 'examples/hello/hello-amd64'));

/** The document's sample, letter by letter. */
const sample = `# the FROM instruction will not be parsed
FROM scratch

COPY test-redis.hvt /unikernel/test-redis.hvt
COPY redis.conf /conf/redis.conf

LABEL com.urunc.unikernel.binary=/unikernel/test-redis.hvt
LABEL "com.urunc.unikernel.cmdline"='redis-server /data/conf/redis.conf'
LABEL "com.urunc.unikernel.unikernelType"="rumprun"
LABEL "com.urunc.unikernel.hypervisor"="qemu"
LABEL "com.urunc.unikernel.version"="0.2.0"
`;

/** The labels as they stand there, and the name by which urunc itself knows the last one. */
const sampleValues: Readonly<Record<string, string>> = {
  'com.urunc.unikernel.binary': '/unikernel/test-redis.hvt',
  'com.urunc.unikernel.cmdline': 'redis-server /data/conf/redis.conf',
  'com.urunc.unikernel.hypervisor': 'qemu',
  'com.urunc.unikernel.unikernelType': 'rumprun',
  'com.urunc.unikernel.unikernelVersion': '0.2.0',
  'com.urunc.unikernel.version': '0.2.0',
};

function writeContext(test: TestContext, containerfile = sample, binary: Uint8Array = unikernel): string {
  return temporaryFolder(test, {
    Containerfile: containerfile,
    'test-redis.hvt': binary,
    'redis.conf': 'maxmemory 64mb\n',
  });
}

/** Builds the context as a layout, checks that whole, and gives its one image. */
async function buildImage(test: TestContext, context: string, ...more: string[]): Promise<VerifiedImage> {
  const layout = join(temporaryFolder(test), 'layout');
  await mustRunBima(['build', '-o', 'oci', '--dest', layout, ...more, context]);
  const [image, ...others] = verifyLayout(layout);
  assert.deepEqual(others, []);
  return image ?? assert.fail('there is no image');
}

const pathsOf = ({ tars }: VerifiedImage) => tars.flatMap(listTar).map((line) => line.replace(/ .*$/, ''));

function readUruncJson({ tars }: VerifiedImage): Record<string, string> {
  const tar =
    tars.find((tar) => listTar(tar).some((line) => line.startsWith('urunc.json '))) ?? assert.fail();
  const content = execFileSync('tar', ['-xOf', '-', 'urunc.json'], { input: tar });
  return JSON.parse(content.toString()) as Record<string, string>;
}

describe('the Containerfile', () => {
  it('"bima builds an OCI-compatible Container Image from a special type of containerfile"', async (test) => {
    const image = await buildImage(test, writeContext(test));
    assert.equal(image.entry.mediaType, 'application/vnd.oci.image.manifest.v1+json');
    assert.equal(image.manifest.config.mediaType, 'application/vnd.oci.image.config.v1+json');
  });

  it('"a minimal set of \\"instructions\\", namely FROM, COPY and LABEL"', async (test) => {
    const { stdout } = await runBima(['lint', writeContext(test)]);
    assert.doesNotMatch(stdout, /error/);
  });

  it('"FROM: this is not taken into account at the current implementation, but we plan to add support for": it is', async (test) => {
    const base = join(temporaryFolder(test), 'base');
    await mustRunBima(['build', '-o', 'oci', '--dest', base, writeContext(test)]);
    const derived = writeContext(test, `FROM oci:${base}\nCOPY redis.conf /conf/second.conf\n`);
    const image = await buildImage(test, derived);
    const paths = pathsOf(image);
    assert.ok(paths.includes('conf/redis.conf') && paths.includes('conf/second.conf'), String(paths));
    assert.equal(image.config.config.Labels['com.urunc.unikernel.hypervisor'], 'qemu');
  });

  it('"COPY: this works as in Dockerfiles", "a single copy operation per \\"instruction\\""', async (test) => {
    const image = await buildImage(test, writeContext(test));
    assert.deepEqual(
      image.config.history.map((step) => step.created_by.split(' ').slice(0, 3).join(' ')).slice(0, 2),
      ['COPY test-redis.hvt /unikernel/test-redis.hvt', 'COPY redis.conf /conf/redis.conf'],
    );
  });

  it('"These files are copied inside the image\'s rootfs"', async (test) => {
    const paths = pathsOf(await buildImage(test, writeContext(test)));
    assert.deepEqual(
      paths.filter((path) => !path.endsWith('/')),
      ['unikernel/test-redis.hvt', 'conf/redis.conf', 'urunc.json'],
    );
  });

  it('"all LABEL \\"instructions\\" are added as annotations to the Container image"', async (test) => {
    const context = writeContext(test, `${sample}LABEL org.example.mine=1\n`);
    const image = await buildImage(test, context);
    assert.deepEqual(image.manifest.annotations, { ...sampleValues, 'org.example.mine': '1' });
  });

  it('"They are also added to a special urunc.json inside the container\'s rootfs"', async (test) => {
    const json = readUruncJson(await buildImage(test, writeContext(test)));
    const decoded = Object.fromEntries(
      Object.entries(json).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
    );
    assert.deepEqual(decoded, sampleValues);
  });

  const required = ['unikernelType', 'hypervisor', 'binary', 'cmdline', 'version'];
  it('"The required annotations are the following": all that are missing are named', async (test) => {
    const { code, stdout } = await runBima([
      'lint',
      writeContext(test, 'FROM scratch\nCOPY redis.conf /c\n'),
    ]);
    assert.equal(code, 1);
    for (const name of required) assert.ok(stdout.includes(`com.urunc.unikernel.${name}`), name);
  });
  for (const name of required) {
    it(`"the few annotations that are required for urunc to work, are also required by bima": com.urunc.unikernel.${name}`, async (test) => {
      const line = new RegExp(`^LABEL .*com\\.urunc\\.unikernel\\.${name}.*\n`, 'm');
      assert.match(sample, line);
      const context = writeContext(test, sample.replace(line, ''));
      const { code, stderr } = await runBima(['build', '--no-fill', '--tar', '-t', 'a:1', context], {
        cwd: context,
      });
      assert.equal(code, 1, stderr);
      assert.match(stderr, new RegExp(`com\\.urunc\\.unikernel\\.${name}`));
      assert.deepEqual(readdirSync(context).sort(), ['Containerfile', 'redis.conf', 'test-redis.hvt']);
    });
  }

  const values: [key: string, values: string[]][] = [
    ['unikernelType', ['rumprun', 'unikraft']],
    ['hypervisor', ['qemu', 'hedge', 'hvt']],
    ['version', ['0.17.0']],
  ];
  for (const [key, examples] of values) {
    for (const value of examples) {
      it(`${key} "(${key === 'unikernelType' ? 'can be' : 'e.g.'} ${value})"`, async (test) => {
        const line = new RegExp(`^(LABEL "com\\.urunc\\.unikernel\\.${key}"=).*$`, 'm');
        const image = await buildImage(test, writeContext(test, sample.replace(line, `$1"${value}"`)));
        assert.equal(image.manifest.annotations?.[`com.urunc.unikernel.${key}`], value);
      });
    }
  }

  const machines: [architecture: string, header: Uint8Array][] = [
    ['amd64', elf(64, 'little', 62)],
    ['arm64', elf(64, 'little', 183)],
  ];
  for (const [architecture, header] of machines) {
    it(`"platform OS is always Linux", "architecture is automatically extracted from the ELF headers": ${architecture}`, async (test) => {
      // The other file says something else: only the one that the label names counts.
      const context = writeContext(test, sample, header);
      writeFileSync(join(context, 'redis.conf'), elf(64, 'little', 243));
      const { entry, config } = await buildImage(test, context);
      assert.deepEqual([config.os, config.architecture], ['linux', architecture]);
      assert.deepEqual(entry.platform, { os: 'linux', architecture });
    });
  }

  it('"A sample Containerfile should look like this"', async (test) => {
    const { manifest, config } = await buildImage(test, writeContext(test));
    assert.deepEqual(manifest.annotations, sampleValues);
    assert.deepEqual(config.config.Labels, sampleValues);
    assert.deepEqual(config.config.Cmd, ['redis-server', '/data/conf/redis.conf']);
  });

  for (const [quotes, label] of [
    ['single quotes', "LABEL 'com.urunc.unikernel.version'='0.2.0'"],
    ['double quotes', 'LABEL "com.urunc.unikernel.version"="0.2.0"'],
    ['no quotes at all', 'LABEL com.urunc.unikernel.version=0.2.0'],
  ] as const) {
    it(`"For labels, you can use ${quotes}"`, async (test) => {
      const image = await buildImage(test, writeContext(test, sample.replace(/^LABEL .*version.*$/m, label)));
      assert.equal(image.manifest.annotations?.['com.urunc.unikernel.version'], '0.2.0');
    });
  }

  it('"Defining multiple label key-value pairs in a single LABEL instruction is not supported": it is, as in Dockerfiles', async (test) => {
    const pairs = Object.entries(sampleValues).map(([key, value]) => `"${key}"="${value}"`);
    const text = sample.replace(/^LABEL .*\n/gm, '');
    const image = await buildImage(test, writeContext(test, `${text}LABEL ${pairs.join(' ')}\n`));
    assert.deepEqual(image.manifest.annotations, sampleValues);
  });
});

describe('the usage', () => {
  /** An option's line in the help, and the lines below it up to the next one. */
  async function helpOf(flags: string): Promise<string> {
    const { stdout } = await mustRunBima(['build', '--help']);
    const entry = stdout.split(/\n(?= {3}-)/).find((part) => part.startsWith(`   ${flags}\n`));
    return entry ?? assert.fail(`the help has no "${flags}"`);
  }

  it('"bima build - build a container image"', async () => {
    const { stdout } = await mustRunBima(['build', '--help']);
    assert.match(stdout, /^NAME:\n {3}bima build - build a container image/);
    assert.match(stdout, /^USAGE:\n {3}bima build \[options\] CONTEXT$/m);
    // The options have a heading for each thing that they are about.
    assert.match(stdout, /^OPTIONS:\n(?: [A-Z][^\n]*:\n)? {3}--/m);
  });

  const options: [flags: string, ...words: string[]][] = [
    ['--namespace NAMESPACE, -n NAMESPACE', '(default: "default")', '[$CONTAINERD_NAMESPACE]'],
    [
      '--address ADDRESS, -a ADDRESS',
      '(default: "/run/containerd/containerd.sock")',
      '[$CONTAINERD_ADDRESS]',
    ],
    ['--snapshotter SNAPSHOTTER', 'default if empty', '[$CONTAINERD_SNAPSHOTTER]'],
    ['--output OUTPUT, --out OUTPUT, -o OUTPUT', '"ctr"', '"tar"', '(default: "ctr")'],
    ['--tar', 'Shorthand for --output=tar'],
    ['--tag NAME, -t NAME', 'Image NAME and optionally a tag (format: "name:tag")'],
    ['--file CONTAINERFILE, -f CONTAINERFILE', '(default: Containerfile'],
    ['--help, -h', 'help'],
  ];
  for (const [flags, ...words] of options) {
    it(`"${flags}": ${words.join(', ')}`, async () => {
      const help = await helpOf(flags);
      for (const word of words) assert.ok(help.includes(word), `"${word}" in ${help}`);
    });
  }

  for (const flag of ['--help', '-h']) {
    it(`"${flag}": "show help"`, async () => {
      const { stdout, stderr } = await mustRunBima(['build', flag]);
      assert.match(stdout, /--namespace NAMESPACE/);
      assert.equal(stderr, '');
    });
  }

  for (const args of [[], ['.', '.']]) {
    it(`"bima build only accepts a single argument: the context directory": not ${args.length}`, async (test) => {
      const { code, stderr } = await runBima(['build', '--tar', '-t', 'a:1', ...args], {
        cwd: writeContext(test),
      });
      assert.equal(code, 2);
      assert.match(stderr, /requires exactly 1 argument/);
    });
  }

  for (const flags of [['--tar'], ['--output', 'tar'], ['--output=tar'], ['--out', 'tar'], ['-o', 'tar']]) {
    it(`"create a local tarball of the container image": bima build -t nubificus/image:tag ${flags.join(' ')} .`, async (test) => {
      const context = writeContext(test);
      await mustRunBima(['build', '-t', 'nubificus/image:tag', ...flags, '.'], { cwd: context });
      const names = execFileSync('tar', ['-tf', 'image_tag.oci.tar'], { cwd: context, encoding: 'utf8' });
      for (const name of ['oci-layout', 'index.json', 'manifest.json'])
        assert.match(names, new RegExp(`^${name}$`, 'm'));
      const { stdout } = await mustRunBima(['inspect', 'image_tag.oci.tar'], { cwd: context });
      assert.match(stdout, /^name +docker\.io\/nubificus\/image:tag$/m);
    });
  }

  for (const flag of ['--tag', '-t']) {
    it(`"Image NAME and optionally a tag": ${flag}, without one it is latest`, async (test) => {
      const context = writeContext(test);
      await mustRunBima(['build', flag, 'nubificus/image', '--tar', '.'], { cwd: context });
      const { stdout } = await mustRunBima(['inspect', 'image_latest.oci.tar'], { cwd: context });
      assert.match(stdout, /^name +docker\.io\/nubificus\/image:latest$/m);
    });
  }

  for (const name of ['Containerfile', 'Dockerfile']) {
    it(`"an image based on Containerfile (or Dockerfile) found in the current directory": ${name}`, async (test) => {
      const cwd = temporaryFolder(test, { [name]: sample, 'test-redis.hvt': unikernel, 'redis.conf': '' });
      const { stdout } = await mustRunBima(['build', '-t', 'nubificus/image:tag', '--tar', '.'], { cwd });
      assert.match(stdout, /^sha256:/);
    });
  }

  it('"Name of the CONTAINERFILE (default: \\"./Containerfile\\")": of the current directory, also for another context', async (test) => {
    const cwd = temporaryFolder(test, {
      Containerfile: sample,
      'context/test-redis.hvt': unikernel,
      'context/redis.conf': '',
    });
    const { stdout } = await mustRunBima(['build', '-t', 'nubificus/image:tag', '--tar', 'context'], { cwd });
    assert.match(stdout, /^sha256:/);
  });

  for (const flag of ['-f', '--file']) {
    it(`"To create an image from a different Containerfile": bima build -t nubificus/redis:latest ${flag} Containerfile.redis .`, async (test) => {
      const cwd = writeContext(test, 'FROM scratch\nRUN not this one\n');
      writeFileSync(join(cwd, 'Containerfile.redis'), sample);
      await mustRunBima(
        ['build', '-t', 'nubificus/redis:latest', flag, 'Containerfile.redis', '--tar', '.'],
        { cwd },
      );
      assert.ok(existsSync(join(cwd, 'redis_latest.oci.tar')));
    });
  }
});

describe('containerd', { skip: unlessMountingWith('ctr') }, () => {
  async function start(test: TestContext) {
    const containerd = await startContainerd(test);
    const build = (args: readonly string[], options: RunOptions = {}) =>
      mustRunBima(['build', ...args], { ...options, env: { ...containerd.env, ...options.env } });
    return { ...containerd, build };
  }

  const namesIn = async ({ ctr }: Pick<Containerd, 'ctr'>, namespace: string) =>
    (await ctr('-n', namespace, 'image', 'ls', '-q')).trim().split('\n').filter(Boolean);

  const imported = 'docker.io/nubificus/image:tag';

  it('"By default, bima will import the image to containerd": bima build -t nubificus/image:tag .; "sudo ctr image ls"', async (test) => {
    const { ctr, build } = await start(test);
    const cwd = writeContext(test);
    const { stdout } = await build(['-t', 'nubificus/image:tag', '.'], { cwd });
    const list = await ctr('image', 'ls');
    assert.match(
      list,
      new RegExp(
        `^${imported} +application/vnd\\.oci\\.image\\.manifest\\.v1\\+json +${stdout.trim()} `,
        'm',
      ),
    );
    assert.deepEqual(readdirSync(cwd).sort(), ['Containerfile', 'redis.conf', 'test-redis.hvt']);
  });

  it('"--output OUTPUT": "ctr" by each of its names', async (test) => {
    const containerd = await start(test);
    for (const [at, flag] of ['--output', '--out', '-o'].entries()) {
      await containerd.build(['-t', `a:${at}`, flag, 'ctr', writeContext(test)]);
    }
    assert.deepEqual(
      await namesIn(containerd, 'default'),
      [0, 1, 2].map((at) => `docker.io/library/a:${at}`),
    );
  });

  it('"NAMESPACE to use when importing image to containerd": --namespace, -n and $CONTAINERD_NAMESPACE', async (test) => {
    const containerd = await start(test);
    const context = writeContext(test);
    const args = ['-t', 'nubificus/image:tag', context];
    await containerd.build(['--namespace', 'long', ...args]);
    await containerd.build(['-n', 'short', ...args]);
    await containerd.build(args, { env: { CONTAINERD_NAMESPACE: 'variable' } });
    await containerd.build(args);
    for (const namespace of ['long', 'short', 'variable', 'default']) {
      assert.deepEqual(await namesIn(containerd, namespace), [imported], namespace);
    }
  });

  it('"ADDRESS for containerd\'s GRPC server": --address, -a and $CONTAINERD_ADDRESS', async (test) => {
    const { address, env, ctr } = await start(test);
    const context = writeContext(test);
    const { PATH } = env;
    const nowhere = join(context, 'no.sock');
    for (const [tag, flags, variable] of [
      ['a:long', ['--address', address], nowhere],
      ['a:short', ['-a', address], nowhere],
      ['a:variable', [], address],
    ] as const) {
      await mustRunBima(['build', '-t', tag, ...flags, context], {
        env: { PATH, CONTAINERD_ADDRESS: variable },
      });
    }
    assert.equal((await namesIn({ ctr }, 'default')).length, 3);
    const wrong = await runBima(['build', '-t', 'a:1', '-a', nowhere, context], { env });
    assert.equal(wrong.code, 1);
    assert.ok(wrong.stderr.includes(nowhere), wrong.stderr);
  });

  it('"SNAPSHOTTER name. Empty value stands for the default value": --snapshotter and $CONTAINERD_SNAPSHOTTER', async (test) => {
    const { build, ctr } = await start(test);
    const unpacked = async (snapshotter: string) =>
      (await ctr('snapshots', '--snapshotter', snapshotter, 'ls')).trim().split('\n').length > 1;
    await build(['-t', 'a:1', '--snapshotter', '', writeContext(test)], {
      env: { CONTAINERD_SNAPSHOTTER: '' },
    });
    assert.deepEqual([await unpacked('overlayfs'), await unpacked('native')], [true, false]);
    await build(['-t', 'a:2', '--snapshotter', 'native', writeContext(test)]);
    assert.equal(await unpacked('native'), true);

    const second = await start(test);
    await second.build(['-t', 'a:1', writeContext(test)], { env: { CONTAINERD_SNAPSHOTTER: 'native' } });
    const list = await second.ctr('snapshots', '--snapshotter', 'native', 'ls');
    assert.ok(list.trim().split('\n').length > 1);
  });

  it(
    '"To push the image": "ctr image push" takes the name that "ctr image ls" shows',
    { skip: unlessInstalled('docker-registry') },
    async (test) => {
      const { build, ctr } = await start(test);
      await using registry = await startDockerRegistry();
      const { stdout } = await build([
        '-t',
        'nubificus/redis:latest',
        '-t',
        `${registry.host}/nubificus/redis:latest`,
        writeContext(test),
      ]);
      // As the document has it, with the short name: that is containerd's own rule, and docs/containerd.md has the long one.
      await assert.rejects(ctr('image', 'push', 'nubificus/redis:latest'), /not found|unable to resolve/);
      assert.ok((await namesIn({ ctr }, 'default')).includes('docker.io/nubificus/redis:latest'));
      await ctr('image', 'push', '--plain-http', `${registry.host}/nubificus/redis:latest`);
      assert.equal(readTag(registry, 'nubificus/redis', 'latest'), stdout.trim());
      const page = readFileSync(join(root, 'docs/containerd.md'), 'utf8');
      assert.match(page, /ctr image push docker\.io\/nubificus\/redis:latest/);
    },
  );
});

describe('building from source', { skip: unlessInstalled('make') }, () => {
  const make = (...args: string[]) => spawnSync('make', args, { cwd: root, encoding: 'utf8' });

  for (const target of ['', 'all']) {
    it(`"use the Makefile": make ${target}`.trim(), () => {
      // What would run: the suites of this machine read dist while this test runs.
      const { status, stdout, stderr } = make(
        '-n',
        '--assume-old=node_modules',
        ...(target === '' ? [] : [target]),
      );
      assert.equal(status, 0, stderr);
      assert.equal(stdout.trim().split('\n').at(-1), 'npm run bundle');
      const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
        scripts: { bundle: string };
      };
      assert.equal(scripts.bundle, 'node scripts/build.ts');
    });
  }

  it('"This will build a single binary under ./dist directory": it runs alone, wherever it is', (test) => {
    const folder = temporaryFolder(test);
    copyFileSync(bundle, join(folder, 'bima'));
    assert.match(execFileSync(join(folder, 'bima'), ['--version'], { encoding: 'utf8' }), /^bima version /);
    const context = writeContext(test);
    execFileSync(join(folder, 'bima'), ['build', '-t', 'nubificus/image:tag', '--tar', '.'], {
      cwd: context,
      stdio: 'ignore',
    });
    assert.ok(existsSync(join(context, 'image_tag.oci.tar')));
  });

  it('"To install the binary": make install', (test) => {
    const folder = temporaryFolder(test);
    const { status, stderr } = make('install', `DESTDIR=${folder}`);
    assert.equal(status, 0, stderr);
    const installed = join(folder, 'usr/local/bin/bima');
    assert.equal(statSync(installed).mode & 0o777, 0o755);
    assert.match(execFileSync(installed, ['--version'], { encoding: 'utf8' }), /^bima version /);
  });
});

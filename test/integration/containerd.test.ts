// The bundle imports into a real containerd.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeBytes } from '../../src/core/oci/descriptor.ts';
import type { Descriptor } from '../../src/core/oci/descriptor.ts';
import { hexOf } from '../../src/core/oci/digest.ts';
import { mediaTypes } from '../../src/core/oci/media-types.ts';
import { mustRunBima, runBima } from '../support/cli.ts';
import type { Finished } from '../support/cli.ts';
import { startContainerd } from '../support/containerd.ts';
import type { Containerd } from '../support/containerd.ts';
import { startDockerRegistry } from '../support/docker-registry.ts';
import { temporaryFolder } from '../support/folder.ts';
import { sampleContainerfile, sampleContext, sampleLabels } from '../support/sample.ts';
import { containerdFolder } from '../support/programs.ts';
import { unlessInstalled, unlessMountingWith } from '../support/tools.ts';
import { tree } from '../support/tree.ts';

const name = 'docker.io/nubificus/image:tag';

interface Row {
  readonly name: string;
  readonly type: string;
  readonly digest: string;
  /** Everything after the digest. */
  readonly rest: string;
}

/** The rows of `ctr images ls` or `ctr images check`. */
async function rows(list: Promise<string>): Promise<Row[]> {
  const [, ...lines] = (await list).trim().split('\n');
  return lines.map((line) => {
    const [name = '', type = '', digest = '', ...rest] = line.split(/\s+/);
    return { name, type, digest, rest: rest.join(' ') };
  });
}

async function names({ ctr }: Containerd, ...args: string[]): Promise<string[]> {
  return (await ctr(...args, 'images', 'ls', '--quiet')).split('\n').filter((line) => line !== '');
}

async function assertNoLease({ ctr }: Containerd): Promise<void> {
  assert.equal((await ctr('leases', 'ls', '--quiet')).trim(), '');
}

/** Nothing is stored and nothing is on its way. */
async function assertEmpty(containerd: Containerd): Promise<void> {
  await assertNoLease(containerd);
  assert.deepEqual(await names(containerd), []);
  assert.equal((await containerd.ctr('content', 'ls', '--quiet')).trim(), '');
  assert.equal((await containerd.ctr('content', 'active')).trim().split('\n').length, 1);
}

/** A context whose second layer is as large as the size says, and can't be compressed. */
function largeContext(test: TestContext, size: number): string {
  const context = sampleContext(test);
  writeFileSync(join(context, 'noise'), randomBytes(size));
  writeFileSync(join(context, 'Containerfile'), `${sampleContainerfile}COPY noise /noise\n`);
  return context;
}

/**
 * A ctr that stops in the middle of an import, or after it: it makes the file `reached`, and goes on when that is gone.
 * @param place `input` after a megabyte of it, `end` when everything has been done
 */
function stoppingCtr(test: TestContext, place: 'input' | 'end'): { path: string; reached: string } {
  const folder = temporaryFolder(test);
  const reached = join(folder, 'reached');
  const wait = `: >'${reached}'; while [ -e '${reached}' ]; do sleep 0.02; done`;
  const ctr = `'${join(containerdFolder, 'ctr')}' "$@"`;
  const run =
    place === 'input'
      ? `{ head -c 1000000; ${wait}; cat; } | ${ctr}`
      : `${ctr}; code=$?; ${wait}; exit $code`;
  const path = join(folder, 'ctr');
  // Other calls of ctr, and its help, end at once.
  const script = `#!/bin/sh\ncase "$*" in *" images import "*" -") ${run} ;; *) exec ${ctr} ;; esac\n`;
  writeFileSync(path, script, { mode: 0o755 });
  return { path, reached };
}

/** A layout whose one image is an index, for arm64 and amd64, with nothing but a short name. */
async function layoutOfTwo(test: TestContext): Promise<{ layout: string; digest: string }> {
  const layout = join(temporaryFolder(test), 'layout');
  const examples = join(import.meta.dirname, '../../examples/hello');
  const manifests = [];
  for (const architecture of ['arm64', 'amd64']) {
    const context = sampleContext(test, join(examples, `hello-${architecture}`));
    await mustRunBima(['build', '-t', `a:${architecture}`, '-o', 'oci', '--dest', layout, context]);
    const { mediaType, digest, size } = readIndex(layout).manifests.at(-1) ?? assert.fail();
    manifests.push({ mediaType, digest, size, platform: { os: 'linux', architecture } });
  }
  const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests };
  const bytes = Buffer.from(JSON.stringify(index));
  const descriptor = describeBytes(mediaTypes.index, bytes);
  writeFileSync(join(layout, 'blobs/sha256', hexOf(descriptor.digest)), bytes);
  const annotations = { 'org.opencontainers.image.ref.name': 'latest' };
  writeFileSync(
    join(layout, 'index.json'),
    JSON.stringify({ ...index, manifests: [{ ...descriptor, annotations }] }),
  );
  return { layout, digest: descriptor.digest };
}

function readIndex(layout: string): { manifests: [Descriptor, ...Descriptor[]] } {
  return JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')) as {
    manifests: [Descriptor, ...Descriptor[]];
  };
}

/** Adds a manifest that refers to another to the layout, and gives its digest. */
function addReferrer(layout: string, subject: Descriptor, text: string): string {
  const store = (mediaType: string, bytes: Uint8Array) => {
    const descriptor = describeBytes(mediaType, bytes);
    writeFileSync(join(layout, 'blobs/sha256', hexOf(descriptor.digest)), bytes);
    return descriptor;
  };
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    artifactType: 'text/example',
    config: store('application/vnd.oci.empty.v1+json', Buffer.from('{}')),
    layers: [store('text/plain', Buffer.from(text))],
    subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
  };
  const descriptor = store(mediaTypes.manifest, Buffer.from(JSON.stringify(manifest)));
  const index = readIndex(layout);
  writeFileSync(
    join(layout, 'index.json'),
    JSON.stringify({ ...index, manifests: [...index.manifests, descriptor] }),
  );
  return descriptor.digest;
}

async function appears(path: string): Promise<void> {
  while (!existsSync(path)) await sleep(20);
}

describe('containerd', { skip: unlessMountingWith('ctr') }, () => {
  const start = (test: TestContext) => startContainerd(test);

  it('gets the image by default, with its annotations, under its full name', async (test) => {
    const containerd = await start(test);
    const { ctr, env } = containerd;
    const args = ['build', '-t', 'nubificus/image:tag', sampleContext(test)];
    const { stdout, stderr } = await mustRunBima(args, { env });
    assert.match(stdout, /^sha256:[0-9a-f]{64}\n$/);
    // The sample has another kernel in its unikernel's place.
    assert.doesNotMatch(stderr, /warning(?!: will not boot)/);
    const digest = stdout.trim();
    const [image, ...others] = await rows(ctr('images', 'ls'));
    assert.deepEqual(others, []);
    assert.ok(image);
    assert.deepEqual([image.name, image.type, image.digest], [name, mediaTypes.manifest, digest]);
    assert.match(image.rest, /linux\/amd64/);
    const manifest = JSON.parse(await ctr('content', 'get', digest)) as { annotations: unknown };
    assert.deepEqual(manifest.annotations, sampleLabels);
    const [checked] = await rows(ctr('images', 'check'));
    assert.match(checked?.rest ?? '', /^complete \(4\/4\) .* true$/);
    await assertNoLease(containerd);
  });

  for (const snapshotter of ['overlayfs', 'native']) {
    it(`unpacks for ${snapshotter} what was copied`, async (test) => {
      const { ctr, env } = await start(test);
      const context = sampleContext(test);
      mkdirSync(join(context, 'tree/empty'), { recursive: true });
      writeFileSync(join(context, 'tree/script'), 'run', { mode: 0o755 });
      symlinkSync('script', join(context, 'tree/link'));
      writeFileSync(
        join(context, 'Containerfile'),
        `${sampleContainerfile}COPY tree /tree\nCOPY --chmod=0600 --chown=1000:1001 redis.conf /private/conf\n`,
      );
      await mustRunBima(['build', '-t', 'nubificus/image:tag', '--snapshotter', snapshotter, context], {
        env,
      });
      const [checked] = await rows(ctr('images', 'check', '--snapshotter', snapshotter));
      assert.match(checked?.rest ?? '', / true$/);
      const rootfs = temporaryFolder(test);
      await ctr('images', 'mount', '--snapshotter', snapshotter, name, rootfs);
      try {
        const { 'urunc.json': uruncJson, 'unikernel/test-redis.hvt': binary, ...others } = tree(rootfs);
        assert.match(uruncJson ?? '', /^file 644 0:0 0 \{"com.urunc.unikernel.binary":/);
        assert.match(binary ?? '', /^file 755 0:0 0 .ELF/s);
        assert.deepEqual(others, {
          conf: 'dir 755 0:0',
          'conf/redis.conf': 'file 644 0:0 0 maxmemory 64mb\n',
          private: 'dir 755 1000:1001',
          'private/conf': 'file 600 1000:1001 0 maxmemory 64mb\n',
          tree: 'dir 755 0:0',
          'tree/empty': 'dir 755 0:0',
          'tree/link': 'link script',
          'tree/script': 'file 755 0:0 0 run',
          unikernel: 'dir 755 0:0',
        });
      } finally {
        execFileSync('umount', [rootfs]);
      }
    });
  }

  it('gets it in the namespace of the option, or else of the environment', async (test) => {
    const containerd = await start(test);
    const context = sampleContext(test);
    const env = { ...containerd.env, CONTAINERD_NAMESPACE: 'from-environment' };
    await mustRunBima(['build', '-t', 'nubificus/image:tag', context], { env });
    await mustRunBima(['build', '-t', 'a:1', '-n', 'k8s.io', context], { env });
    assert.deepEqual(await names(containerd, '-n', 'from-environment'), [name]);
    assert.deepEqual(await names(containerd, '-n', 'k8s.io'), ['docker.io/library/a:1']);
    assert.deepEqual(await names(containerd), []);
    const { stderr } = await mustRunBima(['build', '-t', 'a:1', '-n', 'default', context], { env });
    assert.match(stderr, /Kubernetes on this node sees only the images of the namespace "k8s.io"/);
  });

  it('is left as it is by the same image again, and lets a tag move', async (test) => {
    const { ctr, env } = await start(test);
    const context = sampleContext(test);
    const build = async () => {
      const { stdout } = await mustRunBima(['build', '--json', '-t', 'a:1', '-t', 'ghcr.io/b/c:2', context], {
        env,
      });
      return JSON.parse(stdout) as { digest: string; containerd: { isNew: boolean; isUnpacked: boolean } };
    };
    const first = await build();
    assert.deepEqual([first.containerd.isNew, first.containerd.isUnpacked], [true, true]);
    const state = async () => [await ctr('images', 'check'), await ctr('snapshots', 'ls')];
    const before = await state();
    const second = await build();
    assert.deepEqual([second.containerd.isNew, second.digest], [false, first.digest]);
    assert.deepEqual(await state(), before);

    writeFileSync(join(context, 'redis.conf'), 'maxmemory 32mb\n');
    const moved = await build();
    assert.notEqual(moved.digest, first.digest);
    const list = await rows(ctr('images', 'check'));
    assert.deepEqual(
      list.map(({ name, digest }) => [name, digest]),
      [
        ['docker.io/library/a:1', moved.digest],
        ['ghcr.io/b/c:2', moved.digest],
      ],
    );
    assert.ok(list.every(({ rest }) => rest.startsWith('complete') && rest.endsWith('true')));
  });

  it('unpacks an image that is there already for another snapshotter', async (test) => {
    const { ctr, env } = await start(test);
    const context = sampleContext(test);
    for (const snapshotter of ['native', 'overlayfs'])
      await mustRunBima(['build', '-t', 'a:1', context], {
        env: { ...env, CONTAINERD_SNAPSHOTTER: snapshotter },
      });
    for (const snapshotter of ['native', 'overlayfs']) {
      const [checked] = await rows(ctr('images', 'check', '--snapshotter', snapshotter));
      assert.match(checked?.rest ?? '', / true$/, snapshotter);
    }
  });

  it('gets an image for another platform, not unpacked, with a warning', async (test) => {
    const { ctr, env } = await start(test);
    const context = sampleContext(test, join(import.meta.dirname, '../../examples/hello/hello-arm64'));
    const { stderr } = await mustRunBima(['build', '-t', 'a:1', context], { env });
    assert.match(
      stderr,
      /warning: the image is for linux\/arm64 and this node is linux\/amd64: it was imported, not unpacked/,
    );
    const [image] = await rows(ctr('images', 'ls'));
    assert.match(image?.rest ?? '', /linux\/arm64/);
    const [, ...snapshots] = (await ctr('snapshots', 'ls')).trim().split('\n');
    assert.deepEqual(snapshots, []);
  });

  for (const output of ['tar', 'oci']) {
    it(`loads what --output ${output} wrote, under the names it has or gets`, async (test) => {
      const containerd = await start(test);
      const { ctr, env } = containerd;
      const context = sampleContext(test);
      const path = join(context, '../image');
      const build = [
        'build',
        '-t',
        'nubificus/image:tag',
        '-t',
        'b:2',
        '-o',
        output,
        '--dest',
        path,
        context,
      ];
      const digest = (await mustRunBima(build)).stdout;
      assert.equal((await mustRunBima(['load', path], { env })).stdout, digest);
      await mustRunBima(['load', '-t', 'other', path], { env });
      const list = await rows(ctr('images', 'check'));
      assert.deepEqual(list.map((row) => row.name).sort(), [
        'docker.io/library/b:2',
        'docker.io/library/other:latest',
        name,
      ]);
      assert.ok(list.every((row) => row.digest === digest.trim() && row.rest.endsWith('true')));
    });
  }

  it('gets what refers to the image under the fallback tag, beside what is listed there', async (test) => {
    const containerd = await start(test);
    const { ctr, env } = containerd;
    const layout = join(temporaryFolder(test), 'layout');
    const context = sampleContext(test);
    await mustRunBima(['build', '-t', 'ghcr.io/b/c:2', '-o', 'oci', '--dest', layout, context]);
    const [image] = readIndex(layout).manifests;
    const first = addReferrer(layout, image, 'first');
    const ofFirst = addReferrer(layout, { ...image, digest: first as Descriptor['digest'] }, 'of the first');
    const json = async () => {
      const { stdout } = await mustRunBima(['load', '--json', layout], { env });
      return (JSON.parse(stdout) as { containerd: { isNew: boolean } }[])[0]?.containerd.isNew;
    };
    const list = async (subject: string) => {
      const tag = `ghcr.io/b/c:sha256-${subject.slice('sha256:'.length)}`;
      const found = (await rows(ctr('images', 'ls'))).find((row) => row.name === tag) ?? assert.fail();
      const { manifests } = JSON.parse(await ctr('content', 'get', found.digest)) as {
        manifests: { digest: string; artifactType: string }[];
      };
      return manifests.map(({ digest, artifactType }) => `${digest} ${artifactType}`);
    };
    assert.equal(await json(), true);
    assert.deepEqual(await list(image.digest), [`${first} text/example`]);
    assert.deepEqual(await list(first), [`${ofFirst} text/example`]);
    const { stderr } = await mustRunBima(['load', layout], { env });
    assert.match(stderr, /is in containerd's namespace "default" already\n.*ghcr.io\/b\/c:sha256-/);
    assert.equal(await json(), false);

    // Another layout of the same image knows nothing of these two.
    const other = join(temporaryFolder(test), 'layout');
    await mustRunBima(['build', '-t', 'ghcr.io/b/c:2', '-o', 'oci', '--dest', other, context]);
    const second = addReferrer(other, image, 'second');
    const { stdout } = await mustRunBima(['load', '--json', other], { env });
    assert.match(stdout, /"isNew":true/);
    assert.deepEqual(await list(image.digest), [`${first} text/example`, `${second} text/example`]);
    assert.equal(await json(), false, 'the first layout has nothing new');

    await ctr('images', 'rm', '--sync', 'ghcr.io/b/c:2');
    for (const digest of [first, second, ofFirst])
      for (const { digest: blob } of (
        JSON.parse(await ctr('content', 'get', digest)) as { layers: Descriptor[] }
      ).layers)
        assert.match(await ctr('content', 'get', blob), /first|second/, 'a collection leaves them');
    await assertNoLease(containerd);
    assert.ok((await names(containerd)).every((found) => !found.startsWith('bima.invalid/')));
  });

  it('has the lists as before when the image of them turns out to be damaged', async (test) => {
    const containerd = await start(test);
    const { ctr, env } = containerd;
    const layout = join(temporaryFolder(test), 'layout');
    await mustRunBima(['build', '-t', 'a:1', '-o', 'oci', '--dest', layout, sampleContext(test)]);
    const [image] = readIndex(layout).manifests;
    addReferrer(layout, image, 'first');
    const { layers } = JSON.parse(
      readFileSync(join(layout, 'blobs/sha256', hexOf(image.digest)), 'utf8'),
    ) as { layers: [Descriptor] };
    const layer = join(layout, 'blobs/sha256', hexOf(layers[0].digest));
    const whole = readFileSync(layer);
    const damage = () => {
      writeFileSync(layer, Buffer.alloc(whole.length));
    };
    damage();
    assert.equal((await runBima(['load', layout], { env })).code, 1);
    await assertEmpty(containerd);

    writeFileSync(layer, whole);
    await mustRunBima(['load', layout], { env });
    const before = await ctr('images', 'ls');
    addReferrer(layout, image, 'second');
    damage();
    // Under a new name all of the image is read again.
    const { code } = await runBima(['load', '-t', 'a:2', layout], { env });
    assert.equal(code, 1);
    assert.equal(await ctr('images', 'ls'), before);
    await assertNoLease(containerd);
  });

  it('says so when a name for the list of referrers stands for something else', async (test) => {
    const { ctr, env } = await start(test);
    const layout = join(temporaryFolder(test), 'layout');
    await mustRunBima(['build', '-t', 'a:1', '-o', 'oci', '--dest', layout, sampleContext(test)]);
    await mustRunBima(['load', layout], { env });
    const [image] = readIndex(layout).manifests;
    const list = `docker.io/library/a:sha256-${hexOf(image.digest)}`;
    await ctr('images', 'tag', 'docker.io/library/a:1', list);
    addReferrer(layout, image, 'first');
    const { code, stderr } = await runBima(['load', layout], { env });
    assert.equal(code, 1);
    assert.match(stderr, /expected a list of referrers as "docker\.io\/library\/a:sha256-/);
  });

  it('gets an index with all of its platforms, and unpacks the one of the node', async (test) => {
    const { ctr, env } = await start(test);
    const { layout, digest } = await layoutOfTwo(test);
    const nameless = await runBima(['load', layout], { env });
    assert.match(nameless.stderr, /has no full name for the image sha256:.*\n {2}Name it/);
    const args = ['load', '-t', 'nubificus/image:tag', layout];
    const { stdout, stderr } = await mustRunBima(args, { env });
    assert.equal(stdout.trim(), digest);
    assert.doesNotMatch(stderr, /warning/);
    const [checked] = await rows(ctr('images', 'check'));
    assert.deepEqual([checked?.name, checked?.type, checked?.digest], [name, mediaTypes.index, digest]);
    assert.match(checked?.rest ?? '', /^complete .* true$/);
    const [image] = await rows(ctr('images', 'ls'));
    assert.match(image?.rest ?? '', /linux\/amd64,linux\/arm64/);
    const again = await mustRunBima(args, { env });
    assert.match(again.stderr, /already/);
  });

  it(
    'pushes it to a registry with its digest unchanged',
    { skip: unlessInstalled('docker-registry') },
    async (test) => {
      const { ctr, env } = await start(test);
      await using registry = await startDockerRegistry();
      const { host } = registry;
      const reference = `${host}/nubificus/image:tag`;
      const { stdout } = await mustRunBima(['build', '-t', reference, sampleContext(test)], { env });
      await ctr('images', 'push', '--plain-http', reference);
      const response = await fetch(`http://${host}/v2/nubificus/image/manifests/tag`, {
        headers: { accept: mediaTypes.manifest },
      });
      assert.equal(response.headers.get('docker-content-digest'), stdout.trim());
      assert.deepEqual(((await response.json()) as { annotations: unknown }).annotations, sampleLabels);
    },
  );

  it('killed in the middle of an import: says so, and takes it when it is back', async (test) => {
    const containerd = await start(test);
    const { path, reached } = stoppingCtr(test, 'input');
    const args = ['build', '-t', 'a:1', largeContext(test, 5_000_000)];
    const running = runBima([...args, '--ctr', path], { env: containerd.env });
    await appears(reached);
    await containerd.kill();
    rmSync(reached);
    const { code, stderr } = await running;
    assert.equal(code, 1, stderr);
    assert.match(stderr, /error: containerd could not import the image: it stopped in the middle\n/);

    const { code: stopped, stderr: message } = await runBima(args, { env: containerd.env });
    assert.equal(stopped, 1);
    assert.match(message, /error: containerd does not run: nothing answers at the socket/);

    await containerd.start();
    assert.deepEqual(await names(containerd), []);
    await mustRunBima(args, { env: containerd.env });
    const [checked] = await rows(containerd.ctr('images', 'check'));
    assert.match(checked?.rest ?? '', /^complete .* true$/);
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`is as before when ${signal} interrupts while the image arrives`, async (test) => {
      const containerd = await start(test);
      const { path, reached } = stoppingCtr(test, 'input');
      const args = ['build', '-t', 'a:1', largeContext(test, 5_000_000)];
      assertInterrupted(await interruptAt(reached, [...args, '--ctr', path], containerd, signal), signal);
      await assertEmpty(containerd);
      await mustRunBima(args, { env: containerd.env });
    });
  }

  it('has no image and no lease left when bima itself is killed', async (test) => {
    const containerd = await start(test);
    const { path, reached } = stoppingCtr(test, 'input');
    const args = ['build', '-t', 'a:1', '--ctr', path, largeContext(test, 5_000_000)];
    await interruptAt(reached, args, containerd, 'SIGKILL');
    // What ends now is ctr, by itself.
    const leases = () => containerd.ctr('leases', 'ls', '--quiet');
    while ((await leases()).trim() !== '') await sleep(50);
    assert.deepEqual(await names(containerd), []);
  });

  it('is as before when it is interrupted while the image is unpacked', async (test) => {
    const containerd = await start(test);
    const { path, reached } = stoppingCtr(test, 'end');
    const args = ['build', '-t', 'a:1', sampleContext(test)];
    assertInterrupted(await interruptAt(reached, [...args, '--ctr', path], containerd, 'SIGINT'), 'SIGINT');
    await assertEmpty(containerd);
  });

  it('is as before when the image turns out to be damaged', async (test) => {
    const containerd = await start(test);
    const context = largeContext(test, 3_000_000);
    const layout = join(context, '../layout');
    const build = ['build', '--json', '-t', 'a:1', '-o', 'oci', '--dest', layout, context];
    const { layers } = JSON.parse((await mustRunBima(build)).stdout) as {
      layers: { digest: string; size: number }[];
    };
    const largest = layers.find(({ size }) => size > 1_000_000);
    assert.ok(largest);
    writeFileSync(join(layout, 'blobs/sha256', largest.digest.slice(7)), Buffer.alloc(largest.size));
    const { code, stderr } = await runBima(['load', layout], { env: containerd.env });
    assert.equal(code, 1);
    assert.match(stderr, /error: .*expected \d+ bytes with sha256/);
    await assertEmpty(containerd);
  });

  const fullDisks: [when: string, megabytes: number][] = [
    ['while the image arrives', 6],
    ['while it is unpacked', 15],
  ];
  for (const [when, megabytes] of fullDisks) {
    it(`says that its disk is full ${when}, and takes the image once there is room`, async (test) => {
      let root = '';
      const containerd = await startContainerd(test, {
        prepare: (folder) => {
          root = folder;
          execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', root]);
          return () => execFileSync('umount', ['--lazy', root]);
        },
      });
      const { env } = containerd;
      const args = ['build', '-t', 'a:1', '--snapshotter', 'native', largeContext(test, 10_000_000)];
      const { code, stderr } = await runBima(args, { env });
      assert.equal(code, 1);
      assert.match(
        stderr,
        /error: containerd could not import the image: the disk of containerd's data is full\n/,
      );
      await assertEmpty(containerd);
      execFileSync('mount', ['-o', 'remount,size=100m', root]);
      await mustRunBima(args, { env });
      await assertNoLease(containerd);
    });
  }

  it('leaves a name at its old image when its disk is full while the name moves', async (test) => {
    let root = '';
    const containerd = await startContainerd(test, {
      prepare: (folder) => {
        root = folder;
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=40m', 'tmpfs', root]);
        return () => execFileSync('umount', ['--lazy', root]);
      },
    });
    const { ctr, env } = containerd;
    const args = ['build', '-t', 'a:1', '-t', 'a:2', '--snapshotter', 'native'];
    const old = (await mustRunBima([...args, sampleContext(test)], { env })).stdout.trim();
    // Room for the content, and not for all of what is unpacked.
    const { code, stderr } = await runBima([...args, '-t', 'a:3', largeContext(test, 15_000_000)], { env });
    assert.equal(code, 1);
    assert.match(stderr, /the disk of containerd's data is full\n/);
    const images = await rows(ctr('images', 'check', '--snapshotter', 'native'));
    assert.deepEqual(
      images.map((image) => [image.name, image.digest, image.rest.endsWith(' true')]),
      ['a:1', 'a:2'].map((short) => [`docker.io/library/${short}`, old, true]),
    );
    await assertNoLease(containerd);
    execFileSync('mount', ['-o', 'remount,size=200m', root]);
    await mustRunBima([...args, largeContext(test, 15_000_000)], { env });
    assert.equal((await names(containerd)).length, 2);
  });

  it('is as before when an import is interrupted while a name moves', async (test) => {
    const containerd = await start(test);
    const { ctr, env } = containerd;
    const { path, reached } = stoppingCtr(test, 'end');
    const old = (await mustRunBima(['build', '-t', 'a:1', sampleContext(test)], { env })).stdout.trim();
    const args = ['build', '-t', 'a:1', '--label', 'a=b', sampleContext(test)];
    assertInterrupted(await interruptAt(reached, [...args, '--ctr', path], containerd, 'SIGINT'), 'SIGINT');
    const images = await rows(ctr('images', 'check'));
    assert.deepEqual(
      images.map((image) => [image.name, image.digest, image.rest.endsWith(' true')]),
      [['docker.io/library/a:1', old, true]],
    );
    await assertNoLease(containerd);
  });

  it('gets rid of what a killed import held', async (test) => {
    const containerd = await start(test);
    const { env } = containerd;
    const { path, reached } = stoppingCtr(test, 'end');
    await mustRunBima(['build', '-t', 'a:1', sampleContext(test)], { env });
    const args = ['build', '-t', 'a:1', '--label', 'a=b', sampleContext(test)];
    await interruptAt(reached, [...args, '--ctr', path], containerd, 'SIGKILL');
    assert.equal((await names(containerd)).length, 2);
    await mustRunBima(['build', '-t', 'a:1', '--label', 'a=c', sampleContext(test)], { env });
    assert.deepEqual(await names(containerd), ['docker.io/library/a:1']);
  });

  it('names the remedy when the socket is there and the user may not use it', async (test) => {
    const { address, folder, env } = await start(test);
    chmodSync(folder, 0o755);
    chmodSync(address, 0o444);
    const context = sampleContext(test);
    chmodSync(join(context, '..'), 0o755);
    const args = ['build', '-t', 'a:1', context];
    const { code, stderr } = await runBima(args, { env, user: 65534 });
    assert.equal(code, 1);
    assert.match(
      stderr,
      new RegExp(`error: no permission to use containerd's socket "${address}"\\n  Run it as root`),
    );
    chmodSync(address, 0o666);
    await mustRunBima(args, { env, user: 65534 });
  });

  const refused: [name: string, args: string[], code: number, message: RegExp][] = [
    ['no socket', ['-a', '/nowhere.sock'], 1, /no socket at "\/nowhere.sock"\n {2}Start it/],
    ['no ctr', ['--ctr', '/nowhere/ctr'], 1, /no program "\/nowhere\/ctr"\n {2}Install containerd/],
    [
      'an unknown snapshotter',
      ['--snapshotter', 'x'],
      2,
      /no snapshotter "x"\n.* ready: (?:.*, )?native, overlayfs/,
    ],
    ['no namespace', ['-n', 'a/b'], 2, /expected a namespace of containerd, got "a\/b"/],
  ];
  it('is not asked for what it can not do, and nothing is built', async (test) => {
    const { env } = await start(test);
    const context = sampleContext(test);
    for (const [name, args, exitCode, message] of refused) {
      const { code, stdout, stderr } = await runBima(['build', '-t', 'a:1', ...args, context], { env });
      assert.equal(code, exitCode, name);
      assert.equal(stdout, '');
      assert.match(stderr, message, name);
      assert.doesNotMatch(stderr, /COPY/, name);
    }
  });
});

function interruptAt(
  reached: string,
  args: readonly string[],
  { env }: Containerd,
  signal: NodeJS.Signals,
): Promise<Finished> {
  return runBima(args, {
    env,
    interrupt: {
      when: appears(reached),
      signal,
      // What stands between bima and ctr in the test lets go.
      afterwards: () => {
        setTimeout(() => {
          rmSync(reached);
        }, 100);
      },
    },
  });
}

function assertInterrupted({ code, stdout, stderr }: Finished, signal: NodeJS.Signals): void {
  assert.equal(code, signal === 'SIGINT' ? 130 : 143, stderr);
  assert.equal(stdout, '');
  assert.match(stderr, /waiting until containerd has ended the import\nbima: interrupted\n$/);
}

// An image that goes into containerd: what is asked of it, and what is said.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Containerd } from '../../src/adapters/containerd/containerd.ts';
import type { CtrAnswer } from '../../src/adapters/containerd/ctr.ts';
import { nameOwner } from '../../src/adapters/filesystem/process-owner.ts';
import type { ByteStream } from '../../src/core/oci/blob.ts';
import { blobOf, readAll, streamOf } from '../../src/core/oci/blob.ts';
import type { Descriptor } from '../../src/core/oci/descriptor.ts';
import { encodeJson } from '../../src/core/oci/json.ts';
import { withBlobs } from '../../src/core/oci/with-blobs.ts';
import { hexOf } from '../../src/core/oci/digest.ts';
import { mediaTypes } from '../../src/core/oci/media-types.ts';
import { parsePlatform } from '../../src/core/oci/platform.ts';
import { parseReference } from '../../src/core/oci/reference.ts';
import type { Source } from '../../src/core/oci/target.ts';
import { loadImage } from '../../src/usecases/load.ts';
import { notingReporter } from '../support/noting-reporter.ts';
import { sampleImage } from '../support/sample-image.ts';

interface Node {
  readonly containerd: Containerd;
  readonly queries: string[];
  /** The arguments of each import, and the bytes that it got. */
  readonly fed: { readonly args: readonly string[]; readonly bytes: Buffer }[];
}

interface NodeOptions {
  readonly containerd?: Partial<Containerd>;
  /** What is there already, by its name. */
  readonly there?: Readonly<Record<string, Descriptor>>;
  /** The names that `ctr images ls` lists. */
  readonly listed?: readonly string[];
  readonly feed?: (stream: ByteStream) => Promise<CtrAnswer>;
}

const done: CtrAnswer = { code: 0, stdout: '', stderr: '' };

/** A containerd that answers as the real one does, and notes what it was asked. */
function nodeWith({ containerd, there = {}, listed = [], feed }: NodeOptions = {}): Node {
  const queries: string[] = [];
  const fed: { args: readonly string[]; bytes: Buffer }[] = [];
  return {
    queries,
    fed,
    containerd: {
      namespace: 'default',
      address: '/run/c.sock',
      version: '1.7.1, 1.6.2',
      platforms: [parsePlatform('linux/amd64')],
      importFlags: ['--local'],
      namespaces: ['default', 'k8s.io'],
      client: {
        query: (...args) => {
          queries.push(args.join(' '));
          if (args[1] === 'ls' && args[0] === 'images')
            return Promise.resolve({ ...done, stdout: listed.join('\n') });
          if (args[1] !== 'check') return Promise.resolve(done);
          const lines = Object.entries(there)
            .filter(([name]) => args.some((arg) => arg === `name==${JSON.stringify(name)}`))
            .map(([name, { mediaType, digest }]) => `${name} ${mediaType} ${digest} complete (1/1) 1 B true`);
          return Promise.resolve({ ...done, stdout: lines.join('\n') });
        },
        feed: async (args, stream) => {
          if (feed !== undefined) return feed(stream);
          fed.push({ args, bytes: Buffer.from(await readAll(stream)) });
          return done;
        },
      },
      ...containerd,
    },
  };
}

const image = sampleImage();
const references = ['ghcr.io/a/b:1', 'quay.io/c/d:2'].map(parseReference);

function load(
  { containerd }: Node,
  { source, root }: { readonly source: Source; readonly root: Descriptor } = image,
  referrers: readonly Descriptor[] = [],
  signal?: AbortSignal,
) {
  const reporter = notingReporter();
  const imported = loadImage(containerd, source, root, references, reporter, signal, referrers);
  return { imported, reporter };
}

describe('an image that is loaded', () => {
  it('is imported under all its names for the platform of the node, and that is said', async () => {
    const node = nodeWith();
    const { imported, reporter } = load(node);
    assert.deepEqual(await imported, { isNew: true, isUnpacked: true });
    assert.deepEqual(reporter.debugged, ['containerd 1.7.1, 1.6.2 at /run/c.sock']);
    assert.deepEqual(reporter.said, [
      `imported ghcr.io/a/b:1, quay.io/c/d:2 into containerd's namespace "default"`,
      'Kubernetes on this node sees only the images of the namespace "k8s.io"',
    ]);
    assert.deepEqual(reporter.warned, []);
    const [only, ...others] = node.fed;
    assert.deepEqual(others, []);
    assert.deepEqual(only?.args, ['images', 'import', '--local', '--platform', 'linux/amd64', '-']);
    for (const { digest } of [...image.layers, ...image.configs, image.root])
      assert.ok(only.bytes.includes(`blobs/sha256/${hexOf(digest)}`), digest);
    for (const name of ['ghcr.io/a/b:1', 'quay.io/c/d:2']) assert.ok(only.bytes.includes(name), name);
  });

  it('goes without anything that refers to it, unless that is named', async () => {
    const node = nodeWith();
    await loadImage(node.containerd, image.source, image.root, references, notingReporter());
    assert.equal(node.fed.length, 1);
  });

  it('is for the platforms of its images, and not for what else its index lists', async () => {
    const config = blobOf('application/vnd.oci.empty.v1+json', Buffer.from('{}'));
    const artifact = blobOf(
      mediaTypes.manifest,
      encodeJson({ schemaVersion: 2, artifactType: 'a/b', config: config.descriptor, layers: [] }),
    );
    const index = blobOf(
      mediaTypes.index,
      encodeJson({
        schemaVersion: 2,
        mediaType: mediaTypes.index,
        manifests: [artifact.descriptor, image.root],
      }),
    );
    const source = withBlobs(image.source, [config, artifact, index]);
    const { imported, reporter } = load(nodeWith({ containerd: { platforms: [] } }), {
      source,
      root: index.descriptor,
    });
    assert.deepEqual(await imported, { isNew: true, isUnpacked: false });
    assert.match(reporter.warned[0]?.message ?? '', /^the image is for linux\/amd64 and this node/);
  });

  it('is left alone where it is there', async () => {
    const there = { 'ghcr.io/a/b:1': image.root, 'quay.io/c/d:2': image.root };
    const node = nodeWith({ there, containerd: { namespaces: ['default'] } });
    const { imported, reporter } = load(node);
    assert.deepEqual(await imported, { isNew: false, isUnpacked: true });
    assert.deepEqual(reporter.said, [
      `ghcr.io/a/b:1, quay.io/c/d:2 is in containerd's namespace "default" already`,
    ]);
    assert.deepEqual(node.fed, []);
  });

  it('is said to be unseen by Kubernetes in the namespace default alone, and where Kubernetes is', async () => {
    const rows: [namespace: string, namespaces: string[], isSaid: boolean][] = [
      ['default', ['default', 'k8s.io'], true],
      ['default', ['default'], false],
      ['k8s.io', ['default', 'k8s.io'], false],
      ['own', ['own', 'k8s.io'], false],
    ];
    for (const [namespace, namespaces, isSaid] of rows) {
      const { imported, reporter } = load(nodeWith({ containerd: { namespace, namespaces } }));
      await imported;
      assert.equal(
        reporter.said.some((line) => line.startsWith('Kubernetes')),
        isSaid,
        namespace,
      );
    }
  });

  it('is not unpacked for a foreign node, with a warning that names both', async () => {
    const both = sampleImage({ architectures: ['arm64', 'riscv64'] });
    const node = nodeWith({ containerd: { platforms: ['linux/amd64', 'linux/386'].map(parsePlatform) } });
    const { imported, reporter } = load(node, both);
    assert.deepEqual(await imported, { isNew: true, isUnpacked: false });
    assert.deepEqual(reporter.warned, [
      {
        code: 'PLATFORM_FOREIGN',
        message:
          'the image is for linux/arm64 and linux/riscv64 and this node is linux/amd64 and linux/386: it was imported, not unpacked',
        hint: 'It can be pushed and exported from here; to run it, import it on a node of its platform.',
      },
    ]);
    assert.deepEqual(node.fed[0]?.args.slice(3), [
      '--platform',
      'linux/arm64',
      '--all-platforms',
      '--no-unpack',
      '-',
    ]);
  });

  it('is waited for when it is interrupted, and that is said once', async () => {
    const controller = new AbortController();
    const node = nodeWith({
      feed: async (stream) => {
        await readAll(stream);
        controller.abort(new Error('enough'));
        return done;
      },
    });
    const { imported, reporter } = load(node, image, [], controller.signal);
    await imported;
    const waiting = 'interrupted: waiting until containerd has ended the import';
    assert.equal(reporter.said[0], waiting);
    // What is interrupted after the import has nobody to wait for.
    const later = new AbortController();
    const next = load(nodeWith(), image, [], later.signal);
    await next.imported;
    later.abort();
    assert.ok(!next.reporter.said.includes(waiting));
  });

  it('is told of the wait no more after it failed', async () => {
    const controller = new AbortController();
    const node = nodeWith({ feed: () => Promise.reject(new Error('broken pipe')) });
    const { imported, reporter } = load(node, image, [], controller.signal);
    await assert.rejects(imported, { message: 'broken pipe' });
    controller.abort();
    assert.deepEqual(reporter.said, []);
  });
});

describe('names that killed processes have left in containerd', () => {
  it('are removed, and those of living ones stay', async () => {
    const own = await nameOwner();
    // No process has this number.
    const dead = own.replace(/-\d+-(\d+-[0-9a-f]+)$/, '-4194999-$1');
    const kept = [own, dead].map((name) => `bima.invalid/kept:${name}`);
    const node = nodeWith({ listed: [...kept, 'ghcr.io/other:1'] });
    await load(node).imported;
    assert.deepEqual(
      node.queries.filter((query) => query.startsWith('images rm')),
      [`images rm ${kept[1]}`],
    );
  });
});

describe('what refers to an image that is loaded', () => {
  const both = sampleImage({ architectures: ['amd64', 'arm64'], seed: 'both' });
  const statement = sampleImage({ subject: both.root, seed: 'statement', layers: [10] });
  const other = sampleImage({ subject: both.root, seed: 'other', layers: [10] });
  const child = both.manifests[0] ?? both.root;
  const ofChild = sampleImage({ subject: child, seed: 'child', layers: [10] });
  const aimless = sampleImage({ seed: 'aimless', layers: [10] });
  const all = [both, statement, other, ofChild, aimless];
  const source: Source = {
    name: 'all',
    open(descriptor) {
      const blob = all.flatMap(({ blobs }) => blobs.get(descriptor.digest) ?? [])[0];
      return { descriptor, open: () => (blob === undefined ? streamOf() : blob.open()) };
    },
  };

  it('goes along in the lists of what it refers to, in each repository once', async () => {
    const node = nodeWith();
    const reporter = notingReporter();
    await loadImage(
      node.containerd,
      source,
      both.root,
      [...references, parseReference('ghcr.io/a/b:other')],
      reporter,
      undefined,
      [statement, other, ofChild, aimless].map(({ root }) => root),
    );
    const list = (repository: string, { digest }: Descriptor, count: number) =>
      `what refers to the image is in the list ${repository}:sha256-${hexOf(digest)} (${count} manifests)`;
    assert.deepEqual(reporter.said.slice(1, -1), [
      list('ghcr.io/a/b', both.root, 2),
      list('quay.io/c/d', both.root, 2),
      list('ghcr.io/a/b', child, 1),
      list('quay.io/c/d', child, 1),
    ]);
    const [lists, images] = node.fed;
    assert.deepEqual(lists?.args, ['images', 'import', '--local', '--all-platforms', '--no-unpack', '-']);
    for (const { root, layers, configs } of [statement, other, ofChild])
      for (const { digest } of [root, ...layers, ...configs]) assert.ok(lists.bytes.includes(hexOf(digest)));
    assert.ok(images !== undefined);
    assert.equal(node.fed.length, 2);
  });

  it('is looked for with all of its content', async () => {
    const node = nodeWith();
    await loadImage(node.containerd, source, both.root, references.slice(0, 1), notingReporter(), undefined, [
      statement.root,
    ]);
    const asked = node.queries.find((query) => query.startsWith('content ls')) ?? '';
    for (const { digest } of [statement.root, ...statement.layers, ...statement.configs])
      assert.ok(asked.includes(`digest==${digest}`), digest);
    assert.equal(statement.root.mediaType, mediaTypes.manifest);
  });
});

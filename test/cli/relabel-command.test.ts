import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { run } from '../../src/cli/run.ts';
import { openLayout } from '../../src/adapters/disk/layout.ts';
import { blobOf } from '../../src/core/oci/blob.ts';
import { encodeJson } from '../../src/core/oci/json.ts';
import { mediaTypes } from '../../src/core/oci/media-types.ts';
import { baseLayout, indexLayout } from '../support/base-image.ts';
import type { SampleBase } from '../support/base-image.ts';
import { hello, startBaseRegistry } from '../support/base-registry.ts';
import { temporaryFolder } from '../support/folder.ts';
import { noise } from '../support/large-context.ts';
import { startRegistry } from '../support/registry.ts';
import type { Registry } from '../support/registry.ts';
import { verifyLayout } from '../support/verify-layout.ts';

interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function bima(...args: readonly string[]): Promise<Finished> {
  const [stdout, stderr]: [string[], string[]] = [[], []];
  const code = await run(args, {
    environment: {},
    stdout: (line) => stdout.push(line),
    stderr: (line) => stderr.push(line),
    stdin: () => Promise.resolve(''),
    home: '/nonexistent',
    signal: new AbortController().signal,
  });
  return { code, stdout: stdout.join('\n'), stderr: stderr.join('\n') };
}

async function must(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await bima(...args);
  assert.equal(code, 0, stderr);
  return stdout;
}

const key = (name: string) => `com.urunc.unikernel.${name}`;
const hypervisor = `${key('hypervisor')}=firecracker`;

/** A context whose kernel is larger than anything that may travel, for both architectures. */
function guestContext(test: TestContext): string {
  const folder = temporaryFolder(test, { amd64: '', arm64: '' });
  const arm = readFileSync(join(import.meta.dirname, '../../examples/hello/hello-arm64'));
  writeFileSync(join(folder, 'amd64'), Buffer.concat([hello, noise('amd64')]));
  writeFileSync(join(folder, 'arm64'), Buffer.concat([arm, noise('arm64')]));
  const lines = [
    'FROM scratch',
    'ARG TARGETARCH=amd64',
    'COPY $TARGETARCH /kernel',
    'CMD ["x"]',
    `LABEL ${key('unikernelType')}=unikraft ${key('binary')}=/kernel ${key('version')}=1`,
  ];
  writeFileSync(join(folder, 'Containerfile'), lines.join('\n'));
  return folder;
}

const qemu = ['--label', `${key('hypervisor')}=qemu`];
const fire = ['--label', hypervisor];

/** The requests since the last call: of blobs their sizes, and how often tags and documents were put. */
function trafficOf(registry: Registry) {
  let seen = registry.requests.length;
  return () => {
    const some = registry.requests.slice(seen);
    seen = registry.requests.length;
    const paths = (method: string, pattern: RegExp) =>
      some.filter((one) => one.method === method && pattern.test(one.path)).map(({ path }) => path);
    return {
      fetched: paths('GET', /\/blobs\//),
      mounted: some.filter(({ method, query }) => method === 'POST' && query.includes('mount=')),
      sent: paths('PUT', /\/uploads\//).length + paths('PATCH', /./).length,
      documents: paths('PUT', /\/manifests\//).map((path) => path.replace(/^.*\//, '')),
      order: some.map(({ method, path }) => `${method} ${path}`),
    };
  };
}

describe('bima relabel', () => {
  it('gives the image that a build with the label gives, and moves the tag last', async (test) => {
    await using registry = await startRegistry();
    const context = guestContext(test);
    const name = `${registry.host}/a/b:1`;
    const old = await must('build', '--push', '-t', name, ...qemu, context);
    const wanted = await must('build', '--push', '-t', `${registry.host}/other:1`, ...fire, context);
    const traffic = trafficOf(registry);
    const sent = registry.uploadedBytes();
    const stdout = await must('relabel', '--json', name, hypervisor);
    const result = JSON.parse(stdout) as { digest: string; previous: string; images: { labels: object }[] };
    assert.deepEqual([result.digest, result.previous], [wanted, old]);
    assert.equal(registry.store.tags('a/b')['1'], wanted);
    const { fetched, sent: uploads, documents, order } = traffic();
    // The config, and the layer with urunc.json.
    assert.equal(fetched.length, 2);
    assert.equal(uploads, 2);
    assert.ok(registry.uploadedBytes() - sent < 2500);
    assert.deepEqual(documents.at(-1), '1');
    assert.match(order.at(-1) ?? '', /^PUT .*\/manifests\/1$/);
    // The old one is there, as it was.
    assert.ok(registry.store.pull('a/b', old));
    registry.assertRules();
  });

  it('changes each image of an index, and mounts for another name', async (test) => {
    await using registry = await startRegistry();
    const context = guestContext(test);
    const platforms = ['--platform', 'linux/amd64,linux/arm64'];
    const name = `${registry.host}/a/b:1`;
    await must('build', '--push', '-t', name, ...platforms, ...qemu, context);
    const wanted = await must(
      'build',
      '--push',
      '-t',
      `${registry.host}/c/d:1`,
      ...platforms,
      ...fire,
      context,
    );
    const traffic = trafficOf(registry);
    const target = `${registry.host}/e/f:2`;
    const { code, stdout, stderr } = await bima('relabel', '-t', target, name, hypervisor);
    assert.equal(code, 0, stderr);
    assert.equal(stdout, wanted);
    assert.equal(registry.store.tags('e/f')['2'], wanted);
    assert.match(stderr, /signatures and attestations stay with sha256:/);
    const { fetched, mounted, sent } = traffic();
    // A config for each, and the one layer that both share.
    assert.equal(fetched.length, 3);
    assert.equal(mounted.length, 2);
    assert.equal(sent, 3);
  });

  it('leaves a tag alone whose image has the labels already', async (test) => {
    await using registry = await startRegistry();
    const name = `${registry.host}/a/b:1`;
    const old = await must('build', '--push', '-t', name, ...qemu, guestContext(test));
    const traffic = trafficOf(registry);
    assert.equal(await must('relabel', name, `${key('hypervisor')}=qemu`), old);
    assert.deepEqual([traffic().documents, traffic().sent], [[], 0]);
  });

  it('refuses what urunc could not run, before anything is written', async (test) => {
    await using registry = await startRegistry();
    const name = `${registry.host}/a/b:1`;
    const old = await must('build', '--push', '-t', name, ...qemu, guestContext(test));
    const traffic = trafficOf(registry);
    const missing = await bima('relabel', name, '--remove', key('binary'));
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /missing label "com\.urunc\.unikernel\.binary"/);
    const doubtful = await bima('relabel', '--fail-on', 'warning', name, `${key('hypervisor')}=hvt`);
    assert.equal(doubtful.code, 1);
    assert.match(doubtful.stderr, /"hvt" and "unikraft"/);
    assert.deepEqual(traffic().documents, []);
    assert.equal(registry.store.tags('a/b')['1'], old);
  });

  it('says what is wrong with its words', async () => {
    const cases: readonly (readonly [words: RegExp, ...args: string[]])[] = [
      [/requires an image and at least 1 label/],
      [/requires at least 1 label/, 'a/b:1'],
      [/expected a label KEY=VALUE, got "x"/, 'a/b:1', 'x'],
      [/"a" to be set or removed/, 'a/b:1', 'a=b', '--remove', 'a'],
      [/expected --tag for the new image/, `a/b@sha256:${'0'.repeat(64)}`, 'a=b'],
    ];
    for (const [words, ...args] of cases) {
      const { code, stderr } = await bima('relabel', ...args);
      assert.equal(code, 2, stderr);
      assert.match(stderr, words);
    }
  });
});

const uruncJson = (labels: Record<string, string>) =>
  JSON.stringify(
    Object.fromEntries(
      Object.entries(labels).map(([name, value]) => [name, Buffer.from(value).toString('base64')]),
    ),
  );
const labels = {
  [key('binary')]: '/kernel',
  [key('hypervisor')]: 'qemu',
  [key('unikernelType')]: 'unikraft',
};
const changed = { ...labels, [key('hypervisor')]: 'firecracker' };

interface Inspected {
  readonly names: readonly string[];
  readonly annotations: object;
  readonly uruncJson: object;
  readonly config: { readonly labels: object };
  readonly layers: readonly {
    readonly mediaType: string;
    readonly files: readonly { readonly path: string }[];
  }[];
}

async function inspect(name: string): Promise<Inspected> {
  const [image, ...others] = JSON.parse(await must('inspect', '--json', name)) as Inspected[];
  assert.ok(image !== undefined && others.length === 0);
  return image;
}

function foreign(layers: SampleBase['layers'], more: Partial<SampleBase> = {}): SampleBase {
  const document = { 'os.version': '1', container: 'kept' };
  return {
    layers,
    config: { Labels: labels, Volumes: { '/v': {} } },
    document,
    annotations: labels,
    ...more,
  };
}

describe('bima relabel of what other tools made', () => {
  it('changes a layout where it is, under the names that it has', async (test) => {
    const folder = join(temporaryFolder(test), 'layout');
    const shared = [
      { path: 'big', content: noise('big') },
      { path: 'urunc.json', content: uruncJson(labels) },
      { path: 'z' },
    ];
    await baseLayout(folder, [foreign([shared, [{ path: 'top', content: 'top' }]])], ['v1']);
    const { code, stderr } = await bima('relabel', folder, hypervisor);
    assert.equal(code, 0, stderr);
    const image = await inspect(folder);
    assert.deepEqual(
      [image.names, image.uruncJson, image.config.labels, image.annotations],
      [['v1'], changed, changed, changed],
    );
    assert.deepEqual(
      image.layers.map(({ files }) => files.map(({ path }) => path)),
      [['big', 'urunc.json', 'z'], ['top']],
    );
    verifyLayout(folder);
  });

  it("keeps what it doesn't know, and makes OCI's documents of Docker's", async (test) => {
    const folder = join(temporaryFolder(test), 'layout');
    const layer = [{ path: './urunc.json', content: uruncJson(labels), mode: 0o600 }];
    const docker = { layers: [layer], config: { Labels: labels, Volumes: { '/v': {} } }, docker: true };
    const document = { 'os.version': '1', container: 'kept' };
    await baseLayout(folder, [{ ...docker, document }], ['v1']);
    await must('relabel', folder, hypervisor);
    const layout = await openLayout(folder);
    const [root] = (await layout.readIndex()).manifests;
    assert.ok(root);
    assert.equal(root.mediaType, mediaTypes.manifest);
    const read = (digest: string) => {
      const path = layout.blobPath(digest as `sha256:${string}`);
      return JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    };
    const manifest = read(root.digest) as { config: { digest: string }; layers: { mediaType: string }[] };
    assert.deepEqual(
      manifest.layers.map(({ mediaType }) => mediaType),
      [mediaTypes.layerGzip],
    );
    const config = read(manifest.config.digest);
    assert.deepEqual([config['os.version'], config.container], ['1', 'kept']);
    assert.deepEqual((config.config as { Volumes: object }).Volumes, { '/v': {} });
    assert.deepEqual((await inspect(folder)).uruncJson, changed);
  });

  const above: readonly (readonly [what: string, layers: SampleBase['layers']])[] = [
    ['is missing', [[{ path: 'a', content: 'a' }]]],
    ['was removed', [[{ path: 'urunc.json', content: uruncJson(labels) }], [{ path: '.wh.urunc.json' }]]],
    [
      'is a link',
      [
        [
          { path: 'b', content: uruncJson(labels) },
          { path: 'urunc.json', target: 'b' },
        ],
      ],
    ],
  ];
  for (const [what, layers] of above) {
    it(`adds a layer where urunc.json ${what}`, async (test) => {
      const folder = join(temporaryFolder(test), 'layout');
      await baseLayout(folder, [foreign(layers)], ['v1']);
      const { stderr } = await bima('relabel', folder, hypervisor);
      assert.match(stderr, /no layer has \/urunc\.json: one is added/);
      const image = await inspect(folder);
      assert.deepEqual(image.uruncJson, changed);
      assert.equal(image.layers.length, layers.length + 1);
      verifyLayout(folder);
    });
  }

  it('leaves attestations of the old images out, and those of others in', async (test) => {
    const folder = join(temporaryFolder(test), 'layout');
    const base = foreign([[{ path: 'urunc.json', content: uruncJson(labels) }]]);
    const layout = await indexLayout(folder, [base]);
    const [root] = (await layout.readIndex()).manifests;
    assert.ok(root);
    const index = JSON.parse(readFileSync(layout.blobPath(root.digest), 'utf8')) as {
      manifests: { digest: string }[];
    };
    const config = blobOf(
      mediaTypes.config,
      encodeJson({ architecture: 'unknown', os: 'unknown', rootfs: { diff_ids: [] } }),
    );
    await layout.put(config);
    const attestation = (subject: string) =>
      blobOf(
        mediaTypes.manifest,
        encodeJson({
          schemaVersion: 2,
          mediaType: mediaTypes.manifest,
          config: config.descriptor,
          layers: [],
          annotations: { about: subject },
        }),
      );
    const [image] = index.manifests;
    const subjects = [image?.digest ?? '', `sha256:${'1'.repeat(64)}`];
    for (const subject of subjects) {
      const blob = attestation(subject);
      await layout.put(blob);
      index.manifests.push({
        ...blob.descriptor,
        platform: { os: 'unknown', architecture: 'unknown' },
        annotations: {
          'vnd.docker.reference.type': 'attestation-manifest',
          'vnd.docker.reference.digest': subject,
        },
      } as (typeof index.manifests)[number]);
    }
    const whole = blobOf(mediaTypes.index, encodeJson(index));
    await layout.put(whole);
    await layout.writeIndex({
      schemaVersion: 2,
      mediaType: mediaTypes.index,
      manifests: [{ ...root, ...whole.descriptor }],
    });
    const { code, stderr } = await bima('relabel', folder, hypervisor);
    assert.equal(code, 0, stderr);
    assert.match(stderr, new RegExp(`is left out: it is about ${subjects[0] ?? ''}`));
    const [after] = (await layout.readIndex()).manifests;
    assert.ok(after);
    const { manifests } = JSON.parse(readFileSync(layout.blobPath(after.digest), 'utf8')) as {
      manifests: { annotations?: Record<string, string> }[];
    };
    assert.deepEqual(
      manifests.map(({ annotations }) => annotations?.['vnd.docker.reference.digest']),
      [undefined, subjects[1]],
    );
  });

  it('never changes an archive where it is, and writes another one', async (test) => {
    const folder = temporaryFolder(test);
    await baseLayout(
      join(folder, 'layout'),
      [foreign([[{ path: 'urunc.json', content: uruncJson(labels) }]])],
      ['v1'],
    );
    const [first, second] = [join(folder, 'first.tar'), join(folder, 'second.tar')];
    await must('merge', '--tar', '--dest', first, '-t', 'a/b:1', join(folder, 'layout'));
    const before = readFileSync(first);
    assert.match(
      (await bima('relabel', first, hypervisor)).stderr,
      /An archive is never changed where it is/,
    );
    await must('relabel', '--tar', '--dest', second, '-t', 'a/b:2', first, hypervisor);
    assert.ok(readFileSync(first).equals(before));
    assert.deepEqual((await inspect(second)).uruncJson, changed);
  });

  it('says which large layer it has to fetch and send, and fetches no layer below', async (test) => {
    const image: SampleBase = {
      layers: [
        [{ path: 'lib', content: noise('lib', 100_000) }],
        [
          { path: 'kernel', content: noise('kernel', 1_200_000) },
          { path: 'urunc.json', content: uruncJson(labels) },
        ],
      ],
      config: { Labels: labels },
      annotations: labels,
    };
    await using base = await startBaseRegistry(test, {}, image);
    const { code, stderr } = await bima('relabel', `${base.registry.host}/lib/base:1`, hypervisor);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /layer sha256:[0-9a-f]{64} \(1\.2 MB\) is written anew/);
    const [low, top] = base.layers;
    const downloads = (digest = '') => base.registry.count('GET', new RegExp(`/blobs/${digest}$`));
    assert.deepEqual([downloads(low?.digest), downloads(top?.digest)], [0, 2]);
  });
});

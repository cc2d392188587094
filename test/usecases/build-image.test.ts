// What a plan becomes: the layers of an image, how each is said, who hears of it, and what history tells.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { parseCompression } from '../../src/adapters/layers/compression.ts';
import { MadeLayers } from '../../src/adapters/layers/made-layers.ts';
import { createLayout } from '../../src/adapters/disk/layout.ts';
import type { Copy, Instruction } from '../../src/core/containerfile/instruction.ts';
import type { FoundLayer, LayerSource } from '../../src/core/oci/layer-source.ts';
import { parsePlatform } from '../../src/core/oci/platform.ts';
import { buildImage, uruncJsonEntry } from '../../src/usecases/build.ts';
import type { BuildOptions, BuiltImage } from '../../src/usecases/build.ts';
import type { LayerPlan } from '../../src/usecases/plan/files.ts';
import type { Plan } from '../../src/usecases/plan/plan.ts';
import { fileEntry } from '../support/file-entries.ts';
import { temporaryFolder } from '../support/folder.ts';
import { listTar } from '../support/list-tar.ts';
import { notingReporter } from '../support/noting-reporter.ts';
import type { NotingReporter } from '../support/noting-reporter.ts';

const position = { file: 'Containerfile', line: 1, column: 1 };
const labels = { b: '2', a: '1' };

function copy(path: string): Copy {
  return { type: 'copy', sources: [{ path, position }], destination: '/', position };
}

function layer(instruction: Copy, ...entries: LayerPlan['entries']): LayerPlan {
  return { instruction, entries };
}

const one = layer(copy('one'), fileEntry('one', [Buffer.from('first'), Buffer.from(' half')]));
const two = layer(copy('two'), fileEntry('two', 'second'));
const label: Instruction = { type: 'label', pairs: [{ key: 'a', value: '1', position }], position };

function planOf(more: Partial<Plan> = {}): Plan {
  return {
    instructions: [copy('other'), label],
    origins: [],
    platform: parsePlatform('linux/arm/v7'),
    labels,
    arguments: { words: [], warnings: [] },
    onBuild: [],
    layers: [],
    ...more,
  };
}

interface Built extends BuiltImage {
  readonly reporter: NotingReporter;
  readonly document: {
    readonly annotations: object;
    readonly layers: readonly { readonly digest: string }[];
  };
  readonly configuration: {
    readonly author?: string;
    readonly config: Readonly<Record<string, unknown>>;
    readonly history: readonly object[];
  };
  readonly tars: readonly string[][];
}

async function build(test: TestContext, plan: Plan, options: Partial<BuildOptions> = {}): Promise<Built> {
  const layout = await createLayout(join(temporaryFolder(test), 'layout'));
  const reporter = notingReporter();
  const compression = parseCompression('gzip');
  const built = await buildImage(
    plan,
    layout,
    { compression, annotations: {}, annotationEncoding: 'plain', created: 0, ...options },
    reporter,
  );
  const read = (digest: BuiltImage['config']['digest']) => readFileSync(layout.blobPath(digest));
  const stored = await Promise.all(built.layers.map(({ descriptor }) => layout.has(descriptor)));
  return {
    ...built,
    reporter,
    document: JSON.parse(read(built.manifest.digest).toString()) as Built['document'],
    configuration: JSON.parse(read(built.config.digest).toString()) as Built['configuration'],
    tars: built.layers
      .filter((_layer, at) => stored[at])
      .map(({ descriptor }) => listTar(gunzipSync(read(descriptor.digest)))),
  };
}

const size = (text: string) => text.replace(/\(\d+ B, /, '(N B, ').replace(/sha256:\w+/g, 'DIGEST');

describe('an image that is built', () => {
  it('says each layer but that of urunc.json, and how far each is', async (test) => {
    const built = await build(test, planOf({ layers: [one, two] }));
    assert.deepEqual(built.reporter.said.map(size), [
      'COPY one /: DIGEST (N B, 2.0 kB unpacked)',
      'COPY two /: DIGEST (N B, 2.0 kB unpacked)',
      'image DIGEST for linux/arm/v7',
    ]);
    const [first, second] = built.layers;
    assert.ok(built.reporter.said[0]?.includes(`${first?.descriptor.digest} (${first?.descriptor.size} B`));
    assert.ok(built.reporter.said[1]?.includes(second?.descriptor.digest ?? 'none'));
    assert.ok(built.reporter.said[2]?.includes(built.manifest.digest));
    const json = uruncJsonEntry(labels).size;
    assert.deepEqual(built.reporter.steps, [
      ['COPY one /', 5, 10],
      ['COPY one /', 10, 10],
      ['COPY two /', 6, 6],
      ['/urunc.json', json, json],
    ]);
  });

  it('gives back what it has', async (test) => {
    const origins: Plan['origins'] = [
      {
        role: 'copied',
        name: 'x',
        digest: `sha256:${'1'.repeat(64)}`,
        platform: parsePlatform('linux/arm'),
        labels: new Map(),
      },
    ];
    const built = await build(test, planOf({ layers: [one], origins }));
    assert.deepEqual(
      [built.platform, built.labels, built.origins],
      [parsePlatform('linux/arm/v7'), labels, origins],
    );
    assert.deepEqual(built.manifest.platform, parsePlatform('linux/arm/v7'));
    assert.deepEqual(built.external, []);
    assert.deepEqual(
      built.document.layers,
      built.layers.map(({ descriptor }) => descriptor),
    );
    assert.deepEqual(built.tars, [['one 644 0:0'], ['urunc.json 644 0:0']]);
  });

  it('has its labels as annotations, over which those that were asked for win', async (test) => {
    const annotations = { a: 'own', c: '3' };
    const plain = await build(test, planOf(), { annotations });
    assert.deepEqual(plain.document.annotations, { a: 'own', b: '2', c: '3' });
    const urunc = { 'com.urunc.unikernel.binary': '/a', other: 'x' };
    const encoded = await build(test, planOf({ labels: urunc }), { annotationEncoding: 'base64' });
    assert.deepEqual(encoded.document.annotations, { 'com.urunc.unikernel.binary': 'L2E=', other: 'eA==' });
  });

  it('has the arguments, ONBUILD and the author that are there, and no others', async (test) => {
    const bare = await build(test, planOf());
    assert.deepEqual(bare.configuration.config, { Labels: { a: '1', b: '2' } });
    assert.ok(!('author' in bare.configuration));
    const maintainer = (name: string): Instruction => ({ type: 'maintainer', name, position });
    const full = await build(
      test,
      planOf({
        instructions: [maintainer('first'), label, maintainer('last'), label],
        arguments: { ...planOf().arguments, entrypoint: ['/e'], cmd: ['c'] },
        onBuild: ['COPY x y'],
      }),
    );
    assert.equal(full.configuration.author, 'last');
    const { Entrypoint, Cmd, OnBuild } = full.configuration.config;
    assert.deepEqual([Entrypoint, Cmd, OnBuild], [['/e'], ['c'], ['COPY x y']]);
  });
});

describe('the history of an image', () => {
  const created = '1970-01-01T00:00:00Z';
  const json = { created, created_by: 'LABEL -> /urunc.json', comment: 'bima' };

  it('has an entry for each instruction, marked where it makes no layer', async (test) => {
    const instructions = [one.instruction, label, two.instruction];
    const { configuration } = await build(test, planOf({ instructions, layers: [one, two] }));
    assert.deepEqual(configuration.history, [
      { created, created_by: 'COPY one /' },
      { created, created_by: 'LABEL a="1"', empty_layer: true },
      { created, created_by: 'COPY two /' },
      json,
    ]);
  });

  it('has one layer at the end where one holds all', async (test) => {
    const instructions = [one.instruction, label, two.instruction];
    const built = await build(test, planOf({ instructions, layers: [one, two], isOneLayer: true }));
    assert.deepEqual(built.configuration.history, [
      { created, created_by: 'COPY one /', empty_layer: true },
      { created, created_by: 'LABEL a="1"', empty_layer: true },
      { created, created_by: 'COPY two /', empty_layer: true },
      json,
    ]);
    assert.deepEqual(built.tars, [['one 644 0:0', 'two 644 0:0', 'urunc.json 644 0:0']]);
    assert.match(built.reporter.said[0] ?? '', /^COPY one \/, COPY two \/, \/urunc\.json: sha256:/);
  });

  it('has no urunc.json for a container image, nor a layer of it', async (test) => {
    const instructions = [one.instruction];
    const built = await build(test, planOf({ instructions, layers: [one], isContainer: true }));
    assert.deepEqual(built.configuration.history, [{ created, created_by: 'COPY one /' }]);
    assert.deepEqual(built.tars, [['one 644 0:0']]);
  });
});

describe('the one layer of an image', () => {
  it('is sorted by path, with the last of several entries of one path', async (test) => {
    const folder = { type: 'directory', path: 'z', mode: 0o700, uid: 0, gid: 0 } as const;
    const layers = [
      layer(copy('1'), folder, fileEntry('z/x', 'old'), fileEntry('b', 'b')),
      layer(
        copy('2'),
        { ...folder, mode: 0o755 },
        fileEntry('z/x', 'new', { mode: 0o600 }),
        fileEntry('a', 'a'),
      ),
    ];
    const built = await build(test, planOf({ layers, isOneLayer: true }));
    assert.deepEqual(built.tars, [
      ['a 644 0:0', 'b 644 0:0', 'urunc.json 644 0:0', 'z/ 755 0:0', 'z/x 600 0:0'],
    ]);
  });
});

describe('an image on a base', () => {
  it('has the layers and the history of the base first, and says what it is on', async (test) => {
    const digest = `sha256:${'1'.repeat(64)}` as const;
    const descriptor = { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest, size: 5 };
    const blob = { descriptor, open: () => assert.fail('it was fetched') };
    const diffId = `sha256:${'2'.repeat(64)}` as const;
    const base = {
      name: 'alpine:3',
      digest,
      layers: [{ descriptor, diffId, blob }],
      inherited: { config: { User: 'app' }, history: [{ created_by: 'base' }], author: 'them' },
    } as unknown as NonNullable<Plan['base']>;
    const built = await build(test, planOf({ base, layers: [one] }));
    assert.equal(built.reporter.said[0], `on alpine:3 (${digest})`);
    assert.deepEqual(built.layers[0], { descriptor, diffId });
    assert.deepEqual([built.layers.length, built.external], [3, [blob]]);
    assert.deepEqual(built.configuration.history[0], { created_by: 'base' });
    assert.deepEqual([built.configuration.author, built.configuration.config.User], ['them', 'app']);
  });
});

describe('a layer that needn’t be made', () => {
  class Fake implements LayerSource {
    readonly kind: LayerSource['kind'];
    readonly #found: ReadonlyMap<string, FoundLayer>;

    constructor(kind: LayerSource['kind'], found: ReadonlyMap<string, FoundLayer>) {
      this.kind = kind;
      this.#found = found;
    }

    mayHave(): boolean {
      return true;
    }

    find({ diffId }: { readonly diffId: string }): FoundLayer | undefined {
      return this.#found.get(diffId);
    }
  }

  const known = async (test: TestContext) => {
    const first = await build(test, planOf({ layers: [one] }));
    return new Map(first.layers.map(({ descriptor, diffId }) => [diffId as string, { descriptor }]));
  };

  it('is said to be there, and is handed on where the target may lack it', async (test) => {
    const found = await known(test);
    for (const [kind, how, isSent] of [
      ['image', ', there already', false],
      ['cache', ', there already, in the cache', true],
    ] as const) {
      const finished: string[] = [];
      const source = new Fake(kind, found);
      const options =
        kind === 'image' ? { previous: source } : { cache: source as unknown as BuildOptions['cache'] };
      const built = await build(test, planOf({ layers: [one] }), {
        ...options,
        finished: ({ descriptor }) => finished.push(descriptor.digest),
      });
      assert.ok(built.reporter.said[0]?.endsWith(`unpacked)${how}`), built.reporter.said[0]);
      const digests = built.layers.map(({ descriptor }) => descriptor.digest);
      assert.deepEqual(
        built.external.map(({ descriptor }) => descriptor.digest),
        digests,
      );
      assert.deepEqual(finished, isSent ? digests : []);
      assert.deepEqual(built.tars, []);
    }
  });

  it('is made once in a run, and then it is in the layout', async (test) => {
    const made = new MadeLayers();
    const finished: string[] = [];
    const same = [one, layer(copy('again'), fileEntry('one', 'first half'))];
    const built = await build(test, planOf({ layers: same }), {
      made,
      finished: ({ descriptor }) => finished.push(descriptor.digest),
    });
    const [first, second, third] = built.layers;
    assert.deepEqual(second, first);
    assert.deepEqual(built.external, []);
    assert.deepEqual(finished, [first?.descriptor.digest, third?.descriptor.digest]);
    assert.match(built.reporter.said[1] ?? '', /unpacked\)$/);
    assert.deepEqual(made.find({ diffId: third?.diffId ?? 'sha256:', contentSize: 0 }), {
      descriptor: third?.descriptor,
    });
    assert.ok(made.mayHave(uruncJsonEntry(labels).size));
  });

  it('is known to the run wherever it was found', async (test) => {
    const made = new MadeLayers();
    const built = await build(test, planOf({ layers: [one] }), {
      made,
      previous: new Fake('image', await known(test)),
    });
    const [first] = built.layers;
    assert.deepEqual(made.find({ diffId: first?.diffId ?? 'sha256:', contentSize: 10 }), {
      descriptor: first?.descriptor,
    });
    assert.ok(made.mayHave(10));
  });

  it('is taken from the run before the previous image, and from that before the cache', async (test) => {
    const found = await known(test);
    const made = new MadeLayers();
    for (const [diffId, { descriptor }] of found)
      for (const contentSize of [10, uruncJsonEntry(labels).size])
        made.add({ diffId: diffId as `sha256:${string}`, contentSize }, descriptor);
    const cache = new Fake('cache', found) as unknown as BuildOptions['cache'];
    const previous = new Fake('image', found);
    const all = await build(test, planOf({ layers: [one] }), { made, previous, cache });
    assert.match(all.reporter.said[0] ?? '', /unpacked\)$/);
    const both = await build(test, planOf({ layers: [one] }), { previous, cache });
    assert.match(both.reporter.said[0] ?? '', /, there already$/);
  });

  it('is no longer looked for when the build is interrupted', async (test) => {
    const reason = new Error('enough');
    await assert.rejects(
      build(test, planOf({ layers: [one] }), { signal: AbortSignal.abort(reason) }),
      reason,
    );
  });
});

describe('urunc.json', () => {
  it('is a file of root’s that everybody reads, known by its content', () => {
    const entry = uruncJsonEntry(labels);
    const { identify, open, ...rest } = entry;
    assert.deepEqual(rest, { type: 'file', path: 'urunc.json', mode: 0o644, uid: 0, gid: 0, size: 23 });
    assert.equal(identify?.(), uruncJsonEntry({ a: '1', b: '2' }).identify?.());
    assert.notEqual(identify?.(), uruncJsonEntry({ a: '1' }).identify?.());
    assert.notEqual(open(), open());
  });
});

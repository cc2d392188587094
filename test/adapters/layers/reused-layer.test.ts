// Which source a layer is taken from, what is asked of each, and where its bytes come from then.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseCompression } from '../../../src/adapters/layers/compression.ts';
import { markLayer } from '../../../src/adapters/layers/fingerprint.ts';
import { createLayer } from '../../../src/adapters/layers/layer.ts';
import { MadeLayers } from '../../../src/adapters/layers/made-layers.ts';
import { readLayer } from '../../../src/adapters/layers/read.ts';
import { reuseLayer } from '../../../src/adapters/layers/reuse.ts';
import type { ReuseOptions } from '../../../src/adapters/layers/reuse.ts';
import { BimaError } from '../../../src/core/errors.ts';
import { readAll, streamOf } from '../../../src/core/oci/blob.ts';
import type { FoundLayer, LayerKey, LayerSource } from '../../../src/core/oci/layer-source.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import { fileEntry } from '../../support/file-entries.ts';
import { MemoryStore } from '../../support/memory-store.ts';

const entries = [fileEntry('a', 'first'), fileEntry('b', 'second!')];
const compression = parseCompression('gzip');
const options: ReuseOptions = { mtime: 7, compression };
const store = new MemoryStore();
const made = await createLayer(entries, { ...options, write: (stream) => store.write(stream) });
const bytes = store.blobs.get(made.descriptor.digest) ?? Buffer.alloc(0);
const key: LayerKey = { diffId: made.diffId, contentSize: 12 };

class Fake implements LayerSource {
  readonly kind: LayerSource['kind'];
  readonly asked: (number | LayerKey)[] = [];
  readonly #found: FoundLayer | undefined;
  readonly #may: boolean;

  constructor(kind: LayerSource['kind'], found: FoundLayer | undefined, may = true) {
    this.kind = kind;
    this.#found = found;
    this.#may = may;
  }

  mayHave(contentSize: number): boolean {
    this.asked.push(contentSize);
    return this.#may;
  }

  find(wanted: LayerKey): FoundLayer | undefined {
    this.asked.push(wanted);
    return this.#found;
  }
}

const { mediaType, digest, size } = made.descriptor;
const bare = { mediaType, digest, size };

describe('a layer that is reused', () => {
  it('is from the first source that has it, with its own mark', async () => {
    const annotations = { other: 'x' };
    const sources = [
      new Fake('run', undefined, false),
      new Fake('image', undefined),
      new Fake('cache', { descriptor: { ...bare, annotations } }),
      new Fake('image', { descriptor: bare }),
    ];
    const reused = await reuseLayer(entries, sources, options);
    assert.equal(reused?.from, 'cache');
    assert.deepEqual(reused.layer, made);
    assert.deepEqual(reused.blob.descriptor, await markLayer(bare, compression));
    assert.deepEqual(
      sources.map(({ asked }) => asked),
      [[12], [12, key], [12, key], [12]],
    );
  });

  it('is none where no source has it, or may have it: then nothing is read', async () => {
    assert.equal(await reuseLayer(entries, [new Fake('run', undefined)], options), undefined);
    const unread = [
      fileEntry('a', 'first', {
        open: () => {
          throw new Error('it was read');
        },
      }),
    ];
    const source = new Fake('run', { descriptor: bare }, false);
    assert.equal(await reuseLayer(unread, [source], options), undefined);
    assert.equal(await reuseLayer(unread, [], options), undefined);
  });

  it('tells how much was read', async () => {
    const read: number[] = [];
    await reuseLayer(entries, [new Fake('run', undefined)], {
      ...options,
      read: (chunk) => read.push(chunk),
    });
    assert.deepEqual(read, [5, 7]);
  });

  it('stops with the reason of an interruption', async () => {
    const reason = new Error('enough');
    const signal = AbortSignal.abort(reason);
    await assert.rejects(reuseLayer(entries, [new Fake('run', undefined)], { ...options, signal }), reason);
  });
});

describe('the bytes of a layer that is reused', () => {
  const bytesOf = async (found: FoundLayer, own = options, of = entries) => {
    const reused = await reuseLayer(of, [new Fake('cache', found)], own);
    return readAll(reused?.blob.open() ?? streamOf());
  };
  const failing = (error: Error) => () =>
    (async function* () {
      await Promise.resolve();
      yield* streamOf();
      throw error;
    })();
  const missing = Object.assign(new Error('gone'), { code: 'ENOENT', syscall: 'open', errno: -2 });

  it('are those of the source where it has them, and are asked for as the reader wishes', async () => {
    const releases: (boolean | undefined)[] = [];
    const open = (release?: boolean) => {
      releases.push(release);
      return streamOf(Buffer.from('whatever it has'));
    };
    const reused = await reuseLayer(entries, [new Fake('cache', { descriptor: bare, open })], options);
    assert.equal(
      Buffer.from(await readAll(reused?.blob.open(true) ?? streamOf())).toString(),
      'whatever it has',
    );
    await readAll(reused?.blob.open() ?? streamOf());
    assert.deepEqual(releases, [true, undefined]);
  });

  it('are made again where it has none, or no longer', async () => {
    assert.ok(Buffer.from(await bytesOf({ descriptor: bare })).equals(bytes));
    assert.ok(Buffer.from(await bytesOf({ descriptor: bare, open: failing(missing) })).equals(bytes));
  });

  it('fail as the source does where it has them and they can not be read', async () => {
    const broken = Object.assign(new Error('broken'), { code: 'EIO', syscall: 'read', errno: -5 });
    await assert.rejects(bytesOf({ descriptor: bare, open: failing(broken) }), broken);
  });

  it('are refused where another layer comes of it, with what to do', async () => {
    const lie = { ...bare, digest: made.diffId };
    await assert.rejects(bytesOf({ descriptor: lie }), (error: unknown) => {
      assert.ok(error instanceof BimaError && error.cause instanceof BimaError);
      assert.equal(error.code, 'DIGEST_MISMATCH');
      assert.match(error.message, /^a layer of the previous image or the cache: expected/);
      assert.match(error.hint ?? '', /--no-reuse, or with reuse: false in a workflow\.$/);
      return true;
    });
  });

  it('fail with what is wrong with a file meanwhile', async () => {
    let isChanged = false;
    const changing = [
      fileEntry('a', 'first', { open: () => streamOf(Buffer.from(isChanged ? 'fi' : 'first')) }),
    ];
    const reused = await reuseLayer(changing, [new Fake('cache', { descriptor: bare })], options);
    isChanged = true;
    await assert.rejects(readAll(reused?.blob.open() ?? streamOf()), { code: 'CONTEXT_CHANGED' });
  });

  it('are copies without compression, since a tar is packed in memory that is used again', async () => {
    const none = parseCompression('none');
    const long = [fileEntry('a', [Buffer.alloc(60_000, 1), Buffer.alloc(60_000, 2)])];
    const kept = new MemoryStore();
    const tar = await createLayer(long, {
      mtime: 0,
      compression: none,
      write: (stream) => kept.write(stream),
    });
    const own = { mtime: 0, compression: none };
    const reused = await reuseLayer(long, [new Fake('cache', { descriptor: tar.descriptor })], own);
    const pieces: Uint8Array[] = [];
    for await (const piece of reused?.blob.open() ?? streamOf()) pieces.push(piece);
    assert.ok(Buffer.concat(pieces).equals(kept.blobs.get(tar.descriptor.digest) ?? Buffer.alloc(0)));
  });
});

describe('a file that is packed', () => {
  it('has as many bytes as its entry says, or is named with what it has', async () => {
    for (const [text, got] of [
      ['fir', '3'],
      ['', '0'],
      ['firsts', 'more'],
    ] as const) {
      const wrong = [fileEntry('d/a', text, { size: 5 })];
      await assert.rejects(createLayer(wrong, { ...options, write: (stream) => store.write(stream) }), {
        code: 'CONTEXT_CHANGED',
        message: `expected 5 bytes of "d/a", got ${got}`,
      });
    }
  });
});

describe('layers of the same run', () => {
  it('are found by their diff ID, and may be there by their size', () => {
    const layers = new MadeLayers();
    assert.equal(layers.kind, 'run');
    assert.deepEqual([layers.mayHave(12), layers.find(key)], [false, undefined]);
    layers.add(key, made.descriptor);
    assert.deepEqual([layers.mayHave(12), layers.mayHave(11)], [true, false]);
    assert.deepEqual(layers.find(key), { descriptor: made.descriptor });
    assert.deepEqual(layers.find({ ...key, contentSize: 1 }), { descriptor: made.descriptor });
    assert.equal(layers.find({ ...key, diffId: digest }), undefined);
  });
});

describe('a layer that is read', () => {
  const list = async (descriptor: typeof bare, diffId = made.diffId) => {
    const paths: string[] = [];
    for await (const { path } of readLayer(store, { descriptor, diffId })) paths.push(path);
    return paths;
  };

  it('has its entries, and is checked at the end', async () => {
    assert.deepEqual(await list(bare), ['a', 'b']);
    await assert.rejects(list(bare, digest), {
      code: 'DIGEST_MISMATCH',
      message: new RegExp(`^layer ${digest}, unpacked: expected`),
    });
  });

  it('has none of a kind that is not known, and is not opened', async () => {
    const before = store.opened.length;
    assert.deepEqual(await list({ ...bare, mediaType: 'application/x.unknown' }), []);
    assert.equal(store.opened.length, before);
    await assert.rejects(list({ ...bare, mediaType: mediaTypes.layerTar }), { code: 'LAYOUT_INVALID' });
  });
});

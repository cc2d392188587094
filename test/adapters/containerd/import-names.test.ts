// What an import asks of containerd, and what it leaves there: names, holds and content. ctr is a model of the real one.

import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import type { Containerd } from '../../../src/adapters/containerd/containerd.ts';
import type { CtrAnswer } from '../../../src/adapters/containerd/ctr.ts';
import { importImage } from '../../../src/adapters/containerd/import.ts';
import type { Import } from '../../../src/adapters/containerd/import.ts';
import type { ListUpdate } from '../../../src/adapters/containerd/referrer-lists.ts';
import { describeBytes } from '../../../src/core/oci/descriptor.ts';
import type { Descriptor } from '../../../src/core/oci/descriptor.ts';
import { encodeJson } from '../../../src/core/oci/json.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import { parsePlatform } from '../../../src/core/oci/platform.ts';
import { parseReference } from '../../../src/core/oci/reference.ts';
import { temporaryFolder } from '../../support/folder.ts';

const amd64 = parsePlatform('linux/amd64');
const image = describeBytes(mediaTypes.manifest, Buffer.from('new'));
const index = describeBytes(mediaTypes.index, Buffer.from('new index'));
const old = describeBytes(mediaTypes.manifest, Buffer.from('old'));
const other = describeBytes(mediaTypes.manifest, Buffer.from('other'));
const referrer = describeBytes(mediaTypes.manifest, Buffer.from('statement'));
const a = 'docker.io/library/a:1';
const b = 'docker.io/library/b:2';
const list = `docker.io/library/a:${image.digest.replace(':', '-')}`;
const kept = (number: number) => `bima.invalid/kept:owner-${number}`;

const importing = 'images import --platform linux/amd64 -';
const importingLists = 'images import --all-platforms --no-unpack -';
const collection = ['leases create --expires 1m', 'leases delete --sync lease-1'];
const noSpace = 'ctr: no space left on device\n';

interface Node {
  /** By name; what is not ready isn't unpacked. */
  readonly images?: Readonly<Record<string, Descriptor>>;
  readonly unready?: readonly string[];
  /** What ctr says as it fails, by the start of its command line; a number of times, or always. */
  readonly failures?: Readonly<Record<string, string | readonly (string | undefined)[]>>;
  /** Called before an import does anything. */
  readonly onFeed?: (images: Map<string, Descriptor>) => void;
  readonly gone?: readonly string[];
  readonly options?: Partial<Containerd>;
  readonly isListening?: boolean;
}

interface Outcome {
  readonly asked: readonly string[];
  /** What each name stands for in the end. */
  readonly names: Readonly<Record<string, string>>;
  readonly result: unknown;
  readonly error: unknown;
  /** Lists that were to be written, each time. */
  readonly lists: readonly (readonly string[])[];
}

async function runImport(
  test: TestContext,
  node: Node,
  order: Partial<Import> = {},
  signal?: AbortSignal,
): Promise<Outcome> {
  const address = join(temporaryFolder(test), 'c.sock');
  if (node.isListening !== false) {
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((done) => server.listen(address, done));
    test.after(() => server.close());
  }
  const images = new Map(Object.entries(node.images ?? {}));
  const failures = new Map(
    Object.entries(node.failures ?? {}).map(([start, texts]) => [
      start,
      typeof texts === 'string' ? undefined : [...texts],
    ]),
  );
  const asked: string[] = [];
  const lists: (readonly string[])[] = [];
  const fail = (line: string): CtrAnswer | undefined => {
    for (const [start, texts] of failures) {
      if (!line.startsWith(start)) continue;
      const text = texts === undefined ? (node.failures?.[start] as string) : texts.shift();
      if (text !== undefined) return { code: 1, stdout: '', stderr: text };
    }
    return undefined;
  };
  const query = (...args: string[]): Promise<CtrAnswer> => {
    const line = args.join(' ');
    asked.push(line);
    return Promise.resolve(fail(line) ?? answer(images, node, args));
  };
  let owners = 0;
  const references = order.references ?? [parseReference('a:1')];
  const wanted: Import = {
    image,
    references,
    platforms: [amd64],
    open: () => Promise.resolve(Readable.from([])),
    lists: [],
    openLists: (updates: readonly ListUpdate[]) => {
      lists.push(updates.map(({ name }) => name));
      return Promise.resolve(Readable.from([]));
    },
    owners: {
      name: () => Promise.resolve(`owner-${(owners += 1)}`),
      isGone: (text) => Promise.resolve(node.gone?.includes(text) === true),
    },
    ...order,
  };
  const feed = (args: readonly string[]): Promise<CtrAnswer> => {
    const line = args.join(' ');
    asked.push(line);
    node.onFeed?.(images);
    const failed = fail(line);
    if (failed !== undefined) return Promise.resolve(failed);
    for (const reference of wanted.references)
      images.set(`${reference.registry}/${reference.repository}:${reference.tag ?? ''}`, wanted.image);
    return Promise.resolve({ code: 0, stdout: '', stderr: '' });
  };
  const containerd: Containerd = {
    client: { query, feed },
    namespace: 'default',
    address,
    version: '1.6, 1.6',
    platforms: [amd64],
    importFlags: [],
    namespaces: [],
    ...node.options,
  };
  const ended = await importImage(containerd, wanted, signal).then(
    (result: unknown) => ({ result, error: undefined }),
    (error: unknown) => ({ result: undefined, error }),
  );
  const names = Object.fromEntries([...images].map(([name, { digest }]) => [name, digest]));
  return { asked, names, lists, ...ended };
}

/** As ctr answers, with what it changes. */
function answer(images: Map<string, Descriptor>, node: Node, args: readonly string[]): CtrAnswer {
  const done = (stdout = '', code = 0): CtrAnswer => ({
    code,
    stdout,
    stderr: code === 0 ? '' : 'ctr: no\n',
  });
  const [command, action, ...others] = args;
  switch (`${command} ${action}`) {
    case 'images check': {
      const wanted = others.filter((word) => word.startsWith('name==')).map((word) => word.slice(6));
      const rows = [...images].filter(([name]) => wanted.includes(JSON.stringify(name)));
      const isReady = (name: string) => node.unready?.includes(name) !== true;
      const lines = rows.map(
        ([name, { mediaType, digest }]) =>
          `${name} ${mediaType} ${digest} complete (3/3) 1 KiB/1 KiB ${isReady(name)}\n`,
      );
      // As the real one does for what isn't all there, it exits with 1 and prints it.
      return done(`REF TYPE DIGEST STATUS SIZE UNPACKED\n${lines.join('')}`, lines.length > 0 ? 1 : 0);
    }
    case 'images ls':
      return done([...images.keys()].map((name) => `${name}\n`).join(''));
    case 'images tag': {
      const [from, to] = others.filter((word) => word !== '--force');
      const found = images.get(from ?? '');
      if (found === undefined || to === undefined) return done('', 1);
      images.set(to, found);
      return done(`${to}\n`);
    }
    case 'images rm':
      for (const name of others) images.delete(name);
      return done();
    case 'leases create':
      return done('lease-1\n');
    case 'content get':
      return done(encodeJson({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: [] }).toString());
    default:
      return done();
  }
}

const check = (...names: readonly string[]) =>
  ['images check', ...names.map((name) => `name==${JSON.stringify(name)}`)].join(' ');
const two = [parseReference('a:1'), parseReference('b:2')];

describe('an import', () => {
  it('of a new image asks what is there, and feeds it once', async (test) => {
    const outcome = await runImport(test, {});
    assert.deepEqual(outcome.result, { isNew: true, isUnpacked: true });
    assert.deepEqual(outcome.asked, [check(a), 'images ls --quiet', importing]);
    assert.deepEqual(outcome.names, { [a]: image.digest });
  });

  it('of what is there changes nothing', async (test) => {
    const outcome = await runImport(test, { images: { [a]: image, [b]: image } }, { references: two });
    assert.deepEqual(outcome.result, { isNew: false, isUnpacked: true });
    assert.deepEqual(outcome.asked, [check(a, b)]);
  });

  it('asks for the snapshotter that is named', async (test) => {
    const options = { snapshotter: 'devmapper', importFlags: ['--local'] };
    const outcome = await runImport(test, { options });
    assert.deepEqual(outcome.asked, [
      check(a).replace('check', 'check --snapshotter devmapper'),
      'images ls --quiet',
      'images import --local --platform linux/amd64 --snapshotter devmapper -',
    ]);
  });

  const incomplete: readonly [name: string, node: Node][] = [
    ['one name is missing', { images: { [a]: image } }],
    ['the other name is missing', { images: { [b]: image } }],
    ['one is not unpacked', { images: { [a]: image, [b]: image }, unready: [b] }],
  ];
  for (const [name, node] of incomplete) {
    it(`is done when ${name}`, async (test) => {
      const outcome = await runImport(test, node, { references: two });
      assert.deepEqual(outcome.result, { isNew: true, isUnpacked: true });
      assert.deepEqual(outcome.asked, [check(a, b), 'images ls --quiet', importing]);
    });
  }

  it('of an image for another platform is done, and not unpacked', async (test) => {
    const outcome = await runImport(
      test,
      { images: { [a]: image } },
      { platforms: [parsePlatform('linux/arm64')] },
    );
    assert.deepEqual(outcome.result, { isNew: true, isUnpacked: false });
    assert.deepEqual(outcome.asked, [
      check(a),
      'images ls --quiet',
      'images import --platform linux/arm64 --no-unpack -',
    ]);
  });

  it('unpacks the one platform of several that the node runs', async (test) => {
    const platforms = [parsePlatform('linux/arm64'), amd64];
    const outcome = await runImport(test, {}, { image: index, platforms });
    assert.deepEqual(outcome.result, { isNew: true, isUnpacked: true });
    assert.equal(outcome.asked.at(-1), 'images import --platform linux/amd64 --all-platforms -');
  });

  it('fails where the list of images does', async (test) => {
    const { error, asked } = await runImport(test, {
      failures: { 'images check': 'ctr: permission denied' },
    });
    const { code, message } = error as { code: string; message: string };
    assert.deepEqual(
      [code, message],
      ['CONTAINERD_DENIED', 'containerd could not list its images: permission denied'],
    );
    assert.deepEqual(asked, [check(a)]);
  });

  it('removes what killed processes held, and nothing else', async (test) => {
    const abandoned = 'bima.invalid/kept:dead';
    const images = {
      [abandoned]: old,
      'bima.invalid/kept:alive': old,
      'bima.invalid/kept-too:dead': old,
      'x/bima.invalid/kept:dead': old,
    };
    const gone = [abandoned, 'bima.invalid/kept-too:dead', 'x/bima.invalid/kept:dead'];
    const outcome = await runImport(test, { images, gone });
    assert.deepEqual(outcome.asked, [check(a), 'images ls --quiet', `images rm ${abandoned}`, importing]);
    assert.deepEqual(Object.keys(outcome.names).sort(), [
      'bima.invalid/kept-too:dead',
      'bima.invalid/kept:alive',
      a,
      'x/bima.invalid/kept:dead',
    ]);
  });
});

describe('a name that moves', () => {
  it('holds what it stood for until the new image is there', async (test) => {
    const images = { [a]: old, [b]: other };
    const outcome = await runImport(test, { images }, { references: two });
    assert.deepEqual(outcome.result, { isNew: true, isUnpacked: true });
    assert.deepEqual(outcome.asked, [
      check(a, b),
      'images ls --quiet',
      `images tag ${a} ${kept(1)}`,
      `images tag ${b} ${kept(2)}`,
      importing,
      `images rm ${kept(1)} ${kept(2)}`,
    ]);
    assert.deepEqual(outcome.names, { [a]: image.digest, [b]: image.digest });
  });

  it('is the one whose image differs', async (test) => {
    const outcome = await runImport(test, { images: { [a]: image, [b]: other } }, { references: two });
    assert.deepEqual(outcome.asked, [
      check(a, b),
      'images ls --quiet',
      `images tag ${b} ${kept(1)}`,
      importing,
      `images rm ${kept(1)}`,
    ]);
  });

  it('stays, and so do the others, where one can not be held', async (test) => {
    const images = { [a]: old, [b]: other };
    const failures = { [`images tag ${b}`]: 'ctr: it broke\n' };
    const { error, asked, names } = await runImport(test, { images, failures }, { references: two });
    const { code, message } = error as { code: string; message: string };
    assert.deepEqual(
      [code, message],
      ['CONTAINERD_FAILED', `containerd could not keep what "${b}" stands for: it broke`],
    );
    assert.deepEqual(asked.slice(-2), [`images tag ${b} ${kept(2)}`, `images rm ${kept(1)}`]);
    assert.deepEqual(names, { [a]: old.digest, [b]: other.digest });
    const first = { [`images tag ${a}`]: 'ctr: it broke\n' };
    const alone = await runImport(test, { images, failures: first }, { references: two });
    assert.equal(alone.asked.at(-1), `images tag ${a} ${kept(1)}`);
  });

  const move = (images: Map<string, Descriptor>) => {
    images.set(a, image);
    images.set(b, image);
  };

  it('stands for the old image again after a failure', async (test) => {
    const images = { [a]: old, [b]: other };
    const failures = { [importing]: noSpace };
    const outcome = await runImport(test, { images, failures, onFeed: move }, { references: two });
    assert.equal((outcome.error as { code: string }).code, 'CONTAINERD_FAILED');
    assert.deepEqual(outcome.asked.slice(5), [
      check(a, b),
      `images tag --force ${kept(1)} ${a}`,
      `images tag --force ${kept(2)} ${b}`,
      `images rm ${kept(1)} ${kept(2)}`,
      ...collection,
    ]);
    assert.deepEqual(outcome.names, { [a]: old.digest, [b]: other.digest });
  });

  it('is put back alone where another has not moved', async (test) => {
    const images = { [a]: old, [b]: other };
    const failures = { [importing]: noSpace };
    const onFeed = (all: Map<string, Descriptor>) => all.set(b, image);
    const outcome = await runImport(test, { images, failures, onFeed }, { references: two });
    assert.deepEqual(outcome.asked.slice(5), [
      check(a, b),
      `images tag --force ${kept(2)} ${b}`,
      `images rm ${kept(1)} ${kept(2)}`,
      ...collection,
    ]);
    assert.deepEqual(outcome.names, { [a]: old.digest, [b]: other.digest });
  });

  it('is put back also where nobody can say what it stands for', async (test) => {
    const failures = { [importing]: noSpace, 'images check': [undefined, 'ctr: no\n'] };
    const outcome = await runImport(test, { images: { [a]: old }, failures, onFeed: move });
    assert.deepEqual(outcome.asked.slice(4, 7), [
      check(a),
      `images tag --force ${kept(1)} ${a}`,
      `images rm ${kept(1)}`,
    ]);
    assert.equal(outcome.names[a], old.digest);
  });

  const lostA = `"${a}" (it was ${old.digest}, kept as "${kept(1)}")`;
  const lostB = `"${b}" (it was ${other.digest}, kept as "${kept(2)}")`;

  it('is held and named in the error when it can not be put back', async (test) => {
    const images = { [a]: old, [b]: other };
    const failures = { [importing]: noSpace, 'images tag --force': 'ctr: no\n' };
    const outcome = await runImport(test, { images, failures, onFeed: move }, { references: two });
    const { code, message, hint, cause } = outcome.error as Record<string, unknown>;
    assert.equal(code, 'CONTAINERD_FAILED');
    assert.equal(
      message,
      `containerd could not import the image: the disk of containerd's data is full; these names could not be put back: ${lostA}, ${lostB}`,
    );
    assert.equal(
      hint,
      `Free some space in its root folder (/var/lib/containerd by default) and try again. Then put them back: ctr images tag --force ${kept(1)} ${a}; ctr images tag --force ${kept(2)} ${b}.`,
    );
    assert.match(String(cause), /the disk of containerd's data is full$/);
    assert.deepEqual(outcome.asked.slice(-3), [`images tag --force ${kept(2)} ${b}`, ...collection]);
    assert.deepEqual(Object.keys(outcome.names).sort(), [kept(1), kept(2), a, b]);
  });

  it('is named alone when the other is back', async (test) => {
    const images = { [a]: old, [b]: other };
    const failures = { [importing]: 'ctr: odd\n', [`images tag --force ${kept(1)}`]: 'ctr: no\n' };
    const outcome = await runImport(test, { images, failures, onFeed: move }, { references: two });
    const { message, hint } = outcome.error as Record<string, unknown>;
    assert.equal(
      message,
      `containerd could not import the image: odd; these names could not be put back: ${lostA}`,
    );
    assert.equal(hint, `Then put them back: ctr images tag --force ${kept(1)} ${a}.`);
    assert.ok(outcome.asked.includes(`images rm ${kept(2)}`));
    assert.deepEqual(Object.keys(outcome.names).sort(), [kept(1), a, b]);
  });

  it('leaves an error that is not ours as it is', async (test) => {
    const failures = { 'images tag --force': 'ctr: no\n' };
    const broken = new RangeError('damaged');
    const order = { open: () => Promise.reject(broken) };
    const outcome = await runImport(
      test,
      { images: { [a]: old }, failures: { ...failures, 'images check': [undefined, 'ctr: no\n'] } },
      order,
    );
    assert.equal(outcome.error, broken);
    assert.deepEqual(Object.keys(outcome.names).sort(), [kept(1), a]);
  });
});

describe('an import that is given up', () => {
  it('feeds nothing after an interrupt, and takes back what it has done', async (test) => {
    const outcome = await runImport(test, { images: { [a]: old } }, {}, AbortSignal.abort());
    assert.equal((outcome.error as Error).name, 'AbortError');
    assert.deepEqual(outcome.asked, [
      check(a),
      'images ls --quiet',
      `images tag ${a} ${kept(1)}`,
      check(a),
      `images rm ${kept(1)}`,
      ...collection,
    ]);
    assert.deepEqual(outcome.names, { [a]: old.digest });
  });

  const failures = { [importing]: noSpace };
  const appear = (images: Map<string, Descriptor>) => {
    images.set(a, image);
    images.set(b, other);
  };

  it('removes the names that are new and its own', async (test) => {
    const outcome = await runImport(test, { failures, onFeed: appear }, { references: two });
    assert.deepEqual(outcome.asked.slice(3), [check(a, b), `images rm ${a}`, ...collection]);
    assert.deepEqual(outcome.names, { [b]: other.digest });
  });

  it('removes none that was there before', async (test) => {
    const outcome = await runImport(
      test,
      { failures, images: { [a]: image }, onFeed: appear },
      { references: two },
    );
    assert.deepEqual(outcome.asked.slice(3), [check(b), ...collection]);
  });

  it('asks for no names where none is new', async (test) => {
    const outcome = await runImport(test, { failures, images: { [a]: image }, unready: [a] });
    assert.deepEqual(outcome.asked.slice(3), collection);
  });

  it('removes nothing where nobody can say what is there', async (test) => {
    const unknown = { ...failures, 'images check': [undefined, 'ctr: no\n'] };
    const outcome = await runImport(test, { failures: unknown, onFeed: appear });
    assert.deepEqual(outcome.asked.slice(3), [check(a), ...collection]);
  });

  it('ends no lease that it has not got', async (test) => {
    const outcome = await runImport(test, { failures: { ...failures, 'leases create': 'ctr: no\n' } });
    assert.deepEqual(outcome.asked.slice(3), [check(a), 'leases create --expires 1m']);
  });

  it('asks nothing of a containerd that has stopped', async (test) => {
    const outcome = await runImport(test, { failures, onFeed: appear, isListening: false });
    assert.deepEqual(outcome.asked.slice(3), []);
  });
});

describe('lists of what refers to an image', () => {
  const lists = [{ name: list, referrers: [{ descriptor: referrer, content: [referrer.digest] }] }];
  const empty = describeBytes(
    mediaTypes.index,
    encodeJson({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: [] }),
  );
  const content = `content ls --quiet digest==${referrer.digest}`;

  it('come before the image', async (test) => {
    const outcome = await runImport(test, { options: { importFlags: ['--local'] } }, { lists });
    assert.deepEqual(outcome.asked, [
      check(a),
      check(list),
      content,
      'images ls --quiet',
      check(list, a),
      'images import --local --all-platforms --no-unpack -',
      'images import --local --platform linux/amd64 -',
    ]);
    assert.deepEqual(outcome.lists, [[list]]);
    assert.deepEqual(outcome.result, { isNew: true, isUnpacked: true });
  });

  it('come alone where the image is there', async (test) => {
    const outcome = await runImport(test, { images: { [a]: image } }, { lists });
    assert.deepEqual(outcome.asked, [
      check(a),
      check(list),
      content,
      'images ls --quiet',
      check(list, a),
      importingLists,
    ]);
    assert.deepEqual(outcome.result, { isNew: true, isUnpacked: true });
  });

  it('hold what they were until the new ones are there', async (test) => {
    const outcome = await runImport(test, { images: { [a]: image, [list]: empty } }, { lists });
    assert.deepEqual(outcome.asked.slice(4), [
      'images ls --quiet',
      check(list, a),
      `images tag ${list} ${kept(1)}`,
      importingLists,
      `images rm ${kept(1)}`,
    ]);
  });

  it('fail by themselves, before the image is fed', async (test) => {
    const failures = { [importingLists]: 'ctr: odd\n' };
    const outcome = await runImport(test, { failures }, { lists });
    assert.equal(
      (outcome.error as Error).message,
      'containerd could not import what refers to the image: odd',
    );
    assert.deepEqual(outcome.asked.slice(5), [importingLists, check(list, a), ...collection]);
  });
});

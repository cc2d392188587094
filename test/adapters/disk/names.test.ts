import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withImage, withReplaced } from '../../../src/adapters/disk/names.ts';
import { describeBytes } from '../../../src/core/oci/descriptor.ts';
import type { Descriptor } from '../../../src/core/oci/descriptor.ts';
import { parseReference } from '../../../src/core/oci/reference.ts';

const image = (content: string) =>
  describeBytes('application/vnd.oci.image.manifest.v1+json', Buffer.from(content));
const old = image('old');
const fresh = image('new');
const index = (...manifests: Descriptor[]) =>
  ({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests }) as const;
const named = (descriptor: Descriptor, fullName?: string, tag?: string): Descriptor => ({
  ...descriptor,
  annotations: {
    ...(fullName === undefined ? {} : { 'io.containerd.image.name': fullName }),
    ...(tag === undefined ? {} : { 'org.opencontainers.image.ref.name': tag }),
  },
});

const cases: [name: string, before: Descriptor[], references: string[], after: Descriptor[]][] = [
  ['adds an image under its full name and its tag', [], ['a/b:1'], [named(fresh, 'docker.io/a/b:1', '1')]],
  [
    'adds an image without a name',
    [named(old, 'docker.io/a/b:1', '1')],
    [],
    [named(old, 'docker.io/a/b:1', '1'), fresh],
  ],
  ['does not add a nameless image twice', [fresh], [], [fresh]],
  [
    'replaces the image of the same name',
    [named(old, 'docker.io/a/b:1', '1')],
    ['a/b:1'],
    [named(fresh, 'docker.io/a/b:1', '1')],
  ],
  [
    'keeps other tags',
    [named(old, 'docker.io/a/b:1', '1')],
    ['a/b:2'],
    [named(old, 'docker.io/a/b:1', '1'), named(fresh, 'docker.io/a/b:2', '2')],
  ],
  [
    'replaces a tag that skopeo wrote',
    [named(old, undefined, '1')],
    ['a/b:1'],
    [named(fresh, 'docker.io/a/b:1', '1')],
  ],
  [
    'takes over the short tag of another repository, which keeps its full name',
    [named(old, 'docker.io/x/y:1', '1')],
    ['a/b:1'],
    [named(old, 'docker.io/x/y:1'), named(fresh, 'docker.io/a/b:1', '1')],
  ],
  [
    'writes a tag that two references share once',
    [],
    ['a/b:1', 'ghcr.io/a/b:1', 'a/b:2'],
    [
      named(fresh, 'docker.io/a/b:1', '1'),
      named(fresh, 'ghcr.io/a/b:1'),
      named(fresh, 'docker.io/a/b:2', '2'),
    ],
  ],
];

cases.push(
  ['keeps other images without a name', [old], [], [old, fresh]],
  ['gives a nameless image its name', [old, fresh], ['a/b:1'], [old, named(fresh, 'docker.io/a/b:1', '1')]],
  [
    'keeps the image under its other names',
    [named(fresh, 'docker.io/x/y:2'), named(fresh, undefined, '3')],
    ['a/b:1'],
    [named(fresh, 'docker.io/x/y:2'), named(fresh, undefined, '3'), named(fresh, 'docker.io/a/b:1', '1')],
  ],
  [
    'writes no tag for a reference without one',
    [],
    [`a/b@${old.digest}`],
    [named(fresh, `docker.io/a/b@${old.digest}`)],
  ],
  [
    'keeps an untagged image beside a reference without a tag',
    [named(old, 'docker.io/x/y')],
    [`a/b@${old.digest}`],
    [named(old, 'docker.io/x/y'), named(fresh, `docker.io/a/b@${old.digest}`)],
  ],
);

describe('withImage', () => {
  for (const [name, before, references, after] of cases) {
    it(name, () => {
      assert.deepEqual(withImage(index(...before), fresh, references.map(parseReference)).manifests, after);
    });
  }

  it('keeps what else the image and the index have', () => {
    const before = { ...index(named(old, 'docker.io/x/y:1', '1')), annotations: { a: 'b' } };
    const [entry] = before.manifests;
    const kept = { ...entry, annotations: { ...entry?.annotations, other: 'x' } } as Descriptor;
    const image = { ...fresh, annotations: { c: 'd' } };
    const after = withImage({ ...before, manifests: [kept] }, image, [parseReference('a/b:1')]);
    assert.deepEqual(after, {
      ...before,
      manifests: [
        { ...old, annotations: { 'io.containerd.image.name': 'docker.io/x/y:1', other: 'x' } },
        { ...fresh, annotations: { c: 'd', ...named(fresh, 'docker.io/a/b:1', '1').annotations } },
      ],
    });
  });
});

describe('withReplaced', () => {
  it('puts another image under every name of one', () => {
    const platform = { os: 'linux', architecture: 'amd64' };
    const [first, second] = [{ ...named(old, 'docker.io/a/b:1', '1'), platform }, named(old, undefined, '2')];
    const other = named(image('other'), 'docker.io/a/b:3', '3');
    const changed = {
      ...fresh,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      annotations: { x: 'y' },
    };
    const { mediaType, digest, size } = changed;
    const before = { ...index(first, other, second), annotations: { a: 'b' } };
    assert.deepEqual(withReplaced(before, old.digest, changed), {
      ...before,
      manifests: [{ ...first, mediaType, digest, size }, other, { ...second, mediaType, digest, size }],
    });
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withImage } from '../../../src/adapters/disk/names.ts';
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

describe('withImage', () => {
  for (const [name, before, references, after] of cases) {
    it(name, () => {
      assert.deepEqual(withImage(index(...before), fresh, references.map(parseReference)).manifests, after);
    });
  }
});

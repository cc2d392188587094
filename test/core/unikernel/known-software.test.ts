// The names under which scanners look for what a unikernel is made of.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BinaryFacts } from '../../../src/core/unikernel/examine-binary.ts';
import { findSoftware } from '../../../src/core/unikernel/known-software.ts';

const plain: BinaryFacts = {
  format: 'ELF64 x86-64',
  architecture: 'amd64',
  elf: 64,
  isGzip: false,
  hasPvh: false,
  multiboot: { hasVersion2: false },
  unread: [],
};
const unikraft: BinaryFacts = {
  ...plain,
  unikraft: {
    version: '0.17.0',
    libraries: [{ name: 'libmusl', version: '1.2.3', licence: 'MIT' }, { name: 'libvfscore' }],
  },
};
const linuxOf = (version: string, debianVersion?: string): BinaryFacts => ({
  ...plain,
  linux: { form: 'bzImage', version, ...(debianVersion === undefined ? {} : { debianVersion }) },
});

type Row = [
  name: string,
  facts: BinaryFacts,
  labels: readonly [type?: string, version?: string],
  found: readonly [name: string, version: string | undefined, purl: string, cpe?: string],
];

const rows: Row[] = [
  [
    'Unikraft, whose own version counts before that of the label',
    unikraft,
    ['unikraft', '0.16.0'],
    [
      ...(['unikraft', '0.17.0', 'pkg:github/unikraft/unikraft@RELEASE-0.17.0'] as const),
      'cpe:2.3:a:unikraft:unikraft:0.17.0:*:*:*:*:*:*:*',
    ],
  ],
  [
    'Unikraft without a label',
    unikraft,
    [],
    [
      ...(['unikraft', '0.17.0', 'pkg:github/unikraft/unikraft@RELEASE-0.17.0'] as const),
      'cpe:2.3:a:unikraft:unikraft:0.17.0:*:*:*:*:*:*:*',
    ],
  ],
  [
    'MirageOS, whose version the label has',
    plain,
    ['mirage', 'v4.5.0'],
    [
      ...(['mirage', 'v4.5.0', 'pkg:github/mirage/mirage@v4.5.0'] as const),
      'cpe:2.3:a:mirage:mirage:4.5.0:*:*:*:*:*:*:*',
    ],
  ],
  [
    'Hermit',
    { ...plain, hermit: { version: '0.6.7' } },
    ['hermit'],
    [
      ...(['hermit', '0.6.7', 'pkg:github/hermit-os/kernel@v0.6.7'] as const),
      'cpe:2.3:o:hermit-os:kernel:0.6.7:*:*:*:*:*:*:*',
    ],
  ],
  [
    'a Linux of Debian, by its package, and with the version of its sources',
    linuxOf('6.1.0-50-cloud-amd64', '6.1.187-1'),
    ['linux', '6.1'],
    [
      ...(['linux', '6.1.0-50-cloud-amd64'] as const),
      'pkg:deb/debian/linux-image-6.1.0-50-cloud-amd64@6.1.187-1?arch=amd64',
      'cpe:2.3:o:linux:linux_kernel:6.1.187:*:*:*:*:*:*:*',
    ],
  ],
  [
    'another Linux, without the name of its build',
    linuxOf('6.12.4-custom+'),
    ['linux'],
    [
      ...(['linux', '6.12.4-custom+', 'pkg:generic/linux@6.12.4-custom%2B'] as const),
      'cpe:2.3:o:linux:linux_kernel:6.12.4:*:*:*:*:*:*:*',
    ],
  ],
  [
    'a type that is not known',
    plain,
    ['my kernel', '1~2'],
    ['my kernel', '1~2', 'pkg:generic/my%20kernel@1~2'],
  ],
  ['nothing that is known', plain, [], ['unikernel', undefined, 'pkg:generic/unikernel']],
];

describe('findSoftware', () => {
  const softwareOf = (facts: BinaryFacts, type?: string, version?: string) =>
    findSoftware(facts, { type, version });
  const framework = (name: string, version: string, purl: string, cpe: string) => ({
    unikernel: { name, version, purl, cpe: `cpe:2.3:${cpe}:*:*:*:*:*:*:*` },
    parts: [],
  });

  it('has names and addresses of all frameworks', () => {
    assert.deepEqual(
      softwareOf(plain, 'rumprun', '1'),
      framework('rumprun', '1', 'pkg:github/rumpkernel/rumprun@1', 'a:rumpkernel:rumprun:1'),
    );
    assert.deepEqual(
      softwareOf(plain, 'mewz', '0.1'),
      framework('mewz', '0.1', 'pkg:github/mewz-project/mewz@v0.1', 'a:mewz-project:mewz:0.1'),
    );
    assert.deepEqual(
      softwareOf(plain, 'freebsd', '15.0'),
      framework('freebsd', '15.0', 'pkg:generic/freebsd@15.0', 'o:freebsd:freebsd:15.0'),
    );
    assert.deepEqual(
      softwareOf(plain, 'linux', '6.12'),
      framework('linux', '6.12', 'pkg:generic/linux@6.12', 'o:linux:linux_kernel:6.12'),
    );
  });

  it('goes by the marks of the binary where no label has the type', () => {
    assert.equal(softwareOf(linuxOf('6.1.0')).unikernel.name, 'linux');
    assert.equal(softwareOf({ ...plain, hermit: {} }).unikernel.name, 'hermit');
    assert.equal(
      softwareOf({ ...unikraft, ...linuxOf('6.1.0'), hermit: {} }, ' ').unikernel.name,
      'unikraft',
    );
  });

  it('has no field for what nobody says', () => {
    assert.deepEqual(softwareOf(plain, 'mirage', ' '), {
      unikernel: { name: 'mirage', purl: 'pkg:github/mirage/mirage' },
      parts: [],
    });
    assert.deepEqual(softwareOf({ ...plain, linux: { form: 'Image' } }, 'linux'), {
      unikernel: { name: 'linux', purl: 'pkg:generic/linux' },
      parts: [],
    });
    // Another type than the one that the marks are of.
    assert.deepEqual(softwareOf(linuxOf('6.1.0'), 'hermit', 'v1').unikernel, {
      name: 'hermit',
      version: 'v1',
      purl: 'pkg:github/hermit-os/kernel@v1',
      cpe: 'cpe:2.3:o:hermit-os:kernel:1:*:*:*:*:*:*:*',
    });
  });

  it('takes a v at the start of a version for its sign, and no other', () => {
    const purlOf = (version: string) => softwareOf(plain, 'mirage', version).unikernel.purl;
    assert.equal(purlOf('v4'), 'pkg:github/mirage/mirage@v4');
    assert.equal(purlOf('vx'), 'pkg:github/mirage/mirage@vvx');
    assert.equal(purlOf('1v2'), 'pkg:github/mirage/mirage@v1v2');
  });

  it('has no version of a Linux that begins with no number', () => {
    assert.equal(
      softwareOf(linuxOf('custom-6.1'), 'linux').unikernel.cpe,
      'cpe:2.3:o:linux:linux_kernel:custom-6.1:*:*:*:*:*:*:*',
    );
    assert.equal(
      softwareOf(linuxOf('16.12.4-x'), 'linux').unikernel.cpe,
      'cpe:2.3:o:linux:linux_kernel:16.12.4:*:*:*:*:*:*:*',
    );
  });

  it('says that the architecture of a Debian kernel is unknown where it is', () => {
    const bare: BinaryFacts = {
      format: 'x',
      isGzip: false,
      hasPvh: false,
      multiboot: { hasVersion2: false },
      unread: [],
      linux: { form: 'bzImage', version: '6.1.0', debianVersion: '6.1.187-1' },
    };
    assert.equal(
      softwareOf(bare, 'linux').unikernel.purl,
      'pkg:deb/debian/linux-image-6.1.0@6.1.187-1?arch=unknown',
    );
    const noRelease: BinaryFacts = { ...plain, linux: { form: 'bzImage', debianVersion: '6.1.187-1' } };
    assert.equal(softwareOf(noRelease, 'linux', '6.1').unikernel.purl, 'pkg:generic/linux@6.1');
  });

  it('lists libraries that have a name, with what is known of each', () => {
    const facts = (version?: string): BinaryFacts => ({
      ...plain,
      unikraft: {
        ...(version === undefined ? {} : { version }),
        libraries: [{ name: ' ' }, { name: 'a', version: '' }, { name: 'b', version: '2' }],
      },
    });
    assert.deepEqual(softwareOf(facts()).parts, [
      { name: 'a', purl: 'pkg:generic/a' },
      { name: 'b', version: '2', purl: 'pkg:generic/b@2' },
    ]);
    assert.equal(softwareOf(facts('0.1')).parts[0]?.version, '0.1');
  });

  for (const [name, facts, [type, version], [found, ofIt, purl, cpe]] of rows) {
    it(`names ${name}`, () => {
      const { unikernel } = findSoftware(facts, { type, version });
      assert.deepEqual(
        [unikernel.name, unikernel.version, unikernel.purl, unikernel.cpe],
        [found, ofIt, purl, cpe],
      );
    });
  }

  it('lists the libraries, and says whose version one has that has none of its own', () => {
    const { parts } = findSoftware(unikraft, { type: 'unikraft', version: undefined });
    assert.deepEqual(parts, [
      { name: 'libmusl', version: '1.2.3', licence: 'MIT', purl: 'pkg:generic/libmusl@1.2.3' },
      {
        name: 'libvfscore',
        version: '0.17.0',
        comment: 'The version is that of the Unikraft that it was built with.',
        purl: 'pkg:generic/libvfscore@0.17.0',
      },
    ]);
  });

  it('lists the Unikraft that MirageOS is linked with', () => {
    const { unikernel, parts } = findSoftware(unikraft, { type: 'mirage', version: '4.5.0' });
    assert.equal(unikernel.name, 'mirage');
    assert.deepEqual(
      parts.map(({ name, version }) => `${name} ${version ?? ''}`),
      ['unikraft 0.17.0', 'libmusl 1.2.3', 'libvfscore 0.17.0'],
    );
  });
});

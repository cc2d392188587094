// What ctr prints as it succeeds, as recorded from containerd 1.6.20 and 2.1.5.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseImages, parsePlugins, parseVersions } from '../../../src/adapters/containerd/tables.ts';

const digest = 'sha256:72061abc92dd61431de40cb5beda0c98e7f829f1f8e3ecd82c102410de3e2adc';
const type = 'application/vnd.oci.image.manifest.v1+json';

describe('the list of plugins', () => {
  it('gives the snapshotters and the platforms of the node', () => {
    const table = `TYPE                                      ID                       PLATFORMS      STATUS    
io.containerd.content.v1                  content                  -              ok        
io.containerd.snapshotter.v1              blockfile                linux/amd64    skip      
io.containerd.snapshotter.v1              native                   linux/amd64    ok        
io.containerd.snapshotter.v1              stargz                   -              ok        
io.containerd.runtime.v2                  task                     linux/amd64,linux/386    ok        
`;
    assert.deepEqual(parsePlugins(table), {
      snapshotters: [
        { name: 'blockfile', status: 'skip' },
        { name: 'native', status: 'ok' },
        { name: 'stargz', status: 'ok' },
      ],
      platforms: [
        { os: 'linux', architecture: 'amd64' },
        { os: 'linux', architecture: '386' },
      ],
    });
  });

  it('leaves out the heading, and lines that are none of the table', () => {
    const table = `io.containerd.snapshotter.v1 heading linux/s390x ok
 io.containerd.snapshotter.v1 native  linux/arm/v7 ok

a
io.containerd.snapshotter.v1 b
io.containerd.snapshotter.v1 c linux/riscv64
my.io.containerd.snapshotter.v1 d - ok
`;
    assert.deepEqual(parsePlugins(table), {
      snapshotters: [{ name: 'native', status: 'ok' }],
      platforms: [{ os: 'linux', architecture: 'arm', variant: 'v7' }],
    });
    assert.deepEqual(parsePlugins(''), { snapshotters: [], platforms: [] });
  });
});

describe('the list of images', () => {
  const row = (name: string, rest: string) => `${name} ${type} ${digest} ${rest}`;
  const cases: [name: string, rest: string, isReady: boolean][] = [
    ['complete and unpacked', 'complete (3/3) 2.1 KiB/2.1 KiB true', true],
    ['complete, not unpacked', 'complete (3/3) 2.1 KiB/2.1 KiB false', false],
    ['without a layer', 'incomplete (2/3) 1.1 KiB/2.1 KiB false', false],
    ['without a layer, unpacked all the same', 'incomplete (2/3) 1.1 KiB/2.1 KiB true', false],
    ['without its manifest', 'unavailable (0/?) 0.0 B/? false', false],
    ['that could not be checked', 'error - false', false],
  ];
  for (const [name, rest, isReady] of cases) {
    it(`tells an image ${name}`, () => {
      const table = `REF TYPE DIGEST STATUS SIZE UNPACKED \n${row('docker.io/nubificus/image:tag', rest)}\n`;
      const name = 'docker.io/nubificus/image:tag';
      assert.deepEqual(parseImages(table), [{ name, mediaType: type, digest, isReady }]);
    });
  }

  it('may be empty', () => {
    assert.deepEqual(parseImages(''), []);
  });

  it('has lines that are no images', () => {
    const none = ['REF TYPE DIGEST', '', 'a', 'a b', `a b ${digest.slice(1)}`, 'a b sha256:1'];
    assert.deepEqual(parseImages(none.join('\n')), []);
    const bare = { mediaType: type, digest, isReady: false };
    assert.deepEqual(parseImages(`  a ${type}\t${digest} \nb   ${type}  ${digest}   complete`), [
      { name: 'a', ...bare },
      { name: 'b', ...bare },
    ]);
  });
});

describe('the versions', () => {
  const cases: [name: string, text: string, client: string, server: string][] = [
    [
      '1.6',
      'Client:\n  Version:  1.6.20~ds1\n  Revision: 1.6.20~ds1-1+deb12u3\n  Go version: go1.19.8\n\nServer:\n  Version:  1.6.20~ds1\n  Revision: x\n  UUID: a18e5426\n',
      '1.6.20~ds1',
      '1.6.20~ds1',
    ],
    [
      '2.1 with an older server',
      'Client:\n  Version:  v2.1.5\n  Revision: \n  Go version: go1.26.8\n\nServer:\n  Version:  1.7.27\n',
      'v2.1.5',
      '1.7.27',
    ],
    ['nothing', '', 'unknown', 'unknown'],
    ['a client alone', 'Client:\n  GoVersion: 1.2\n  Version:1.7\n', '1.7', 'unknown'],
  ];
  for (const [name, text, client, server] of cases) {
    it(`of ${name} are read`, () => {
      assert.deepEqual(parseVersions(text), { client, server });
    });
  }
});

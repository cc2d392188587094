// What ctr prints as it fails, as recorded from containerd 1.6.20 and 2.1.5.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failureOf } from '../../../src/adapters/containerd/failure.ts';
import type { ErrorCode } from '../../../src/core/errors.ts';

const ingest =
  'ctr: failed to ingest "blobs/sha256/f35b75bd103d960e25b1241be2221c3d6ac07c413edc5d680abc13e90f8c7022": ';
const data =
  '/var/lib/containerd/io.containerd.content.v1.content/ingest/d3705f29cd112d78fb8432d031ddbbf7/data';

const recorded: [name: string, stderr: string, code: ErrorCode, reason: RegExp, hint?: RegExp][] = [
  [
    '1.6: disk full as content arrives',
    `${ingest}failed to copy: failed to send write: write ${data}: no space left on device: unknown\n`,
    'CONTAINERD_FAILED',
    /: the disk of containerd's data is full$/,
    /Free some space/,
  ],
  [
    '2.1: disk full as content arrives',
    `${ingest}failed to copy: failed to send write: write ${data}: no space left on device\n`,
    'CONTAINERD_FAILED',
    /: the disk of containerd's data is full$/,
  ],
  [
    '2.1: disk full as it is unpacked, with the log before it',
    `time="2026-11-23T13:27:45Z" level=info msg="apply failure, attempting cleanup" error="failed to extract layer sha256:a0789a82: mount callback failed on /var/lib/containerd/tmpmounts/containerd-mount441820030: write /var/lib/containerd/tmpmounts/containerd-mount441820030/noise: no space left on device" key="extract-880920861-cq_6 sha256:1cdd2630"
time="2026-11-23T13:27:45Z" level=warning msg="extraction snapshot removal failed" error="write /var/lib/containerd/io.containerd.metadata.v1.bolt/meta.db: no space left on device" key="extract-880920861-cq_6 sha256:1cdd2630"
ctr: apply layer error for "docker.io/library/big:1": failed to extract layer sha256:a0789a82: mount callback failed on /var/lib/containerd/tmpmounts/containerd-mount441820030: write /var/lib/containerd/tmpmounts/containerd-mount441820030/noise: no space left on device
`,
    'CONTAINERD_FAILED',
    /: the disk of containerd's data is full$/,
  ],
  [
    '1.6: an unknown snapshotter',
    'ctr: failed to stat snapshot sha256:dd3400f712ec: snapshotter not loaded: nope: invalid argument\n',
    'CONTAINERD_FAILED',
    /does not have the snapshotter/,
    /ctr plugins ls/,
  ],
  [
    '2.1: an unknown snapshotter',
    'ctr: apply layer error for "docker.io/nubificus/image:tag": failed to stat snapshot sha256:dd3400f712ec: snapshotter not loaded: nope: invalid argument\n',
    'CONTAINERD_FAILED',
    /does not have the snapshotter/,
  ],
  [
    '1.6: killed as content arrives',
    `${ingest}failed to copy: failed to send write: EOF: unknown\n`,
    'CONTAINERD_UNREACHABLE',
    /stopped in the middle/,
    /journalctl/,
  ],
  [
    '2.1: killed as content arrives',
    `${ingest}failed to copy: failed to send write: EOF\n`,
    'CONTAINERD_UNREACHABLE',
    /stopped in the middle/,
  ],
  [
    '1.6: not there any more',
    'ctr: failed to dial "/run/containerd/containerd.sock": context deadline exceeded: connection error: desc = "transport: error while dialing: dial unix:///run/containerd/containerd.sock: timeout"\n',
    'CONTAINERD_UNREACHABLE',
    /stopped in the middle/,
  ],
  [
    'an image that the platform leaves nothing of',
    'ctr: image might be filtered out\n',
    'CONTAINERD_FAILED',
    /no manifest for the platform of this node$/,
    /^Build it for this node/,
  ],
  [
    '2.1: the same in other words',
    'ctr: no match for platform in manifest sha256:1: not found\n',
    'CONTAINERD_FAILED',
    /no manifest for the platform of this node$/,
  ],
  [
    'a quota that is used up',
    'ctr: write /x: disk quota exceeded\n',
    'CONTAINERD_FAILED',
    /: the disk of containerd's data is full$/,
    /Free some space/,
  ],
  [
    '2.1: no snapshotter that unpacks',
    'ctr: no unpack platforms defined: invalid argument\n',
    'CONTAINERD_FAILED',
    /it does not have the snapshotter$/,
  ],
  [
    'a snapshotter whose service does not run',
    'ctr: failed to stat snapshot sha256:1: connection error: desc = "transport: error while dialing: dial unix /run/containerd-stargz-grpc/containerd-stargz-grpc.sock: connect: no such file or directory": unavailable\n',
    'CONTAINERD_FAILED',
    /: the snapshotter is not ready$/,
    /^Start the service behind the snapshotter/,
  ],
  [
    'a snapshotter that is not found',
    'ctr: snapshotter stargz not found\n',
    'CONTAINERD_FAILED',
    /: the snapshotter is not ready$/,
  ],
  [
    'a snapshotter that is not ready',
    'ctr: snapshotter devmapper is not ready\n',
    'CONTAINERD_FAILED',
    /: the snapshotter is not ready$/,
  ],
  [
    'its own socket, which is no plugin',
    'ctr: dial unix /run/k3s/containerd/containerd.sock: connect: connection refused\n',
    'CONTAINERD_UNREACHABLE',
    /: it stopped in the middle$/,
  ],
  ...[
    'error reading from server: EOF',
    'transport is closing',
    'rpc error: code = Unavailable desc = x',
    'connect: connection refused',
    'ttrpc: unavailable',
  ].map((text): (typeof recorded)[number] => [
    text,
    `ctr: ${text}\n`,
    'CONTAINERD_UNREACHABLE',
    /: it stopped in the middle$/,
    /journalctl/,
  ]),
  [
    'what root may do alone',
    'ctr: open /x: permission denied\n',
    'CONTAINERD_DENIED',
    /: permission denied$/,
    /^Run it as root \(sudo\)\.$/,
  ],
  [
    'by its last line, whatever the log says before it',
    'time="x" msg="write: no space left on device"\nctr: open /x: permission denied\n',
    'CONTAINERD_DENIED',
    /: permission denied$/,
  ],
  [
    'by its log, where the last line says nothing',
    'time="x" msg="write: no space left on device"\nctr: exit 1\n',
    'CONTAINERD_FAILED',
    /: the disk of containerd's data is full$/,
  ],
];

describe('a failure of ctr', () => {
  for (const [name, stderr, code, reason, hint] of recorded) {
    it(`is understood: ${name}`, () => {
      const error = failureOf('import the image', stderr);
      assert.equal(error.code, code);
      assert.match(error.message, /^containerd could not import the image: /);
      assert.match(error.message, reason);
      assert.match(error.hint ?? '', hint ?? /./);
      assert.equal((error.cause as Error).message, stderr.trim());
    });
  }

  it('that nobody knows is told in its own words', () => {
    const error = failureOf('import the image', 'time="x" level=info msg="a log"\nctr: something new\n');
    assert.equal(error.code, 'CONTAINERD_FAILED');
    assert.equal(error.message, 'containerd could not import the image: something new');
    assert.equal(error.hint, undefined);
    assert.equal((error.cause as Error).message, 'time="x" level=info msg="a log"\nctr: something new');
  });

  for (const text of ['unavailables', 'snapshotter is not new', 'see ctr: x', 'dial unix x']) {
    it(`that only looks like one is told in its own words: ${text}`, () => {
      const error = failureOf('import the image', `${text}\n`);
      assert.equal(error.message, `containerd could not import the image: ${text}`);
      assert.equal(error.code, 'CONTAINERD_FAILED');
    });
  }

  it('without a word is told as well', () => {
    for (const text of ['', '\n', ' \n']) {
      const error = failureOf('answer', text);
      assert.equal(error.code, 'CONTAINERD_FAILED');
      assert.equal(error.message, 'containerd could not answer: ctr failed and printed nothing');
      assert.equal((error.cause as Error).message, 'ctr printed nothing');
    }
    assert.match(failureOf('answer', 'ctr: ').message, /could not answer: ctr:$/);
  });
});

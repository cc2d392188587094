import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatBinary, formatImage } from '../../src/cli/inspect-text.ts';
import type { InspectedBinary, InspectedImage } from '../../src/usecases/inspect.ts';
import { encodeAnnotations } from '../../src/core/unikernel/urunc-json.ts';

const labels = { binary: '/k', empty: '' };

function image(annotations: InspectedImage['annotations']): InspectedImage {
  const digest = `sha256:${'0'.repeat(64)}` as const;
  return {
    names: [],
    descriptor: { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, size: 1 },
    config: { digest, platform: { os: 'linux', architecture: 'amd64' }, labels, diffIds: [] },
    annotations,
    uruncJson: labels,
    layers: [],
  };
}

describe('formatImage', () => {
  const rows: [name: string, annotations: InspectedImage['annotations'], heading: string][] = [
    ['plain annotations', labels, 'labels (annotations, config labels, /urunc.json)'],
    [
      'annotations in base64',
      encodeAnnotations(labels, 'base64'),
      'labels (annotations (in base64), config labels, /urunc.json)',
    ],
  ];
  for (const [name, annotations, heading] of rows) {
    it(`lists the labels once for ${name}, an empty one among them`, () => {
      const lines = formatImage(image(annotations)).split('\n');
      const start = lines.indexOf(heading);
      assert.notEqual(start, -1, lines.join('\n'));
      assert.deepEqual(lines.slice(start + 1), ['  binary=/k', '  empty=', 'layers']);
    });
  }

  const digestOf = (digit: string) => `sha256:${digit.repeat(64)}` as const;
  const kilobytes = (size: number) => ({
    mediaType: 'x',
    digest: digestOf('3'),
    size,
    diffId: digestOf('4'),
  });
  const owner = { uid: 0, gid: 0 };

  it('has a line for each fact, and for each file of a layer', () => {
    const plain = image(labels);
    const text = formatImage({
      ...plain,
      names: ['docker.io/a/b:1', 'odd\x1bname'],
      index: { digest: digestOf('1'), annotations: { z: '1', a: '2' } },
      config: {
        ...plain.config,
        digest: digestOf('2'),
        created: '1970-01-01T00:00:00Z',
        entrypoint: ['/init', 'a b'],
        cmd: ['x'],
      },
      layers: [
        {
          ...kilobytes(1500),
          files: [
            { path: 'usr', type: 'directory', size: 0, mode: 0o755, ...owner },
            { path: 'usr/a\x07', type: 'file', size: 12, mode: 0o4755, ...owner },
            { path: 'b', type: 'symlink', size: 0, mode: 0o777, target: '/usr', ...owner },
            { path: 'c', type: 'file', size: 123456, mode: 0o7, ...owner },
          ],
        },
        { ...kilobytes(3), files: [] },
      ],
    });
    assert.deepEqual(text.split('\n'), [
      'name       docker.io/a/b:1',
      String.raw`name       odd\x1bname`,
      `index      ${digestOf('1')}`,
      '  a=2',
      '  z=1',
      `digest     ${digestOf('0')}`,
      `config     ${digestOf('2')}`,
      'platform   linux/amd64',
      'created    1970-01-01T00:00:00Z',
      'entrypoint ["/init","a b"]',
      'cmd        ["x"]',
      'labels (annotations, config labels, /urunc.json)',
      '  binary=/k',
      '  empty=',
      'layers',
      `  ${digestOf('3')} 1.5 kB`,
      '    0755          usr/',
      String.raw`    4755     12 B usr/a\x07`,
      '    0777          b -> /usr',
      '    0007   123 kB c',
      `  ${digestOf('3')} 3 B`,
    ]);
  });

  it('leaves out what is not there', () => {
    assert.deepEqual(formatImage(image(labels)).split('\n').slice(0, 4), [
      `digest     ${digestOf('0')}`,
      `config     ${digestOf('0')}`,
      'platform   linux/amd64',
      'labels (annotations, config labels, /urunc.json)',
    ]);
  });

  it('lists labels place by place where they differ, and says where there are none', () => {
    const linesOf = (one: InspectedImage) => {
      const lines = formatImage(one).split('\n');
      return lines.slice(3, lines.indexOf('layers'));
    };
    const { uruncJson, ...without } = image({ binary: '/other' });
    assert.deepEqual(uruncJson, labels);
    assert.deepEqual(linesOf(without), [
      'annotations',
      '  binary=/other',
      'config labels',
      '  binary=/k',
      '  empty=',
      '/urunc.json',
      '  none',
    ]);
    const none = { ...without, annotations: {}, config: { ...without.config, labels: {} } };
    assert.deepEqual(linesOf(none), ['labels (annotations, config labels, /urunc.json)']);
  });

  it('reads base64 where it is that of a label alone', () => {
    const encoded = { ...encodeAnnotations(labels, 'base64'), other: 'L2s=' };
    const lines = formatImage(image(encoded)).split('\n');
    assert.deepEqual(lines.slice(3, lines.indexOf('layers')), [
      'annotations (in base64)',
      '  binary=/k',
      '  empty=',
      '  other=L2s=',
      'config labels',
      '  binary=/k',
      '  empty=',
      '/urunc.json',
      '  binary=/k',
      '  empty=',
    ]);
  });
});

describe('formatBinary', () => {
  const plain: InspectedBinary = {
    path: '/kernel',
    format: 'ELF64 x86-64',
    isGzip: false,
    hasPvh: false,
    multiboot: { hasVersion2: false },
    unread: [],
    monitors: [],
  };
  const solo5 = { isFoundByTender: true, damage: [] };
  const rows: readonly [name: string, facts: Partial<InspectedBinary>, lines: string[]][] = [
    ['nothing known', {}, []],
    [
      'all entries',
      { hasPvh: true, multiboot: { flags: 0, hasVersion2: true } },
      ['  entry      PVH, Multiboot, Multiboot 2'],
    ],
    ['one entry', { multiboot: { hasVersion2: true } }, ['  entry      Multiboot 2']],
    [
      'Solo5 with devices',
      {
        solo5: {
          ...solo5,
          target: 'hvt',
          abiVersion: 2,
          devices: [
            { type: 'net', name: 'service' },
            { type: 'block', name: 'storage' },
          ] as NonNullable<NonNullable<InspectedBinary['solo5']>['devices']>,
        },
      },
      ['  solo5      hvt, ABI version 2', '  devices    net service, block storage'],
    ],
    [
      'Solo5 that says little',
      { solo5: { ...solo5, devices: [] } },
      ['  solo5      unknown target, ABI version unknown'],
    ],
    [
      'Unikraft',
      { unikraft: { version: '0.17.0', libraries: [{ name: 'a', version: '1' }, { name: 'b' }] } },
      ['  unikraft   0.17.0', '  libraries  a 1, b'],
    ],
    ['Unikraft that says little', { unikraft: { libraries: [] } }, ['  unikraft   unknown version']],
    ['Hermit', { hermit: { version: '0.6.7' } }, ['  hermit     0.6.7']],
    ['Hermit that says little', { hermit: {} }, ['  hermit     unknown version']],
    ['Linux', { linux: { form: 'bzImage', version: '6.1', title: 'x' } }, ['  linux      6.1 (bzImage)']],
    [
      'what a bzImage calls itself',
      { linux: { form: 'bzImage', title: 'memtest' } },
      ['  linux      memtest (bzImage)'],
    ],
    ['Linux that says little', { linux: { form: 'Image' } }, ['  linux      unknown version (Image)']],
    [
      'what is inside',
      { payload: { ...plain, format: 'ELF64 x86-64', hasPvh: true } },
      ['  inside     ELF64 x86-64, PVH'],
    ],
    ['what is inside without an entry', { payload: { ...plain, format: 'x' } }, ['  inside     x']],
    ['another framework', { framework: 'OSv', program: 'x' }, ['  other      OSv']],
    ['a program', { program: 'it has an interpreter' }, ['  other      it has an interpreter']],
    ['what is damaged', { unread: ['a note', 'a table'] }, ['  unread     a note, a table']],
    [
      'which monitors boot it',
      {
        monitors: [
          { monitor: 'qemu', verdict: { can: 'yes' } },
          { monitor: 'hvt', verdict: { can: 'no', why: 'it has no note' } },
          { monitor: 'firecracker', verdict: { can: 'some', why: 'from 1.12 on' } },
          { monitor: 'spt', verdict: { can: 'unknown' } },
        ],
      },
      [
        '  boots on   qemu: yes',
        '  boots on   hvt: no: it has no note',
        '  boots on   firecracker: some: from 1.12 on',
        '  boots on   spt: unknown',
      ],
    ],
  ];
  for (const [name, facts, lines] of rows) {
    it(`says ${name}`, () => {
      const format = facts.format ?? 'ELF64 x86-64';
      assert.deepEqual(formatBinary({ ...plain, ...facts }), [
        'binary     /kernel',
        `  format     ${format}`,
        ...lines,
      ]);
    });
  }

  it('is a part of the image', () => {
    const lines = formatImage({ ...image(labels), binary: plain }).split('\n');
    const start = lines.indexOf('binary     /kernel');
    assert.deepEqual(lines.slice(start), ['binary     /kernel', '  format     ELF64 x86-64', 'layers']);
  });
});

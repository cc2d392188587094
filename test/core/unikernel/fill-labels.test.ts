import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BinaryFacts } from '../../../src/core/unikernel/examine-binary.ts';
import {
  describeFilled,
  fillFromBase,
  fillFromBinary,
  isCatalogImage,
} from '../../../src/core/unikernel/fill-labels.ts';
import type { KnownBase } from '../../../src/core/unikernel/fill-labels.ts';
import type { Solo5Device } from '../../../src/core/unikernel/solo5.ts';

/** Labels by urunc's names for them. */
const labels = (given: Readonly<Record<string, string>>) =>
  Object.entries(given).map(([name, value]) => ({ key: `com.urunc.unikernel.${name}`, value }));

const kernel = '/unikraft/bin/kernel';
const initrd = '/unikraft/bin/initrd';

function base(part: Partial<KnownBase> = {}, files: readonly string[] = [kernel]): KnownBase {
  return {
    name: 'unikraft.org/nginx:1',
    os: 'kvm',
    annotations: {},
    provides: (path) => files.includes(path),
    ...part,
  };
}

const bare: BinaryFacts = {
  format: 'ELF64 x86-64',
  isGzip: false,
  hasPvh: false,
  multiboot: { hasVersion2: false },
  unread: [],
};

describe('an image of the catalog', () => {
  const rows: readonly (readonly [os: string, annotations: Record<string, string>, is: boolean])[] = [
    ['qemu', {}, true],
    ['kvm', {}, true],
    ['fc', {}, true],
    ['firecracker', {}, true],
    ['xen', {}, true],
    ['linux', {}, false],
    ['', {}, false],
    ['linux', { 'org.unikraft.kernel.plat': 'xen' }, true],
    ['linux', { a: '', 'org.unikraft.kernel.version': '0.17.0' }, true],
    ['linux', { 'org.unikraft.app': 'x', 'x.org.unikraft.kernel.plat': 'y' }, false],
  ];
  for (const [os, annotations, is] of rows) {
    it(`${is ? 'is' : 'is not'} one for ${os} with ${JSON.stringify(annotations)}`, () => {
      assert.equal(isCatalogImage({ os, annotations }), is);
    });
  }
});

describe('what a base image knows', () => {
  const source = 'the base image "unikraft.org/nginx:1"';
  const told = (given: Readonly<Record<string, string>>, image = base()) => {
    const filled = fillFromBase(labels(given), image);
    assert.ok(filled.every((label) => label.source === source));
    return filled.map(({ key, value }) => [key.replace('com.urunc.unikernel.', ''), value]);
  };

  it('is type, hypervisor and kernel, and an initrd where there is one', () => {
    const three = [
      ['unikernelType', 'unikraft'],
      ['hypervisor', 'qemu'],
      ['binary', kernel],
    ];
    assert.deepEqual(told({}), three);
    assert.deepEqual(told({}, base({}, [kernel, initrd])), [...three, ['initrd', initrd]]);
  });

  it('is left out where a label says it', () => {
    const all = base({}, [kernel, initrd]);
    assert.deepEqual(told({ hypervisor: 'firecracker', initrd: '/i' }, all), [
      ['unikernelType', 'unikraft'],
      ['binary', kernel],
    ]);
    assert.deepEqual(told({ unikernelType: 'unikraft', binary: kernel }, all), [
      ['hypervisor', 'qemu'],
      ['initrd', initrd],
    ]);
  });

  it('names the hypervisor by an annotation, or else by the operating system', () => {
    const hypervisorOf = (os: string, plat?: string) =>
      told({}, base({ os, annotations: plat === undefined ? {} : { 'org.unikraft.kernel.plat': plat } }))
        .find(([name]) => name === 'hypervisor')
        ?.at(1);
    assert.equal(hypervisorOf('qemu'), 'qemu');
    assert.equal(hypervisorOf('kvm'), 'qemu');
    assert.equal(hypervisorOf('fc'), 'firecracker');
    assert.equal(hypervisorOf('firecracker'), 'firecracker');
    assert.equal(hypervisorOf('xen'), undefined);
    assert.equal(hypervisorOf('kvm', 'fc'), 'firecracker');
    assert.equal(hypervisorOf('linux', 'kvm'), 'qemu');
    assert.equal(hypervisorOf('kvm', 'xen'), undefined);
  });

  it('is nothing for another image, another type, another kernel or none', () => {
    assert.deepEqual(told({}, base({ os: 'linux' })), []);
    assert.deepEqual(told({ unikernelType: 'linux' }), []);
    assert.deepEqual(told({ binary: '/kernel' }), []);
    assert.deepEqual(told({}, base({}, [initrd])), []);
  });
});

describe('what a binary knows', () => {
  const source = 'the binary "/app"';
  const told = (given: Readonly<Record<string, string>>, facts: Partial<BinaryFacts>, known?: KnownBase) =>
    fillFromBinary(labels(given), { ...bare, ...facts }, known).map((label) => [
      label.key.replace('com.urunc.unikernel.', ''),
      label.value,
      label.source,
    ]);
  const all: Partial<BinaryFacts> = {
    unikraft: { version: '0.17.0', libraries: [] },
    linux: { form: 'vmlinux', version: '6.1.0' },
    hermit: { version: '0.6.7' },
  };

  it('is the version of the framework that the type names', () => {
    const versionFor = (unikernelType: string) => told({ unikernelType, binary: '/app' }, all);
    assert.deepEqual(versionFor('unikraft'), [['unikernelVersion', '0.17.0', source]]);
    assert.deepEqual(versionFor('linux'), [['unikernelVersion', '6.1.0', source]]);
    assert.deepEqual(versionFor('hermit'), [['unikernelVersion', '0.6.7', source]]);
    assert.deepEqual(versionFor('mirage'), []);
    assert.deepEqual(told({ binary: '/app' }, all), []);
    assert.deepEqual(told({ unikernelType: 'unikraft' }, all), [
      ['unikernelVersion', '0.17.0', 'the binary ""'],
    ]);
  });

  it('is left out under either name of the version', () => {
    for (const name of ['version', 'unikernelVersion'])
      assert.deepEqual(told({ unikernelType: 'unikraft', [name]: '' }, all), []);
  });

  it('is nothing where it has no marks', () => {
    for (const unikernelType of ['unikraft', 'linux', 'hermit', 'mirage'])
      assert.deepEqual(told({ unikernelType }, {}), []);
  });

  it('comes from the base where the binary doesn’t tell, for Unikraft alone', () => {
    const known = base({ annotations: { 'org.unikraft.kernel.version': '0.16.0' } });
    const ofBase = [['unikernelVersion', '0.16.0', 'the base image "unikraft.org/nginx:1"']];
    assert.deepEqual(told({ unikernelType: 'unikraft' }, {}, known), ofBase);
    assert.deepEqual(told({ unikernelType: 'unikraft', binary: '/app' }, all, known), [
      ['unikernelVersion', '0.17.0', source],
    ]);
    assert.deepEqual(told({ unikernelType: 'linux' }, {}, known), []);
    assert.deepEqual(told({ unikernelType: 'unikraft' }, {}, base()), []);
  });

  const device = (type: Solo5Device['type'], name: string): Solo5Device => ({ type, name });
  const solo5 = (...devices: readonly Solo5Device[]): Partial<BinaryFacts> => ({
    solo5: { target: 'hvt', abiVersion: 2, devices, isFoundByTender: true, damage: [] },
  });
  const mirage = { unikernelType: 'mirage', binary: '/app' };

  it('is the names of its devices, where urunc has others for them', () => {
    assert.deepEqual(told(mirage, solo5(device('net', 'up'), device('block', 'disk'))), [
      ['solo5NetDev', 'up', source],
      ['solo5BlkDev', 'disk', source],
    ]);
    assert.deepEqual(told(mirage, solo5(device('net', 'service'), device('block', 'storage'))), []);
    assert.deepEqual(told(mirage, solo5(device('net', 'storage'), device('block', 'service'))), [
      ['solo5NetDev', 'storage', source],
      ['solo5BlkDev', 'service', source],
    ]);
  });

  it('is no name where there are two devices, or none, or a label', () => {
    assert.deepEqual(told(mirage, solo5(device('net', 'a'), device('net', 'b'), device('block', 'c'))), [
      ['solo5BlkDev', 'c', source],
    ]);
    assert.deepEqual(told(mirage, solo5()), []);
    assert.deepEqual(told({ ...mirage, solo5NetDev: 'x' }, solo5(device('net', 'a'))), []);
    assert.deepEqual(told({ ...mirage, unikernelType: 'rumprun' }, solo5(device('net', 'a'))), []);
    assert.deepEqual(told(mirage, { solo5: { target: 'hvt', isFoundByTender: true, damage: [] } }), []);
  });
});

describe('the log', () => {
  it('says what was filled with what, and from where', () => {
    assert.equal(
      describeFilled({ key: 'com.urunc.unikernel.hypervisor', value: 'qemu', source: 'the base image "x"' }),
      'filled "com.urunc.unikernel.hypervisor" with "qemu" from the base image "x"',
    );
  });
});

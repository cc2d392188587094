import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { keptLabels, labelsOfBase } from '../../../src/core/unikernel/inherited-labels.ts';

const key = (name: string) => `com.urunc.unikernel.${name}`;
const pairs = (labels: Readonly<Record<string, string>>) =>
  Object.entries(labels).map(([name, value]) => ({ key: name.includes('.') ? name : key(name), value }));

describe('labelsOfBase', () => {
  it('takes all labels, and of the annotations those of urunc that no label has', () => {
    const labels = labelsOfBase(
      { [key('binary')]: '/kernel', maintainer: 'somebody' },
      { [key('binary')]: '/other', [key('hypervisor')]: 'qemu', 'org.opencontainers.image.title': 'base' },
    );
    assert.deepEqual(Object.fromEntries(labels), {
      [key('binary')]: '/kernel',
      [key('hypervisor')]: 'qemu',
      maintainer: 'somebody',
    });
  });
});

describe('keptLabels', () => {
  const base = { version: '1', unikernelVersion: '1', cmdline: 'old', binary: '/kernel', 'my.label': 'x' };
  const cases: readonly {
    readonly name: string;
    readonly own: Readonly<Record<string, string>>;
    readonly hasArguments?: boolean;
    readonly lost: readonly string[];
  }[] = [
    { name: 'keeps everything beside nothing', own: {}, lost: [] },
    { name: 'keeps what an own label replaces anyway', own: { binary: '/own' }, lost: [] },
    {
      name: 'drops both names of the version for one',
      own: { version: '2' },
      lost: ['version', 'unikernelVersion'],
    },
    {
      name: 'drops both names of the version for the other',
      own: { unikernelVersion: '2' },
      lost: ['version', 'unikernelVersion'],
    },
    { name: 'drops the command line for an own CMD', own: {}, hasArguments: true, lost: ['cmdline'] },
  ];
  for (const { name, own, hasArguments = false, lost } of cases) {
    it(name, () => {
      const kept = keptLabels(pairs(base), pairs(own), hasArguments).map((pair) => pair.key);
      const expected = pairs(base).map((pair) => pair.key);
      assert.deepEqual(
        kept,
        expected.filter((name_) => !lost.map(key).includes(name_)),
      );
    });
  }
});

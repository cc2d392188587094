import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { changeLabels, isUnchanged } from '../../../src/core/unikernel/change-labels.ts';
import type { StatedLabels } from '../../../src/core/unikernel/change-labels.ts';

const key = (name: string) => `com.urunc.unikernel.${name}`;
const labels = {
  [key('binary')]: '/kernel',
  [key('cmdline')]: 'a b',
  [key('hypervisor')]: 'qemu',
  [key('unikernelType')]: 'unikraft',
};

function stated(given: Partial<StatedLabels> = {}): StatedLabels {
  return { labels, annotations: labels, uruncJson: labels, arguments: { cmd: ['a', 'b'] }, ...given };
}

const change = (set: Record<string, string>, ...removed: readonly string[]) => ({
  set: new Map(Object.entries(set)),
  removed: new Set(removed),
});

const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('changeLabels', () => {
  it('changes a label in each of the three places', () => {
    const after = changeLabels(stated(), change({ [key('hypervisor')]: 'firecracker' }));
    const expected = { ...labels, [key('hypervisor')]: 'firecracker' };
    assert.deepEqual([after.labels, after.annotations, after.uruncJson], [expected, expected, expected]);
    assert.deepEqual([after.errors, after.warnings], [[], []]);
    assert.deepEqual(after.arguments, { cmd: ['a', 'b'] });
  });

  it('leaves what a place has besides alone, and sorts by bytes', () => {
    const annotations = { ...labels, 'org.opencontainers.image.title': 'it' };
    const after = changeLabels(stated({ annotations }), change({ a: '1' }));
    assert.deepEqual(Object.entries(after.annotations)[0], ['a', '1']);
    assert.equal(after.annotations['org.opencontainers.image.title'], 'it');
    assert.equal(after.labels['org.opencontainers.image.title'], undefined);
  });

  it('keeps annotations in base64 where they are', () => {
    const annotations = Object.fromEntries(
      Object.entries(labels).map(([name, value]) => [name, base64(value)]),
    );
    const after = changeLabels(stated({ annotations }), change({ [key('hypervisor')]: 'firecracker' }));
    assert.equal(after.annotations[key('hypervisor')], base64('firecracker'));
    assert.equal(after.labels[key('hypervisor')], 'firecracker');
  });

  it('has Cmd follow the cmdline label where it is only its words', () => {
    const followed = changeLabels(stated(), change({ [key('cmdline')]: 'c  d' }));
    assert.deepEqual(followed.arguments, { cmd: ['c', 'd'] });
    const emptied = changeLabels(stated(), change({ [key('cmdline')]: '' }));
    assert.deepEqual(emptied.arguments, {});
    const given = { entrypoint: ['/app'], cmd: ['a', 'b'] };
    const other = changeLabels(stated({ arguments: given }), change({ [key('cmdline')]: 'c' }));
    assert.deepEqual(other.arguments, given);
    assert.match(other.warnings[0]?.message ?? '', /^expected "\/app a b" in/);
  });

  it('says the same under both names of the version', () => {
    const set = changeLabels(stated(), change({ [key('version')]: '2' }));
    assert.equal(set.uruncJson[key('unikernelVersion')], '2');
    const removed = changeLabels(
      stated({ labels: { ...labels, [key('version')]: '1', [key('unikernelVersion')]: '1' } }),
      change({}, key('version')),
    );
    assert.deepEqual(removed.labels, labels);
    const apart = changeLabels(stated(), change({ [key('version')]: '2', [key('unikernelVersion')]: '3' }));
    assert.deepEqual([apart.labels[key('version')], apart.labels[key('unikernelVersion')]], ['2', '3']);
  });

  it('refuses to take away what urunc needs, and only says what is new', () => {
    const after = changeLabels(stated(), change({}, key('binary')));
    assert.deepEqual(
      after.errors.map(({ code, message }) => [code, message]),
      [['LABEL_MISSING', `missing label "${key('binary')}"`]],
    );
    const without = { [key('hypervisor')]: 'qemu', [key('unikernelType')]: 'unikraft' };
    const lacking = stated({ labels: without, annotations: without, uruncJson: without });
    assert.deepEqual(changeLabels(lacking, change({ a: 'b' })).errors, []);
  });

  it('warns by the rules of a build, of what the change brings', () => {
    const after = changeLabels(stated(), change({ [key('hypervisor')]: 'hvt' }));
    assert.match(
      after.warnings[0]?.message ?? '',
      /that urunc v0\.8 runs together, got "hvt" and "unikraft"$/,
    );
    const wrong = { ...labels, [key('hypervisor')]: 'hvt' };
    const before = stated({ labels: wrong, annotations: wrong });
    assert.deepEqual(changeLabels(before, change({ a: 'b' })).warnings, []);
    assert.match(
      changeLabels(before, change({ hypervisor: 'qemu' })).warnings[0]?.message ?? '',
      /"hypervisor"/,
    );
  });

  it('takes all that counts for a file that is missing', () => {
    const { [key('binary')]: binary = '', ...others } = labels;
    const before = stated({ labels: others, annotations: { [key('binary')]: binary }, uruncJson: undefined });
    const after = changeLabels(before, change({ a: 'b' }));
    assert.deepEqual(after.uruncJson, { a: 'b', ...labels });
    assert.equal(isUnchanged(before, changeLabels(before, change({}))), false);
  });

  it('knows what has changed nothing', () => {
    const unsorted = Object.fromEntries(Object.entries(labels).reverse());
    const before = stated({ labels: unsorted });
    assert.ok(isUnchanged(before, changeLabels(before, change({ [key('hypervisor')]: 'qemu' }, 'absent'))));
    assert.ok(!isUnchanged(before, changeLabels(before, change({ [key('hypervisor')]: 'spt' }))));
  });

  it('is a change of each part by itself', () => {
    const before = stated();
    const after = changeLabels(before, change({}));
    assert.ok(isUnchanged(before, after));
    for (const part of [
      { labels: {} },
      { annotations: {} },
      { uruncJson: {} },
      { arguments: {} },
      { arguments: { cmd: ['a'] } },
      { arguments: { entrypoint: ['a'], cmd: ['b'] } },
      { arguments: { entrypoint: ['a', 'b'] } },
    ])
      assert.ok(!isUnchanged(before, { ...after, ...part }), JSON.stringify(part));
    assert.ok(!isUnchanged(stated({ uruncJson: undefined }), after));
  });
});

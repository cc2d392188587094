import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { completeContainerLabels, isUruncImage } from '../../../src/core/unikernel/container-labels.ts';

describe('the labels of an ordinary image', () => {
  it('are those that were given, the last of each, sorted by their bytes', () => {
    const { labels, errors, warnings } = completeContainerLabels([
      { key: 'b', value: '1' },
      { key: '__proto__', value: 'kept' },
      { key: 'ä', value: '2' },
      { key: 'B', value: '3' },
      { key: 'b', value: '4' },
    ]);
    assert.deepEqual(Object.entries(labels), [
      ['B', '3'],
      ['__proto__', 'kept'],
      ['b', '4'],
      ['ä', '2'],
    ]);
    assert.deepEqual([errors, warnings], [[], []]);
  });

  it('are none of urunc’s, and none without a name', () => {
    const position = { file: 'Containerfile', line: 2, column: 7 };
    const { errors } = completeContainerLabels([
      { key: '', value: 'x' },
      { key: 'com.urunc.unikernel.binary', value: '/a', position },
      { key: 'x.com.urunc.unikernel.binary', value: '/a' },
    ]);
    assert.deepEqual(errors, [
      {
        code: 'LABEL_INVALID',
        message: 'expected a label with a name, got "=x"',
        hint: 'Write the name of the label before the "=".',
      },
      {
        code: 'LABEL_INVALID',
        message:
          'expected an ordinary container image, got the label "com.urunc.unikernel.binary", by which urunc boots it',
        hint: 'Remove the label, or leave out --container (the input "container") for a unikernel.',
        position,
      },
    ]);
  });
});

describe('isUruncImage', () => {
  it('is true for one label of urunc’s among others', () => {
    assert.ok(isUruncImage(['a', 'com.urunc.unikernel.hypervisor']));
    assert.ok(!isUruncImage(['a', 'x.com.urunc.unikernel.hypervisor']));
    assert.ok(!isUruncImage([]));
  });
});

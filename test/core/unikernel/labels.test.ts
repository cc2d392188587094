import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Position } from '../../../src/core/errors.ts';
import { completeLabels, lastPairs } from '../../../src/core/unikernel/labels.ts';
import type { LabelInput } from '../../../src/core/unikernel/labels.ts';

const start: Position = { file: 'Containerfile', line: 1, column: 1 };
const at = (line: number): Position => ({ file: 'Containerfile', line, column: 7 });
const prefix = 'com.urunc.unikernel.';

/** Pairs of short names and values, the first on line 1. */
function pairs(...given: readonly (readonly [name: string, value: string])[]): LabelInput[] {
  return given.map(([name, value], index) => ({ key: prefix + name, value, position: at(index + 1) }));
}

const kernel = [
  ['unikernelType', 'unikraft'],
  ['hypervisor', 'qemu'],
  ['binary', '/kernel'],
] as const;

const strict = { strict: true, words: undefined, position: start };
const lenient = { strict: false, words: undefined, position: start };

describe('a label that is missing', () => {
  const all = ['unikernelType', 'hypervisor', 'binary', 'cmdline', 'version'];
  const problemsOf = (...given: readonly (readonly [string, string])[]) =>
    completeLabels(pairs(...given), strict).errors;
  const line = (values: Readonly<Record<string, string>>) =>
    `Add LABEL ${Object.entries(values)
      .map(([name, value]) => `${prefix}${name}="${value}"`)
      .join(' ')} to the Containerfile, with your own values.`;

  it('is said with all others, and with values that could be right', () => {
    assert.deepEqual(problemsOf(), [
      {
        code: 'LABEL_MISSING',
        message: `missing labels ${all.map((name) => `"${prefix}${name}"`).join(', ')}`,
        hint: `${line({ unikernelType: 'unikraft', hypervisor: 'qemu', binary: '/unikernel/kernel', cmdline: '', version: '0.17.0' })} An ordinary container image needs --container (the input "container") in place of them.`,
        position: start,
      },
    ]);
  });

  it('is said alone, with a value that fits the others', () => {
    assert.deepEqual(problemsOf(['hypervisor', 'hvt'], ['binary', '/k'], ['cmdline', ''], ['version', '']), [
      {
        code: 'LABEL_MISSING',
        message: `missing label "${prefix}unikernelType"`,
        hint: line({ unikernelType: 'rumprun' }),
        position: start,
      },
    ]);
    assert.equal(
      problemsOf(['unikernelType', 'rumprun'], ['binary', '/k'], ['cmdline', ''], ['version', ''])[0]?.hint,
      line({ hypervisor: 'hvt' }),
    );
    assert.equal(
      problemsOf(['unikernelType', 'other'], ['binary', '/k'], ['cmdline', ''], ['version', ''])[0]?.hint,
      line({ hypervisor: 'qemu' }),
    );
  });

  it('may be there and empty, which is said at its own place', () => {
    const [empty] = problemsOf(
      ['unikernelType', 'unikraft'],
      ['hypervisor', ''],
      ['binary', ''],
      ['cmdline', ''],
      ['version', ''],
    );
    assert.equal(
      empty?.message,
      `missing labels "${prefix}hypervisor" (it is empty), "${prefix}binary" (it is empty)`,
    );
    assert.deepEqual(empty.position, at(2));
    const [mixed] = problemsOf(
      ['unikernelType', 'unikraft'],
      ['hypervisor', ''],
      ['cmdline', ''],
      ['version', ''],
    );
    assert.deepEqual(mixed?.position, start);
    const placeless = completeLabels([{ key: 'a', value: '' }], { strict: false, words: [] });
    assert.ok(placeless.errors.every((problem) => !('position' in problem)));
    assert.deepEqual(
      placeless.warnings.map(({ message }) => message),
      [`missing label "${prefix}version"`],
    );
  });

  it('is a label without a name, or a version that says two things', () => {
    assert.deepEqual(
      completeLabels([...pairs(...kernel), { key: '', value: 'x', position: at(9) }], lenient).errors,
      [
        {
          code: 'LABEL_INVALID',
          message: 'expected a label with a name, got "=x"',
          hint: 'Write the name of the label before the "=".',
          position: at(9),
        },
      ],
    );
    const both = pairs(...kernel, ['cmdline', ''], ['version', '1'], ['unikernelVersion', '2']);
    assert.deepEqual(completeLabels(both, strict).warnings, [
      {
        code: 'LABEL_INVALID',
        message: `expected "${prefix}version" to be the same as "${prefix}unikernelVersion", got "1" and "2"`,
        hint: `Remove "${prefix}version": urunc reads only the other one, and bima writes both.`,
        position: at(5),
      },
    ]);
  });
});

describe('completeLabels', () => {
  it('takes the five required labels as they are, and adds the name of the version that urunc reads', () => {
    const given = pairs(...kernel, ['cmdline', '/bin/redis a'], ['version', '0.17.0']);
    assert.deepEqual(completeLabels(given, strict), {
      labels: {
        'com.urunc.unikernel.binary': '/kernel',
        'com.urunc.unikernel.cmdline': '/bin/redis a',
        'com.urunc.unikernel.hypervisor': 'qemu',
        'com.urunc.unikernel.unikernelType': 'unikraft',
        'com.urunc.unikernel.unikernelVersion': '0.17.0',
        'com.urunc.unikernel.version': '0.17.0',
      },
      errors: [],
      warnings: [],
    });
  });

  const derived: [
    name: string,
    given: readonly (readonly [string, string])[],
    words: string[] | undefined,
    key: string,
    value: string | undefined,
  ][] = [
    [
      'the last of several labels',
      [...kernel, ['hypervisor', 'firecracker']],
      [],
      'hypervisor',
      'firecracker',
    ],
    ['version from unikernelVersion', [['unikernelVersion', '1']], [], 'version', '1'],
    ['unikernelVersion from version', [['version', '1']], [], 'unikernelVersion', '1'],
    ['no version from nothing', [], [], 'unikernelVersion', undefined],
    ['cmdline from ENTRYPOINT and CMD', [], ['/init', '-v', 'a b'], 'cmdline', '/init -v a b'],
    ['cmdline from an empty CMD', [], [], 'cmdline', ''],
    ['cmdline from its label first', [['cmdline', 'x']], ['y'], 'cmdline', 'x'],
    ['an empty cmdline label first', [['cmdline', '']], ['y'], 'cmdline', ''],
    ['no cmdline from nothing', [], undefined, 'cmdline', undefined],
  ];
  for (const [name, given, words, key, value] of derived) {
    it(`takes ${name}`, () => {
      const { labels } = completeLabels(pairs(...given), { ...strict, words });
      assert.equal(labels[prefix + key], value);
    });
  }

  it('keeps labels that urunc has no use for, and sorts them by their bytes', () => {
    const keys = ['\u{1f980}', 'é', '\uffee', 'z', 'Z'];
    const { labels } = completeLabels(
      keys.map((key) => ({ key, value: key })),
      lenient,
    );
    assert.deepEqual(Object.keys(labels), ['Z', 'z', 'é', '\uffee', '\u{1f980}']);
  });

  it('keeps a label with a name of JavaScript', () => {
    const { labels } = completeLabels([{ key: '__proto__', value: 'x' }], lenient);
    assert.deepEqual(Object.entries(labels), [['__proto__', 'x']]);
  });

  const missing: [
    name: string,
    given: readonly (readonly [string, string])[],
    expected: string[],
    position?: Position,
  ][] = [
    ['all five', [], ['unikernelType', 'hypervisor', 'binary', 'cmdline', 'version']],
    ['cmdline and version', [...kernel], ['cmdline', 'version']],
    [
      'an empty one of the three',
      [...kernel, ['binary', ''], ['cmdline', ''], ['version', '']],
      ['binary'],
      at(4),
    ],
    [
      'an empty one and one that is not there',
      [...kernel, ['binary', ''], ['cmdline', '']],
      ['binary', 'version'],
    ],
  ];
  for (const [name, given, expected, position = start] of missing) {
    it(`names in one error ${name}`, () => {
      const { errors, warnings } = completeLabels(pairs(...given), strict);
      assert.deepEqual(warnings, []);
      const [error, ...others] = errors;
      assert.deepEqual(others, []);
      assert.equal(error?.code, 'LABEL_MISSING');
      assert.deepEqual(error.position, position);
      const named = [...error.message.matchAll(/"com\.urunc\.unikernel\.(\w+)"/g)].map(([, word]) => word);
      assert.deepEqual(named, expected);
    });
  }

  it('says that a label is empty', () => {
    const { errors } = completeLabels(pairs(['hypervisor', ''], ['binary', '/k']), lenient);
    assert.match(errors[0]?.message ?? '', /hypervisor" \(it is empty\)/);
    assert.doesNotMatch(errors[0]?.message ?? '', /unikernelType" \(/);
  });

  it('shows the line to add, with a hypervisor that runs the given type', () => {
    const { errors } = completeLabels(pairs(['unikernelType', 'rumprun'], ['binary', '/k']), lenient);
    assert.match(errors[0]?.hint ?? '', /^Add LABEL com\.urunc\.unikernel\.hypervisor="hvt" to /);
  });

  it('asks only for three labels unless it is strict, and warns of the others', () => {
    const { errors, warnings } = completeLabels(pairs(...kernel), lenient);
    assert.deepEqual(errors, []);
    assert.deepEqual(
      warnings.map(({ code, position }) => ({ code, position })),
      [{ code: 'LABEL_MISSING', position: start }],
    );
    assert.match(warnings[0]?.message ?? '', /cmdline.*version/);
  });

  it('still asks for the three when it is not strict', () => {
    const { errors } = completeLabels(pairs(['cmdline', ''], ['version', '']), lenient);
    assert.match(errors[0]?.message ?? '', /unikernelType.*hypervisor.*binary/);
  });

  it('misses none that is optional, of those that only strict asks for', () => {
    const optional = [`${prefix}version`, `${prefix}binary`];
    const { errors, warnings } = completeLabels([], { ...strict, optional });
    assert.match(errors[0]?.message ?? '', /unikernelType.*hypervisor.*binary.*cmdline"$/);
    assert.deepEqual(warnings, []);
  });

  it('takes labels of the command line after those of the file', () => {
    const given = [...pairs(...kernel, ['cmdline', '']), { key: `${prefix}version`, value: '2' }];
    const { labels, errors } = completeLabels(
      [...given, { key: `${prefix}binary`, value: '/other' }],
      strict,
    );
    assert.deepEqual(errors, []);
    assert.equal(labels['com.urunc.unikernel.binary'], '/other');
  });

  it('warns of two versions that differ, and keeps both', () => {
    const given = pairs(...kernel, ['cmdline', ''], ['unikernelVersion', '1'], ['version', '2']);
    const { labels, errors, warnings } = completeLabels(given, strict);
    assert.deepEqual(errors, []);
    assert.deepEqual(
      warnings.map(({ code, position }) => ({ code, position })),
      [{ code: 'LABEL_INVALID', position: at(6) }],
    );
    assert.equal(labels['com.urunc.unikernel.unikernelVersion'], '1');
    assert.equal(labels['com.urunc.unikernel.version'], '2');
  });

  it('says nothing of two versions that are the same', () => {
    const given = pairs(...kernel, ['cmdline', ''], ['unikernelVersion', '1'], ['version', '1']);
    assert.deepEqual(completeLabels(given, strict).warnings, []);
  });

  it('refuses a label without a name', () => {
    const { errors } = completeLabels(
      [...pairs(...kernel), { key: '', value: 'x', position: at(9) }],
      lenient,
    );
    assert.deepEqual(
      errors.map(({ code, position }) => ({ code, position })),
      [{ code: 'LABEL_INVALID', position: at(9) }],
    );
  });
});

describe('lastPairs', () => {
  it('has each key once, with its last value, in the order of these', () => {
    const given = fc.array(fc.record({ key: fc.constantFrom('a', 'b', 'c'), value: fc.string() }));
    fc.assert(
      fc.property(given, (list) => {
        const last = lastPairs(list);
        const expected = list.filter(
          (pair, index) => !list.slice(index + 1).some(({ key }) => key === pair.key),
        );
        assert.deepEqual([...last.values()], expected);
        assert.deepEqual(
          [...last.keys()],
          expected.map(({ key }) => key),
        );
      }),
    );
  });
});

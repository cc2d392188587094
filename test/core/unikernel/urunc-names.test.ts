// What urunc knows by name, and what a base image's arguments mean beside labels.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  containerArguments,
  imageArguments,
  keptArguments,
  warnOfInherited,
} from '../../../src/core/unikernel/image-arguments.ts';
import {
  findHypervisors,
  findNewerUrunc,
  findTypes,
  hypervisors,
  unikernelTypes,
} from '../../../src/core/unikernel/monitors.ts';
import { findSimilar } from '../../../src/core/unikernel/similar.ts';
import {
  annotations,
  readUruncKey,
  uruncKeys,
  uruncNames,
} from '../../../src/core/unikernel/urunc-annotations.ts';
import { checkLength, checkValue, decodeMistaken, isTrue } from '../../../src/core/unikernel/values.ts';

describe('the pairs that urunc v0.8 runs', () => {
  it('are types by their hypervisors, and hypervisors by their types', () => {
    assert.deepEqual(Object.fromEntries(hypervisors.map((name) => [name, findTypes(name)])), {
      qemu: ['unikraft', 'linux', 'mirage', 'mewz', 'hermit'],
      firecracker: ['unikraft', 'linux'],
      'cloud-hypervisor': ['linux'],
      hvt: ['rumprun', 'mirage'],
      spt: ['rumprun', 'mirage'],
      'hyperlight-unikraft': ['unikraft'],
    });
    assert.deepEqual(Object.fromEntries(unikernelTypes.map((name) => [name, findHypervisors(name)])), {
      unikraft: ['qemu', 'firecracker', 'hyperlight-unikraft'],
      linux: ['qemu', 'firecracker', 'cloud-hypervisor'],
      mirage: ['qemu', 'hvt', 'spt'],
      mewz: ['qemu'],
      hermit: ['qemu'],
      freebsd: [],
      rumprun: ['hvt', 'spt'],
    });
    assert.deepEqual([findTypes(undefined), findTypes('x'), findHypervisors(undefined)], [[], [], []]);
  });

  it('are more in an urunc that is newer', () => {
    assert.equal(findNewerUrunc('qemu', 'freebsd'), 'newer than v0.8');
    assert.equal(findNewerUrunc('firecracker', 'freebsd'), 'newer than v0.8');
    assert.equal(findNewerUrunc('hvt', 'freebsd'), undefined);
    assert.equal(findNewerUrunc('qemu', 'linux'), undefined);
  });
});

describe('the annotations of urunc', () => {
  it('have their names, and the releases that read them', () => {
    const releases = uruncNames.map((name) => {
      const { since, until, successor, isOperators } = annotations[name];
      return [name, since, until, successor, isOperators].filter((one) => one !== undefined);
    });
    assert.deepEqual(releases, [
      ['unikernelType', '0.1'],
      ['hypervisor', '0.1'],
      ['binary', '0.1'],
      ['cmdline', '0.1', '0.7'],
      ['version'],
      ['unikernelVersion', '0.4'],
      ['initrd', '0.3'],
      ['block', '0.4'],
      ['blkMntPoint', '0.4'],
      ['mountRootfs', '0.6'],
      ['useDMBlock', '0.4', '0.5', 'mountRootfs'],
      ['vAccel', '0.7', true],
      ['RPCAddress', '0.7', true],
      ['solo5NetDev', '0.8'],
      ['solo5BlkDev', '0.8'],
    ]);
    for (const name of uruncNames) {
      assert.equal(uruncKeys[name], `com.urunc.unikernel.${name}`);
      assert.equal(readUruncKey(uruncKeys[name]), name);
      assert.match(annotations[name].meaning, /^\w+ .*\w$/);
    }
    assert.equal(readUruncKey('binary'), undefined);
  });

  it('are guessed from names that are nearly theirs', () => {
    const similar = (key: string) => findSimilar(key);
    assert.deepEqual(
      ['type', 'kernel', 'blkDev', 'binry', 'Hypervisor', 'nothing'].map((name) =>
        similar(`com.urunc.unikernel.${name}`),
      ),
      ['unikernelType', 'binary', 'solo5BlkDev', 'binary', 'hypervisor', undefined],
    );
    assert.equal(similar('com.urunc.unikernl.binary'), 'binary');
    assert.equal(similar('org.example.app'), undefined);
  });
});

describe('the value of a label', () => {
  const said = (name: Parameters<typeof checkValue>[0], value: string) =>
    checkValue(name, value).map(({ message }) => message);
  const key = (name: string) => `com.urunc.unikernel.${name}`;

  it('is a path, a word or text, by its name', () => {
    assert.deepEqual(said('binary', '/a'), []);
    assert.deepEqual(said('binary', 'a'), [
      `expected a path that begins with "/" in "${key('binary')}", got "a"`,
    ]);
    assert.deepEqual(said('binary', 'a//b'), [`expected a clean path in "${key('binary')}", got "a//b"`]);
    assert.deepEqual(said('initrd', 'a'), []);
    for (const name of ['binary', 'initrd', 'block'] as const) assert.equal(said(name, '/').length, 1);
    assert.deepEqual(said('blkMntPoint', '/'), []);
    assert.equal(said('blkMntPoint', '/a/..').length, 1);
    for (const name of ['unikernelType', 'hypervisor', 'cmdline', 'version', 'vAccel', 'useDMBlock'] as const)
      assert.deepEqual(said(name, 'a b//c'), []);
    for (const name of uruncNames) assert.deepEqual(said(name, ''), []);
  });

  it('is a word of Go’s for true and false', () => {
    for (const word of ['1', 't', 'T', 'TRUE', 'true', 'True'])
      assert.deepEqual([isTrue(word), said('mountRootfs', word)], [true, []]);
    for (const word of ['0', 'f', 'F', 'FALSE', 'false', 'False'])
      assert.deepEqual([isTrue(word), said('mountRootfs', word)], [false, []]);
    for (const word of ['yes', 'tRUE', '01', ' true'])
      assert.deepEqual([isTrue(word), said('mountRootfs', word).length], [false, 1]);
  });

  it('is the name of a device', () => {
    for (const name of ['solo5NetDev', 'solo5BlkDev'] as const) {
      assert.deepEqual([said(name, 'a1'), said(name, 'x'.repeat(67))], [[], []]);
      for (const value of ['x'.repeat(68), 'a-b', ' a', 'a ']) assert.equal(said(name, value).length, 1);
    }
  });

  it('has as many bytes as urunc and containerd take', () => {
    const length = (name: 'binary' | 'cmdline', size: number) =>
      checkLength(key(name), 'é'.repeat(size / 2), name).map(({ message }) => message);
    const [binary, cmdline] = [key('binary'), key('cmdline')];
    assert.deepEqual(length('cmdline', 4096 - cmdline.length), []);
    assert.deepEqual(length('binary', 4096 - binary.length), []);
    assert.deepEqual(length('binary', 4096), [
      `expected at most 4096 bytes in the name and the value of "${binary}", got ${4096 + binary.length}`,
    ]);
    assert.deepEqual(length('binary', 4098), [`expected at most 4096 bytes in "${binary}", got 4098`]);
    assert.deepEqual(length('cmdline', 4098), [
      `expected at most 4096 bytes in the name and the value of "${cmdline}", got ${4098 + cmdline.length}`,
    ]);
    assert.equal(checkLength('other', 'x'.repeat(5000), undefined).length, 1);
  });

  it('is base64 where that is likely', () => {
    const base64 = (text: string) => Buffer.from(text).toString('base64');
    for (const [name, value, decoded] of [
      ['hypervisor', base64('qemu'), 'qemu'],
      ['hypervisor', base64('other'), undefined],
      ['hypervisor', 'qemu', undefined],
      ['unikernelType', base64('rumprun'), 'rumprun'],
      ['unikernelType', base64('qemu'), undefined],
      ['hypervisor', base64('linux'), undefined],
      ['binary', base64('/a/kernel\n'), '/a/kernel'],
      ['binary', base64('a'), 'a'],
      ['cmdline', base64('abcdefghi'), 'abcdefghi'],
      ['cmdline', base64('abcdef'), undefined],
      ['cmdline', base64('abc\x01abcde'), undefined],
      ['cmdline', base64('abcdeé'), undefined],
      ['cmdline', '', undefined],
      ['cmdline', 'a b=', undefined],
    ] as const)
      assert.equal(decodeMistaken(name, value), decoded, value);
  });
});

describe('the arguments of a base image', () => {
  const cmdline = (value: string, position?: { file: string; line: number; column: number }) => [
    { key: uruncKeys.cmdline, value, ...(position === undefined ? {} : { position }) },
  ];
  const other = [{ key: uruncKeys.binary, value: '/a' }];

  it('hold beside the labels, unless they only repeat the old command line', () => {
    const inherited = { entrypoint: ['/init'], cmd: ['-v', 'a'] };
    assert.equal(keptArguments(inherited, cmdline('/init -v a'), other), inherited);
    assert.equal(keptArguments(inherited, other, cmdline('x')), inherited);
    assert.deepEqual(keptArguments(inherited, cmdline(' /init  -v\ta '), cmdline('x')), {});
    for (const before of ['/init -v', '/init -v a b', '/init -v b', 'a -v /init', ''])
      assert.equal(keptArguments(inherited, cmdline(before), cmdline('x')), inherited, before);
    assert.deepEqual(keptArguments({ cmd: ['a'] }, cmdline('a'), cmdline('x')), {});
    assert.deepEqual(keptArguments({ entrypoint: ['a'] }, cmdline('a'), cmdline('x')), {});
    assert.deepEqual(keptArguments({}, cmdline(''), cmdline('x')), {});
  });

  it('are warned of where a label says something else', () => {
    const position = { file: 'Containerfile', line: 3, column: 7 };
    assert.deepEqual(warnOfInherited({ entrypoint: ['/init'], cmd: ['a'] }, cmdline('b  c', position)), [
      {
        code: 'LABEL_INVALID',
        message: `expected "/init a" in "${uruncKeys.cmdline}", as ENTRYPOINT and CMD of the base image have it, got "b  c"`,
        hint: 'Add CMD ["b","c"]: from v0.6 on, urunc runs the guest with ENTRYPOINT and CMD.',
        position,
      },
    ]);
    const [placeless] = warnOfInherited({ cmd: ['a'] }, cmdline('b'));
    assert.ok(placeless !== undefined && !('position' in placeless));
    assert.deepEqual(warnOfInherited({ cmd: ['a', 'b'] }, cmdline('a b')), []);
    assert.deepEqual(warnOfInherited({}, cmdline('a')), []);
    assert.deepEqual(warnOfInherited({ cmd: ['a'] }, other), []);
  });

  it('are those of Docker in an ordinary image', () => {
    const at = { file: 'Containerfile', line: 1, column: 1 };
    const cmd = { type: 'cmd', position: at, arguments: { form: 'shell', text: 'a b' } } as const;
    const entrypoint = {
      type: 'entrypoint',
      position: at,
      arguments: { form: 'exec', words: ['e'] },
    } as const;
    const inherited = { entrypoint: ['x'], cmd: ['y'] };
    assert.deepEqual(containerArguments({}), { words: undefined, warnings: [] });
    assert.deepEqual(containerArguments({}, inherited), { ...inherited, words: undefined, warnings: [] });
    assert.deepEqual(containerArguments({ cmd }, inherited), {
      entrypoint: ['x'],
      cmd: ['/bin/sh', '-c', 'a b'],
      words: undefined,
      warnings: [],
    });
    assert.deepEqual(containerArguments({ entrypoint }, inherited), {
      entrypoint: ['e'],
      words: undefined,
      warnings: [],
    });
    assert.deepEqual(containerArguments({ cmd, shellOf: () => ['bash'] }), {
      cmd: ['bash', 'a b'],
      words: undefined,
      warnings: [],
    });
  });

  it('are missed, or of no use, at the place of the label', () => {
    const position = { file: 'Containerfile', line: 3, column: 7 };
    const warningsOf = (type: string, value: string, where?: typeof position) =>
      imageArguments({}, [{ key: uruncKeys.unikernelType, value: type }, ...cmdline(value, where)]).warnings;
    const nothing = {
      code: 'LABEL_INVALID',
      message: 'expected arguments for the guest, got none',
      hint: 'Add CMD ["…"] with at least one word, or name one at each start: Kubernetes and Docker start no image without a command.',
    };
    assert.deepEqual(warningsOf('linux', ' ', position), [{ ...nothing, position }]);
    assert.deepEqual(warningsOf('linux', ''), [nothing]);
    const ignored = {
      code: 'LABEL_INVALID',
      message: 'expected no arguments for a guest of the unikernelType "mewz", which ignores them, got "a b"',
      hint: 'Build them into the unikernel; one word has to stay, since Kubernetes and Docker start no image without a command.',
    };
    assert.deepEqual(warningsOf('mewz', 'a b', position), [{ ...ignored, position }]);
    assert.deepEqual(warningsOf('mewz', 'a b'), [ignored]);
    assert.deepEqual(warningsOf('mewz', '', position), [{ ...nothing, position }]);
    assert.deepEqual(warningsOf('linux', 'a b'), []);
    assert.deepEqual(imageArguments({}, cmdline('  a \u2003 b\n')).cmd, ['a', 'b']);
  });
});

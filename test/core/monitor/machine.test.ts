// What options say of the machine of a guest.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  acceleratorNames,
  chooseAccelerator,
  parseAccelerator,
  parseCpus,
  parseMemory,
  parsePort,
} from '../../../src/core/monitor/machine.ts';

describe('parsePort', () => {
  const rows: readonly [string, string, number, number, string][] = [
    ['8080:80', '127.0.0.1', 8080, 80, 'tcp'],
    ['80', '127.0.0.1', 0, 80, 'tcp'],
    [':80', '127.0.0.1', 0, 80, 'tcp'],
    ['0:1', '127.0.0.1', 0, 1, 'tcp'],
    ['65535:65535', '127.0.0.1', 65535, 65535, 'tcp'],
    ['0.0.0.0:53:5353/udp', '0.0.0.0', 53, 5353, 'udp'],
    ['192.168.100.10::80', '192.168.100.10', 0, 80, 'tcp'],
    ['53/udp', '127.0.0.1', 0, 53, 'udp'],
    ['[::1]:1:2/tcp', '[::1]', 1, 2, 'tcp'],
    ['[fe80::FF:9.8.7.6]:1:2', '[fe80::FF:9.8.7.6]', 1, 2, 'tcp'],
  ];
  for (const [text, address, host, guest, protocol] of rows) {
    it(`reads ${text}`, () => {
      assert.deepEqual(parsePort(text), { address, host, guest, protocol });
    });
  }
  const refused = [
    ...['', 'a:80', '80:', '70000:80', '80:0', '1:2:3', '8080:80/sctp', '80,id=x', '::80'],
    ...['x80', '80x', '65536:80', '80:65536', '123456:80', '80:123456', '80/tcp/udp', '80/', '1.2.3:1:2'],
    ...[
      '1.2.3.4.5:1:2',
      '1.2.3.4:80',
      '1234.2.3.4:1:2',
      '1.2.3.1234:1:2',
      '1.2.3.a:1:2',
      '[]:1:2',
      '[x]:1:2',
    ],
    ...['[::1]80', ' 80', '80\n', '-1:80', '/tcp', '1.2.3.4:1:2:3', '80:80:80'],
  ];
  for (const text of refused) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => parsePort(text), {
        code: 'INPUT_INVALID',
        message: `expected a port as HOST:GUEST, got ${JSON.stringify(text)}`,
        hint: /8080:80, or 80 alone/,
      });
    });
  }
});

describe('parseMemory', () => {
  for (const [text, size] of [
    ['512M', 512],
    ['2g', 2048],
    ['1GiB', 1024],
    ['64MB', 64],
    [' 1m ', 1],
    ['10gib', 10_240],
    ['1048576M', 1_048_576],
    ['1024G', 1_048_576],
  ] as const) {
    it(`reads ${JSON.stringify(text)}`, () => {
      assert.equal(parseMemory(text), size);
    });
  }
  const refused = [
    ...['', '512', '0M', '1T', '-1M', '2000000G', '1048577M', '1025G', 'x1M', '1Mx', '1iM', '1M B', '1 M'],
    ...['1Mi', '01M', '10000000M', '1.5G', 'M'],
  ];
  for (const text of refused) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseMemory(text), {
        code: 'INPUT_INVALID',
        message: `expected the memory of the guest as 512M or 2G, got ${JSON.stringify(text)}`,
      });
    });
  }
});

describe('parseCpus', () => {
  it('takes whole numbers from 1 to 999', () => {
    for (const count of [1, 4, 10, 64, 999]) assert.equal(parseCpus(`${count}`), count);
    for (const text of ['0', '01', '1.5', 'two', '', '1000', '4x', 'x4', '-1', ' 4']) {
      assert.throws(() => parseCpus(text), {
        code: 'INPUT_INVALID',
        message: `expected a number of processors from 1 to 999, got ${JSON.stringify(text)}`,
      });
    }
  });
});

describe('parseAccelerator', () => {
  it('knows three of them, and takes nothing for none', () => {
    for (const name of ['kvm', 'hvf', 'tcg']) assert.equal(parseAccelerator(name, '--accel'), name);
    assert.equal(parseAccelerator('', '--accel'), undefined);
    assert.equal(parseAccelerator(undefined, '--accel'), undefined);
  });

  it('refuses any other', () => {
    for (const text of ['KVM', 'whpx', ' ']) {
      assert.throws(() => parseAccelerator(text, '--accel'), {
        code: 'INPUT_INVALID',
        message: `expected kvm, hvf, tcg for --accel, got ${JSON.stringify(text)}`,
      });
    }
  });

  it('has a name for each in the log', () => {
    assert.deepEqual(acceleratorNames, { kvm: 'KVM', hvf: 'HVF', tcg: 'emulation' });
  });
});

describe('chooseAccelerator', () => {
  const host = { system: 'linux', architecture: 'amd64', hasKvm: true, hasHvf: false } as const;
  it('takes what this machine has for its own architecture, and emulates any other', () => {
    assert.equal(chooseAccelerator(host, 'amd64'), 'kvm');
    assert.equal(chooseAccelerator(host, 'arm64'), 'tcg');
    assert.equal(chooseAccelerator({ ...host, hasKvm: false }, 'amd64'), 'tcg');
    assert.equal(chooseAccelerator({ ...host, hasKvm: false, hasHvf: true }, 'amd64'), 'hvf');
    assert.equal(chooseAccelerator({ ...host, hasKvm: false, hasHvf: true }, 'arm64'), 'tcg');
  });
});

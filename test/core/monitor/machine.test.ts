// What options say of the machine of a guest.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chooseAccelerator, parseCpus, parseMemory, parsePort } from '../../../src/core/monitor/machine.ts';

describe('parsePort', () => {
  const rows: readonly [string, string, number, number, string][] = [
    ['8080:80', '127.0.0.1', 8080, 80, 'tcp'],
    ['80', '127.0.0.1', 0, 80, 'tcp'],
    [':80', '127.0.0.1', 0, 80, 'tcp'],
    ['0.0.0.0:53:5353/udp', '0.0.0.0', 53, 5353, 'udp'],
    ['[::1]:1:2/tcp', '[::1]', 1, 2, 'tcp'],
  ];
  for (const [text, address, host, guest, protocol] of rows) {
    it(`reads ${text}`, () => {
      assert.deepEqual(parsePort(text), { address, host, guest, protocol });
    });
  }
  for (const text of ['', 'a:80', '80:', '70000:80', '80:0', '1:2:3', '8080:80/sctp', '80,id=x', '::80']) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => parsePort(text), {
        code: 'INPUT_INVALID',
        message: /expected a port as HOST:GUEST/,
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
  ] as const) {
    it(`reads ${text}`, () => {
      assert.equal(parseMemory(text), size);
    });
  }
  for (const text of ['', '512', '0M', '1T', '-1M', '2000000G']) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseMemory(text), { code: 'INPUT_INVALID' });
    });
  }
});

describe('parseCpus', () => {
  it('takes whole numbers from 1 on', () => {
    assert.equal(parseCpus('4'), 4);
    for (const text of ['0', '1.5', 'two', ''])
      assert.throws(() => parseCpus(text), { code: 'INPUT_INVALID' });
  });
});

describe('chooseAccelerator', () => {
  const host = { system: 'linux', architecture: 'amd64', hasKvm: true, hasHvf: false } as const;
  it('takes what this machine has for its own architecture, and emulates any other', () => {
    assert.equal(chooseAccelerator(host, 'amd64'), 'kvm');
    assert.equal(chooseAccelerator(host, 'arm64'), 'tcg');
    assert.equal(chooseAccelerator({ ...host, hasKvm: false }, 'amd64'), 'tcg');
    assert.equal(chooseAccelerator({ ...host, hasKvm: false, hasHvf: true }, 'amd64'), 'hvf');
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkPublic, isPublicAddress, publicLookup } from '../../../src/adapters/http/addresses.ts';

describe('an address', () => {
  const open = [
    '1.1.1.1',
    '140.82.112.3',
    '172.32.0.1',
    '100.128.0.1',
    '2606:4700::1111',
    '2a00::1',
    '::ffff:8.8.8.8',
  ];
  for (const address of open)
    it(`is public: ${address}`, () => {
      assert.ok(isPublicAddress(address));
    });

  const own = [
    ...[
      '0.0.0.0',
      '10.1.2.3',
      '100.100.100.200',
      '127.0.0.1',
      '127.255.0.1',
      '169.254.169.254',
      '172.16.0.1',
      '172.31.255.255',
    ],
    ...['192.0.0.192', '192.168.1.1', '198.18.0.1', '224.0.0.1', '255.255.255.255', '168.63.129.16'],
    ...[
      '::',
      '::1',
      '::127.0.0.1',
      '::ffff:127.0.0.1',
      '::ffff:a9fe:a9fe',
      'fc00::1',
      'fd00:ec2::254',
      'fe80::1',
      'fec0::1',
      'ff02::1',
    ],
    ...['64:ff9b::7f00:1', '2002:7f00:1::', '2001::1', 'localhost', '', 'fe80::1%eth0'],
  ];
  for (const address of own)
    it(`is not: ${address}`, () => {
      assert.ok(!isPublicAddress(address));
    });
});

describe('a host', () => {
  it('is refused by the addresses that its name has', async () => {
    await assert.rejects(checkPublic('localhost', new Set()), {
      code: 'NOT_AVAILABLE',
      message: /"localhost"/,
    });
    await checkPublic('localhost', new Set(['localhost']));
    await checkPublic('[::1]', new Set(['::1']));
    // A proxy may know it.
    await checkPublic('nobody.invalid', new Set());
  });

  for (const all of [true, false]) {
    it(`has no address to connect to, with all ${all}`, async () => {
      const ask = (allowed: string[]) =>
        new Promise((resolve) => {
          publicLookup(new Set(allowed))('localhost', { all, family: 4 }, (error, address) => {
            resolve(error === null ? address : 'refused');
          });
        });
      assert.equal(await ask([]), 'refused');
      assert.deepEqual(await ask(['localhost']), all ? [{ address: '127.0.0.1', family: 4 }] : '127.0.0.1');
    });
  }
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isLoopback, isPrivate } from '../../../src/adapters/http/hosts.ts';

/** Hosts are looked at as URLs have them. */
const hostname = (host: string) => new URL(`https://${host}/`).hostname;

describe('isLoopback', () => {
  for (const host of [
    'localhost',
    'reg.localhost',
    '127.0.0.1',
    '127.9.9.9',
    '[::1]',
    '2130706433',
    '[::ffff:127.0.0.1]',
  ]) {
    it(`takes ${host}`, () => {
      assert.equal(isLoopback(hostname(host)), true);
    });
  }
  for (const host of ['localhost.test', '10.0.0.1', '127.0.0.1.nip.test', '[::2]', 'notlocalhost']) {
    it(`refuses ${host}`, () => {
      assert.equal(isLoopback(hostname(host)), false);
    });
  }
});

describe('isPrivate', () => {
  const inside = [
    'localhost', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.0.1', '169.254.169.254', '100.64.0.1', '0.0.0.0',
    '[::]', '[::1]', '[fc00::1]', '[fd12::1]', '[fe80::1]', '[::ffff:10.0.0.1]', '[::ffff:192.168.0.1]', '[::ffff:172.16.0.1]', '0x0a.0.0.1',
  ]; // prettier-ignore
  for (const host of inside) {
    it(`takes ${host}`, () => {
      assert.equal(isPrivate(hostname(host)), true);
    });
  }
  const outside = [
    '8.8.8.8', '172.15.0.1', '172.32.0.1', '192.169.0.1', '100.63.0.1', '100.128.0.1', '11.0.0.1', '10.test',
    '[2001:db8::1]', '[::ffff:8.8.8.8]', '[fe00::1]',
  ]; // prettier-ignore
  for (const host of outside) {
    it(`refuses ${host}`, () => {
      assert.equal(isPrivate(hostname(host)), false);
    });
  }
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BimaError } from '../../../src/core/errors.ts';
import { endpointOf } from '../../../src/adapters/http/endpoints.ts';
import { resolveLocation } from '../../../src/adapters/registry/location.ts';

const upload = '/v2/team/app/blobs/uploads/';
const uuid = '/v2/team/app/blobs/uploads/0a1b';

describe('resolveLocation', () => {
  const rows: readonly {
    readonly name: string;
    readonly origin?: string;
    readonly location: string | readonly string[];
    readonly leads: string;
  }[] = [
    { name: 'a path', location: uuid, leads: `https://reg.test${uuid}` },
    { name: 'a relative path', location: '0a1b?x=1', leads: `https://reg.test${uuid}?x=1` },
    { name: 'a query alone', location: '?x=1', leads: `https://reg.test${upload}?x=1` },
    { name: 'absolute', location: `https://reg.test${uuid}`, leads: `https://reg.test${uuid}` },
    {
      name: 'absolute, with the default port',
      location: `https://reg.test:443${uuid}`,
      leads: `https://reg.test${uuid}`,
    },
    { name: 'absolute without a scheme', location: `//reg.test${uuid}`, leads: `https://reg.test${uuid}` },
    { name: 'http on the same host', location: `http://reg.test${uuid}`, leads: `https://reg.test${uuid}` },
    { name: 'upper case in the host', location: `HTTPS://Reg.Test${uuid}`, leads: `https://reg.test${uuid}` },
    {
      name: 'without the port that is in use',
      origin: 'https://reg.test:5000',
      location: `http://reg.test${uuid}`,
      leads: `https://reg.test:5000${uuid}`,
    },
    {
      name: 'http with the port that is in use',
      origin: 'https://reg.test:5000',
      location: `http://reg.test:5000${uuid}`,
      leads: `https://reg.test:5000${uuid}`,
    },
    {
      name: 'https from a registry that has none',
      origin: 'http://[::1]:5000',
      location: `https://[::1]:5000${uuid}`,
      leads: `http://[::1]:5000${uuid}`,
    },
    { name: 'another port', location: `https://reg.test:8443${uuid}`, leads: `https://reg.test:8443${uuid}` },
    { name: 'another host', location: 'https://cdn.test/u?s=1', leads: 'https://cdn.test/u?s=1' },
    { name: 'a host without a path', location: 'https://cdn.test', leads: 'https://cdn.test/' },
    {
      name: 'a signed query, byte for byte',
      location: `${uuid}?b=%2F&a=+&&empty=&q='x'&state=A%2fB==`,
      leads: `https://reg.test${uuid}?b=%2F&a=+&&empty=&q='x'&state=A%2fB==`,
    },
    { name: 'without the fragment', location: `${uuid}?x=1#y`, leads: `https://reg.test${uuid}?x=1` },
    {
      name: 'the one on the same origin of several',
      location: ['https://cdn.test/u', uuid],
      leads: `https://reg.test${uuid}`,
    },
    {
      name: 'a neighbour of a registry on this machine',
      origin: 'http://127.0.0.1:5000',
      location: 'http://localhost:5001/u',
      leads: 'http://localhost:5001/u',
    },
    {
      name: 'a neighbour of a registry on a private address',
      origin: 'https://10.0.0.5',
      location: 'https://10.0.0.6/u',
      leads: 'https://10.0.0.6/u',
    },
  ];
  for (const { name, origin = 'https://reg.test', location, leads } of rows) {
    it(name, () => {
      const endpoint = resolveLocation(location, endpointOf(origin, upload));
      assert.equal(endpoint.origin + endpoint.path, leads);
    });
  }

  const refused: readonly {
    readonly name: string;
    readonly origin?: string;
    readonly location?: string | string[];
  }[] = [
    { name: 'no header' },
    { name: 'an empty header', location: '' },
    { name: 'no header among none', location: [] },
    { name: 'http on another host', location: 'http://cdn.test/u' },
    { name: 'http on another port', location: 'http://reg.test:8080/u' },
    { name: 'a private address', location: 'https://192.168.1.1/u' },
    { name: 'a private address in other clothes', location: 'https://0x7f.1/u' },
    { name: 'the metadata service', location: 'https://169.254.169.254/u' },
    {
      name: 'the metadata service, from a private address',
      origin: 'https://10.0.0.5',
      location: 'https://169.254.169.254/u',
    },
    {
      name: 'this machine, from a private address',
      origin: 'https://10.0.0.5',
      location: 'https://localhost/u',
    },
    { name: 'an IPv6 address of this machine', location: 'https://[::ffff:127.0.0.1]/u' },
    { name: 'another scheme', location: 'ftp://reg.test/u' },
    { name: 'a user name', location: 'https://robot@reg.test/u' },
    { name: 'no host', location: 'https:///u' },
    { name: 'white space', location: '/u?x=1 2' },
    { name: 'a line end', location: '/u\r\nx: 1' },
  ];
  for (const { name, origin = 'https://reg.test', location } of refused) {
    it(`refuses ${name}`, () => {
      assert.throws(
        () => resolveLocation(location, endpointOf(origin, upload)),
        (error) => error instanceof BimaError && error.code === 'REGISTRY_PROTOCOL',
      );
    });
  }

  it('shows neither query nor the opaque part of a path', () => {
    const from = endpointOf('https://reg.test', `${upload}?x=secret`);
    assert.equal(from.shown, `https://reg.test${upload}`);
    assert.equal(resolveLocation(`${uuid}?_state=secret`, from).shown, `https://reg.test${upload}…`);
    assert.equal(resolveLocation('https://cdn.test/opaque/secret?x=1', from).shown, 'https://cdn.test/…');
  });
});

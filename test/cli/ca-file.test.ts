// Authorities that are trusted besides the usual ones.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { run } from '../../src/cli/run.ts';
import { makeAuthority, makeServerCertificate } from '../support/certificates.ts';
import { startRegistry } from '../support/registry.ts';
import { createStore } from '../support/registry-store.ts';
import { sampleImage, storeImage } from '../support/sample-image.ts';
import { unlessInstalled } from '../support/tools.ts';

const folder = mkdtempSync(join(tmpdir(), 'bima-ca-'));
after(() => {
  rmSync(folder, { recursive: true });
});

async function inspect(reference: string, caFile: string, environment: Record<string, string> = {}) {
  const lines: string[] = [];
  const code = await run(['inspect', reference, '--ca-file', caFile], {
    environment,
    stdout: () => undefined,
    stderr: (line) => lines.push(line),
    stdin: () => Promise.resolve(''),
    home: '/nowhere',
    signal: new AbortController().signal,
  });
  return { code, text: lines.join('\n') };
}

describe('--ca-file', () => {
  const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
  for (const [name, content, message] of [
    ['nothing', '', /expected certificates in PEM in --ca-file ".*", got none/],
    ['a key', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n', /got none/],
    ['a certificate that is none', broken, /certificate 1 of --ca-file ".*" can't be read/],
  ] as const) {
    it(`is an error when it holds ${name}`, async () => {
      const file = join(folder, 'wrong.pem');
      writeFileSync(file, content);
      const { code, text } = await inspect('127.0.0.1:1/a:v1', file);
      assert.notEqual(code, 0);
      assert.match(text, message);
    });
  }

  it('is an error when it is no file, or far too large', { skip: process.platform === 'win32' }, async () => {
    const pipe = join(folder, 'pipe');
    assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
    const large = join(folder, 'large');
    writeFileSync(large, Buffer.alloc(2 * 1024 * 1024));
    for (const [path, message] of [
      [pipe, /error: expected ".*pipe" to be a file, got a FIFO/],
      ['/dev/zero', /expected "\/dev\/zero" to be a file, got a character device/],
      [large, /expected at most 1048576 bytes in ".*large", got more/],
    ] as const) {
      const { code, text } = await inspect('127.0.0.1:1/a:v1', path);
      assert.notEqual(code, 0);
      assert.match(text, message);
    }
    // Node's own goes without what can't be read, and so does this.
    const file = join(folder, 'wrong.pem');
    writeFileSync(file, '');
    assert.match((await inspect('127.0.0.1:1/a:v1', file, { NODE_EXTRA_CA_CERTS: pipe })).text, /got none/);
  });

  it('leaves those of NODE_EXTRA_CA_CERTS in place', { skip: unlessInstalled('openssl') }, async () => {
    const authority = makeAuthority(folder, 'one');
    const other = makeAuthority(folder, 'two');
    const { key, cert } = makeServerCertificate(folder, authority);
    const store = createStore();
    storeImage(store, 'a', sampleImage(), 'v1');
    await using registry = await startRegistry({ store, tls: { key, cert } });
    const reference = `${registry.host}/a:v1`;
    assert.match((await inspect(reference, other.certFile)).text, /certificate of ".*" is not trusted/);
    assert.equal(registry.count('GET', /./), 0);
    const both = await inspect(reference, other.certFile, { NODE_EXTRA_CA_CERTS: authority.certFile });
    assert.doesNotMatch(both.text, /is not trusted/);
    assert.ok(registry.count('GET', /./) > 0);
  });
});

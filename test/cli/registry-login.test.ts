// The options of a registry that become its client: who logs in, with what, and over what.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseArguments } from '../../src/cli/args.ts';
import { lazyRegistryClient, readCa, withRegistryClient } from '../../src/cli/registry-options.ts';
import type { LazyClient } from '../../src/cli/registry-options.ts';
import { run } from '../../src/cli/run.ts';
import { parseReference } from '../../src/core/oci/reference.ts';
import { silentReporter } from '../../src/core/reporter.ts';
import { temporaryFolder } from '../support/folder.ts';
import { startRegistry } from '../support/registry.ts';
import type { RegistryAuth } from '../support/registry.ts';
import { createStore } from '../support/registry-store.ts';
import { sampleImage, storeImage } from '../support/sample-image.ts';

function basicAuth(user: string, password: string): { auth: RegistryAuth; seen: Set<string | undefined> } {
  const expected = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const seen = new Set<string | undefined>();
  const allows: RegistryAuth['allows'] = (authorization) => {
    seen.add(authorization);
    return authorization === expected;
  };
  return { auth: { challenge: () => ['Basic realm="registry"'], allows }, seen };
}

async function inspect(reference: string, input: string | Error, ...options: readonly string[]) {
  const lines: string[] = [];
  const code = await run(['inspect', ...options, reference], {
    environment: {},
    stdout: () => undefined,
    stderr: (line) => lines.push(line),
    stdin: () => (input instanceof Error ? Promise.reject(input) : Promise.resolve(input)),
    home: '/nowhere',
    signal: new AbortController().signal,
  });
  return { code, text: lines.join('\n') };
}

describe('--username with --password-stdin', () => {
  const accepted: readonly [name: string, input: string, password: string][] = [
    ['a line', 'hunter2\n', 'hunter2'],
    ["Windows's line", 'hunter2\r\n', 'hunter2'],
    ['no line end', 'hunter2', 'hunter2'],
    ['two line ends, of which one belongs to it', 'hunter2\n\n', 'hunter2\n'],
    ['a line end in it', 'a\nb\n', 'a\nb'],
  ];
  for (const [name, input, password] of accepted) {
    it(`logs in with ${name}`, async () => {
      const store = createStore();
      storeImage(store, 'a', sampleImage({ tars: [Buffer.alloc(1024)] }), 'v1');
      const { auth, seen } = basicAuth('me', password);
      await using registry = await startRegistry({ store, auth });
      const { code, text } = await inspect(`${registry.host}/a:v1`, input, '-u', 'me', '--password-stdin');
      assert.equal(code, 0, text);
      assert.ok(seen.size <= 2);
    });
  }

  it('needs a password', async () => {
    for (const input of ['', '\n', '\r\n']) {
      const { code, text } = await inspect('127.0.0.1:1/a:v1', input, '-u', 'me', '--password-stdin');
      assert.deepEqual([code, text], [2, 'bima: error: expected a password on standard input, got nothing']);
    }
  });

  it('is not read where nobody logs in', async () => {
    const store = createStore();
    storeImage(store, 'a', sampleImage({ tars: [Buffer.alloc(1024)] }), 'v1');
    await using registry = await startRegistry({ store });
    const { code, text } = await inspect(`${registry.host}/a:v1`, new Error('standard input is not ours'));
    assert.equal(code, 0, text);
  });
});

describe('the client of a run', () => {
  function clientOf(line: string, references: readonly string[] = [], input = 'hunter2'): LazyClient {
    const invocation = parseArguments(['push', ...line.split(' ').filter(Boolean), 'x', 'y'], {});
    assert.ok(invocation.type === 'command');
    return lazyRegistryClient({
      options: invocation.options,
      references: references.map(parseReference),
      terminal: {
        environment: {},
        stdout: () => undefined,
        stderr: () => undefined,
        stdin: () => Promise.resolve(input),
        home: '/nowhere',
        signal: new AbortController().signal,
      },
      reporter: silentReporter,
    });
  }

  it('is made once, and closed where it was made', async () => {
    const client = clientOf('');
    const first = await client.open();
    assert.equal(await client.open('elsewhere.example'), first);
    assert.equal(first.signal.aborted, false);
    await client.close();
    assert.equal(first.signal.aborted, true);
    await clientOf('').close();
    const broken = clientOf('--ca-file /nowhere/ca.pem');
    await assert.rejects(broken.open(), {
      code: 'INPUT_INVALID',
      message: 'can\'t read --ca-file "/nowhere/ca.pem"',
    });
    await broken.close();
  });

  it('is closed also when what it was for fails', async () => {
    const invocation = parseArguments(['inspect', 'x'], {});
    assert.ok(invocation.type === 'command');
    const context = {
      options: invocation.options,
      references: [],
      terminal: {
        environment: {},
        stdout: () => undefined,
        stderr: () => undefined,
        stdin: () => Promise.resolve(''),
        home: '/nowhere',
        signal: new AbortController().signal,
      },
      reporter: silentReporter,
    };
    let signal: AbortSignal | undefined;
    const failing = withRegistryClient(context, (client) => {
      ({ signal } = client);
      return Promise.reject(new RangeError('odd'));
    });
    await assert.rejects(failing, RangeError);
    assert.equal(signal?.aborted, true);
    assert.equal(await withRegistryClient(context, () => Promise.resolve(7)), 7);
  });

  it('logs in to the registry of the first name, or to the one that is asked for', async () => {
    const store = createStore();
    storeImage(store, 'a', sampleImage(), 'v1');
    const { auth } = basicAuth('me', 'hunter2');
    await using registry = await startRegistry({ store, auth });
    const login = '-u me --password-stdin';
    const listed = async (client: LazyClient, first?: string) => {
      const opened = await client.open(first);
      const repository = opened.repository({ registry: registry.host, repository: 'a' });
      return repository.describe('v1').finally(() => client.close());
    };
    assert.ok(await listed(clientOf(login, [`${registry.host}/a:v1`])));
    assert.ok(await listed(clientOf(login), registry.host));
    await assert.rejects(listed(clientOf(login)), { code: 'REGISTRY_UNAUTHORIZED' });
    await assert.rejects(listed(clientOf(login, ['elsewhere.example/a:v1']), registry.host), {
      code: 'REGISTRY_UNAUTHORIZED',
    });
    await assert.rejects(listed(clientOf('', [`${registry.host}/a:v1`])), { code: 'REGISTRY_UNAUTHORIZED' });
  });

  it('refuses what contradicts itself when it is made', async () => {
    await assert.rejects(clientOf('-u me', ['a']).open(), { message: /together, got only one of them/ });
    await assert.rejects(clientOf('--concurrency 0', ['a']).open(), {
      message: /for --concurrency, got "0"/,
    });
  });
});

describe('certificates', () => {
  const certificate = (text: string) => `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`;
  const hint = 'The file holds one or more blocks that begin with "-----BEGIN CERTIFICATE-----".';

  it('are none where no file is named', async () => {
    assert.equal(await readCa(undefined, { NODE_EXTRA_CA_CERTS: '/nowhere' }), undefined);
  });

  it('are refused with a hint', async (test) => {
    const folder = temporaryFolder(test, { none: 'x', broken: certificate('AAAA') });
    await assert.rejects(readCa(join(folder, 'none'), {}), {
      code: 'INPUT_INVALID',
      message: `expected certificates in PEM in --ca-file "${join(folder, 'none')}", got none`,
      hint,
    });
    await assert.rejects(readCa(join(folder, 'broken'), {}), {
      code: 'INPUT_INVALID',
      message: `certificate 1 of --ca-file "${join(folder, 'broken')}" can't be read`,
      hint,
    });
  });
});

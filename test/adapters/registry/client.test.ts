import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRegistryClient } from '../../../src/adapters/registry/client.ts';
import { silentReporter } from '../../../src/core/reporter.ts';
import { blobOf } from '../../../src/core/oci/blob.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import { startFaultProxy } from '../../support/fault-proxy.ts';
import { on, stallAt } from '../../support/faults.ts';
import type { FaultProxy } from '../../support/fault-proxy.ts';
import { startRegistry } from '../../support/registry.ts';
import type { Repository } from '../../../src/adapters/registry/repository.ts';

describe('a client that is closed', () => {
  const rows: [name: string, method: string, kind: Parameters<FaultProxy['count']>[1], work: Work][] = [
    ['a look at a tag', 'HEAD', 'manifest', (repository) => repository.describe('1')],
    ['reading a tag', 'GET', 'manifest', (repository) => repository.read('1')],
    ['a look at a blob', 'HEAD', 'blob', (repository) => repository.put(blob)],
    ['the start of an upload', 'POST', 'uploads', (repository) => repository.put(blob)],
    ['an upload', 'PUT', 'upload', (repository) => repository.put(blob)],
  ];
  for (const [name, method, kind, work] of rows) {
    it(`gives up ${name}, and doesn't try again`, async () => {
      const said: string[] = [];
      let see: () => void = () => undefined;
      const seen = new Promise<void>((resolve) => (see = resolve));
      await using registry = await startRegistry();
      await using proxy = await startFaultProxy({
        upstream: registry.origin,
        faults: [
          {
            when: on(method, kind),
            act: async (exchange) => {
              see();
              await stallAt(0)(exchange);
            },
          },
        ],
      });
      const client = createRegistryClient({
        credentials: { find: () => Promise.resolve(undefined) },
        reporter: {
          ...silentReporter,
          info: (line) => said.push(line),
          warning: ({ message }) => said.push(message),
        },
      });
      const under = work(client.repository({ registry: proxy.host, repository: 'a/b' }));
      const outcome = assert.rejects(under, /the client of the registry is closed/);
      await seen;
      await client.close();
      await outcome;
      assert.equal(proxy.count(method, kind), 1);
      assert.deepEqual(said, []);
    });
  }

  it('refuses what comes later, without a request', async () => {
    await using registry = await startRegistry();
    const client = createRegistryClient({
      credentials: { find: () => Promise.resolve(undefined) },
      reporter: silentReporter,
    });
    const repository = client.repository({ registry: registry.host, repository: 'a/b' });
    await client.close();
    await assert.rejects(repository.describe('1'), /the client of the registry is closed/);
    assert.deepEqual(registry.requests, []);
  });
});

type Work = (repository: Repository) => Promise<unknown>;

const blob = blobOf(mediaTypes.layerTar, Buffer.from('content'));

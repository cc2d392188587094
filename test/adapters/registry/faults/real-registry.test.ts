// A sample of the faults in front of Debian's docker-registry; skopeo then reads what is there. And restarts.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import type { Clock } from '../../../../src/core/clock.ts';
import { BimaError } from '../../../../src/core/errors.ts';
import { digestOf } from '../../../../src/core/oci/digest.ts';
import { parseReference } from '../../../../src/core/oci/reference.ts';
import { pushImage } from '../../../../src/usecases/push/push.ts';
import { createRegistryClient } from '../../../../src/adapters/registry/client.ts';
import type { RegistryOptions as ClientOptions } from '../../../../src/adapters/registry/client.ts';
import { readTag, startDockerRegistry } from '../../../support/docker-registry.ts';
import type { RunningServer } from '../../../support/docker-registry.ts';
import { createFastClock } from '../../../support/fast-clock.ts';
import { startFaultProxy } from '../../../support/fault-proxy.ts';
import type { Fault } from '../../../support/fault-proxy.ts';
import { createTranscript } from '../../../support/fault-run.ts';
import { loseReply, on, reply, replyEarly, replyRaw, resetAt } from '../../../support/faults.ts';
import { problem } from '../../../support/registry.ts';
import { sampleImage } from '../../../support/sample-image.ts';
import { unlessInstalled } from '../../../support/tools.ts';

const run = promisify(execFile);
const repository = 'team/app';
const image = sampleImage({ layers: [400_000, 300_000], architectures: ['amd64', 'arm64'] });
const older = sampleImage({ seed: 'older' });
const isLayer: Fault['when'] = (request) => on('PUT', 'upload')(request) && request.length > 100_000;
/** A limit on the size of a body: one that holds for a smaller body after a larger one was taken would be none. */
const limited: Fault = {
  when: ({ length }) => length > 280_000,
  times: Infinity,
  act: replyEarly(0.1, { status: 413, body: 'too large' }),
};

async function push(host: string, pushed = image, client: Partial<ClientOptions> = {}): Promise<unknown> {
  const transcript = createTranscript();
  const created = createRegistryClient({
    credentials: { find: () => Promise.resolve(undefined) },
    reporter: transcript.reporter,
    clock: createFastClock(),
    ...client,
  });
  const references = [parseReference(`${host}/${repository}:v1`)];
  try {
    return await pushImage(pushed.source, pushed.root, references, {
      client: created,
      reporter: transcript.reporter,
    });
  } catch (error) {
    transcript.add(error);
    return error;
  } finally {
    await created.close();
    // The registry signs its upload sessions with this parameter.
    assert.doesNotMatch(transcript.lines.join('\n'), /_state=[^…]/);
  }
}

/** The whole image is there: skopeo, which checks every digest, copies all of it. */
async function assertWhole(registry: RunningServer): Promise<void> {
  const reference = `docker://${registry.host}/${repository}:v1`;
  const { stdout } = await run('skopeo', ['inspect', '--raw', '--tls-verify=false', reference]);
  assert.equal(digestOf(Buffer.from(stdout)), image.root.digest);
  const copy = `${registry.folder}/copy`;
  await run('skopeo', ['copy', '--quiet', '--all', '--src-tls-verify=false', reference, `dir:${copy}`]);
}

const survived: readonly (readonly [string, readonly Fault[], Partial<ClientOptions>?])[] = [
  ['reset in a body: a reset at 0 %', [{ when: isLayer, act: resetAt(0) }]],
  ['reset in a body: resets at 50 % of all layers', [{ when: isLayer, times: 4, act: resetAt(0.5) }]],
  ['reset in a body: a reset at 99 %', [{ when: isLayer, act: resetAt(0.99) }]],
  ['lost answer: the 201 of every blob lost', [{ when: on('PUT', 'upload'), times: 6, act: loseReply() }]],
  [
    'lost answer: the 202 of every POST lost',
    [{ when: on('POST', 'uploads'), times: 4, act: loseReply('end') }],
  ],
  ['answer cut off: half an answer', [{ when: isLayer, act: replyRaw('HTTP/1.1 201 Cre') }]],
  ['early answer: an early 413', [limited]],
  // A layer whose turn comes after the first 413 goes in chunks from its start.
  ['early answer: an early 413, for one layer at a time', [limited], { concurrency: 1 }],
  [
    'session lost between chunks: a reset in a chunk',
    [{ when: on('PATCH', 'upload'), skip: 1, act: resetAt(0.5) }],
    { chunkSize: 100_000 },
  ],
  [
    'passing status: 502 for every kind of request',
    [
      { when: on('HEAD', 'blob'), act: reply({ status: 502 }) },
      { when: on('POST', 'uploads'), act: reply({ status: 502 }) },
      { when: on('PUT', 'upload'), act: reply({ status: 502 }) },
      { when: on('PUT', 'manifest'), act: reply({ status: 502 }) },
    ],
  ],
  [
    'lost answer to a manifest: the 201 of the tag lost',
    [{ when: on('PUT', 'manifest', 'v1'), act: loseReply() }],
  ],
  [
    '429: 429',
    [{ when: on('POST', 'uploads'), times: 3, act: reply({ status: 429, headers: { 'retry-after': '2' } }) }],
  ],
  [
    'stale connection: stale connections',
    [
      {
        when: (request) => request.nth > 1 && isLayer(request),
        times: 2,
        act: ({ reset }) => {
          reset();
        },
      },
    ],
  ],
];

const fatal: readonly (readonly [string, readonly Fault[]])[] = [
  ['403: 403', [{ when: on('POST', 'uploads'), times: Infinity, act: reply(problem(403, 'DENIED')) }]],
  ['reset in a body: resets forever', [{ when: isLayer, times: Infinity, act: resetAt(0.5) }]],
  [
    'passing status: 503 forever',
    [{ when: on('PUT', 'manifest'), times: Infinity, act: reply({ status: 503 }) }],
  ],
  ['429: 429 forever', [{ when: on('POST', 'uploads'), times: Infinity, act: reply({ status: 429 }) }]],
];

describe('faults before docker-registry', { skip: unlessInstalled('docker-registry', 'skopeo') }, () => {
  for (const [name, faults, client] of survived) {
    it(`${name}: the image is whole`, async () => {
      await using registry = await startDockerRegistry();
      await using proxy = await startFaultProxy({ upstream: `http://${registry.host}`, faults });
      const outcome = await push(proxy.host, image, client);
      if (outcome instanceof Error) throw outcome;
      proxy.assertHit();
      await assertWhole(registry);
    });
  }

  for (const [name, faults] of fatal) {
    it(`${name}: the tag stays where it was`, async () => {
      await using registry = await startDockerRegistry();
      const before = await push(registry.host, older);
      if (before instanceof Error) throw before;
      await using proxy = await startFaultProxy({ upstream: `http://${registry.host}`, faults });
      const outcome = await push(proxy.host);
      assert.ok(outcome instanceof BimaError, String(outcome));
      proxy.assertHit();
      assert.equal(readTag(registry, repository, 'v1'), older.root.digest);
    });
  }
});

describe('restarts and replicas', { skip: unlessInstalled('docker-registry', 'skopeo') }, () => {
  it('restart: the registry restarts while a layer is on its way', async () => {
    let registry = await startDockerRegistry();
    const { folder, port } = registry;
    let back: Promise<RunningServer> | undefined;
    const clock = createFastClock();
    // No time passes while the clock says so, but a real start takes some.
    const patient: Clock = {
      ...clock,
      now: () => clock.now(),
      async sleep(milliseconds, signal) {
        await back;
        await clock.sleep(milliseconds, signal);
      },
    };
    const restart: Fault = {
      when: isLayer,
      act: async (exchange) => {
        await exchange.forwardPart(0.5);
        await registry.stop({ keep: true });
        // With another secret: no session of before is known any more.
        back = startDockerRegistry({ folder, port, secret: 'another' });
        registry = await back;
        exchange.reset();
      },
    };
    try {
      await using proxy = await startFaultProxy({ upstream: `http://${registry.host}`, faults: [restart] });
      const outcome = await push(proxy.host, image, { clock: patient });
      if (outcome instanceof Error) throw outcome;
      proxy.assertHit();
      await assertWhole(registry);
    } finally {
      await registry.stop();
    }
  });

  it('restart: the registry is away for a while', async () => {
    let registry = await startDockerRegistry();
    const { folder, port } = registry;
    const away: Fault = {
      when: isLayer,
      act: async (exchange) => {
        await exchange.forwardPart(0.5);
        await registry.stop({ keep: true });
        exchange.reset();
      },
    };
    const clock = createFastClock();
    let slept = 0;
    let back: Promise<void> | undefined;
    const start = async (): Promise<void> => {
      registry = await startDockerRegistry({ folder, port });
    };
    const restarting = {
      ...clock,
      now: () => clock.now(),
      async sleep(milliseconds: number, signal?: AbortSignal) {
        slept++;
        if (slept === 3) back = start();
        await back;
        await clock.sleep(milliseconds, signal);
      },
    };
    try {
      await using proxy = await startFaultProxy({ upstream: `http://${registry.host}`, faults: [away] });
      const outcome = await push(proxy.host, image, { clock: restarting });
      if (outcome instanceof Error) throw outcome;
      await assertWhole(registry);
    } finally {
      await registry.stop();
    }
  });

  it('restart: two replicas with different secrets take turns', async () => {
    await using one = await startDockerRegistry({ secret: 'one' });
    const other = await startDockerRegistry({ folder: one.folder, secret: 'other' });
    try {
      // Each layer's session is begun at the one and its body is sent to the other, the first time.
      await using otherProxy = await startFaultProxy({ upstream: `http://${other.host}` });
      const stray: Fault = {
        when: isLayer,
        times: 2,
        act: async (exchange) => {
          await exchange.read(1);
          const { path, query, headers } = exchange.request;
          const answer = await fetch(`${otherProxy.origin}${path}?${query}`, {
            method: 'PUT',
            headers: { 'content-type': headers['content-type'] ?? '' },
            body: 'x',
          });
          const { status } = answer;
          await exchange.reply({
            status,
            headers: { 'content-type': 'application/json' },
            body: await answer.text(),
          });
        },
      };
      await using proxy = await startFaultProxy({ upstream: `http://${one.host}`, faults: [stray] });
      const outcome = await push(proxy.host);
      if (outcome instanceof Error) throw outcome;
      proxy.assertHit();
      await assertWhole(one);
    } finally {
      await other.stop({ keep: true });
    }
  });
});

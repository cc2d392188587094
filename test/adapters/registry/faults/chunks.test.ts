// Rows 45 to 49: uploads in chunks.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Source } from '../../../../src/core/oci/target.ts';
import type { Fault } from '../../../support/fault-proxy.ts';
import { runPush, user } from '../../../support/fault-run.ts';
import type { RunOptions } from '../../../support/fault-run.ts';
import { on, onStart, reply, resetAt, rewriteReply } from '../../../support/faults.ts';
import { problem } from '../../../support/registry.ts';
import { sampleImage } from '../../../support/sample-image.ts';

const image = sampleImage({ layers: [5000] });
const [layer] = image.layers;
const size = layer?.size ?? 0;
const pushInChunks = (options: RunOptions = {}) =>
  runPush({ image, ...options, client: { chunkSize: 1000, ...options.client } });
const patches = on('PATCH', 'upload');

describe('chunks', () => {
  it('go in order, with the newest Location, and the last one closes', async () => {
    await using run = await pushInChunks({ tokens: { user } });
    run.assertPushed();
    assert.equal(run.registry.uploadedBytes(), image.blobBytes);
    const sent = run.proxy.requests
      .filter(({ endpoint, length }) => endpoint.kind === 'upload' && length > 0)
      .map(({ length }) => length);
    assert.ok(sent.every((length) => length <= 1000));
    const last = run.proxy.requests.find(
      ({ method, query }) => method === 'PUT' && query.includes(layer?.digest.slice(7) ?? '-'),
    );
    // ECR answers an empty closing PUT with 500.
    assert.ok((last?.length ?? 0) > 0);
  });

  const ranges: readonly (readonly [string, (end: number) => string | undefined, number?])[] = [
    ['status 201', (end) => `0-${end}`, 201],
    ['a Range that is stuck at 0-0', () => '0-0'],
    ['a Range with a unit', (end) => `bytes=0-${end}`],
    ['an empty Range', () => '0--1'],
    ['a Range that is one too long', (end) => `0-${end + 1}`],
    ['no Range', () => undefined],
    ['a Range that makes no sense', () => 'all of it'],
  ];
  for (const [name, range, status] of ranges) {
    it(`ranges of chunks: ${name}`, async () => {
      let end = -1;
      const fault: Fault = {
        when: patches,
        times: Infinity,
        act: async (exchange) => {
          end = Number(/-([0-9]+)$/.exec(exchange.request.headers['content-range'] ?? '')?.[1]);
          await rewriteReply(() => ({
            headers: { range: range(end) },
            ...(status === undefined ? {} : { status }),
          }))(exchange);
        },
      };
      await using run = await pushInChunks({ faults: [fault] });
      run.assertPushed();
      assert.equal(run.registry.uploadedBytes(), image.blobBytes);
    });
  }

  it('chunk taken in part: half a chunk is taken: the next begins there', async () => {
    const fault: Fault = {
      when: patches,
      skip: 1,
      act: async (exchange) => {
        await exchange.reply(await exchange.forwardCut(500));
      },
    };
    await using run = await pushInChunks({ faults: [fault] });
    run.assertPushed();
    assert.equal(run.registry.uploadedBytes(), image.blobBytes);
  });

  it('416: 416, and GET tells where to go on', async () => {
    const fault: Fault = {
      when: patches,
      skip: 1,
      act: async (exchange) => {
        await exchange.forward();
        await exchange.reply(problem(416, 'BLOB_UPLOAD_INVALID'));
      },
    };
    // The proxy keeps the newest Location from the client, so the status is asked for at the one before.
    await using run = await pushInChunks({ faults: [fault] });
    run.assertPushed('location-altered');
    assert.equal(run.registry.uploadedBytes(), image.blobBytes);
  });

  it('416: 416, and no status: the blob starts again', async () => {
    const fault: Fault = { when: patches, skip: 1, act: reply(problem(416, 'BLOB_UPLOAD_INVALID')) };
    await using run = await pushInChunks({ registry: { uploadStatus: false }, faults: [fault] });
    run.assertPushed();
    assert.equal(run.proxy.count('POST', 'uploads'), 3);
  });

  it('416: a reading that is given up is closed', async () => {
    let opened = 0;
    let closed = 0;
    const source: Source = {
      name: 'counted',
      open: (descriptor) => ({
        descriptor,
        async *open() {
          const counts = descriptor.digest === layer?.digest ? 1 : 0;
          opened += counts;
          try {
            yield* image.source.open(descriptor).open();
          } finally {
            closed += counts;
          }
        },
      }),
    };
    const gone = reply(problem(404, 'BLOB_UPLOAD_UNKNOWN', 'cleaned up'));
    await using run = await pushInChunks({ source, faults: [{ when: patches, skip: 1, act: gone }] });
    run.assertPushed();
    assert.equal(opened, 2, 'the upload began again');
    assert.equal(closed, 2);
  });

  it('minimum length of chunks: a minimum length is kept', async () => {
    await using run = await pushInChunks({ registry: { chunkMinLength: 2000 } });
    run.assertPushed();
    assert.ok(run.proxy.count('PATCH', 'upload') > 0);
    assert.ok(run.proxy.count('PATCH', 'upload') <= Math.floor(size / 2000));
  });

  for (const length of ['99999999999999', '-1', 'many']) {
    it(`minimum length of chunks: a minimum length of ${length}`, async () => {
      const fault: Fault = {
        when: onStart('plain'),
        times: Infinity,
        act: rewriteReply(() => ({ headers: { 'oci-chunk-min-length': length } })),
      };
      await using run = await pushInChunks({ faults: [fault] });
      run.assertPushed();
      if (length.startsWith('9')) assert.equal(run.proxy.count('PATCH', 'upload'), 0, 'in one piece');
    });
  }

  it('session lost between chunks: a session that is dead after a reset: the blob starts again, and no other', async () => {
    const dead = new Set<string>();
    const cut: Fault = {
      when: patches,
      skip: 1,
      act: async (exchange) => {
        dead.add(exchange.request.endpoint.name);
        await resetAt(0.5)(exchange);
      },
    };
    const gone: Fault = {
      when: (request) => dead.has(request.endpoint.name),
      times: Infinity,
      act: reply(problem(404, 'BLOB_UPLOAD_INVALID')),
    };
    await using run = await pushInChunks({ faults: [gone, cut] });
    run.assertPushed();
    assert.equal(run.proxy.count('POST', 'uploads'), 3);
    assert.equal(run.proxy.count('POST', 'uploads') - 1, image.layers.length + image.configs.length);
  });
});

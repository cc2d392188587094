// Rows 69 and 70: reading a blob.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Act } from '../../../support/fault-proxy.ts';
import { assertNone, runPull, user } from '../../../support/fault-run.ts';
import type { PullRun } from '../../../support/fault-run.ts';
import { on, reply, rewriteReply } from '../../../support/faults.ts';
import { problem } from '../../../support/registry.ts';
import { bytesOf, sampleImage } from '../../../support/sample-image.ts';

const image = sampleImage({ layers: [200_000] });
const [layer] = image.layers;
assert.ok(layer);
const { size } = layer;

function assertRead(run: PullRun): void {
  assertNone(run.error);
  run.proxy.assertHit();
  run.registry.assertRules();
  assert.ok(run.bytes?.equals(bytesOf(image, layer?.digest ?? 'sha256:')));
}

/** Starts the answer, then cuts the connection after that many bytes of the body. */
function cutAfter(bytes: number): Act {
  return async (exchange) => {
    const { status, headers, body } = await exchange.forward();
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${String(value)}`);
    await exchange.raw(`HTTP/1.1 ${status} OK\r\n${lines.join('\r\n')}\r\n\r\n`);
    await exchange.raw(body.subarray(0, bytes));
    exchange.end();
  };
}

describe('content that does not arrive well', () => {
  it('blob cut off or changed: cut off: read on from there', async () => {
    const faults = [{ when: on('GET', 'blob'), act: cutAfter(100_000) }];
    await using run = await runPull({ image, faults });
    assertRead(run);
    const sent = run.registry.requests.filter(
      ({ method, path }) => method === 'GET' && path.includes('/blobs/'),
    );
    assert.equal(sent.length, 2);
    assert.match(sent[1]?.headers.range ?? '', /^bytes=[1-9][0-9]*-/);
  });

  it('blob cut off or changed: cut off again and again', async () => {
    const faults = [{ when: on('GET', 'blob'), times: 3, act: cutAfter(40_000) }];
    await using run = await runPull({ image, faults });
    assertRead(run);
  });

  it('blob cut off or changed: cut off without end', async () => {
    const faults = [{ when: on('GET', 'blob'), times: Infinity, act: cutAfter(0) }];
    await using run = await runPull({ image, faults });
    assert.equal(run.bytes, undefined);
    assert.ok(run.error instanceof Error);
    assert.ok(run.proxy.count('GET', 'blob') <= 10);
  });

  it('blob cut off or changed: cut off, and the Range is ignored', async () => {
    const ignored: Act = async (exchange) => {
      const full = Buffer.from(bytesOf(image, layer.digest));
      await exchange.reply({ status: 200, headers: { 'content-length': full.length }, body: full });
    };
    const faults = [
      { when: on('GET', 'blob'), act: cutAfter(100_000) },
      { when: on('GET', 'blob'), act: ignored },
    ];
    await using run = await runPull({ image, faults });
    assertRead(run);
  });

  it('blob cut off or changed: cut off, and another Range is answered', async () => {
    const wrong: Act = async (exchange) => {
      const part = Buffer.from(bytesOf(image, layer.digest)).subarray(7);
      const range = `bytes 7-${size - 1}/${size}`;
      await exchange.reply({
        status: 206,
        headers: { 'content-range': range, 'content-length': part.length },
        body: part,
      });
    };
    const faults = [
      { when: on('GET', 'blob'), act: cutAfter(100_000) },
      { when: on('GET', 'blob'), act: wrong },
    ];
    await using run = await runPull({ image, faults });
    if (run.error === undefined) assertRead(run);
    else assert.equal(run.bytes, undefined);
  });

  /** The rest from what was asked for, with a Content-Range that ends so. */
  const restWithTotal =
    (total: string): Act =>
    async (exchange) => {
      const start = Number(/\d+/.exec(exchange.request.headers.range ?? '')?.[0]);
      const part = Buffer.from(bytesOf(image, layer.digest)).subarray(start);
      const range = `bytes ${start}-${size - 1}/${total}`;
      const headers = { 'content-range': range, 'content-length': part.length };
      await exchange.reply({ status: 206, headers, body: part });
    };

  it('blob cut off or changed: cut off, and the rest comes without a total', async () => {
    const faults = [
      { when: on('GET', 'blob'), act: cutAfter(100_000) },
      { when: on('GET', 'blob'), act: restWithTotal('*') },
    ];
    await using run = await runPull({ image, faults });
    assertRead(run);
    assert.equal(run.proxy.count('GET', 'blob'), 2);
  });

  it('blob cut off or changed: cut off, and the rest is one of another size', async () => {
    const faults = [
      { when: on('GET', 'blob'), act: cutAfter(100_000) },
      { when: on('GET', 'blob'), times: Infinity, act: restWithTotal(`${size + 1}`) },
    ];
    await using run = await runPull({ image, faults });
    assert.equal(run.bytes, undefined);
    assert.ok(run.error instanceof Error && 'code' in run.error);
    assert.equal(run.error.code, 'DIGEST_MISMATCH');
    assert.match(run.error.message, new RegExp(`expected ${size} bytes, got "?${size + 1}`));
    assert.equal(run.proxy.count('GET', 'blob'), 2);
  });

  const wrongBytes: readonly (readonly [string, (body: Buffer) => Buffer])[] = [
    ['one bit wrong', (body) => Buffer.from(body.map((byte, at) => (at === 500 ? byte ^ 1 : byte)))],
    ['too short', (body) => body.subarray(0, -1)],
    ['too long', (body) => Buffer.concat([body, Buffer.from('x')])],
    ['an HTML page', () => Buffer.from('<html>log in</html>')],
  ];
  for (const [name, change] of wrongBytes) {
    it(`blob cut off or changed: ${name}: never taken for the content`, async () => {
      const fault = {
        when: on('GET', 'blob'),
        times: Infinity,
        act: rewriteReply(({ body }) => ({ body: change(body) })),
      };
      await using run = await runPull({ image, faults: [fault] });
      assert.equal(run.bytes, undefined);
      assert.ok(run.error instanceof Error && 'code' in run.error);
      assert.equal(run.error.code, 'DIGEST_MISMATCH');
    });
  }

  it('blob cut off or changed: a manifest with wrong bytes', async () => {
    const fault = {
      when: on('GET', 'manifest'),
      times: Infinity,
      act: rewriteReply(({ body }) => ({
        body: Buffer.from(body.toString().replace('amd64', 'arm64').concat(' ')),
      })),
    };
    await using run = await runPull({ image, faults: [fault], pick: ({ root }) => root });
    assert.equal(run.bytes, undefined);
    assert.ok(run.error instanceof Error && 'code' in run.error);
    assert.equal(run.error.code, 'DIGEST_MISMATCH');
  });

  it('a server in trouble', async () => {
    await using run = await runPull({
      image,
      faults: [{ when: on('GET', 'blob'), times: 2, act: reply({ status: 503 }) }],
    });
    assertRead(run);
  });
});

describe('a CDN', () => {
  it('CDN: gets no credentials', async () => {
    await using run = await runPull({ image, tokens: { user }, registry: { cdn: true }, faults: [] });
    assertRead(run);
    const abroad = run.registry.requests.filter(({ foreign }) => foreign);
    assert.equal(abroad.length, 1);
    assert.equal(abroad[0]?.headers.authorization, undefined);
  });

  it('CDN: an address that has expired: a new one from the registry', async () => {
    let refused = 0;
    await using run = await runPull({
      image,
      tokens: { user },
      registry: {
        cdn: true,
        intercept: ({ foreign }) => {
          if (!foreign || refused > 0) return undefined;
          refused++;
          return {
            status: 403,
            body: '<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>',
          };
        },
      },
    });
    assertRead(run);
    // The first was answered with 401.
    assert.equal(run.proxy.count('GET', 'blob'), 3);
  });

  it('CDN: a CDN that always refuses', async () => {
    await using run = await runPull({
      image,
      tokens: { user },
      registry: { cdn: true, intercept: ({ foreign }) => (foreign ? problem(403, 'DENIED') : undefined) },
    });
    assert.equal(run.bytes, undefined);
    assert.ok(run.error instanceof Error);
    assert.ok(run.proxy.count('GET', 'blob') <= 10);
  });

  for (const place of ['http://169.254.169.254/x', 'file:///etc/passwd']) {
    it(`CDN: a redirect to ${place} is refused`, async () => {
      const fault = {
        when: on('GET', 'blob'),
        times: Infinity,
        act: reply({ status: 307, headers: { location: place, 'content-length': 0 } }),
      };
      await using run = await runPull({ image, faults: [fault] });
      assert.ok(run.error instanceof Error && 'code' in run.error);
      assert.equal(run.error.code, 'REGISTRY_PROTOCOL');
    });
  }

  it('CDN: a loop', async () => {
    const fault = {
      when: on('GET', 'blob'),
      times: Infinity,
      act: reply({
        status: 307,
        headers: { location: `/v2/team/app/blobs/${layer.digest}`, 'content-length': 0 },
      }),
    };
    await using run = await runPull({ image, faults: [fault] });
    assert.ok(run.error instanceof Error && 'code' in run.error);
    assert.equal(run.error.code, 'REGISTRY_PROTOCOL');
    assert.ok(run.proxy.hits(fault) <= 20);
  });

  /** So many redirects, one after another, and then the blob. */
  const redirectsOf = (times: number) => ({
    when: on('GET', 'blob'),
    times,
    act: reply({
      status: 307,
      headers: { location: `/v2/team/app/blobs/${layer.digest}`, 'content-length': 0 },
    }),
  });

  it('CDN: five redirects are followed', async () => {
    await using run = await runPull({ image, faults: [redirectsOf(5)] });
    assertRead(run);
    assert.equal(run.proxy.count('GET', 'blob'), 6);
  });

  it('CDN: a sixth redirect is refused, and not asked for again', async () => {
    const fault = redirectsOf(6);
    await using run = await runPull({ image, faults: [fault] });
    assert.ok(run.error instanceof Error && 'code' in run.error);
    assert.equal(run.error.code, 'REGISTRY_PROTOCOL');
    assert.match(run.error.message, /more than 5 redirects/);
    assert.equal(run.proxy.hits(fault), 6);
  });
});

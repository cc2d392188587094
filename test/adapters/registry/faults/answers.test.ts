// Rows 50, 51 and 63 to 67: servers in trouble, limits on the rate of requests, and what errors hold.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createFastClock } from '../../../support/fast-clock.ts';
import type { Fault } from '../../../support/fault-proxy.ts';
import { runPush } from '../../../support/fault-run.ts';
import { on, reply, replyRaw, rewriteReply } from '../../../support/faults.ts';
import { problem } from '../../../support/registry.ts';
import { sampleImage } from '../../../support/sample-image.ts';

const places = [
  ['HEAD', 'manifest'],
  ['HEAD', 'blob'],
  ['POST', 'uploads'],
  ['PUT', 'upload'],
  ['PUT', 'manifest'],
] as const;

describe('statuses', () => {
  for (const status of [408, 500, 502, 503, 504, 522, 524]) {
    for (const [method, kind] of places) {
      it(`passing status: ${status} once at ${method} ${kind}`, async () => {
        await using run = await runPush({ faults: [{ when: on(method, kind), act: reply({ status }) }] });
        run.assertPushed();
        assert.ok(run.clock.sleeps.length >= 1);
      });
    }
    it(`passing status: ${status} forever`, async () => {
      const fault: Fault = {
        when: on('PUT', 'upload'),
        times: Infinity,
        act: reply({ status, headers: { 'x-request-id': 'req-4711', 'content-length': 0 } }),
      };
      await using run = await runPush({ faults: [fault] });
      const error = run.assertFailed('REGISTRY_UNAVAILABLE');
      assert.ok(run.proxy.hits(fault) <= 30, `${run.proxy.hits(fault)} tries`);
      assert.ok(error.message.includes(String(status)), error.message);
      assert.match(`${error.message} ${error.hint ?? ''}`, /req-4711/);
    });
  }

  const final: readonly (readonly [string, Parameters<typeof reply>[0]])[] = [
    ['501', { status: 501 }],
    ['505', { status: 505 }],
    ['400 UNSUPPORTED', problem(400, 'UNSUPPORTED')],
    ['400 NAME_INVALID', problem(400, 'NAME_INVALID')],
    ['404 NAME_UNKNOWN', problem(404, 'NAME_UNKNOWN')],
    ['403 DENIED', problem(403, 'DENIED')],
  ];
  for (const [name, answer] of final) {
    for (const [method, kind] of [places[2], places[4]]) {
      it(`final status: ${name} at ${method} ${kind}: no retry`, async () => {
        const fault: Fault = { when: on(method, kind), times: Infinity, act: reply(answer) };
        await using run = await runPush({ faults: [fault], client: { concurrency: 1 } });
        assert.ok(run.error instanceof Error);
        assert.equal(run.clock.sleeps.length, 0);
        assert.ok(run.proxy.hits(fault) <= 3, `${run.proxy.hits(fault)} tries`);
        assert.notEqual(run.registry.store.tags('team/app').v1, run.image.root.digest);
      });
    }
  }
});

describe('429', () => {
  const limited = (retryAfter?: string): Fault => ({
    when: on('POST', 'uploads'),
    act: reply({
      ...problem(429, 'TOOMANYREQUESTS'),
      headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter },
    }),
  });

  it('429: Retry-After: 3', async () => {
    await using run = await runPush({ faults: [limited('3')] });
    run.assertPushed();
    assert.ok(
      run.clock.sleeps.some((slept) => slept >= 3000 && slept < 10_000),
      String(run.clock.sleeps),
    );
  });

  it('429: Retry-After as a date', async () => {
    const clock = createFastClock();
    const date = new Date(clock.now() + 20_000).toUTCString();
    await using run = await runPush({ clock, faults: [limited(date)] });
    run.assertPushed();
    assert.ok(
      run.clock.sleeps.some((slept) => slept >= 15_000 && slept < 40_000),
      String(run.clock.sleeps),
    );
  });

  it('429: Retry-After: 99999 is capped, and said', async () => {
    await using run = await runPush({ faults: [limited('99999')] });
    run.assertPushed();
    const total = run.clock.sleeps.reduce((sum, slept) => sum + slept, 0);
    assert.ok(total >= 60_000 && total < 300_000, `${total} ms`);
    assert.ok(run.transcript.lines.some((line) => line.startsWith('info') && line.includes('99999')));
  });

  for (const value of ['0', '-1', '880µs', 'Wed, 99 Foo 2020', '']) {
    it(`429: Retry-After: "${value}": a pause all the same`, async () => {
      await using run = await runPush({ faults: [limited(Buffer.from(value).toString('latin1'))] });
      run.assertPushed();
      assert.ok(run.clock.sleeps.length >= 1);
      assert.ok(
        run.clock.sleeps.every((slept) => slept > 0 && slept < 60_000),
        String(run.clock.sleeps),
      );
    });
  }

  it('429: no Retry-After', async () => {
    await using run = await runPush({ faults: [limited()] });
    run.assertPushed();
    assert.ok(run.clock.sleeps.some((slept) => slept > 0));
  });

  it('429: 429 forever', async () => {
    const fault: Fault = { ...limited('1'), times: Infinity };
    await using run = await runPush({ faults: [fault] });
    const error = run.assertFailed('REGISTRY_UNAVAILABLE');
    assert.match(error.message, /429/);
    assert.ok(run.proxy.hits(fault) < 60, `${run.proxy.hits(fault)} tries`);
  });

  it('429 on all blobs: on all parallel blobs: the whole host rests, and fewer go at once', async () => {
    const image = sampleImage({ layers: [100, 200, 300, 400, 500, 600, 700, 800] });
    const clock = createFastClock();
    // By the clock that the client sleeps with.
    const refused: number[] = [];
    const passed: number[] = [];
    const running = { now: 0, most: 0 };
    const limit: Fault = {
      when: on('POST', 'uploads'),
      times: 4,
      act: async (exchange) => {
        refused.push(clock.now());
        await reply({ ...problem(429, 'TOOMANYREQUESTS'), headers: { 'retry-after': '30' } })(exchange);
      },
    };
    const others: Fault = {
      when: (request) => on('POST', 'uploads')(request) || on('PUT', 'upload')(request),
      times: Infinity,
      act: async (exchange) => {
        passed.push(clock.now());
        running.now += 1;
        running.most = Math.max(running.most, running.now);
        const answer = await exchange.forward();
        await sleep(5);
        running.now -= 1;
        await exchange.reply(answer);
      },
    };
    await using run = await runPush({ image, clock, faults: [limit, others] });
    run.assertPushed();
    assert.equal(refused.length, 4);
    const begun = refused[0] ?? 0;
    assert.ok(
      passed.every((time) => time >= begun + 30_000),
      'nothing went on before the pause was over',
    );
    assert.ok(running.most <= 3, `${running.most} at once`);
  });

  it('429 that is not HTTP: 429 with bare line feeds', async () => {
    const text =
      'HTTP/1.0 429 Too Many Requests\nCache-Control: no-cache\nConnection: close\nContent-Type: text/html\n\n<html>slow down</html>\n';
    await using run = await runPush({ faults: [{ when: on('POST', 'uploads'), act: replyRaw(text) }] });
    run.assertPushed();
    assert.ok(run.clock.sleeps.length >= 1);
  });

  it('429 that is not HTTP: forever: the message can be read', async () => {
    const text = 'HTTP/1.0 429 Too Many Requests\nConnection: close\n\nslow down\n';
    const fault: Fault = { when: on('POST', 'uploads'), times: Infinity, act: replyRaw(text) };
    await using run = await runPush({ faults: [fault] });
    const error = run.assertFailed('REGISTRY_UNREACHABLE');
    assert.ok(error.message.includes(run.proxy.host));
    assert.doesNotMatch(error.message, /HPE_|HTTPParserError/);
  });
});

describe('what is shown', () => {
  const fail = (answer: Parameters<typeof reply>[0]): Fault => ({
    when: on('PUT', 'manifest'),
    times: Infinity,
    act: reply(answer),
  });

  it('body of an error: an HTML page', async () => {
    const body = `<!DOCTYPE html><html><head><title>403 Forbidden</title><style>${'x'.repeat(5000)}</style></head><body>go away</body></html>`;
    await using run = await runPush({ faults: [fail({ status: 403, body })] });
    const error = run.assertFailed('REGISTRY_DENIED');
    assert.doesNotMatch(error.message, /[<>]|xxxx/);
    assert.ok(error.message.length < 800);
  });

  it('body of an error: nothing', async () => {
    await using run = await runPush({ faults: [fail({ status: 403 })] });
    const error = run.assertFailed('REGISTRY_DENIED');
    assert.match(error.message, /PUT .*manifests.*403/);
  });

  it('body of an error: a body without an end', async () => {
    const endless: Fault = {
      when: on('PUT', 'manifest'),
      times: Infinity,
      act: async (exchange) => {
        await exchange.read(1);
        await exchange.raw('HTTP/1.1 403 Forbidden\r\nContent-Length: 1000000000\r\n\r\n');
        const state = { isGone: false };
        void exchange.gone.then(() => (state.isGone = true));
        const piece = Buffer.alloc(64 * 1024, 'garbage ');
        // Far more than anybody should read; a client that reads it all fails by the time that it takes.
        for (let sent = 0; sent < 1000 && !state.isGone; sent++) await exchange.raw(piece);
        exchange.end();
      },
    };
    await using run = await runPush({ faults: [endless] });
    const error = run.assertFailed('REGISTRY_DENIED');
    assert.ok(error.message.length < 1500);
  });

  it('body of an error: the detail is shown', async () => {
    const answer = problem(400, 'MANIFEST_INVALID', 'manifest invalid', { reason: 'too many annotations' });
    await using run = await runPush({ faults: [fail(answer)] });
    assert.match(run.assertFailed('REGISTRY_REFUSED').message, /too many annotations/);
  });

  it('body of an error: control characters are not', async () => {
    const answer = problem(
      400,
      'MANIFEST_INVALID',
      'a\u001b[31mred\r\n::error::injected\u202e',
      'x'.repeat(100_000),
    );
    await using run = await runPush({ faults: [fail(answer)] });
    const { message } = run.assertFailed('REGISTRY_REFUSED');
    assert.doesNotMatch(message, /[\u0000-\u001f\u202e]/);
    assert.ok(message.length < 1500);
  });

  it('body of an error: a secret that the registry repeats', async () => {
    const act = async (exchange: Parameters<Fault['act']>[0]) => {
      await exchange.read(1);
      const { authorization } = exchange.request.headers;
      await exchange.reply(problem(400, 'MANIFEST_INVALID', `bad header ${authorization ?? ''}`));
    };
    await using run = await runPush({
      basic: true,
      faults: [{ when: on('PUT', 'manifest'), times: Infinity, act }],
    });
    assert.match(run.assertFailed('REGISTRY_REFUSED').message, /bad header/);
  });

  it('warning: a warning on many answers is shown once', async () => {
    const warn: Fault = {
      when: () => true,
      times: Infinity,
      act: rewriteReply(() => ({ headers: { warning: '299 - "this registry closes \\"soon\\""' } })),
    };
    await using run = await runPush({ faults: [warn] });
    run.assertPushed();
    const shown = run.transcript.lines.filter((line) => line.includes('this registry closes'));
    assert.equal(shown.length, 1, shown.join('\n'));
    assert.match(shown[0] ?? '', /REGISTRY_WARNING/);
  });
});

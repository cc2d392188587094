import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  askService,
  openSigningTools,
  serviceEndpoint,
  unusable,
} from '../../../src/adapters/sigstore/signing-service.ts';
import type { ServiceRequest, SigningTools } from '../../../src/adapters/sigstore/signing-service.ts';
import { BimaError } from '../../../src/core/errors.ts';
import { silentReporter } from '../../../src/core/reporter.ts';
import { createFastClock } from '../../support/fast-clock.ts';
import type { FastClock } from '../../support/fast-clock.ts';
import { startService } from '../../support/sigstore/service.ts';
import type { ServiceAnswer, ServiceCall } from '../../support/sigstore/service.ts';

type Step = ServiceAnswer | 'reset';

const answer = (status: number, text = '', headers = {}): ServiceAnswer => ({
  status,
  headers,
  body: Buffer.from(text),
});

interface Asked {
  readonly text?: string;
  readonly error?: BimaError;
  readonly calls: readonly ServiceCall[];
  readonly clock: FastClock;
  readonly said: readonly string[];
}

/** Asks a service that goes through these steps, and stays at the last. */
async function ask(
  steps: readonly Step[],
  parts: Partial<ServiceRequest> = {},
  prepare: (tools: SigningTools) => void = () => undefined,
): Promise<Asked> {
  const calls: ServiceCall[] = [];
  const said: string[] = [];
  const clock = createFastClock();
  const next = () => steps[Math.min(calls.length, steps.length) - 1] ?? 'reset';
  await using service = await startService(
    'a service',
    () => assert.fail('each step answers'),
    (call) => {
      calls.push(call);
      return next();
    },
  );
  const tools = openSigningTools({
    reporter: { ...silentReporter, info: (line) => said.push(line) },
    clock,
    timeouts: { answer: 5000 },
  });
  prepare(tools);
  const request: ServiceRequest = {
    service: 'the service',
    method: 'POST',
    endpoint: serviceEndpoint('the service', service.url, '/path'),
    headers: {},
    body: Buffer.from('question'),
    expected: [200],
    ...parts,
  };
  try {
    const { bytes } = await askService(request, tools);
    return { text: Buffer.from(bytes).toString(), calls, clock, said };
  } catch (error) {
    assert.ok(error instanceof BimaError, String(error));
    assert.equal(error.code, 'SIGNING_FAILED');
    return { error, calls, clock, said };
  } finally {
    await tools.close();
  }
}

describe('a request to a service of sigstore', () => {
  it('is sent as it is, and answered', async () => {
    const { text, calls } = await ask([answer(200, 'yes')]);
    assert.equal(text, 'yes');
    assert.deepEqual(
      calls.map(({ method, path, body }) => [method, path, String(body)]),
      [['POST', '/path', 'question']],
    );
  });

  for (const passing of [answer(503), answer(500), answer(429), answer(408), 'reset'] as const) {
    const name = typeof passing === 'string' ? passing : String(passing.status);
    it(`is sent again after what may pass: ${name}`, async () => {
      const { text, calls, clock, said } = await ask([passing, passing, answer(200, 'yes')]);
      assert.equal(text, 'yes');
      assert.ok(calls.length >= 3);
      assert.ok((clock.sleeps[0] ?? 0) >= 500 && (clock.sleeps[1] ?? 0) > (clock.sleeps[0] ?? 0));
      assert.match(said[0] ?? '', /^the service: POST http.*; trying again in 1\.0 s$/);
    });
  }

  it('fails when it stays so, after five times', async () => {
    const { error, calls } = await ask([answer(503, '{"code":14,"message":"reached max pushback"}')]);
    assert.equal(calls.length, 5);
    assert.match(
      error?.message ?? '',
      /^the service: POST http:\/\/127\.0\.0\.1:\d+\/path: expected status 200, got 503 "reached max pushback" \(tried 5 times\)$/,
    );
    assert.match(error?.hint ?? '', /status\.sigstore\.dev/);
  });

  for (const status of [400, 401, 403, 404, 307, 501]) {
    it(`fails at once with ${status}, and says what was said`, async () => {
      const { error, calls } = await ask([answer(status, 'no, since "x"\n::error::y', { location: '/z' })], {
        remedy: (got, words) => `do this about ${got} and ${words.slice(0, 2)}.`,
      });
      assert.equal(calls.length, 1);
      assert.match(error?.message ?? '', new RegExp(`got ${status} "no, since \\\\"x\\\\" ::error::y"$`));
      assert.equal(error?.hint, `do this about ${status} and no.`);
    });
  }

  it('always has something to do', async () => {
    const { error } = await ask([answer(400)]);
    assert.match(error?.message ?? '', /got 400$/);
    assert.match(error?.hint ?? '', /Check that the address is that of the service/);
  });

  it('waits for as long as it is asked to, but not for an hour', async () => {
    const { clock } = await ask([
      answer(429, '', { 'retry-after': '7' }),
      answer(503, '', { 'retry-after': '3600' }),
      answer(200),
    ]);
    const [first = 0, second = 0] = clock.sleeps;
    assert.ok(first >= 7000 && first <= 8000, String(first));
    assert.ok(second >= 120_000 && second <= 121_000, String(second));
  });

  it('is not answered by more than anybody would write', async () => {
    const { error, calls } = await ask([answer(200, 'x'.repeat(1024 * 1024 + 1))]);
    assert.equal(calls.length, 1);
    assert.match(error?.message ?? '', /expected at most 1048576 bytes, got more/);
    await ask([answer(200, 'x'.repeat(1024 * 1024))]).then(({ text }) => {
      assert.equal(text?.length, 1024 * 1024);
    });
  });

  it('never shows a token that the service repeats, in any spelling', async () => {
    const secret = 'eyJ.very+secret/token.abc';
    const spellings = [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')];
    for (const step of [
      answer(400, spellings.join(' ')),
      answer(503, `{"message":"${spellings.join(' ')}"}`),
    ]) {
      const { error, said } = await ask([step], {}, (tools) => {
        tools.secrets.add(secret, 'user');
      });
      for (const form of spellings)
        for (const text of [error?.message, error?.hint, ...said]) assert.ok(!text?.includes(form), text);
      assert.match(error?.message ?? '', /\*\*\*/);
    }
  });

  for (const status of [408, 425, 429, 499, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529]) {
    it(`may pass after ${status}`, async () => {
      const { text, calls } = await ask([answer(status), answer(200, 'yes')]);
      assert.deepEqual([text, calls.length], ['yes', 2]);
    });
  }

  it('is tried five times, and the hint depends on whether it may pass', async () => {
    const down = await ask([answer(503)]);
    assert.equal(
      down.error?.hint,
      'The service may be down: look at its status page (for sigstore.dev: status.sigstore.dev), and run this again later.',
    );
    assert.deepEqual(down.said.length, 4);
    const wrong = await ask([answer(400)]);
    assert.equal(
      wrong.error?.hint,
      'Check that the address is that of the service, and ask those who run it.',
    );
    assert.match(wrong.error.message, /^the service: POST http:\S+\/path: expected status 200, got 400$/);
    const two = await ask([answer(400)], { expected: [200, 201] });
    assert.match(two.error?.message ?? '', /expected status 200 or 201, got 400$/);
  });

  it('takes each status that is an answer', async () => {
    for (const status of [200, 201, 409]) {
      const { text } = await ask([answer(status, 'yes')], { expected: [200, 201, 409] });
      assert.equal(text, 'yes');
    }
  });

  it('waits longer each time, by chance up to half as long again', async () => {
    const { clock } = await ask([answer(503)]);
    const waits = clock.sleeps.slice(0, 4);
    assert.equal(waits.length, 4);
    for (const [at, wait] of waits.entries())
      assert.ok(wait >= 500 * 2 ** at && wait <= 1500 * 2 ** at, waits.join(' '));
  });

  it('says who asks', async () => {
    for (const userAgent of [undefined, 'bima/1.2.3']) {
      const agents: unknown[] = [];
      await using service = await startService('a service', ({ headers }) => {
        agents.push(headers['user-agent']);
        return answer(200);
      });
      const tools = openSigningTools({ reporter: silentReporter, userAgent });
      const endpoint = serviceEndpoint('x', service.url);
      await askService({ service: 'x', method: 'GET', endpoint, headers: {}, expected: [200] }, tools);
      await tools.close();
      assert.deepEqual(agents, [userAgent ?? 'bima']);
    }
  });

  it('fails where nobody listens, with what is known of why', async () => {
    const service = await startService('a service', () => answer(200));
    const { url } = service;
    await service[Symbol.asyncDispose]();
    const tools = openSigningTools({ reporter: silentReporter, clock: createFastClock() });
    const endpoint = serviceEndpoint('x', url);
    const request = { service: 'the log', method: 'GET', endpoint, headers: {}, expected: [200] } as const;
    await assert.rejects(askService(request, tools), (error: BimaError) => {
      assert.equal(error.code, 'SIGNING_FAILED');
      assert.match(error.message, /^the log: .*\(tried \d times\)$/);
      assert.ok(error.hint !== undefined && error.cause instanceof Error);
      return true;
    });
    await tools.close();
  });

  it('ends with the run', async () => {
    const ending = new AbortController();
    await using service = await startService('a service', () => {
      ending.abort(new Error('cancelled'));
      return answer(503);
    });
    const tools = openSigningTools({ reporter: silentReporter, signal: ending.signal });
    const endpoint = serviceEndpoint('the service', service.url);
    const request = { service: 'x', method: 'GET', endpoint, headers: {}, expected: [200] } as const;
    await assert.rejects(askService(request, tools), { message: 'cancelled' });
    await tools.close();
  });
});

describe('the address of a service', () => {
  it('has the path of the request after its own', () => {
    const at = (url: string, path?: string) => serviceEndpoint('x', url, path).shown;
    assert.equal(at('https://a.test', '/api'), 'https://a.test/api');
    assert.equal(at('https://a.test/ca', '/api'), 'https://a.test/ca/api');
    assert.equal(at('https://a.test/api/v1/timestamp'), 'https://a.test/api/v1/timestamp');
    assert.equal(at('http://localhost:1/x'), 'http://localhost:1/x');
    assert.equal(at('https://a.test/ca/', '/api'), 'https://a.test/ca/api');
    assert.equal(at('https://a.test/ca//', '/api'), 'https://a.test/ca//api');
    assert.equal(at('https://a.test/a/b/', '/api'), 'https://a.test/a/b/api');
    assert.equal(at('https://a.test/ca/'), 'https://a.test/ca/');
    assert.equal(serviceEndpoint('x', 'https://a.test/ca?k=1', '/api').path, '/ca/api?k=1');
  });

  it('is never plain HTTP elsewhere: what is sent there is a secret', () => {
    assert.throws(
      () => serviceEndpoint('the log', 'http://log.example.com'),
      (error) =>
        error instanceof BimaError &&
        error.code === 'TRUST_CONFIGURATION_INVALID' &&
        error.message === 'the log: expected an address with https, got "http://log.example.com"' &&
        error.hint ===
          'Plain HTTP is spoken with this machine only: tokens and signatures would be seen on the way.',
    );
  });
});

describe('an answer that can not be used', () => {
  it('says of which service it is, and why', () => {
    const endpoint = serviceEndpoint('x', 'https://a.test', '/api');
    const request = { service: 'the log', method: 'GET', endpoint, headers: {}, expected: [200] } as const;
    const cause = new Error('why');
    const error = unusable(request, 'it is\n odd', cause);
    assert.deepEqual(
      [error.code, error.message, error.hint, error.cause],
      [
        'SIGNING_FAILED',
        'the log: GET https://a.test/api: it is odd',
        'Check that the address is that of the service, and ask those who run it.',
        cause,
      ],
    );
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  askService,
  openSigningTools,
  serviceEndpoint,
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
  });

  it('is never plain HTTP elsewhere: what is sent there is a secret', () => {
    assert.throws(
      () => serviceEndpoint('the log', 'http://log.example.com'),
      (error) =>
        error instanceof BimaError &&
        error.code === 'TRUST_CONFIGURATION_INVALID' &&
        error.message === 'the log: expected an address with https, got "http://log.example.com"',
    );
  });
});

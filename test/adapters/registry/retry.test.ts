import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BimaError } from '../../../src/core/errors.ts';
import { Budget } from '../../../src/adapters/http/budget.ts';
import { Host } from '../../../src/adapters/registry/host.ts';
import { RegistryError } from '../../../src/adapters/registry/registry-error.ts';
import type { RegistryErrorParts } from '../../../src/adapters/registry/registry-error.ts';
import { retrying, retryOf } from '../../../src/adapters/registry/retry.ts';
import type { RetryOptions } from '../../../src/adapters/registry/retry.ts';
import { silentReporter } from '../../../src/core/reporter.ts';
import { createFastClock } from '../../support/fast-clock.ts';

function registryError(parts: Partial<RegistryErrorParts>): RegistryError {
  return new RegistryError('REGISTRY_UNAVAILABLE', 'failed', {
    method: 'GET',
    url: 'https://reg.test/v2/',
    ...parts,
  });
}

const reset = (reused: boolean) => registryError({ failure: { kind: 'reset', retry: 'yes', reused } });

/** Fails with each of the errors in turn, then succeeds. */
async function run(errors: readonly Error[], options: RetryOptions = {}, random = 0.5) {
  const clock = createFastClock(() => random);
  const host = new Host('https://reg.test', 4, clock);
  const said: string[] = [];
  let calls = 0;
  let failure: unknown;
  try {
    await retrying(
      () => {
        const error = errors[calls];
        calls += 1;
        return error === undefined ? Promise.resolve('done') : Promise.reject(error);
      },
      {
        clock,
        host,
        budget: new Budget(clock),
        reporter: { ...silentReporter, info: (message) => said.push(message) },
      },
      options,
    );
  } catch (error) {
    failure = error;
  }
  return { calls, failure, said, sleeps: clock.sleeps };
}

describe('retrying', () => {
  it('waits longer each time, by chance', async () => {
    const errors = [500, 502, 503, 504, 408].map((status) => registryError({ status }));
    const { calls, failure, sleeps } = await run(errors);
    assert.equal(failure, undefined);
    assert.equal(calls, 6);
    assert.deepEqual(sleeps, [500, 1000, 2000, 4000, 8000]);
    assert.deepEqual((await run(errors, {}, 0)).sleeps, [0, 0, 0, 0, 0]);
  });

  it('gives up after six attempts and says so', async () => {
    const { calls, failure, said } = await run(
      Array.from({ length: 9 }, () => registryError({ status: 503 })),
    );
    assert.equal(calls, 6);
    assert.ok(failure instanceof RegistryError);
    assert.equal(failure.status, 503);
    assert.match(failure.message, /tried 6 times/);
    assert.equal(said.length, 5);
  });

  it('does not wait for a connection that had idled, but only once', async () => {
    const { calls, sleeps } = await run([reset(true), reset(true), reset(true)]);
    assert.equal(calls, 4);
    assert.equal(sleeps.length, 2);
  });

  it('tries a name without an address once more only', async () => {
    const unknown = registryError({ failure: { kind: 'dns', retry: 'briefly', reused: false } });
    assert.equal((await run([unknown, unknown, unknown])).calls, 2);
  });

  it('takes the caller at its word about further errors', async () => {
    const invalid = registryError({ status: 400, codes: ['BLOB_UPLOAD_INVALID'] });
    assert.equal((await run([invalid])).calls, 1);
    assert.equal((await run([invalid], { also: ({ status }) => status === 400 })).calls, 2);
  });

  it('never repeats what failed for another reason', async () => {
    const error = new BimaError('DIGEST_MISMATCH', 'changed');
    assert.deepEqual(await run([error]).then(({ calls, failure }) => [calls, failure]), [1, error]);
  });

  it('obeys Retry-After, and never comes back before', async () => {
    const { sleeps } = await run([registryError({ status: 429, retryAfter: 3000 })], {}, 0);
    assert.equal(sleeps.reduce((sum, item) => sum + item, 0) >= 2990, true, String(sleeps));
  });

  it('caps an endless Retry-After and says so', async () => {
    const { sleeps, said } = await run([registryError({ status: 429, retryAfter: 99_999_000 })]);
    const slept = sleeps.reduce((sum, item) => sum + item, 0);
    assert.ok(slept > 110_000 && slept < 125_000, String(slept));
    assert.match(said.join('\n'), /reg\.test.*it asked for 99999 s/);
  });

  it('stops when it is aborted', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    controller.abort(reason);
    const { calls, failure } = await run([registryError({ status: 500 })], { signal: controller.signal });
    assert.ok(calls <= 1);
    assert.ok(failure instanceof Error);
  });
});

describe('retryOf', () => {
  const rows: readonly (readonly [Partial<RegistryErrorParts>, 'yes' | 'no'])[] = [
    ...[408, 429, 499, 500, 502, 503, 504, 522, 524].map((status) => [{ status }, 'yes'] as const),
    ...[400, 401, 403, 404, 405, 409, 412, 413, 416, 501, 505].map((status) => [{ status }, 'no'] as const),
    [{ status: 403, codes: ['TOOMANYREQUESTS'] }, 'yes'],
    [{ status: 500, codes: ['DENIED'] }, 'no'],
    [{ status: 503, codes: ['UNSUPPORTED'] }, 'no'],
    [{ failure: { kind: 'tls', retry: 'no', reused: false } }, 'no'],
    [{ failure: { kind: 'reset', retry: 'yes', reused: false } }, 'yes'],
    [{}, 'no'],
  ];
  for (const [parts, expected] of rows) {
    it(`${JSON.stringify(parts)}: ${expected}`, () => {
      assert.equal(retryOf(registryError(parts)), expected);
    });
  }
});

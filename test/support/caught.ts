// What is wrong, where something fails on purpose.

import assert from 'node:assert/strict';
import { BimaError } from '../../src/core/errors.ts';
import type { Problem } from '../../src/core/errors.ts';

/** The problems of the BimaError that `body` throws, or rejects with. Fails for any other error, and for none. */
export async function caught(body: () => unknown): Promise<readonly Problem[]> {
  const error = await Promise.resolve()
    .then(body)
    .then(
      () => assert.fail('nothing went wrong'),
      (reason: unknown) => reason,
    );
  if (!(error instanceof BimaError)) throw error;
  return error.problems;
}

// Loaded first in a child whose sources `npm run mutation` changes: it says at its end which places were run, and no loop
// that a change makes endless goes on.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What StrykerJS's instrumented sources keep in a global variable. */
export interface MutationState {
  mutantCoverage?: { readonly static: Record<string, number>; readonly perTest: object };
  hitLimit?: number;
  hitCount?: number;
}

const { BIMA_MUTATION_COVERAGE: folder, STRYKER_HIT_LIMIT: limit = '' } = process.env;
if (folder !== undefined) {
  const state: MutationState = limit === '' ? {} : { hitLimit: Number(limit), hitCount: 0 };
  (globalThis as { __stryker__?: MutationState }).__stryker__ = state;
  process.on('exit', () => {
    const counts = JSON.stringify(state.mutantCoverage?.static ?? {});
    writeFileSync(join(folder, `${process.pid}.json`), counts);
  });
}

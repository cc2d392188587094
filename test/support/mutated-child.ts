// Children of a test that run sources: what `npm run mutation` changes is changed in them too, and what they run counts
// as run by the test. Without it a change there would count as one that no test comes by.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { MutationState } from './mutation-state.ts';

const preload = pathToFileURL(join(import.meta.dirname, 'mutation-state.ts')).href;
let folder: string | undefined;

/** What a child has in its environment besides; nothing, unless sources are being changed. */
export function mutationEnvironment(): Readonly<Record<string, string>> {
  const { STRYKER_NAMESPACE, STRYKER_HIT_LIMIT = '', __STRYKER_ACTIVE_MUTANT__ = '' } = process.env;
  if (STRYKER_NAMESPACE === undefined) return {};
  folder ??= makeFolder();
  return {
    NODE_OPTIONS: `--import=${preload}`,
    BIMA_MUTATION_COVERAGE: folder,
    STRYKER_HIT_LIMIT,
    __STRYKER_ACTIVE_MUTANT__,
  };
}

function makeFolder(): string {
  const made = mkdtempSync(join(tmpdir(), 'bima-mutation-child-'));
  // Before StrykerJS writes down what this process has run.
  process.prependListener('exit', () => {
    const state = ((globalThis as { __stryker__?: MutationState }).__stryker__ ??= {});
    const coverage = (state.mutantCoverage ??= { static: {}, perTest: {} });
    for (const name of readdirSync(made)) {
      const counts = JSON.parse(readFileSync(join(made, name), 'utf8')) as Record<string, number>;
      for (const [id, count] of Object.entries(counts))
        coverage.static[id] = (coverage.static[id] ?? 0) + count;
    }
    rmSync(made, { recursive: true });
  });
  return made;
}

// A checker of StrykerJS that lets one change in some through, chosen by a seed: a folder is tried in minutes.

import { createHash } from 'node:crypto';

/** As in StrykerJS's api/core, what is read of it. */
interface Change {
  readonly id: string;
  readonly fileName: string;
  readonly location: object;
  readonly mutatorName: string;
  readonly replacement: string;
}

type Verdict = { readonly status: 'passed' } | { readonly status: 'compileError'; readonly reason: string };

const { BIMA_MUTATION_EVERY: every = '1', BIMA_MUTATION_SEED: seed = '' } = process.env;

class Sample {
  init(): Promise<void> {
    return Promise.resolve();
  }

  check(changes: readonly Change[]): Promise<Readonly<Record<string, Verdict>>> {
    return Promise.resolve(Object.fromEntries(changes.map((change) => [change.id, verdictOn(change)])));
  }

  group(changes: readonly Change[]): Promise<readonly (readonly string[])[]> {
    return Promise.resolve([changes.map(({ id }) => id)]);
  }
}

function verdictOn({ fileName, location, mutatorName, replacement }: Change): Verdict {
  // The folder differs from run to run.
  const place = fileName.slice(Math.max(fileName.lastIndexOf('src/'), 0));
  const text = JSON.stringify([seed, place, location, mutatorName, replacement]);
  const number = createHash('sha256').update(text).digest().readUInt32BE();
  if (number % Number(every) === 0) return { status: 'passed' };
  return { status: 'compileError', reason: 'not in the sample' };
}

/** Found by StrykerJS under this name. */
export const strykerPlugins = [{ kind: 'Checker', name: 'sample', injectableClass: Sample }];

// A checker of StrykerJS that lets one change in some through, chosen by a seed: a folder is tried in minutes. It leaves
// out the wording of sentences, and changes that test/equivalents names.

import { createHash } from 'node:crypto';
import { describeChange, isEquivalent, isSentence } from './changed-text.ts';

/** As in StrykerJS's api/core, what is read of it; the first line and the first column are 0. */
interface Change {
  readonly id: string;
  readonly fileName: string;
  readonly location: { readonly start: Position; readonly end: Position };
  readonly mutatorName: string;
  readonly replacement: string;
}

interface Position {
  readonly line: number;
  readonly column: number;
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
  if (number % Number(every) !== 0) return { status: 'compileError', reason: 'not in the sample' };
  const change = describeChange(place, { start: next(location.start), end: next(location.end) }, replacement);
  if (mutatorName === 'StringLiteral' && isSentence(change.of))
    return { status: 'compileError', reason: 'the wording of a sentence' };
  if (isEquivalent(change)) return { status: 'compileError', reason: 'equivalent' };
  return { status: 'passed' };
}

function next({ line, column }: Position): Position {
  return { line: line + 1, column: column + 1 };
}

/** Found by StrykerJS under this name. */
export const strykerPlugins = [{ kind: 'Checker', name: 'sample', injectableClass: Sample }];

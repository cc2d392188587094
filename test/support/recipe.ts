// The steps of this action in the workflows of the documentation, with the values that a run gives their expressions.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

interface Step {
  readonly uses?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

type Values = Readonly<Record<string, string>>;

/**
 * The inputs of each step, in the order of the file.
 * @param name of a file in docs/workflows, without its ending
 * @param values by expression, without `${{` and `}}`
 */
export function recipeInputs(name: string, values: Values = {}): Values[] {
  const file = join(import.meta.dirname, `../../docs/workflows/${name}.yml`);
  const { jobs } = parse(readFileSync(file, 'utf8')) as {
    readonly jobs: Readonly<Record<string, { readonly steps: readonly Step[] }>>;
  };
  const steps = Object.values(jobs).flatMap((job) => job.steps);
  const own = steps.filter(({ uses }) => uses === 'nubificus/bima-action@v1');
  return own.map((step) =>
    Object.fromEntries(
      Object.entries(step.with ?? {}).map(([input, value]) => [input, evaluate(String(value), values)]),
    ),
  );
}

function evaluate(text: string, values: Values): string {
  return text.replace(/\$\{\{ (.*?) \}\}/g, (_all, expression: string) => {
    return values[expression] ?? assert.fail(`no value for ${expression}`);
  });
}

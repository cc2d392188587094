// The steps of this action in workflows, those of the documentation and its own, with the values that a run gives their expressions.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

type Permissions = Readonly<Record<string, 'read' | 'write'>>;

interface Job {
  readonly permissions?: Permissions;
  readonly steps?: readonly {
    readonly uses?: string;
    readonly with?: Readonly<Record<string, unknown>>;
  }[];
}

type Values = Readonly<Record<string, string>>;

/** A step of this action in a recipe. */
export interface RecipeStep {
  readonly isCleanup: boolean;
  /** @param values by expression, without `${{` and `}}` */
  readonly inputs: (values?: Values) => Values;
  /** What the token of its job may do, and nothing else. */
  readonly permissions: Permissions;
}

/**
 * The steps in the order of the file.
 * @param name of the file, without its ending
 * @param folder from the root of the repository
 */
export function recipeSteps(name: string, folder = 'docs/workflows'): RecipeStep[] {
  const file = join(import.meta.dirname, '../..', folder, `${name}.yml`);
  const { permissions: common = {}, jobs } = parse(readFileSync(file, 'utf8')) as {
    readonly permissions?: Permissions;
    readonly jobs: Readonly<Record<string, Job>>;
  };
  return Object.values(jobs).flatMap(({ permissions = common, steps = [] }) =>
    steps.flatMap(({ uses = '', with: given = {} }): RecipeStep[] => {
      const isCleanup = uses === 'nubificus/bima-action/cleanup@v1';
      if (!isCleanup && uses !== 'nubificus/bima-action@v1' && uses !== './') return [];
      const inputs = (values: Values = {}) =>
        Object.fromEntries(
          Object.entries(given).map(([input, value]) => [input, evaluate(String(value), values)]),
        );
      return [{ isCleanup, inputs, permissions }];
    }),
  );
}

function evaluate(text: string, values: Values): string {
  return text.replace(/\$\{\{ (.*?) \}\}/g, (_all, expression: string) => {
    return values[expression] ?? assert.fail(`no value for ${expression}`);
  });
}

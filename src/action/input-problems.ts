// Reads many inputs, and reports everything that is wrong with them at once.

import { BimaError, throwProblems } from '../core/errors.ts';
import type { Problem } from '../core/errors.ts';

/** Runs what reads one input; what it throws is collected, and `otherwise` stands in for its value. */
export type Attempt = <T>(body: () => T, otherwise: T) => T;

/** @throws BimaError with every problem of all attempts */
export function attemptAll<T>(read: (attempt: Attempt) => T): T {
  const problems: Problem[] = [];
  const value = read((body, otherwise) => {
    try {
      return body();
    } catch (error) {
      if (!(error instanceof BimaError)) throw error;
      problems.push(...error.problems);
      return otherwise;
    }
  });
  throwProblems(problems);
  return value;
}

type Defined<T> = { [Key in keyof T as undefined extends T[Key] ? never : Key]: T[Key] } & {
  [Key in keyof T as undefined extends T[Key] ? Key : never]?: Exclude<T[Key], undefined>;
};

/** The object without the keys whose value is undefined. */
export function withoutUndefined<T extends object>(object: T): Defined<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Defined<T>;
}

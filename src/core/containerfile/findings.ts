// Collects what the parts of the parser find.

import type { Position, Problem } from '../errors.ts';

export interface Findings {
  readonly errors: Problem[];
  readonly warnings: Problem[];
}

/** A problem of the file's syntax at this place. */
export function syntaxProblem(position: Position, message: string, hint?: string): Problem {
  return { code: 'CONTAINERFILE_SYNTAX', message, ...(hint === undefined ? {} : { hint }), position };
}

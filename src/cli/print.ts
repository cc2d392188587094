// How problems look on a terminal.

import type { Problem } from '../core/errors.ts';
import { printable } from '../core/text.ts';

/** One problem as compilers print it, such as `Containerfile:7:6: error: …`, with its hint on lines of their own. */
export function formatProblem(problem: Problem, severity: 'error' | 'warning'): string {
  const { position, message, hint } = problem;
  const place = position === undefined ? 'bima' : `${position.file}:${position.line}:${position.column}`;
  const line = `${printable(place)}: ${severity}: ${printable(message)}`;
  return [line, ...(hint?.split('\n') ?? []).map((part) => `  ${printable(part)}`)].join('\n');
}

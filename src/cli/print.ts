// How problems look on a terminal.

import type { Problem } from '../errors.ts';

/** Replaces control characters, so that text from a file can't drive the terminal. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (character) => {
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

/** One problem as compilers print it, such as `Containerfile:7:6: error: …`, with its hint on lines of their own. */
export function formatProblem(problem: Problem, severity: 'error' | 'warning'): string {
  const { position, message, hint } = problem;
  const place = position === undefined ? 'bima' : `${position.file}:${position.line}:${position.column}`;
  const line = `${printable(place)}: ${severity}: ${printable(message)}`;
  return [line, ...(hint?.split('\n') ?? []).map((part) => `  ${printable(part)}`)].join('\n');
}

// Parser directives: the comments of the form `# name=value` at the very top of the file.

import { quote } from '../text.ts';
import { syntaxProblem } from './findings.ts';
import type { Findings } from './findings.ts';

/** The character that escapes the next one and continues a line. */
export type Escape = '\\' | '`';

const pattern = /^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+)$/;
const known = new Set(['syntax', 'escape', 'check']);

/**
 * The escape character that the directives choose, a backslash by default.
 * Directives end at the first other line; a frontend named by `syntax` is not run.
 * @see https://docs.docker.com/reference/dockerfile/#parser-directives
 */
export function readDirectives(lines: readonly string[], file: string, findings: Findings): Escape {
  let escape: Escape = '\\';
  const seen = new Set<string>();
  for (const [index, line] of lines.entries()) {
    const [, name = '', value = ''] = pattern.exec(line.trim()) ?? [];
    const directive = name.toLowerCase();
    if (!known.has(directive)) break;

    const positionOf = (part: string) => ({ file, line: index + 1, column: line.lastIndexOf(part) + 1 });
    if (seen.has(directive)) {
      const hint = 'Remove one of the two.';
      findings.errors.push(
        syntaxProblem(positionOf('#'), `the directive "${directive}" is given twice`, hint),
      );
    } else if (directive === 'escape') {
      if (value === '\\' || value === '`') {
        escape = value;
      } else {
        const message = `expected a backslash or a backtick as the escape character, got ${quote(value)}`;
        findings.errors.push(syntaxProblem(positionOf(value), message));
      }
    }
    seen.add(directive);
  }
  return escape;
}

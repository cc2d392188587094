// A Containerfile's bytes to its instructions, with everything that is wrong with them.
// Whether its paths and labels make sense is for others to say.

import type { Problem } from '../errors.ts';
import { parseCommand } from './arguments.ts';
import { parseCopy } from './copy.ts';
import { quote } from './excerpt.ts';
import { syntaxProblem } from './findings.ts';
import type { Findings } from './findings.ts';
import { parseFrom } from './from.ts';
import type { Containerfile, Instruction } from './instruction.ts';
import { parseLabel } from './label.ts';
import { readLogicalLines } from './lines.ts';
import { checkSequence } from './sequence.ts';
import type { Parsed } from './sequence.ts';
import { decodeSource } from './source.ts';
import { positionOf, readStatement } from './statement.ts';
import type { Statement } from './statement.ts';
import { reportUnsupported } from './unsupported.ts';

/** By keyword. */
const parsers = new Map<string, (statement: Statement) => Instruction | undefined>([
  ['FROM', parseFrom],
  ['COPY', parseCopy],
  ['LABEL', parseLabel],
  ['CMD', (statement) => parseCommand(statement, 'cmd')],
  ['ENTRYPOINT', (statement) => parseCommand(statement, 'entrypoint')],
]);

/**
 * Never throws: problems are listed in the order of their places. `file` is the name in positions.
 * Repeated labels, CMD and ENTRYPOINT are all kept, the last one counts.
 * @see https://docs.docker.com/reference/dockerfile/
 */
export function parseContainerfile(bytes: Uint8Array, file: string): Containerfile {
  const source = decodeSource(bytes, file);
  const nothing = { instructions: [], hasLostLabels: false };
  if ('problem' in source) return { ...nothing, errors: [source.problem], warnings: [] };

  const findings: Findings = { errors: [], warnings: [] };
  const { lines, escape } = readLogicalLines(source.text, file, findings);
  const statements = lines.map((line) => readStatement(line, escape, findings));
  const [first] = statements;
  if (first === undefined) {
    const message = 'expected at least one instruction, got none';
    findings.errors.push(syntaxProblem({ file, line: 1, column: 1 }, message, 'Begin with FROM scratch.'));
  } else if (/^[\w-]+:$/.test(first.keyword)) {
    const hint =
      'This looks like YAML, such as a bunnyfile; a Containerfile has FROM, COPY and LABEL instructions.';
    first.error(first.start, `expected an instruction, got ${quote(first.keyword)}`, hint);
    return { ...nothing, ...sorted(findings) };
  }

  const parsed = statements.flatMap(parseStatement);
  checkSequence(parsed, findings);
  return {
    instructions: parsed.flatMap(({ instruction }) => instruction ?? []),
    hasLostLabels: parsed.some(
      ({ keyword, instruction }) => keyword === 'LABEL' && instruction === undefined,
    ),
    ...sorted(findings),
  };
}

function parseStatement(statement: Statement): readonly Parsed[] {
  const { keyword, text } = statement;
  const control = /(?!\t)\p{Cc}/u.exec(text);
  if (control !== null) {
    const message = `expected text, got the control character ${quote(control[0])}`;
    statement.error(control.index, message, 'Remove it.');
  }
  const parse = parsers.get(keyword);
  if (parse === undefined) {
    if (control === null) reportUnsupported(statement);
    return [];
  }
  const instruction = control === null ? parse(statement) : undefined;
  return [{ keyword, position: positionOf(statement), instruction }];
}

function sorted({ errors, warnings }: Findings): Findings {
  return { errors: errors.sort(byPlace), warnings: warnings.sort(byPlace) };
}

function byPlace({ position: left }: Problem, { position: right }: Problem): number {
  if (left === undefined || right === undefined) return 0;
  return left.line - right.line || left.column - right.column;
}

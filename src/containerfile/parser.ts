// A Containerfile's bytes to its instructions, with everything that is wrong with them.
// Whether its paths and labels make sense is for others to say.

import type { Problem } from '../errors.ts';
import { limits } from '../limits.ts';
import { nearest } from '../nearest.ts';
import { readArg } from './arg.ts';
import { parseCommand } from './arguments.ts';
import { parseCopy } from './copy.ts';
import { quote } from './excerpt.ts';
import { syntaxProblem } from './findings.ts';
import type { Findings } from './findings.ts';
import { faultyFrom, parseFrom } from './from.ts';
import type { Containerfile, From, Instruction } from './instruction.ts';
import { parseLabel } from './label.ts';
import { readLogicalLines } from './lines.ts';
import { checkSequence, checkStages, stagesOf } from './sequence.ts';
import type { Parsed } from './sequence.ts';
import { decodeSource } from './source.ts';
import { positionOf, readStatement } from './statement.ts';
import type { Statement } from './statement.ts';
import { reportUnsupported } from './unsupported.ts';
import { createVariables } from './variables.ts';
import type { VariableSources } from './variables.ts';

/** By keyword. `stages` are those so far, the one of the instruction included. */
type Parse = (statement: Statement, stages: readonly From[]) => Instruction | undefined;

const parsers = new Map<string, Parse>([
  ['COPY', parseCopy],
  ['LABEL', parseLabel],
  ['CMD', (statement) => parseCommand(statement, 'cmd')],
  ['ENTRYPOINT', (statement) => parseCommand(statement, 'entrypoint')],
]);

/**
 * Never throws: problems are listed in the order of their places. `file` is the name in positions.
 * Repeated labels, CMD and ENTRYPOINT are all kept, the last one counts. Variables are replaced by their values.
 * @see https://docs.docker.com/reference/dockerfile/
 */
export function parseContainerfile(
  bytes: Uint8Array,
  file: string,
  sources: VariableSources = {},
): Containerfile {
  const source = decodeSource(bytes, file);
  const nothing = { stages: [], hasLostLabels: false };
  if ('problem' in source) return { ...nothing, errors: [source.problem], warnings: [] };

  const findings: Findings = { errors: [], warnings: [] };
  const { lines, escape } = readLogicalLines(source.text, file, findings);
  const variables = createVariables(sources);
  const statements = lines.map((line) => readStatement(line, escape, variables, findings));
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

  const beyond = firstBeyond(statements);
  const stages: From[] = [];
  const within = beyond === undefined ? statements : statements.slice(0, statements.indexOf(beyond));
  const parsed = within.flatMap((statement) => parseStatement(statement, stages));
  const all = stagesOf(parsed);
  if (all.length === 0 && first !== undefined && findings.errors.length === 0) {
    first.error(
      first.start,
      'expected more than ARG',
      'FROM scratch and what the image is made of come after it.',
    );
  }
  checkSequence(parsed, findings);
  const { errors } = checkStages(all, findings);
  for (const name of variables.unused()) {
    findings.warnings.push(unusedArgument(name, variables.declaredNames()));
  }
  return {
    stages: all,
    hasLostLabels:
      beyond !== undefined ||
      parsed.some(({ keyword, instruction }) => keyword === 'LABEL' && instruction === undefined),
    ...sorted({ ...findings, errors }),
  };
}

/** The first statement that is one too many, which is reported. Nothing is read from there on. */
function firstBeyond(statements: readonly Statement[]): Statement | undefined {
  let [stages, copies] = [0, 0];
  for (const [index, statement] of statements.entries()) {
    if (statement.keyword === 'FROM') stages += 1;
    if (statement.keyword === 'COPY') copies += 1;
    const isWithin = index < limits.instructions && stages <= limits.stages && copies <= limits.copies;
    if (isWithin) continue;
    const most =
      stages > limits.stages
        ? `${limits.stages} stages`
        : copies > limits.copies
          ? `${limits.copies} COPY instructions`
          : `${limits.instructions} instructions`;
    statement.error(statement.start, `expected at most ${most}`);
    return statement;
  }
  return undefined;
}

/** Adds to `stages` the one that FROM begins. */
function parseStatement(statement: Statement, stages: From[]): readonly Parsed[] {
  const { keyword, text, variables } = statement;
  const control = /(?!\t)\p{Cc}/u.exec(text);
  if (control !== null) {
    const message = `expected text, got the control character ${quote(control[0])}`;
    statement.error(control.index, message, 'Remove it.');
  }
  const position = positionOf(statement);
  if (keyword === 'FROM') {
    variables.leaveStage();
    const from = control === null ? parseFrom(statement, stages) : undefined;
    stages.push(from ?? faultyFrom(statement));
    variables.enterStage(from?.stage);
    return [{ keyword, position, instruction: from }];
  }
  if (keyword === 'ARG') {
    if (control === null) readArg(statement);
    return [{ keyword, position, instruction: undefined }];
  }
  const parse = parsers.get(keyword);
  if (parse === undefined) {
    if (control === null) reportUnsupported(statement);
    return [];
  }
  return [{ keyword, position, instruction: control === null ? parse(statement, stages) : undefined }];
}

function unusedArgument(name: string, names: readonly string[]): Problem {
  const meant = nearest(name, names);
  return {
    code: 'INPUT_INVALID',
    message: `the build argument ${quote(name)} is not used`,
    hint: meant === undefined ? `Write ARG ${name} where it is meant.` : `Did you mean ${quote(meant)}?`,
  };
}

function sorted({ errors, warnings }: Findings): Findings {
  return { errors: errors.sort(byPlace), warnings: warnings.sort(byPlace) };
}

function byPlace({ position: left }: Problem, { position: right }: Problem): number {
  if (left === undefined || right === undefined) return 0;
  return left.line - right.line || left.column - right.column;
}

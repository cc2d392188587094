// A Containerfile's bytes to its instructions, with everything that is wrong with them.
// Whether its paths and labels make sense is checked elsewhere.

import type { Problem } from '../errors.ts';
import { limits } from '../limits.ts';
import { nearest } from '../suggest.ts';
import { readArg } from './arg.ts';
import { parseCommand } from './arguments.ts';
import { parseCopy } from './copy.ts';
import { quote } from '../text.ts';
import { parseEnv } from './env.ts';
import { parseExpose } from './expose.ts';
import { syntaxProblem } from './findings.ts';
import type { Findings } from './findings.ts';
import { faultyFrom, parseFrom } from './from.ts';
import { parseHealthcheck } from './healthcheck.ts';
import type { Containerfile, From, Instruction, Stage } from './instruction.ts';
import { parseLabel } from './label.ts';
import { readLogicalLines } from './lines.ts';
import { checkSequence, checkStages, stagesOf } from './sequence.ts';
import type { Parsed } from './sequence.ts';
import {
  parseMaintainer,
  parseOnBuild,
  parseShell,
  parseStopSignal,
  parseUser,
  parseVolume,
  parseWorkdir,
} from './settings.ts';
import { decodeSource } from './source.ts';
import { findStage } from './stage.ts';
import { positionOf, readStatement } from './statement.ts';
import type { Statement } from './statement.ts';
import { reportUnsupported } from './unsupported.ts';
import { createVariables } from './variables.ts';
import type { VariableSources } from './variables.ts';

/** Parsers by keyword. `stages` are those so far, including the instruction's own. */
type Parse = (statement: Statement, stages: readonly From[]) => Instruction | undefined;

const parsers = new Map<string, Parse>([
  ['COPY', parseCopy],
  ['ADD', parseCopy],
  ['LABEL', parseLabel],
  ['ENV', parseEnv],
  ['WORKDIR', parseWorkdir],
  ['USER', parseUser],
  ['EXPOSE', parseExpose],
  ['VOLUME', parseVolume],
  ['STOPSIGNAL', parseStopSignal],
  ['SHELL', parseShell],
  ['MAINTAINER', parseMaintainer],
  ['HEALTHCHECK', parseHealthcheck],
  ['ONBUILD', parseOnBuild],
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
  const nothing = { stages: [], hasLostLabels: false, unbuilt: new Set<number>() };
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
      'This looks like YAML: a bunnyfile has "version" and "platforms" at its top, a Containerfile FROM, COPY and LABEL instructions.';
    first.error(first.start, `expected an instruction, got ${quote(first.keyword)}`, hint);
    return { ...nothing, ...sorted(findings) };
  }

  const beyond = firstBeyond(statements);
  const stages: From[] = [];
  const within = beyond === undefined ? statements : statements.slice(0, statements.indexOf(beyond));
  const unbuilt = new Set<number>();
  const parsed = within.flatMap((statement) => {
    if (statement.keyword === 'RUN') unbuilt.add(Math.max(stages.length - 1, 0));
    return parseStatement(statement, stages);
  });
  const written = stagesOf(parsed);
  const all = upToTarget(written, sources.target, findings);
  if (written.length === 0 && first !== undefined && findings.errors.length === 0) {
    first.error(
      first.start,
      'expected more than ARG',
      'FROM scratch and what the image is made of come after it.',
    );
  }
  checkSequence(parsed, findings);
  const { errors, warnings } = checkStages(all, written, findings, sources.target !== undefined);
  for (const name of variables.unused()) {
    warnings.push(unusedArgument(name, variables.declaredNames()));
  }
  return {
    stages: all,
    unbuilt,
    hasLostLabels:
      beyond !== undefined ||
      parsed.some(({ keyword, instruction }) => keyword === 'LABEL' && instruction === undefined),
    argumentNames: variables.declaredNames(),
    ...sorted({ errors, warnings }),
  };
}

/** The first statement beyond the limit, which is reported. Nothing is read from there on. */
function firstBeyond(statements: readonly Statement[]): Statement | undefined {
  let [stages, copies] = [0, 0];
  for (const [index, statement] of statements.entries()) {
    if (statement.keyword === 'FROM') stages += 1;
    if (statement.keyword === 'COPY' || statement.keyword === 'ADD') copies += 1;
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

/** The stages without those after the target; all of them, with an error, when there is no such target. */
function upToTarget(
  stages: readonly Stage[],
  target: string | undefined,
  findings: Findings,
): readonly Stage[] {
  if (target === undefined || stages.length === 0) return stages;
  const names = stages.map(({ from }) => from);
  const number = findStage(names, target) ?? (/^\d+$/.test(target) ? Number(target) : stages.length);
  if (number < stages.length) return stages.slice(0, number + 1);
  const known = names.flatMap(({ name }) => name ?? []);
  const meant = nearest(target, known);
  const list = known.length === 0 ? 'no stage has a name' : `the names are ${known.join(', ')}`;
  findings.errors.push({
    code: 'INPUT_INVALID',
    message: `expected the name or the number of a stage as the target, got ${quote(target)}`,
    hint: meant === undefined ? `Numbers begin with 0, and ${list}.` : `Did you mean ${quote(meant)}?`,
  });
  return stages;
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
    if (control === null) reportUnsupported(statement, stages.at(-1));
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

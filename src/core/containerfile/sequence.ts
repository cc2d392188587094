// Checks that need all instructions together: stages, and what replaces what.

import type { Position, Problem } from '../errors.ts';
import { quote } from '../text.ts';
import { syntaxProblem } from './findings.ts';
import type { Findings } from './findings.ts';
import type { From, Instruction, Stage } from './instruction.ts';
import { neededStages } from './stage.ts';

/** A statement with a supported keyword; its instruction is missing when the statement is wrong, and for ARG. */
export interface Parsed {
  readonly keyword: string;
  readonly position: Position;
  readonly instruction: From | Instruction | undefined;
}

/** FROM scratch, where no other FROM can be read. */
function scratchAt(position: Position): From {
  return { type: 'from', image: 'scratch', position, imagePosition: position };
}

/** The instructions by stage. A FROM that can't be read begins one too. */
export function stagesOf(parsed: readonly Parsed[]): readonly Stage[] {
  const stages: { from: From; instructions: Instruction[] }[] = [];
  for (const { keyword, position, instruction } of parsed) {
    const scratch = scratchAt(position);
    if (keyword === 'FROM') {
      stages.push({ from: instruction?.type === 'from' ? instruction : scratch, instructions: [] });
    } else if (instruction !== undefined && instruction.type !== 'from') {
      if (stages.length === 0) stages.push({ from: scratch, instructions: [] });
      stages.at(-1)?.instructions.push(instruction);
    }
  }
  return stages;
}

/** Reports instructions before the first FROM, and labels, CMD and ENTRYPOINT that replace earlier ones of their stage. */
export function checkSequence(parsed: readonly Parsed[], findings: Findings): void {
  const replaced = new Map<string, Position>();
  let begun: 'no' | 'without FROM' | 'with FROM' = 'no';
  for (const [index, { keyword, position, instruction }] of parsed.entries()) {
    if (keyword === 'FROM') {
      if (begun === 'without FROM') {
        findings.errors.push({
          code: 'CONTAINERFILE_UNSUPPORTED',
          message: 'FROM stands after instructions that belong to no stage',
          hint: 'Begin with FROM; only ARG may stand before it.',
          position,
        });
      }
      if (isRepeated(parsed[index - 1]?.instruction, instruction)) {
        findings.warnings.push(
          syntaxProblem(position, 'FROM is repeated', 'Remove one of the two: the second adds nothing.'),
        );
      }
      replaced.clear();
      begun = 'with FROM';
    } else if (keyword !== 'ARG') {
      if (begun === 'no') begun = 'without FROM';
      if (instruction !== undefined) warnOfReplaced(keyword, position, instruction, replaced, findings);
    }
  }
}

/** `earlier` has the places of what can be replaced, and gets those of the instruction. */
function warnOfReplaced(
  keyword: string,
  position: Position,
  instruction: From | Instruction,
  earlier: Map<string, Position>,
  findings: Findings,
): void {
  if (instruction.type === 'cmd' || instruction.type === 'entrypoint') {
    const first = earlier.get(keyword);
    if (first !== undefined) {
      const message = `this ${keyword} replaces the one on line ${first.line}`;
      findings.warnings.push(syntaxProblem(position, message, 'Remove the one that is not meant.'));
    }
    earlier.set(keyword, position);
  } else if (instruction.type === 'label') {
    for (const { key, position: place } of instruction.pairs) {
      const name = `LABEL ${key}`;
      const first = earlier.get(name);
      if (first !== undefined) {
        findings.warnings.push({
          code: 'LABEL_INVALID',
          message: `this label ${quote(key)} replaces the one on line ${first.line}`,
          hint: 'Remove the one that is not meant.',
          position: place,
        });
      }
      earlier.set(name, place);
    }
  }
}

/**
 * Reports stages that the image doesn't need, and those that are copied from before they begin.
 * @param stages up to the target, @param all of the file: with a target, others are images of their own
 * @returns the problems without errors about instructions that nobody needs, such as RUN in a stage for tests, and
 *   without warnings about stages behind the target
 */
export function checkStages(
  stages: readonly Stage[],
  all: readonly Stage[],
  findings: Findings,
  hasTarget: boolean,
): Findings {
  const needed = neededStages(stages);
  for (const [number, { instructions }] of stages.entries()) {
    for (const copy of instructions) {
      if (copy.type === 'copy' && copy.from?.stage === undefined)
        checkOrder(stages, number, copy.from, findings);
    }
  }
  const { errors } = findings;
  const starts = all.map(({ from }) => from.position.line);
  /** The number of the stage that doesn't build, if nobody needs it. */
  const unneeded = ({ code, position }: Problem): number | undefined => {
    if (code !== 'CONTAINERFILE_UNSUPPORTED' || position === undefined) return undefined;
    const stage = starts.findLastIndex((line) => line <= position.line);
    // The name of a stage in a FROM that can't be read is lost: who knows whether it is needed.
    const isLost = starts[stage] === position.line && stage < stages.length;
    return isLost || needed.has(stage) || stage === -1 ? undefined : stage;
  };
  const end = starts[stages.length] ?? Infinity;
  const written = () =>
    findings.warnings.filter(({ position }) => position === undefined || position.line < end);
  const spared = new Set(errors.map(unneeded));
  // An unreadable instruction may be the one that needs a stage.
  if (errors.some(({ code }) => code === 'CONTAINERFILE_SYNTAX')) return { errors, warnings: written() };
  for (const [number, { from, instructions }] of stages.entries()) {
    if (needed.has(number) || hasTarget) continue;
    if (instructions.length > 0 || spared.has(number)) {
      findings.warnings.push(
        syntaxProblem(
          from.position,
          'the stage that begins here is no part of the image',
          `Copy from it with COPY --from=${from.name ?? number}, or remove it: the last stage is the image.`,
        ),
      );
    }
  }
  for (const number of needed) warnOfTriggers(stages, number, findings);
  return { errors: errors.filter((error) => unneeded(error) === undefined), warnings: written() };
}

/** Docker would carry out what ONBUILD of a stage says where another stage goes on from it. */
function warnOfTriggers(stages: readonly Stage[], number: number, findings: Findings): void {
  const { from } = stages[number] ?? {};
  const parent = from?.stage === undefined ? undefined : stages[from.stage];
  const trigger = parent?.instructions.find(({ type }) => type === 'onbuild');
  if (from === undefined || trigger === undefined) return;
  findings.warnings.push({
    code: 'CONTAINERFILE_UNSUPPORTED',
    message: `the ONBUILD instructions of ${quote(from.image)} are left out, such as that on line ${trigger.position.line}`,
    hint: 'Write here what they would do, if the unikernel needs it.',
    position: from.imagePosition,
  });
}

function checkOrder(
  stages: readonly Stage[],
  number: number,
  from: { readonly value: string; readonly position: Position } | undefined,
  findings: Findings,
): void {
  const named = stages.slice(number).find(({ from: { name } }) => {
    return from !== undefined && name?.toLowerCase() === from.value.toLowerCase();
  });
  if (from === undefined || named === undefined) return;
  const message = `expected an earlier stage in --from, got ${quote(from.value)}, which begins on line ${named.from.position.line}`;
  findings.errors.push(syntaxProblem(from.position, message, 'Put the stage before this one.'));
}

/** The same base again, right after the first: a slip that changes nothing. */
function isRepeated(before: Parsed['instruction'], from: Parsed['instruction']): boolean {
  return before?.type === 'from' && from?.type === 'from' && isSameBase(before, from);
}

function isSameBase(first: From, second: From): boolean {
  const hasName = first.name !== undefined || second.name !== undefined;
  return !hasName && first.image === second.image && first.platform === second.platform;
}

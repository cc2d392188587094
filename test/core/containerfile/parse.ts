// Shorthands of this folder's tests: text in, problems as `line:column CODE` out.

import assert from 'node:assert/strict';
import type { Problem } from '../../../src/core/errors.ts';
import type { Containerfile, From, Instruction } from '../../../src/core/containerfile/instruction.ts';
import { parseContainerfile } from '../../../src/core/containerfile/parser.ts';
import type { VariableSources } from '../../../src/core/containerfile/variables.ts';

/** A file with the instructions of all stages, each FROM that is written included. */
export interface Listed extends Containerfile {
  readonly instructions: readonly (From | Instruction)[];
}

export function parse(content: string | Uint8Array, sources?: VariableSources): Listed {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  const file = parseContainerfile(bytes, 'Containerfile', sources);
  const instructions = file.stages.flatMap(({ from, instructions: others }): (From | Instruction)[] => {
    return isWritten(from, others[0]) ? [from, ...others] : [...others];
  });
  return { ...file, instructions };
}

/** A stage without a FROM has one at its first instruction. */
function isWritten({ position: { line, column } }: From, first: Instruction | undefined): boolean {
  return first?.position.line !== line || first.position.column !== column;
}

/** The instructions of a text that must hold nothing to complain about. */
export function parseClean(text: string, sources?: VariableSources): readonly (From | Instruction)[] {
  const { instructions, errors, warnings } = parse(text, sources);
  assert.deepEqual([...errors, ...warnings], []);
  return instructions;
}

/** Such as `3:7 SYNTAX`: codes without their prefix. */
export function places(problems: readonly Problem[]): string[] {
  return problems.map(({ code, position }) => {
    assert.equal(position?.file, 'Containerfile');
    return `${position.line}:${position.column} ${code.replace('CONTAINERFILE_', '')}`;
  });
}

/** The one problem of a list. */
export function only(problems: readonly Problem[]): Problem {
  const [problem] = problems;
  assert.ok(problem !== undefined && problems.length === 1, JSON.stringify(problems));
  return problem;
}

/** What is left when places don't matter. */
export function withoutPositions(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, value: unknown) => (/^(?:imageP|p)osition$/.test(key) ? undefined : value)),
  );
}

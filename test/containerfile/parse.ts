// Shorthands of this folder's tests: text in, problems as `line:column CODE` out.

import assert from 'node:assert/strict';
import type { Problem } from '../../src/errors.ts';
import type { Containerfile, Instruction } from '../../src/containerfile/instruction.ts';
import { parseContainerfile } from '../../src/containerfile/parser.ts';

export function parse(text: string): Containerfile {
  return parseContainerfile(new TextEncoder().encode(text), 'Containerfile');
}

/** The instructions of a text that must hold nothing to complain about. */
export function parseClean(text: string): readonly Instruction[] {
  const { instructions, errors, warnings } = parse(text);
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
export function withoutPositions(instruction: Instruction): unknown {
  return JSON.parse(
    JSON.stringify(instruction, (key, value: unknown) => (key === 'position' ? undefined : value)),
  );
}

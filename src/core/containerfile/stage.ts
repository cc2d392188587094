// A stage together with the stages that it builds on, and which stages the image needs at all.

import type { From, Instruction, Stage } from './instruction.ts';

/** The number of the earlier stage with this name, the last one if several have it. Case doesn't count, as in Docker. */
export function findStage(stages: readonly Pick<From, 'name'>[], name: string): number | undefined {
  const index = stages.findLastIndex((stage) => stage.name?.toLowerCase() === name.toLowerCase());
  return index === -1 ? undefined : index;
}

/**
 * The stage with everything that it inherits from earlier stages: `from` is then an image or scratch.
 * Its number, the last one unless given, must be that of a stage.
 */
export function flattenStage(stages: readonly Stage[], number = stages.length - 1): Stage {
  const parts: (readonly Instruction[])[] = [];
  let hasEntrypoint = false;
  let next = number;
  for (;;) {
    const stage = stages[next];
    if (stage === undefined) throw new RangeError(`there is no stage ${next}`);
    const { from, instructions } = stage;
    // As in Docker, an ENTRYPOINT makes a CMD void that it inherits.
    parts.unshift(hasEntrypoint ? instructions.filter(({ type }) => type !== 'cmd') : instructions);
    hasEntrypoint ||= instructions.some(({ type }) => type === 'entrypoint');
    if (from.stage === undefined) return { from, instructions: parts.flat() };
    next = from.stage;
  }
}

/** The numbers of the stages that the last one is made of or copies from, itself included. */
export function neededStages(stages: readonly Stage[]): ReadonlySet<number> {
  const needed = new Set<number>([stages.length - 1]);
  // A stage can only need earlier ones.
  for (const [number, { from, instructions }] of [...stages.entries()].reverse()) {
    if (!needed.has(number)) continue;
    if (from.stage !== undefined) needed.add(from.stage);
    for (const instruction of instructions) {
      if (instruction.type === 'copy' && instruction.from?.stage !== undefined) {
        needed.add(instruction.from.stage);
      }
    }
  }
  return needed;
}

/** A stage and those that it builds on, by number. */
export function lineage(stages: readonly Stage[], number: number): readonly number[] {
  const line = [number];
  for (let next = stages[number]?.from.stage; next !== undefined; next = stages[next]?.from.stage)
    line.push(next);
  return line;
}

/** The number of the stage whose FROM a stage goes back to: its own, unless that names an earlier stage. */
export function rootStage(stages: readonly Stage[], number: number): number {
  return lineage(stages, number).at(-1) ?? number;
}

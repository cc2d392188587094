// What only shows when the instructions are seen together: stages, and what replaces what.

import type { Position } from '../errors.ts';
import { quote } from './excerpt.ts';
import { syntaxProblem } from './findings.ts';
import type { Findings } from './findings.ts';
import type { From, Instruction } from './instruction.ts';

/** A statement with a supported keyword; its instruction is missing when the statement is wrong. */
export interface Parsed {
  readonly keyword: string;
  readonly position: Position;
  readonly instruction: Instruction | undefined;
}

/** Reports stages after the first, and labels, CMD and ENTRYPOINT that replace earlier ones of their stage. */
export function checkSequence(parsed: readonly Parsed[], findings: Findings): void {
  const earlier = new Map<string, Position>();
  for (const [index, { keyword, position, instruction }] of parsed.entries()) {
    const before = parsed[index - 1];
    if (keyword === 'FROM' && before !== undefined) {
      if (isRepeated(before.instruction, instruction)) {
        findings.warnings.push(
          syntaxProblem(position, 'FROM is repeated', 'Remove one of the two: the second adds nothing.'),
        );
      } else {
        earlier.clear();
        findings.errors.push({
          code: 'CONTAINERFILE_UNSUPPORTED',
          message: 'FROM after other instructions begins a second stage, which is not supported',
          hint: 'Keep one FROM, as the first instruction; build what other stages make before, and COPY it.',
          position,
        });
      }
    } else if (instruction?.type === 'cmd' || instruction?.type === 'entrypoint') {
      const first = earlier.get(keyword);
      if (first !== undefined) {
        const message = `this ${keyword} replaces the one on line ${first.line}`;
        findings.warnings.push(syntaxProblem(position, message, 'Remove the one that is not meant.'));
      }
      earlier.set(keyword, position);
    } else if (instruction?.type === 'label') {
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
}

/** The same base again, right after the first: a slip that changes nothing. */
function isRepeated(before: Instruction | undefined, from: Instruction | undefined): boolean {
  return before?.type === 'from' && from?.type === 'from' && isSameBase(before, from);
}

function isSameBase(first: From, second: From): boolean {
  const hasName = first.name !== undefined || second.name !== undefined;
  return !hasName && first.image === second.image && first.platform === second.platform;
}

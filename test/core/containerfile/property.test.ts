import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Position } from '../../../src/core/errors.ts';
import { argumentWords } from '../../../src/core/containerfile/arguments.ts';
import { formatContainerfile, formatInstruction } from '../../../src/core/containerfile/format.ts';
import { containerfileText, stageList } from './arbitrary.ts';
import { parse, withoutPositions } from './parse.ts';
import type { Listed } from './parse.ts';

const numRuns = 1000;
const sources = { platform: { os: 'linux', architecture: 'arm64' } };

function positionsOf({ instructions, errors, warnings }: Listed): (Position | undefined)[] {
  return [
    ...[...errors, ...warnings].map(({ position }) => position),
    ...instructions.flatMap((instruction) => {
      const { position } = instruction;
      if (instruction.type === 'copy')
        return [position, ...instruction.sources.map((source) => source.position)];
      if (instruction.type === 'label') return [position, ...instruction.pairs.map((pair) => pair.position)];
      return [position];
    }),
  ];
}

/** `lengths` are those of the file's lines. */
function assertInside(file: Listed, lengths: readonly number[]): void {
  for (const position of positionsOf(file)) {
    assert.ok(position !== undefined);
    const { line, column } = position;
    const length = lengths[line - 1];
    assert.ok(length !== undefined && column >= 1 && column <= length + 1, `${line}:${column}`);
  }
}

function assertSound({ instructions, errors, warnings }: Listed): void {
  if (instructions.length === 0) assert.notEqual(errors.length, 0);
  for (const { message, hint = '' } of [...errors, ...warnings]) {
    assert.doesNotMatch(message + hint, /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
    assert.ok(message.length < 600, message);
    assert.doesNotMatch(message, /[.\s]$/);
  }
}

describe('the parser', () => {
  it('takes any bytes, and its positions are inside the file', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.tuple(containerfileText, fc.uint8Array({ maxLength: 3 })).map(([text, rest]) => {
        return Buffer.concat([Buffer.from(text), rest]);
      }),
    );
    fc.assert(
      fc.property(bytes, (content) => {
        const file = parse(content, sources);
        // No character takes fewer bytes in UTF-8 than code units in UTF-16.
        const lengths = Buffer.from(content)
          .toString('latin1')
          .split('\n')
          .map((line) => line.length);
        assertInside(file, lengths);
        assertSound(file);
      }),
      { numRuns },
    );
  });

  it('takes any text, and its positions are inside the file', () => {
    fc.assert(
      fc.property(fc.oneof(containerfileText, fc.string({ unit: 'binary' })), (text) => {
        const file = parse(text, sources);
        const lengths = text
          .replace(/^\uFEFF/, '')
          .split('\n')
          .map((line) => line.length);
        assertInside(file, lengths);
        assertSound(file);
      }),
      { numRuns },
    );
  });

  it('reads what format writes of arbitrary instructions', () => {
    fc.assert(
      fc.property(stageList, (stages) => {
        const file = parse(formatContainerfile(stages));
        assert.deepEqual(file.errors, []);
        assert.deepEqual(withoutPositions(file.stages), withoutPositions(stages));
      }),
      { numRuns },
    );
  });

  it('reads what format writes of whatever it has read', () => {
    fc.assert(
      fc.property(containerfileText, (text) => {
        const { stages, errors } = parse(text);
        fc.pre(errors.length === 0);
        const again = parse(formatContainerfile(stages));
        assert.deepEqual(again.errors, []);
        assert.deepEqual(withoutPositions(again.stages), withoutPositions(stages));
      }),
      { numRuns: 300, maxSkipsPerRun: 1000 },
    );
  });

  it('writes every instruction on one line, and splits every argument', () => {
    fc.assert(
      fc.property(stageList, (stages) => {
        for (const instruction of stages.flatMap(({ instructions }) => instructions)) {
          assert.doesNotMatch(formatInstruction(instruction), /(?!\t)\p{Cc}/u);
          if (instruction.type === 'cmd' || instruction.type === 'entrypoint') {
            assert.ok(Array.isArray(argumentWords(instruction.arguments)));
          }
        }
      }),
    );
  });
});

// The file's lines joined to logical ones: without comments, continuations and the text of heredocs,
// and with the way back from each character to its place in the file.

import type { Position } from '../errors.ts';
import { readDirectives } from './directives.ts';
import type { Escape } from './directives.ts';
import { syntaxProblem } from './findings.ts';
import type { Findings } from './findings.ts';
import { createHeredocReader } from './heredoc.ts';
import type { Heredoc } from './heredoc.ts';

/** One instruction with its continuation lines; never blank. */
export interface LogicalLine {
  readonly text: string;
  /** The heredocs that the line starts. Their text is not a part of it. */
  readonly heredocs: readonly Heredoc[];
  /** The place in the file of the character at this offset of `text`, or of its end. */
  positionAt(offset: number): Position;
}

/** A part of a logical line that lies within one line of the file. All numbers count from 0. */
interface Piece {
  readonly start: number;
  readonly line: number;
  readonly column: number;
}

/** Joins lines by Docker's rules (buildkit, frontend/dockerfile/parser). */
export function readLogicalLines(
  source: string,
  file: string,
  findings: Findings,
): { readonly lines: readonly LogicalLine[]; readonly escape: Escape } {
  const unread = source.split('\n');
  const physical = unread.map(withoutReturn);
  if (physical.at(-1) === '') physical.pop();
  const escape = readDirectives(physical, file, findings);
  const heredocReader = createHeredocReader(physical, unread);
  const lines: LogicalLine[] = [];

  let next = 0;
  while (next < physical.length) {
    const first = physical[next] ?? '';
    if (isBlank(first) || isComment(first)) {
      next += 1;
      continue;
    }
    const { text, pieces, blank, continues, end } = join(physical, next, escape);
    next = end;
    const positionAt = (offset: number) => locate(pieces, offset, file);
    if (blank !== undefined) {
      findings.warnings.push(
        syntaxProblem(
          { file, line: blank + 1, column: 1 },
          'a blank line inside a continued instruction is skipped',
          'Remove it, or the continuation character before it if the instruction ends there.',
        ),
      );
    }
    if (continues) {
      findings.warnings.push(
        syntaxProblem(
          positionAt(text.length),
          'the file ends inside a continued instruction',
          'Remove the continuation character, unless lines are missing.',
        ),
      );
    }
    if (isBlank(text)) continue;

    const { heredocs, end: heredocEnd } = heredocReader.read(text, next);
    next = heredocEnd;
    lines.push({ text, heredocs, positionAt });
  }
  return { lines, escape };
}

/** A logical line in the making; `blank` and `end` are indexes of lines of the file. */
interface Joined {
  readonly text: string;
  readonly pieces: readonly Piece[];
  /** The first blank line between the others. */
  readonly blank: number | undefined;
  /** True if the file ends where another line should follow. */
  readonly continues: boolean;
  /** Number of the first line after it. */
  readonly end: number;
}

/** Puts the line at the index `start`, which holds something, together with those that continue it. */
function join(lines: readonly string[], start: number, escape: Escape): Joined {
  const first = lines[start] ?? '';
  const indent = first.length - first.trimStart().length;
  const pieces: Piece[] = [{ start: 0, line: start, column: indent }];
  let { text, continues } = cutContinuation(first.slice(indent), escape);
  let blank: number | undefined;
  let next = start + 1;
  for (; continues && next < lines.length; next++) {
    const line = lines[next] ?? '';
    if (isComment(line)) continue;
    if (isBlank(line)) {
      blank ??= next;
      continue;
    }
    const cut = cutContinuation(line, escape);
    pieces.push({ start: text.length, line: next, column: 0 });
    text += cut.text;
    continues = cut.continues;
  }
  return { text, pieces, blank, continues, end: next };
}

/** Written as a loop: a pattern anchored at the end takes quadratic time on a hostile file. */
function withoutReturn(line: string): string {
  let end = line.length;
  while (line[end - 1] === '\r') end -= 1;
  return line.slice(0, end);
}

function isBlank(line: string): boolean {
  return line.trim() === '';
}

function isComment(line: string): boolean {
  return line.trimStart().startsWith('#');
}

/** A line continues if its last character but white space is an escape that is not itself escaped. */
function cutContinuation(line: string, escape: Escape): { text: string; continues: boolean } {
  let last = line.length - 1;
  while (line[last] === ' ' || line[last] === '\t') last -= 1;
  if (line[last] !== escape || line[last - 1] === escape) return { text: line, continues: false };
  return { text: line.slice(0, last), continues: true };
}

function locate(pieces: readonly Piece[], offset: number, file: string): Position {
  let low = 0;
  let high = pieces.length;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if ((pieces[middle]?.start ?? 0) <= offset) low = middle;
    else high = middle;
  }
  const { start, line, column } = pieces[low] ?? { start: 0, line: 0, column: 0 };
  return { file, line: line + 1, column: column + offset - start + 1 };
}

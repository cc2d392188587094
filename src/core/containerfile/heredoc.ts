// Heredocs: files whose text stands in the Containerfile itself, after the instruction that names them.

import { dockerfileRules, splitWords } from './words.ts';

export interface Heredoc {
  /** Where `<<` begins in its logical line. */
  readonly offset: number;
  /** The line that ends it. */
  readonly name: string;
  /** False when no line of the file ends it; then nothing is skipped for it. */
  readonly closed: boolean;
  /** False if any part of its name is quoted: then its text stays as it is. */
  readonly expands: boolean;
  /** Its lines, without the tabs that `<<-` strips. */
  readonly content: string;
  /** Its lines as they are in the file. */
  readonly raw: string;
  /** The place in the file of the character at this offset of `content`. */
  placeAt(offset: number): { readonly line: number; readonly column: number };
}

/** Docker looks for heredocs in these only. */
const instruction = /^\s*(?:ONBUILD\s+)?(?:RUN|COPY|ADD)\s/i;
const start = /^\d*<<(-?)([^<]*)$/;

/**
 * Reads the heredocs that logical lines of a file start.
 * @param lines the file's own, without their ends
 * @param source with them
 */
export function createHeredocReader(
  lines: readonly string[],
  source: readonly string[],
): {
  /** `next` is the index of the first line after the logical line, `end` that of the first line after its heredocs. */
  read(text: string, next: number): { readonly heredocs: readonly Heredoc[]; readonly end: number };
} {
  // The last place of each line. Without it, a file of unclosed heredocs takes quadratic time.
  let last: ReadonlyMap<string, number> | undefined;

  function findEnd(name: string, chomp: boolean, from: number): number | undefined {
    last ??= new Map(
      lines.flatMap((line, index) => [[line, index] as const, [chomped(line), index] as const]),
    );
    if ((last.get(name) ?? -1) < from) return undefined;
    for (let index = from; index < lines.length; index++) {
      const line = lines[index] ?? '';
      if ((chomp ? chomped(line) : line) === name) return index;
    }
    return undefined;
  }

  return {
    read(text, next) {
      const heredocs: Heredoc[] = [];
      let end = next;
      for (const { chomp, ...begun } of startsIn(text)) {
        const found = findEnd(begun.name, chomp, end);
        const own = source.slice(end, found ?? end).map((line) => `${line}\n`);
        const first = end;
        heredocs.push({
          ...begun,
          closed: found !== undefined,
          content: own.map((line) => (chomp ? chomped(line) : line)).join(''),
          raw: own.join(''),
          placeAt: (offset) => placeIn(own, chomp, offset, first),
        });
        if (found !== undefined) end = found + 1;
      }
      return { heredocs, end };
    },
  };
}

/** With `<<-` the tabs that lead a line do not count. */
function chomped(line: string): string {
  let tabs = 0;
  while (line[tabs] === '\t') tabs += 1;
  return line.slice(tabs);
}

/** @param first the number of the first line, from 0 */
function placeIn(
  lines: readonly string[],
  chomp: boolean,
  offset: number,
  first: number,
): { line: number; column: number } {
  let left = offset;
  for (const [index, line] of lines.entries()) {
    const kept = chomp ? chomped(line) : line;
    if (left < kept.length) return { line: first + index + 1, column: line.length - kept.length + left + 1 };
    left -= kept.length;
  }
  return { line: first + 1, column: 1 };
}

function startsIn(text: string): { name: string; chomp: boolean; offset: number; expands: boolean }[] {
  if (!instruction.test(text) || !text.includes('<<')) return [];
  const rules = dockerfileRules('\\');
  const words = splitWords(text, 0, rules);
  return words.flatMap((word, index) => {
    const [match, dash, rest = ''] = start.exec(text.slice(word.start, word.end)) ?? [];
    if (match === undefined) return [];
    // `<< EOF` is taken too.
    const name = rest === '' ? words[index + 1]?.value : splitWords(rest, 0, rules)[0]?.value;
    if (name === undefined || name === '') return [];
    const isQuoted = rest === '' ? (words[index + 1]?.quoted ?? false) : /["']/.test(rest);
    return [{ name, chomp: dash === '-', offset: word.start, expands: !isQuoted }];
  });
}

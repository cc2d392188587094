// Heredocs: found so that their text can be skipped. No instruction takes them.

import { dockerfileRules, splitWords } from './words.ts';

export interface Heredoc {
  /** Where `<<` begins in its logical line. */
  readonly offset: number;
  /** The line that ends it. */
  readonly name: string;
  /** False when no line of the file ends it; then nothing is skipped for it. */
  readonly closed: boolean;
}

/** Docker looks for heredocs in these only. */
const instruction = /^\s*(?:ONBUILD\s+)?(?:RUN|COPY|ADD)\s/i;
const start = /^\d*<<(-?)([^<]*)$/;

/** Reads the heredocs that logical lines of a file start. `lines` are the file's own. */
export function createHeredocReader(lines: readonly string[]): {
  /** `next` is the index of the first line after the logical line, `end` that of the first line after its heredocs. */
  read(text: string, next: number): { readonly heredocs: readonly Heredoc[]; readonly end: number };
} {
  // Where each line is found last. Without it a file of nothing but unclosed heredocs takes quadratic time.
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
      for (const { name, chomp, offset } of startsIn(text)) {
        const found = findEnd(name, chomp, end);
        heredocs.push({ offset, name, closed: found !== undefined });
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

function startsIn(text: string): { name: string; chomp: boolean; offset: number }[] {
  if (!instruction.test(text) || !text.includes('<<')) return [];
  const rules = dockerfileRules('\\');
  const words = splitWords(text, 0, rules);
  return words.flatMap((word, index) => {
    const [match, dash, rest = ''] = start.exec(text.slice(word.start, word.end)) ?? [];
    if (match === undefined) return [];
    // `<< EOF` is taken too.
    const name = rest === '' ? words[index + 1]?.value : splitWords(rest, 0, rules)[0]?.value;
    if (name === undefined || name === '') return [];
    return [{ name, chomp: dash === '-', offset: word.start }];
  });
}

// Results as Markdown: the machine, what was run, the targets, and a table for each case.

import type { CaseResult, ContestantResult, Results } from './results.ts';
import { spreadOf } from './statistics.ts';
import { judge } from './targets.ts';

export function formatResults(results: Results): string {
  const { machine, versions, missing, cases, date } = results;
  const gib = (machine.memory / 1024 ** 3).toFixed(0);
  const lines = [
    '# Benchmark',
    `Measured by \`npm run bench\` on ${date}: ${machine.cores} cores of ${machine.processor}, ${gib} GiB of memory, ` +
      `${machine.system}.`,
    Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(' · '),
    ...(missing.length === 0 ? [] : [`Not installed, and so not measured: ${missing.join(', ')}.`]),
    'Contestants take turns, each round in another order. Peak memory is the largest resident set of any one process, ' +
      'in the run that needed most.',
    '## Targets',
    targetTable(results),
    ...cases.flatMap(formatCase),
  ];
  return `${lines.join('\n\n')}\n`;
}

function targetTable(results: Results): string {
  const rows = judge(results).map(({ name, measured, limit, unit, isMet, who }) => {
    const value = measured === undefined ? 'not measured' : amount(measured, unit);
    const verdict = isMet === undefined ? '' : isMet ? 'met' : '**not met**';
    return [name, who, value, `at most ${amount(limit, unit)}`, verdict];
  });
  return table(['target', 'who', 'measured', 'limit', ''], rows);
}

function amount(value: number, unit: string): string {
  return unit === '' ? value.toFixed(2) : `${value.toFixed(unit === 's' ? 3 : 0)} ${unit}`;
}

function formatCase({ name, title, contestants, notes }: CaseResult): string[] {
  const rows = contestants
    .filter(({ seconds }) => seconds.length > 0)
    .map((contestant) => ({ contestant, time: spreadOf(contestant.seconds) }))
    .toSorted((a, b) => a.time.median - b.time.median)
    .map(({ contestant, time }) => [
      contestant.name,
      time.median.toFixed(3),
      `${time.low.toFixed(3)} to ${time.high.toFixed(3)}`,
      `${time.min.toFixed(3)} to ${time.max.toFixed(3)}`,
      formatPeak(contestant),
      contestant.size === undefined ? '' : megabytes(contestant.size),
      String(contestant.seconds.length),
    ]);
  return [
    `## ${title}`,
    `Case \`${name}\`.${notes.map((note) => ` ${note}`).join('')}`,
    ...(rows.length === 0
      ? []
      : [
          table(
            ['who', 'median, s', 'middle half, s', 'range, s', 'peak memory, MB', 'size, MB', 'runs'],
            rows,
          ),
          contestants.map(formatCommands).join('\n'),
        ]),
  ];
}

function formatPeak({ peaks }: ContestantResult): string {
  return peaks.length === 0 ? '' : megabytes(Math.max(...peaks));
}

function formatCommands({ name, commands }: ContestantResult): string {
  return `- ${name}: ${commands.map((command) => `\`${command}\``).join(', then ')}`;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(bytes < 1e6 ? 3 : 1);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

// Results as a plot: a panel of bars for each case, in plain SVG that is readable on light and on dark ground.
// `node bench/plot.ts RESULTS.json PLOT.svg` makes it from what a run wrote; the same results give the same bytes.

import { readFileSync, writeFileSync } from 'node:fs';
import { ours } from './results.ts';
import type { CaseResult, ContestantResult, Results } from './results.ts';
import { spreadOf } from './statistics.ts';

const width = 760;
const labelWidth = 250;
const barWidth = width - labelWidth - 90;
const rowHeight = 20;
const barHeight = 13;
const headHeight = 34;

/** What a reader of the README wants to see at a glance, in this order. */
const plotted = [
  'archive-100mb',
  'push-100mb',
  'again-100mb',
  'config-100mb',
  'tag-100mb',
  'files-10000',
  'archive-1gb',
  'push-1gb',
  'memory-archive-1000mb',
  'memory-push-1000mb',
];

/** A bar ends at the median; its line spans all runs. */
export function drawPlot(results: Results): string {
  const panels = plotted.flatMap((name) =>
    results.cases.filter((one) => one.name === name && one.contestants.length > 0),
  );
  let y = 4;
  const parts: string[] = [];
  for (const panel of panels) {
    parts.push(drawPanel(panel, y));
    y += headHeight + panel.contestants.length * rowHeight + 10;
  }
  const { machine, date } = results;
  const caption = `Seconds (memory in MB), medians; the line spans all runs. ${machine.cores} cores of ${machine.processor}, ${date}.`;
  parts.push(text(0, y + 14, caption, 'note'));
  const height = y + 24;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Benchmark: seconds for each case and program">
<style>
text { font: 12px system-ui, sans-serif; fill: #1f2328; }
.head { font-weight: 600; font-size: 14px; }
.note { fill: #59636e; }
.own { fill: #0969da; }
.peer { fill: #9aa4af; }
.limit { fill: #d4a72c; }
line { stroke: #1f2328; stroke-width: 1; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; }
.note { fill: #9198a1; }
.own { fill: #4493f8; }
.peer { fill: #656c76; }
.limit { fill: #bb8009; }
line { stroke: #e6edf3; }
}
</style>
${parts.join('\n')}
</svg>
`;
}

function drawPanel({ name, title, contestants }: CaseResult, top: number): string {
  const rows = contestants
    .filter((contestant) => valuesOf(name, contestant).length > 0)
    .map((contestant) => ({ contestant, spread: spreadOf(valuesOf(name, contestant)) }))
    .toSorted((a, b) => a.spread.median - b.spread.median);
  const longest = Math.max(...rows.map(({ spread }) => spread.max));
  const scale = (value: number) => Number(((value / longest) * barWidth).toFixed(1));
  const bars = rows.map(({ contestant, spread }, position) => {
    const y = top + headHeight + position * rowHeight;
    const middle = y + barHeight / 2;
    const [from, to] = [labelWidth + scale(spread.min), labelWidth + scale(spread.max)];
    return [
      text(0, y + 11, contestant.name),
      `<rect class="${kindOf(contestant)}" x="${labelWidth}" y="${y}" width="${scale(spread.median)}" height="${barHeight}"/>`,
      `<line x1="${from}" y1="${middle}" x2="${to}" y2="${middle}"/>`,
      text(to + 6, y + 11, isMemory(name) ? `${spread.median.toFixed(0)} MB` : spread.median.toFixed(2)),
    ].join('\n');
  });
  return [text(0, top + 22, title, 'head'), ...bars].join('\n');
}

function isMemory(name: string): boolean {
  return name.startsWith('memory');
}

/** Seconds, or megabytes where memory is what the case is about. */
function valuesOf(name: string, { seconds, peaks }: ContestantResult): readonly number[] {
  return isMemory(name) ? peaks.map((peak) => peak / 1e6) : seconds;
}

function kindOf({ name }: ContestantResult): string {
  if (name.startsWith(ours)) return 'own';
  return name.startsWith('limit') ? 'limit' : 'peer';
}

function text(x: number, y: number, content: string, kind?: string): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${x}" y="${y}"${kind === undefined ? '' : ` class="${kind}"`}>${escaped}</text>`;
}

if (import.meta.main) {
  const [from, to] = process.argv.slice(2);
  if (from === undefined || to === undefined)
    throw new Error('usage: node bench/plot.ts RESULTS.json PLOT.svg');
  writeFileSync(to, drawPlot(JSON.parse(readFileSync(from, 'utf8')) as Results));
}

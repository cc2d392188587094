// The benchmark, `npm run bench`: runs the cases, and writes what came out as JSON, as Markdown and as a plot.

import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { format } from 'prettier';
import { chooseCases, listCases } from './cases.ts';
import { findPool } from './content.ts';
import { help, parseOptions } from './options.ts';
import { drawPlot } from './plot.ts';
import { describeMachine, findPrograms } from './programs.ts';
import type { CaseResult, Results } from './results.ts';
import { runCase } from './run.ts';
import { formatResults } from './table.ts';

const options = parseOptions(process.argv.slice(2));
if (options.help) console.log(help);
else await run();

async function run(): Promise<void> {
  const programs = findPrograms();
  const cases = chooseCases(listCases(programs, options), options.cases);
  if (programs.missing.length > 0) console.log(`not installed: ${programs.missing.join(', ')}`);
  if (options.list) {
    console.log(`installed: ${[...programs.paths.keys()].join(', ')}`);
    for (const { name, title } of cases) console.log(`${name.padEnd(24)} ${title}`);
    return;
  }
  const pool = findPool();
  const done: CaseResult[] = [];
  for (const one of cases) {
    done.push(await runCase(one, { ...options, programs, pool, say: console.log }));
    // After each case, so that a long run that is stopped has not been for nothing.
    await write({
      date: new Date().toISOString().slice(0, 10),
      machine: describeMachine(),
      versions: programs.versions,
      missing: programs.missing,
      cases: done,
    });
  }
}

async function write(results: Results): Promise<void> {
  const { out } = options;
  mkdirSync(dirname(out), { recursive: true });
  const markdown = await format(formatResults(results), { parser: 'markdown', printWidth: 110 });
  writeFileSync(`${out}.json`, `${JSON.stringify(results, undefined, 2)}\n`);
  writeFileSync(`${out}.md`, markdown);
  writeFileSync(`${out}.svg`, drawPlot(results));
  console.log(`wrote ${basename(out)}.json, .md and .svg`);
}

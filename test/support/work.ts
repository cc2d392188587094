// How much work a function does, counted and not timed: steps of the sources, and steps back of regular expressions.
// What the engine's own functions do, such as copying a Map or a string, is in neither.

import { spawnSync } from 'node:child_process';
import { Session } from 'node:inspector';
import { pathToFileURL } from 'node:url';

/** Counting makes everything slow, and turning it on and off slower. */
let session: Session | undefined;

/** Blocks of src/ that were run, as often as they were. */
export function countSteps(body: () => void): number {
  if (session === undefined) {
    session = new Session();
    session.connect();
    session.post('Profiler.enable');
    session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }
  // Also sets the counters back.
  session.post('Profiler.takePreciseCoverage');
  body();
  let steps = 0;
  session.post('Profiler.takePreciseCoverage', (error, { result }) => {
    if (error !== null) throw error;
    for (const { url, functions } of result) {
      if (!url.includes('/src/')) continue;
      for (const { ranges } of functions) for (const { count } of ranges) steps += count;
    }
  });
  return steps;
}

/**
 * The regular expressions that went back more often than `limit` in one search, of a process that runs the code. V8 then
 * goes on with another engine, and says so; one with a back reference or a look-around is not seen.
 * @param code of a module; `load(path)` imports a file of the repository
 */
export function regexpsThatGoBack(limit: number, code: string): readonly string[] {
  const root = pathToFileURL(`${process.cwd()}/`).href;
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [
      '--enable-experimental-regexp-engine-on-excessive-backtracks',
      `--regexp-backtracks-before-fallback=${limit}`,
      '--trace-experimental-regexp-engine',
      '--no-warnings',
      '--input-type=module',
      '-',
    ],
    { encoding: 'utf8', input: `const load = (path) => import(${JSON.stringify(root)} + path);\n${code}` },
  );
  if (status !== 0) throw new Error(stderr);
  const found = [...stdout.matchAll(/^Experimental execution .* of regexp .*#(.*)>$/gm)];
  return [...new Set(found.map(([, source = '']) => source))];
}

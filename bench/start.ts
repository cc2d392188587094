// How long each bundle takes from its start to its first line, beside an empty script: `npm run bench`.
// Interleaved, so that a slow moment of the machine meets all of them.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

interface Candidate {
  readonly name: string;
  readonly args: readonly string[];
}

const runs = Number(process.argv[2] ?? 20);
const root = resolve(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'bima-bench-'));
const empty = join(folder, 'empty.cjs');
writeFileSync(empty, "console.log('');\n");

const candidates: readonly Candidate[] = [
  { name: 'an empty script', args: [empty] },
  { name: 'bima --help', args: [join(root, 'dist/cli.cjs'), '--help'] },
  { name: 'bima lint', args: [join(root, 'dist/cli.cjs'), 'lint', join(root, 'examples/hello')] },
  { name: 'the action', args: [join(root, 'dist/action.cjs')] },
];

/** Milliseconds until the first bytes on standard output or standard error. */
function firstLine({ args }: Candidate): Promise<number> {
  const started = performance.now();
  const child = spawn(process.execPath, args, {
    env: {
      PATH: process.env.PATH,
      RUNNER_TEMP: folder,
      GITHUB_WORKSPACE: root,
      INPUT_CONTEXT: 'examples/hello',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return new Promise((done, fail) => {
    let first: number | undefined;
    const note = () => {
      first ??= performance.now() - started;
    };
    child.stdout.on('data', note);
    child.stderr.on('data', note);
    child.on('error', fail);
    child.on('close', () => {
      if (first === undefined) fail(new Error(`${args.join(' ')} printed nothing`));
      else done(first);
    });
  });
}

const times = new Map(candidates.map(({ name }) => [name, [] as number[]]));
for (let run = 0; run <= runs; run += 1) {
  for (const candidate of candidates) {
    const time = await firstLine(candidate);
    // The first round warms the file cache.
    if (run > 0) times.get(candidate.name)?.push(time);
  }
}
rmSync(folder, { recursive: true, force: true });

console.log(
  `${runs} runs each, Node ${process.versions.node}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown processor'}`,
);
console.log('start to first line, ms'.padEnd(26), 'median', '   min', '   max');
for (const [name, list] of times) {
  const sorted = list.toSorted((a, b) => a - b);
  const row = [sorted[Math.floor(sorted.length / 2)], sorted[0], sorted.at(-1)];
  console.log(name.padEnd(26), ...row.map((value) => (value ?? 0).toFixed(0).padStart(6)));
}

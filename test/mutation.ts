// Changes the sources of a folder at random places and sees whether its tests notice: `npm run mutation -- FOLDER [TEST…]`,
// where FOLDER is below src, such as `core/oci`. The tests are those of the same folder and the unit tests of other folders
// that import from it, unless tests are named. With `--own` they are those of the same folder alone.
// A sentence's wording counts for nothing, and neither do changes that test/equivalents names as changing nothing. The
// others that no test notices are listed, and written to the file `--survivors FILE`, in the form of test/equivalents.
// `--every N` tries about one change in N, and `--seed TEXT` other ones: the same seed has the same changes.
// StrykerJS comes from npm when it is wanted, into a folder of its own: with 70 MB it is no dependency.

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { describeChange } from './support/changed-text.ts';
import type { Equivalent } from './support/changed-text.ts';

/** As in the schema of mutation-testing-report-schema, version 2. */
interface Report {
  readonly files: Readonly<Record<string, { readonly mutants: readonly Mutant[] }>>;
}

interface Mutant {
  readonly status: string;
  readonly mutatorName: string;
  readonly replacement?: string;
  readonly statusReason?: string;
  readonly location: Parameters<typeof describeChange>[1];
}

const versions = ['@stryker-mutator/core@10.0.0', '@stryker-mutator/tap-runner@10.0.0'];
const root = resolve(import.meta.dirname, '..');
/** A function of it is passed to its threads as text: what StrykerJS writes into that is not there. */
const left = ['src/adapters/layers/deflate-threads.ts'];

const { values, positionals } = parseArgs({
  options: {
    every: { type: 'string', default: '1' },
    seed: { type: 'string', default: 'bima' },
    concurrency: { type: 'string', default: '1' },
    own: { type: 'boolean', default: false },
    survivors: { type: 'string' },
  },
  allowPositionals: true,
});
const [folder, ...named] = positionals;
const sources = `src/${folder ?? ''}`;
if (folder === undefined || !existsSync(join(root, sources))) {
  console.error('expected a folder below src, as in: npm run mutation -- core/oci');
  process.exit(2);
}
const tests = named.length > 0 ? named : testsOf(folder);
if (tests.length === 0) {
  console.error(`no unit test imports from src/${folder}: name tests behind the folder`);
  process.exit(2);
}
if (![values.every, values.concurrency].every((value) => /^[1-9]\d*$/.test(value))) {
  console.error('expected numbers from 1 for --every and --concurrency');
  process.exit(2);
}

const own = mkdtempSync(join(tmpdir(), 'bima-mutation-'));
try {
  process.exitCode = mutate(own);
} finally {
  rmSync(own, { recursive: true, force: true });
}

function testsOf(folder: string): string[] {
  const below = `test/${folder}/`;
  return globSync('test/{action,adapters,cli,core,usecases}/**/*.test.ts', { cwd: root })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => {
      if (file.startsWith(below)) return true;
      return !values.own && readFileSync(join(root, file), 'utf8').includes(`/src/${folder}/`);
    })
    .sort();
}

function mutate(own: string): number {
  const npm = ['install', '--no-audit', '--no-fund', '--no-save', '--prefix', own, ...versions];
  execFileSync('npm', npm, { stdio: ['ignore', 'ignore', 'inherit'] });
  const modules = join(own, 'node_modules/@stryker-mutator');
  const report = join(own, 'report.json');
  const config = join(own, 'stryker.json');
  mkdirSync(join(own, 'temporary'));
  writeFileSync(
    config,
    JSON.stringify({
      testRunner: 'tap',
      plugins: [join(modules, 'tap-runner/dist/src/index.js'), join(root, 'test/support/mutation-sample.ts')],
      // What it refuses counts neither as noticed nor as survived.
      checkers: ['sample'],
      concurrency: Number(values.concurrency),
      mutate: [`${sources}/**/*.ts`, ...left.map((file) => `!${file}`)],
      ignorePatterns: ['/bench'],
      tap: { testFiles: tests, nodeArgs: ['--test-reporter=tap', '-r', '{{hookFile}}', '{{testFile}}'] },
      coverageAnalysis: 'perTest',
      // Node leaves types out by itself: nothing is to be compiled, nor its settings to be rewritten.
      disableTypeChecks: false,
      tsconfigFile: 'none',
      reporters: ['progress-append-only', 'json'],
      jsonReporter: { fileName: report },
      tempDirName: join(own, 'temporary'),
      allowEmpty: false,
    }),
  );
  const { status } = spawnSync(process.execPath, [join(modules, 'core/bin/stryker.js'), 'run', config], {
    cwd: root,
    env: { ...process.env, BIMA_MUTATION_EVERY: values.every, BIMA_MUTATION_SEED: values.seed },
    stdio: 'inherit',
  });
  if (!existsSync(report)) return status ?? 1;
  summarize(JSON.parse(readFileSync(report, 'utf8')) as Report);
  return 0;
}

/** The survivors, one a line, and the figure. */
function summarize({ files }: Report): void {
  const counts = new Map<string, number>();
  const survivors: Equivalent[] = [];
  for (const [file, { mutants }] of Object.entries(files)) {
    for (const { status, statusReason, mutatorName, replacement = '', location } of mutants) {
      const outcome = statusReason === 'equivalent' ? statusReason : status;
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
      if (status !== 'Survived' && status !== 'NoCoverage') continue;
      const change = describeChange(file, location, replacement);
      survivors.push({ ...change, why: '' });
      const [of, becomes] = [change.of, change.becomes].map((text) => text.slice(0, 80));
      console.log(`${file}:${location.start.line}: ${mutatorName}: ${of} → ${becomes}`);
    }
  }
  if (values.survivors !== undefined)
    writeFileSync(values.survivors, `${JSON.stringify(survivors, null, 2)}\n`);
  const of = (...names: readonly string[]) => names.reduce((sum, name) => sum + (counts.get(name) ?? 0), 0);
  const noticed = of('Killed', 'Timeout');
  const all = noticed + survivors.length;
  const share = ((100 * noticed) / Math.max(all, 1)).toFixed(1);
  const part = values.every === '1' ? '' : ` (one in ${values.every}, seed '${values.seed}')`;
  const equal = of('equivalent') === 0 ? '' : `; ${of('equivalent')} more change nothing`;
  console.log(`${sources}: ${noticed} of ${all} changes${part} were noticed, ${share} %${equal}`);
}

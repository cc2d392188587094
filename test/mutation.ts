// Changes the sources of a folder at random places and sees whether its tests notice: `npm run mutation -- FOLDER [TEST…]`,
// where FOLDER is below src, such as `core/oci`, and the tests are those of the same folder unless others are named.
// `--every N` tries about one change in N, and `--seed TEXT` other ones: the same seed has the same changes.
// StrykerJS comes from npm when it is wanted, into a folder of its own: with 70 MB it is no dependency.

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

/** As in the schema of mutation-testing-report-schema, version 2. */
interface Report {
  readonly files: Readonly<Record<string, { readonly mutants: readonly Mutant[] }>>;
}

interface Mutant {
  readonly status: string;
  readonly mutatorName: string;
  readonly replacement?: string;
  readonly location: { readonly start: { readonly line: number } };
}

const versions = ['@stryker-mutator/core@10.0.0', '@stryker-mutator/tap-runner@10.0.0'];
const root = resolve(import.meta.dirname, '..');

const { values, positionals } = parseArgs({
  options: {
    every: { type: 'string', default: '1' },
    seed: { type: 'string', default: 'bima' },
    concurrency: { type: 'string', default: '1' },
  },
  allowPositionals: true,
});
const [folder, ...named] = positionals;
const sources = `src/${folder ?? ''}`;
if (folder === undefined || !existsSync(join(root, sources))) {
  console.error('expected a folder below src, as in: npm run mutation -- core/oci');
  process.exit(2);
}
const tests = named.length > 0 ? named : globSync(`test/${folder}/**/*.test.ts`, { cwd: root }).sort();
if (tests.length === 0) {
  console.error(`there are no tests in test/${folder}: name them behind the folder`);
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
      mutate: [`${sources}/**/*.ts`],
      ignorePatterns: ['/bench', '/docs'],
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
  for (const [file, { mutants }] of Object.entries(files)) {
    for (const { status, mutatorName, replacement = '', location } of mutants) {
      counts.set(status, (counts.get(status) ?? 0) + 1);
      if (status !== 'Survived' && status !== 'NoCoverage') continue;
      const change = replacement.replace(/\s+/g, ' ').slice(0, 80);
      console.log(`${file}:${location.start.line}: ${mutatorName}: ${change}`);
    }
  }
  const of = (...names: readonly string[]) => names.reduce((sum, name) => sum + (counts.get(name) ?? 0), 0);
  const [noticed, survived] = [of('Killed', 'Timeout'), of('Survived', 'NoCoverage')];
  const share = ((100 * noticed) / Math.max(noticed + survived, 1)).toFixed(1);
  const part = values.every === '1' ? '' : ` (one in ${values.every}, seed '${values.seed}')`;
  console.log(`${sources}: ${noticed} of ${noticed + survived} changes${part} were noticed, ${share} %`);
}

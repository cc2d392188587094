// Compiles other programs from the Go module proxy, and runs the tests against each of them in place of Debian's:
// `npm run test:peers [-- NAME…]`. Needs Go. The programs stay in the folder BIMA_TEST_PEERS, or one in the user's cache.

import { once } from 'node:events';
import { globSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { run } from 'node:test';
import { compilePrograms } from './support/go-programs.ts';
import type { GoPrograms } from './support/go-programs.ts';
import { lacks } from './support/programs.ts';
import { makeSession } from './support/session.ts';
import { installTools } from './support/setup.ts';
import { extraPrefix } from './support/tools.ts';

interface Peer extends GoPrograms {
  readonly suites: readonly string[];
  /** The variables that have the tests use the programs in a folder. */
  readonly settings: (folder: string) => Readonly<Record<string, string>>;
}

/** Without what boots an image, which takes long, and what is about containerd in the first place. */
const registrySuites = suitesWith(/startDockerRegistry\(/, /qemu-system|startContainerd\(|clientsFolder/);
const containerdSuites = suitesWith(/startContainerd\(/);

const distribution = {
  name: 'distribution',
  module: 'github.com/distribution/distribution/v3',
  packages: ['cmd/registry'],
  suites: registrySuites,
  settings: (folder: string) => ({ BIMA_TEST_REGISTRY: join(folder, 'registry') }),
};
const containerd = {
  name: 'containerd',
  module: 'github.com/containerd/containerd/v2',
  packages: ['cmd/containerd', 'cmd/ctr', 'cmd/containerd-shim-runc-v2'],
  suites: containerdSuites,
  settings: (folder: string) => ({ BIMA_TEST_CONTAINERD: folder }),
};
const crane = {
  module: 'github.com/google/go-containerregistry',
  version: 'v0.22.1',
  packages: ['cmd/crane'],
};
const client = {
  suites: ['test/integration/registry/clients.test.ts'],
  settings: (folder: string) => ({ BIMA_TEST_CLIENTS: folder }),
};

const peers: readonly Peer[] = [
  { ...distribution, version: 'v3.1.0' },
  {
    ...crane,
    name: 'crane-registry',
    suites: registrySuites,
    settings: (folder) => ({ BIMA_TEST_REGISTRY: join(folder, 'crane') }),
  },
  { ...client, ...crane, name: 'crane' },
  { ...client, name: 'oras', module: 'oras.land/oras', version: 'v1.3.6', packages: ['cmd/oras'] },
  {
    ...client,
    name: 'regctl',
    module: 'github.com/regclient/regclient',
    version: 'v0.11.1',
    packages: ['cmd/regctl'],
  },
  { ...containerd, version: 'v2.4.2' },
  {
    name: 'buildkit',
    module: 'github.com/moby/buildkit',
    version: 'v0.26.3',
    packages: ['cmd/buildkitd', 'cmd/buildctl'],
    suites: ['test/integration/buildkit.test.ts'],
    settings: (folder) => ({ BIMA_TEST_BUILDKIT: folder }),
  },
];

const store =
  process.env.BIMA_TEST_PEERS ??
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'bima-tests', 'peers');
const names = process.argv.slice(2);
const unknown = names.find((name) => !peers.some((peer) => peer.name === name));
if (unknown !== undefined) {
  const known = [...new Set(peers.map(({ name }) => name))].join(', ');
  throw new Error(`expected names of peers (${known}), got "${unknown}"`);
}

const missing = installTools();
if (missing.length > 0) console.log(`not installed: ${missing.join(', ')}`);
makeSession();
const lines: string[] = [];
const chosen = peers.filter(({ name }) => names.length === 0 || names.includes(name));
for (const peer of chosen) {
  const said = await test(peer);
  console.log(said.join('\n'));
  lines.push(...said);
}
if (chosen.length > 1) console.log(`\nall of them:\n${lines.join('\n')}`);

/** Compiles a peer and runs its suites; gives what is said of it at the end. */
async function test(peer: Peer): Promise<string[]> {
  const title = `${peer.name} ${peer.version}`;
  let compiled;
  try {
    compiled = compilePrograms(store, peer);
  } catch (error) {
    process.exitCode = 1;
    return [`${title}: it could not be compiled: ${(error as Error).message}`];
  }
  if ('skip' in compiled) return [`${title}: skipped, ${compiled.skip}`];
  console.log(`testing with ${title}`);
  const start = Date.now();
  const { passed, failed, skipped } = await runSuites(peer, compiled.folder);
  if (failed.length > 0) process.exitCode = 1;
  const seconds = Math.round((Date.now() - start) / 1000);
  const skips = [...skipped].reduce((sum, [, count]) => sum + count, 0);
  return [
    `${title}: ${passed + failed.length} ran, ${passed} passed, ${failed.length} failed, ${skips} skipped, in ${seconds} s`,
    ...failed.map((name) => `  failed: ${name}`),
    ...[...skipped].map(([reason, count]) => `  skipped: ${count}, ${reason}`),
  ];
}

interface Outcome {
  passed: number;
  readonly failed: string[];
  /** How many for each reason. */
  readonly skipped: Map<string, number>;
}

async function runSuites({ suites, settings }: Peer, folder: string): Promise<Outcome> {
  const outcome: Outcome = { passed: 0, failed: [], skipped: new Map() };
  const { skipped } = outcome;
  const skip = (reason: string) => skipped.set(reason, (skipped.get(reason) ?? 0) + 1);
  const variables = settings(folder);
  Object.assign(process.env, variables);
  const stream = run({ files: [...suites], concurrency: true });
  stream.on('test:pass', ({ skip: reason, details }) => {
    // Extras are other programs' tests.
    if (typeof reason === 'string' && reason.startsWith(extraPrefix)) return;
    if (typeof reason === 'string') skip(reason);
    else if (details.type !== 'suite') outcome.passed += 1;
  });
  stream.on('test:fail', ({ name, details, file }) => {
    const { cause, failureType } = details.error as Error & { failureType?: string };
    if (failureType === 'subtestsFailed') return;
    const text = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    const lacking = new RegExp(`${lacks} [^\\n]*`).exec(text);
    if (lacking !== null) skip(lacking[0]);
    else {
      outcome.failed.push(name);
      console.log(`FAILED ${name} (${file ?? ''})\n${text}\n`);
    }
  });
  stream.resume();
  await once(stream, 'end');
  for (const name of Object.keys(variables)) Reflect.deleteProperty(process.env, name);
  return outcome;
}

function suitesWith(use: RegExp, without?: RegExp): string[] {
  return globSync('test/**/*.test.ts')
    .filter((file) => {
      const text = readFileSync(file, 'utf8');
      return use.test(text) && without?.test(text) !== true;
    })
    .sort();
}

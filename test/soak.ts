// Uses one registry for a long time, behind a proxy with random faults, and compares it after each step with a model of
// what must be there: `npm run soak -- --minutes N [--seed TEXT]`. Steps are builds and merges of layouts, pushes, pulls,
// cleanups, builds that are verified, and the action's bundles (`npm run bundle` before) for a pull request. A seed and
// its number of a round can be had again: `--seed TEXT --round N`. Memory, open files and temporaries are watched: none
// may grow.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createRegistryClient } from '../src/adapters/registry/client.ts';
import { BimaError } from '../src/core/errors.ts';
import { parseReference } from '../src/core/oci/reference.ts';
import { silentReporter } from '../src/core/reporter.ts';
import { RegistryStore } from '../src/usecases/cleanup/registry-store.ts';
import { pushImage } from '../src/usecases/push/push.ts';
import { createFastClock } from './support/fast-clock.ts';
import { drawFault, drawRegistry } from './support/fault-kinds.ts';
import { startFaultProxy } from './support/fault-proxy.ts';
import { startRegistry } from './support/registry.ts';
import { mustRunCommand } from './support/run-command.ts';
import { bytesOf, sampleImage } from './support/sample-image.ts';
import { chanceOf } from './support/seeded.ts';
import { closePreview, countStep, drawContext, preview, verify } from './support/soak-steps.ts';
import type { SoakRound } from './support/soak-steps.ts';
import { verifyLayout } from './support/verify-layout.ts';
import { clean, markedFor, mine, repository } from './usecases/cleanup/scene.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    seed: { type: 'string', default: `${Date.now()}` },
    round: { type: 'string' },
  },
});
const end = Date.now() + Number(values.minutes) * 60_000;
const stepsPerRound = 40;
/** How often each is drawn; those that start a bundle take a second. */
const shares: readonly (readonly [step: Step, share: number])[] = [
  [push, 6],
  [pull, 4],
  [build, 2],
  [merge, 2],
  [cleanUp, 2],
  [preview, 1],
  [closePreview, 1],
  [verify, 1],
];
const steps = shares.flatMap(([step, share]) => Array.from({ length: share }, () => step));
const mebibyte = 1024 * 1024;

/** Tags of previews, which a cleanup may take, and others, which it may not. */
const tagNames = ['v1', 'v2', 'latest', 'pr-5', 'pr-5-arm'];

type Step = (round: SoakRound) => Promise<void>;

const temporaries = mkdtempSync(join(tmpdir(), 'bima-soak-'));
process.env.TMPDIR = temporaries;
const totals = new Map<string, number>();
const watched: { readonly rss: number; readonly heap: number; readonly files: number }[] = [];
process.exitCode = await soak();
rmSync(temporaries, { recursive: true, force: true });

async function soak(): Promise<number> {
  const first = values.round === undefined ? 0 : Number(values.round);
  for (
    let number = first;
    number === first || (values.round === undefined && Date.now() < end);
    number += 1
  ) {
    try {
      await runRound(number);
    } catch (error) {
      console.log(`failed: again with --seed '${values.seed}' --round ${number}`);
      console.log(error);
      return 1;
    }
    watch(number);
  }
  const [early, last] = [watched[Math.min(10, watched.length - 1)], watched.at(-1)];
  const list = [...totals].map(([name, count]) => `${count} ${name}`).join(', ');
  console.log(`${watched.length - 1} rounds of the seed '${values.seed}': ${list}`);
  if (early === undefined || last === undefined) return 1;
  console.log(`heap ${mib(early.heap)} → ${mib(last.heap)} MiB, open files ${early.files} → ${last.files}`);
  console.log(`memory ${mib(early.rss)} → ${mib(last.rss)} MiB`);
  // What is kept is in the heap; the process also has what V8 and the allocator haven't given back.
  assert.ok(last.heap - early.heap < 16 * mebibyte, 'the heap grows');
  assert.ok(last.rss - early.rss < 200 * mebibyte, 'memory grows');
  assert.ok(last.files - early.files < 20, 'open files grow');
  return 0;
}

function mib(bytes: number): number {
  return Math.round(bytes / mebibyte);
}

function watch(number: number): void {
  globalThis.gc?.();
  const files = process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0;
  const { rss, heapUsed: heap } = process.memoryUsage();
  watched.push({ rss, heap, files });
  assert.deepEqual(readdirSync(temporaries), [], 'temporaries of a round are left');
  if (number % 20 === 0)
    console.log(`round ${number}: heap ${mib(heap)} of ${mib(rss)} MiB, ${files} open files`);
}

async function runRound(number: number): Promise<void> {
  const chance = chanceOf(`${values.seed} ${number}`);
  const registry = await startRegistry({
    ...drawRegistry(chance),
    immutableTags: false,
    deletes: chance.pick(['tags', 'digests', 'untagged']),
  });
  const folder = mkdtempSync(join(temporaries, 'round-'));
  const round: SoakRound = {
    chance,
    registry,
    folder,
    model: new Map(),
    images: new Map(),
    counts: new Map(),
  };
  try {
    for (let step = 0; step < stepsPerRound; step += 1) {
      await chance.pick<Step>(steps)(round);
      compare(round);
    }
  } finally {
    await registry.close();
    rmSync(folder, { recursive: true, force: true });
  }
  for (const [name, count] of round.counts) totals.set(name, (totals.get(name) ?? 0) + count);
}

/** Each tag leads to what the model says, and all of that is there. */
function compare({ registry, model }: SoakRound): void {
  const tags = registry.store.tags(repository);
  for (const tag of Object.keys(tags)) registry.store.pull(repository, tag);
  for (const [tag, digests] of model) assert.ok(digests.has(tags[tag] ?? ''), `${tag} leads to ${tags[tag]}`);
  for (const tag of Object.keys(tags))
    assert.ok(model.has(tag) || tag.startsWith('sha256-'), `nobody made ${tag}`);
  // What was uncertain is known now.
  for (const tag of model.keys()) model.set(tag, new Set([tags[tag] ?? '']));
}

/** A client of the registry behind a proxy with none, one or two faults. */
async function openClient({ chance, registry }: SoakRound, kind: 'push' | 'pull') {
  const faults = Array.from({ length: chance.pick([0, 0, 1, 1, 2]) }, () => drawFault(chance, kind).fault);
  const proxy = await startFaultProxy({ upstream: registry.origin, faults });
  const client = createRegistryClient({
    credentials: { find: () => Promise.resolve(undefined) },
    reporter: silentReporter,
    clock: createFastClock(chance.next),
    timeouts: { answer: 60, commit: 60, stall: 60, connect: 500 },
  });
  return {
    host: proxy.host,
    client,
    async [Symbol.asyncDispose]() {
      await client.close();
      await proxy.close();
    },
  };
}

/** A failure has a cause that is said; anything else is a fault of ours. */
function assertSaid(error: unknown): void {
  if (!(error instanceof BimaError)) throw error;
  assert.doesNotMatch(error.message, /undefined|\[object |NaN/);
}

async function push(round: SoakRound): Promise<void> {
  const { chance, model, images } = round;
  const isPreview = chance.isLuck(0.4);
  const tags = isPreview
    ? ['pr-5', 'pr-5-arm'].slice(0, chance.int(1, 2))
    : [chance.pick(tagNames.slice(0, 3))];
  const image = sampleImage({
    seed: `${chance.int(0, 20)}`,
    layers: [chance.int(0, 5000), 300],
    ...(chance.isLuck(0.3) ? { architectures: ['amd64', 'arm64'] as const } : {}),
    annotations: isPreview ? markedFor(mine) : {},
  });
  images.set(image.root.digest, image);
  await using opened = await openClient(round, 'push');
  const { client, host } = opened;
  const references = tags.map((tag) => parseReference(`${host}/${repository}:${tag}`));
  const { digest } = image.root;
  try {
    await pushImage(image.source, image.root, references, { client, reporter: silentReporter });
    for (const tag of tags) model.set(tag, new Set([digest]));
    countStep(round, 'pushes');
  } catch (error) {
    assertSaid(error);
    for (const tag of tags) model.set(tag, new Set([...(model.get(tag) ?? ['']), digest]));
    countStep(round, 'failed pushes');
  }
}

async function pull(round: SoakRound): Promise<void> {
  const { chance, registry, images } = round;
  const [digest] = Object.values(registry.store.tags(repository));
  const image = digest === undefined ? undefined : images.get(digest);
  if (image === undefined) return;
  const wanted = chance.pick([image.root, ...image.layers, ...image.configs]);
  await using opened = await openClient(round, 'pull');
  try {
    const chunks: Uint8Array[] = [];
    const source = opened.client.repository({ registry: opened.host, repository });
    for await (const chunk of source.open(wanted).open()) chunks.push(chunk);
    assert.deepEqual(Buffer.concat(chunks), Buffer.from(bytesOf(image, wanted.digest)));
    countStep(round, 'pulls');
  } catch (error) {
    assertSaid(error);
    countStep(round, 'failed pulls');
  }
}

/** Into one of two layouts, whose other tags stay. */
async function build(round: SoakRound): Promise<void> {
  const { chance, folder } = round;
  const context = drawContext(round);
  const architecture = chance.pick(['amd64', 'arm64']);
  const layout = join(folder, architecture);
  const compression = chance.pick(['gzip', 'gzip:1', 'none']);
  await mustRunCommand([
    ...[
      'build',
      '-o',
      'oci',
      '--dest',
      layout,
      '-t',
      `a/b:${chance.int(1, 3)}`,
      '--platform',
      `linux/${architecture}`,
    ],
    ...['--compression', compression, '--cache', join(folder, 'cache'), context],
  ]);
  verifyLayout(layout);
  countStep(round, 'builds');
}

async function merge(round: SoakRound): Promise<void> {
  const { folder } = round;
  const layouts = ['amd64', 'arm64'].map((name) => join(folder, name));
  const names = layouts.map((layout) => {
    try {
      return verifyLayout(layout).at(-1)?.entry.annotations?.['org.opencontainers.image.ref.name'];
    } catch {
      return undefined;
    }
  });
  if (names.includes(undefined)) return;
  const sources = layouts.map((layout, at) => `oci:${layout}:${names[at]}`);
  const merged = join(folder, 'merged');
  await mustRunCommand(['merge', '-o', 'oci', '--dest', merged, '-t', 'a/b:merged', ...sources]);
  verifyLayout(merged);
  countStep(round, 'merges');
}

/** Takes previews away, or none where the registry or a fault doesn't let it. */
async function cleanUp(round: SoakRound): Promise<void> {
  const { chance, model } = round;
  await using opened = await openClient(round, 'pull');
  const { client, host } = opened;
  const reference = parseReference(`${host}/${repository}`);
  const options = {
    reader: client.repository(reference, { access: 'pull' }),
    writer: client.repository(reference, { access: 'push' }),
  };
  const tags = ['pr-5', 'pr-5-arm'].slice(0, chance.int(1, 2));
  const { signal } = new AbortController();
  try {
    const store = new RegistryStore({ ...options, clock: createFastClock(chance.next), signal });
    const { deleted } = await clean(store, tags);
    for (const tag of deleted.flatMap((record) => record.tags)) model.delete(tag);
    countStep(round, 'cleanups');
  } catch (error) {
    assertSaid(error);
    countStep(round, 'failed cleanups');
  }
  // What was deleted before a fault ended it, only the registry knows; nothing but previews may be.
  const left = round.registry.store.tags(repository);
  for (const tag of tags) if (left[tag] === undefined) model.delete(tag);
}

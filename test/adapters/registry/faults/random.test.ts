// Faults drawn at random, several to a run, and what must hold whatever they are: success means that everything is
// there, and failure that no tag leads to anything incomplete, that the cause is said, no secret is, and time is bounded.
// BIMA_TEST_SEED=… is another thousand, or with BIMA_TEST_RUN=… one of them again; BIMA_TEST_RUNS=… is another number.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { BimaError } from '../../../../src/core/errors.ts';
import { createFastClock } from '../../../support/fast-clock.ts';
import type { FastClock } from '../../../support/fast-clock.ts';
import {
  drawFault,
  drawRegistry,
  drawTokens,
  faultKinds,
  registryFaults,
  tokenFaults,
} from '../../../support/fault-kinds.ts';
import type { Act, Fault } from '../../../support/fault-proxy.ts';
import { longFormsOf, repository, runPull, runPush, user } from '../../../support/fault-run.ts';
import type { RunOptions, World } from '../../../support/fault-run.ts';
import { bytesOf, sampleImage, storeImage } from '../../../support/sample-image.ts';
import type { SampleImage } from '../../../support/sample-image.ts';
import { chanceOf } from '../../../support/seeded.ts';
import type { Chance } from '../../../support/seeded.ts';

const seed = process.env.BIMA_TEST_SEED ?? 'bima';
const runs = Number(process.env.BIMA_TEST_RUNS ?? 1000);
const only = process.env.BIMA_TEST_RUN;

/** Milliseconds of the fake clock: what the client's budget gives to failures, and two minutes for looks at what it sent. */
const longest = (requests: number) => 12 * 60_000 + requests * 1000;
const mostRequests = 300;

const images: readonly SampleImage[] = [
  sampleImage(),
  sampleImage({ architectures: ['amd64', 'arm64'], sharedLayers: true }),
  sampleImage({ seed: 'docker', docker: true }),
  sampleImage({ seed: 'larger', layers: [20_000, 300] }),
  sampleImage({ seed: 'odd sizes', layers: [0, 1] }),
];
const bill = sampleImage({ seed: 'bill', layers: [100], subject: images[0]?.root ?? assert.fail() });
const whole = { ...images[0], blobs: new Map([...(images[0]?.blobs ?? []), ...bill.blobs]) };

const identity = { kind: 'identity', username: user.name, token: user.password } as const;

/** An interrupt at one of the first requests, which the registry answers all the same. */
function drawAbort(chance: Chance): { readonly fault: Fault; readonly signal: AbortSignal } {
  const controller = new AbortController();
  const act: Act = async (exchange) => {
    controller.abort();
    await exchange.reply(await exchange.forward());
  };
  return { fault: { when: () => true, skip: chance.int(0, 12), act }, signal: controller.signal };
}

/** Everything that chance decides about one run. */
function drawRun(
  chance: Chance,
  clock: FastClock,
  isPush: boolean,
): { readonly options: RunOptions; readonly drawn: readonly string[] } {
  const faults = Array.from({ length: chance.pick([1, 1, 2, 3]) }, () =>
    drawFault(chance, isPush ? 'push' : 'pull'),
  );
  const abort = isPush && chance.isLuck(0.05) ? drawAbort(chance) : undefined;
  const withTokens = chance.isLuck(0.4);
  const tags = chance.pick([['v1'], ['v1'], ['v2', 'v1'], ['v1', 'v2', 'v3'], ['v4']]);
  const registry = drawRegistry(chance);
  return {
    drawn: [
      ...faults.map(({ name }) => name),
      inspect(registry),
      `tags ${tags.join()}`,
      withTokens ? 'tokens' : '',
      abort === undefined ? '' : 'an abort',
    ],
    options: {
      faults: [...(abort === undefined ? [] : [abort.fault]), ...faults.map(({ fault }) => fault)],
      registry,
      ...(withTokens
        ? { tokens: drawTokens(chance), ...(chance.isLuck(0.3) ? { credential: identity } : {}) }
        : { basic: chance.isLuck(0.3) }),
      references: tags.map((tag) => `HOST/${repository}:${tag}`),
      image: chance.pick(images),
      clock,
      client: {
        timeouts: { answer: 60, commit: 60, stall: 60, connect: 500 },
        ...(chance.isLuck(0.2) ? { chunkSize: 1500 } : {}),
        ...(abort === undefined ? {} : { signal: abort.signal }),
      },
      prepare: ({ registry: { store }, image }) => {
        if (tags[0] === 'v4') storeImage(store, repository, image, 'v4');
      },
    },
  };
}

/** What must hold for every run, as the registry itself tells. */
function assertBounded({ clock, proxy, registry, ...world }: World): void {
  world.assertNoSecrets(longFormsOf);
  const slept = clock.sleeps.reduce((sum, time) => sum + time, 0);
  const { length } = proxy.requests;
  assert.ok(slept <= longest(length), `it waited for ${Math.round(slept / 60_000)} minutes`);
  assert.ok(length <= mostRequests, `it sent ${length} requests`);
  const { store } = registry;
  for (const tag of Object.keys(store.tags(repository))) store.pull(repository, tag);
}

function assertNamesCause(error: unknown): void {
  assert.ok(error instanceof BimaError, `expected a BimaError, got ${inspect(error)}`);
  assert.match(error.message, /^(?!.*(?:undefined|\[object |NaN)).{12,}$/s);
  if (error.code === 'INTERRUPTED') return;
  assert.match(error.code, /^(?:REGISTRY_|DIGEST_MISMATCH|LAYOUT_INVALID)/);
  // Where it happened: the registry, another host that it led to, or the content by its digest.
  assert.match(error.message, /127\.0\.0\.1|sha256|team\/app/);
}

async function pushOnce(options: RunOptions, chance: Chance): Promise<void> {
  const withBill = options.image === images[0] && chance.isLuck(0.3);
  const more = withBill ? { source: sourceOf(whole.blobs), push: { referrers: [bill.root] } } : {};
  let before: Readonly<Record<string, string>> = {};
  await using run = await runPush({
    ...options,
    ...more,
    prepare: async (world) => {
      await options.prepare?.(world);
      before = world.registry.store.tags(repository);
    },
  });
  assertBounded(run);
  const { store } = run.registry;
  const after = store.tags(repository);
  const wanted = (options.references ?? []).map((text) => text.slice(text.lastIndexOf(':') + 1));
  for (const [tag, digest] of Object.entries(after)) {
    const isKept = before[tag] === digest;
    const isNew = wanted.includes(tag) && digest === run.image.root.digest;
    assert.ok(isKept || isNew || tag.startsWith('sha256-'), `the tag ${tag} leads to ${digest}`);
  }
  for (const tag of Object.keys(before)) assert.ok(tag in after, `the tag ${tag} is gone`);
  if (run.error !== undefined) {
    assertNamesCause(run.error);
    return;
  }
  for (const tag of wanted) {
    assert.equal(after[tag], run.image.root.digest, tag);
    assert.deepEqual(new Set(store.pull(repository, tag)), new Set(run.image.blobs.keys()));
  }
  if (withBill) store.pull(repository, bill.root.digest);
}

async function pullOnce(options: RunOptions, chance: Chance): Promise<void> {
  const pick = (image: SampleImage) => chance.pick([image.root, ...image.layers, ...image.configs]);
  let wanted: SampleImage['root'] | undefined;
  await using run = await runPull({ ...options, pick: (image) => (wanted = pick(image)) });
  assertBounded(run);
  if (run.error === undefined)
    assert.deepEqual(run.bytes, Buffer.from(bytesOf(run.image, (wanted ?? assert.fail()).digest)));
  else assertNamesCause(run.error);
}

function sourceOf(blobs: SampleImage['blobs']): SampleImage['source'] {
  return { name: 'sample', open: ({ digest }) => blobs.get(digest) ?? assert.fail(`no ${digest}`) };
}

async function runOne(number: number): Promise<void> {
  const chance = chanceOf(`${seed} ${number}`);
  const isPush = chance.isLuck(0.8);
  const { options, drawn } = drawRun(chance, createFastClock(chance.next), isPush);
  try {
    await (isPush ? pushOnce(options, chance) : pullOnce(options, chance));
  } catch (error) {
    const again = `BIMA_TEST_SEED='${seed}' BIMA_TEST_RUN=${number}`;
    throw new Error(`${isPush ? 'push' : 'pull'} under ${drawn.join('; ')} (again with ${again})`, {
      cause: error,
    });
  }
}

/** What a proxy before a registry on this machine, and one push or pull, can't bring about. */
const elsewhere = [
  'host that is not there',
  'certificate',
  'proxy',
  'plain HTTP',
  'credential helper',
  'config file',
  'reference refused',
  'source that changes',
  'list of tags',
  'two pushes at once',
  'restart',
];
/** What {@link drawRun} draws itself. */
const ofRuns = ['abort', 'odd size', 'shared digest'];

describe('pushes and pulls under faults at random', () => {
  it('draw every fault of docs/registry.md that can be brought about so', () => {
    const docs = readFileSync(join(import.meta.dirname, '../../../../docs/registry.md'), 'utf8');
    const all = [...docs.matchAll(/^\| (.*?) +\| `[^|]*\.test\.ts`/gm)].map(([, fault = '']) => fault);
    const known = new Set(all);
    const drawn = [...faultKinds.flatMap((kind) => kind.of), ...registryFaults, ...tokenFaults, ...ofRuns];
    const covered = new Set([...drawn, ...elsewhere]);
    assert.deepEqual(
      all.filter((fault) => !covered.has(fault)),
      [],
    );
    assert.deepEqual(
      [...covered].filter((fault) => !known.has(fault)),
      [],
    );
  });

  if (only !== undefined) {
    it(`run ${only} of the seed ${seed}`, () => runOne(Number(only)));
    return;
  }
  const batch = 50;
  for (let first = 0; first < runs; first += batch) {
    const last = Math.min(first + batch, runs) - 1;
    it(`hold their promises: ${first} to ${last} of the seed ${seed}`, async () => {
      const failures: unknown[] = [];
      const numbers = Array.from({ length: last - first + 1 }, (_, at) => first + at).values();
      const work = async () => {
        for (const number of numbers) await runOne(number).catch((error: unknown) => failures.push(error));
      };
      // Some wait for a connection that stalls, while others go on.
      await Promise.all([work(), work(), work(), work()]);
      if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join('\n'));
    });
  }
});

// Steps of a soak (test/soak.ts) that run what users run: the action's bundles for a pull request that is opened, pushed
// to and closed, and `bima verify` of what `bima build` made.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { cleanupBundle, runAction } from './action.ts';
import type { FinishedAction } from './action.ts';
import { drawFault } from './fault-kinds.ts';
import { startFaultProxy } from './fault-proxy.ts';
import type { Registry } from './registry.ts';
import { mustRunCommand, runCommand } from './run-command.ts';
import { sampleContainerfile } from './sample.ts';
import type { SampleImage } from './sample-image.ts';
import type { Chance } from './seeded.ts';
import { repository } from '../usecases/cleanup/scene.ts';

export interface SoakRound {
  readonly chance: Chance;
  readonly registry: Registry;
  readonly folder: string;
  /** What each tag must lead to; several digests where a step failed and nobody was told which. */
  readonly model: Map<string, ReadonlySet<string>>;
  /** What may be in it, to be looked up again. */
  readonly images: Map<string, SampleImage>;
  readonly counts: Map<string, number>;
}

export function countStep({ counts }: SoakRound, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

/** The pull request of the events `pull-request` and `pull-request-closed`. */
const previewTag = 'pr-15';
const previewMark = /\/nubificus\/redis-unikernel\/pull\/15"/;

/** Writes a small context, one of some hundred. */
export function drawContext({ chance, folder }: SoakRound): string {
  const context = join(folder, 'context');
  mkdirSync(context, { recursive: true });
  writeFileSync(join(context, 'Containerfile'), sampleContainerfile);
  writeFileSync(join(context, 'test-redis.hvt'), `kernel ${chance.int(0, 5)}`);
  writeFileSync(join(context, 'redis.conf'), 'x'.repeat(chance.int(0, 3000)));
  return context;
}

/** The action for a pull request: the tag leads to an image with its mark, or to what it led to, and the step fails. */
export async function preview(round: SoakRound): Promise<void> {
  const { chance, registry, model } = round;
  const before = registry.store.tags(repository)[previewTag];
  const { code, outputs, log } = await act(round, 'push', {
    event: 'pull-request',
    inputs: {
      ...{ context: drawContext(round), push: 'true' },
      ...{ platforms: 'linux/amd64', reuse: String(chance.isLuck(0.5)) },
    },
  });
  const now = registry.store.tags(repository)[previewTag];
  if (code === 0) {
    assert.equal(now, outputs.digest, `${previewTag} after the action`);
    assert.equal(outputs.pushed, 'true');
    countStep(round, 'previews');
  } else {
    assert.match(log, /^::error/m);
    countStep(round, 'failed previews');
  }
  if (now !== undefined && (code === 0 || now !== before)) {
    const manifest = registry.store.repository(repository).manifests.get(now);
    assert.match(manifest?.bytes.toString() ?? '', previewMark);
  }
  if (now !== undefined) model.set(previewTag, new Set([now]));
}

/** The cleanup for a pull request that was closed: its tag is gone, or the step says why not. */
export async function closePreview(round: SoakRound): Promise<void> {
  const { registry, model } = round;
  const before = registry.store.tags(repository)[previewTag];
  const { code, outputs, log } = await act(round, 'pull', {
    event: 'pull-request-closed',
    bundle: cleanupBundle,
    inputs: {},
  });
  const now = registry.store.tags(repository)[previewTag];
  if (code !== 0) assert.match(log, /^::error/m);
  else if (now !== undefined) assert.match(outputs.skipped ?? '', /"why":/);
  else if (before !== undefined) assert.match(outputs.deleted ?? '', new RegExp(`"${previewTag}"`));
  if (now === undefined) model.delete(previewTag);
  else assert.equal(now, before, `${previewTag} after a cleanup`);
  countStep(round, code === 0 ? 'closed previews' : 'failed closes');
}

type ActionRun = Required<Pick<NonNullable<Parameters<typeof runAction>[1]>, 'event' | 'inputs'>> & {
  readonly bundle?: string;
};

/** Of these a step knows in seconds; the action has no faster clock. */
const quickFaults = /^(?:a passing status|a reset|a lost answer|the end of the connection|garbage) at/;

async function act(round: SoakRound, kind: 'push' | 'pull', run: ActionRun): Promise<FinishedAction> {
  const { chance, registry, folder } = round;
  const drawn = Array.from({ length: 8 }, () => drawFault(chance, kind)).filter(({ name }) =>
    quickFaults.test(name),
  );
  const faults = chance.isLuck(0.5) ? drawn.slice(0, 1).map(({ fault }) => ({ ...fault, times: 1 })) : [];
  const proxy = await startFaultProxy({ upstream: registry.origin, faults });
  const after: (() => unknown)[] = [];
  const test = { after: (body: () => unknown) => after.push(body) } as unknown as TestContext;
  const temporary = mkdtempSync(join(folder, 'step-'));
  try {
    const finished = await runAction(test, {
      ...run,
      inputs: { ...run.inputs, image: `${proxy.host}/${repository}` },
      env: { TMPDIR: temporary },
    });
    assert.doesNotMatch(finished.log, /undefined|\[object |NaN/);
    // The runner is told of them, to mask them, and prints none of those lines.
    const said = finished.log.replace(/^::add-mask::.*$/gm, '');
    const shown = registry.secrets.filter((secret) => said.includes(secret));
    assert.deepEqual(shown, [], `signed queries in ${said}`);
    return finished;
  } finally {
    await proxy.close();
    for (const body of after) await body();
    rmSync(temporary, { recursive: true });
  }
}

/** A build and its rebuild from the same source, and then from one that differs in a byte. */
export async function verify(round: SoakRound): Promise<void> {
  const { chance, folder, registry } = round;
  const context = drawContext(round);
  const place = mkdtempSync(join(folder, 'verified-'));
  const name = chance.pick([
    join(place, 'image.tar'),
    join(place, 'layout'),
    `${registry.host}/owner/verified:${chance.int(1, 3)}`,
  ]);
  const tag = name.startsWith('/') ? 'a/b:1' : name;
  const output = name.endsWith('.tar')
    ? ['--tar', '--dest', name]
    : name.startsWith('/')
      ? ['-o', 'oci', '--dest', name]
      : ['--push'];
  const record = chance.isLuck(0.7) ? ['--provenance', join(place, 'provenance.json')] : [];
  const label = chance.isLuck(0.5) ? ['--label', `number=${chance.int(0, 9)}`] : [];
  const compression = chance.pick(['gzip', 'gzip:1', 'gzip:9', 'none', 'zstd']);
  // The kernel is a text, whose header says no architecture.
  const options = ['--compression', compression, '--platform', 'linux/amd64', ...label];
  const built = await runCommand(['build', ...output, '-t', tag, ...options, ...record, context]);
  if (built.code !== 0) {
    // A registry can have a limit that the image is above.
    assert.match(built.stderr, /^error: /m);
    rmSync(place, { recursive: true });
    countStep(round, 'failed builds to verify');
    return;
  }
  const command = ['verify', '--source', context, ...(record.length > 0 ? [] : options), name];
  const same = await mustRunCommand(command);
  assert.equal(same.stdout, `REPRODUCED ${built.stdout}`);
  writeFileSync(join(context, 'redis.conf'), 'y', { flag: 'a' });
  const other = await runCommand(command);
  assert.equal(other.code, 3, other.stderr);
  assert.match(other.stdout, /\/conf\/redis\.conf/);
  rmSync(place, { recursive: true });
  countStep(round, 'verifications');
}

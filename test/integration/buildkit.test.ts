// Random Containerfiles over random contexts, built by BuildKit and by us: the same files, the same config, or both
// refuse. What differs on purpose is in the table of docs/containerfile.md. An extra: `npm run test:buildkit`.
// BIMA_TEST_SEED=… is another sample, BIMA_TEST_RUNS=… another number, and BIMA_TEST_RUN=… one of them again.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import fc from 'fast-check';
import { BimaError } from '../../src/core/errors.ts';
import { buildContext } from '../support/build.ts';
import { startBuildkit, unlessBuildkit } from '../support/buildkit.ts';
import type { Buildkit } from '../support/buildkit.ts';
import { comparableConfig } from '../support/comparable-config.ts';
import {
  addArchives,
  randomFolder,
  randomIgnoreFile,
  writeComparedContext,
  writeRandomFolder,
} from '../support/compared-context.ts';
import { builtCases, refusedCases, textOf } from '../support/containerfile-cases.ts';
import { containerTree } from '../support/container-tree.ts';
import { newContainerfile } from '../support/random-containerfile.ts';

const seed = Number(process.env.BIMA_TEST_SEED ?? 20261126);
/** About a second each. */
const numRuns = Number(process.env.BIMA_TEST_RUNS ?? 300);
const only = process.env.BIMA_TEST_RUN;

const build = fc.record({
  text: newContainerfile,
  tree: randomFolder,
  ignore: fc.option(randomIgnoreFile, { freq: 2 }),
});

/** What is refused here and not there, as the table has it. */
const refusedOnPurpose = [
  /leads out of the context/,
  /has an absolute target/,
  /nothing in the context matches|is left out of the context by/,
];

/** What is refused there and not here, as the table has it: a pattern in a folder that isn't there. */
const refusedThere = /lstat \S+: (?:no such file or directory|not a directory)/;

describe('BuildKit', { skip: unlessBuildkit }, () => {
  const work = mkdtempSync(join(tmpdir(), 'bima-buildkit-'));
  let buildkit: Buildkit;
  before(async () => {
    buildkit = await startBuildkit();
  });
  after(async () => {
    await buildkit.end();
    rmSync(work, { recursive: true, force: true });
  });

  async function compare(
    test: TestContext,
    containerfile: string,
    context: string,
    buildArgs: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const buildArguments = new Map(Object.entries(buildArgs));
    const options = { file: containerfile, platform: { os: 'linux', architecture: 'amd64' }, buildArguments };
    const ours = await buildContext(test, context, options).catch((error: unknown) => {
      if (error instanceof BimaError) return error;
      throw error;
    });
    if (ours instanceof BimaError && refusedOnPurpose.some((reason) => reason.test(ours.message))) return;
    const theirs = buildkit.build(
      containerfile,
      context,
      [...buildArguments].flatMap(([name, value]) => ['--opt', `build-arg:${name}=${value}`]),
    );
    if ('error' in theirs && refusedThere.test(theirs.error)) return;
    if ('error' in theirs || ours instanceof BimaError) {
      assert.ok(
        'error' in theirs && ours instanceof BimaError,
        'error' in theirs
          ? theirs.error
          : `refused here alone: ${ours instanceof BimaError ? ours.message : ''}`,
      );
      return;
    }
    const { author, config } = ours.image.config as { author?: string } & typeof ours.image.config;
    const owner = (ids: string) => ` ${ids}`;
    const flat = async (from: Record<string, unknown>, tars: readonly Buffer[]) =>
      Object.entries({ ...comparableConfig(from), ...(await containerTree(tars, owner)) });
    const mine = await flat({ ...config, author }, ours.image.tars.slice(0, -1));
    const others = await flat(theirs.config, theirs.tars);
    assert.deepEqual(differences(mine, others), []);
  }

  describe('makes the same of what people write', () => {
    const context = join(work, 'cases');
    before(() => {
      writeComparedContext(context);
      addArchives(context, join(work, 'archived'));
    });
    for (const one of builtCases) {
      const { name, apart, buildArgs } = one;
      it(name, { skip: apart !== undefined && `otherwise there: ${apart}` }, async (test) => {
        const containerfile = join(work, 'Containerfile');
        writeFileSync(containerfile, textOf(one));
        await compare(test, containerfile, context, buildArgs);
      });
    }
    for (const one of refusedCases) {
      const { name, apart } = one;
      it(`of what is refused: ${name}`, { skip: apart !== undefined && `otherwise there: ${apart}` }, () => {
        const containerfile = join(work, 'Containerfile');
        writeFileSync(containerfile, textOf(one));
        const built = buildkit.build(containerfile, context);
        assert.ok('error' in built);
      });
    }
  });

  for (const [at, { text, tree, ignore }] of fc.sample(build, { numRuns, seed }).entries()) {
    if (only !== undefined && only !== String(at + 1)) continue;
    it(`makes the same of build ${at + 1}`, async (test) => {
      const own = join(work, String(at + 1));
      const context = join(own, 'context');
      mkdirSync(own);
      writeComparedContext(context);
      addArchives(context, join(own, 'archived'));
      writeRandomFolder(join(context, 'r'), tree);
      const containerfile = join(own, 'Containerfile');
      writeFileSync(containerfile, `${text}\n`);
      if (ignore !== null) writeFileSync(join(context, '.dockerignore'), ignore);
      try {
        await compare(test, containerfile, context);
        rmSync(own, { recursive: true });
      } catch (error) {
        const scene = [
          `BIMA_TEST_SEED=${seed} BIMA_TEST_RUN=${at + 1}`,
          text,
          JSON.stringify(tree),
          ignore ?? 'no ignore file',
        ];
        throw new Error(`${scene.join('\n')}\n${String(error)}`, { cause: error });
      }
    });
  }
});

/** What only one of them has, or has otherwise: all of it would be too much to read. */
function differences(ours: readonly [string, unknown][], theirs: readonly [string, unknown][]): string[] {
  const mine = new Map(ours.map(([name, is]) => [name, JSON.stringify(is)]));
  const others = new Map(theirs.map(([name, is]) => [name, JSON.stringify(is)]));
  return [...new Set([...mine.keys(), ...others.keys()])]
    .filter((name) => mine.get(name) !== others.get(name))
    .map((name) => `${name}: ours ${mine.get(name) ?? 'nothing'}, theirs ${others.get(name) ?? 'nothing'}`);
}

// Random Containerfiles, built by buildah and by us: the same files, the same config. What differs on purpose is in the
// table of docs/containerfile.md, and is not generated here.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { buildContext } from '../support/build.ts';
import { comparableConfig } from '../support/comparable-config.ts';
import { writeComparedContext } from '../support/compared-context.ts';
import { containerTree } from '../support/container-tree.ts';
import { commonContainerfile } from '../support/random-containerfile.ts';
import { unlessRootWith } from '../support/tools.ts';

/** About half a second each. */
const numRuns = 30;
const seed = 20261126;

/** The config as both have it, without what one of them alone writes. */
interface Built {
  readonly config: Record<string, unknown>;
  readonly files: Record<string, string>;
}

describe('buildah', { skip: unlessRootWith('buildah') }, () => {
  const work = mkdtempSync(join(tmpdir(), 'bima-buildah-'));
  after(() => {
    rmSync(work, { recursive: true, force: true });
  });

  const context = join(work, 'context');
  writeComparedContext(context);

  /** Docker's format, since OCI's has no field for HEALTHCHECK, SHELL and ONBUILD in buildah. */
  async function byBuildah(containerfile: string): Promise<Built> {
    const target = join(work, 'built');
    rmSync(target, { recursive: true, force: true });
    const store = ['--storage-driver', 'vfs', '--root', join(work, 'root'), '--runroot', join(work, 'run')];
    const options = [
      '--isolation',
      'chroot',
      '--format',
      'docker',
      '--no-cache',
      '--platform',
      'linux/amd64',
    ];
    const names = ['-f', containerfile, '-t', `dir:${target}`, context];
    const { status, stderr } = spawnSync('buildah', [...store, 'bud', ...options, ...names], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    assert.equal(status, 0, stderr);
    const json = (path: string) => JSON.parse(readFileSync(join(target, path), 'utf8')) as unknown;
    const hex = ({ digest }: { digest: string }) => digest.replace('sha256:', '');
    const manifest = json('manifest.json') as { config: { digest: string }; layers: { digest: string }[] };
    const { config, author } = json(hex(manifest.config)) as Record<string, Record<string, unknown>>;
    const layers = manifest.layers.map((layer) => readFileSync(join(target, hex(layer))));
    const tars = layers.map((bytes) => (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes));
    return { config: comparable({ ...config, author }), files: await containerTree(tars) };
  }

  for (const [index, text] of fc.sample(commonContainerfile, { numRuns, seed }).entries()) {
    it(`makes the same of Containerfile ${index + 1}`, async (test) => {
      const containerfile = join(work, 'Containerfile');
      writeFileSync(containerfile, text);
      const theirs = await byBuildah(containerfile);
      const options = { file: containerfile, platform: { os: 'linux', architecture: 'amd64' } };
      const { image } = await buildContext(test, context, options);
      const { author, config } = image.config as { author?: string } & typeof image.config;
      const ours = {
        config: comparable({ ...config, author }),
        files: await containerTree(image.tars.slice(0, -1)),
      };
      assert.deepEqual(ours, theirs, text);
    });
  }
});

/** buildah moves what is set again to the end. */
function comparable(config: Record<string, unknown>): Record<string, unknown> {
  const { Env, ...others } = comparableConfig(config);
  return { ...others, Env: [...(Env as string[])].sort() };
}

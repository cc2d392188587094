// Archives and folders that other tools write, read with the names that those tools have for them.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { mustRunBima } from '../support/cli.ts';
import { temporaryFolder } from '../support/folder.ts';
import { sampleContext, sampleLabels } from '../support/sample.ts';
import { unlessMountingWith, unlessRootWith } from '../support/tools.ts';
import { verifyLayout } from '../support/verify-layout.ts';

interface Inspected {
  readonly names: readonly string[];
  readonly uruncJson: unknown;
  readonly config: { readonly labels?: unknown };
  readonly layers: readonly {
    readonly diffId: string;
    readonly files: readonly { readonly path: string }[];
  }[];
}

function run(program: string, ...args: string[]): void {
  execFileSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

async function built(test: TestContext): Promise<{ folder: string; layout: string }> {
  const context = sampleContext(test);
  const layout = join(context, '../layout');
  await mustRunBima(['build', '-t', 'nubificus/image:tag', '-o', 'oci', '--dest', layout, context]);
  return { folder: join(context, '..'), layout };
}

async function inspect(name: string): Promise<Inspected> {
  const { stdout } = await mustRunBima(['inspect', '--json', name]);
  const images = JSON.parse(stdout) as Inspected[];
  assert.equal(images.length, 1);
  const [image] = images;
  if (image === undefined) throw new Error('unreachable');
  return image;
}

/** Inspects, merges and builds on what a name stands for: it holds the image of the layout. */
async function checkSame(test: TestContext, layout: string, name: string): Promise<void> {
  const [own, other] = [await inspect(`oci:${layout}:tag`), await inspect(name)];
  assert.deepEqual(
    other.layers.map(({ diffId }) => diffId),
    own.layers.map(({ diffId }) => diffId),
    name,
  );
  assert.deepEqual(other.uruncJson, own.uruncJson);
  const folder = temporaryFolder(test, {
    Containerfile: `FROM ${name}\nCOPY --from=${name} /urunc.json /again\n`,
  });
  await mustRunBima(['build', '-o', 'oci', '--dest', join(folder, 'on'), folder]);
  assert.equal(verifyLayout(join(folder, 'on'))[0]?.manifest.layers.length, own.layers.length + 2);
  // Docker's manifests stay what they are, in a layout too.
  await mustRunBima(['merge', '-o', 'oci', '--dest', join(folder, 'merged'), name]);
  const [merged] = JSON.parse(
    (await mustRunBima(['inspect', '--json', join(folder, 'merged')])).stdout,
  ) as Inspected[];
  assert.deepEqual(merged?.layers, other.layers);
}

describe('skopeo', { skip: unlessRootWith('skopeo') }, () => {
  it('writes what is read under its own names', async (test) => {
    const { folder, layout } = await built(test);
    const source = `oci:${layout}:tag`;
    const archive = join(folder, 'docker.tar');
    run('skopeo', 'copy', source, `docker-archive:${archive}:redis:1`);
    await checkSame(test, layout, `docker-archive:${archive}`);
    await checkSame(test, layout, `docker-archive:${archive}:redis:1`);
    execFileSync('gzip', ['-k', archive]);
    await checkSame(test, layout, `docker-archive:${archive}.gz`);
    execFileSync('zstd', ['-q', archive]);
    await checkSame(test, layout, `docker-archive:${archive}.zst`);
    run('skopeo', 'copy', source, `oci-archive:${join(folder, 'oci.tar')}:x`);
    await checkSame(test, layout, `oci-archive:${join(folder, 'oci.tar')}:x`);
    run('skopeo', 'copy', source, `dir:${join(folder, 'folder')}`);
    await checkSame(test, layout, `dir:${join(folder, 'folder')}`);
    run('skopeo', 'copy', '--format', 'v2s2', source, `dir:${join(folder, 'docker')}`);
    await checkSame(test, layout, `dir:${join(folder, 'docker')}`);
  });

  it('takes back what was an archive of docker save', async (test) => {
    const { folder, layout } = await built(test);
    const archive = join(folder, 'docker.tar');
    run('skopeo', 'copy', `oci:${layout}:tag`, `docker-archive:${archive}:redis:1`);
    await mustRunBima(['merge', '-t', 'redis:1', '--tar', '--dest', join(folder, 'again.tar'), archive]);
    const text = execFileSync('skopeo', ['inspect', `oci-archive:${join(folder, 'again.tar')}`], {
      encoding: 'utf8',
    });
    assert.deepEqual((JSON.parse(text) as { Labels: unknown }).Labels, sampleLabels);
  });
});

describe('podman', { skip: unlessMountingWith('podman') }, () => {
  for (const format of ['docker-archive', 'oci-archive', 'oci-dir']) {
    it(`saves what is read as ${format}`, async (test) => {
      const { folder, layout } = await built(test);
      const where = [
        '--root',
        join(folder, 'root'),
        '--runroot',
        join(folder, 'run'),
        '--storage-driver=vfs',
      ];
      const archive = join(folder, 'archive.tar');
      await mustRunBima(['merge', '-t', 'nubificus/image:tag', '--tar', '--dest', archive, layout]);
      run('podman', ...where, 'load', '-q', '-i', archive);
      const id = execFileSync('podman', [...where, 'images', '-q'], { encoding: 'utf8' }).trim();
      run('podman', ...where, 'tag', id, 'localhost/redis:1');
      const path = join(folder, 'saved');
      run('podman', ...where, 'save', '-q', '--format', format, '-o', path, 'localhost/redis:1');
      const prefix = format === 'oci-dir' ? 'oci' : format;
      await checkSame(test, layout, `${prefix}:${path}`);
    });
  }
});

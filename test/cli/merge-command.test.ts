import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { run } from '../../src/cli/run.ts';
import { openArchive } from '../../src/adapters/disk/archive.ts';
import { readDocument } from '../../src/core/oci/blob.ts';
import { parseIndex } from '../../src/core/oci/manifest.ts';
import { temporaryFolder } from '../support/folder.ts';
import { sampleImage, writeSampleLayout } from '../support/sample-image.ts';

interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function bima(...args: readonly string[]): Promise<Finished> {
  const [stdout, stderr]: [string[], string[]] = [[], []];
  const code = await run(args, {
    environment: {},
    stdout: (line) => stdout.push(line),
    stderr: (line) => stderr.push(line),
    stdin: () => Promise.resolve(''),
    home: '/nonexistent',
    signal: new AbortController().signal,
  });
  return { code, stdout: stdout.join('\n'), stderr: stderr.join('\n') };
}

const emptyTar = Buffer.alloc(1024);

function layoutOf(test: TestContext, architecture: string, seed = architecture): string {
  const folder = join(temporaryFolder(test), architecture);
  writeSampleLayout(folder, sampleImage({ architectures: [architecture], seed, tars: [emptyTar] }), '1.0');
  return folder;
}

describe('bima merge', () => {
  it('makes one index, as an archive under the names that it is given', async (test) => {
    const archive = join(temporaryFolder(test), 'all.tar');
    const paths = [layoutOf(test, 'arm64'), layoutOf(test, 'amd64')];
    const options = ['--tar', '--dest', archive, '-t', 'a/b:1', '--annotation', 'index:c=d', '--json'];
    const { code, stdout, stderr } = await bima('merge', ...options, ...paths);
    assert.equal(code, 0, stderr);
    const result = JSON.parse(stdout) as { digest: string; tags: string[]; archive: string };
    assert.deepEqual([result.tags, result.archive], [['docker.io/a/b:1'], archive]);
    const source = await openArchive(archive);
    const [root] = (await source.readIndex()).manifests;
    assert.ok(root);
    assert.equal(root.digest, result.digest);
    const index = parseIndex(await readDocument(source.open(root), 'archive'), 'index');
    assert.deepEqual(index.annotations, { c: 'd' });
    assert.deepEqual(
      index.manifests.map(({ platform }) => platform?.architecture),
      ['amd64', 'arm64'],
    );
  });

  it('prints the digest alone', async (test) => {
    const paths = [layoutOf(test, 'amd64'), layoutOf(test, 'arm64')];
    const dest = join(temporaryFolder(test), 'out');
    const { stdout } = await bima('merge', '--output', 'oci', '--dest', dest, ...paths);
    assert.match(stdout, /^sha256:[0-9a-f]{64}$/);
    const inspected = await bima('inspect', dest);
    assert.match(inspected.stdout, new RegExp(`index +${stdout}`));
  });

  it('refuses two images of one platform, and leaves nothing', async (test) => {
    const paths = [layoutOf(test, 'amd64'), layoutOf(test, 'amd64', 'other')];
    const dest = join(temporaryFolder(test), 'out');
    const { code, stderr } = await bima('merge', '--output', 'oci', '--dest', dest, ...paths);
    assert.equal(code, 1);
    for (const path of paths) assert.ok(stderr.includes(path), stderr);
    assert.equal((await bima('inspect', dest)).code, 1);
  });

  it('wants something to merge', async () => {
    assert.equal((await bima('merge', '--tar', '--dest', 'x')).code, 2);
  });
});

// What a build costs, without a clock: the memory of the process, and the bytes that it reads and writes.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { codeOf } from '../adapters/layers/code.ts';
import { temporaryFolder } from '../support/folder.ts';
import type { Usage } from '../support/usage-report.ts';

const skip = process.platform !== 'linux' && 'needs /proc';
const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const mebibyte = 1024 * 1024;

const containerfile = `FROM scratch
COPY kernel /unikernel/
LABEL "com.urunc.unikernel.binary"="/unikernel/kernel"
LABEL "com.urunc.unikernel.hypervisor"="qemu"
LABEL "com.urunc.unikernel.unikernelType"="unikraft"
LABEL "com.urunc.unikernel.version"="1"
LABEL "com.urunc.unikernel.cmdline"="x"
`;

interface Built extends Usage {
  /** Of the layer with the kernel. */
  readonly compressed: number;
}

/** Builds a kernel of so many MiB in a process of its own. */
async function build(test: TestContext, size: number, ...options: string[]): Promise<Built> {
  const folder = temporaryFolder(test, { 'context/Containerfile': containerfile, 'context/kernel': '' });
  const piece = codeOf(mebibyte);
  for (let count = 0; count < size; count++) appendFileSync(join(folder, 'context/kernel'), piece);
  const report = join(folder, 'usage.json');
  const { stdout } = await run(
    process.execPath,
    [
      ...['--import', join(root, 'test/support/usage-report.ts'), join(root, 'src/cli/main.ts')],
      ...['build', '--json', '--quiet', '--no-reuse', '--platform', 'linux/amd64', '--tag', 'kernel:1'],
      ...['--dest', join(folder, 'result'), ...options, join(folder, 'context')],
    ],
    { env: { ...process.env, USAGE_REPORT: report }, cwd: folder },
  );
  const { layers } = JSON.parse(stdout) as { layers: { size: number }[] };
  const usage = JSON.parse(readFileSync(report, 'utf8')) as Usage;
  return { ...usage, compressed: layers[0]?.size ?? assert.fail('there is no layer') };
}

describe('a build', { skip }, () => {
  // The bytes of the kernel, and those of its compressed layer.
  const rows: [output: string, options: string[], read: [number, number], written: [number, number]][] = [
    ['a layout', ['--output', 'oci'], [1, 0], [0, 1]],
    ['a layout without compression', ['--output', 'oci', '--compression', 'none'], [1, 0], [0, 1]],
    // The layer is written to a temporary layout first: its digest comes before it in the archive.
    ['an archive', ['--output', 'tar'], [1, 1], [0, 2]],
  ];
  for (const [output, options, read, written] of rows) {
    it(`reads and writes each byte once for each place: ${output}`, async (test) => {
      const [small, large] = [await build(test, 1, ...options), await build(test, 33, ...options)];
      const input = 32 * mebibyte;
      const compressed = large.compressed - small.compressed;
      const expected = ([inputs, layers]: [number, number]) => inputs * input + layers * compressed;
      // Less than a piece of anything, besides what the programs themselves are read for.
      const about = (actual: number, wanted: number, what: string) => {
        assert.ok(Math.abs(actual - wanted) < mebibyte / 2, `${what} ${actual} bytes, expected ${wanted}`);
      };
      about(large.read - small.read, expected(read), 'read');
      about(large.written - small.written, expected(written), 'wrote');
    });
  }

  for (const compression of ['gzip', 'zstd']) {
    it(`takes about as much memory for a large kernel as for a small one (${compression})`, async (test) => {
      const options = ['--output', 'tar', '--compression', compression];
      const [small, large] = [await build(test, 1, ...options), await build(test, 256, ...options)];
      const more = (large.peak - small.peak) / mebibyte;
      assert.ok(more < 64, `${more.toFixed(0)} MiB more for 256 MiB than for 1 MiB`);
    });
  }
});

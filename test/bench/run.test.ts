// The benchmark runs, with whatever it finds on the machine.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { findPool, writeBinary } from '../../bench/content.ts';
import { parseOptions } from '../../bench/options.ts';
import type { Results } from '../../bench/results.ts';
import { detectPlatform } from '../../src/core/unikernel/binary.ts';
import { temporaryFolder } from '../support/folder.ts';

const main = resolve(import.meta.dirname, '../../bench/main.ts');

function bench(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

describe('npm run bench', () => {
  it('runs a small case, writes what came out, and leaves nothing else behind', (test) => {
    const folder = temporaryFolder(test);
    const [out, scratch] = [join(folder, 'results/quick'), join(folder, 'scratch')];
    mkdirSync(scratch);
    const { status, stderr } = bench('--quick', '--case', 'archive-100mb', '--out', out, '--folder', scratch);
    assert.equal(status, 0, stderr);
    assert.deepEqual(readdirSync(scratch), []);
    assert.deepEqual(readdirSync(join(folder, 'results')), ['quick.json', 'quick.md', 'quick.svg']);

    const json = readFileSync(`${out}.json`, 'utf8');
    const [only, ...others] = (JSON.parse(json) as Results).cases;
    assert.deepEqual([only?.name, others], ['archive-100mb', []]);
    const own = only?.contestants.filter(({ name }) => name.startsWith('this, Node')) ?? [];
    assert.ok(own.length > 0);
    for (const { seconds, size = 0 } of own) {
      assert.equal(seconds.length, 1);
      // Machine code of 2 MB, packed.
      assert.ok(size > 300_000 && size < 1_900_000, `${size} bytes`);
    }
    assert.ok(!json.includes(folder), 'a path of this machine');
    assert.match(readFileSync(`${out}.md`, 'utf8'), /\| this, Node \d+ +\|/);
  });

  it('shows its help, and names its cases', () => {
    assert.match(bench('--help').stdout, /--case NAME/);
    assert.match(bench('--list', '--case', 'memory').stdout, /^memory-push-4000mb /m);
  });

  it('says what is wrong with its options', () => {
    assert.match(bench('--case', 'archive-2mb').stderr, /expected a case of start, .*got "archive-2mb"/);
    assert.throws(() => parseOptions(['--runs', '0']), /number of runs/);
    assert.throws(() => parseOptions(['--unknown']), /unknown/);
  });
});

describe('the content of the benchmark', () => {
  it("is the same each time, compresses as machine code does, and is for the machine's architecture", (test) => {
    const folder = temporaryFolder(test);
    const pool = findPool();
    const [first, second] = [join(folder, 'first'), join(folder, 'second')];
    for (const path of [first, second]) writeBinary(path, 3_000_000, pool);
    const bytes = readFileSync(first);
    assert.equal(statSync(first).size, 3_000_000);
    assert.deepEqual(bytes, readFileSync(second));
    const ratio = gzipSync(bytes).length / bytes.length;
    assert.ok(ratio > 0.1 && ratio < 0.8, `gzip leaves ${ratio}`);
    assert.equal(detectPlatform(bytes).platform?.architecture, process.arch === 'arm64' ? 'arm64' : 'amd64');
  });
});

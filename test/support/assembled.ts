// Unikernels that hold nothing but their notes, assembled from the sources in test/fixtures/unikernels.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { temporaryFolder } from './folder.ts';

const sources = join(import.meta.dirname, '../fixtures/unikernels');

export interface Assembled {
  readonly source: 'solo5' | 'unikraft';
  readonly script?: 'solo5' | 'solo5-one-segment';
  readonly symbols?: Readonly<Record<string, number>>;
}

/** For x86-64; needs the tool `x86_64-linux-gnu-as`, which comes with its linker. */
export function assemble(test: TestContext, { source, script, symbols = {} }: Assembled): Buffer {
  const folder = temporaryFolder(test);
  const [object, file] = [join(folder, 'unikernel.o'), join(folder, 'unikernel')];
  const defined = Object.entries(symbols).map(([name, value]) => `--defsym=${name}=${value}`);
  const flags = ['--64', '-mx86-used-note=no', ...defined];
  execFileSync('x86_64-linux-gnu-as', [...flags, '-o', object, join(sources, `${source}.s`)]);
  const scripts = script === undefined ? ['--entry=start'] : [`--script=${join(sources, `${script}.ld`)}`];
  execFileSync('x86_64-linux-gnu-ld', ['--build-id=none', ...scripts, '-o', file, object]);
  return readFileSync(file);
}

/** What hvt runs, with one network device called `uplink`. */
export function solo5(test: TestContext, symbols: Assembled['symbols'] = {}): Buffer {
  return assemble(test, {
    source: 'solo5',
    script: 'solo5',
    symbols: { target: 1, abi: 2, count: 1, ...symbols },
  });
}

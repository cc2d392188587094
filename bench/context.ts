// The folders that are packed: a Containerfile, a configuration file, and the files of the case.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openPool, writeBinary } from './content.ts';

export type Input =
  | { readonly kind: 'binary'; /** In bytes. */ readonly size: number }
  | { readonly kind: 'files'; readonly count: number };

export interface BenchContext {
  readonly folder: string;
  readonly sources: readonly string[];
  /** Changes the configuration file to another content of the same size. */
  changeConfiguration(): void;
}

/** Writes a context into an empty folder. */
export function writeContext(folder: string, input: Input, pool: readonly string[]): BenchContext {
  const sources = input.kind === 'binary' ? ['kernel', 'app.conf'] : ['kernel', 'tree', 'app.conf'];
  const copies = sources.map((source) => `COPY ${source} /${source}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'Containerfile'), ['FROM scratch', ...copies, ...labels, ''].join('\n'));
  writeBinary(join(folder, 'kernel'), input.kind === 'binary' ? input.size : 4096, pool);
  if (input.kind === 'files') writeTree(join(folder, 'tree'), input.count, pool);
  let version = 0;
  const changeConfiguration = () => {
    version += 1;
    writeFileSync(join(folder, 'app.conf'), `version = ${String(version).padStart(6, '0')}\n`);
  };
  changeConfiguration();
  return { folder, sources, changeConfiguration };
}

/** A hundred to a folder, of 1 to 8 KiB. */
function writeTree(folder: string, count: number, pool: readonly string[]): void {
  const reader = openPool(pool);
  for (let number = 0; number < count; number += 1) {
    const parent = join(folder, String(Math.floor(number / 100)).padStart(4, '0'));
    if (number % 100 === 0) mkdirSync(parent, { recursive: true });
    const size = 1024 + ((number * 2503) % 7168);
    writeFileSync(join(parent, `file-${String(number).padStart(6, '0')}`), reader.read(size));
  }
  reader.close();
}

const labels = Object.entries({
  binary: '/kernel',
  hypervisor: 'qemu',
  unikernelType: 'mirage',
  version: '1.0.0',
  cmdline: 'bench',
}).map(([key, value]) => `LABEL "com.urunc.unikernel.${key}"="${value}"`);

// What is packed: real machine code, the same on each run of one machine.
//
// The pool is the running Node's own program and then the system's libraries, whole files in the order of their paths.
// A binary is an ELF header that says which architecture it is for, and the pool from its start, over and over. The
// pool is at least 64 MB, so that nothing comes again within the 32 KiB that gzip looks back, nor within the 8 MiB that
// zstd does at most at the levels that can be chosen.

import { closeSync, globSync, openSync, readSync, statSync, writeSync } from 'node:fs';

const minPool = 64e6;
const maxPool = 1e9;

/** The files of the pool, each once. @throws Error when there isn't enough of them */
export function findPool(): readonly string[] {
  const libraries = globSync('/usr/lib/**/*.so*')
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true)
    .sort();
  const seen = new Set<bigint>();
  const pool: string[] = [];
  let size = 0;
  for (const path of [process.execPath, ...libraries]) {
    if (size >= maxPool) break;
    const { ino, size: length } = statSync(path, { bigint: true });
    // Libraries have many names.
    if (seen.has(ino)) continue;
    seen.add(ino);
    pool.push(path);
    size += Number(length);
  }
  if (size < minPool) throw new Error(`expected ${minPool} bytes of programs and libraries, got ${size}`);
  return pool;
}

/** Reads from the pool, on from where the last call ended. */
export interface PoolReader {
  /** Exactly so many bytes, which are gone with the next call. */
  read(size: number): Uint8Array;
  close(): void;
}

export function openPool(pool: readonly string[]): PoolReader {
  let position = 0;
  let file: number | undefined;
  let buffer = Buffer.alloc(0);
  const next = (): number => {
    if (file !== undefined) closeSync(file);
    const path = pool[position % pool.length];
    if (path === undefined) throw new Error('the pool is empty');
    position += 1;
    return openSync(path, 'r');
  };
  return {
    read: (size) => {
      if (buffer.length < size) buffer = Buffer.allocUnsafe(size);
      for (let filled = 0; filled < size;) {
        file ??= next();
        const count = readSync(file, buffer, filled, size - filled, null);
        if (count === 0) file = next();
        filled += count;
      }
      return buffer.subarray(0, size);
    },
    close: () => {
      if (file !== undefined) closeSync(file);
    },
  };
}

/** Writes an executable of so many bytes for the machine's own architecture. */
export function writeBinary(path: string, size: number, pool: readonly string[]): void {
  const reader = openPool(pool);
  const file = openSync(path, 'w', 0o755);
  const header = elfHeader();
  writeSync(file, header);
  for (let left = size - header.length; left > 0;) {
    const chunk = reader.read(Math.min(left, 1 << 20));
    writeSync(file, chunk);
    left -= chunk.length;
  }
  closeSync(file);
  reader.close();
}

/** The 64 bytes of an ELF header without any table, which every reader takes. */
export function elfHeader(): Uint8Array {
  const header = Buffer.alloc(64);
  // Magic, 64 bits, little endian, version 1; an executable; its machine; the sizes of header and entries.
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  header.writeUInt16LE(2, 16);
  header.writeUInt16LE(process.arch === 'arm64' ? 183 : 62, 18);
  header.writeUInt32LE(1, 20);
  header.writeUInt16LE(64, 52);
  header.writeUInt16LE(56, 54);
  header.writeUInt16LE(64, 58);
  return header;
}

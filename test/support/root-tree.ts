// Random root file systems, and what a reader should say of each of their paths.

import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import fc from 'fast-check';
import type { Entry } from '../../src/core/files/entry.ts';
import { inodesOf, kindOf } from '../../src/core/files/inodes.ts';
import type { FileSystem } from '../../src/core/files/inodes.ts';

/** A file whose bytes come in chunks of one size. */
export function fileEntry(path: string, content: string | Uint8Array, more: Partial<Entry> = {}): Entry {
  const bytes = Buffer.from(content);
  const open = async function* () {
    await Promise.resolve();
    for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
  };
  return { path, mode: 0o644, uid: 0, gid: 0, ...more, type: 'file', size: bytes.length, open };
}

const name = fc.stringMatching(/^[a-zA-Z0-9._é漢-]{1,20}$/).filter((text) => !/^\.*$/.test(text));
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
const id = fc.oneof(fc.integer({ min: 0, max: 2000 }), fc.constant(70_000), fc.constant(4_294_967_294));
const attributes = fc.record({ mode: fc.integer({ min: 0, max: 0o7777 }), uid: id, gid: id });
const xattrs = fc
  .dictionary(fc.stringMatching(/^[a-z]{1,12}$/), fc.uint8Array({ maxLength: 40 }), { maxKeys: 4 })
  .map((values) => new Map(Object.entries(values).map(([key, value]) => [`user.${key}`, value])));

/** The first byte of each content says which one it is. */
const content = fc
  .tuple(fc.integer({ min: 0, max: 255 }), fc.oneof(fc.integer({ min: 0, max: 5000 }), fc.constant(400_000)))
  .map(([fill, size]) => Buffer.alloc(size, fill));

const node = fc.oneof(
  { weight: 5, arbitrary: content.map((bytes) => ({ type: 'file', bytes }) as const) },
  { weight: 2, arbitrary: fc.constant({ type: 'directory' } as const) },
  {
    weight: 2,
    arbitrary: fc
      .oneof(
        path,
        fc.integer({ min: 55, max: 900 }).map((length) => 't'.repeat(length)),
      )
      .map((target) => ({ type: 'symlink', target }) as const),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({
        kind: fc.constantFrom('character', 'block', 'fifo', 'socket'),
        major: fc.integer({ min: 0, max: 4095 }),
        minor: fc.integer({ min: 0, max: 1_048_575 }),
      })
      .map((special) => ({ type: 'special', special }) as const),
  },
);

/** Entries of which none lies behind a file; some of them are names of one file. */
export const rootTrees: fc.Arbitrary<readonly Entry[]> = fc
  .array(fc.tuple(path, node, attributes, xattrs, fc.boolean()), { maxLength: 40 })
  .map((items) => {
    const entries = new Map<string, Entry>();
    let links = 0;
    for (const [at, what, owner, extended, isLinked] of items) {
      const parents = at.split('/').map((_, index, parts) => parts.slice(0, index + 1).join('/'));
      if (
        entries.has(at) ||
        parents.some((parent) => (entries.get(parent)?.type ?? 'directory') !== 'directory')
      )
        continue;
      if ([...entries.keys()].some((other) => other.startsWith(`${at}/`)) && what.type !== 'directory')
        continue;
      const base = { path: at, ...owner, xattrs: extended };
      if (what.type === 'directory') entries.set(at, { type: 'directory', ...base });
      if (what.type === 'symlink')
        entries.set(at, { type: 'symlink', ...base, mode: 0o777, target: what.target });
      if (what.type === 'special') {
        const isDevice = what.special.kind === 'character' || what.special.kind === 'block';
        const special = isDevice ? what.special : { ...what.special, major: 0, minor: 0 };
        entries.set(at, fileEntry(at, '', { ...base, special }));
      }
      if (what.type !== 'file') continue;
      if (!isLinked) entries.set(at, fileEntry(at, what.bytes, base));
      else {
        const inode = `inode ${links++}`;
        for (const other of [at, `${at}.second`, `zz.${links}`])
          if (!entries.has(other))
            entries.set(other, fileEntry(other, what.bytes, { ...base, path: other, inode }));
      }
    }
    return [...entries.values()];
  });

/** What a reader should say of each path; `.` is the root. */
export async function describeTree(entries: readonly Entry[]): Promise<Map<string, string>> {
  const described = new Map<string, string>();
  for (const { entry, names } of inodesOf(entries)) {
    for (const at of names) {
      const owner = `${entry.mode.toString(8)} ${entry.uid}:${entry.gid}`;
      described.set(at === '' ? '.' : at, `${kindOf(entry)} ${owner} ${await detailOf(entry, names.length)}`);
    }
  }
  return described;
}

async function detailOf(entry: Entry, names: number): Promise<string> {
  if (entry.type === 'directory') return '';
  if (entry.type === 'symlink') return entry.target;
  const { special } = entry;
  if (special !== undefined)
    return special.kind === 'character' || special.kind === 'block'
      ? `${special.major},${special.minor}`
      : '';
  const hash = createHash('sha256');
  for await (const chunk of entry.open()) hash.update(chunk);
  return `${names} ${hash.digest('hex')}`;
}

/** All its bytes, which must be as many as it says. */
export async function readWhole(system: FileSystem): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of system.open()) chunks.push(Buffer.from(chunk));
  const bytes = Buffer.concat(chunks);
  if (bytes.length !== system.size) throw new Error(`expected ${system.size} bytes, got ${bytes.length}`);
  return bytes;
}

export async function writeSystem(system: FileSystem, file: string): Promise<void> {
  writeFileSync(file, await readWhole(system));
}

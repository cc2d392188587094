// Which drivers a Linux kernel has built in, so that it can mount a root file system with nothing else: told by the
// names that a driver registers under. Those of modules are in files of their own.

import { streamOf } from '../oci/blob.ts';
import { findTexts, readRange, streamRange } from './file-ranges.ts';
import type { ReadableFile } from './file-ranges.ts';
import { readLinuxHeader } from './linux-kernel.ts';
import type { Unpack } from './examine-binary.ts';

export interface LinuxDrivers {
  /** A root file system that QEMU shares: 9p over virtio. */
  readonly has9p: boolean;
  /** A disk of virtio. */
  readonly hasBlock: boolean;
}

/** Of the file, packed or not, that is looked through. */
const maxScan = 256 * 1024 * 1024;
const headSize = 65536;

const marks = { has9p: '9pnet_virtio', hasBlock: 'virtio_blk' } as const;

/** Undefined for a kernel that can't be looked into: one that is packed in a way that nothing here unpacks, or no kernel. */
export async function findDrivers(file: ReadableFile, unpack: Unpack): Promise<LinuxDrivers | undefined> {
  const head = await readRange(file, 0, headSize);
  const header = await readLinuxHeader(file, head);
  const payload = header?.payload;
  const isGzip = head[0] === 0x1f && head[1] === 0x8b;
  const whole = isGzip ? { offset: 0, length: file.size, method: 'gzip' } : undefined;
  const packed = payload ?? whole;
  if (packed === undefined) return header?.form === 'bzImage' ? undefined : driversIn(file);
  const method = packed.method ?? methodOf(await readRange(file, packed.offset, 4));
  const open = () => unpack(method, streamRange(file, packed));
  if (open() === undefined) return undefined;
  try {
    return await driversIn({ size: maxScan, open: () => open() ?? streamOf() });
  } catch {
    // Damaged, or in a form of its method that isn't known here.
    return undefined;
  }
}

async function driversIn(file: ReadableFile): Promise<LinuxDrivers> {
  const found = await findTexts(file, Object.values(marks), maxScan);
  return { has9p: found.has(marks.has9p), hasBlock: found.has(marks.hasBlock) };
}

const methods: readonly (readonly [hex: string, method: string])[] = [
  ['1f8b', 'gzip'],
  ['28b52ffd', 'zstd'],
  ['02214c18', 'lz4'],
];

function methodOf(start: Uint8Array): string {
  const hex = Buffer.from(start).toString('hex');
  return methods.find(([bytes]) => hex.startsWith(bytes))?.[1] ?? 'an unknown method';
}

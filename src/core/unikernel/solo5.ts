// Solo5's two notes: which monitor a binary is linked for, and which devices it expects
// (Solo5, include/elf_abi.h and include/mft_abi.h).

import { readUnsigned } from './bytes.ts';
import type { ElfNote } from './elf-notes.ts';
import { zeroTerminated } from './file-ranges.ts';

export interface Solo5Device {
  readonly type: 'block' | 'net';
  readonly name: string;
}

export interface Solo5Facts {
  /** Such as `hvt`; undefined when the ABI note is missing or its number is unknown. */
  readonly target?: string;
  readonly abiVersion?: number;
  /** Undefined without a manifest that can be read. */
  readonly devices?: readonly Solo5Device[];
  /** False when a tender doesn't find both notes: it looks at the first of each PT_NOTE segment alone. */
  readonly isFoundByTender: boolean;
  readonly damage: readonly string[];
}

const abiType = 0x31494241;
const manifestType = 0x3154464d;
const targets = ['', 'hvt', 'spt', 'virtio', 'muen', 'genode', 'xen'] as const;
/** MFT_MAX_ENTRIES, and the size of one. */
const [maxEntries, entrySize, nameSize] = [64, 104, 68];
/** MFT_RESERVED_FIRST, and the place of what is set once a device is attached. */
const [reservedType, attachedAt] = [0x40000000, 96];

/** Undefined without a note of Solo5. @param hasInterpreter whether PT_INTERP names Solo5 */
export function readSolo5(notes: readonly ElfNote[], hasInterpreter: boolean): Solo5Facts | undefined {
  const own = notes.filter(({ name }) => name === 'Solo5');
  const abi = own.find(({ type }) => type === abiType);
  const manifest = own.find(({ type }) => type === manifestType);
  if (abi === undefined && manifest === undefined) {
    if (!hasInterpreter) return undefined;
    return { isFoundByTender: false, damage: ["Solo5's notes"] };
  }
  const damage: string[] = [];
  const target = abi === undefined ? undefined : readUnsigned(abi.description, 0, 4);
  const abiVersion = abi === undefined ? undefined : readUnsigned(abi.description, 4, 4);
  const targetName = targets[target ?? 0] ?? '';
  if (targetName === '' || abiVersion === undefined) damage.push("Solo5's ABI note");
  const devices = manifest === undefined ? undefined : readManifest(manifest.description);
  if (devices === undefined) damage.push("Solo5's manifest");
  return {
    ...(targetName === '' ? {} : { target: targetName }),
    ...(abiVersion === undefined ? {} : { abiVersion }),
    ...(devices === undefined ? {} : { devices }),
    isFoundByTender: abi?.isFirst === true && manifest?.isFirst === true,
    damage,
  };
}

/** Undefined for what a tender refuses (Solo5, tenders/common/mft.c), and for names that `solo5-elftool` never writes. */
function readManifest(bytes: Uint8Array): readonly Solo5Device[] | undefined {
  const version = readUnsigned(bytes, 4, 4);
  const count = readUnsigned(bytes, 8, 4) ?? 0;
  if (version !== 1 || count < 1 || count > maxEntries) return undefined;
  if (bytes.length - 12 !== count * entrySize) return undefined;
  const devices: Solo5Device[] = [];
  for (let index = 0; index < count; index += 1) {
    const entry = bytes.subarray(12 + index * entrySize, 12 + (index + 1) * entrySize);
    const name = zeroTerminated(entry.subarray(0, nameSize));
    const type = readUnsigned(entry, nameSize, 4);
    if (name === undefined || entry[nameSize - 1] !== 0 || entry[attachedAt] !== 0) return undefined;
    if (index === 0) {
      if (type !== reservedType || name !== '') return undefined;
      continue;
    }
    if (!/^[A-Za-z0-9]+$/.test(name) || (type !== 1 && type !== 2)) return undefined;
    devices.push({ type: type === 1 ? 'block' : 'net', name });
  }
  return devices;
}

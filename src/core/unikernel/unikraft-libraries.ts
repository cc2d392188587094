// Unikraft's section .uk_libinfo: its version, and the libraries that a kernel is linked from
// (unikraft, lib/uklibid/include/uk/libid/info.h). It stays in a stripped kernel.

import { readUnsigned } from './bytes.ts';
import { zeroTerminated } from './file-ranges.ts';

export interface UnikraftLibrary {
  readonly name: string;
  readonly version?: string;
  readonly licence?: string;
}

export interface UnikraftFacts {
  /** Such as `0.17.0`. */
  readonly version?: string;
  readonly codeName?: string;
  readonly libraries: readonly UnikraftLibrary[];
}

const records = { library: 1, version: 3, licence: 4, unikraft: 6, fullVersion: 7, codeName: 8 } as const;
const maxLibraries = 1000;

/** @param isWhole false when the section is damaged somewhere: what stands before is there */
export function readLibraryInfo(bytes: Uint8Array): {
  readonly facts: UnikraftFacts;
  readonly isWhole: boolean;
} {
  const libraries: UnikraftLibrary[] = [];
  let global = new Map<number, string>();
  let isWhole = true;
  for (let at = 0; at < bytes.length && libraries.length < maxLibraries;) {
    const length = readUnsigned(bytes, at, 4) ?? 0;
    const layout = readUnsigned(bytes, at + 4, 2);
    // Zeros at the end are padding.
    if (length === 0 && bytes.subarray(at).every((byte) => byte === 0)) break;
    if (length < 6 || at + length > bytes.length) {
      isWhole = false;
      break;
    }
    if (layout === 1) {
      const found = readRecords(bytes.subarray(at + 6, at + length));
      isWhole &&= found.isWhole;
      const name = found.texts.get(records.library);
      if (name === undefined) global = new Map([...global, ...found.texts]);
      else libraries.push({ name, ...optional(found.texts) });
    }
    at += length;
  }
  const version = global.get(records.unikraft) ?? global.get(records.fullVersion);
  const codeName = global.get(records.codeName);
  const facts = {
    ...(version === undefined || version === '' ? {} : { version: version.split('~', 1)[0] ?? '' }),
    ...(codeName === undefined ? {} : { codeName }),
    libraries,
  };
  return { facts, isWhole };
}

function optional(texts: ReadonlyMap<number, string>): Omit<UnikraftLibrary, 'name'> {
  const [version, licence] = [texts.get(records.version), texts.get(records.licence)];
  return {
    ...(version === undefined ? {} : { version }),
    ...(licence === undefined ? {} : { licence }),
  };
}

/** The texts among the records, by their type. */
function readRecords(bytes: Uint8Array) {
  const texts = new Map<number, string>();
  const wanted: ReadonlySet<number> = new Set(Object.values(records));
  for (let at = 0; at < bytes.length;) {
    const type = readUnsigned(bytes, at, 2) ?? 0;
    const length = readUnsigned(bytes, at + 2, 4) ?? 0;
    if (length < 6 || at + length > bytes.length) return { texts, isWhole: false };
    const text = wanted.has(type) ? zeroTerminated(bytes.subarray(at + 6, at + length)) : undefined;
    if (text !== undefined && text.length <= 256) texts.set(type, text);
    at += length;
  }
  return { texts, isWhole: true };
}

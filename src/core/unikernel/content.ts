// Names what a file looks like when it is no kernel, so that the error shows what went wrong.

import { quote } from '../text.ts';
import { hasBytes } from './bytes.ts';
import { neededElfSize } from './elf.ts';

const signatures: readonly (readonly [offset: number, bytes: string, description: string])[] = [
  [0, '#!', 'a script starting with #!'],
  [0, 'version https://git-lfs.github.com/', 'a Git LFS pointer, without the file behind it'],
  [0, '\x1f\x8b', 'gzip-compressed data'],
  [0, '\xfd7zXZ\0', 'xz-compressed data'],
  [0, '\x28\xb5\x2f\xfd', 'zstd-compressed data'],
  [0, '\x04\x22\x4d\x18', 'lz4-compressed data'],
  [0, '\x02\x21\x4c\x18', 'lz4-compressed data'],
  [0, 'BZh', 'bzip2-compressed data'],
  [0, '\x5d\0\0', 'lzma-compressed data'],
  [0, 'PK\x03\x04', 'a ZIP archive'],
  [257, 'ustar', 'a tar archive'],
  [0, '070701', 'a cpio archive'],
  [0, '070702', 'a cpio archive'],
  [0, '070707', 'a cpio archive'],
  [0, '!<arch>\n', 'an ar archive'],
  [0, '\x27\x05\x19\x56', 'U-Boot legacy image'],
  [0, '\xd0\x0d\xfe\xed', 'a device tree or a U-Boot FIT image'],
  [0, '\xfe\xed\xfa\xce', 'Mach-O'],
  [0, '\xfe\xed\xfa\xcf', 'Mach-O'],
  [0, '\xce\xfa\xed\xfe', 'Mach-O'],
  [0, '\xcf\xfa\xed\xfe', 'Mach-O'],
  [0, '\xca\xfe\xba\xbe', 'Mach-O for several machines, or a Java class'],
  [0, '\0asm', 'WebAssembly'],
  [0, 'BC\xc0\xde', 'LLVM bitcode'],
  [0, 'QFI\xfb', 'a qcow2 disk image'],
  [0, 'hsqs', 'a squashfs file system'],
  [0x438, '\x53\xef', 'an ext file system'],
  [0x8001, 'CD001', 'an ISO 9660 image'],
];

/** True for what begins as ELF, PE or a script with an interpreter. @param head at least its first four bytes */
export function isProgram(head: Uint8Array): boolean {
  return ['\x7fELF', 'MZ', '#!'].some((bytes) => hasBytes(head, 0, bytes));
}

/** A short description for messages; never empty, and never with a control character in it. */
export function describeContent(head: Uint8Array): string {
  if (head.length === 0) return 'empty file';
  const signature = signatures.find(([offset, bytes]) => hasBytes(head, offset, bytes));
  if (signature !== undefined) return signature[2];
  if (head.every((byte) => byte === 0)) return 'nothing but zero bytes';
  const start = head.subarray(0, 32);
  if (start.every(isText)) return `text starting with ${quote(firstLine(start))}`;
  return `data starting with ${hex(head.subarray(0, 8))}`;
}

/** Why a file can't be, or probably isn't, what it should be. */
export interface ContentFault {
  readonly isSure: boolean;
  /** Such as `an empty file`. */
  readonly got: string;
  readonly hint: string;
}

/**
 * Looks at a file that urunc boots or hands to what it boots.
 * @param head its first bytes
 * @param size of the whole file
 */
export function findFault(head: Uint8Array, size: number): ContentFault | undefined {
  const sure = (got: string, hint: string) => ({ isSure: true, got, hint });
  if (size === 0) return sure('an empty file', 'Look at the step that makes it: it has written nothing.');
  if (hasBytes(head, 0, 'version https://git-lfs.github.com/'))
    return sure(describeContent(head), 'Run "git lfs pull" before, or check out with lfs: true.');
  const needed = neededElfSize(head);
  if (needed > size) {
    const got = `an ELF file of ${size} bytes whose program headers need ${needed}`;
    return sure(got, 'It was cut short: look at the download or the copy that it comes from.');
  }
  const isReadable = head.length > 0 && head.subarray(0, 32).every(isText);
  if (!isReadable || hasBytes(head, 0, '07070')) return undefined;
  return {
    isSure: false,
    got: describeContent(head),
    hint: 'Look at what is there: a download may have brought a page that says why there is no file.',
  };
}

function isText(byte: number): boolean {
  return (byte >= 0x20 && byte < 0x7f) || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}

function firstLine(start: Uint8Array): string {
  const text = Buffer.from(start).toString('latin1').trimStart();
  return text.split(/[\r\n]/, 1)[0] ?? '';
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

// What the boot headers of a Linux kernel say about it (Linux, Documentation/arch/x86/boot.rst,
// Documentation/arch/arm64/booting.rst, drivers/firmware/efi/libstub/zboot-header.S).

import { hasBytes, readUnsigned } from './bytes.ts';
import { readRange, zeroTerminated } from './file-ranges.ts';
import type { FileRange, ReadableFile } from './file-ranges.ts';

export interface LinuxVersions {
  /** Such as `6.1.0-50-cloud-amd64`. */
  readonly version?: string;
  /** That of Debian's package, such as `6.1.187-1`. */
  readonly debianVersion?: string;
}

export interface LinuxHeader extends LinuxVersions {
  readonly form: 'bzImage' | 'Image' | 'zboot';
  /** What a bzImage calls itself that isn't a Linux. */
  readonly title?: string;
  /** In bytes. */
  readonly longestCommandLine?: number;
  /** Version of the boot protocol, as major × 256 + minor. */
  readonly protocol?: number;
  readonly hasEntry64?: boolean;
  /** How a zboot is packed, in its own words, such as `gzip` or `zstd22`. */
  readonly packing?: string;
  /** The kernel that unpacks itself, and how it is packed where the header says so. */
  readonly payload?: FileRange & { readonly method?: string };
}

export async function readLinuxHeader(
  file: ReadableFile,
  head: Uint8Array,
): Promise<LinuxHeader | undefined> {
  if (hasBytes(head, 0x202, 'HdrS')) return readBzImage(file, head);
  if (hasBytes(head, 0, 'MZ') && hasBytes(head, 4, 'zimg')) return readZboot(head);
  return hasBytes(head, 56, 'ARM\x64') ? { form: 'Image' } : undefined;
}

async function readBzImage(file: ReadableFile, head: Uint8Array): Promise<LinuxHeader> {
  const protocol = readUnsigned(head, 0x206, 2) ?? 0;
  const textAt = readUnsigned(head, 0x20e, 2) ?? 0;
  const text = textAt === 0 ? undefined : zeroTerminated(await readRange(file, textAt + 0x200, 256));
  const setup = head[0x1f1] === 0 ? 4 : (head[0x1f1] ?? 4);
  const [payloadAt, length] = [readUnsigned(head, 0x248, 4) ?? 0, readUnsigned(head, 0x24c, 4) ?? 0];
  const longest = protocol >= 0x206 ? readUnsigned(head, 0x238, 4) : 255;
  return {
    form: 'bzImage',
    ...textFacts(text),
    ...(longest === undefined ? {} : { longestCommandLine: longest }),
    protocol,
    hasEntry64: protocol >= 0x20c && ((readUnsigned(head, 0x236, 2) ?? 0) & 1) === 1,
    ...(protocol >= 0x208 && length > 0
      ? { payload: { offset: (setup + 1) * 512 + payloadAt, length } }
      : {}),
  };
}

/** Other programs start as Linux does, memtest86+ among them. */
function textFacts(text: string | undefined): LinuxVersions & Pick<LinuxHeader, 'title'> {
  const versions = versionsIn(text);
  const title = printableTitle(text);
  return versions.version === undefined && title !== undefined ? { title } : versions;
}

function printableTitle(text = ''): string | undefined {
  return /^[ -~]{3,80}$/.test(text) ? text : undefined;
}

function readZboot(head: Uint8Array): LinuxHeader {
  const [offset = 0, length = 0] = [8, 12].map((at) => readUnsigned(head, at, 4));
  const method = /^[!-~]+/.exec(zeroTerminated(head.subarray(24, 56)) ?? '')?.[0];
  if (method === undefined) return { form: 'zboot', payload: { offset, length } };
  return { form: 'zboot', packing: method, payload: { offset, length, method } };
}

/**
 * The versions in the text of a bzImage, `6.1.0 (…`, and in a banner of the kernel's data, `Linux version 6.1.0 (…`.
 */
export function versionsIn(text: string | undefined): LinuxVersions {
  const version = /^(?:Linux version )?(\d+\.\d+\S*)/.exec(text ?? '')?.[1];
  const debianVersion = /#\d* .*\bDebian (\d\S*)/.exec(text ?? '')?.[1];
  if (version === undefined) return {};
  return { version, ...(debianVersion === undefined ? {} : { debianVersion }) };
}

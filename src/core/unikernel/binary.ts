// The platform of a unikernel, from the first bytes of its file.
// Comparing it and reporting a mismatch is left to the build.

import type { Platform } from '../oci/platform.ts';
import { describeContent } from './content.ts';
import { readElfHeader } from './elf.ts';
import { readBootHeader } from './linux.ts';
import { readPeHeader } from './pe.ts';

/** How many of a file's first bytes {@link detectPlatform} looks at, at most. */
export const headSize = 65536;

/** What the bytes are. `format` is a short description for messages, such as `ELF64 x86-64`. */
export type Detection =
  | {
      readonly platform: Platform;
      readonly format: string;
      /** Further platforms that the header allows, for a user who names one. */
      readonly alternatives: readonly Platform[];
    }
  | { readonly platform: undefined; readonly format: string };

/**
 * Reads the header of a unikernel. Its operating system is always linux, as urunc asks for it,
 * and there is never a variant: no header tells which one an ARM binary needs.
 * Never throws, and nothing past the first {@link headSize} bytes counts.
 */
export function detectPlatform(head: Uint8Array): Detection {
  const bytes = head.subarray(0, headSize);
  const header = readElfHeader(bytes) ?? readBootHeader(bytes) ?? readPeHeader(bytes);
  if (header === undefined) return { platform: undefined, format: describeContent(bytes) };
  const [platform, ...alternatives] = header.architectures.map((architecture) => ({
    os: 'linux',
    architecture,
  }));
  const { format } = header;
  return platform === undefined ? { platform, format } : { platform, format, alternatives };
}

/**
 * False when the header contradicts a platform that a user named. Variants are not compared,
 * and bytes that no platform was found for contradict none.
 */
export function agrees(detection: Detection, platform: Platform): boolean {
  if (detection.platform === undefined) return true;
  return [detection.platform, ...detection.alternatives].some(
    ({ os, architecture }) => os === platform.os && architecture === platform.architecture,
  );
}

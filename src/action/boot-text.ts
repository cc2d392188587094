// What became of the boot test, for the summary and the comment. Data in, Markdown out.

import { formatPlatform } from '../core/oci/platform.ts';
import type { Platform } from '../core/oci/platform.ts';
import { codeSpan } from '../core/text.ts';

/** What became of the test for a platform. */
export interface BootReport {
  readonly platform: Platform;
  /** Such as `booted on qemu (KVM) in 0.4 s`, or why it was not. */
  readonly text: string;
}

/** More of them nobody reads. */
const maxReports = 16;

/** A line for each platform. */
export function bootLines(boots: readonly BootReport[]): readonly string[] {
  return boots
    .slice(0, maxReports)
    .map(
      ({ platform, text }) => `Boot test of ${codeSpan(formatPlatform(platform))}: ${codeSpan(text, 200)}`,
    );
}

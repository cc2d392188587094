// Paths in labels: what urunc v0.8 takes, and which place in the rootfs one means.

import { quote } from '../text.ts';
import type { Finding } from './labels.ts';

/** The place in the rootfs that a label's path means, as layer entries name it: relative, without `.` and `..`. */
export function rootfsPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}

/** @param rootAllowed true for a mount point, which may be `/` */
export function checkLabelPath(key: string, path: string, rootAllowed: boolean): Finding[] {
  const findings: Finding[] = [];
  if (!/^[A-Za-z0-9._/-]*$/.test(path)) {
    findings.push({
      message: `expected only letters, digits, ".", "_", "/" and "-" in "${key}", got ${quote(path)}`,
      hint: 'Rename the file in the image: urunc v0.8 refuses other characters.',
    });
  }
  const clean = `/${rootfsPath(path)}`;
  const isRoot = clean === '/';
  // Without its leading slash a path means the same place, and urunc takes it like that too.
  const isClean = path === clean || (!isRoot && `/${path}` === clean);
  if (!isClean || (isRoot && !rootAllowed)) {
    findings.push({
      message: `expected a clean path in "${key}", got ${quote(path)}`,
      hint:
        isRoot && !rootAllowed
          ? 'Name a file of the image: urunc v0.8 refuses this path.'
          : `Write ${quote(clean)}: urunc v0.8 refuses "//", "." and ".." in a path, and a slash at its end.`,
    });
  } else if (path.startsWith('-') || path.startsWith('..')) {
    findings.push({
      message: `expected no "${path.startsWith('-') ? '-' : '..'}" at the start of "${key}", got ${quote(path)}`,
      hint: `Write ${quote(clean)}: urunc v0.8 refuses a path that starts so.`,
    });
  }
  return findings;
}

// A root file system whose kind nobody said: its first bytes tell, and the labels follow from that.

import type { UnnamedRootfs } from '../../core/containerfile/instruction.ts';
import { collectProblems } from '../../core/errors.ts';
import type { Problem } from '../../core/errors.ts';
import { resolve } from '../../core/files/rootfs.ts';
import type { Rootfs } from '../../core/files/rootfs.ts';
import { describeContent, findFault } from '../../core/unikernel/content.ts';
import { describeDisk, diskHeadSize } from '../../core/unikernel/disk-content.ts';
import { readRange } from '../../core/unikernel/file-ranges.ts';
import type { FilledLabel } from '../../core/unikernel/fill-labels.ts';
import { uruncKeys } from '../../core/unikernel/urunc-annotations.ts';

export interface RecognizedRootfs {
  readonly filled: readonly FilledLabel[];
  readonly errors: readonly Problem[];
}

/** Labels for the file, by its content; none when there is no file to recognize. */
export async function recognizeRootfs(
  rootfs: Rootfs,
  unnamed: UnnamedRootfs | undefined,
): Promise<RecognizedRootfs> {
  if (unnamed === undefined) return { filled: [], errors: [] };
  const { path, source, mountPoint, position } = unnamed;
  const file = resolve(rootfs, path);
  if (file === undefined) {
    const message = `expected a root file system at "${path}", where the image has no file`;
    return { filled: [], errors: [{ code: 'CONTEXT_PATH', message, hint: 'Correct the path.', position }] };
  }
  const errors: Problem[] = [];
  let head: Uint8Array = new Uint8Array();
  await collectProblems(errors, async () => {
    head = await readRange(file, 0, diskHeadSize);
  });
  if (errors.length > 0) return { filled: [], errors };
  const { kind, name } = describeDisk(head);
  const label = (key: string, value: string) => ({ key, value, position, source: `${name} in "${source}"` });
  if (kind === 'cpio' || kind === 'compressed')
    return { filled: [label(uruncKeys.initrd, path)], errors: [] };
  if (kind !== 'unknown') {
    const labels = [label(uruncKeys.block, path), label(uruncKeys.blkMntPoint, mountPoint)];
    return { filled: labels, errors: [] };
  }
  const fault = findFault(head, file.size);
  const message = `expected a cpio archive or a file system in "${source}", got ${fault?.got ?? describeContent(head)}`;
  const hint = fault?.hint ?? 'Write "type: initrd" or "type: block" if the guest reads it nevertheless.';
  return { filled: [], errors: [{ code: 'BINARY_INVALID', message, hint, position }] };
}

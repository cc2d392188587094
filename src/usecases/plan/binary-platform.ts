// The unikernel's binary among the files of the image, and the platform that its header names.

import type { StatedPlatform } from '../../core/containerfile/instruction.ts';
import { collectProblems } from '../../core/errors.ts';
import type { Position, Problem } from '../../core/errors.ts';
import { formatPlatform } from '../../core/oci/platform.ts';
import type { Platform } from '../../core/oci/platform.ts';
import { uruncKeys } from '../../core/unikernel/urunc-annotations.ts';
import { agrees, detectPlatform, headSize } from '../../core/unikernel/binary.ts';
import { findFault } from '../../core/unikernel/content.ts';
import { lastPairs } from '../../core/unikernel/labels.ts';
import type { LabelInput } from '../../core/unikernel/labels.ts';
import { rootfsPath } from '../../core/unikernel/label-paths.ts';
import type { FileEntry } from '../../core/files/entry.ts';
import { resolve } from '../../core/files/rootfs.ts';
import type { Rootfs } from '../../core/files/rootfs.ts';

/** Platforms that users name; they must not contradict the header. */
export interface NamedPlatforms {
  /** The platform of the build. */
  readonly named: Platform | undefined;
  /** The platform in the file, for a build that names none. */
  readonly stated?: StatedPlatform | undefined;
}

export interface BinaryFindings {
  readonly platform?: Platform;
  readonly errors: readonly Problem[];
  readonly warnings: readonly Problem[];
}

/**
 * Takes the platform from the header of the file that the binary label names, found by its whole path in the rootfs.
 * @param pairs the labels as they were given
 * @param start the place to blame for a label that has none
 */
export async function findPlatform(
  rootfs: Rootfs,
  pairs: readonly LabelInput[],
  { named, stated }: NamedPlatforms,
  start: Position,
): Promise<BinaryFindings> {
  const label = lastPairs(pairs).get(uruncKeys.binary);
  // A missing label is an error already.
  if (label === undefined || label.value === '') return { errors: [], warnings: [] };
  const position = label.position ?? start;
  const fail = (code: Problem['code'], message: string, hint: string): BinaryFindings => {
    return { errors: [{ code, message, hint, position }], warnings: [] };
  };
  if (named !== undefined && named.os !== 'linux') {
    const message = `expected a platform of the operating system linux, got "${formatPlatform(named)}"`;
    return fail('ARCHITECTURE_MISMATCH', message, 'urunc runs images for linux, whatever the unikernel is.');
  }
  const file = resolve(rootfs, label.value);
  if (file === undefined) return missingBinary(label.value, named ?? stated?.platform, position);

  const unread: Problem[] = [];
  let head: Uint8Array = new Uint8Array();
  await collectProblems(unread, async () => {
    head = await readHead(file);
  });
  if (unread.length > 0) return { errors: unread, warnings: [] };
  const fault = faultOf(head, file.size, label, position);
  if (fault?.isSure === true) return { errors: [fault.problem], warnings: [] };
  const warnings = fault === undefined ? [] : [fault.problem];
  const detection = detectPlatform(head);
  if (named !== undefined && !agrees(detection, named)) {
    const message = `expected a binary for ${formatPlatform(named)}, got ${detection.format} in "${label.value}"`;
    return fail('ARCHITECTURE_MISMATCH', message, 'Copy the binary for that platform, or name no platform.');
  }
  if (named === undefined && stated !== undefined && !agrees(detection, stated.platform))
    return { errors: [contradiction(stated, detection.format, label.value)], warnings: [] };
  const platform = named ?? stated?.platform ?? detection.platform;
  if (platform !== undefined) return { platform, errors: [], warnings };
  return fail(
    'ARCHITECTURE_UNKNOWN',
    `expected a unikernel binary whose header names its architecture in "${label.value}", got ${detection.format}`,
    fault?.problem.hint ??
      'Name the platform: with --platform linux/amd64, or the input "platforms" of the action.',
  );
}

function contradiction({ platform, position }: StatedPlatform, format: string, path: string): Problem {
  return {
    code: 'ARCHITECTURE_MISMATCH',
    message: `expected a kernel for ${platform.architecture}, got ${format} in "${path}"`,
    hint: 'Correct the architecture, or take the kernel that is for it.',
    position,
  };
}

/** Looks at the other files that labels name: those that are there, since nothing here says that one is missing. */
export async function examineFiles(
  rootfs: Rootfs,
  pairs: readonly LabelInput[],
  start: Position,
): Promise<BinaryFindings> {
  const errors: Problem[] = [];
  const warnings: Problem[] = [];
  for (const name of ['initrd', 'block'] as const) {
    const label = lastPairs(pairs).get(uruncKeys[name]);
    const file = label === undefined ? undefined : resolve(rootfs, rootfsPath(label.value));
    if (label === undefined || file === undefined) continue;
    await collectProblems(errors, async () => {
      const fault = faultOf(await readHead(file), file.size, label, label.position ?? start);
      if (fault !== undefined) (fault.isSure ? errors : warnings).push(fault.problem);
    });
  }
  return { errors, warnings };
}

function faultOf(
  head: Uint8Array,
  size: number,
  { key, value }: LabelInput,
  position: Position,
): { readonly isSure: boolean; readonly problem: Problem } | undefined {
  const fault = findFault(head, size);
  if (fault === undefined) return undefined;
  const { isSure, got, hint } = fault;
  const wanted = key === uruncKeys.binary ? 'a unikernel' : key === uruncKeys.initrd ? 'an initrd' : 'a disk';
  const message = `expected ${wanted} in "${value}", which "${key}" names, got ${got}`;
  return { isSure, problem: { code: 'BINARY_INVALID', message, hint, position } };
}

/** The platform that the header of a file names, if there is such a file and it names one. */
export async function detectAt(rootfs: Rootfs, path: string): Promise<Platform | undefined> {
  const file = resolve(rootfs, path);
  return file === undefined ? undefined : detectPlatform(await readHead(file)).platform;
}

function missingBinary(path: string, named: Platform | undefined, position: Position): BinaryFindings {
  const problem: Problem = {
    code: 'BINARY_MISSING',
    message: `neither COPY nor the base image puts a file at "${path}", which is the unikernel's binary`,
    hint: 'COPY the binary to that path, or name the platform (--platform, or "platforms" of the action) if something else provides it.',
    position,
  };
  if (named === undefined) return { errors: [problem], warnings: [] };
  return { platform: named, errors: [], warnings: [problem] };
}

async function readHead(file: FileEntry): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of file.open()) {
    chunks.push(Buffer.from(chunk));
    size += chunk.length;
    if (size >= headSize) break;
  }
  return Buffer.concat(chunks);
}

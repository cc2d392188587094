// What the files that labels name say, and the labels that are filled in from it.

import { unpackPayload } from '../../adapters/layers/unpack-payload.ts';
import { collectProblems } from '../../core/errors.ts';

import { has, resolve } from '../../core/files/rootfs.ts';
import type { Rootfs } from '../../core/files/rootfs.ts';
import { uruncKeys } from '../../core/unikernel/urunc-annotations.ts';
import type { UruncName } from '../../core/unikernel/urunc-annotations.ts';
import type { BootFiles, ExaminedDisk } from '../../core/unikernel/boot-rule.ts';
import { findFault } from '../../core/unikernel/content.ts';
import { describeDisk, diskHeadSize } from '../../core/unikernel/disk-content.ts';
import { examineBinary } from '../../core/unikernel/examine-binary.ts';
import { readRange } from '../../core/unikernel/file-ranges.ts';
import type { ReadableFile } from '../../core/unikernel/file-ranges.ts';
import { fillFromBase, fillFromBinary, isCatalogImage } from '../../core/unikernel/fill-labels.ts';
import type { FilledLabel, KnownBase } from '../../core/unikernel/fill-labels.ts';
import { lastPairs } from '../../core/unikernel/labels.ts';
import type { LabelInput } from '../../core/unikernel/labels.ts';
import type { BaseImage } from './base-image.ts';

export interface FilledLabels {
  readonly filled: readonly FilledLabel[];
  readonly files: BootFiles;
}

/** True where only the files of the base image tell which labels are missing. */
export function mayFillFromBase(base: BaseImage, pairs: readonly LabelInput[]): boolean {
  const given = lastPairs(pairs);
  const names: readonly UruncName[] = ['unikernelType', 'hypervisor', 'binary'];
  return isCatalogImage(describeBase(base)) && !names.every((name) => given.has(uruncKeys[name]));
}

/** @param fill false: the files are examined, and no label is added */
export async function findFills(
  rootfs: Rootfs,
  pairs: readonly LabelInput[],
  { base, fill }: { readonly base: BaseImage | undefined; readonly fill: boolean },
): Promise<FilledLabels> {
  const known =
    base === undefined ? undefined : { ...describeBase(base), provides: (path: string) => has(rootfs, path) };
  const ofBase = !fill || known === undefined ? [] : fillFromBase(pairs, known);
  const sofar = [...ofBase, ...pairs];
  const files = await examineBootFiles((path) => resolve(rootfs, path), sofar);
  const ofBinary = !fill || files.binary === undefined ? [] : fillFromBinary(sofar, files.binary, known);
  return { filled: [...ofBase, ...ofBinary], files };
}

function describeBase({ name, platform, annotations }: BaseImage): Omit<KnownBase, 'provides'> {
  return { name, os: platform.os, annotations };
}

/** Examines the files that labels name, those that are there and can be read: others say what is wrong with the rest. */
export async function examineBootFiles(
  find: (path: string) => ReadableFile | undefined,
  pairs: readonly LabelInput[],
  { isThorough = false }: { readonly isThorough?: boolean } = {},
): Promise<BootFiles> {
  const labels = lastPairs(pairs);
  const fileOf = (name: UruncName) => {
    const path = labels.get(uruncKeys[name])?.value ?? '';
    return path === '' ? undefined : find(path);
  };
  const [binary, initrd, block] = [fileOf('binary'), fileOf('initrd'), fileOf('block')];
  const files: { -readonly [Name in keyof BootFiles]: BootFiles[Name] } = {};
  await collectProblems([], async () => {
    if (binary !== undefined)
      files.binary = await examineBinary(binary, { unpack: unpackPayload, isThorough });
  });
  await collectProblems([], async () => {
    if (initrd !== undefined) files.initrd = await examineDisk(initrd);
  });
  await collectProblems([], async () => {
    if (block !== undefined) files.block = await examineDisk(block);
  });
  return files;
}

/** Undefined for what is no disk or archive at all: that is said elsewhere. */
async function examineDisk(file: ReadableFile): Promise<ExaminedDisk | undefined> {
  const head = await readRange(file, 0, diskHeadSize);
  if (findFault(head, file.size) !== undefined) return undefined;
  return { content: describeDisk(head), size: file.size };
}

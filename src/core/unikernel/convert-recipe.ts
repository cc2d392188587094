// What a conversion does, as the Containerfile that does the same. Pure.

import { posix } from 'node:path';
import type { RootfsForm } from '../containerfile/rootfs-flag.ts';
import { formatRootfsForm } from '../containerfile/rootfs-flag.ts';
import type { ConvertMonitor } from './guest-parts.ts';
import type { LabelInput } from './labels.ts';
import { uruncKeys } from './urunc-annotations.ts';

/** Where bunny puts them, too. */
export const kernelPath = '/.boot/kernel';
export const rootfsFilePath = '/.boot/rootfs';

/** How the guest gets the files of the image: from the container, or as a file. */
export type ConvertRootfs = { readonly type: 'container' } | RootfsForm;

/** A file to copy: from an image, or from the context. */
export interface RecipePart {
  readonly from?: string;
  readonly path: string;
}

export interface Recipe {
  /** Name of the image, as FROM takes it. */
  readonly image: string;
  /** Name of an image with the same settings and no layers. */
  readonly settings: string;
  readonly rootfs: ConvertRootfs;
  readonly kernel: RecipePart;
  /** With the place in the guest's root; undefined for none. */
  readonly init?: (RecipePart & { readonly target: string }) | undefined;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  /** In place of the image's. */
  readonly user?: string | undefined;
}

export function formatRecipe(recipe: Recipe): string {
  const { image, settings, rootfs, kernel, init, entrypoint, cmd, user } = recipe;
  const copyInit = init === undefined ? [] : [copy(init, '0755', init.target)];
  const lines =
    rootfs.type === 'container'
      ? [`FROM ${image}`, ...copyInit, copy(kernel, '0644', kernelPath)]
      : [
          `FROM ${image} AS root`,
          ...copyInit,
          // What a container runtime makes where an image lacks it: the guest mounts its own file systems there.
          ...['WORKDIR /dev', 'WORKDIR /proc', 'WORKDIR /sys'],
          `FROM ${settings}`,
          copy(kernel, '0644', kernelPath),
          `COPY --rootfs=${formatRootfsForm(rootfs)} --from=root / ${rootfsFilePath}`,
        ];
  const settingsLines = [
    ...(user === undefined ? [] : [`USER ${user}`]),
    ...(entrypoint.length === 0 ? [] : [`ENTRYPOINT ${JSON.stringify(entrypoint)}`]),
    ...(cmd.length === 0 ? [] : [`CMD ${JSON.stringify(cmd)}`]),
  ];
  return [...lines, ...settingsLines, ''].join('\n');
}

function copy({ from, path }: RecipePart, mode: string, target: string): string {
  const place = from === undefined ? '' : ` --from=${from}`;
  return `COPY --chmod=${mode}${place} ${path} ${target}`;
}

/** urunit by its own name: by that, urunc knows it. */
export function initTarget(path: string): string {
  return `/${posix.basename(path)}`;
}

export function recipeLabels(monitor: ConvertMonitor, { type }: ConvertRootfs): readonly LabelInput[] {
  const label = (name: keyof typeof uruncKeys, value: string) => ({ key: uruncKeys[name], value });
  const common = [label('unikernelType', 'linux'), label('hypervisor', monitor), label('binary', kernelPath)];
  switch (type) {
    case 'container':
      return [...common, label('mountRootfs', 'true')];
    case 'initrd':
      return [...common, label('initrd', rootfsFilePath), label('mountRootfs', 'false')];
    case 'block':
      return [
        ...common,
        label('block', rootfsFilePath),
        label('blkMntPoint', '/'),
        label('mountRootfs', 'false'),
      ];
  }
}

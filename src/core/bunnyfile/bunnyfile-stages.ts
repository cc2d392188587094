// A bunnyfile as instructions: which image is the base, what is copied where, which labels are set.
// Paths, labels and bases are those of bunny v0.0.5 (hops/package.go).

import type {
  Copy,
  CopyFrom,
  From,
  Instruction,
  LabelPair,
  Stage,
  UnnamedRootfs,
} from '../containerfile/instruction.ts';
import { parseRootfsForm } from '../containerfile/rootfs-flag.ts';
import type { Position } from '../errors.ts';
import { rootfsPath } from '../unikernel/label-paths.ts';
import { uruncKeys } from '../unikernel/urunc-annotations.ts';
import type { UruncName } from '../unikernel/urunc-annotations.ts';
import type { Bunnyfile, Include, Stated } from './stated.ts';

const kernelPath = '/.boot/kernel';
const rootfsFilePath = '/.boot/rootfs';

/** The name of the stage whose files become an initrd or a block image. */
const rootfsStage = 'rootfs';

/** The image is the last one. */
export function stagesOfBunnyfile(bunnyfile: Bunnyfile): readonly Stage[] {
  const { rootfs } = bunnyfile;
  const image: Stage = { from: baseOf(bunnyfile), instructions: instructionsOf(bunnyfile) };
  if (rootfs?.form !== 'written') return [image];
  const { position } = rootfs;
  const from: From = { ...fromOf(rootfs.image, position), name: rootfsStage };
  return [{ from, instructions: rootfs.includes.map(copyOfInclude) }, image];
}

/** The kernel's image, unless the rootfs brings a base of its own or the container's files are all that is wanted. */
function baseOf({ kernel, rootfs, position }: Bunnyfile): From {
  if (rootfs?.form === 'raw') return fromOf(rootfs.image, rootfs.position);
  if (rootfs?.form === 'file' && rootfs.image !== undefined) return fromOf(rootfs.image, rootfs.position);
  return fromOf(kernel.image, kernel.image?.position ?? position);
}

function fromOf(image: Stated | undefined, position: Position): From {
  return {
    type: 'from',
    image: image?.text ?? 'scratch',
    position,
    imagePosition: image?.position ?? position,
  };
}

/** True where the image is built on that of the kernel, in which the kernel then stays. */
function isOnKernel({ kernel, rootfs }: Bunnyfile): boolean {
  const hasOwnBase = rootfs?.form === 'raw' || (rootfs?.form === 'file' && rootfs.image !== undefined);
  return kernel.image !== undefined && !hasOwnBase;
}

function instructionsOf(bunnyfile: Bunnyfile): readonly Instruction[] {
  const { kernel, rootfs, entrypoint, cmd, envs, position } = bunnyfile;
  const copies: Copy[] = rootfs?.form === 'raw' ? rootfs.includes.map(copyOfInclude) : [];
  if (!isOnKernel(bunnyfile)) copies.push(copyOfFile(kernel.path, kernelPath, kernel.image));
  if (rootfs?.form === 'file' && rootfs.image === undefined)
    copies.push(copyOfFile(rootfs.path, rootfsFilePath));
  if (rootfs?.form === 'written') {
    copies.push({
      type: 'copy',
      from: { value: rootfsStage, stage: 0, position: rootfs.position },
      sources: [{ path: '/', position: rootfs.position }],
      destination: rootfsFilePath,
      rootfs: parseRootfsForm(rootfs.type) ?? { type: 'initrd', compression: 'none' },
      position: rootfs.position,
    });
  }
  const exec = (words: readonly string[]) => ({ form: 'exec', words }) as const;
  return [
    ...copies,
    { type: 'label', pairs: labelsOf(bunnyfile), position },
    ...envs.map((pair) => ({ type: 'env', pairs: [pair], position: pair.position }) as const),
    ...(entrypoint === undefined
      ? []
      : [
          {
            type: 'entrypoint',
            arguments: exec(entrypoint.words),
            keepsCmd: true,
            position: entrypoint.position,
          } as const,
        ]),
    ...(cmd === undefined
      ? []
      : [{ type: 'cmd', arguments: exec(cmd.words), position: cmd.position } as const]),
  ];
}

function labelsOf(bunnyfile: Bunnyfile): readonly LabelPair[] {
  const { framework, monitor, version, kernel, rootfs } = bunnyfile;
  const label = (name: UruncName, value: string, position: Position): LabelPair => {
    return { key: uruncKeys[name], value, position };
  };
  const binary = isOnKernel(bunnyfile) ? absolute(kernel.path.text) : kernelPath;
  return [
    label('unikernelType', framework.text, framework.position),
    label('hypervisor', monitor.text, monitor.position),
    label('binary', binary, kernel.path.position),
    ...(version === undefined ? [] : [label('unikernelVersion', version.text, version.position)]),
    ...(rootfs === undefined ? [] : labelsOfRootfs(bunnyfile, rootfs).map((pair) => label(...pair))),
  ];
}

type NamedLabel = readonly [name: UruncName, value: string, position: Position];

function labelsOfRootfs(
  bunnyfile: Bunnyfile,
  rootfs: NonNullable<Bunnyfile['rootfs']>,
): readonly NamedLabel[] {
  const { position } = rootfs;
  if (rootfs.form === 'raw') return [['mountRootfs', 'true', position]];
  const path =
    rootfs.form === 'file' && rootfs.image !== undefined ? absolute(rootfs.path.text) : rootfsFilePath;
  const place = rootfs.form === 'file' ? rootfs.path.position : position;
  const without: NamedLabel = ['mountRootfs', 'false', position];
  if (rootfs.type === undefined) return [without];
  if (rootfs.type === 'initrd') return [['initrd', path, place], without];
  return [['block', path, place], ['blkMntPoint', mountPointOf(bunnyfile), place], without];
}

/** The mount point of the block device: rumprun can't have it as its root. */
function mountPointOf({ framework }: Bunnyfile): string {
  return framework.text === 'rumprun' ? '/data' : '/';
}

/** The file whose label depends on its content. */
export function unnamedRootfsOf(bunnyfile: Bunnyfile): UnnamedRootfs | undefined {
  const { rootfs } = bunnyfile;
  if (rootfs?.form !== 'file' || rootfs.type !== undefined) return undefined;
  const { path, image } = rootfs;
  return {
    path: image === undefined ? rootfsFilePath : absolute(path.text),
    source: path.text,
    mountPoint: mountPointOf(bunnyfile),
    position: path.position,
  };
}

function copyOfInclude({ image, source, destination }: Include): Copy {
  const { text: path, position } = source;
  return {
    type: 'copy',
    ...(image === undefined ? {} : { from: copyFrom(image) }),
    sources: [{ path, position }],
    destination,
    isInclude: true,
    position,
  };
}

function copyOfFile({ text, position }: Stated, destination: string, image?: Stated): Copy {
  return {
    type: 'copy',
    ...(image === undefined ? {} : { from: copyFrom(image) }),
    sources: [{ path: withoutWildcards(text), position }],
    destination,
    position,
  };
}

function copyFrom({ text, position }: Stated): CopyFrom {
  return { value: text, position };
}

/** A source that names the one file with that name. */
function withoutWildcards(path: string): string {
  return path.replaceAll(/[*?[\\]/g, '\\$&');
}

function absolute(path: string): string {
  return `/${rootfsPath(path)}`;
}

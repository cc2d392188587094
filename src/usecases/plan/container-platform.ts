// The platform of an ordinary container image: named, that of its base, or that of the program which it starts.

import { formatPlatform, normalPlatform } from '../../core/oci/platform.ts';
import type { Position } from '../../core/errors.ts';
import type { Rootfs } from '../../core/files/rootfs.ts';
import type { InheritedArguments } from '../../core/unikernel/image-arguments.ts';
import type { BaseImage } from './base-image.ts';
import { detectAt } from './binary-platform.ts';
import type { BinaryFindings, NamedPlatforms } from './binary-platform.ts';

export interface ContainerParts {
  readonly base: BaseImage | undefined;
  /** ENTRYPOINT and CMD. */
  readonly command: InheritedArguments;
}

/** @param start the place to blame where nothing tells the platform */
export async function findContainerPlatform(
  rootfs: Rootfs,
  { base, command }: ContainerParts,
  { named, stated }: NamedPlatforms,
  start: Position,
): Promise<BinaryFindings> {
  const [program = ''] = [...(command.entrypoint ?? []), ...(command.cmd ?? [])];
  const ofBase = base === undefined ? undefined : normalPlatform(base.platform);
  const platform = named ?? stated?.platform ?? ofBase ?? (await detectAt(rootfs, program));
  if (platform === undefined) {
    const message = `expected a base image, or a program whose header names its architecture, got "${program}"`;
    const hint = 'Name the platform: with --platform linux/amd64, or the input "platforms" of the action.';
    return { errors: [{ code: 'ARCHITECTURE_UNKNOWN', message, hint, position: start }], warnings: [] };
  }
  if (platform.os !== 'linux') {
    const message = `expected a platform of the operating system linux, got "${formatPlatform(platform)}"`;
    const hint = 'Layers for other systems have another form: only Linux can be built for.';
    return {
      errors: [{ code: 'ARCHITECTURE_MISMATCH', message, hint, position: start }],
      warnings: [],
    };
  }
  return { platform, errors: [], warnings: [] };
}

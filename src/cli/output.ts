// Where a built image goes: what `--output` and its shorthands choose.

import { BimaError } from '../core/errors.ts';
import { nearest } from '../core/suggest.ts';
import type { PreviousImages } from '../adapters/layers/previous-layers.ts';
import type { Layout } from '../adapters/disk/layout.ts';
import type { Blob } from '../core/oci/blob.ts';
import type { Descriptor } from '../core/oci/descriptor.ts';
import type { Reference } from '../core/oci/reference.ts';
import type { RegistryClient } from '../adapters/registry/client.ts';
import type { Reporter } from '../core/reporter.ts';
import type { Options } from './args.ts';
import { archiveOutput, layoutOutput } from './output-file.ts';
import type { LazyClient } from './registry-options.ts';
import type { Terminal } from './terminal.ts';

/** One way to hand on an image. Making one checks its options; nothing else happens before `check`. */
export interface Output {
  /** The temporary layout is made beside this path, or in it if it is a folder: on the same disk as the result. */
  readonly workPath: string;
  /** The file or folder that it writes, if it does. */
  readonly path?: string;
  /** The image went into a stream, maybe standard output: what is printed of it then goes to standard error. */
  readonly isStream?: boolean;
  /** Fails early, before anything is built, if the image could not be handed on. */
  check(): Promise<void>;
  /** What is there already, of which layers can be taken over; undefined when there is nothing. It may fail. */
  readonly previous?: () => Promise<PreviousImages | undefined>;
  /**
   * @param layout holds the image and nothing else, and is gone afterwards
   * @param external layers of the image that are not in the layout
   * @param openClient in place of the run's own client
   */
  write(
    layout: Layout,
    image: Descriptor,
    external: readonly Blob[],
    openClient?: () => Promise<RegistryClient>,
  ): Promise<void>;
  /** What `--json` says of it besides the image. */
  describe(): Readonly<Record<string, unknown>>;
}

export interface OutputContext {
  readonly options: Options;
  readonly references: readonly Reference[];
  readonly terminal: Terminal;
  readonly reporter: Reporter;
  readonly client: LazyClient;
}

/** @throws BimaError INPUT_INVALID */
export async function readOutput(context: OutputContext): Promise<Output> {
  const type = readType(context.options);
  switch (type) {
    case 'tar':
      return archiveOutput(context);
    case 'oci':
      return layoutOutput(context);
    case 'ctr':
      return (await import('./output-containerd.ts')).containerdOutput(context);
    case 'registry':
      return (await import('./output-registry.ts')).registryOutput(context);
    default:
      throw unknownOutput(type);
  }
}

function unknownOutput(type: string): BimaError {
  const close = nearest(type, ['ctr', 'tar', 'oci', 'registry']);
  // With docker buildx a path alone is a folder for the root file system.
  const hint = /[./\\]/.test(type)
    ? `A path is written as --output tar --dest ${type}, or --output oci --dest ${type} for a folder.`
    : close === undefined
      ? undefined
      : `Did you mean "${close}"?`;
  return new BimaError('INPUT_INVALID', `expected --output ctr, tar, oci or registry, got "${type}"`, {
    ...(hint === undefined ? {} : { hint }),
  });
}

/** What `--output` and its shorthands say, checked for contradictions alone. @throws BimaError INPUT_INVALID */
export function readType(options: Options): string {
  const shorthands = { tar: options.flag('tar'), registry: options.flag('push'), ctr: options.flag('load') };
  const chosen = new Set([
    ...(options.isGiven('output') ? options.strings('output').slice(-1) : []),
    ...Object.entries(shorthands).flatMap(([name, isSet]) => (isSet ? [name] : [])),
  ]);
  if (chosen.size > 1) {
    const names = [...chosen].map((name) => `"${name}"`).join(' and ');
    throw new BimaError('INPUT_INVALID', `expected one output, got ${names}`);
  }
  return [...chosen][0] ?? options.string('output') ?? '';
}
